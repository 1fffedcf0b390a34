//! The witness's HTTP interface: [`serve`].
//!
//! | call | answer |
//! |---|---|
//! | `POST <prefix>/add-checkpoint` | see [`Witness::add_checkpoint`] |
//! | `GET <prefix>/<origin hash>/checkpoint` | the latest cosigned checkpoint of a log |
//! | `GET <prefix>/` | the vkey of the witness, and the origins it knows, a line each |
//! | `GET /healthz` | whether the process answers |
//!
//! Submission and monitoring share one prefix. Errors are one line of plain text: the callers are programs that read the
//! status. The log has the route's template, the status and the time it took.

mod add;
mod read;
mod server;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

pub use add::BODY_TIMEOUT;
pub use placet_service::{DRAIN_TIMEOUT, HEADER_TIMEOUT, WRITE_TIMEOUT};
pub use server::{MAX_CONNECTIONS, serve};

use crate::Witness;

/// How long an answer may take, its body included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Most calls that are worked on at once.
pub const MAX_CALLS: usize = 256;
/// Longest prefix, in bytes.
pub const MAX_PREFIX_BYTES: usize = 255;

const TEXT: &str = "text/plain; charset=utf-8";
/// The name of calls that no route takes.
const NO_ROUTE: &str = "none";

/// What stands before the paths: empty, or segments of letters, digits, `.`, `-`, `_` and `~`, each after a slash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefix(String);

/// Not a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is empty or begins with a slash, and has letters, digits and . - _ ~ between slashes")]
pub struct PrefixError;

/// What all handlers share.
#[derive(Debug, Clone)]
struct HttpState {
    witness: Witness,
    calls: Arc<Semaphore>,
}

impl std::str::FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
        let legal = text.len() <= MAX_PREFIX_BYTES
            && (text.is_empty()
                || text.strip_prefix('/').is_some_and(|inner| {
                    let mut segments = inner.split('/');
                    segments.all(|segment| !segment.is_empty() && segment.chars().all(plain))
                }));
        if legal {
            Ok(Self(text.to_owned()))
        } else {
            Err(PrefixError)
        }
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn router(witness: Witness, prefix: &Prefix) -> Router {
    let state = HttpState {
        witness,
        calls: Arc::new(Semaphore::new(MAX_CALLS)),
    };
    Router::new()
        .route(&format!("{prefix}/"), get(read::about))
        .route(&format!("{prefix}/add-checkpoint"), post(add::add_checkpoint))
        .route(&format!("{prefix}/{{origin_hash}}/checkpoint"), get(read::checkpoint))
        .route("/healthz", get(read::alive))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// Around every call: a limit on time and on calls at once, and one line in the log.
async fn observe(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let started = Instant::now();
    let mut response = match state.calls.try_acquire() {
        Err(_) => unavailable("too many calls at once"),
        Ok(_permit) => tokio::time::timeout(REQUEST_TIMEOUT, next.run(request))
            .await
            .unwrap_or_else(|_| unavailable("the answer took too long")),
    };
    let status = response.status().as_u16();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    tracing::info!(route, status, milliseconds = started.elapsed().as_millis(), "answered");
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What was the latest a second ago may not be it now.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The text of a panic may hold anything, so it is not repeated.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "an inner failure\n".to_owned())
}

fn unavailable(why: &str) -> Response {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n"));
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_plain() {
        for (text, read) in [
            ("", ""),
            ("/", ""),
            ("/w", "/w"),
            ("/w/1/", "/w/1"),
            ("/~a.b-c_d", "/~a.b-c_d"),
        ] {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), read);
        }
        let long = format!("/{}", "a".repeat(MAX_PREFIX_BYTES));
        for text in ["w", "//", "/a//b", "/{x}", "/a b", "/ü", "/a?b", "/*", &long] {
            assert_eq!(text.parse::<Prefix>(), Err(PrefixError), "{text}");
        }
    }
}
