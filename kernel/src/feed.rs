//! A brand's feed, read from its beginning: every item opened or destroyed by a record of the same feed, in the log, and counted in the operator's signed head.
//!
//! A ledger that leaves an item out, puts one in or changes one cannot give items that add up to the head it signed. And a
//! feed that adds up is held against what the operator signed before: an earlier head, an acknowledgement. Where they
//! contradict each other there is a misbehaviour file to write ([`Feed::against_head`], [`Feed::against_acknowledgement`]).

use std::convert::Infallible;

use placet_schemas::api::{FeedAnswer, FeedItem};
use placet_schemas::id::{Did, Origin};
use placet_schemas::json::{self, Fault, JcsError};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed};

use crate::checkpoint::{CheckpointError, CheckpointKeys, SignedCheckpoint};
use crate::keys::{self, PublicKey, SignatureError};
use crate::leaf::Salt;
use crate::merkle::{self, Frontier, Hash, MerkleError, NodeSource, node_hash};
use crate::misbehaviour::{Accusation, Claim, Difference, FeedDifference, Gap, LeafProof, Statement, between};

/// The keys by which a feed is judged.
#[derive(Debug, Clone, Copy)]
pub struct FeedKeys<'a> {
    /// Those of the log.
    pub checkpoint: &'a CheckpointKeys,
    /// Those of its operator.
    pub operators: &'a [(Did, PublicKey)],
}

/// A feed that adds up.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its items that can be opened, in order: log index and record.
    pub items: Vec<(u64, CanonicalRecord)>,
    /// The leaf hashes of all its items.
    pub leaves: Vec<Hash>,
    /// Log indexes of the items whose opening was destroyed, each named by a Destruction of this feed.
    pub destroyed: Vec<u64>,
    /// What the operator signed.
    pub head: Signed<FeedHead>,
    /// The checkpoint beside it, with the log's signature.
    pub checkpoint: SignedCheckpoint,
}

/// The pages so far.
#[derive(Debug, Default)]
pub struct Reader {
    items: Vec<(u64, CanonicalRecord)>,
    leaves: Vec<Hash>,
    orphans: Vec<Orphan>,
    last_index: Option<u64>,
    frontier: Frontier,
    last: Option<Signed<FeedHead>>,
}

/// An item that is said to be destroyed.
#[derive(Debug, Clone, Copy)]
struct Orphan {
    seq: u64,
    index: u64,
    /// Log index of the Destruction.
    by: u64,
}

/// Why a page is no part of a feed that adds up. [`FeedError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The head is signed by a stranger.
    #[error("the head of the feed does not hold: it is signed by {0}, which is no operator of this log")]
    UnknownOperator(Did),
    /// The head's signature does not hold.
    #[error("the head of the feed does not hold: {0}")]
    Signature(SignatureError),
    /// The head is of another log.
    #[error("the head of the feed does not hold: it is of the log {0}")]
    OtherLog(Origin),
    /// The head is of another feed than the page.
    #[error("the head of the feed does not hold: it is of the feed of {0}")]
    OtherFeed(Did),
    /// The checkpoint does not hold.
    #[error("the head of the feed does not hold: {0}")]
    Checkpoint(CheckpointError),
    /// Head and checkpoint are not of one tree.
    #[error("the head of the feed does not hold: head and checkpoint are of different trees")]
    OtherTree,
    /// The page is of another controller than the one before.
    #[error("the feed is suddenly that of {0}")]
    ControllerChanged(Did),
    /// The page is of a smaller tree than the one before, or of another of the same size.
    #[error("the log went back, or shows two trees of size {0}")]
    WentBack(u64),
    /// An item does not hold.
    #[error("item {seq} of the feed does not hold: {error}")]
    Item {
        /// Its place.
        seq: u64,
        /// What is wrong with it.
        error: ItemError,
    },
    /// The page is empty although the head counts more items.
    #[error("the ledger keeps items back: it gives {given} of {counted}")]
    KeptBack {
        /// Items so far.
        given: u64,
        /// Items by the head.
        counted: u64,
    },
    /// There are more items than the head counts.
    #[error("the feed has {given} items, its head says {counted}")]
    TooMany {
        /// Items so far.
        given: u64,
        /// Items by the head.
        counted: u64,
    },
    /// The items have another root than the head.
    #[error("the items are not those of the signed head")]
    OtherItems,
}

