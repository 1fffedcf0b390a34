//! Writing a bundle. Whoever writes one has judged nothing: only [`super::verify`] does.

use placet_schemas::id::{Digest, Origin};
use placet_schemas::json::{self, JcsError};
use placet_schemas::statement::{Signed, StateAttestation};
use serde::Serialize;

use super::format::{BUNDLE_TYPE, BUNDLE_VERSION};
use crate::form::{digest, member, salt_text, texts, write_array};
use crate::leaf::Salt;
use crate::merkle::Hash;

/// All that goes into a bundle.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The log.
    pub origin: Origin,
    /// The consent.
    pub consent: Digest,
    /// Canonical bytes of the notices that were shown.
    pub notices: Vec<Vec<u8>>,
    /// The openings, in any order.
    pub openings: Vec<OpeningEvidence>,
    /// The checkpoints, ascending by size; the last is the head.
    pub checkpoints: Vec<CheckpointEvidence>,
    /// The anchors of the records that need a proof: not of size 0, and not the head.
    pub anchors: Vec<AnchorEvidence>,
    /// The operator's attestations, each for one of the checkpoints.
    pub attestations: Vec<Signed<StateAttestation>>,
    /// What a verifier decided about the consent.
    pub decisions: Vec<DecisionEvidence>,
}

/// A signed decision, and what shows whether it was right and when it was there.
#[derive(Debug, Clone)]
pub struct DecisionEvidence {
    /// The brand's word for the verifier: a compact JWS.
    pub authorization: String,
    /// The decision: an SD-JWT.
    pub decision: String,
    /// Consistency proof from the tree of the decision's head to the bundle's head. Not needed, and empty, where they are one
    /// tree or a checkpoint of the bundle has that size.
    pub consistency: Vec<Hash>,
    /// The batch that anchors it, once there is one.
    pub batch: Option<BatchEvidence>,
}

/// A decision's place in an `AccessBatch`.
#[derive(Debug, Clone)]
pub struct BatchEvidence {
    /// The batch.
    pub opening: OpeningEvidence,
    /// Its place among the entries.
    pub seq: u64,
    /// Inclusion proof to the batch's root.
    pub entry_proof: Vec<Hash>,
}

/// A record, what opens its leaf, and its inclusion in the head.
#[derive(Debug, Clone)]
pub struct OpeningEvidence {
    /// Its place in the log.
    pub index: u64,
    /// Its salt.
    pub salt: Salt,
    /// Its canonical bytes.
    pub record: Vec<u8>,
    /// Inclusion proof to the head, from sibling to root.
    pub proof: Vec<Hash>,
}

/// A checkpoint and its consistency with the head.
#[derive(Debug, Clone)]
pub struct CheckpointEvidence {
    /// The signed note. Only lines by keys that the reader trusts may be in it, or the reader refuses it.
    pub note: String,
    /// Consistency proof to the head; empty for the head itself.
    pub consistency: Vec<Hash>,
}

/// An anchor and its consistency with the head.
#[derive(Debug, Clone)]
pub struct AnchorEvidence {
    /// Tree size.
    pub size: u64,
    /// Tree root.
    pub root: Hash,
    /// Consistency proof to the head.
    pub consistency: Vec<Hash>,
}

