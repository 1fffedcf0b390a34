//! Compact JSON Web Signatures (RFC 7515) for Placet's own tokens: proofs of a key, sessions, registrations.
//!
//! In scope: one signature, a header of exactly `alg`, `kid` and `typ`, and the keys that the caller already trusts. Out
//! of scope, and refused: every other header member (`jwk`, `jku`, `x5c`, `crit`, `b64`: ways in which a token could bring
//! its own key or its own rules), detached and JSON serialisations, encryption. The payload is the caller's to parse.
//!
//! The rules of RFC 8725 (JWT best current practices): the algorithm is fixed by the key, not by the token (3.1, 3.2); the
//! type is explicit, so a token of one kind is never taken for another (3.11).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::id::DidUrl;
use placet_schemas::json::{self, Fault};
use serde::{Deserialize, Serialize};

use crate::keys::PublicKey;
use crate::sign::{Algorithm, SignError, Signer};

/// Longest token, in bytes.
pub const MAX_JWS_BYTES: usize = 8 * 1024;

/// Longest header, in bytes once decoded: a method of a DID can have over 1,000.
const MAX_HEADER_BYTES: usize = 2048;

/// Length of an encoded signature.
const SIGNATURE_CHARACTERS: usize = 86;

/// The protected header (RFC 7515 section 4) of all tokens of one kind by one key, in its encoding: who signs many makes it
/// once.
#[derive(Debug, Clone)]
pub struct Protected(String);

/// Why a token does not count. [`JwsError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Over [`MAX_JWS_BYTES`], or over what its kind may have.
    #[error("the token is longer than its kind may be")]
    Oversize,
    /// Not three parts, or a part is not base64url without padding in its one spelling.
    #[error("the token is not three parts of canonical base64url, joined by dots")]
    Encoding,
    /// The header is not the object that it should be.
    #[error("the token's header: {0}")]
    Header(Fault),
    /// The token is of another kind.
    #[error("the token's typ is not {expected}")]
    Type {
        /// The kind that is asked for here.
        expected: String,
    },
    /// The key that the token names is not known to the caller.
    #[error("the key {0} is not known here")]
    UnknownKey(DidUrl),
    /// The header's algorithm is not the key's.
    #[error("the token's alg is not that of the key it names")]
    Algorithm,
    /// The signature is not by this key over these bytes.
    #[error("the token's signature does not verify")]
    Signature,
}

impl JwsError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversize => "jws_oversize",
            Self::Encoding => "jws_encoding",
            Self::Header(_) => "jws_header",
            Self::Type { .. } => "jws_type",
            Self::UnknownKey(_) => "jws_unknown_key",
            Self::Algorithm => "jws_algorithm",
            Self::Signature => "jws_signature",
        }
    }
}

/// Checks a token and gives the method that signed it, and its payload. `typ` is compared byte for byte; `keys` gives the
/// key of a method that the caller trusts for this kind of token.
///
/// # Errors
/// See [`JwsError`].
pub fn verify(
    compact: &str,
    typ: &str,
    keys: impl Fn(&DidUrl) -> Option<PublicKey>,
) -> Result<(DidUrl, Vec<u8>), JwsError> {
    verify_within(compact, typ, MAX_JWS_BYTES, keys)
}

/// The same for a kind of token that may be longer: up to `max_bytes`.
///
/// # Errors
/// See [`JwsError`].
pub fn verify_within(
    compact: &str,
    typ: &str,
    max_bytes: usize,
    keys: impl Fn(&DidUrl) -> Option<PublicKey>,
) -> Result<(DidUrl, Vec<u8>), JwsError> {
    if compact.len() > max_bytes {
        return Err(JwsError::Oversize);
    }
    let Parts {
        signed,
        header,
        payload,
        signature,
    } = Parts::of(compact).ok_or(JwsError::Encoding)?;
    let header = read_header(&header)?;
    if header.typ != typ {
        return Err(JwsError::Type {
            expected: typ.to_owned(),
        });
    }
    let Some(key) = keys(&header.kid) else {
        return Err(JwsError::UnknownKey(header.kid));
    };
    if header.alg.key() != key.algorithm() {
        return Err(JwsError::Algorithm);
    }
    key.verify(signed.as_bytes(), &signature)
        .map_err(|_| JwsError::Signature)?;
    Ok((header.kid, payload))
}

/// The method that a token of kind `typ` says has signed it, so that its key can be looked up. Nothing is verified.
///
/// # Errors
/// As [`verify`] up to the signature.
pub fn claimed_signer(compact: &str, typ: &str) -> Result<DidUrl, JwsError> {
    match verify(compact, typ, |_| None) {
        Err(JwsError::UnknownKey(method)) => Ok(method),
        Err(error) => Err(error),
        // No key, no signature that holds.
        Ok((method, _)) => Ok(method),
    }
}

