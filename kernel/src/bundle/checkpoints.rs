//! The bundle's checkpoints: signatures, times, and that all of them are of one append-only tree.

use super::format::{CheckpointPart, Unverified};
use super::place;
use super::verdict::{Findings, Question};
use crate::merkle::{self, Hash};
use crate::pinned;
use crate::trust::{Log, Times, Trust};

/// A checkpoint that holds: signed by the log, consistent with the head.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) times: Option<Times>,
}

/// Checks all checkpoints. The last one that is returned is the head; an empty list means that there is none.
pub(super) fn check(bundle: &Unverified<'_>, trust: &Trust, log: &Log, findings: &mut Findings) -> Vec<Seen> {
    let mut seen = Vec::with_capacity(bundle.checkpoints.len());
    for (at, part) in bundle.checkpoints.iter().enumerate() {
        match check_note(bundle, part, trust, log) {
            Ok(checkpoint) => seen.push(checkpoint),
            Err(why) => findings.wrong(Question::Recorded, "checkpoint_invalid", place("checkpoints", at), why),
        }
    }
    if seen.len() != bundle.checkpoints.len() {
        // A checkpoint that does not hold could be the head: nothing can be built on the rest.
        return Vec::new();
    }
    let Some(head) = seen.last().cloned() else { return seen };
    let last = seen.len() - 1;
    let mut before = 0;
    let mut at = 0;
    // Nothing is built on a checkpoint that is not shown to be of the head's tree; the head itself stays.
    seen.retain(|checkpoint| {
        let consistency = &bundle.checkpoints[at].consistency;
        let ordered = before <= checkpoint.size;
        let tied = merkle::verify_append(checkpoint.size, &checkpoint.root, head.size, &head.root, consistency).is_ok();
        if !ordered || !tied {
            let why = "the checkpoints are not of one growing tree, in ascending order";
            findings.wrong(
                Question::Recorded,
                "checkpoint_inconsistent",
                place("checkpoints", at),
                why,
            );
        }
        before = checkpoint.size;
        at += 1;
        tied || at > last
    });
    seen
}

fn check_note(bundle: &Unverified<'_>, part: &CheckpointPart<'_>, trust: &Trust, log: &Log) -> Result<Seen, String> {
    let signed = pinned::open_note(part.note, &bundle.origin, trust, log)?;
    let checkpoint = signed.checkpoint();
    Ok(Seen {
        size: checkpoint.size(),
        root: checkpoint.root(),
        times: pinned::times(&signed, trust),
    })
}
