//! The verifier's HTTP interface: [`serve`].
//!
//! | call | by | for |
//! |---|---|---|
//! | `POST /access/v1/evaluation`, `/evaluations` | the brand's services | a decision (OpenID AuthZEN) |
//! | `GET /access/v1/auth_request` | nginx | a decision as 200 or 403 |
//! | `ANY /access/v1/ext_authz/...` | Envoy | the same |
//! | `GET /.well-known/authzen-configuration` | anyone | where these are |
//! | `POST /access/v1/reports` | the brand's services | what they really did |
//! | `POST /access/v1/evidence` | the brand's services | what shows that a decision was right, and when it was made |
//! | `POST /v1/presentations`, `GET /v1/presentations/{id}` | the brand's services | a person's receipt (OpenID4VP) |
//! | `GET`, `POST /openid/presentations/{id}` | the person's wallet | what is asked of it, and its answer |
//! | `POST /v1/withdrawals` | the person | the end of a consent, at once |
//! | `/v1/customers...` | the brand's services | who is who |
//! | `/healthz`, `/readyz`, `/metrics`, `/openapi.json` | the operator | how it goes |
//!
//! Every call but those of the person and of the operator needs the verifier's own token, unless it listens on this machine
//! alone. Logs carry the route template, never a customer's reference.

mod authzen;
mod customers;
mod evidence;
mod gateway;
mod health;
mod openapi;
mod presentations;
mod reports;
mod server;
mod withdrawals;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use placet_schemas::api::openapi::complete;
use placet_schemas::id::Digest;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use gateway::{CATEGORIES_HEADER, CUSTOMER_HEADER, DECISION_HEADER, PURPOSE_HEADER, REASONS_HEADER};
pub use placet_service::{DRAIN_TIMEOUT, HEADER_TIMEOUT, WRITE_TIMEOUT};
pub use server::{MAX_CONNECTIONS, serve};

use crate::{Presentations, Verifier};
use placet_service::ApiError;

/// How long an answer may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Most calls that are worked on at once.
pub const MAX_CALLS: usize = 1024;
/// Most calls at once by those who need no token.
pub const MAX_PUBLIC_CALLS: usize = 128;
/// Longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 256;
/// The name of calls that no route takes.
const NO_ROUTE: &str = "none";
/// AuthZEN section 10.1.3: what the caller gives is given back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID_BYTES: usize = 128;

/// How the interface is set up.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Where the brand's services reach this verifier, such as `https://consent.cinema.example`.
    pub public_url: String,
    /// The token that the brand's services show; without it anyone who can connect may ask.
    pub token: Option<String>,
    /// How people are asked to present receipts; without it they are not.
    pub presentations: Option<Presentations>,
}

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct HttpState {
    verifier: Verifier,
    public_url: Arc<str>,
    presentations: Option<Presentations>,
    /// SHA-256 of the token: compared so, it does not matter how long a comparison takes.
    token: Option<Digest>,
    calls: Arc<Semaphore>,
    public_calls: Arc<Semaphore>,
    wallet_calls: Arc<Semaphore>,
    operator_calls: Arc<Semaphore>,
    metrics: Arc<health::Metrics>,
    draining: Arc<watch::Sender<bool>>,
}

impl HttpState {
    fn new(verifier: Verifier, config: &HttpConfig) -> Self {
        Self {
            verifier,
            public_url: config.public_url.trim_end_matches('/').into(),
            presentations: config.presentations.clone(),
            token: config.token.as_ref().map(|token| Digest::of(token.as_bytes())),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            public_calls: Arc::new(Semaphore::new(MAX_PUBLIC_CALLS)),
            wallet_calls: Arc::new(Semaphore::new(MAX_PUBLIC_CALLS)),
            operator_calls: Arc::new(Semaphore::new(MAX_PUBLIC_CALLS)),
            metrics: Arc::default(),
            draining: Arc::new(watch::Sender::new(false)),
        }
    }

    fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}

/// What `/openapi.json` answers: an OpenAPI 3.1 document.
#[must_use]
pub fn description() -> String {
    described().1.to_json().unwrap_or_default()
}

/// All routes that are described, and their description.
fn described() -> (Router<HttpState>, OpenApi) {
    let (routes, mut description) = OpenApiRouter::with_openapi(openapi::base())
        .merge(authzen::routes())
        .merge(gateway::routes())
        .merge(reports::routes())
        .merge(evidence::routes())
        .merge(customers::routes())
        .merge(presentations::routes())
        .merge(withdrawals::routes())
        .merge(health::routes())
        .split_for_parts();
    complete(&mut description);
    (routes, description)
}

fn router(state: HttpState) -> Router {
    let (routes, description) = described();
    routes
        .merge(openapi::routes(&description))
        .fallback(async || ApiError::new("not_found", "there is nothing here"))
        .method_not_allowed_fallback(async || {
            ApiError::new("method_not_allowed", "this route does not take the method")
        })
        .layer(CatchPanicLayer::custom(placet_service::panicked))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// A service of the brand.
struct Service;

impl FromRequestParts<HttpState> for Service {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, ApiError> {
        let Some(wanted) = &state.token else { return Ok(Self) };
        let shown = placet_service::bearer(&parts.headers, MAX_TOKEN_BYTES);
        if shown.is_some_and(|token| Digest::of(token.as_bytes()) == *wanted) {
            return Ok(Self);
        }
        Err(ApiError::new("unauthorized", "this call needs the verifier's token"))
    }
}

/// Around every call: limits on time and on calls at once, and a line in the log.
async fn observe(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request
        .headers()
        .get(REQUEST_ID)
        .filter(|id| id.len() <= MAX_REQUEST_ID_BYTES)
        .cloned();
    let started = Instant::now();
    // Who needs no token has places of its own, so that no stranger takes those of the brand's services; and how it goes can be
    // asked at any time.
    let places = match route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str) {
        "/healthz" | "/readyz" | "/metrics" => &state.operator_calls,
        // A withdrawal never waits for somebody who shows something.
        presentations::WALLETS => &state.wallet_calls,
        "/v1/withdrawals" | NO_ROUTE => &state.public_calls,
        _ => &state.calls,
    };
    let mut response = placet_service::limited(places, REQUEST_TIMEOUT, next.run(request)).await;
    let status = response.status().as_u16();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    state.metrics.answered(route, status);
    tracing::debug!(route, status, microseconds = started.elapsed().as_micros(), "answered");
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A decision of a second ago may be another one now.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    response
}
