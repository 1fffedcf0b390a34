//! The credential, nonce and notification endpoints (OpenID4VCI sections 7, 8 and 11).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use placet_kernel::keys::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::HttpState;
use super::Refusal;
use super::encrypted::{self, Envelope, ResponseEncryption};
use super::{deferred, metadata};
use crate::error::StoreError;
use crate::offers::{MAX_SECRET_BYTES, ProofsError};
use crate::receipts::{IssueError, Securing};
use crate::slots::{Format, MAX_HOLDERS};
use crate::store::Grant;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(nonce))
        .routes(routes!(credential))
        .routes(routes!(notification))
}

/// What a wallet asks for. Members that are not known are ignored.
#[derive(Deserialize, ToSchema)]
struct CredentialRequest {
    /// One of the metadata's configurations.
    credential_configuration_id: Option<String>,
    /// For tokens that name credentials, which ours do not.
    credential_identifier: Option<String>,
    /// That the wallet holds the keys to which receipts are bound.
    proofs: Option<Proofs>,
    /// To which key the answer is to be encrypted.
    credential_response_encryption: Option<ResponseEncryption>,
}

#[derive(Deserialize, ToSchema)]
struct Proofs {
    /// One for each receipt.
    jwt: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CredentialAnswer {
    credentials: Vec<Issued>,
    notification_id: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Issued {
    #[schema(value_type = Object)]
    credential: Value,
}

#[derive(Serialize, ToSchema)]
struct NonceAnswer {
    c_nonce: String,
}

/// What became of a receipt at the wallet.
#[derive(Deserialize, ToSchema)]
struct Notification {
    notification_id: String,
    event: String,
}

/// A nonce for proofs, good for one request within five minutes.
#[utoipa::path(post, path = "/openid/nonce", tag = "openid4vci", responses((status = 200, body = NonceAnswer)))]
async fn nonce(State(state): State<HttpState>) -> Result<Response, Refusal> {
    Envelope::Open.answer(&NonceAnswer {
        c_nonce: state.issuer.nonce()?,
    })
}

/// Receipts of the consent that the token is for, each bound to the key of its proof.
#[utoipa::path(post, path = "/openid/credential", tag = "openid4vci", request_body = CredentialRequest,
    responses((status = 200, body = CredentialAnswer), (status = 202, body = deferred::Later), (status = 400, body = Refusal), (status = 401, body = Refusal)),
    security(("token" = [])))]
async fn credential(State(state): State<HttpState>, request: Request) -> Result<Response, Refusal> {
    let grant = authorize(&state, request.headers()).await?;
    let token = token(request.headers())?.to_owned();
    let (request, sealed) = encrypted::read(&state.issuer, request, "invalid_credential_request").await?;
    let request: CredentialRequest = request;
    let wrong = |what: &str| Refusal::new("invalid_credential_request", what);
    if request.credential_identifier.is_some() {
        return Err(Refusal::new(
            "unknown_credential_identifier",
            "name a credential_configuration_id: tokens of this issuer name no credentials",
        ));
    }
    let envelope = Envelope::of(request.credential_response_encryption, sealed)?;
    let configuration = request.credential_configuration_id.as_deref();
    let configuration = configuration.ok_or_else(|| wrong("credential_configuration_id is missing"))?;
    let securing = metadata::securing(configuration).ok_or_else(|| {
        Refusal::new(
            "unknown_credential_configuration",
            "the issuer's metadata has no such configuration",
        )
    })?;
    let invalid = |what: String| Refusal::new("invalid_proof", what);
    let proofs = request.proofs.and_then(|proofs| proofs.jwt).unwrap_or_default();
    if proofs.is_empty() || proofs.len() as u64 > MAX_HOLDERS {
        return Err(invalid(format!("proofs.jwt has 1 to {MAX_HOLDERS} proofs")));
    }
    let keys = state.issuer.possessions(&proofs).map_err(|error| match error {
        ProofsError::Nonce => Refusal::new("invalid_nonce", error.to_string()),
        ProofsError::Proof(error) => invalid(format!("{}: {error}", error.code())),
    })?;
    if (1..keys.len()).any(|at| keys[..at].contains(&keys[at])) {
        return Err(invalid(
            "two proofs are by the same key: each receipt is bound to a key of its own".to_owned(),
        ));
    }
    match issue(&state, securing, &grant, &keys).await {
        Ok(credentials) => envelope.answer(&CredentialAnswer::new(&state, credentials)?),
        Err(IssueError::Stale) => deferred::defer(&state, &envelope, &token, configuration, &keys).await,
        Err(error) => Err(refused(error)),
    }
}

/// What became of a receipt: nothing hangs on it here, so nothing is kept of it.
#[utoipa::path(post, path = "/openid/notification", tag = "openid4vci", request_body = Notification,
    responses((status = 204, description = "heard"), (status = 400, body = Refusal), (status = 401, body = Refusal)),
    security(("token" = [])))]
async fn notification(State(state): State<HttpState>, request: Request) -> Result<Response, Refusal> {
    let _grant = authorize(&state, request.headers()).await?;
    let said: Notification = encrypted::read_open(request, "invalid_notification_request").await?;
    if said.notification_id.is_empty() || said.notification_id.len() > MAX_SECRET_BYTES {
        return Err(Refusal::new("invalid_notification_id", "it is none of ours"));
    }
    match said.event.as_str() {
        "credential_accepted" | "credential_failure" | "credential_deleted" => {
            state.issuer.pulse().notified();
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(Refusal::new(
            "invalid_notification_request",
            "the event is credential_accepted, credential_failure or credential_deleted",
        )),
    }
}

impl CredentialAnswer {
    pub(super) fn new(state: &HttpState, credentials: Vec<Issued>) -> Result<Self, Refusal> {
        Ok(Self {
            credentials,
            notification_id: state.issuer.nonce()?,
        })
    }
}

/// A receipt for each key, or for none.
pub(super) async fn issue(
    state: &HttpState,
    securing: Securing,
    grant: &Grant,
    keys: &[PublicKey],
) -> Result<Vec<Issued>, IssueError> {
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        let text = state
            .issuer
            .receipt(securing, &grant.consent, &grant.holder, key)
            .await?;
        let credential = match securing.format() {
            Format::LdpVc => serde_json::from_str(&text).map_err(|_| StoreError::Corrupt("a receipt is no JSON"))?,
            Format::SdJwt => Value::String(text),
        };
        all.push(Issued { credential });
    }
    Ok(all)
}

/// Why there is no receipt, in the protocol's words.
pub(super) fn refused(error: IssueError) -> Refusal {
    match error {
        IssueError::Store(error) => error.into(),
        IssueError::Stale => Refusal::later(error.to_string()),
        IssueError::NotAHolder => Refusal::new("invalid_proof", error.to_string()),
        IssueError::Unknown | IssueError::Expired | IssueError::Superseded | IssueError::Oversize => {
            Refusal::new("credential_request_denied", error.to_string())
        }
    }
}

/// What a call with an access token is for.
pub(super) async fn authorize(state: &HttpState, headers: &HeaderMap) -> Result<Grant, Refusal> {
    let grant = state.issuer.access(token(headers)?).await?;
    grant.ok_or_else(|| Refusal::invalid_token("the access token is unknown, or has expired"))
}

pub(super) fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let token = placet_service::bearer(headers, MAX_SECRET_BYTES);
    token.ok_or_else(|| Refusal::invalid_token("this call needs an access token"))
}
