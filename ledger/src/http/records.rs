//! `/v1/records`: the one entrance for records of consents, and inclusion proofs.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::json::{self, Node};
use placet_schemas::record::{Kind, MAX_RECORD_BYTES};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::body::{Named, Raw};
use super::problem::ApiError;
use super::{HttpState, answer};
use crate::{Recorded, SubmitError};

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(submit)).routes(routes!(proof))
}

/// Records a grant, narrowing, renewal, withdrawal, ending or erasure request. The signature is the only credential. The
/// same bytes get the same answer: retry them, and never sign again.
#[utoipa::path(post, path = "/v1/records", tag = "records", request_body(content = Object),
    responses((status = 201, body = RecordAnswer)))]
async fn submit(State(state): State<HttpState>, Raw(bytes): Raw<MAX_RECORD_BYTES>) -> Result<Response, ApiError> {
    let withdrawn = admit(&state, &bytes)?;
    match (state.ledger.submit(&bytes).await, withdrawn) {
        (Err(error @ SubmitError::Refused { .. }), Some(consent)) => {
            state.limits.withdrawals.admit(consent)?;
            Err(error.into())
        }
        (answer, _) => Ok(recorded(answer?)),
    }
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

/// The kind of a record, as it says itself. What is malformed has none; the ledger says why it is refused.
pub(super) fn kind_of(record: &Node<'_>) -> Option<Kind> {
    let name = record.pointer("/type/1").and_then(Node::as_str)?;
    Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
}

/// Counts the record against the subject that it names, before anything costly is done with it.
///
/// Withdrawals are not counted here: whoever knows a consent, its brand for one, could use up its bucket with worthless ones
/// and so block the true one. Only those that were refused are counted, afterwards, against the consent that is given back.
fn admit(state: &HttpState, bytes: &[u8]) -> Result<Option<Digest>, ApiError> {
    let document = json::parse(bytes, MAX_RECORD_BYTES)?;
    let digest = |pointer| {
        document
            .root()
            .pointer(pointer)
            .and_then(Node::as_str)
            .and_then(|text| text.parse().ok())
    };
    let request = digest("/credentialSubject/request");
    let consent = digest("/credentialSubject/consent");
    match (kind_of(document.root()), request, consent) {
        (Some(Kind::ConsentRequest | Kind::ControllerKeys), ..) => Err(ApiError::at(
            "wrong_endpoint",
            "records of one consent enter here",
            "/type/1",
        )),
        (Some(Kind::Withdrawal), ..) => Ok(consent),
        (Some(Kind::ConsentGrant), Some(request), _) => state.limits.grants.admit(request).map(|()| None),
        (_, _, Some(consent)) => state.limits.events.admit(consent).map(|()| None),
        _ => Ok(None),
    }
}
