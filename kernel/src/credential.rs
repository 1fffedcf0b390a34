//! Credentials that an issuer signs: receipts and status lists. One place makes their proofs, and one judges them.
//!
//! In scope: `eddsa-jcs-2022`. A proof of another suite in the same set is neither counted nor held against it: whoever knows
//! that suite judges it. The key must be one that the caller trusts for the credential's own issuer, so that nobody's proof
//! stands for somebody else's word.

use placet_schemas::credential::{Credential, CredentialProof, Proofs, Secured, Suite, signing_input};
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json;
use placet_schemas::record::Cryptosuite;
use placet_schemas::time::Timestamp;

use crate::keys::{self, PublicKey, SignatureError};
use crate::sign::{Algorithm, SignError, Signer, proof_value};

/// Why a credential is nobody's word. [`CredentialError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No proof is of a suite that is judged here.
    #[error("the credential has no proof of eddsa-jcs-2022")]
    NoProof,
    /// A proof names a method of another DID than the issuer's.
    #[error("a proof is by {method}, which is no method of the issuer {issuer}")]
    NotTheIssuers {
        /// The method.
        method: DidUrl,
        /// The issuer.
        issuer: Did,
    },
    /// The caller trusts no such key.
    #[error("the key {0} is not known here")]
    UnknownKey(DidUrl),
    /// The signature does not hold.
    #[error("a proof does not hold: {0}")]
    Signature(#[from] SignatureError),
}

impl CredentialError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoProof => "credential_no_proof",
            Self::NotTheIssuers { .. } => "credential_not_the_issuers",
            Self::UnknownKey(_) => "credential_unknown_key",
            Self::Signature(_) => "credential_bad_signature",
        }
    }
}

/// Signs a credential with `eddsa-jcs-2022`, beside the proofs that it has; gives its canonical bytes.
///
/// # Errors
/// When the signer fails, is no Ed25519 key, or there are too many proofs.
pub fn secure<T: Credential + Clone>(
    mut credential: T,
    created: Timestamp,
    method: DidUrl,
    signer: &dyn Signer,
) -> Result<Vec<u8>, SignError> {
    if signer.algorithm() != Algorithm::Ed25519 {
        return Err(SignError::PublicKey);
    }
    let mut proof = CredentialProof::new(Suite::EddsaJcs2022, created, method);
    let signature = signer.sign(&signing_input(&credential, &proof)?)?;
    proof.proof_value = Some(proof_value(&signature)?);
    let before = credential.proofs().map(Proofs::as_slice).unwrap_or_default();
    let proofs = Proofs::new([before, &[proof]].concat()).map_err(|error| SignError::Unavailable(error.to_string()))?;
    *credential.proofs_mut() = Some(proofs);
    Ok(json::to_jcs(&credential)?)
}

/// Checks every proof that can be judged here, of which there must be one; `keys` gives the key of a method that the caller
/// trusts. Gives the method of the first.
///
/// # Errors
/// See [`CredentialError`].
pub fn verify<T: Credential>(
    secured: &Secured<T>,
    keys: impl Fn(&DidUrl) -> Option<PublicKey>,
) -> Result<DidUrl, CredentialError> {
    let issuer = secured.credential.issuer();
    let mut first = None;
    for (proof, input) in &secured.proofs {
        let method = &proof.verification_method;
        if method.did_str() != issuer.as_str() {
            return Err(CredentialError::NotTheIssuers {
                method: method.clone(),
                issuer: issuer.clone(),
            });
        }
        let Some(value) = proof
            .proof_value
            .as_ref()
            .filter(|_| proof.cryptosuite == Suite::EddsaJcs2022)
        else {
            continue;
        };
        let key = keys(method).ok_or_else(|| CredentialError::UnknownKey(method.clone()))?;
        keys::verify_proof(Cryptosuite::EddsaJcs2022, input, value, &key)?;
        first.get_or_insert_with(|| method.clone());
    }
    first.ok_or(CredentialError::NoProof)
}
