//! Credentials that an issuer signs: receipts and status lists. One place makes their proofs, and one judges them.
//!
//! `eddsa-jcs-2022` is known here. A suite over another form of the document is known to whoever brings that form: see
//! [`Forms`]. A proof of a suite that is not known is neither counted nor held against the credential: whoever knows it judges
//! it. The key must be one that the caller trusts for the credential's own issuer, so that nobody's proof stands for somebody
//! else's word.

use placet_schemas::credential::{Credential, CredentialProof, Proofs, Secured, Suite, signing_input, unsecured};
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json;
use placet_schemas::record::Cryptosuite;

use crate::keys::{self, PublicKey, SignatureError};
use crate::sign::{Algorithm, SignError, Signer, proof_value};

/// Why a credential is nobody's word. [`CredentialError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No proof is of a suite that is known to the caller.
    #[error("the credential has no proof of a suite that is known here")]
    NoProof,
    /// A proof is over a form of the credential that cannot be made.
    #[error("what a proof is over cannot be made: {0}")]
    NoForm(String),
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
            Self::NoForm(_) => "credential_no_form",
            Self::NotTheIssuers { .. } => "credential_not_the_issuers",
            Self::UnknownKey(_) => "credential_unknown_key",
            Self::Signature(_) => "credential_bad_signature",
        }
    }
}

/// Makes other forms of a document than RFC 8785, such as canonical RDF. It only hashes: keys and signatures are judged here.
pub trait Forms {
    /// Whether [`Self::signing_input`] knows the suite.
    fn knows(&self, suite: Suite) -> bool;

    /// The 64 bytes that a proof of this suite is over, of a document without proofs and of the proof's configuration, both in
    /// JSON.
    ///
    /// # Errors
    /// Why there are none.
    fn signing_input(&self, suite: Suite, unsecured: &[u8], config: &[u8]) -> Result<[u8; 64], String>;
}

/// No other form.
#[derive(Debug, Clone, Copy, Default)]
pub struct JcsAlone;

impl Forms for JcsAlone {
    fn knows(&self, _: Suite) -> bool {
        false
    }

    fn signing_input(&self, _: Suite, _: &[u8], _: &[u8]) -> Result<[u8; 64], String> {
        Err("the suite is not known here".to_owned())
    }
}

/// Adds a proof with this configuration to a credential, beside those that it has.
///
/// # Errors
/// When the signer fails, is no Ed25519 key, the suite is not known, or there are too many proofs.
pub fn secure<T: Credential + Clone>(
    mut credential: T,
    mut proof: CredentialProof,
    signer: &dyn Signer,
    forms: &dyn Forms,
) -> Result<T, SignError> {
    if signer.algorithm() != Algorithm::Ed25519 {
        return Err(SignError::PublicKey);
    }
    let input = match proof.cryptosuite {
        Suite::EddsaJcs2022 => signing_input(&credential, &proof)?,
        suite => {
            let (unsecured, config) = (unsecured(&credential)?, json::to_jcs(&proof.configuration())?);
            let input = forms.signing_input(suite, &unsecured, &config);
            input.map_err(SignError::Unavailable)?
        }
    };
    proof.proof_value = Some(proof_value(&signer.sign(&input)?)?);
    let before = credential.proofs().map(Proofs::as_slice).unwrap_or_default();
    let proofs = Proofs::new([before, &[proof]].concat()).map_err(|error| SignError::Unavailable(error.to_string()))?;
    *credential.proofs_mut() = Some(proofs);
    Ok(credential)
}

/// Checks every proof of a suite that is known, of which there must be one; `keys` gives the key of a method that the caller
/// trusts. Gives the method of the first.
///
/// # Errors
/// See [`CredentialError`].
pub fn verify<T: Credential>(
    secured: &Secured<T>,
    keys: impl Fn(&DidUrl) -> Option<PublicKey>,
    forms: &dyn Forms,
) -> Result<DidUrl, CredentialError> {
    let issuer = secured.credential.issuer();
    let mut first = None;
    for (proof, jcs) in &secured.proofs {
        let method = &proof.verification_method;
        if method.did_str() != issuer.as_str() {
            return Err(CredentialError::NotTheIssuers {
                method: method.clone(),
                issuer: issuer.clone(),
            });
        }
        let suite = proof.cryptosuite;
        let known = suite == Suite::EddsaJcs2022 || forms.knows(suite);
        let Some(value) = proof.proof_value.as_ref().filter(|_| known) else {
            continue;
        };
        // Before the form is made: what a stranger signed is not worth that work.
        let key = keys(method).ok_or_else(|| CredentialError::UnknownKey(method.clone()))?;
        let input = match suite {
            Suite::EddsaJcs2022 => *jcs,
            suite => other(secured, proof, suite, forms).map_err(CredentialError::NoForm)?,
        };
        // To the kernel a suite is the algorithm of its key: both EdDSA suites sign their 64 bytes with Ed25519.
        keys::verify_proof(Cryptosuite::EddsaJcs2022, &input, value, &key)?;
        first.get_or_insert_with(|| method.clone());
    }
    first.ok_or(CredentialError::NoProof)
}

fn other<T: Credential>(
    secured: &Secured<T>,
    proof: &CredentialProof,
    suite: Suite,
    forms: &dyn Forms,
) -> Result<[u8; 64], String> {
    let unsecured = secured.unsecured().map_err(|error| error.to_string())?;
    let config = json::to_jcs(&proof.configuration()).map_err(|error| error.to_string())?;
    forms.signing_input(suite, &unsecured, &config)
}
