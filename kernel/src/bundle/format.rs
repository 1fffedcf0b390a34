//! The evidence bundle on the wire, version 1: what stands where, and nothing else.
//!
//! ```text
//! {"anchors":      [{"consistency": [hash…], "root": hex, "size": n}…]      ascending by size
//!  "attestations": [{"signature", "signedBy", "statement": StateAttestation}…]
//!  "checkpoints":  [{"consistency": [hash…], "note": text}…]                ascending by size; the last is the head
//!  "consent":      hex
//!  "notices":      [notice…]
//!  "openings":     [{"index": n, "proof": [hash…], "record": {…}, "salt": base64}…]   ascending by index
//!  "origin":       text
//!  "type":         "EvidenceBundle"
//!  "version":      1}
//! ```
//! The bytes are RFC 8785 canonical, so records and notices are hashed where they stand, without being written anew.
//! Inclusion proofs lead to the head's root, consistency proofs to the head's tree.

use placet_schemas::id::{Digest, Origin};
use placet_schemas::json::{self, Document, Fault, FaultCode, Node};
use placet_schemas::statement::{Signed, StateAttestation};

use crate::form::{array, fault, hashes, list, members, salt as read_salt};
use crate::leaf::Salt;
use crate::merkle::Hash;

pub use crate::form::MAX_PROOF;

/// Largest bundle, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024 * 1024;
/// Most openings.
pub const MAX_OPENINGS: usize = 4096;
/// Most checkpoints, anchors, attestations, notices, each.
pub const MAX_PARTS: usize = 1024;
/// The value of the member `type`.
pub const BUNDLE_TYPE: &str = "EvidenceBundle";
/// The only known version.
pub const BUNDLE_VERSION: i64 = 1;

/// A bundle whose form is right. Nothing in it has been checked.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    pub(crate) document: &'a Document<'a>,
    pub(crate) origin: Origin,
    pub(crate) consent: Digest,
    pub(crate) openings: Vec<Opening<'a>>,
    pub(crate) checkpoints: Vec<CheckpointPart<'a>>,
    pub(crate) anchors: Vec<AnchorPart>,
    pub(crate) attestations: Vec<Signed<StateAttestation>>,
    pub(crate) notices: &'a [Node<'a>],
}

#[derive(Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) index: u64,
    pub(crate) salt: Salt,
    pub(crate) proof: Vec<Hash>,
    pub(crate) record: &'a Node<'a>,
}

#[derive(Debug)]
pub(crate) struct CheckpointPart<'a> {
    pub(crate) note: &'a str,
    pub(crate) consistency: Vec<Hash>,
}

#[derive(Debug)]
pub(crate) struct AnchorPart {
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) consistency: Vec<Hash>,
}

impl<'a> Unverified<'a> {
    /// Reads the form of a canonical document.
    pub(crate) fn read(document: &'a Document<'a>) -> Result<Self, Fault> {
        let root = document.root();
        // First, so that a newer format is told apart from a broken one.
        match root.get("version").and_then(Node::as_integer) {
            Some(BUNDLE_VERSION) | None => {}
            Some(_) => {
                return Err(fault(
                    "/version",
                    FaultCode::UnsupportedVersion,
                    "the only known version is 1",
                ));
            }
        }
        let [
            anchors,
            attestations,
            checkpoints,
            consent,
            notices,
            openings,
            origin,
            kind,
            _version,
        ] = members(
            root,
            [
                "anchors",
                "attestations",
                "checkpoints",
                "consent",
                "notices",
                "openings",
                "origin",
                "type",
                "version",
            ],
        )?;
        if kind.as_str() != Some(BUNDLE_TYPE) {
            return Err(fault("/type", FaultCode::InvalidValue, "the type is EvidenceBundle"));
        }
        Ok(Self {
            document,
            origin: json::decode(origin).map_err(|f| f.under("origin"))?,
            consent: json::decode(consent).map_err(|f| f.under("consent"))?,
            openings: list(openings, "openings", MAX_OPENINGS, opening)?,
            checkpoints: list(checkpoints, "checkpoints", MAX_PARTS, checkpoint)?,
            anchors: list(anchors, "anchors", MAX_PARTS, anchor)?,
            attestations: list(attestations, "attestations", MAX_PARTS, json::decode)?,
            notices: array(notices, MAX_PARTS).map_err(|f| f.under("notices"))?,
        })
    }
}

fn opening<'a>(node: &'a Node<'a>) -> Result<Opening<'a>, Fault> {
    let [index, proof, record, salt] = members(node, ["index", "proof", "record", "salt"])?;
    Ok(Opening {
        index: json::decode(index).map_err(|f| f.under("index"))?,
        salt: read_salt(salt).map_err(|f| f.under("salt"))?,
        proof: hashes(proof).map_err(|f| f.under("proof"))?,
        record,
    })
}

fn checkpoint<'a>(node: &'a Node<'a>) -> Result<CheckpointPart<'a>, Fault> {
    let [consistency, note] = members(node, ["consistency", "note"])?;
    let text = note
        .as_str()
        .ok_or_else(|| fault("/note", FaultCode::WrongType, "the note is a text"))?;
    Ok(CheckpointPart {
        note: text,
        consistency: hashes(consistency).map_err(|f| f.under("consistency"))?,
    })
}

fn anchor<'a>(node: &'a Node<'a>) -> Result<AnchorPart, Fault> {
    let [consistency, root, size] = members(node, ["consistency", "root", "size"])?;
    Ok(AnchorPart {
        size: json::decode(size).map_err(|f| f.under("size"))?,
        root: json::decode(root).map_err(|f| f.under("root"))?,
        consistency: hashes(consistency).map_err(|f| f.under("consistency"))?,
    })
}