/// The kind of token that a text says it is: its `typ`. Nothing is verified.
#[must_use]
pub fn claimed_typ(compact: &str) -> Option<String> {
    let header = decode(compact.split('.').next()?).ok()?;
    let document = json::parse(&header, MAX_HEADER_BYTES).ok()?;
    Some(document.root().get("typ")?.as_str()?.to_owned())
}

/// What a token of kind `typ` says, whoever has signed it: for whoever hands it on, and looks whether it is the right one.
/// Nothing is verified.
///
/// # Errors
/// As [`verify`] up to the signature.
pub fn claimed_payload(compact: &str, typ: &str) -> Result<Vec<u8>, JwsError> {
    let _signer = claimed_signer(compact, typ)?;
    decode(compact.split('.').nth(1).unwrap_or_default())
}

/// The payload of a token, whatever its header says. Nothing is verified.
pub(crate) fn payload(compact: &str) -> Option<Vec<u8>> {
    decode(compact.split('.').nth(1)?).ok()
}

/// Signs `payload` as a token of kind `typ`; `kid` is the signer's verification method.
///
/// # Errors
/// When the signer fails.
pub fn sign(payload: &[u8], typ: &str, kid: &DidUrl, signer: &dyn Signer) -> Result<String, SignError> {
    Protected::new(typ, kid, signer.algorithm())?.sign(payload, signer)
}

impl Protected {
    /// The header of tokens of kind `typ` by the method `kid`, whose key is of this algorithm.
    ///
    /// # Errors
    /// When the header has no canonical form.
    pub fn new(typ: &str, kid: &DidUrl, algorithm: Algorithm) -> Result<Self, SignError> {
        let alg = match algorithm {
            Algorithm::Ed25519 => Alg::Ed25519,
            Algorithm::P256 => Alg::Es256,
        };
        let header = json::to_jcs(&Header {
            alg,
            kid: kid.clone(),
            typ: typ.to_owned(),
        })?;
        Ok(Self(Base64UrlUnpadded::encode_string(&header)))
    }

    /// Signs `payload` under this header.
    ///
    /// # Errors
    /// When the signer fails.
    pub fn sign(&self, payload: &[u8], signer: &dyn Signer) -> Result<String, SignError> {
        let payload = Base64UrlUnpadded::encode_string(payload);
        let mut token = String::with_capacity(self.0.len() + payload.len() + SIGNATURE_CHARACTERS + 2);
        token.push_str(&self.0);
        token.push('.');
        token.push_str(&payload);
        let signature = signer.sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&Base64UrlUnpadded::encode_string(&signature));
        Ok(token)
    }
}

/// A compact token taken apart (RFC 7515 section 7.1), also one whose header has its own rules.
pub(crate) struct Parts<'a> {
    /// What is signed: header and payload in their encodings, with the dot.
    pub(crate) signed: &'a str,
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: [u8; 64],
}

impl<'a> Parts<'a> {
    /// Nothing where it is not three parts of canonical base64url, the last a signature's length. Nothing is verified.
    pub(crate) fn of(compact: &'a str) -> Option<Self> {
        let mut parts = compact.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Some(Self {
            signed: &compact[..=header.len() + payload.len()],
            header: decode(header).ok()?,
            payload: decode(payload).ok()?,
            signature: decode(signature).ok()?.try_into().ok()?,
        })
    }
}

/// The algorithm of this name (RFC 7518, RFC 8037, RFC 9864), where keys of it are in use here.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "ES256" => Some(Algorithm::P256),
        "Ed25519" | "EdDSA" => Some(Algorithm::Ed25519),
        _ => None,
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: Alg,
    kid: DidUrl,
    typ: String,
}

/// The accepted algorithms. There is no `none`.
#[derive(Clone, Copy, Serialize, Deserialize)]
enum Alg {
    /// Ed25519 by its own name (RFC 9864).
    Ed25519,
    /// Ed25519 by its older name (RFC 8037), which libraries still write; Ed448 has no keys here.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// P-256 with SHA-256 (RFC 7518 section 3.4).
    #[serde(rename = "ES256")]
    Es256,
}

impl Alg {
    const fn key(self) -> Algorithm {
        match self {
            Self::Ed25519 | Self::EdDsa => Algorithm::Ed25519,
            Self::Es256 => Algorithm::P256,
        }
    }
}

fn read_header(bytes: &[u8]) -> Result<Header, JwsError> {
    let document = json::parse(bytes, MAX_HEADER_BYTES).map_err(JwsError::Header)?;
    json::decode(document.root()).map_err(JwsError::Header)
}

fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    Base64UrlUnpadded::decode_vec(part).map_err(|_| JwsError::Encoding)
}
