//! The issuer's HTTP interface: [`serve`].
//!
//! | call | by | for |
//! |---|---|---|
//! | `GET /status/bitstring/{id}`, `/status/token/{id}` | anyone | a status list, in either format |
//! | `POST /v1/offers` | the person, by a signature | an offer of a receipt |
//! | `GET /.well-known/openid-credential-issuer`, `oauth-authorization-server` | wallets | what is offered, and where |
//! | `POST /oauth/token`, `/openid/nonce`, `/openid/credential`, `/openid/deferred`, `/openid/notification` | wallets | OpenID4VCI 1.0 |
//! | `GET /.well-known/did.json` | anyone | the issuer's DID document |
//! | `GET /.well-known/jwt-vc-issuer` | anyone | the keys of its SD-JWT VCs |
//! | `POST /credentials/issue`, `/credentials/verify`, `/presentations/verify`, `/credentials/status` | whoever has the token | the VC-API, where it is turned on |
//! | `/healthz`, `/readyz`, `/metrics`, `/openapi.json` | the operator | how it goes |
//!
//! Logs carry the route template, never a path: the name of a list is whose receipts are in it.

mod health;
mod openapi;
mod openid;
mod status;
mod vc_api;
mod who;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{self, Next};
use axum::response::Response;
use placet_schemas::api::openapi::complete;
use placet_service::ApiError;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use openid::Display;
pub use placet_service::{DRAIN_TIMEOUT, HEADER_TIMEOUT, WRITE_TIMEOUT};

use crate::vc_api::VcApi;
use crate::{Issuer, PublicUrl};

/// Most connections at once; further ones wait in the operating system's queue.
pub const MAX_CONNECTIONS: usize = 4096;
/// How long an answer may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Most calls that are worked on at once.
pub const MAX_CALLS: usize = 1024;
/// Most calls at once about how it goes.
const MAX_OPERATOR_CALLS: usize = 64;
/// The name of calls that no route takes.
const NO_ROUTE: &str = "none";

/// What all handlers share.
#[derive(Clone)]
pub(crate) struct HttpState {
    issuer: Issuer,
    display: Arc<Display>,
    calls: Arc<Semaphore>,
    operator_calls: Arc<Semaphore>,
    metrics: Arc<health::Metrics>,
    draining: Arc<watch::Sender<bool>>,
}

impl HttpState {
    fn new(issuer: Issuer, display: Display) -> Self {
        Self {
            issuer,
            display: Arc::new(display),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            operator_calls: Arc::new(Semaphore::new(MAX_OPERATOR_CALLS)),
            metrics: Arc::default(),
            draining: Arc::new(watch::Sender::new(false)),
        }
    }

    fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }
}

/// Serves until `shutdown` completes; then takes no more connections, answers what has begun, and returns. The issuer stays
/// open: close it afterwards.
///
/// # Errors
/// When the listener is unusable, or a VC-API without a token could be reached by others through it.
pub async fn serve(
    listener: TcpListener,
    issuer: Issuer,
    display: Display,
    vc_api: Option<VcApi>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    if let Some(vc_api) = &vc_api {
        vc_api
            .access()
            .check(&listener.local_addr()?)
            .map_err(io::Error::other)?;
    }
    let state = HttpState::new(issuer, display);
    let draining = {
        let state = state.clone();
        move || {
            state.draining.send_replace(true);
        }
    };
    placet_service::serve(listener, router(state, vc_api), MAX_CONNECTIONS, draining, shutdown).await
}

/// What `/openapi.json` answers: an OpenAPI 3.1 document.
#[must_use]
pub fn description() -> String {
    described().1.to_json().unwrap_or_default()
}

/// All routes that are described, and their description.
fn described() -> (Router<HttpState>, OpenApi) {
    let (routes, mut description) = OpenApiRouter::with_openapi(openapi::base())
        .merge(public())
        .merge(health::routes())
        .split_for_parts();
    complete(&mut description);
    (routes, description)
}

/// What metadata, offers and receipts name by the public URL.
fn public() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().merge(status::routes()).merge(openid::routes())
}

/// The same below the public URL's path, for a proxy that passes paths on as they are, as it must for the DID document. What is
/// the operator's alone is not there.
fn below(place: &PublicUrl, vc_api: Router<HttpState>) -> Router<HttpState> {
    match place.path() {
        "" => Router::new(),
        path => Router::new().nest(path, public().split_for_parts().0.merge(vc_api)),
    }
}

fn router(state: HttpState, vc_api: Option<VcApi>) -> Router {
    let (routes, description) = described();
    let vc_api = vc_api.map(|api| vc_api::routes(Arc::new(api))).unwrap_or_default();
    routes
        .merge(vc_api.clone())
        .merge(openapi::routes(&description))
        .merge(below(state.issuer.public_url(), vc_api))
        .merge(who::routes(state.issuer.public_url()))
        .merge(openid::well_known(state.issuer.public_url()))
        .fallback(async || ApiError::new("not_found", "there is nothing here"))
        .method_not_allowed_fallback(async || {
            ApiError::new("method_not_allowed", "this route does not take the method")
        })
        .layer(CatchPanicLayer::custom(placet_service::panicked))
        .layer(middleware::from_fn_with_state(state.clone(), observe))
        .with_state(state)
}

/// Around every call: limits on time and on calls at once, and a line in the log.
async fn observe(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let started = Instant::now();
    // How it goes can be asked at any time.
    let places = match route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str) {
        "/healthz" | "/readyz" | "/metrics" => &state.operator_calls,
        _ => &state.calls,
    };
    let mut response = placet_service::limited(places, REQUEST_TIMEOUT, next.run(request)).await;
    let status = response.status().as_u16();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    state.metrics.answered(route, status);
    tracing::debug!(route, status, microseconds = started.elapsed().as_micros(), "answered");
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Wallets and verifiers may be pages; nothing here rests on a cookie.
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
