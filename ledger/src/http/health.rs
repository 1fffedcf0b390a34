//! `/healthz`, `/readyz`, `/metrics`: for whoever runs the node.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::ApiError;
use super::{HttpState, answer};
use crate::MAX_PUBLICATION_LAG_SECONDS;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(metrics))
}

/// Whether the process answers at all.
#[utoipa::path(get, path = "/healthz", tag = "node",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn alive() -> Response {
    answer::private(StatusCode::OK, answer::TEXT, "ok\n")
}

/// Whether the node is well: it may sign, its writer works, the published log is at most 10 seconds behind, and it is not about to stop.
/// A log that is not published is recorded all the same, so this is for alarms rather than for turning callers away.
#[utoipa::path(get, path = "/readyz", tag = "node",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn ready(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let pulse = state.ledger.pulse();
    if !pulse.may_sign {
        return Err(ApiError::retry(
            "unavailable",
            "no witness has confirmed the log, or one contradicts it: withdrawals are kept, nothing else is taken",
            Duration::from_secs(1),
        ));
    }
    if state.is_draining() || !state.ledger.is_ready() {
        return Err(ApiError::retry(
            "unavailable",
            "the node cannot record now",
            Duration::from_secs(1),
        ));
    }
    if pulse.publication_lag > MAX_PUBLICATION_LAG_SECONDS {
        return Err(ApiError::retry(
            "unavailable",
            "the published log is behind",
            Duration::from_secs(1),
        ));
    }
    Ok(answer::private(StatusCode::OK, answer::TEXT, "ok\n"))
}

/// Counters, in OpenMetrics text. No label holds anything from a path, a query or a body.
#[utoipa::path(get, path = "/metrics", tag = "node",
    responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
async fn metrics(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let text = state.metrics.encode(&state.ledger.pulse());
    let text = text.map_err(|_| ApiError::new("internal", "the counters cannot be written"))?;
    Ok(answer::private(StatusCode::OK, OPENMETRICS, text))
}
