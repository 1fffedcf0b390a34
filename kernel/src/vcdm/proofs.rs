//! Proofs of Data Integrity 1.0: sets, in which all have to hold, and chains, in which each is also over those before it.

use std::collections::BTreeMap;

use placet_schemas::id::DidUrl;
use placet_schemas::json::Node;
use placet_schemas::record::{Cryptosuite, ProofValue};
use sha2::{Digest as _, Sha256};

use super::identity::{self, Purpose};
use super::json::{array, changed, each};
use super::refusal::Refusal;
use super::shape::{self, missing};
use super::text::Moment;
use super::{MAX_PROOFS, Policy, Surroundings};
use crate::keys;

/// The type of all proofs of Data Integrity's suites.
pub(super) const PROOF_TYPE: &str = "DataIntegrityProof";

/// The suites that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Ed25519 over RFC 8785 bytes.
    EddsaJcs2022,
    /// Ed25519 over canonical RDF.
    EddsaRdfc2022,
}

impl Suite {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::EddsaJcs2022, Self::EddsaRdfc2022]
            .into_iter()
            .find(|suite| suite.as_str() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
        }
    }
}

/// A proof whose form is right.
struct Proof<'n, 'a> {
    node: &'n Node<'a>,
    pointer: String,
    id: Option<&'n str>,
    suite: Suite,
    method: DidUrl,
    value: ProofValue,
    /// The ids of the proofs that it is also over.
    after: Vec<&'n str>,
}

/// Checks all proofs of a document, of which there must be one; gives the DIDs whose keys made them.
pub(super) fn check(root: &Node<'_>, purpose: Purpose, policy: &Policy<'_>) -> Result<Vec<String>, Refusal> {
    let proof = root
        .get("proof")
        .ok_or_else(|| missing("", "proof", "shows whose word it is"))?;
    let nodes = each(proof, "/proof");
    if nodes.is_empty() || nodes.len() > MAX_PROOFS {
        return Err(Refusal::malformed(
            "/proof",
            format!("there are 1 to {MAX_PROOFS} proofs"),
        ));
    }
    let read = |(node, pointer)| read(node, pointer, purpose, policy);
    let proofs = nodes.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut ids = BTreeMap::new();
    for proof in &proofs {
        if proof.id.is_some_and(|id| ids.insert(id, proof).is_some()) {
            let at = format!("{}/id", proof.pointer);
            return Err(Refusal::malformed(
                at,
                "two proofs have this id; which comes before another cannot be said",
            ));
        }
    }
    ordered(&proofs, &ids)?;
    let mut by = Vec::new();
    for proof in &proofs {
        let before = proof
            .after
            .iter()
            .filter_map(|id| ids.get(id))
            .map(|proof| proof.node.to_jcs());
        let before: Vec<Vec<u8>> = before.collect();
        let with = if before.is_empty() {
            vec![]
        } else {
            vec![("proof", array(&before))]
        };
        let document = changed(root, &["proof"], &with);
        let options = changed(proof.node, &["proofValue"], &[]);
        let input = signing_input(proof.suite, &document, &options, policy.surroundings);
        let input = input.map_err(|error| of(error, proof))?;
        let at = format!("{}/verificationMethod", proof.pointer);
        let key = identity::key(&proof.method, purpose, &at, policy.surroundings)?;
        // To the kernel a suite is the algorithm of its key; both EdDSA suites sign such an input with Ed25519.
        keys::verify_proof(Cryptosuite::EddsaJcs2022, &input, &proof.value, &key)
            .map_err(|error| Refusal::unproven(format!("{}/proofValue", proof.pointer), error.to_string()))?;
        by.push(proof.method.did_str().to_owned());
    }
    Ok(by)
}

/// What a key signs of a document, in which the proofs before this one are, and of the proof's options.
pub(super) fn signing_input(
    suite: Suite,
    document: &[u8],
    options: &[u8],
    surroundings: &dyn Surroundings,
) -> Result<[u8; 64], Refusal> {
    if suite == Suite::EddsaRdfc2022 {
        return surroundings.linked_input(document, options);
    }
    let (document, options) = (super::json::parse(document)?, super::json::parse(options)?);
    // Section 3.3.2, step 4, lets a document gain contexts behind those of the proof. Nobody has signed them, and they can
    // give what was signed another meaning: here both are the same.
    let own = options.root().get("@context").map(Node::to_jcs);
    if own.is_some() && own != document.root().get("@context").map(Node::to_jcs) {
        let message = "the proof is over other contexts than the document has";
        return Err(Refusal::unproven("/@context", message));
    }
    let mut input = [0; 64];
    input[..32].copy_from_slice(&Sha256::digest(options.bytes()));
    input[32..].copy_from_slice(&Sha256::digest(document.bytes()));
    Ok(input)
}

