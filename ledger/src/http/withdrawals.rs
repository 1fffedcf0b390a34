//! `/v1/withdrawals`: ending a consent with nothing but the code on a piece of paper.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::code::WithdrawalCode;
use placet_schemas::api::{RecordAnswer, WithdrawByCode, WithdrawalAnswer};
use placet_schemas::json;
use placet_schemas::record::MAX_RECORD_BYTES;
use placet_schemas::statement::{Signed, WithdrawalReceived};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{MAX_BODY_BYTES, Unplaced, decode};
use super::places::Queue;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{Recorded, SubmitError};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// Builds, signs with the code's key and records a Withdrawal.
#[utoipa::path(post, path = "/v1/withdrawals", tag = "records", request_body = WithdrawByCode,
    responses((status = 201, body = WithdrawalAnswer), (status = 202, body = Signed<WithdrawalReceived>,
        description = "it cannot be recorded now: it is kept, and recorded without being sent again")))]
async fn create(
    State(state): State<HttpState>,
    Unplaced(bytes, turn): Unplaced<MAX_BODY_BYTES>,
) -> Result<Response, ApiError> {
    turn.begin(Queue::Withdrawal)?;
    let body = decode(&bytes)?;
    match state.ledger.withdraw_by_code(&code_of(&body)?).await {
        Err(SubmitError::Received(statement)) => answer::json(StatusCode::ACCEPTED, &statement),
        recorded => answer::json(StatusCode::CREATED, &with_record(&recorded?)?),
    }
}

fn code_of(body: &WithdrawByCode) -> Result<WithdrawalCode, ApiError> {
    let code: Result<WithdrawalCode, _> = body.code.parse();
    code.map_err(|error| ApiError::at("code_malformed", format!("{error}"), "/code"))
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