impl Evidence {
    /// The canonical bytes.
    ///
    /// # Errors
    /// When a part has no canonical form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JcsError> {
        let mut openings: Vec<&OpeningEvidence> = self.openings.iter().collect();
        openings.sort_by_key(|opening| opening.index);
        let mut out = Vec::new();
        let anchors: Vec<AnchorOut> = self.anchors.iter().map(AnchorOut::from).collect();
        member(&mut out, "{", "anchors", &json::to_jcs(&anchors)?);
        member(&mut out, ",", "attestations", &json::to_jcs(&self.attestations)?);
        let checkpoints: Vec<CheckpointOut<'_>> = self.checkpoints.iter().map(CheckpointOut::from).collect();
        member(&mut out, ",", "checkpoints", &json::to_jcs(&checkpoints)?);
        member(&mut out, ",", "consent", &json::to_jcs(&self.consent)?);
        if !self.decisions.is_empty() {
            let decisions = write_array(self.decisions.iter().map(write_decision))?;
            member(&mut out, ",", "decisions", &decisions);
        }
        member(
            &mut out,
            ",",
            "notices",
            &write_array(self.notices.iter().map(|notice| Ok(notice.clone())))?,
        );
        member(
            &mut out,
            ",",
            "openings",
            &write_array(openings.into_iter().map(write_opening))?,
        );
        member(&mut out, ",", "origin", &json::to_jcs(&self.origin)?);
        member(&mut out, ",", "type", &json::to_jcs(BUNDLE_TYPE)?);
        member(&mut out, ",", "version", &json::to_jcs(&BUNDLE_VERSION)?);
        out.push(b'}');
        Ok(out)
    }
}

/// Records and notices are copied as they stand: to write them anew could change what their digests are of.
fn write_opening(opening: &OpeningEvidence) -> Result<Vec<u8>, JcsError> {
    let mut out = Vec::with_capacity(opening.record.len() + 64 * opening.proof.len() + 128);
    member(&mut out, "{", "index", &json::to_jcs(&opening.index)?);
    member(&mut out, ",", "proof", &json::to_jcs(&texts(&opening.proof))?);
    member(&mut out, ",", "record", &opening.record);
    member(&mut out, ",", "salt", &json::to_jcs(&salt_text(&opening.salt))?);
    out.push(b'}');
    Ok(out)
}

fn write_decision(evidence: &DecisionEvidence) -> Result<Vec<u8>, JcsError> {
    let mut out = Vec::with_capacity(evidence.decision.len() + evidence.authorization.len() + 128);
    member(&mut out, "{", "authorization", &json::to_jcs(&evidence.authorization)?);
    if let Some(batch) = &evidence.batch {
        let OpeningEvidence {
            index,
            salt,
            record,
            proof,
        } = &batch.opening;
        let mut part = Vec::with_capacity(record.len() + 64 * (proof.len() + batch.entry_proof.len()) + 128);
        member(&mut part, "{", "entryProof", &json::to_jcs(&texts(&batch.entry_proof))?);
        member(&mut part, ",", "index", &json::to_jcs(index)?);
        member(&mut part, ",", "proof", &json::to_jcs(&texts(proof))?);
        member(&mut part, ",", "record", record);
        member(&mut part, ",", "salt", &json::to_jcs(&salt_text(salt))?);
        member(&mut part, ",", "seq", &json::to_jcs(&batch.seq)?);
        part.push(b'}');
        member(&mut out, ",", "batch", &part);
    }
    if !evidence.consistency.is_empty() {
        member(
            &mut out,
            ",",
            "consistency",
            &json::to_jcs(&texts(&evidence.consistency))?,
        );
    }
    member(&mut out, ",", "decision", &json::to_jcs(&evidence.decision)?);
    out.push(b'}');
    Ok(out)
}

#[derive(Serialize)]
struct AnchorOut {
    consistency: Vec<String>,
    root: Digest,
    size: u64,
}

impl From<&AnchorEvidence> for AnchorOut {
    fn from(anchor: &AnchorEvidence) -> Self {
        let root = digest(&anchor.root);
        Self {
            consistency: texts(&anchor.consistency),
            root,
            size: anchor.size,
        }
    }
}

#[derive(Serialize)]
struct CheckpointOut<'a> {
    consistency: Vec<String>,
    note: &'a str,
}

impl<'a> From<&'a CheckpointEvidence> for CheckpointOut<'a> {
    fn from(checkpoint: &'a CheckpointEvidence) -> Self {
        Self {
            consistency: texts(&checkpoint.consistency),
            note: &checkpoint.note,
        }
    }
}
