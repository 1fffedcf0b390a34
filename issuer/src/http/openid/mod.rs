//! OpenID for Verifiable Credential Issuance 1.0: offers, tokens, nonces, credentials.
//!
//! Errors are the protocol's own ([`Refusal`]), so that any wallet understands them; those of Placet's own routes are problem
//! details like everywhere else.

mod credential;
mod deferred;
mod encrypted;
mod metadata;
mod offer;
mod token;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use super::HttpState;
use crate::PublicUrl;
use crate::error::StoreError;

pub use metadata::Display;

/// Where a wallet asks for what, below the public URL.
const TOKEN: &str = "/oauth/token";
const NONCE: &str = "/openid/nonce";
const CREDENTIAL: &str = "/openid/credential";
const DEFERRED: &str = "/openid/deferred";
const NOTIFICATION: &str = "/openid/notification";

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .merge(offer::routes())
        .merge(token::routes())
        .merge(credential::routes())
        .merge(deferred::routes())
}

/// Documents whose place follows from the public URL.
pub(super) fn well_known(place: &PublicUrl) -> Router<HttpState> {
    metadata::routes(place)
}

/// An error of OAuth 2.0 (RFC 6749 section 5.2) or OpenID4VCI (section 8.3.1).
#[derive(Debug, Serialize, ToSchema)]
struct Refusal {
    error: &'static str,
    error_description: String,
    #[serde(skip)]
    #[schema(ignore)]
    status: StatusCode,
}

impl Refusal {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            error,
            error_description: quotable(&description.into()),
            status: StatusCode::BAD_REQUEST,
        }
    }

    fn with(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// RFC 6750 section 3.1.
    fn invalid_token(description: &str) -> Self {
        Self::new("invalid_token", description).with(StatusCode::UNAUTHORIZED)
    }

    /// Nothing is wrong with the call.
    fn later(description: impl Into<String>) -> Self {
        Self::new("temporarily_unavailable", description).with(StatusCode::SERVICE_UNAVAILABLE)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a call failed");
        Self::later("the issuer cannot read or write its state now")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = placet_schemas::json::to_jcs(&self).unwrap_or_default();
        let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
        let mut response = (self.status, headers, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = format!("Bearer error=\"{}\"", self.error);
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            }
        }
        response
    }
}

/// What `error_description` may consist of (RFC 6749 section 5.2).
fn quotable(text: &str) -> String {
    let legal = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    text.chars().map(|c| if legal(c) { c } else { '\'' }).collect()
}
