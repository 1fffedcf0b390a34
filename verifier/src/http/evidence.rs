//! What shows somebody else that a decision was right, and when it was made.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use placet_schemas::api::EvidenceOrder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{HttpState, Service};
use crate::EvidenceError;
use placet_service::ApiError;
use placet_service::Json;

/// The media type of an evidence bundle.
const EVIDENCE: &str = "application/vnd.placet.evidence+json";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(evidence))
}

impl From<EvidenceError> for ApiError {
    fn from(error: EvidenceError) -> Self {
        let detail = error.to_string();
        match error {
            EvidenceError::Unknown | EvidenceError::WithoutConsent => Self::new("not_found", detail),
            EvidenceError::Unauthorized => Self::new("bad_authorization", detail),
            EvidenceError::Refused(_) => Self::new("ledger_refused", detail),
            EvidenceError::Away => Self::new("unavailable", detail),
            EvidenceError::Store(error) => error.into(),
        }
    }
}

/// The evidence bundle of the consent that a decision rests on, with the decision in it, tied to the log. Once the decision is
/// anchored, which takes a minute or so, the bundle shows by when it was made, too.
#[utoipa::path(post, path = "/access/v1/evidence", operation_id = "evidence_of_decision", tag = "access",
    request_body = EvidenceOrder,
    responses((status = 200, body = Object, content_type = "application/vnd.placet.evidence+json")),
    security(("token" = [])))]
async fn evidence(
    State(state): State<HttpState>,
    _: Service,
    Json(order): Json<EvidenceOrder>,
) -> Result<Response, ApiError> {
    let bundle = state.verifier.evidence(&order).await?;
    Ok((StatusCode::OK, [(CONTENT_TYPE, EVIDENCE)], bundle).into_response())
}
