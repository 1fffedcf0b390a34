//! `/v1/records`: the one entrance for records of consents, and inclusion proofs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::record::{Body, CanonicalRecord, Kind, MAX_RECORD_BYTES};
use placet_schemas::statement::{Signed, WithdrawalReceived};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::{Named, Unplaced};
use super::limits::{Limiter, Limits};
use super::places::Queue;
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{Recorded, SubmitError};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(submit)).routes(routes!(proof))
}

/// Records a grant, narrowing, renewal, withdrawal, ending, erasure request, word about holders or a verifier's batch. The signature is the only
/// credential. The same bytes get the same answer: retry them, and never sign again.
#[utoipa::path(post, path = "/v1/records", tag = "records", request_body(content = Object),
    responses((status = 201, body = RecordAnswer), (status = 202, body = Signed<WithdrawalReceived>,
        description = "a withdrawal that cannot be recorded now: it is kept, and recorded without being sent again")))]
async fn submit(
    State(state): State<HttpState>,
    Unplaced(bytes, turn): Unplaced<MAX_RECORD_BYTES>,
) -> Result<Response, ApiError> {
    let record = CanonicalRecord::parse(&bytes).map_err(SubmitError::from)?;
    turn.begin(match record.record.kind() {
        Kind::Withdrawal => Queue::Withdrawal,
        _ => Queue::Common,
    })?;
    if matches!(
        record.record.kind(),
        Kind::ConsentRequest | Kind::ControllerKeys | Kind::Destruction
    ) {
        return Err(ApiError::at(
            "wrong_endpoint",
            "records of a consent, and a verifier's batches, enter here",
            "/type/1",
        ));
    }
    let bucket = bucket(&state.limits, &record.record.body);
    if let Some((limiter, subject)) = &bucket {
        limiter.check(subject)?;
    }
    let done = match state.ledger.record(record).await {
        Err(SubmitError::Received(statement)) => return answer::json(StatusCode::ACCEPTED, &statement),
        done => done?,
    };
    if let Some((limiter, subject)) = bucket.filter(|_| !done.replay) {
        limiter.count(subject);
    }
    Ok(recorded(done))
}

/// The inclusion proof (C2SP tlog-proof) of a public record, or of one of the caller's own, under the latest checkpoint.
#[utoipa::path(get, path = "/v1/records/{digest}/proof", tag = "records",
    params(("digest" = Digest, Path, description = "of the record")),
    responses((status = 200, body = String, content_type = "text/plain")), security((), ("token" = [])))]
async fn proof(
    State(state): State<HttpState>,
    caller: Caller,
    Named(digest): Named<Digest>,
) -> Result<Response, ApiError> {
    let found = state.ledger.proof(caller.party().ok().as_ref(), &digest).await?;
    let proof = found.ok_or_else(ApiError::not_found)?;
    Ok(answer::private(StatusCode::OK, answer::TEXT, proof))
}

/// The answer to a record that is in the log.
pub(super) fn recorded(recorded: Recorded) -> Response {
    answer::private(StatusCode::CREATED, answer::JSON, recorded.answer)
}

/// What a record is counted against once it is recorded.
///
/// Before that nothing is known of who sent it: whoever knows a consent, its brand for one, could use up its bucket with
/// worthless records and so block an erasure request; anyone could block all grants of a public request. What is recorded
/// was signed by the consent's own party, or used up an invitation, or was signed by a verifier of a registered brand. A
/// withdrawal is never counted.
fn bucket<'a>(limits: &'a Limits, body: &Body) -> Option<(&'a Limiter<Digest>, Digest)> {
    match body {
        Body::Withdrawal(_) => None,
        Body::ConsentGrant(grant) => Some((&limits.grants, grant.request)),
        Body::AccessBatch(batch) => Some((&limits.batches, Digest::of(batch.controller.as_str().as_bytes()))),
        _ => body.consent().map(|consent| (&limits.events, consent)),
    }
}
