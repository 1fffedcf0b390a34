//! How it goes: for load balancers and monitoring. Nothing here names a person or a brand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use placet_service::ApiError;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;

const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        .routes(routes!(metrics))
}

/// Calls by route template and status.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<BTreeMap<(String, u16), u64>>);

impl Metrics {
    pub(super) fn answered(&self, route: &str, status: u16) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry((route.to_owned(), status)).or_default() += 1;
    }
}

/// Whether receipts can be signed.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// Whether they can.
    ready: bool,
    /// If not, why: `state_stale`, `ledger_unreachable`, or `draining` while the issuer stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// The process is up.
#[utoipa::path(get, path = "/healthz", operation_id = "alive", tag = "operation", responses((status = 200, description = "up")))]
async fn alive() -> &'static str {
    "ok\n"
}

/// Whether receipts can be signed: not while a feed has not been read to its end, or not for a minute.
#[utoipa::path(get, path = "/readyz", operation_id = "ready", tag = "operation",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn ready(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let reason = match state.is_draining() {
        true => Some("draining"),
        false => state.issuer.ready().await.err(),
    };
    let status = if reason.is_none() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let ready = reason.is_none();
    placet_service::json(status, &Readiness { ready, reason })
}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let pulse = state.issuer.pulse();
    let (pages, items, faults) = pulse.taken();
    let mut text = String::new();
    for (name, kind, help, value) in [
        (
            "receipts_total",
            "counter",
            "Receipts that were signed",
            pulse.receipts(),
        ),
        (
            "notifications_total",
            "counter",
            "Words of wallets about what became of receipts",
            pulse.notifications(),
        ),
        (
            "lists_published_total",
            "counter",
            "Status lists that were signed and published",
            pulse.publications(),
        ),
        ("lists", "gauge", "Status lists that there are", pulse.lists()),
        (
            "consents",
            "gauge",
            "Consents that receipts can be about",
            state.issuer.consents().await?,
        ),
        ("feed_pages_total", "counter", "Pages of feeds that were taken", pages),
        ("feed_items_total", "counter", "Their items", items),
        (
            "feed_faults_total",
            "counter",
            "Records of feeds that break a rule",
            faults,
        ),
        (
            "feed_refused_total",
            "counter",
            "Pages of feeds that did not hold",
            pulse.refused_pages(),
        ),
        (
            "misbehaviour_total",
            "counter",
            "Proofs of misbehaviour of the operator",
            pulse.misbehaviour(),
        ),
    ] {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "# HELP placet_issuer_{name} {help}\n# TYPE placet_issuer_{name} {kind}\nplacet_issuer_{name} {value}"
        );
    }
    text.push_str(
        "# HELP placet_issuer_calls_total Calls by route and status\n# TYPE placet_issuer_calls_total counter\n",
    );
    let calls = state.metrics.0.lock().unwrap_or_else(PoisonError::into_inner);
    for ((route, status), count) in &*calls {
        let _ = writeln!(
            text,
            "placet_issuer_calls_total{{route=\"{route}\",status=\"{status}\"}} {count}"
        );
    }
    drop(calls);
    Ok(([(CONTENT_TYPE, METRICS)], text).into_response())
}
