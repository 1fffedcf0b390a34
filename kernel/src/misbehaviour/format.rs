//! The misbehaviour file on the wire, version 1: what stands where, and nothing else.
//!
//! ```text
//! {"ground":     {"is": …}
//!  "kind":       "fork" | "feedFork" | "acknowledgementAgainstHead" | "attestationAgainstEvent"
//!  "origin":     text
//!  "statements": [{"note": text} | {"signature", "signedBy", "statement": {"type": …}}…]
//!  "type":       "Misbehaviour"
//!  "version":    1}
//!
//! fork, feedFork               {"consistency": [hash…], "is": "prefix", "root": hex}
//!                              {"index": n, "is": "leaf", "leaves": [{"leafHash": hex, "proof": [hash…]}, {…}]}
//! feedFork                     {"is": "shrunk"}
//! acknowledgementAgainstHead   {"is": "missing"}
//!                              {"is": "swapped", "leafHash": hex, "proof": [hash…]}
//! attestationAgainstEvent      {"is": "stated"}
//!                              {"index": n, "is": "opened", "proof": [hash…], "record": {…}, "salt": base64}
//! ```
//! The bytes are RFC 8785 canonical. Statements are two; only beside "opened" one may stand alone.

use placet_schemas::id::Digest;
use placet_schemas::json::{self, Document, Fault, FaultCode, Node};
use placet_schemas::record::MAX_RECORD_BYTES;

use super::accusation::{
    Accusation, Claim, Difference, Event, FeedDifference, Gap, Kind, LeafProof, Opening, Statement,
};
use crate::form::{fault, hashes, list, members, salt};
use crate::merkle::Hash;

/// Largest misbehaviour file, in bytes: a record, two notes of 128 KiB, and what stands around them.
pub const MAX_MISBEHAVIOUR_BYTES: usize = MAX_RECORD_BYTES + 320 * 1024;
/// The value of the member `type`.
pub const MISBEHAVIOUR_TYPE: &str = "Misbehaviour";
/// The only known version.
pub const MISBEHAVIOUR_VERSION: i64 = 1;
/// How many statements a file holds at most.
const MAX_STATEMENTS: usize = 2;

/// Reads the form of a canonical document. Nothing in it has been checked.
pub(super) fn read(document: &Document<'_>) -> Result<Accusation, Fault> {
    let root = document.root();
    // First, so that a newer format is told apart from a broken one.
    if root
        .get("version")
        .and_then(Node::as_integer)
        .is_some_and(|version| version != MISBEHAVIOUR_VERSION)
    {
        let why = "the only known version is 1";
        return Err(fault("/version", FaultCode::UnsupportedVersion, why));
    }
    let names = ["ground", "kind", "origin", "statements", "type", "version"];
    let [ground, kind, origin, statements, r#type, _version] = members(root, names)?;
    if r#type.as_str() != Some(MISBEHAVIOUR_TYPE) {
        return Err(fault("/type", FaultCode::InvalidValue, "the type is Misbehaviour"));
    }
    let kind = Kind::ALL
        .into_iter()
        .find(|known| kind.as_str() == Some(known.as_str()));
    let kind = kind.ok_or_else(|| fault("/kind", FaultCode::InvalidValue, "not a known kind of misbehaviour"))?;
    let origin = json::decode(origin).map_err(|f| f.under("origin"))?;
    let statements = list(statements, "statements", MAX_STATEMENTS, statement)?;
    let is = ground.get("is").and_then(Node::as_str).unwrap_or_default();
    let claim = match kind {
        Kind::Fork => fork(statements, is, ground)?,
        Kind::FeedFork => feed_fork(statements, is, ground)?,
        Kind::AcknowledgementAgainstHead => gap(statements, is, ground)?,
        Kind::AttestationAgainstEvent => denial(document, statements, is, ground)?,
    };
    Ok(Accusation { origin, claim })
}

fn fork(statements: Vec<Statement>, is: &str, ground: &Node<'_>) -> Result<Claim, Fault> {
    let views: [Statement; 2] = statements.try_into().map_err(|_| wrong_statements())?;
    Ok(Claim::Fork {
        views: Box::new(views),
        ground: difference(is, ground)?,
    })
}

fn feed_fork(statements: Vec<Statement>, is: &str, ground: &Node<'_>) -> Result<Claim, Fault> {
    let ground = if is == "shrunk" {
        only_is(ground)?;
        FeedDifference::Shrunk
    } else {
        FeedDifference::Tree(difference(is, ground)?)
    };
    match <[Statement; 2]>::try_from(statements) {
        Ok([Statement::FeedHead(first), Statement::FeedHead(second)]) => Ok(Claim::FeedFork {
            heads: Box::new([first, second]),
            ground,
        }),
        _ => Err(wrong_statements()),
    }
}

fn gap(statements: Vec<Statement>, is: &str, ground: &Node<'_>) -> Result<Claim, Fault> {
    let ground = match is {
        "missing" => {
            only_is(ground)?;
            Gap::Missing
        }
        "swapped" => {
            let [_is, leaf_hash, proof] = members(ground, ["is", "leafHash", "proof"]).map_err(in_ground)?;
            Gap::Swapped(leaf_proof(leaf_hash, proof).map_err(in_ground)?)
        }
        _ => return Err(wrong_ground()),
    };
    match <[Statement; 2]>::try_from(statements) {
        Ok([Statement::Acknowledgement(acknowledgement), Statement::FeedHead(head)]) => {
            Ok(Claim::AcknowledgementAgainstHead {
                acknowledgement: Box::new(acknowledgement),
                head: Box::new(head),
                ground,
            })
        }
        _ => Err(wrong_statements()),
    }
}

