//! The token endpoint (OpenID4VCI section 6): a pre-authorized code becomes an access token, once.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use placet_service::BODY_TIMEOUT;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::HttpState;
use super::Refusal;
use crate::offers::{MAX_SECRET_BYTES, TOKEN_SECONDS};
use crate::store::Redeemed;

const FORM: &str = "application/x-www-form-urlencoded";
const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
/// Largest body of a token request.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// How long whoever gave a wrong transaction code waits for the answer. Tries are counted as well; this slows who has many
/// offers to guess at.
const WRONG_CODE_PAUSE: Duration = Duration::from_millis(500);

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(token))
}

/// What a wallet sends. Parameters that are not known are ignored (RFC 6749 section 3.2).
#[derive(Deserialize, ToSchema)]
struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:pre-authorized_code`.
    grant_type: Option<String>,
    /// The code of the offer.
    #[serde(rename = "pre-authorized_code")]
    pre_authorized_code: Option<String>,
    /// What the person typed.
    tx_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TokenAnswer {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// An access token for the receipt of one consent, against the code of an offer and what the person typed.
#[utoipa::path(post, path = "/oauth/token", tag = "openid4vci",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenAnswer), (status = 400, body = Refusal)))]
async fn token(State(state): State<HttpState>, request: Request) -> Result<Response, Refusal> {
    let request = read(request).await?;
    let invalid = |what: &str| Refusal::new("invalid_request", what);
    match request.grant_type.as_deref() {
        Some(PRE_AUTHORIZED) => {}
        Some(_) => {
            return Err(Refusal::new(
                "unsupported_grant_type",
                format!("the grant type is {PRE_AUTHORIZED}"),
            ));
        }
        None => return Err(invalid("grant_type is missing")),
    }
    let code = request
        .pre_authorized_code
        .ok_or_else(|| invalid("pre-authorized_code is missing"))?;
    let tx_code = request.tx_code.as_deref();
    if code.len() > MAX_SECRET_BYTES || tx_code.is_some_and(|code| code.len() > MAX_SECRET_BYTES) {
        return Err(invalid("a code is longer than any of ours"));
    }
    match state.issuer.redeem(&code, tx_code).await? {
        Ok(access_token) => {
            let answer = TokenAnswer {
                access_token,
                token_type: "Bearer",
                expires_in: TOKEN_SECONDS,
            };
            let body = serde_json::to_vec(&answer).unwrap_or_default();
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
            Ok((StatusCode::OK, headers, body).into_response())
        }
        Err(Redeemed::WrongTxCode) => {
            tokio::time::sleep(WRONG_CODE_PAUSE).await;
            Err(Refusal::new(
                "invalid_grant",
                "the transaction code is wrong or missing; after five wrong ones the offer is void",
            ))
        }
        Err(_) => Err(Refusal::new(
            "invalid_grant",
            "the code is unknown, was redeemed, or has expired: ask for a new offer",
        )),
    }
}

async fn read(request: Request) -> Result<TokenRequest, Refusal> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(FORM) {
        return Err(Refusal::new(
            "invalid_request",
            format!("the Content-Type is not {FORM}"),
        ));
    }
    let body = tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(request.into_body(), MAX_FORM_BYTES)).await;
    let body = body.map_err(|_| {
        Refusal::new("invalid_request", "the body did not arrive in time").with(StatusCode::REQUEST_TIMEOUT)
    })?;
    let body = body.map_err(|_| {
        Refusal::new(
            "invalid_request",
            format!("the body has more than {MAX_FORM_BYTES} bytes, or broke off"),
        )
        .with(StatusCode::PAYLOAD_TOO_LARGE)
    })?;
    // RFC 6749 section 3.2: a parameter comes once.
    serde_urlencoded::from_bytes(&body)
        .map_err(|_| Refusal::new("invalid_request", "the body is no form, or has a parameter twice"))
}
