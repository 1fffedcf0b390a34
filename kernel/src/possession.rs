//! Proofs that somebody holds a key, in the form in which wallets give them: the `jwt` proof type of OpenID4VCI 1.0
//! (appendix F.1).
//!
//! Unlike Placet's own tokens ([`crate::jws`]) such a proof brings its key: as a `jwk`, or as a did:key in `kid`. It shows that
//! its maker holds that key, and no more: whether the key may have anything is the caller's to say. In scope: Ed25519 and P-256.
//! Out of scope, and refused: every other way to bring a key (`x5c`, `jku`, `trust_chain`, key attestations), `crit`, and header
//! members that change how the rest is read.

use placet_schemas::id::DidUrl;
use placet_schemas::json::{self, Fault, Node};
use placet_schemas::time::Timestamp;

use crate::jwk::{self, JwkError};
use crate::jws;
use crate::keys::PublicKey;

/// The `typ` of a proof.
pub const PROOF_TYP: &str = "openid4vci-proof+jwt";
/// Longest proof, in bytes.
pub const MAX_PROOF_BYTES: usize = 8 * 1024;
/// How far a proof's time may be from the judge's, in seconds: the nonce is what makes it fresh.
pub const PROOF_TOLERANCE_SECONDS: u64 = 300;

/// Header members that say nothing about how the rest is read.
const HARMLESS: [&str; 4] = ["alg", "typ", "kid", "jwk"];

/// A proof that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Possession {
    /// The key that is held.
    pub key: PublicKey,
    /// The nonce that was signed. Whether it is fresh, and unused, is the caller's to say.
    pub nonce: Option<String>,
}

/// Why a proof does not count. [`PossessionError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PossessionError {
    /// Over [`MAX_PROOF_BYTES`].
    #[error("the proof is longer than {MAX_PROOF_BYTES} bytes")]
    Oversize,
    /// Not three parts of base64url.
    #[error("the proof is not three parts of canonical base64url, joined by dots")]
    Encoding,
    /// The header or payload is no JSON object.
    #[error("the proof's {0}: {1}")]
    Json(&'static str, Fault),
    /// It is of another kind.
    #[error("the proof's typ is not {PROOF_TYP}")]
    Type,
    /// A header member that is not taken.
    #[error("the proof's header has the member {0}, which is not taken here")]
    Member(String),
    /// `none`, a symmetric algorithm, or another that is not in use.
    #[error("the proof's alg is none of ES256, Ed25519 and EdDSA")]
    Algorithm,
    /// Not exactly one key, or none of a kind in use.
    #[error("the proof's header has either a jwk or, in kid, the method of a did:key, of Ed25519 or P-256")]
    Key,
    /// The key.
    #[error(transparent)]
    Jwk(#[from] JwkError),
    /// The algorithm is not the key's.
    #[error("the proof's alg is not that of its key")]
    OtherAlgorithm,
    /// The signature does not hold.
    #[error("the proof's signature does not verify")]
    Signature,
    /// It was made for somebody else.
    #[error("the proof's aud is not {0}")]
    Audience(String),
    /// A claim is missing or of the wrong type.
    #[error("the proof's {0} is missing, or not of its type")]
    Claim(&'static str),
    /// Its time is not now.
    #[error(
        "the proof was not made about now: its iat is more than {PROOF_TOLERANCE_SECONDS} seconds from it, or it has expired"
    )]
    Time,
}

impl PossessionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversize => "proof_oversize",
            Self::Encoding => "proof_encoding",
            Self::Json(..) => "proof_malformed",
            Self::Type => "proof_type",
            Self::Member(_) => "proof_member",
            Self::Algorithm => "proof_algorithm",
            Self::Key | Self::Jwk(_) => "proof_key",
            Self::OtherAlgorithm => "proof_other_algorithm",
            Self::Signature => "proof_signature",
            Self::Audience(_) => "proof_audience",
            Self::Claim(_) => "proof_claim",
            Self::Time => "proof_time",
        }
    }
}

