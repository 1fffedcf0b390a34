//! The pages of a feed, one after the other: what its reader and its follower have in common.

use placet_schemas::api::{FeedAnswer, FeedItem};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::statement::{FeedHead, Signed};

use super::check::{check_orphan, open};
use super::{FeedError, ItemError};
use crate::checkpoint::SignedCheckpoint;
use crate::leaf::Salt;
use crate::merkle::{Frontier, Hash};

/// What a page brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its items that are opened, in order. A Destruction among them names items, of this or an earlier step, whose records
    /// the caller removes.
    pub opened: Vec<Opened>,
    /// Its items whose opening was destroyed, in order.
    pub orphans: Vec<Orphan>,
    /// The leaf hashes of all its items, in order.
    pub leaves: Vec<Hash>,
    /// Whether the feed adds up with this page: there are as many items as the head says, they have its root, and each that
    /// is said to be destroyed is named by a Destruction. As long as it does not, the items are in the log and in order, and
    /// whether they are all of the feed is open.
    pub complete: bool,
}

/// An item that is opened and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its place in the feed.
    pub seq: u64,
    /// Its place in the log.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The record.
    pub record: CanonicalRecord,
    /// What opens its leaf.
    pub salt: Salt,
}

/// An item that is said to be destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    /// Its place in the feed.
    pub seq: u64,
    /// Its place in the log.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// Log index of the Destruction.
    pub by: u64,
}

/// The pages so far. A page that is refused changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pages {
    pub(super) frontier: Frontier,
    pub(super) last_index: Option<u64>,
    /// Items that are said to be destroyed, and whose Destruction has not come yet.
    pub(super) pending: Vec<Orphan>,
    /// The head of the last page.
    pub(super) last: Option<Signed<FeedHead>>,
}

impl Pages {
    /// Takes one more page, whose head and checkpoint hold.
    pub(super) fn take(&mut self, page: &FeedAnswer, checkpoint: &SignedCheckpoint) -> Result<Step, FeedError> {
        let head = &page.head.statement;
        if let Some(last) = &self.last {
            check_growth(&last.statement, head)?;
        }
        let mut next = self.clone();
        let mut step = Step::new(page.items.len());
        for item in &page.items {
            let seq = next.frontier.size();
            next.push(item, seq, checkpoint, &mut step)
                .map_err(|error| FeedError::Item { seq, error })?;
        }
        let (given, counted) = (next.frontier.size(), head.feed_size);
        if given < counted && page.items.is_empty() {
            return Err(FeedError::KeptBack { given, counted });
        }
        if given > counted {
            return Err(FeedError::TooMany { given, counted });
        }
        if given == counted {
            if next.frontier.root().as_bytes() != head.feed_root.as_bytes() {
                return Err(FeedError::OtherItems);
            }
            next.check_pending(head.size)?;
            step.complete = true;
        }
        next.last = Some(page.head.clone());
        *self = next;
        Ok(step)
    }

    fn push(
        &mut self,
        item: &FeedItem,
        seq: u64,
        checkpoint: &SignedCheckpoint,
        step: &mut Step,
    ) -> Result<(), ItemError> {
        if item.seq != seq {
            return Err(ItemError::Number(item.seq));
        }
        let tree = checkpoint.checkpoint();
        let (index, leaf) = (item.index, Hash::new(*item.leaf_hash.as_bytes()));
        match item.destroyed {
            Some(by) => {
                check_orphan(item, tree.size(), &tree.root())?;
                // A Destruction names what is in the log already.
                if by <= index {
                    return Err(ItemError::NotDestroyed(by));
                }
                let orphan = Orphan { seq, index, leaf, by };
                self.pending.push(orphan);
                step.orphans.push(orphan);
            }
            None => {
                let (record, salt) = open(item, tree.size(), &tree.root())?;
                self.settle(index, &record);
                step.opened.push(Opened {
                    seq,
                    index,
                    leaf,
                    record,
                    salt,
                });
            }
        }
        if self.last_index.is_some_and(|last| last >= index) {
            return Err(ItemError::Order);
        }
        self.last_index = Some(index);
        self.frontier.push(leaf);
        step.leaves.push(leaf);
        Ok(())
    }

    /// The orphans that this record destroyed wait for it no longer.
    fn settle(&mut self, index: u64, record: &CanonicalRecord) {
        if let Body::Destruction(destruction) = &record.record.body {
            let leaves = destruction.leaves.as_slice();
            self.pending
                .retain(|orphan| orphan.by != index || !leaves.contains(&orphan.index));
        }
    }

    /// Nothing is destroyed without a Destruction that says so, in the same feed.
    fn check_pending(&self, size: u64) -> Result<(), FeedError> {
        let Some(Orphan { seq, by, .. }) = self.pending.first().copied() else {
            return Ok(());
        };
        let error = if by >= size {
            ItemError::DestroyedSince
        } else {
            ItemError::NotDestroyed(by)
        };
        Err(FeedError::Item { seq, error })
    }
}

impl Step {
    fn new(items: usize) -> Self {
        Self {
            opened: Vec::with_capacity(items),
            orphans: Vec::new(),
            leaves: Vec::with_capacity(items),
            complete: false,
        }
    }
}

/// What two heads of one feed, one after the other, must be whatever stands between them.
fn check_growth(last: &FeedHead, head: &FeedHead) -> Result<(), FeedError> {
    if last.controller != head.controller {
        return Err(FeedError::ControllerChanged(head.controller.clone()));
    }
    let grown = last.size < head.size || (last.size == head.size && last.root == head.root);
    if !grown {
        return Err(FeedError::WentBack(head.size));
    }
    let (before, now) = (last.feed_size, head.feed_size);
    // One log has one feed of the controller, and so many items of one feed have one root.
    let must_be_same = last.size == head.size || before == now;
    if now < before || (must_be_same && (before, last.feed_root) != (now, head.feed_root)) {
        return Err(FeedError::HeadsContradict { before, now });
    }
    Ok(())
}
