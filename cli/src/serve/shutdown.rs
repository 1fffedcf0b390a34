//! When to stop: SIGTERM, as service managers send it, or SIGINT, as Ctrl-C does.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal as listen};

/// Starts to listen at once; the future ends with the first signal. The second one finds no handler waiting, and a service
/// that drains for too long is then ended by SIGKILL as any other process: nothing that was answered is lost by that.
pub(crate) fn signal() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = listen(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = listen(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: no new requests, those at work are finished");
    })
}
