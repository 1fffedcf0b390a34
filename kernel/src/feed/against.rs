//! What a feed, or a page that is refused, proves against the operator who signed it.

use std::convert::Infallible;

use placet_schemas::api::FeedAnswer;
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed};

use super::check::check_word;
use super::{Feed, FeedKeys, Follower};
use crate::checkpoint::SignedCheckpoint;
use crate::merkle::{self, Hash, NodeSource, node_hash};
use crate::misbehaviour::{
    Accusation, Claim, Difference, FeedDifference, Gap, LeafProof, Statement, between, by_consistency,
};

impl Feed {
    /// What the operator misbehaved in, if this feed is not one that grew from that of an earlier head.
    #[must_use]
    pub fn against_head(&self, earlier: &Signed<FeedHead>) -> Option<Accusation> {
        let statements = [
            Statement::FeedHead(earlier.clone()),
            Statement::FeedHead(self.head.clone()),
        ];
        between(&statements[0], &statements[1]).or_else(|| feed_fork(earlier, &self.head, &self.leaves))
    }

    /// What the operator misbehaved in, if an acknowledged item is not at its place in this feed.
    #[must_use]
    pub fn against_acknowledgement(&self, acknowledgement: &Signed<Acknowledgement>) -> Option<Accusation> {
        let (said, head) = (&acknowledgement.statement, &self.head.statement);
        let of_this = said.origin == head.origin && said.controller == head.controller && said.size <= head.size;
        if !of_this {
            return None;
        }
        let at = usize::try_from(said.seq).ok()?;
        let ground = match self.leaves.get(at) {
            Some(leaf) if leaf.as_bytes() == said.leaf_hash.as_bytes() => return None,
            Some(leaf) => Gap::Swapped(LeafProof {
                leaf_hash: *leaf,
                proof: merkle::inclusion_proof(said.seq, head.feed_size, &Leaves(&self.leaves)).ok()?,
            }),
            None => Gap::Missing,
        };
        Some(Accusation {
            origin: head.origin.clone(),
            claim: Claim::AcknowledgementAgainstHead {
                acknowledgement: Box::new(acknowledgement.clone()),
                head: Box::new(self.head.clone()),
                ground,
            },
        })
    }
}

impl Follower {
    /// What a page that was refused proves, by itself or together with what was taken before: two checkpoints or heads that
    /// contradict each other, a log that grew from another tree, a feed that begins otherwise. `None` when it proves nothing:
    /// what is not signed by these keys accuses nobody, and a page that leaves something out or is broken is no lie yet.
    ///
    /// `leaves` are the leaf hashes of the items that were taken, in order ([`super::Step::leaves`]); with fewer, a feed that
    /// shows fewer items than before and other ones is not proved.
    #[must_use]
    pub fn against(&self, page: &FeedAnswer, keys: FeedKeys<'_>, leaves: &[Hash]) -> Option<Accusation> {
        let head = check_word(page, keys).is_ok().then_some(&page.head);
        let checkpoint = SignedCheckpoint::open(page.checkpoint.as_bytes(), keys.checkpoint).ok();
        let shown = [
            head.map(|head| Statement::FeedHead(head.clone())),
            checkpoint.map(|signed| Statement::Checkpoint(signed.exact_note().to_owned())),
        ];
        let shown: Vec<Statement> = shown.into_iter().flatten().collect();
        let standings = || self.seen().into_iter().chain(self.verified());
        let held: Vec<Statement> = standings()
            .flat_map(|held| {
                let checkpoint = Statement::Checkpoint(held.checkpoint.clone());
                [Statement::FeedHead(held.head.clone()), checkpoint]
            })
            .collect();
        let pairs = held
            .iter()
            .chain(&shown)
            .flat_map(|one| shown.iter().map(move |other| (one, other)));
        if let Some(found) = pairs.into_iter().find_map(|(one, other)| between(one, other)) {
            return Some(found);
        }
        if let Some(found) = head.and_then(|head| standings().find_map(|held| feed_fork(head, &held.head, leaves))) {
            return Some(found);
        }
        let proof = page.consistency.as_deref()?;
        let proof: Vec<Hash> = proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
        let smaller = Statement::Checkpoint(self.seen()?.checkpoint.clone());
        shown.iter().find_map(|larger| by_consistency(&smaller, larger, &proof))
    }
}

/// What two heads prove with the leaf hashes of the larger feed, if it does not begin with the smaller one. Beyond the larger
/// feed there may be more hashes.
fn feed_fork(smaller: &Signed<FeedHead>, larger: &Signed<FeedHead>, leaves: &[Hash]) -> Option<Accusation> {
    let (old, new) = (&smaller.statement, &larger.statement);
    if old.origin != new.origin || old.controller != new.controller || old.feed_size > new.feed_size {
        return None;
    }
    let hashes = Leaves(leaves.get(..usize::try_from(new.feed_size).ok()?)?);
    let root = merkle::root(old.feed_size, &hashes).ok()?;
    let theirs = merkle::root(new.feed_size, &hashes).ok()?;
    if root.as_bytes() == old.feed_root.as_bytes() || theirs.as_bytes() != new.feed_root.as_bytes() {
        return None;
    }
    Some(Accusation {
        origin: new.origin.clone(),
        claim: Claim::FeedFork {
            heads: Box::new([smaller.clone(), larger.clone()]),
            ground: FeedDifference::Tree(Difference::Prefix {
                root,
                consistency: merkle::consistency_proof(old.feed_size, new.feed_size, &hashes).ok()?,
            }),
        },
    })
}

/// The leaf hashes of a feed as the source of a proof, which is made once in a life: inner hashes are computed when asked for.
struct Leaves<'a>(&'a [Hash]);

impl NodeSource for Leaves<'_> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        if level == 0 {
            // Proofs ask for nothing beyond the size that they are of; a wrong hash would make a proof that does not hold.
            let leaf = usize::try_from(index).ok().and_then(|at| self.0.get(at));
            return Ok(leaf.copied().unwrap_or_else(merkle::empty_root));
        }
        let left = self.node(level - 1, 2 * index)?;
        Ok(node_hash(&left, &self.node(level - 1, 2 * index + 1)?))
    }
}
