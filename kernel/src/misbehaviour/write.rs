//! Writing a misbehaviour file. Whoever writes one has judged nothing: only [`super::verify`] does.

use placet_schemas::json::{self, JcsError};
use serde::Serialize;

use super::accusation::{Accusation, Claim, Difference, Event, FeedDifference, Gap, LeafProof, Opening, Statement};
use super::format::{MISBEHAVIOUR_TYPE, MISBEHAVIOUR_VERSION};
use crate::form::{digest, member, salt_text, texts, write_array};

impl Accusation {
    /// The canonical bytes.
    ///
    /// # Errors
    /// When a part has no canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JcsError> {
        let mut out = Vec::new();
        let statements = self.claim.statements();
        member(&mut out, "{", "ground", &write_ground(&self.claim)?);
        member(&mut out, ",", "kind", &json::to_jcs(self.claim.kind().as_str())?);
        member(&mut out, ",", "origin", &json::to_jcs(&self.origin)?);
        let statements = write_array(statements.iter().map(write_statement))?;
        member(&mut out, ",", "statements", &statements);
        member(&mut out, ",", "type", &json::to_jcs(MISBEHAVIOUR_TYPE)?);
        member(&mut out, ",", "version", &json::to_jcs(&MISBEHAVIOUR_VERSION)?);
        out.push(b'}');
        Ok(out)
    }
}

fn write_statement(statement: &Statement) -> Result<Vec<u8>, JcsError> {
    match statement {
        Statement::Checkpoint(note) => json::to_jcs(&NoteOut { note }),
        Statement::Acknowledgement(signed) => json::to_jcs(signed),
        Statement::StateAttestation(signed) => json::to_jcs(signed),
        Statement::FeedHead(signed) => json::to_jcs(signed),
    }
}

fn write_ground(claim: &Claim) -> Result<Vec<u8>, JcsError> {
    match claim {
        Claim::Fork { ground, .. }
        | Claim::FeedFork {
            ground: FeedDifference::Tree(ground),
            ..
        } => json::to_jcs(&difference(ground)),
        Claim::FeedFork {
            ground: FeedDifference::Shrunk,
            ..
        } => json::to_jcs(&GroundOut::Shrunk),
        Claim::AcknowledgementAgainstHead { ground, .. } => json::to_jcs(&match ground {
            Gap::Missing => GroundOut::Missing,
            Gap::Swapped(leaf) => GroundOut::Swapped(LeafOut::from(leaf)),
        }),
        Claim::AttestationAgainstEvent { event, .. } => match event.as_ref() {
            Event::Stated(_) => json::to_jcs(&GroundOut::Stated),
            Event::Opened { opening, .. } => write_opening(opening),
        },
    }
}

fn difference(ground: &Difference) -> GroundOut {
    match ground {
        Difference::Prefix { root, consistency } => GroundOut::Prefix {
            consistency: texts(consistency),
            root: digest(root),
        },
        Difference::Leaf { index, leaves } => GroundOut::Leaf {
            index: *index,
            leaves: leaves.each_ref().map(LeafOut::from),
        },
    }
}

/// The record is copied as it stands.
fn write_opening(opening: &Opening) -> Result<Vec<u8>, JcsError> {
    let mut out = Vec::with_capacity(opening.record.len() + 64 * opening.proof.len() + 128);
    member(&mut out, "{", "index", &json::to_jcs(&opening.index)?);
    member(&mut out, ",", "is", &json::to_jcs("opened")?);
    member(&mut out, ",", "proof", &json::to_jcs(&texts(&opening.proof))?);
    member(&mut out, ",", "record", &opening.record);
    member(&mut out, ",", "salt", &json::to_jcs(&salt_text(&opening.salt))?);
    out.push(b'}');
    Ok(out)
}

#[derive(Serialize)]
struct NoteOut<'a> {
    note: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "is", rename_all = "camelCase")]
enum GroundOut {
    Prefix {
        consistency: Vec<String>,
        root: placet_schemas::id::Digest,
    },
    Leaf {
        index: u64,
        leaves: [LeafOut; 2],
    },
    Shrunk,
    Missing,
    Swapped(LeafOut),
    Stated,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeafOut {
    leaf_hash: placet_schemas::id::Digest,
    proof: Vec<String>,
}

impl From<&LeafProof> for LeafOut {
    fn from(leaf: &LeafProof) -> Self {
        Self {
            leaf_hash: digest(&leaf.leaf_hash),
            proof: texts(&leaf.proof),
        }
    }
}
