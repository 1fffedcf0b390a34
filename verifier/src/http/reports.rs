//! What the brand's services really did.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::{ReportAccesses, Reported};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{HttpState, Service};
use crate::reports::ReportError;
use placet_service::ApiError;
use placet_service::Json;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(report))
}

impl From<ReportError> for ApiError {
    fn from(error: ReportError) -> Self {
        let detail = error.to_string();
        match error {
            ReportError::Store(error) => error.into(),
            ReportError::TooMany => Self::new("oversize", detail).at("/accesses"),
            ReportError::Whose(at) => Self::new("malformed", detail).at(&format!("/accesses/{at}")),
            ReportError::TooLong(at) => Self::new("malformed", detail).at(&format!("/accesses/{at}")),
            ReportError::Future(at) => Self::new("malformed", detail).at(&format!("/accesses/{at}/at")),
        }
    }
}

/// Writes down accesses that took place. They are on disk when this is answered, are anchored within a minute or so, and the
/// persons whom they are about can read them at the ledger.
#[utoipa::path(post, path = "/access/v1/reports", operation_id = "report_accesses", tag = "access", request_body = ReportAccesses,
    responses((status = 200, body = Reported)), security(("token" = [])))]
async fn report(
    State(state): State<HttpState>,
    _: Service,
    Json(body): Json<ReportAccesses>,
) -> Result<Response, ApiError> {
    placet_service::json(StatusCode::OK, &state.verifier.report(&body.accesses).await?)
}