fn read<'n, 'a>(
    node: &'n Node<'a>,
    pointer: String,
    purpose: Purpose,
    policy: &Policy<'_>,
) -> Result<Proof<'n, 'a>, Refusal> {
    if node.as_object().is_none() {
        return Err(Refusal::malformed(pointer, "a proof is an object"));
    }
    let at = |member: &str| format!("{pointer}/{member}");
    let need = |member: &str| {
        let value = node
            .get(member)
            .ok_or_else(|| missing(&pointer, member, "is part of a proof"))?;
        shape::string(value, &at(member))
    };
    if need("type")? != PROOF_TYPE {
        return Err(Refusal::unknown(
            at("type"),
            format!("only a {PROOF_TYPE} is known here"),
        ));
    }
    let suite = Suite::named(need("cryptosuite")?);
    let suite = suite
        .ok_or_else(|| Refusal::unknown(at("cryptosuite"), "eddsa-jcs-2022 and eddsa-rdfc-2022 are known here"))?;
    if need("proofPurpose")? != purpose.as_str() {
        let message = format!("the proof is not made for {}", purpose.as_str());
        return Err(Refusal::unproven(at("proofPurpose"), message));
    }
    let method = need("verificationMethod")?.parse();
    let method =
        method.map_err(|_| Refusal::unknown(at("verificationMethod"), "this is no method of a did:key or did:web"))?;
    let value = ProofValue::try_from(need("proofValue")?.to_owned());
    let value = value.map_err(|_| Refusal::unproven(at("proofValue"), "this is not z and 64 bytes in base58-btc"))?;
    shape::moment(node, &pointer, "created")?;
    if shape::moment(node, &pointer, "expires")?.is_some_and(|end| Moment::of(policy.now) > end) {
        return Err(Refusal::unproven(at("expires"), "the proof has expired"));
    }
    asked(node, "domain", policy.domain, &pointer)?;
    asked(node, "challenge", policy.challenge, &pointer)?;
    let id = shape::id(node, &pointer)?;
    let after = match node.get("previousProof") {
        None => Vec::new(),
        Some(value) => {
            let all = each(value, &at("previousProof"));
            let all = all.into_iter().map(|(node, pointer)| shape::url(node, &pointer));
            all.collect::<Result<Vec<_>, _>>()?
        }
    };
    if node.get("previousProof").is_some() && (after.is_empty() || after.len() > MAX_PROOFS) {
        return Err(Refusal::malformed(
            at("previousProof"),
            "this is the id of a proof, or an array of them",
        ));
    }
    Ok(Proof {
        node,
        id,
        suite,
        method,
        value,
        after,
        pointer,
    })
}

/// What the verifier asked for has to be among what the proof is for.
fn asked(node: &Node<'_>, member: &str, wanted: Option<&str>, pointer: &str) -> Result<(), Refusal> {
    let at = format!("{pointer}/{member}");
    let said = node.get(member).map(|value| each(value, &at)).unwrap_or_default();
    let said = said
        .iter()
        .map(|(node, pointer)| shape::string(node, pointer))
        .collect::<Result<Vec<_>, _>>()?;
    if member == "challenge" && node.get(member).is_some_and(|node| node.as_str().is_none()) {
        return Err(Refusal::malformed(at, "a challenge is one string"));
    }
    match wanted {
        Some(wanted) if !said.contains(&wanted) => Err(Refusal::unproven(
            at,
            format!("the proof is not for the {member} that was asked for"),
        )),
        _ => Ok(()),
    }
}

/// Every proof that is named is there, and none comes before itself.
fn ordered(proofs: &[Proof<'_, '_>], ids: &BTreeMap<&str, &Proof<'_, '_>>) -> Result<(), Refusal> {
    for proof in proofs {
        let at = format!("{}/previousProof", proof.pointer);
        let mut reached = proof.after.clone();
        let mut next = 0;
        while let Some(id) = reached.get(next).copied() {
            next += 1;
            let before = ids
                .get(id)
                .ok_or_else(|| Refusal::unproven(at.as_str(), "there is no proof with this id"))?;
            if core::ptr::eq(*before, proof) {
                return Err(Refusal::unproven(at, "a proof comes before itself"));
            }
            for id in &before.after {
                if !reached.contains(id) {
                    reached.push(id);
                }
            }
        }
    }
    Ok(())
}

/// The linked data's pointers know of one proof, which is this one.
fn of(error: Refusal, proof: &Proof<'_, '_>) -> Refusal {
    match error.pointer.strip_prefix("/proof") {
        Some(rest) => Refusal::new(error.code, format!("{}{rest}", proof.pointer), error.message),
        None => error,
    }
}
