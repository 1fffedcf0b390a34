//! `ControllerKeys`: a brand's DID document as the operator saw it. Public.

use serde::{Deserialize, Serialize};

use crate::id::{Did, DidUrl, Digest, IdError};
use crate::text::{Set, Text};
use crate::version::Version;

/// Most keys of one DID document.
pub const MAX_KEYS: usize = 32;

/// The claims of a `ControllerKeys` record, signed by the operator. It is in force from its log index until the next one
/// of the same controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControllerKeys {
    /// Format version.
    pub version: Version<1>,
    /// The brand's name in law, as it registered.
    pub legal_name: Text,
    /// Whether the node fetched the document itself or was handed it.
    pub source: KeySource,
    /// SHA-256 of the canonical bytes of the whole document that was seen.
    pub document_digest: Digest,
    /// What of it counts here: the methods that may sign, as Multikeys.
    pub document: DidDocument,
}

/// How the operator came by the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySource {
    /// The node fetched it from where the DID method says it is.
    Fetched,
    /// The brand handed it in; the node did not fetch it.
    Supplied,
}

/// A DID document (W3C DID Core), reduced to the methods that may sign records here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DocumentWire", into = "DocumentWire")]
pub struct DidDocument {
    id: Did,
    methods: Vec<VerificationMethod>,
}

/// A verification method of type Multikey (W3C Controlled Identifiers).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerificationMethod {
    /// Its name.
    pub id: DidUrl,
    /// `Multikey`.
    pub r#type: Multikey,
    /// The DID that it belongs to.
    pub controller: Did,
    /// The key, multibase base58-btc of a multicodec key. The kernel decodes it.
    pub public_key_multibase: String,
}

/// The only accepted type of method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Multikey {
    /// `Multikey`
    Multikey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DocumentWire {
    id: Did,
    verification_method: Vec<VerificationMethod>,
    assertion_method: Vec<DidUrl>,
}

impl DidDocument {
    /// A document of `id` in which each of `methods` may sign.
    ///
    /// # Errors
    /// When a method is not of this DID, repeated, or there are none or more than [`MAX_KEYS`].
    pub fn new(id: Did, methods: Vec<VerificationMethod>) -> Result<Self, IdError> {
        if methods.is_empty() || methods.len() > MAX_KEYS {
            return Err(IdError::new("a DID document has 1 to 32 methods that may sign"));
        }
        // A method that names another controller would let that controller sign as this brand.
        if methods
            .iter()
            .any(|m| m.id.did_str() != id.as_str() || m.controller != id)
        {
            return Err(IdError::new("every method belongs to the document's own DID"));
        }
        if Set::from_members(methods.iter().map(|m| m.id.clone())).len() != methods.len() {
            return Err(IdError::new("a method is named twice"));
        }
        Ok(Self { id, methods })
    }

    /// The brand's DID.
    #[must_use]
    pub fn id(&self) -> &Did {
        &self.id
    }

    /// The methods that may sign (purpose assertionMethod).
    #[must_use]
    pub fn methods(&self) -> &[VerificationMethod] {
        &self.methods
    }

    /// The key that the document gives for `method`, if the method may sign.
    #[must_use]
    pub fn key(&self, method: &DidUrl) -> Option<&str> {
        self.methods
            .iter()
            .find(|m| m.id == *method)
            .map(|m| m.public_key_multibase.as_str())
    }
}

impl TryFrom<DocumentWire> for DidDocument {
    type Error = IdError;
    fn try_from(wire: DocumentWire) -> Result<Self, IdError> {
        if !wire
            .assertion_method
            .iter()
            .eq(wire.verification_method.iter().map(|m| &m.id))
        {
            return Err(IdError::new(
                "assertionMethod lists each method, in the same order, and no other",
            ));
        }
        Self::new(wire.id, wire.verification_method)
    }
}

impl From<DidDocument> for DocumentWire {
    fn from(document: DidDocument) -> Self {
        let assertion_method = document.methods.iter().map(|m| m.id.clone()).collect();
        Self {
            id: document.id,
            verification_method: document.methods,
            assertion_method,
        }
    }
}
