//! `/v1/withdrawals`: ending a consent with nothing but the code on a piece of paper.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::code::WithdrawalCode;
use placet_schemas::api::{RecordAnswer, WithdrawByCode, WithdrawalAnswer};
use placet_schemas::json;
use placet_schemas::record::MAX_RECORD_BYTES;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{MAX_BODY_BYTES, Unplaced, decode};
use super::places::Queue;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::Recorded;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// Builds, signs with the code's key and records a Withdrawal.
#[utoipa::path(post, path = "/v1/withdrawals", tag = "records", request_body = WithdrawByCode,
    responses((status = 201, body = WithdrawalAnswer)))]
async fn create(
    State(state): State<HttpState>,
    Unplaced(bytes, turn): Unplaced<MAX_BODY_BYTES>,
) -> Result<Response, ApiError> {
    turn.begin(Queue::Withdrawal)?;
    let body = decode(&bytes)?;
    let recorded = withdraw(&state, &body).await?;
    answer::json(StatusCode::CREATED, &with_record(&recorded)?)
}

async fn withdraw(state: &HttpState, body: &WithdrawByCode) -> Result<Recorded, ApiError> {
    let code: Result<WithdrawalCode, _> = body.code.parse();
    let code = code.map_err(|error| ApiError::at("code_malformed", format!("{error}"), "/code"))?;
    Ok(state.ledger.withdraw_by_code(&code).await?)
}

/// The answer, with the record that the ledger made and the person has never seen.
fn with_record(recorded: &Recorded) -> Result<WithdrawalAnswer, ApiError> {
    // The proof grows with the logarithm of the log; the notes in it are small.
    let document = json::parse(&recorded.answer, MAX_RECORD_BYTES)?;
    let answer: RecordAnswer = json::decode(document.root())?;
    let RecordAnswer {
        acknowledgement,
        checkpoint,
        findings,
        proof,
        salt,
    } = answer;
    let record = answer::embedded(&recorded.record)?;
    Ok(WithdrawalAnswer {
        acknowledgement,
        checkpoint,
        findings,
        proof,
        record,
        salt,
    })
}
