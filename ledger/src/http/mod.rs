//! The ledger's HTTP interface: [`router`] and [`serve`].
//!
//! Handlers read, ask the [`Ledger`], and write; none of them decides whether a record is valid, and none knows SQL. Who
//! may call what is in [`auth`](self); every limit is a named constant or a [`Rates`] value; every refusal is a problem
//! (RFC 9457) whose code is in [`placet_schemas::api::problem::PROBLEMS`]. One resource is one file.
//!
//! Out of scope: TLS towards callers (a reverse proxy's work), HTTP/2, cookies, cross-origin access.

mod accesses;
mod answer;
mod audits;
mod auth;
mod body;
mod consents;
mod controllers;
mod declines;
mod destructions;
mod feed;
mod health;
mod invitations;
mod limits;
mod log;
mod metrics;
mod notices;
mod observe;
mod openapi;
mod page;
mod places;
mod problem;
mod records;
mod requests;
mod server;
mod sessions;
mod streams;
mod tokens;
mod withdrawals;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use placet_schemas::api::openapi::complete;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use feed::MAX_FEED_WAIT_SECONDS;
pub use invitations::{DEFAULT_INVITATION_SECONDS, OPEN_INVITATION_SECONDS};
pub use limits::{Rate, Rates};
pub use observe::REQUEST_TIMEOUT;
pub use places::{MAX_CALLS, MAX_LARGE_BODIES, RESERVED_CALLS};
pub use placet_service::{DRAIN_TIMEOUT, HEADER_TIMEOUT, WRITE_TIMEOUT};
pub use server::{MAX_CONNECTIONS, serve, serve_routes};
pub use sessions::{CHALLENGE_SECONDS, SESSION_SECONDS};
pub use streams::{MAX_STREAMS, MAX_STREAMS_PER_FEED};

use crate::Ledger;
use crate::outgoing::{Outgoing, OutgoingConfig, OutgoingError};
use limits::Limits;
use metrics::Metrics;
use places::Places;
use placet_service::random::{self, RandomError};
use problem::ApiError;
use sessions::Sessions;
use streams::Streams;

/// How the interface is set up.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where people reach this node, such as `https://placet.example`; links to invitations start with it.
    pub public_url: String,
    /// How often strangers may call.
    pub rates: Rates,
    /// Most calls that are worked on at once; [`RESERVED_CALLS`] withdrawals besides.
    pub calls: usize,
    /// Where the node may go to fetch DID documents.
    pub outgoing: OutgoingConfig,
}

impl HttpConfig {
    /// The defaults, for a node at this address.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Self {
            public_url,
            rates: Rates::default(),
            calls: MAX_CALLS,
            outgoing: OutgoingConfig::default(),
        }
    }
}

/// Why the interface cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The client for DID documents.
    #[error("TLS cannot be set up: {0}")]
    Outgoing(#[from] OutgoingError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What all handlers share. Cheap to clone.
#[derive(Clone)]
pub struct HttpState {
    ledger: Ledger,
    config: Arc<HttpConfig>,
    outgoing: Outgoing,
    sessions: Arc<Sessions>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    places: Arc<Places>,
    streams: Arc<Streams>,
    draining: Arc<watch::Sender<bool>>,
    /// Random per process, so that request ids of two runs do not meet.
    run: u32,
    count: Arc<AtomicU64>,
}

impl HttpState {
    /// An interface to this ledger.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(ledger: Ledger, config: HttpConfig) -> Result<Self, SetupError> {
        let metrics = Arc::new(Metrics::new());
        Ok(Self {
            ledger,
            outgoing: Outgoing::new(config.outgoing)?,
            sessions: Arc::new(Sessions::new()),
            limits: Arc::new(Limits::new(config.rates)),
            streams: Arc::new(Streams::new(Arc::clone(&metrics))),
            metrics,
            places: Arc::new(Places::new(config.calls)),
            draining: Arc::new(watch::Sender::new(false)),
            run: u32::from_be_bytes(random::bytes()?),
            count: Arc::default(),
            config: Arc::new(config),
        })
    }

    /// Whether the node is about to stop.
    fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Ends long polls and streams, and makes `/readyz` say no.
    fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Completes when the node is about to stop.
    async fn drained(&self) {
        // The sender is in `self`, so it cannot be gone.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    fn next_request_id(&self) -> String {
        format!("{:08x}-{:x}", self.run, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// What `/openapi.json` answers: an OpenAPI 3.1 document.
#[must_use]
pub fn description() -> String {
    described().1.to_json().unwrap_or_default()
}

/// All routes that are described, and their description.
fn described() -> (Router<HttpState>, OpenApi) {
    let (resources, mut description) = OpenApiRouter::with_openapi(openapi::base())
        .merge(health::routes())
        .merge(log::routes())
        .merge(sessions::routes())
        .merge(controllers::routes())
        .merge(tokens::routes())
        .merge(notices::routes())
        .merge(requests::routes())
        .merge(invitations::routes())
        .merge(declines::routes())
        .merge(records::routes())
        .merge(withdrawals::routes())
        .merge(consents::routes())
        .merge(accesses::routes())
        .merge(feed::routes())
        .merge(audits::routes())
        .merge(destructions::routes())
        .split_for_parts();
    complete(&mut description);
    (resources, description)
}

/// All routes.
pub fn router(state: HttpState) -> Router {
    let (resources, description) = described();
    let resources = resources
        .merge(openapi::routes(&description))
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || {
            ApiError::new("method_not_allowed", "this route does not take the method")
        });
    around(resources, state)
}

/// Puts around routes what is around every call: a request id, a line in the log, counters, limits, and a guard against
/// panics.
pub fn around(routes: Router<HttpState>, state: HttpState) -> Router {
    routes
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(axum::middleware::from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

/// What the panic said may hold anything, so it goes to no answer and no log of ours.
fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::new("internal", "the node failed while it answered").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::places::{Queue, Turn};
    use super::*;
    use crate::{Keys, Settings};

    async fn code(router: Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = TowerToHyperService::new(router).call(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let problem: placet_schemas::api::problem::Problem = serde_json::from_slice(&body).unwrap();
        (status, problem.code)
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_that_does_not_repeat_it() {
        async fn failing() -> &'static str {
            panic!("a secret")
        }
        let router = Router::new()
            .route("/", get(failing))
            .layer(CatchPanicLayer::custom(after_panic));
        assert_eq!(
            code(router, "/").await,
            (StatusCode::INTERNAL_SERVER_ERROR, "internal".to_owned())
        );
    }

    #[tokio::test]
    async fn a_node_with_as_much_work_as_it_takes_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings::new("placet.test/log".parse().unwrap(), dir.path().join("log"));
        let ledger = Ledger::open(settings, Keys::generate(&dir.path().join("keys")).unwrap())
            .await
            .unwrap();
        let state = HttpState::new(ledger.clone(), HttpConfig::new("https://placet.test")).unwrap();
        let turns = (0..MAX_CALLS).map(|_| Turn::new(Arc::clone(&state.places)));
        let busy: Vec<_> = turns.inspect(|turn| turn.begin(Queue::Common).unwrap()).collect();
        let router = router(state.clone());
        let overloaded = (StatusCode::SERVICE_UNAVAILABLE, "overloaded".to_owned());
        assert_eq!(code(router.clone(), "/v1/nothing").await, overloaded);
        drop(busy);
        assert_eq!(
            code(router, "/v1/nothing").await,
            (StatusCode::NOT_FOUND, "not_found".to_owned())
        );
        ledger.close().await;
    }
}
