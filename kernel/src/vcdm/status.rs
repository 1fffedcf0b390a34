//! `credentialStatus`: entries of Bitstring Status List v1.0, and whether they are set.

use placet_schemas::json::{self, Node};

use super::refusal::{Code, Refusal};
use super::shape::{self, missing};
use super::{MAX_DOCUMENT_BYTES, MAX_ITEMS, Policy, presentation};
use crate::status::Bits;

/// The type of an entry.
const ENTRY: &str = "BitstringStatusListEntry";
/// The type of a list.
const LIST: &str = "BitstringStatusListCredential";
/// Largest size of one status, in bits.
const MAX_STATUS_BITS: i64 = 8;

/// A place in a list that whoever issues a credential gives to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What a set bit says: `revocation` or `suspension`.
    pub purpose: &'static str,
    /// The place.
    pub index: u64,
    /// The list.
    pub list: String,
}

/// An entry's form (section 2.1). Types that are not known here have the form that VCDM gives them.
pub(super) fn check(node: &Node<'_>, pointer: &str) -> Result<(), Refusal> {
    if !shape::types(node, pointer)?.contains(&ENTRY) {
        return Ok(());
    }
    let at = |member: &str| format!("{pointer}/{member}");
    let need = |member: &str| {
        node.get(member)
            .ok_or_else(|| missing(pointer, member, "is part of an entry"))
    };
    shape::string(need("statusPurpose")?, &at("statusPurpose"))?;
    index(need("statusListIndex")?, &at("statusListIndex"))?;
    let list = shape::url(need("statusListCredential")?, &at("statusListCredential"))?;
    if shape::id(node, pointer)? == Some(list) {
        return Err(Refusal::malformed(
            at("id"),
            "an entry is not the list that it is in; leave its id out",
        ));
    }
    let size = node.get("statusSize").map_or(Some(1), Node::as_integer);
    let size = size.filter(|size| (1..=MAX_STATUS_BITS).contains(size));
    let size = size.ok_or_else(|| Refusal::malformed(at("statusSize"), "a status has 1 to 8 bits"))?;
    let messages = shape_of_messages(node, pointer)?;
    if messages.is_none() && size > 1 || messages.is_some_and(|count| count != 1 << size) {
        let message = "there is one message for each value that the status can have";
        return Err(Refusal::malformed(at("statusMessage"), message));
    }
    if let Some(reference) = node.get("statusReference") {
        for (node, pointer) in super::json::each(reference, &at("statusReference")) {
            shape::url(node, &pointer)?;
        }
    }
    Ok(())
}

/// Whether the entries of a credential that this issuer made allow it to count (section 3.2).
pub(super) fn in_force(credential: &Node<'_>, issuer: &str, policy: &Policy<'_>) -> Result<(), Refusal> {
    for (entry, pointer) in shape::things(credential, "credentialStatus", false)? {
        let unknown = |message: &str| Refusal::unknown(pointer.as_str(), message);
        if !shape::types(entry, &pointer)?.contains(&ENTRY) || entry.get("statusSize").is_some() {
            return Err(unknown(
                "only a BitstringStatusListEntry of one bit can be looked up here",
            ));
        }
        let text = |member: &str| entry.get(member).and_then(Node::as_str).unwrap_or_default();
        let list = policy.surroundings.status_list(text("statusListCredential"));
        let list = list.ok_or_else(|| unknown("the status list is not known here, and none is fetched"))?;
        let at = format!("{pointer}/statusListCredential");
        let bits = read(&list, issuer, text("statusPurpose"), policy).map_err(|error| error.below(&at))?;
        let place = index(entry.get("statusListIndex").unwrap_or(entry), &pointer)?;
        match bits.get(place) {
            Ok(false) => {}
            Ok(true) => {
                return Err(Refusal::new(
                    Code::NotInForce,
                    pointer,
                    "the status of the credential is set",
                ));
            }
            Err(error) => return Err(Refusal::malformed(pointer, error.to_string())),
        }
    }
    Ok(())
}

fn read(list: &[u8], issuer: &str, purpose: &str, policy: &Policy<'_>) -> Result<Bits, Refusal> {
    let bytes = super::json::canonical(list)?;
    let document = json::parse_canonical(&bytes, MAX_DOCUMENT_BYTES)?;
    let root = document.root();
    // Before the proof: a list that has a status itself would send the verifier in circles.
    if root.get("credentialStatus").is_some() {
        return Err(Refusal::malformed("/credentialStatus", "a status list has no status"));
    }
    let verdict = presentation::secured(root, policy)?;
    shape::typed(root, "", LIST)?;
    if verdict.by.as_deref() != Some(issuer) {
        return Err(Refusal::unproven(
            "/issuer",
            "the list is by another issuer than the credential",
        ));
    }
    let subject = root
        .get("credentialSubject")
        .and_then(|subject| subject.get("encodedList"));
    let purposes = root.pointer("/credentialSubject/statusPurpose");
    let purposes = purposes.map(|node| super::json::each(node, "")).unwrap_or_default();
    if !purposes.iter().any(|(node, _)| node.as_str() == Some(purpose)) {
        let message = "the list is for another purpose than the entry";
        return Err(Refusal::malformed("/credentialSubject/statusPurpose", message));
    }
    let encoded = subject.and_then(Node::as_str).unwrap_or_default();
    let wrong =
        |error: crate::status::StatusError| Refusal::malformed("/credentialSubject/encodedList", error.to_string());
    Bits::from_bitstring(encoded).map_err(wrong)
}

fn index(node: &Node<'_>, pointer: &str) -> Result<u64, Refusal> {
    let number = node
        .as_str()
        .and_then(|text| text.parse::<u64>().ok().filter(|n| n.to_string() == text));
    number.ok_or_else(|| Refusal::malformed(pointer, "an index is a string of decimal digits"))
}

fn shape_of_messages(node: &Node<'_>, pointer: &str) -> Result<Option<usize>, Refusal> {
    let Some(messages) = node.get("statusMessage") else {
        return Ok(None);
    };
    let says = |node: &Node<'_>| {
        ["status", "message"]
            .iter()
            .all(|name| node.get(name).and_then(Node::as_str).is_some())
    };
    match messages.as_array() {
        Some(all) if all.len() <= MAX_ITEMS && all.iter().all(says) => Ok(Some(all.len())),
        _ => {
            let at = format!("{pointer}/statusMessage");
            Err(Refusal::malformed(
                at,
                "this is an array of objects with status and message",
            ))
        }
    }
}
