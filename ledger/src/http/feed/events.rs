//! `/v1/feed/events`: the feed as server-sent events, for those who live on it.
//!
//! An event is a page of the feed, as `GET /v1/feed` gives it, with the cursor after it as its id: a reader that was cut off
//! comes back with `Last-Event-ID`, and misses and repeats nothing. It is sent when the feed changes and, lest a quiet feed
//! look like one that is kept back, every few seconds besides.
//!
//! A stream that waits holds a connection and nothing else: no place of work, no transaction, no page. It is woken by changes
//! of its own feed alone. A page is made when the one before has left for the connection, so that a reader who does not read
//! costs one page, and not for long.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use placet_schemas::api::{FeedAnswer, FeedCursor, MAX_PAGE};
use placet_schemas::id::Did;
use placet_schemas::json;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::HttpState;
use super::super::auth::Caller;
use super::super::body::Params;
use super::super::problem::ApiError;
use super::super::streams::Open;
use super::shown;
use placet_service::WRITE_TIMEOUT;

/// Longest time between two events. A reader is promised a fresh head every [`super::MAX_FEED_WAIT_SECONDS`]: what is left is
/// for making the page and for its way.
const BEAT: Duration = Duration::from_secs(4);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx, and what is built on it, to pass each event on as it comes.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Which feed, from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventParams {
    /// How many items of the feed the caller has already; 0 when absent.
    from: Option<u64>,
    /// The size of the log that the caller has seen last; 0 when absent.
    since: Option<u64>,
    /// Whose feed: a service must say it, a brand need not.
    #[param(value_type = Option<String>)]
    controller: Option<Did>,
}

/// A brand's feed as it grows: server-sent events, each with the cursor after it as `id`, `feed` as `event`, and a
/// `FeedAnswer` as `data`. One comes at once, then on every change, and at least every 5 seconds. The stream ends when the
/// node stops, the token is no longer good, or the caller does not read.
#[utoipa::path(get, path = "/v1/feed/events", tag = "feed",
    params(EventParams, ("Last-Event-ID" = Option<String>, Header,
        description = "the id of the last event that the caller has, `items.leaves`; it counts instead of `from` and `since`")),
    responses((status = 200, body = String, content_type = "text/event-stream")), security(("token" = [])))]
async fn events(
    State(state): State<HttpState>,
    headers: HeaderMap,
    Params(params): Params<EventParams>,
) -> Result<Response, ApiError> {
    let (controller, _) = Caller::of(&headers, &state).await?.feed(params.controller.clone())?;
    let asked = FeedCursor {
        from: params.from.unwrap_or(0),
        since: params.since.unwrap_or(0),
    };
    let mut stream = Stream {
        cursor: last_event(&headers)?.unwrap_or(asked),
        open: state.streams.open(&controller)?,
        // Before the first look: an item that comes in between is seen by one of the two.
        changes: state.ledger.feed_changes(&controller),
        named: params.controller,
        headers,
        controller,
        state,
    };
    // Whatever is wrong is said as a problem, as long as that is possible.
    let (first, more) = stream.next().await?;
    let (out, pages) = mpsc::channel(1);
    // The channel is new, so there is room.
    let _sent = out.try_send(first);
    tokio::spawn(stream.run(out, more));
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        (ACCEL_BUFFERING, "no"),
    ];
    Ok((headers, Body::new(Pages(pages))).into_response())
}

/// One reader and how far it is.
struct Stream {
    state: HttpState,
    /// Who reads: asked again before each event.
    headers: HeaderMap,
    named: Option<Did>,
    controller: Did,
    cursor: FeedCursor,
    changes: watch::Receiver<()>,
    open: Open,
}

impl Stream {
    /// Sends pages until the reader is gone or must go.
    async fn run(mut self, out: mpsc::Sender<Bytes>, mut more: bool) {
        let state = self.state.clone();
        let sending = async {
            let mut sent = Instant::now();
            loop {
                if !more {
                    tokio::select! {
                        changed = self.changes.changed() => if changed.is_err() { return },
                        () = tokio::time::sleep_until(sent + BEAT) => {}
                    }
                }
                // There is room when the connection has taken the page before.
                let Ok(Ok(room)) = timeout(WRITE_TIMEOUT, out.reserve()).await else {
                    return;
                };
                sent = Instant::now();
                // Its reader comes back, and is told then what is wrong.
                let Ok((page, rest)) = self.next().await else { return };
                room.send(page);
                more = rest;
            }
        };
        tokio::select! {
            () = sending => {}
            () = state.drained() => {}
            () = out.closed() => {}
        }
    }

    /// The next event, and whether the feed goes on after it.
    async fn next(&mut self) -> Result<(Bytes, bool), ApiError> {
        // A token may have been revoked or have ended since.
        let caller = Caller::of(&self.headers, &self.state).await?;
        let (controller, kinds) = caller.feed(self.named.clone())?;
        if controller != self.controller {
            return Err(ApiError::unauthorized());
        }
        let _few_at_once = self.state.places.look().await;
        self.changes.mark_unchanged();
        let page = self.state.ledger.feed_at(&controller, self.cursor, MAX_PAGE).await?;
        let page = shown(controller, page.ok_or_else(ApiError::not_found)?, kinds.as_ref())?;
        let (given, head) = (page.items.len() as u64, &page.head.statement);
        self.cursor = FeedCursor {
            from: self.cursor.from.saturating_add(given),
            since: head.size,
        };
        self.open.counted();
        // A reader that is ahead of the feed is shown the head that says so, and then waits like any other.
        Ok((
            event(self.cursor, &page)?,
            given > 0 && self.cursor.from < head.feed_size,
        ))
    }
}

/// The pages on their way to the connection: one at most.
struct Pages(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(cx);
        next.map(|page| page.map(|page| Ok(Frame::data(page))))
    }
}

/// Where the caller says that it stopped.
fn last_event(headers: &HeaderMap) -> Result<Option<FeedCursor>, ApiError> {
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let cursor = value.to_str().ok().and_then(|text| text.parse().ok());
    match (cursor, values.next()) {
        (Some(cursor), None) => Ok(Some(cursor)),
        _ => Err(ApiError::new("parameter", "the Last-Event-ID is none of this stream")),
    }
}

/// One event (WHATWG HTML, section 9.2.5). Canonical JSON has no line ends, so the data is one line.
fn event(id: FeedCursor, page: &FeedAnswer) -> Result<Bytes, ApiError> {
    let data = json::to_jcs(page).map_err(|_| ApiError::new("internal", "the answer has no canonical form"))?;
    let mut event = format!("id: {id}\nevent: feed\ndata: ").into_bytes();
    event.extend(data);
    event.extend(b"\n\n");
    Ok(event.into())
}
