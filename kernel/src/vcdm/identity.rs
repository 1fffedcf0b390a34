//! Whose keys a DID's are, and for what (W3C Controlled Identifiers section 3.3).

use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json::{self, Node};

use super::refusal::Refusal;
use super::{MAX_DOCUMENT_BYTES, Surroundings};
use crate::keys::PublicKey;

/// What a proof is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To say something: credentials.
    Assertion,
    /// To show who one is: presentations.
    Authentication,
}

impl Purpose {
    /// The relationship's name in proofs and in DID documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assertion => "assertionMethod",
            Self::Authentication => "authentication",
        }
    }
}

/// The key of a method that its DID's own document has for this purpose.
pub(super) fn key(
    method: &DidUrl,
    purpose: Purpose,
    pointer: &str,
    surroundings: &dyn Surroundings,
) -> Result<PublicKey, Refusal> {
    let did: Did = method
        .did_str()
        .parse()
        .map_err(|_| Refusal::unknown(pointer, "the method is of no did:key or did:web"))?;
    if did.is_key() {
        // A did:key is its document: one method, for every purpose.
        return PublicKey::from_did(&did).map_err(|error| Refusal::unproven(pointer, error.to_string()));
    }
    let document = surroundings
        .did_document(did.as_str())
        .ok_or_else(|| Refusal::unknown(pointer, "the DID document is not known here, and none is fetched"))?;
    let document = json::parse(&document, MAX_DOCUMENT_BYTES)?;
    let root = document.root();
    if root.get("id").and_then(Node::as_str) != Some(did.as_str()) {
        return Err(Refusal::unproven(pointer, "the DID document is another DID's"));
    }
    let purposes = root.get(purpose.as_str()).and_then(Node::as_array).unwrap_or_default();
    let mut for_this = purposes.iter().filter(|node| names(node, method));
    let named = for_this.next().ok_or_else(|| {
        let message = format!("the DID document has no such method for {}", purpose.as_str());
        Refusal::unproven(pointer, message)
    })?;
    let methods = root
        .get("verificationMethod")
        .and_then(Node::as_array)
        .unwrap_or_default();
    let described = if named.as_object().is_some() {
        Some(named)
    } else {
        methods.iter().find(|node| names(node, method))
    };
    let key = described.filter(|node| node.get("controller").and_then(Node::as_str) == Some(did.as_str()));
    let key = key.filter(|node| node.get("type").and_then(Node::as_str) == Some("Multikey"));
    let key = key
        .and_then(|node| node.get("publicKeyMultibase"))
        .and_then(Node::as_str);
    let key =
        key.ok_or_else(|| Refusal::unproven(pointer, "the DID document has no Multikey of its own by this name"))?;
    PublicKey::from_multibase(key).map_err(|error| Refusal::unproven(pointer, error.to_string()))
}

fn names(node: &Node<'_>, method: &DidUrl) -> bool {
    node.as_str().or_else(|| node.get("id").and_then(Node::as_str)) == Some(method.as_str())
}
