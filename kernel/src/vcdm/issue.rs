//! Making credentials that pass all that is asked of others.

use placet_schemas::id::DidUrl;
use placet_schemas::json::{self, Node};
use placet_schemas::time::Timestamp;

pub use super::proofs::Suite;

use super::document::{Draft, Version};
use super::identity::Purpose;
use super::json::{array, changed, each, object, string};
use super::proofs::{PROOF_TYPE, signing_input};
use super::refusal::{Code, Refusal};
use super::status::Entry;
use super::{MAX_DOCUMENT_BYTES, Surroundings};
use crate::jws;
use crate::sign::{Algorithm, SignError, Signer, proof_value};

/// The context that gives a proof's terms their meaning where the credential's own does not.
const DATA_INTEGRITY_CONTEXT: &str = "https://w3id.org/security/data-integrity/v2";

/// Signs a draft: the credential with its proof.
///
/// # Errors
/// What keeps the draft from being signed with this suite; a failing signer is [`Code::Unknown`].
pub fn secure(
    draft: &Draft,
    suite: Suite,
    created: Timestamp,
    method: &DidUrl,
    signer: &dyn Signer,
    surroundings: &dyn Surroundings,
) -> Result<Vec<u8>, Refusal> {
    if signer.algorithm() != Algorithm::Ed25519 {
        return Err(failed(&SignError::PublicKey));
    }
    let parsed = json::parse_canonical(&draft.bytes, MAX_DOCUMENT_BYTES)?;
    let document = match draft.version {
        Version::V2 => draft.bytes.clone(),
        Version::V1 => changed(parsed.root(), &[], &[("@context", with_proof_terms(parsed.root()))]),
    };
    let document = super::json::parse(&document)?;
    let root = document.root();
    let created = created.to_string();
    let mut options = vec![
        ("type", string(PROOF_TYPE)),
        ("cryptosuite", string(suite.as_str())),
        ("created", string(&created)),
        ("verificationMethod", string(method.as_str())),
        ("proofPurpose", string(Purpose::Assertion.as_str())),
    ];
    if suite == Suite::EddsaJcs2022 {
        // Data Integrity EdDSA section 3.3.1, step 4: what the proof is over says by which contexts.
        options.push(("@context", root.get("@context").map(Node::to_jcs).unwrap_or_default()));
    }
    let input = signing_input(suite, document.bytes(), &object(options.clone()), surroundings)?;
    let signature = signer.sign(&input).map_err(|error| failed(&error))?;
    let value = proof_value(&signature).map_err(|error| failed(&error))?;
    options.push(("proofValue", string(value.as_str())));
    Ok(changed(root, &[], &[("proof", object(options))]))
}

/// Signs a draft as a JWT in an `EnvelopedVerifiableCredential`.
///
/// # Errors
/// When the signer fails, and of a credential of version 1.1, which no media type is for.
pub fn envelop(draft: &Draft, method: &DidUrl, signer: &dyn Signer) -> Result<Vec<u8>, Refusal> {
    if draft.version == Version::V1 {
        return Err(Refusal::malformed(
            "/@context/0",
            "only a credential of version 2.0 is put in an envelope",
        ));
    }
    let token = jws::sign(&draft.bytes, "vc+jwt", method, signer).map_err(|error| failed(&error))?;
    Ok(object([
        ("@context", string("https://www.w3.org/ns/credentials/v2")),
        ("id", string(&format!("data:application/vc+jwt,{token}"))),
        ("type", string("EnvelopedVerifiableCredential")),
    ]))
}

/// The credential, in any spelling, with this entry beside the ones that it has.
///
/// # Errors
/// When it is no JSON object.
pub fn with_status(bytes: &[u8], entry: &Entry) -> Result<Vec<u8>, Refusal> {
    let bytes = super::json::canonical(bytes)?;
    let document = json::parse_canonical(&bytes, MAX_DOCUMENT_BYTES)?;
    let root = document.root();
    if root.as_object().is_none() {
        return Err(Refusal::malformed("", "a credential is an object"));
    }
    let own = object([
        ("id", string(&format!("{}#{}", entry.list, entry.index))),
        ("type", string("BitstringStatusListEntry")),
        ("statusPurpose", string(entry.purpose)),
        ("statusListIndex", string(&entry.index.to_string())),
        ("statusListCredential", string(&entry.list)),
    ]);
    let known = root
        .get("credentialStatus")
        .map(|node| each(node, ""))
        .unwrap_or_default();
    let mut all: Vec<Vec<u8>> = known.iter().map(|(node, _)| node.to_jcs()).collect();
    all.push(own);
    let status = match all.as_slice() {
        [only] => only.clone(),
        several => array(several),
    };
    Ok(changed(root, &[], &[("credentialStatus", status)]))
}

fn with_proof_terms(root: &Node<'_>) -> Vec<u8> {
    let known = root.get("@context").map(|node| each(node, "")).unwrap_or_default();
    let mut all: Vec<Vec<u8>> = known.iter().map(|(node, _)| node.to_jcs()).collect();
    let own = string(DATA_INTEGRITY_CONTEXT);
    if !all.contains(&own) {
        all.push(own);
    }
    array(&all)
}

fn failed(error: &SignError) -> Refusal {
    Refusal::new(Code::Unknown, "", format!("the credential cannot be signed: {error}"))
}
