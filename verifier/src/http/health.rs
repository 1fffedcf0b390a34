//! How it goes: for load balancers and monitoring. Nothing here names a person or a customer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use placet_service::ApiError;

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
        match calls.get_mut(&(route, status) as &dyn RouteKey) {
            Some(count) => *count += 1,
            None => {
                calls.insert((route.to_owned(), status), 1);
            }
        }
    }
}

/// Looks a call up without a copy of its route.
trait RouteKey {
    fn key(&self) -> (&str, u16);
}

impl RouteKey for (String, u16) {
    fn key(&self) -> (&str, u16) {
        (&self.0, self.1)
    }
}

impl RouteKey for (&str, u16) {
    fn key(&self) -> (&str, u16) {
        *self
    }
}

impl<'a> std::borrow::Borrow<dyn RouteKey + 'a> for (String, u16) {
    fn borrow(&self) -> &(dyn RouteKey + 'a) {
        self
    }
}

impl PartialEq for dyn RouteKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for dyn RouteKey + '_ {}

impl PartialOrd for dyn RouteKey + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn RouteKey + '_ {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Whether decisions can be permits.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// Whether they can.
    ready: bool,
    /// If not, the code of every decision; `draining` while the verifier stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Seconds since the operator signed the newest verified head; absent when there is none, or when its clock is too far
    /// ahead of ours to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
}

/// The process is up.
#[utoipa::path(get, path = "/healthz", operation_id = "alive", tag = "operation", responses((status = 200, description = "up")))]
async fn alive() -> &'static str {
    "ok\n"
}

/// Whether decisions can be permits: not while the state is too old or the ledger's evidence does not hold.
#[utoipa::path(get, path = "/readyz", operation_id = "ready", tag = "operation",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
async fn ready(State(state): State<HttpState>) -> Result<Response, ApiError> {
    let reason = match state.is_draining() {
        true => Some("draining"),
        false => state.verifier.ready().err(),
    };
    let age_seconds = state.verifier.age().and_then(|age| age.seconds);
    let status = if reason.is_none() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    placet_service::json(
        status,
        &Readiness {
            ready: reason.is_none(),
            reason,
            age_seconds,
        },
    )
}

/// Counters and gauges, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operation", responses((status = 200, description = "Prometheus text")))]
async fn metrics(State(state): State<HttpState>) -> Response {
    ([(CONTENT_TYPE, METRICS)], text(&state)).into_response()
}

/// Writes one family of the text: name, kind, help, and rows of labels and value.
type Family<'a> = dyn FnMut(&str, &str, &str, &[(String, String)]) + 'a;

/// Who said no, and what the brand was told.
fn asking(state: &HttpState, family: &mut Family<'_>) {
    let pulse = state.verifier.pulse();
    let one = |value: u64| vec![(String::new(), value.to_string())];
    let outcome = |name: &str, value: u64| (format!("{{outcome=\"{name}\"}}"), value.to_string());
    family(
        "declines_total",
        "counter",
        "Invitations of customers declined",
        &one(pulse.declines()),
    );
    family(
        "declines_cooling",
        "gauge",
        "Declines whose cool-down has not ended",
        &one(pulse.cooling_down()),
    );
    family(
        "webhook_messages_total",
        "counter",
        "Messages for the webhook: taken, tries that failed, given up for good",
        &[
            outcome("taken", pulse.messages_taken()),
            outcome("failed", pulse.messages_failed()),
            outcome("given_up", pulse.given_up_messages()),
        ],
    );
    family(
        "webhook_waiting",
        "gauge",
        "Messages that the webhook does not have yet",
        &one(pulse.messages_waiting()),
    );
    family(
        "webhook_gone",
        "gauge",
        "Whether the webhook has said that it wants no more messages (410)",
        &one(u64::from(state.verifier.webhook_is_gone())),
    );
}

fn text(state: &HttpState) -> String {
    let (pulse, counts) = (state.verifier.pulse(), state.verifier.counts());
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, String)]| {
        let _ = writeln!(
            out,
            "# HELP placet_verifier_{name} {help}\n# TYPE placet_verifier_{name} {kind}"
        );
        for (labels, value) in rows {
            let _ = writeln!(out, "placet_verifier_{name}{labels} {value}");
        }
    };
    let one = |value: u64| vec![(String::new(), value.to_string())];
    let (permits, denies) = pulse.decisions();
    let outcome = |name: &str, value: u64| (format!("{{decision=\"{name}\"}}"), value.to_string());
    family(
        "decisions_total",
        "counter",
        "Decisions by outcome",
        &[outcome("permit", permits), outcome("deny", denies)],
    );
    let reasons: Vec<_> = pulse
        .reasons()
        .map(|(code, n)| (format!("{{code=\"{}\"}}", code.as_str()), n.to_string()))
        .collect();
    family("reasons_total", "counter", "Reasons by code", &reasons);
    let age: Vec<_> = state
        .verifier
        .age()
        .and_then(|age| age.seconds)
        .map(one)
        .unwrap_or_default();
    family(
        "state_age_seconds",
        "gauge",
        "Age of the newest verified feed head",
        &age,
    );
    family(
        "ready",
        "gauge",
        "Whether decisions can be permits",
        &one(u64::from(state.verifier.ready().is_ok())),
    );
    family(
        "lag_seconds",
        "gauge",
        "Age of the newest head when it arrived",
        &one(pulse.lag()),
    );
    let (pages, items) = pulse.taken();
    family("feed_pages_total", "counter", "Pages of the feed taken", &one(pages));
    family("feed_items_total", "counter", "Items of the feed taken", &one(items));
    family(
        "feed_refused_total",
        "counter",
        "Pages of the feed that did not hold",
        &one(pulse.refused_pages()),
    );
    family(
        "feed_connections_total",
        "counter",
        "Streams of the feed opened",
        &one(pulse.connections()),
    );
    family(
        "record_faults_total",
        "counter",
        "Records of the feed that break a rule",
        &one(pulse.faults()),
    );
    family(
        "misbehaviour_total",
        "counter",
        "Proofs of misbehaviour of the ledger",
        &one(pulse.misbehaviour()),
    );
    family(
        "rules_refused_total",
        "counter",
        "Times that a policy or register made no sense",
        &one(pulse.refused_rules()),
    );
    family(
        "consents",
        "gauge",
        "Consents in the replica",
        &one(counts.consents as u64),
    );
    family(
        "customers",
        "gauge",
        "References in the book",
        &one(counts.customers as u64),
    );
    family(
        "requests",
        "gauge",
        "Requests in the replica",
        &one(counts.requests as u64),
    );
    let (lines, without_permit) = pulse.reports();
    family("access_lines_total", "counter", "Access lines reported", &one(lines));
    family(
        "accesses_without_permit_total",
        "counter",
        "Accesses reported behind which no permit stood",
        &one(without_permit),
    );
    family(
        "permits_without_report_total",
        "counter",
        "Permits that nobody reported in time",
        &one(pulse.permits_unreported()),
    );
    family(
        "batches_anchored_total",
        "counter",
        "Minutes anchored",
        &one(pulse.anchored_batches()),
    );
    family(
        "batches_waiting",
        "gauge",
        "Minutes that the ledger does not have yet",
        &one(pulse.batches_waiting()),
    );
    asking(state, &mut family);
    let calls = state.metrics.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let calls: Vec<_> = calls
        .into_iter()
        .map(|((route, status), n)| (format!("{{route=\"{route}\",status=\"{status}\"}}"), n.to_string()))
        .collect();
    family(
        "http_requests_total",
        "counter",
        "Calls by route template and status",
        &calls,
    );
    out
}
