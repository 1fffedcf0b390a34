//! A record that is being made: what is signed, and the bytes that come of it.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{Body, Context, Cryptosuite, Invitation, ProofPurpose, ProofType, ProofValue};
use crate::id::{Did, DidUrl, Origin, RecordId};
use crate::json;
use crate::time::Timestamp;

/// A record before its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its own name, random.
    pub id: RecordId,
    /// The signer.
    pub issuer: Did,
    /// The time of the act.
    pub valid_from: Timestamp,
    /// The expiry, for grants and renewals.
    pub valid_until: Option<Timestamp>,
    /// What is said.
    pub body: Body,
}

/// All of a proof but the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofConfig {
    /// The suite.
    pub cryptosuite: Cryptosuite,
    /// When the proof is made.
    pub created: Timestamp,
    /// The key.
    pub verification_method: DidUrl,
    /// The log.
    pub domain: Origin,
    /// The invitation, for a grant.
    pub challenge: Option<Invitation>,
}

impl Draft {
    /// What has to be signed: see [`Record::signing_input`](super::Record::signing_input).
    ///
    /// # Errors
    /// When the record has no canonical form (an integer out of range).
    pub fn signing_input(&self, config: &ProofConfig) -> Result<[u8; 64], json::JcsError> {
        let document = Sha256::digest(json::to_jcs(&self.wire(None::<&ProofOut<'_>>))?);
        let proof = Sha256::digest(json::to_jcs(&config.wire(None))?);
        let mut input = [0; 64];
        input[..32].copy_from_slice(&proof);
        input[32..].copy_from_slice(&document);
        Ok(input)
    }

    /// The canonical bytes of the record with its signature.
    ///
    /// # Errors
    /// When the record has no canonical form.
    pub fn secure(&self, config: &ProofConfig, signature: &ProofValue) -> Result<Vec<u8>, json::JcsError> {
        json::to_jcs(&self.wire(Some(&config.wire(Some(signature)))))
    }

    fn wire<'a>(&'a self, proof: Option<&'a ProofOut<'a>>) -> CredentialOut<'a> {
        CredentialOut {
            context: Context,
            id: &self.id,
            r#type: ["VerifiableCredential", self.body.kind().as_str()],
            issuer: &self.issuer,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            credential_subject: &self.body,
            proof,
        }
    }
}

impl ProofConfig {
    fn wire<'a>(&'a self, proof_value: Option<&'a ProofValue>) -> ProofOut<'a> {
        ProofOut {
            context: Context,
            r#type: ProofType::DataIntegrityProof,
            cryptosuite: self.cryptosuite,
            created: self.created,
            verification_method: &self.verification_method,
            proof_purpose: ProofPurpose::AssertionMethod,
            domain: &self.domain,
            challenge: self.challenge.as_ref(),
            proof_value,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialOut<'a> {
    #[serde(rename = "@context")]
    context: Context,
    id: &'a RecordId,
    r#type: [&'static str; 2],
    issuer: &'a Did,
    valid_from: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    credential_subject: &'a Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a ProofOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProofOut<'a> {
    #[serde(rename = "@context")]
    context: Context,
    r#type: ProofType,
    cryptosuite: Cryptosuite,
    created: Timestamp,
    verification_method: &'a DidUrl,
    proof_purpose: ProofPurpose,
    domain: &'a Origin,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a Invitation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_value: Option<&'a ProofValue>,
}