/// Judges a proof that was made for `audience`.
///
/// # Errors
/// See [`PossessionError`].
pub fn verify(proof: &str, audience: &str, now: Timestamp) -> Result<Possession, PossessionError> {
    if proof.len() > MAX_PROOF_BYTES {
        return Err(PossessionError::Oversize);
    }
    let parts = jws::Parts::of(proof).ok_or(PossessionError::Encoding)?;
    let key = read_header(&parts.header)?;
    key.verify(parts.signed.as_bytes(), &parts.signature)
        .map_err(|_| PossessionError::Signature)?;
    let nonce = read_claims(&parts.payload, audience, now)?;
    Ok(Possession { key, nonce })
}

fn read_header(bytes: &[u8]) -> Result<PublicKey, PossessionError> {
    let document = json::parse(bytes, MAX_PROOF_BYTES).map_err(|fault| PossessionError::Json("header", fault))?;
    let root = document.root();
    let members = root.as_object().ok_or(PossessionError::Type)?;
    if root.get("typ").and_then(Node::as_str) != Some(PROOF_TYP) {
        return Err(PossessionError::Type);
    }
    if let Some(other) = members.iter().find(|member| !HARMLESS.contains(&&*member.key)) {
        return Err(PossessionError::Member(printable(&other.key)));
    }
    let algorithm = root.get("alg").and_then(Node::as_str).and_then(jws::algorithm);
    let algorithm = algorithm.ok_or(PossessionError::Algorithm)?;
    let key = match (root.get("jwk"), root.get("kid")) {
        (Some(jwk), None) => jwk::read(jwk)?.ok_or(PossessionError::Key)?,
        (None, Some(kid)) => {
            let method: Option<DidUrl> = kid.as_str().and_then(|kid| kid.parse().ok());
            let did = method.and_then(|method| method.did_str().parse().ok());
            did.and_then(|did| PublicKey::from_did(&did).ok())
                .ok_or(PossessionError::Key)?
        }
        _ => return Err(PossessionError::Key),
    };
    if key.algorithm() != algorithm {
        return Err(PossessionError::OtherAlgorithm);
    }
    Ok(key)
}

fn read_claims(bytes: &[u8], audience: &str, now: Timestamp) -> Result<Option<String>, PossessionError> {
    let document = json::parse(bytes, MAX_PROOF_BYTES).map_err(|fault| PossessionError::Json("payload", fault))?;
    let root = document.root();
    let for_us = match root.get("aud") {
        // RFC 7519 section 4.1.3 has both forms; of several audiences the others could use the proof here.
        Some(aud) => match aud.as_array() {
            Some([one]) => one.as_str() == Some(audience),
            Some(_) => false,
            None => aud.as_str() == Some(audience),
        },
        None => return Err(PossessionError::Claim("aud")),
    };
    if !for_us {
        return Err(PossessionError::Audience(audience.to_owned()));
    }
    let seconds = |name: &'static str| match root.get(name) {
        None => Ok(None),
        Some(node) => node
            .as_integer()
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Some)
            .ok_or(PossessionError::Claim(name)),
    };
    let iat = seconds("iat")?.ok_or(PossessionError::Claim("iat"))?;
    let expired = seconds("exp")?.is_some_and(|exp| exp <= now.unix());
    let early = seconds("nbf")?.is_some_and(|nbf| nbf > now.plus_seconds(PROOF_TOLERANCE_SECONDS).unix());
    if iat.abs_diff(now.unix()) > PROOF_TOLERANCE_SECONDS || expired || early {
        return Err(PossessionError::Time);
    }
    match root.get("nonce") {
        None => Ok(None),
        Some(nonce) => nonce
            .as_str()
            .map(|nonce| Some(nonce.to_owned()))
            .ok_or(PossessionError::Claim("nonce")),
    }
}

/// A name that somebody else chose, as it may be shown.
fn printable(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(32).collect()
}
