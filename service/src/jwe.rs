//! JSON Web Encryption (RFC 7516), as OpenID4VCI and OpenID4VP use it: compact, ECDH-ES over P-256 straight to the key of
//! AES-GCM. What is encrypted is for whoever holds one key, also where a proxy in between can read all else.
//!
//! The work is josekit's, behind the feature `jwe`: it needs OpenSSL. Without the feature there are no keys, and so nothing that
//! could be asked for in encrypted form.
//!
//! josekit does what a header says. What it may say is checked here before: no other algorithm, no compression (a few octets
//! could become gigabytes), no critical extension, and a whole tag: AES-GCM would also accept one of a few octets, which
//! can be guessed.

use placet_schemas::json::Fault;
use serde_json::Value;

#[cfg(feature = "jwe")]
mod josekit;
#[cfg(not(feature = "jwe"))]
mod none;

#[cfg(feature = "jwe")]
pub use self::josekit::{DecryptionKey, encrypt};
#[cfg(not(feature = "jwe"))]
pub use self::none::{DecryptionKey, encrypt};

/// How the key of the content comes about (RFC 7518 section 4.6).
pub const ALGORITHM: &str = "ECDH-ES";
/// How the content is encrypted (RFC 7518 section 5.3).
pub const ENCRYPTIONS: [&str; 2] = ["A128GCM", "A256GCM"];
/// Whether this program has what it takes.
pub const IS_BUILT_IN: bool = cfg!(feature = "jwe");

/// Why nothing is encrypted or decrypted. [`JweError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum JweError {
    /// The program was built without it.
    #[error("this program was built without encryption (feature jwe)")]
    NotBuilt,
    /// It is no JWE that is taken here.
    #[error("this is no compact JWE by ECDH-ES with A128GCM or A256GCM: {0}")]
    Form(&'static str),
    /// Its header is no JSON.
    #[error("the header of the JWE: {0}")]
    Header(#[from] Fault),
    /// It was encrypted to another key, or changed.
    #[error("the JWE cannot be opened: it is for another key, or was changed")]
    Decryption,
    /// It is no key of P-256 that others may know.
    #[error("the key to encrypt to is no public key of P-256 as JWK")]
    Key,
}

impl JweError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotBuilt => "jwe_not_built",
            Self::Form(_) | Self::Header(_) => "jwe_malformed",
            Self::Decryption => "jwe_decryption",
            Self::Key => "jwe_key",
        }
    }
}

/// Whether a JWK is a public key to encrypt to: of P-256, and for nothing else.
///
/// # Errors
/// [`JweError::Key`].
pub fn check_key(jwk: &Value) -> Result<(), JweError> {
    let is = |member: &str, wanted: &str| jwk[member].as_str().is_none_or(|said| said == wanted);
    let has = |member: &str| jwk[member].is_string();
    let fits = jwk["kty"] == "EC"
        && jwk["crv"] == "P-256"
        && has("x")
        && has("y")
        && jwk.get("d").is_none()
        && is("use", "enc")
        && is("alg", ALGORITHM);
    if fits { Ok(()) } else { Err(JweError::Key) }
}
