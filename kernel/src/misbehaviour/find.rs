//! Finding what to accuse an operator of, in statements that somebody holds.

use placet_schemas::id::Origin;
use placet_schemas::json;

use super::accusation::{Accusation, Claim, Difference, Event, FeedDifference, Gap, Opening, Statement};
use super::contradictions;
use super::judge::Tree;
use crate::bundle::{MAX_BUNDLE_BYTES, Unverified};
use crate::checkpoint::Checkpoint;
use crate::merkle::{self, Hash, NodeSource};
use crate::note::UnverifiedNote;

/// How many of a bundle's attestations and of its checkpoints are compared, the newest first. An honest bundle has a handful;
/// whoever sends thousands must not keep the reader busy with their pairs.
const MAX_LOOKED_AT: usize = 32;

/// What two statements prove against whoever signed both, without any tree hash; `None` when they prove nothing. Whether they
/// are signed by keys that count is for [`super::verify`] to judge.
#[must_use]
pub fn between(one: &Statement, other: &Statement) -> Option<Accusation> {
    let origin = one.origin().filter(|origin| other.origin().as_ref() == Some(origin))?;
    let trees = [tree(one)?, tree(other)?];
    let pairs = [(one, other), (other, one)];
    // What says most comes first: what became of an item or an event, and only then that the trees differ.
    let claims = pairs
        .into_iter()
        .flat_map(|(first, second)| [denial(first, second), missing(first, second), shrunk(first, second)]);
    let forks = [feed_fork(one, other), Some(fork(one, other, trees[1]))];
    let mut candidates = claims.chain(forks).flatten().map(|claim| Accusation {
        origin: origin.clone(),
        claim,
    });
    candidates.find(holds)
}

/// What two views of different sizes prove with the hashes of the larger tree; `None` when its first leaves are those of the
/// smaller one, or the hashes are not those of the larger tree.
#[must_use]
pub fn prefix<S: NodeSource + ?Sized>(
    origin: &Origin,
    smaller: &Statement,
    larger: &Statement,
    hashes: &S,
) -> Option<Accusation> {
    let (small, large) = (tree(smaller)?, tree(larger)?);
    let accusation = Accusation {
        origin: origin.clone(),
        claim: Claim::Fork {
            views: Box::new([smaller.clone(), larger.clone()]),
            ground: Difference::Prefix {
                root: merkle::root(small.size, hashes).ok()?,
                consistency: merkle::consistency_proof(small.size, large.size, hashes).ok()?,
            },
        },
    };
    holds(&accusation).then_some(accusation)
}

/// What two views of different sizes prove with a consistency proof that somebody was given for them; `None` when the proof
/// leads from the smaller one, as it should, or to no signed tree at all. From a smaller tree of 2^n leaves such a proof never
/// proves anything: it does not name that tree's root (RFC 9162 section 2.1.4.1).
#[must_use]
pub fn by_consistency(smaller: &Statement, larger: &Statement, proof: &[Hash]) -> Option<Accusation> {
    let (small, large) = (tree(smaller)?, tree(larger)?);
    let accusation = Accusation {
        origin: smaller.origin()?,
        claim: Claim::Fork {
            views: Box::new([smaller.clone(), larger.clone()]),
            ground: Difference::Prefix {
                root: merkle::old_root_from_consistency(small.size, large.size, proof)?,
                consistency: proof.to_vec(),
            },
        },
    };
    let of_one_log = larger.origin().as_ref() == Some(&accusation.origin);
    (of_one_log && holds(&accusation)).then_some(accusation)
}