/// Why an item does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// It says that it has another place.
    #[error("it is number {0}")]
    Number(u64),
    /// Record or salt are missing.
    #[error("the ledger does not open it")]
    NotOpened,
    /// The record cannot be written canonically.
    #[error(transparent)]
    Canonical(JcsError),
    /// The record is none.
    #[error("{0}")]
    Record(Fault),
    /// Salt and record make another leaf.
    #[error("salt and record make another leaf")]
    Leaf,
    /// It is not in the tree.
    #[error(transparent)]
    Proof(#[from] MerkleError),
    /// It is said to be destroyed, and no Destruction of this feed names it.
    #[error("it is said to be destroyed, and the Destruction at {0} does not name it")]
    NotDestroyed(u64),
    /// It is said to be destroyed, and opened.
    #[error("it is said to be destroyed, and is opened all the same")]
    OpenedAllTheSame,
    /// It was destroyed after the head was signed.
    #[error("it was destroyed while the feed was read: read it again")]
    DestroyedSince,
    /// Its index is not above that of the item before.
    #[error("it is not in the log's order")]
    Order,
}

impl FeedError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownOperator(_) => "feed_unknown_operator",
            Self::Signature(_) => "feed_bad_signature",
            Self::OtherLog(_) => "feed_other_log",
            Self::OtherFeed(_) | Self::ControllerChanged(_) => "feed_other_controller",
            Self::Checkpoint(_) => "feed_checkpoint",
            Self::OtherTree => "feed_other_tree",
            Self::WentBack(_) => "feed_went_back",
            Self::Item { .. } => "feed_item",
            Self::KeptBack { .. } => "feed_kept_back",
            Self::TooMany { .. } => "feed_too_many",
            Self::OtherItems => "feed_other_items",
        }
    }
}

impl Reader {
    /// The place of the item that is wanted next.
    #[must_use]
    pub fn next_item(&self) -> u64 {
        self.frontier.size()
    }

    /// The head of the page before: when a page is refused, what it may contradict.
    #[must_use]
    pub const fn last_head(&self) -> Option<&Signed<FeedHead>> {
        self.last.as_ref()
    }

    /// Takes one more page; gives the feed when it was the last one.
    ///
    /// # Errors
    /// See [`FeedError`].
    pub fn take(&mut self, page: &FeedAnswer, keys: FeedKeys<'_>) -> Result<Option<Feed>, FeedError> {
        let checkpoint = check_head(page, keys)?;
        let head = &page.head.statement;
        if let Some(last) = self.last.as_ref().map(|last| &last.statement) {
            if last.controller != head.controller {
                return Err(FeedError::ControllerChanged(head.controller.clone()));
            }
            let grown = last.size < head.size || (last.size == head.size && last.root == head.root);
            if !grown {
                return Err(FeedError::WentBack(head.size));
            }
        }
        for item in &page.items {
            let seq = self.frontier.size();
            self.push(item, seq, &checkpoint)
                .map_err(|error| FeedError::Item { seq, error })?;
        }
        self.last = Some(page.head.clone());
        let (given, counted) = (self.frontier.size(), head.feed_size);
        if given < counted {
            return if page.items.is_empty() {
                Err(FeedError::KeptBack { given, counted })
            } else {
                Ok(None)
            };
        }
        if given > counted {
            return Err(FeedError::TooMany { given, counted });
        }
        if self.frontier.root().as_bytes() != head.feed_root.as_bytes() {
            return Err(FeedError::OtherItems);
        }
        self.check_orphans(head.size)?;
        let destroyed = core::mem::take(&mut self.orphans)
            .into_iter()
            .map(|orphan| orphan.index);
        Ok(Some(Feed {
            destroyed: destroyed.collect(),
            items: core::mem::take(&mut self.items),
            leaves: core::mem::take(&mut self.leaves),
            head: page.head.clone(),
            checkpoint,
        }))
    }

    fn push(&mut self, item: &FeedItem, seq: u64, checkpoint: &SignedCheckpoint) -> Result<(), ItemError> {
        if item.seq != seq {
            return Err(ItemError::Number(item.seq));
        }
        let tree = checkpoint.checkpoint();
        let leaf = Hash::new(*item.leaf_hash.as_bytes());
        match item.destroyed {
            Some(by) => {
                check_orphan(item, tree.size(), &tree.root())?;
                let index = item.index;
                self.orphans.push(Orphan { seq, index, by });
            }
            None => {
                let record = check_opening(item, tree.size(), &tree.root())?;
                self.items.push((item.index, record));
            }
        }
        if self.last_index.is_some_and(|last| last >= item.index) {
            return Err(ItemError::Order);
        }
        self.last_index = Some(item.index);
        self.frontier.push(leaf);
        self.leaves.push(leaf);
        Ok(())
    }

