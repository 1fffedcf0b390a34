//! Withdrawals that a person hands to the brand itself. No token: nothing stands between a person and her withdrawal.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::DirectWithdrawalAnswer;
use placet_schemas::record::MAX_RECORD_BYTES;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use crate::direct::DirectError;
use placet_service::ApiError;
use placet_service::Raw;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(withdraw))
}

impl From<DirectError> for ApiError {
    fn from(error: DirectError) -> Self {
        match error {
            DirectError::Malformed(fault) => fault.into(),
            DirectError::Store(error) => error.into(),
            error => Self::new(error.code(), error.to_string()),
        }
    }
}

/// Ends a consent here at once: a signed Withdrawal, or `{"code": …}`. It is forwarded to the ledger until it is acknowledged.
#[utoipa::path(post, path = "/v1/withdrawals", operation_id = "withdraw_consent", tag = "withdrawals", request_body = Object,
    responses((status = 202, body = DirectWithdrawalAnswer)))]
async fn withdraw(State(state): State<HttpState>, Raw(body): Raw<MAX_RECORD_BYTES>) -> Result<Response, ApiError> {
    // Whoever goes away does not stop in the middle what has begun.
    let done = tokio::spawn(async move { state.verifier.withdraw(&body).await }).await;
    let done = done.map_err(|_| ApiError::new("internal", "the verifier failed while it answered"))?;
    placet_service::json(StatusCode::ACCEPTED, &done?)
}
