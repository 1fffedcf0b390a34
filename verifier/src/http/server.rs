//! The verifier's connections.

use std::io;

use tokio::net::TcpListener;

use super::{HttpConfig, HttpState, router};
use crate::Verifier;

/// Most connections at once; further ones wait in the operating system's queue.
pub const MAX_CONNECTIONS: usize = 4096;

/// Serves until `shutdown` completes; then takes no more connections, answers what has begun, and returns. The verifier
/// stays open: close it afterwards.
///
/// # Errors
/// When the listener is unusable.
pub async fn serve(
    listener: TcpListener,
    verifier: Verifier,
    config: &HttpConfig,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let state = HttpState::new(verifier, config);
    let draining = {
        let state = state.clone();
        move || {
            state.draining.send_replace(true);
        }
    };
    placet_service::serve(listener, router(state), MAX_CONNECTIONS, draining, shutdown).await
}
