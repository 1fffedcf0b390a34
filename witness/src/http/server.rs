//! The witness's connections.

use std::io;

use tokio::net::TcpListener;

use super::{Prefix, router};
use crate::Witness;

/// Most connections at once; further ones wait in the operating system's queue.
pub const MAX_CONNECTIONS: usize = 1024;

/// Serves until `shutdown` completes; then takes no more connections, answers what has begun, and returns. The witness
/// stays open: close it afterwards.
///
/// # Errors
/// When the listener is unusable.
pub async fn serve(
    listener: TcpListener,
    witness: Witness,
    prefix: &Prefix,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    placet_service::serve(listener, router(witness, prefix), MAX_CONNECTIONS, || {}, shutdown).await
}
