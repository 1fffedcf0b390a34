//! The ledger's connections.

use std::io;

use tokio::net::TcpListener;

use super::{HttpState, router};

/// Most connections at once; further ones wait in the operating system's queue.
pub const MAX_CONNECTIONS: usize = 4096;

/// Serves until `shutdown` completes; then takes no more connections, answers what has begun, and returns. The ledger
/// stays open: close it afterwards.
///
/// # Errors
/// When the listener is unusable.
pub async fn serve(
    listener: TcpListener,
    state: HttpState,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_routes(listener, router(state.clone()), state, shutdown).await
}

/// The same with other routes: see [`around`](super::around).
///
/// # Errors
/// When the listener is unusable.
pub async fn serve_routes(
    listener: TcpListener,
    routes: axum::Router,
    state: HttpState,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    placet_service::serve(listener, routes, MAX_CONNECTIONS, || state.drain(), shutdown).await
}
