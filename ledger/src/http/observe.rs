//! Around every call: a request id, one line in the log, counters, a limit on time and on calls at work.
//!
//! Digests, consent ids and DIDs in paths and queries are pseudonyms of people. So neither the log nor a counter ever
//! holds a path, a query, a header or a body: only the route's template, such as `/v1/consents/{id}`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::HttpState;
use super::places::{Queue, Turn};
use super::problem::ApiError;

/// How long an answer may take. A long poll of the feed waits less.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What pages of this origin may load: the viewer's own files, its inline styles and icons, and nothing from elsewhere.
const CONTENT_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
/// The name of calls that no route takes.
const NO_ROUTE: &str = "none";

pub(super) async fn observe(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let method = request.method().clone();
    let id = state.next_request_id();
    let started = Instant::now();
    let span = tracing::info_span!("call", id, route);
    state.metrics.begin();
    let call = Call {
        state: &state,
        method: &method,
        route,
        started,
        status: 0,
    };
    let mut response = limited(&state, request, next).instrument(span.clone()).await;
    let status = response.status().as_u16();
    call.answered(status);
    span.in_scope(|| tracing::info!(status, milliseconds = started.elapsed().as_millis(), "answered"));
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    response
}

async fn limited(state: &HttpState, mut request: Request, next: Next) -> Response {
    let turn = Turn::new(Arc::clone(&state.places));
    request.extensions_mut().insert(turn.clone());
    // A call that brings a body takes its place when the body is there: see `body`. Only POST reads one.
    let comes_later = *request.method() == Method::POST && !request.body().is_end_stream();
    if !comes_later && let Err(busy) = turn.begin(Queue::Common) {
        return busy.into_response();
    }
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await;
    // The answer is complete: however slowly it is fetched, that is no more work.
    turn.end();
    answer.unwrap_or_else(|_| {
        ApiError::retry("timeout", "the answer took too long", Duration::from_secs(1)).into_response()
    })
}

/// Counts a call also when the caller hangs up and the call is dropped half-way.
struct Call<'a> {
    state: &'a HttpState,
    method: &'a Method,
    route: &'a str,
    started: Instant,
    /// 0 as long as there is no answer.
    status: u16,
}

impl Call<'_> {
    fn answered(mut self, status: u16) {
        self.status = status;
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.state
            .metrics
            .end(self.method, self.route, self.status, self.started.elapsed());
    }
}
