//! The Data Integrity proof of a credential that is issued.

use core::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{DidUrl, IdError};
use crate::record::{Context, ProofPurpose, ProofType, ProofValue};
use crate::time::Timestamp;

/// Most proofs of one credential.
pub const MAX_PROOFS: usize = 4;

/// The suites by which credentials are issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Suite {
    /// Ed25519 over RFC 8785 bytes (Data Integrity EdDSA section 3.3).
    #[serde(rename = "eddsa-jcs-2022")]
    EddsaJcs2022,
    /// Ed25519 over canonical RDF (Data Integrity EdDSA section 3.2).
    #[serde(rename = "eddsa-rdfc-2022")]
    EddsaRdfc2022,
}

/// A proof, as in VC Data Integrity section 2.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CredentialProof {
    /// The document's own contexts: an `eddsa-jcs-2022` proof repeats them (section 3.3.1, step 4).
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// `DataIntegrityProof`.
    pub r#type: ProofType,
    /// The suite.
    pub cryptosuite: Suite,
    /// When it was made.
    pub created: Timestamp,
    /// The key.
    pub verification_method: DidUrl,
    /// `assertionMethod`.
    pub proof_purpose: ProofPurpose,
    /// The signature; a configuration has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_value: Option<ProofValue>,
}

impl CredentialProof {
    /// A configuration: what is signed beside the document.
    #[must_use]
    pub fn new(suite: Suite, created: Timestamp, method: DidUrl) -> Self {
        Self {
            context: (suite == Suite::EddsaJcs2022).then_some(Context),
            r#type: ProofType::DataIntegrityProof,
            cryptosuite: suite,
            created,
            verification_method: method,
            proof_purpose: ProofPurpose::AssertionMethod,
            proof_value: None,
        }
    }

    /// What is signed of it: all but the signature.
    #[must_use]
    pub fn configuration(&self) -> Self {
        Self {
            proof_value: None,
            ..self.clone()
        }
    }
}

/// One proof, or a set of 2 to [`MAX_PROOFS`] (VC Data Integrity section 2.1.1). Each has its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proofs(Vec<CredentialProof>);

impl Proofs {
    /// Proofs in this order.
    ///
    /// # Errors
    /// When there is none, there are too many, or one has no value.
    pub fn new(proofs: Vec<CredentialProof>) -> Result<Self, IdError> {
        if proofs.is_empty() || proofs.len() > MAX_PROOFS {
            return Err(IdError::new("a credential has 1 to 4 proofs"));
        }
        if proofs.iter().any(|proof| proof.proof_value.is_none()) {
            return Err(IdError::new("a proof has a proofValue"));
        }
        Ok(Self(proofs))
    }

    /// The proofs.
    #[must_use]
    pub fn as_slice(&self) -> &[CredentialProof] {
        &self.0
    }
}

impl Serialize for Proofs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [only] => only.serialize(serializer),
            set => set.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Proofs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSet)
    }
}

/// Read by hand: an untagged enum would take an array of a proof's values for the proof.
struct OneOrSet;

impl<'de> Visitor<'de> for OneOrSet {
    type Value = Proofs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proof or a set of proofs")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Proofs, A::Error> {
        let proof = CredentialProof::deserialize(MapAccessDeserializer::new(map))?;
        Proofs::new(vec![proof]).map_err(A::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Proofs, A::Error> {
        let proofs = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
        if proofs.len() == 1 {
            return Err(A::Error::custom("one proof is no array"));
        }
        Proofs::new(proofs).map_err(A::Error::custom)
    }
}