    /// Nothing is destroyed without a Destruction that says so, in the same feed.
    fn check_orphans(&self, size: u64) -> Result<(), FeedError> {
        for Orphan { seq, index, by } in self.orphans.iter().copied() {
            let found = self.items.binary_search_by_key(&by, |(index, _)| *index);
            let record = found
                .ok()
                .and_then(|at| self.items.get(at))
                .map(|(_, record)| &record.record.body);
            let named = matches!(record, Some(Body::Destruction(named)) if named.leaves.as_slice().contains(&index));
            let error = if by >= size {
                ItemError::DestroyedSince
            } else {
                ItemError::NotDestroyed(by)
            };
            if !named {
                return Err(FeedError::Item { seq, error });
            }
        }
        Ok(())
    }
}

impl Feed {
    /// What the operator misbehaved in, if this feed is not one that grew from that of an earlier head.
    #[must_use]
    pub fn against_head(&self, earlier: &Signed<FeedHead>) -> Option<Accusation> {
        let statements = [
            Statement::FeedHead(earlier.clone()),
            Statement::FeedHead(self.head.clone()),
        ];
        if let Some(found) = between(&statements[0], &statements[1]) {
            return Some(found);
        }
        let (old, new) = (&earlier.statement, &self.head.statement);
        if old.origin != new.origin || old.controller != new.controller || old.feed_size > new.feed_size {
            return None;
        }
        let hashes = Leaves(&self.leaves);
        let root = merkle::root(old.feed_size, &hashes).ok()?;
        if root.as_bytes() == old.feed_root.as_bytes() {
            return None;
        }
        Some(Accusation {
            origin: new.origin.clone(),
            claim: Claim::FeedFork {
                heads: Box::new([earlier.clone(), self.head.clone()]),
                ground: FeedDifference::Tree(Difference::Prefix {
                    root,
                    consistency: merkle::consistency_proof(old.feed_size, new.feed_size, &hashes).ok()?,
                }),
            },
        })
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

/// Checks that an item is opened and in the log with this size and root; gives its record.
///
/// # Errors
/// See [`ItemError`].
pub fn check_opening(item: &FeedItem, size: u64, root: &Hash) -> Result<CanonicalRecord, ItemError> {
    let (Some(record), Some(salt)) = (&item.record, &item.salt) else {
        return Err(ItemError::NotOpened);
    };
    let bytes = json::to_jcs(record).map_err(ItemError::Canonical)?;
    let record = CanonicalRecord::parse(&bytes).map_err(ItemError::Record)?;
    let leaf = merkle::leaf_hash(&Salt::from_bytes(*salt.as_bytes()).leaf(&record.record.digest()));
    if leaf.as_bytes() != item.leaf_hash.as_bytes() {
        return Err(ItemError::Leaf);
    }
    check_leaf(item, size, root)?;
    Ok(record)
}

/// Checks that an item that was destroyed is opened by nothing, and that its leaf is in the log with this size and root.
///
/// # Errors
/// See [`ItemError`].
pub fn check_orphan(item: &FeedItem, size: u64, root: &Hash) -> Result<(), ItemError> {
    if item.record.is_some() || item.salt.is_some() {
        return Err(ItemError::OpenedAllTheSame);
    }
    Ok(check_leaf(item, size, root)?)
}

fn check_leaf(item: &FeedItem, size: u64, root: &Hash) -> Result<(), MerkleError> {
    let leaf = Hash::new(*item.leaf_hash.as_bytes());
    let proof: Vec<Hash> = item.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    merkle::verify_inclusion(&leaf, item.index, size, &proof, root)
}

/// Checks head and checkpoint against each other and the pinned keys.
fn check_head(answer: &FeedAnswer, keys: FeedKeys<'_>) -> Result<SignedCheckpoint, FeedError> {
    let (head, signer) = (&answer.head.statement, &answer.head.signed_by);
    let operator = keys.operators.iter().find(|(did, _)| did == signer);
    let (_, key) = operator.ok_or_else(|| FeedError::UnknownOperator(signer.clone()))?;
    keys::verify_statement(&answer.head, key).map_err(FeedError::Signature)?;
    if head.origin != *keys.checkpoint.origin() {
        return Err(FeedError::OtherLog(head.origin.clone()));
    }
    if head.controller != answer.controller {
        return Err(FeedError::OtherFeed(head.controller.clone()));
    }
    let signed =
        SignedCheckpoint::open(answer.checkpoint.as_bytes(), keys.checkpoint).map_err(FeedError::Checkpoint)?;
    let tree = signed.checkpoint();
    if tree.size() != head.size || tree.root().as_bytes() != head.root.as_bytes() {
        return Err(FeedError::OtherTree);
    }
    Ok(signed)
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