/// What an evidence bundle proves against the operator who made it, by itself or together with `kept`, which somebody has
/// from before: an event that was acknowledged and is now denied, an event that the bundle opens and denies at once, another
/// tree than was shown. `None` when nothing, also when the bytes are no bundle.
#[must_use]
pub fn in_bundle(bytes: &[u8], kept: &[Statement]) -> Option<Accusation> {
    let document = json::parse_canonical(bytes, MAX_BUNDLE_BYTES).ok()?;
    let bundle = Unverified::read(&document).ok()?;
    let attestations = bundle.attestations.iter().rev().take(MAX_LOOKED_AT);
    let mut said: Vec<Statement> = attestations.cloned().map(Statement::StateAttestation).collect();
    let attested = said.len();
    let notes = bundle.checkpoints.iter().rev().take(MAX_LOOKED_AT);
    said.extend(notes.map(|part| Statement::Checkpoint(part.note.to_owned())));
    let pairs = said.iter().enumerate().flat_map(|(at, one)| {
        let others = kept.iter().chain(&said[..at]);
        others.map(move |other| (one, other))
    });
    if let Some(found) = pairs.into_iter().find_map(|(one, other)| between(one, other)) {
        return Some(found);
    }
    // The last checkpoint, which is the head that all openings are under.
    let view = said.get(attested)?;
    for opening in &bundle.openings {
        let opening = Opening {
            index: opening.index,
            salt: opening.salt.clone(),
            record: bytes.get(opening.record.span()).unwrap_or_default().to_vec(),
            proof: opening.proof.clone(),
        };
        for attestation in said.iter().take(attested) {
            let accusation = Accusation {
                origin: bundle.origin.clone(),
                claim: Claim::AttestationAgainstEvent {
                    attestation: Box::new(attestation.clone()),
                    event: Box::new(Event::Opened {
                        opening: opening.clone(),
                        view: Some(view.clone()),
                    }),
                },
            };
            if holds(&accusation) {
                return Some(accusation);
            }
        }
    }
    None
}

fn holds(accusation: &Accusation) -> bool {
    let trees: Option<Vec<Tree>> = accusation.claim.statements().iter().map(tree).collect();
    trees.is_some_and(|trees| contradictions::check(&accusation.claim, &trees).is_ok())
}

fn denial(attestation: &Statement, event: &Statement) -> Option<Claim> {
    attestation.last_event()?;
    event.last_event()?;
    Some(Claim::AttestationAgainstEvent {
        attestation: Box::new(attestation.clone()),
        event: Box::new(Event::Stated(event.clone())),
    })
}

fn missing(acknowledgement: &Statement, head: &Statement) -> Option<Claim> {
    let (Statement::Acknowledgement(acknowledgement), Statement::FeedHead(head)) = (acknowledgement, head) else {
        return None;
    };
    Some(Claim::AcknowledgementAgainstHead {
        acknowledgement: Box::new(acknowledgement.clone()),
        head: Box::new(head.clone()),
        ground: Gap::Missing,
    })
}

fn shrunk(first: &Statement, second: &Statement) -> Option<Claim> {
    let (Statement::FeedHead(first), Statement::FeedHead(second)) = (first, second) else {
        return None;
    };
    Some(Claim::FeedFork {
        heads: Box::new([first.clone(), second.clone()]),
        ground: FeedDifference::Shrunk,
    })
}

/// Of one size: the second tree is its own beginning.
fn feed_fork(first: &Statement, second: &Statement) -> Option<Claim> {
    let (Statement::FeedHead(first), Statement::FeedHead(second)) = (first, second) else {
        return None;
    };
    Some(Claim::FeedFork {
        ground: FeedDifference::Tree(Difference::Prefix {
            root: Hash::new(*second.statement.feed_root.as_bytes()),
            consistency: Vec::new(),
        }),
        heads: Box::new([first.clone(), second.clone()]),
    })
}

fn fork(first: &Statement, second: &Statement, tree: Tree) -> Claim {
    Claim::Fork {
        views: Box::new([first.clone(), second.clone()]),
        ground: Difference::Prefix {
            root: tree.root,
            consistency: Vec::new(),
        },
    }
}

/// The tree that a statement names, whoever signed it.
pub(super) fn tree(statement: &Statement) -> Option<Tree> {
    let (size, root) = match statement {
        Statement::Checkpoint(note) => {
            let note = UnverifiedNote::parse(note.as_bytes()).ok()?;
            let head: Checkpoint = note.unverified_text().parse().ok()?;
            return Some(Tree {
                size: head.size(),
                root: head.root(),
            });
        }
        Statement::Acknowledgement(signed) => (signed.statement.size, signed.statement.root),
        Statement::StateAttestation(signed) => (signed.statement.size, signed.statement.root),
        Statement::FeedHead(signed) => (signed.statement.size, signed.statement.root),
    };
    Some(Tree {
        size,
        root: Hash::new(*root.as_bytes()),
    })
}
