//! Why a page of a feed is refused.

use placet_schemas::id::{Did, Origin};
use placet_schemas::json::{Fault, JcsError};

use crate::checkpoint::CheckpointError;
use crate::keys::SignatureError;
use crate::merkle::MerkleError;

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
    /// The log grew, and nothing shows that it begins with the tree that was seen before. Ask again with `since`.
    #[error("the log grew from {from} to {to} leaves, and the page does not prove it")]
    NoConsistency {
        /// Size of the log that was seen last.
        from: u64,
        /// Size by the head.
        to: u64,
    },
    /// The log grew, and does not begin with the tree that was seen before.
    #[error("the log does not begin with the tree that it showed before: {0}")]
    InconsistentLog(MerkleError),
    /// The head and the one before it are not of one growing feed: there are fewer items, or others for the same number of
    /// items or the same log.
    #[error("the operator signed a head of {before} items and then one of {now} that contradicts it")]
    HeadsContradict {
        /// Items by the head before.
        before: u64,
        /// Items by this head.
        now: u64,
    },
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
            Self::NoConsistency { .. } => "feed_no_consistency",
            Self::InconsistentLog(_) => "feed_inconsistent_log",
            Self::HeadsContradict { .. } => "feed_heads_contradict",
            Self::Item { .. } => "feed_item",
            Self::KeptBack { .. } => "feed_kept_back",
            Self::TooMany { .. } => "feed_too_many",
            Self::OtherItems => "feed_other_items",
        }
    }
}
