//! The deferred credential endpoint (OpenID4VCI section 9).

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use placet_kernel::keys::PublicKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::HttpState;
use super::credential::{CredentialAnswer, authorize, issue, refused, token};
use super::encrypted::{self, Envelope, ResponseEncryption};
use super::{Refusal, metadata};
use crate::deferred::{DEFERRED_INTERVAL_SECONDS, MAX_DEFERRED};
use crate::offers::MAX_SECRET_BYTES;
use crate::receipts::IssueError;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(deferred))
}

/// What a wallet asks for again.
#[derive(Deserialize, ToSchema)]
struct DeferredRequest {
    /// Of the answer with the status 202.
    transaction_id: Option<String>,
    /// To which key the answer is to be encrypted.
    credential_response_encryption: Option<ResponseEncryption>,
}

/// There is no receipt yet.
#[derive(Serialize, ToSchema)]
pub(super) struct Later {
    transaction_id: String,
    /// After how many seconds to ask again.
    interval: u64,
}

/// The receipts of a request that was answered with 202, once the issuer knows again what is in force.
#[utoipa::path(post, path = "/openid/deferred", tag = "openid4vci", request_body = DeferredRequest,
    responses((status = 200, body = CredentialAnswer), (status = 202, body = Later), (status = 400, body = Refusal),
              (status = 401, body = Refusal)),
    security(("token" = [])))]
async fn deferred(State(state): State<HttpState>, request: Request) -> Result<Response, Refusal> {
    let grant = authorize(&state, request.headers()).await?;
    let token = token(request.headers())?.to_owned();
    let (request, sealed) = encrypted::read(&state.issuer, request, "invalid_credential_request").await?;
    let DeferredRequest {
        transaction_id,
        credential_response_encryption,
    } = request;
    let id = transaction_id.ok_or_else(|| Refusal::new("invalid_credential_request", "transaction_id is missing"))?;
    if id.len() > MAX_SECRET_BYTES {
        return Err(unknown());
    }
    let envelope = Envelope::of(credential_response_encryption, sealed)?;
    let inner = &state.issuer.inner;
    let (configuration, keys) = inner.deferred(&id, &token).await?.ok_or_else(unknown)?;
    let Some(securing) = metadata::securing(&configuration) else {
        inner.end_deferred(&id).await?;
        return Err(unknown());
    };
    match issue(&state, securing, &grant, &keys).await {
        // Of two that ask at once, one is told. An answer that is lost is asked for anew, and is the same receipt.
        Ok(_) if !inner.end_deferred(&id).await? => Err(unknown()),
        Ok(credentials) => envelope.answer(&CredentialAnswer::new(&state, credentials)?),
        Err(IssueError::Stale) => later(&envelope, id),
        Err(IssueError::Store(error)) => Err(error.into()),
        Err(error) => {
            inner.end_deferred(&id).await?;
            // Nothing is wrong with the proofs of long ago: a key may hold no receipt any more, or never could.
            Err(match error {
                IssueError::NotAHolder => Refusal::new("credential_request_denied", error.to_string()),
                error => refused(error),
            })
        }
    }
}

/// Answers a request that can be met later.
pub(super) async fn defer(
    state: &HttpState,
    envelope: &Envelope,
    token: &str,
    configuration: &str,
    keys: &[PublicKey],
) -> Result<Response, Refusal> {
    let id = state.issuer.inner.defer(token, configuration, keys).await?;
    let id = id.ok_or_else(|| {
        Refusal::new(
            "credential_request_denied",
            format!("{MAX_DEFERRED} requests of this access token wait already"),
        )
    })?;
    later(envelope, id)
}

fn later(envelope: &Envelope, transaction_id: String) -> Result<Response, Refusal> {
    let mut response = envelope.answer(&Later {
        transaction_id,
        interval: DEFERRED_INTERVAL_SECONDS,
    })?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

fn unknown() -> Refusal {
    Refusal::new(
        "invalid_transaction_id",
        "the transaction is unknown, is another token's, or has ended",
    )
}