fn denial(document: &Document<'_>, statements: Vec<Statement>, is: &str, ground: &Node<'_>) -> Result<Claim, Fault> {
    let mut statements = statements.into_iter();
    let attestation = statements.next().ok_or_else(wrong_statements)?;
    let event = match (is, statements.next()) {
        ("stated", Some(statement)) => {
            only_is(ground)?;
            Event::Stated(statement)
        }
        ("opened", view) => Event::Opened {
            opening: opening(document, ground).map_err(in_ground)?,
            view,
        },
        ("stated", None) => return Err(wrong_statements()),
        _ => return Err(wrong_ground()),
    };
    Ok(Claim::AttestationAgainstEvent {
        attestation: Box::new(attestation),
        event: Box::new(event),
    })
}

fn difference(is: &str, ground: &Node<'_>) -> Result<Difference, Fault> {
    match is {
        "prefix" => {
            let [consistency, _is, root] = members(ground, ["consistency", "is", "root"]).map_err(in_ground)?;
            Ok(Difference::Prefix {
                root: hex(root).map_err(|f| in_ground(f.under("root")))?,
                consistency: hashes(consistency).map_err(|f| in_ground(f.under("consistency")))?,
            })
        }
        "leaf" => {
            let [index, _is, leaves] = members(ground, ["index", "is", "leaves"]).map_err(in_ground)?;
            let both = list(leaves, "leaves", 2, |leaf| {
                let [leaf_hash, proof] = members(leaf, ["leafHash", "proof"])?;
                leaf_proof(leaf_hash, proof)
            });
            let two = || {
                fault(
                    "/ground/leaves",
                    FaultCode::InvalidValue,
                    "there is a leaf for each statement",
                )
            };
            Ok(Difference::Leaf {
                index: json::decode(index).map_err(|f| in_ground(f.under("index")))?,
                leaves: both.map_err(in_ground)?.try_into().map_err(|_| two())?,
            })
        }
        _ => Err(wrong_ground()),
    }
}

/// A note, or a statement of the kind that its `type` says.
fn statement(node: &Node<'_>) -> Result<Statement, Fault> {
    if let Some(note) = node.get("note") {
        members(node, ["note"])?;
        let text = note.as_str();
        let text = text.ok_or_else(|| fault("/note", FaultCode::WrongType, "the note is a text"))?;
        return Ok(Statement::Checkpoint(text.to_owned()));
    }
    match node.pointer("/statement/type").and_then(Node::as_str) {
        Some("Acknowledgement") => json::decode(node).map(Statement::Acknowledgement),
        Some("StateAttestation") => json::decode(node).map(Statement::StateAttestation),
        Some("FeedHead") => json::decode(node).map(Statement::FeedHead),
        _ => {
            let why = "neither a note nor an operator's statement of a known type";
            Err(fault("", FaultCode::InvalidValue, why))
        }
    }
}

fn opening(document: &Document<'_>, ground: &Node<'_>) -> Result<Opening, Fault> {
    let names = ["index", "is", "proof", "record", "salt"];
    let [index, _is, proof, record, salt_text] = members(ground, names)?;
    Ok(Opening {
        index: json::decode(index).map_err(|f| f.under("index"))?,
        salt: salt(salt_text).map_err(|f| f.under("salt"))?,
        // As it stands: to write it anew could change what its digest is of.
        record: document.bytes().get(record.span()).unwrap_or_default().to_vec(),
        proof: hashes(proof).map_err(|f| f.under("proof"))?,
    })
}

fn leaf_proof(leaf_hash: &Node<'_>, proof: &Node<'_>) -> Result<LeafProof, Fault> {
    Ok(LeafProof {
        leaf_hash: hex(leaf_hash).map_err(|f| f.under("leafHash"))?,
        proof: hashes(proof).map_err(|f| f.under("proof"))?,
    })
}

fn hex(node: &Node<'_>) -> Result<Hash, Fault> {
    let digest: Digest = json::decode(node)?;
    Ok(Hash::new(*digest.as_bytes()))
}

fn only_is(ground: &Node<'_>) -> Result<(), Fault> {
    members(ground, ["is"]).map(drop).map_err(in_ground)
}

fn in_ground(fault: Fault) -> Fault {
    fault.under("ground")
}

fn wrong_ground() -> Fault {
    let why = "a ground that does not belong to this kind of misbehaviour";
    fault("/ground/is", FaultCode::InvalidValue, why)
}

fn wrong_statements() -> Fault {
    let why = "not the statements that belong to this kind of misbehaviour";
    fault("/statements", FaultCode::InvalidValue, why)
}

/// Whether these are the bytes of a misbehaviour file, of any version: for programs that take files of more than one type.
#[must_use]
pub fn is_misbehaviour(bytes: &[u8]) -> bool {
    let document = json::parse(bytes, MAX_MISBEHAVIOUR_BYTES);
    let named = |document: &Document<'_>| document.root().get("type").and_then(Node::as_str) == Some(MISBEHAVIOUR_TYPE);
    document.is_ok_and(|document| named(&document))
}
