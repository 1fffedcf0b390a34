//! Who signed what, by keys that count; only then whether it can all be true.

use placet_schemas::id::{Did, Digest};
use placet_schemas::statement::Signed;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use super::accusation::{Accusation, Statement};
use super::contradictions;
use super::report::{Finding, Objection, Said};
use crate::arrival::TIME_TOLERANCE_SECONDS;
use crate::bundle::Weight;
use crate::checkpoint::SignedCheckpoint;
use crate::merkle::Hash;
use crate::pinned;
use crate::trust::{Log, Trust};

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) said: Vec<Said>,
    pub(super) contradiction: Option<String>,
    pub(super) controller: Option<Did>,
    pub(super) consent: Option<Digest>,
    pub(super) findings: Vec<Finding>,
}

impl Judged {
    /// Nothing but a reason.
    pub(super) fn refused(finding: Finding) -> Self {
        Self {
            findings: vec![finding],
            ..Self::default()
        }
    }
}

/// A statement that is signed by a key of the log: the tree that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) size: u64,
    pub(super) root: Hash,
}

/// Judges a file by the keys of its log.
pub(super) fn judge(accusation: &Accusation, trust: &Trust, log: &Log, now: Timestamp) -> Judged {
    let mut judged = Judged::default();
    let mut trees = Vec::new();
    let statements = accusation.claim.statements();
    for (at, statement) in statements.iter().enumerate() {
        let place = format!("/statements/{at}");
        match hear(statement, accusation, trust, log) {
            Ok((tree, signed_by)) => {
                trees.push(tree);
                judged.findings.extend(of_the_future(statement, &place, now));
                judged.said.push(Said {
                    place,
                    statement: statement.name(),
                    signed_by,
                    says: says(statement, tree),
                });
            }
            Err(objection) => judged.findings.push(objection.at(place)),
        }
    }
    judged.controller = statements.iter().find_map(|statement| statement.controller().cloned());
    judged.consent = statements
        .iter()
        .find_map(|statement| Some(statement.last_event()?.consent));
    if trees.len() == statements.len() {
        match contradictions::check(&accusation.claim, &trees) {
            Ok(why) => judged.contradiction = Some(why),
            Err((place, objection)) => judged.findings.push(objection.at(place)),
        }
    }
    judged
}

/// Checks a statement's signature; gives the tree that it names, and by which keys it is signed.
fn hear(
    statement: &Statement,
    accusation: &Accusation,
    trust: &Trust,
    log: &Log,
) -> Result<(Tree, Vec<String>), Objection> {
    if statement.origin().as_ref() != Some(&accusation.origin) {
        return Err(Objection::OtherLog);
    }
    let (size, root, signer) = match statement {
        Statement::Checkpoint(note) => {
            let signed =
                pinned::open_note(note, &accusation.origin, trust, log).map_err(Objection::CheckpointInvalid)?;
            let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
            return Ok((Tree { size, root }, signers(&signed, accusation)));
        }
        Statement::Acknowledgement(signed) => {
            let said = &signed.statement;
            (said.size, said.root, by_operator(signed, said.size, log)?)
        }
        Statement::StateAttestation(signed) => {
            let said = &signed.statement;
            (said.size, said.root, by_operator(signed, said.size, log)?)
        }
        Statement::FeedHead(signed) => {
            let said = &signed.statement;
            (said.size, said.root, by_operator(signed, said.size, log)?)
        }
    };
    let root = Hash::new(*root.as_bytes());
    Ok((Tree { size, root }, vec![signer]))
}

fn by_operator<T: Serialize>(signed: &Signed<T>, size: u64, log: &Log) -> Result<String, Objection> {
    let signer = &signed.signed_by;
    match pinned::check_statement(signed, size, log) {
        None => Err(Objection::SignerUntrusted {
            signer: signer.clone(),
            size,
        }),
        Some(Err(error)) => Err(Objection::SignatureInvalid(error.to_string())),
        Some(Ok(())) => Ok(signer.to_string()),
    }
}

fn signers(signed: &SignedCheckpoint, accusation: &Accusation) -> Vec<String> {
    let own = signed.log_keys().iter().map(|id| format!("{}+{id}", accusation.origin));
    let others = signed.cosignatures().iter().map(|by| format!("{}+{}", by.name, by.id));
    own.chain(others).collect()
}

/// The statement in a sentence.
fn says(statement: &Statement, tree: Tree) -> String {
    let Tree { size, root } = tree;
    match statement {
        Statement::Checkpoint(_) => format!("the log of size {size} has the root {root}"),
        Statement::Acknowledgement(signed) => {
            let said = &signed.statement;
            let consent = statement.last_event().map(|last| {
                format!(
                    "; the last event of the consent {} below that size is {} at index {}",
                    last.consent, last.digest, last.index
                )
            });
            format!(
                "the leaf {} is at index {} and is item {} of the feed of {}, in the log of size {size} with the root {root}{}",
                said.leaf_hash,
                said.index,
                said.seq,
                said.controller,
                consent.unwrap_or_default()
            )
        }
        Statement::StateAttestation(signed) => {
            let said = &signed.statement;
            format!(
                "the consent {} has {} events, of which the last is {} at index {}, in the log of size {size} with the root {root}",
                said.consent, said.events, said.last_digest, said.last_index
            )
        }
        Statement::FeedHead(signed) => {
            let said = &signed.statement;
            format!(
                "at {} the feed of {} has {} items and the root {}, in the log of size {size} with the root {root}",
                said.time, said.controller, said.feed_size, said.feed_root
            )
        }
    }
}

/// A head's time is its signer's word. It decides nothing, but a reader should not take it for the truth.
fn of_the_future(statement: &Statement, place: &str, now: Timestamp) -> Option<Finding> {
    let Statement::FeedHead(signed) = statement else {
        return None;
    };
    let time = signed.statement.time;
    let future = time.unix() > now.unix().saturating_add(TIME_TOLERANCE_SECONDS);
    future.then(|| Finding {
        code: "time_in_future",
        weight: Weight::Note,
        place: place.to_owned(),
        why: format!("the head says that it was made at {time}, which is in the future of this machine's clock"),
        help: "",
    })
}
