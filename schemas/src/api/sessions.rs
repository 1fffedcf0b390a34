//! Bodies about challenges and what is signed over them.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Origin};
use crate::time::Timestamp;

/// A challenge, to be signed within its life and once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenge {
    /// Goes into the JWS payload.
    pub nonce: String,
    /// When it is void.
    pub expires_at: Timestamp,
}

/// `POST /v1/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenSession {
    /// A compact JWS of typ [`SESSION_TYP`] over a [`SessionClaims`].
    pub jws: String,
}

/// The JWS `typ` of a session challenge.
pub const SESSION_TYP: &str = "placet-session+jwt";
/// The JWS `typ` of a registration challenge.
pub const REGISTRATION_TYP: &str = "placet-registration+jwt";

/// The payload of the JWS of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionClaims {
    /// The log's origin: the signature is of no use at another log.
    pub aud: Origin,
    /// Unix seconds when it was made.
    pub iat: u64,
    /// The nonce of the challenge.
    pub nonce: String,
}

/// The payload of the JWS of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationClaims {
    /// The log's origin.
    pub aud: Origin,
    /// Unix seconds when it was made.
    pub iat: u64,
    /// The nonce of the challenge.
    pub nonce: String,
    /// The DID that registers.
    pub sub: Did,
}

/// A session: five minutes for one DID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    /// Goes into `Authorization: Bearer`.
    pub token: String,
    /// Whose session it is.
    pub did: Did,
    /// When it ends.
    pub expires_at: Timestamp,
}
