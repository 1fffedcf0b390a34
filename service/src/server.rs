//! Connections: accepted, limited, and let go in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::patient::Patient;

/// How long the head of a call may take to arrive, and how long an idle connection is kept.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest head of a call, in bytes.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// How long calls in progress may take to end after the order to stop.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(35);
/// Pause after the system refused a connection (no file descriptors, say), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves these routes until `shutdown` completes; then takes no more connections, calls `draining`, answers what has begun,
/// and returns. At most `connections` are open at once; further ones wait in the operating system's queue.
///
/// # Errors
/// When the listener is unusable.
pub async fn serve(
    listener: TcpListener,
    routes: axum::Router,
    connections: usize,
    draining: impl FnOnce() + Send,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    let service = TowerToHyperService::new(routes);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(connections));
    tokio::pin!(shutdown);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = async { (place.await, listener.accept().await) };
        let (place, stream) = tokio::select! {
            () = &mut shutdown => break,
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(_) => {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let connection = connection(stream, service.clone());
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // Whatever a peer does to its connection ends that connection, and nothing else.
            let _ended = watched.await;
            drop(place);
        });
    }
    drop(listener);
    draining();
    let drained = tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("some calls did not end in time");
    }
    Ok(())
}

fn connection(
    stream: TcpStream,
    service: TowerToHyperService<axum::Router>,
) -> http1::Connection<TokioIo<Patient<TcpStream>>, TowerToHyperService<axum::Router>> {
    // Answers are small and complete; waiting to fill a packet would only add latency.
    let _best_effort = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    builder.serve_connection(TokioIo::new(Patient::new(stream)), service)
}
