//! Public keys, and the only place where signatures are checked.
//!
//! Ed25519 is checked strictly: no small-order point, no non-canonical encoding of key or point, S below the group order
//! (RFC 8032 section 5.1.7, without the cofactor). So all who verify agree on every signature, and no key is its own forger.

use core::fmt;

use ed25519_dalek::VerifyingKey as EdKey;
use p256::ecdsa::VerifyingKey as P256Key;
use p256::ecdsa::signature::Verifier as _;
use placet_schemas::id::Did;
use placet_schemas::record::{Cryptosuite, ProofValue, Record};
use placet_schemas::statement::Signed;
use serde::Serialize;

use crate::base58;
use crate::sign::Algorithm;

/// Multicodec prefix of an Ed25519 public key, as an unsigned varint.
const ED25519_PREFIX: [u8; 2] = [0xed, 0x01];
/// Multicodec prefix of a P-256 public key, as an unsigned varint.
const P256_PREFIX: [u8; 2] = [0x80, 0x24];
/// Longest multibase text of a key that is decoded: base58 of 35 bytes has at most 48 digits.
const MAX_MULTIBASE: usize = 64;

/// A public key that is safe to check signatures with.
#[derive(Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519, not of small order, canonically encoded.
    Ed25519(EdKey),
    /// P-256, a point on the curve.
    P256(P256Key),
}

/// Why bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not multibase base58-btc of a known multicodec key.
    #[error("the key is not a Multikey of Ed25519 (z6Mk…) or P-256 (zDn…)")]
    NotMultikey,
    /// Not a point on the curve, not canonical, or a weak key.
    #[error("the key is not a valid point of its curve, or a weak one")]
    NotAPoint,
}

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is of another algorithm than the cryptosuite.
    #[error("the cryptosuite and the key are of different algorithms")]
    Algorithm,
    /// Not base58-btc of exactly 64 bytes.
    #[error("the signature is not 64 bytes in base58-btc")]
    Encoding,
    /// The signature is not by this key over these bytes.
    #[error("the signature does not verify")]
    Invalid,
}

impl PublicKey {
    /// From raw bytes: 32 (Ed25519) or 33 (P-256, SEC 1 compressed).
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`].
    pub fn from_raw(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Ed25519 => {
                let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyError::NotAPoint)?;
                let key = EdKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
                if key.is_weak() || !has_canonical_y(bytes) {
                    return Err(KeyError::NotAPoint);
                }
                Ok(Self::Ed25519(key))
            }
            Algorithm::P256 => {
                let compressed = bytes.len() == 33 && matches!(bytes[0], 2 | 3);
                let key = P256Key::from_sec1_bytes(bytes).ok().filter(|_| compressed);
                key.map(Self::P256).ok_or(KeyError::NotAPoint)
            }
        }
    }

    /// From a Multikey's `publicKeyMultibase` (W3C Controlled Identifiers section 2.2.2).
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_multibase(text: &str) -> Result<Self, KeyError> {
        let base58 = text
            .strip_prefix('z')
            .filter(|b| b.len() <= MAX_MULTIBASE)
            .ok_or(KeyError::NotMultikey)?;
        let mut buffer = [0; MAX_MULTIBASE];
        let length = bs58::decode(base58)
            .onto(&mut buffer)
            .map_err(|_| KeyError::NotMultikey)?;
        let bytes = &buffer[..length];
        match (bytes.strip_prefix(&ED25519_PREFIX), bytes.strip_prefix(&P256_PREFIX)) {
            (Some(key), _) => Self::from_raw(Algorithm::Ed25519, key),
            (_, Some(key)) => Self::from_raw(Algorithm::P256, key),
            (None, None) => Err(KeyError::NotMultikey),
        }
    }

    /// The key of a `did:key`.
    ///
    /// # Errors
    /// See [`KeyError`]; a `did:web` is [`KeyError::NotMultikey`].
    pub fn from_did(did: &Did) -> Result<Self, KeyError> {
        Self::from_multibase(did.key_multibase().ok_or(KeyError::NotMultikey)?)
    }

    /// The key as `publicKeyMultibase`.
    #[must_use]
    pub fn to_multibase(&self) -> String {
        let bytes = match self {
            Self::Ed25519(key) => [ED25519_PREFIX.as_slice(), key.as_bytes()].concat(),
            Self::P256(key) => [P256_PREFIX.as_slice(), key.to_sec1_point(true).as_ref()].concat(),
        };
        format!("z{}", bs58::encode(bytes).into_string())
    }

    /// The key as a `did:key`.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a Multikey is always a legal did:key"
    )]
    pub fn to_did(&self) -> Did {
        format!("did:key:{}", self.to_multibase())
            .parse()
            .expect("a Multikey is base58 after its z")
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256(_) => Algorithm::P256,
        }
    }

    /// Checks a raw signature over `message`.
    ///
    /// # Errors
    /// [`SignatureError::Invalid`].
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        let holds = match self {
            Self::Ed25519(key) => key
                .verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature))
                .is_ok(),
            // High-S signatures are accepted: phones' secure hardware makes them. Identity does not rest on the signature's
            // bytes but on (signer, id), so the second form of one signature gains nothing.
            Self::P256(key) => {
                p256::ecdsa::Signature::from_slice(signature).is_ok_and(|s| key.verify(message, &s).is_ok())
            }
        };
        if holds { Ok(()) } else { Err(SignatureError::Invalid) }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_multibase())
    }
}

/// Checks the proof of a record with the key that its signer is known by: `eddsa-jcs-2022` or `ecdsa-jcs-2019`.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify_record(record: &Record, key: &PublicKey) -> Result<(), SignatureError> {
    verify_proof(
        record.proof.cryptosuite,
        record.signing_input(),
        &record.proof.proof_value,
        key,
    )
}

/// Checks a Data Integrity proof over an input that is already hashed (`SHA-256(config) || SHA-256(document)`).
///
/// # Errors
/// See [`SignatureError`].
pub fn verify_proof(
    suite: Cryptosuite,
    input: &[u8; 64],
    value: &ProofValue,
    key: &PublicKey,
) -> Result<(), SignatureError> {
    // Without this, an attacker could have a signature judged by rules that its maker did not mean.
    if key.algorithm().cryptosuite() != suite {
        return Err(SignatureError::Algorithm);
    }
    key.verify(input, &signature_bytes(value)?)
}

/// Checks an operator's statement with a key that is already trusted, and that the statement names that key.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify_statement<T: Serialize>(signed: &Signed<T>, key: &PublicKey) -> Result<(), SignatureError> {
    // A key has one did:key, so the texts can be compared.
    if signed.signed_by != key.to_did() {
        return Err(SignatureError::Invalid);
    }
    let bytes = placet_schemas::json::to_jcs(&signed.statement).map_err(|_| SignatureError::Encoding)?;
    key.verify(&bytes, &signature_bytes(&signed.signature)?)
}

fn signature_bytes(value: &ProofValue) -> Result<[u8; 64], SignatureError> {
    let digits = value.as_str().strip_prefix('z');
    digits
        .and_then(base58::decode_signature)
        .ok_or(SignatureError::Encoding)
}

/// Whether the y coordinate is below 2^255 - 19. The decoder reduces larger ones, which would give one key two names.
fn has_canonical_y(bytes: &[u8; 32]) -> bool {
    !(bytes[31] & 0x7f == 0x7f && bytes[1..31].iter().all(|b| *b == 0xff) && bytes[0] >= 0xed)
}
