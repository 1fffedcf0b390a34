//! The evidence bundle on the wire, version 1: what stands where, and nothing else.
//!
//! ```text
//! {"anchors":      [{"consistency": [hash…], "root": hex, "size": n}…]      ascending by size
//!  "attestations": [{"signature", "signedBy", "statement": StateAttestation}…]
//!  "checkpoints":  [{"consistency": [hash…], "note": text}…]                ascending by size; the last is the head
//!  "consent":      hex
//!  "decisions":    [{"authorization": JWS, "batch": {…}, "consistency": [hash…], "decision": JWS}…]   left out when there is none
//!  "notices":      [notice…]
//!  "openings":     [{"index": n, "proof": [hash…], "record": {…}, "salt": base64}…]   ascending by index
//!  "origin":       text
//!  "type":         "EvidenceBundle"
//!  "version":      1}
//! ```
//! A decision's `batch` is {"entryProof": [hash…], "index": n, "proof": [hash…], "record": {…}, "salt": base64, "seq": n}: the
//! opening of the AccessBatch, and the decision's place in it. It and `consistency`, from the decision's head to the bundle's,
//! may be left out.
//!
//! The bytes are RFC 8785 canonical, so records and notices are hashed where they stand, without being written anew.
//! Inclusion proofs lead to the head's root, consistency proofs to the head's tree.

use placet_schemas::id::{Digest, Origin};
use placet_schemas::json::{self, Document, Fault, FaultCode, Node};
use placet_schemas::statement::{Signed, StateAttestation};

use crate::form::{array, fault, hashes, list, members, members_with, salt as read_salt};
use crate::leaf::Salt;
use crate::merkle::Hash;

pub use crate::form::MAX_PROOF;

/// Largest bundle, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 32 * 1024 * 1024;
/// Most openings.
pub const MAX_OPENINGS: usize = 4096;
/// Most checkpoints, anchors, attestations, notices, decisions, each.
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
    pub(crate) decisions: Vec<DecisionPart<'a>>,
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

#[derive(Debug)]
pub(crate) struct DecisionPart<'a> {
    pub(crate) authorization: &'a str,
    pub(crate) decision: &'a str,
    /// Not empty.
    pub(crate) consistency: Option<Vec<Hash>>,
    pub(crate) batch: Option<BatchPart<'a>>,
}

#[derive(Debug)]
pub(crate) struct BatchPart<'a> {
    pub(crate) opening: Opening<'a>,
    pub(crate) seq: u64,
    pub(crate) entry_proof: Vec<Hash>,
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
        let names = [
            "anchors",
            "attestations",
            "checkpoints",
            "consent",
            "notices",
            "openings",
            "origin",
            "type",
            "version",
        ];
        let (required, [decisions]) = members_with(root, names, ["decisions"])?;
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
        ] = required;
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
            decisions: decisions.map_or(Ok(Vec::new()), read_decisions)?,
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

fn read_decisions<'a>(node: &'a Node<'a>) -> Result<Vec<DecisionPart<'a>>, Fault> {
    let decisions = list(node, "decisions", MAX_PARTS, decision)?;
    if decisions.is_empty() {
        let why = "without decisions this member is left out";
        return Err(fault("/decisions", FaultCode::InvalidValue, why));
    }
    Ok(decisions)
}

fn decision<'a>(node: &'a Node<'a>) -> Result<DecisionPart<'a>, Fault> {
    let ([authorization, decision], [batch, consistency]) =
        members_with(node, ["authorization", "decision"], ["batch", "consistency"])?;
    let consistency = consistency
        .map(hashes)
        .transpose()
        .map_err(|f| f.under("consistency"))?;
    if consistency.as_ref().is_some_and(Vec::is_empty) {
        let why = "a proof without hashes is left out";
        return Err(fault("/consistency", FaultCode::InvalidValue, why));
    }
    Ok(DecisionPart {
        authorization: text(authorization).map_err(|f| f.under("authorization"))?,
        decision: text(decision).map_err(|f| f.under("decision"))?,
        consistency,
        batch: batch.map(batch_part).transpose().map_err(|f| f.under("batch"))?,
    })
}

fn batch_part<'a>(node: &'a Node<'a>) -> Result<BatchPart<'a>, Fault> {
    let names = ["entryProof", "index", "proof", "record", "salt", "seq"];
    let [entry_proof, index, proof, record, salt, seq] = members(node, names)?;
    Ok(BatchPart {
        opening: Opening {
            index: json::decode(index).map_err(|f| f.under("index"))?,
            salt: read_salt(salt).map_err(|f| f.under("salt"))?,
            proof: hashes(proof).map_err(|f| f.under("proof"))?,
            record,
        },
        seq: json::decode(seq).map_err(|f| f.under("seq"))?,
        entry_proof: hashes(entry_proof).map_err(|f| f.under("entryProof"))?,
    })
}

fn text<'a>(node: &'a Node<'a>) -> Result<&'a str, Fault> {
    node.as_str()
        .ok_or_else(|| fault("", FaultCode::WrongType, "a text is wanted here"))
}
