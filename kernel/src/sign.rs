//! Signing, as the kernel sees it: a trait, and what is signed. Private keys are elsewhere.

use placet_schemas::id::{Did, DidUrl, Origin};
use placet_schemas::json::{self, JcsError};
use placet_schemas::record::{Cryptosuite, Draft, Invitation, ProofConfig, ProofValue};
use placet_schemas::statement::Signed;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use crate::keys::PublicKey;

/// The signature algorithms in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256 (FIPS 186-5).
    P256,
}

impl Algorithm {
    /// The Data Integrity cryptosuite that signs records with this algorithm.
    #[must_use]
    pub const fn cryptosuite(self) -> Cryptosuite {
        match self {
            Self::Ed25519 => Cryptosuite::EddsaJcs2022,
            Self::P256 => Cryptosuite::EcdsaJcs2019,
        }
    }
}

/// Whatever holds a private key: a file, a hardware module, a key service.
pub trait Signer {
    /// The algorithm of the key.
    fn algorithm(&self) -> Algorithm;

    /// The public key: 32 bytes (Ed25519, RFC 8032) or 33 (P-256, SEC 1 compressed).
    fn public_key_bytes(&self) -> Vec<u8>;

    /// Signs `message` itself, which is not hashed by the caller: 64 bytes, R || S or r || s.
    ///
    /// # Errors
    /// When the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The holder of the key did not answer, or refused.
    #[error("the key cannot be used: {0}")]
    Unavailable(String),
    /// The signer's public key is not one of its algorithm.
    #[error("the signer's public key is malformed")]
    PublicKey,
    /// What was to be signed has no canonical form.
    #[error(transparent)]
    Canonical(#[from] JcsError),
}

/// Everything in a proof that the signer chooses.
#[derive(Debug, Clone)]
pub struct ProofChoices {
    /// The log in which the record counts.
    pub domain: Origin,
    /// When the proof is made.
    pub created: Timestamp,
    /// The invitation that a grant answers.
    pub challenge: Option<Invitation>,
    /// The method of a `did:web` signer; `None` for a did:key, which has only one.
    pub method: Option<DidUrl>,
}

/// The did:key of a signer.
///
/// # Errors
/// [`SignError::PublicKey`].
pub fn did_key(signer: &dyn Signer) -> Result<Did, SignError> {
    let key = PublicKey::from_raw(signer.algorithm(), &signer.public_key_bytes()).map_err(|_| SignError::PublicKey)?;
    Ok(key.to_did())
}

/// Signs a record; gives its canonical bytes.
///
/// # Errors
/// When the signer fails, or is no did:key and no method is named.
pub fn secure(draft: &Draft, choices: ProofChoices, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
    let method = match choices.method {
        Some(method) => method,
        None => did_key(signer)?.key_method().ok_or(SignError::PublicKey)?,
    };
    let config = ProofConfig {
        cryptosuite: signer.algorithm().cryptosuite(),
        created: choices.created,
        verification_method: method,
        domain: choices.domain,
        challenge: choices.challenge,
    };
    let signature = signer.sign(&draft.signing_input(&config)?)?;
    Ok(draft.secure(&config, &proof_value(&signature)?)?)
}

/// Signs an operator's statement.
///
/// # Errors
/// When the signer fails.
pub fn sign_statement<T: Serialize>(statement: T, signer: &dyn Signer) -> Result<Signed<T>, SignError> {
    let signature = signer.sign(&json::to_jcs(&statement)?)?;
    Ok(Signed {
        statement,
        signed_by: did_key(signer)?,
        signature: proof_value(&signature)?,
    })
}

pub(crate) fn proof_value(signature: &[u8; 64]) -> Result<ProofValue, SignError> {
    format!("z{}", bs58::encode(signature).into_string())
        .try_into()
        .map_err(|_| SignError::PublicKey)
}
