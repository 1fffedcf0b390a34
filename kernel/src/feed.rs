//! A brand's feed: every item opened or destroyed by a record of the same feed, in the log, and counted in the operator's
//! signed head. [`Reader`] reads one from its beginning, [`Follower`] lives on it.
//!
//! A ledger that leaves an item out, puts one in or changes one cannot give items that add up to the head it signed. And a
//! feed that adds up is held against what the operator signed before: an earlier head, an acknowledgement. Where they
//! contradict each other there is a misbehaviour file to write ([`Feed::against_head`], [`Feed::against_acknowledgement`],
//! [`Follower::against`]).

mod against;
mod check;
mod error;
mod follow;
mod kept;
mod pages;
mod trusted;

use placet_schemas::api::FeedAnswer;
use placet_schemas::id::Did;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::statement::{FeedHead, Signed};

use self::check::check_head;
use self::pages::Pages;
use crate::checkpoint::{CheckpointKeys, SignedCheckpoint};
use crate::keys::PublicKey;
use crate::merkle::Hash;

pub use self::check::{check_opening, check_orphan};
pub use self::error::{FeedError, ItemError};
pub use self::follow::{Followed, Follower, ResumeError, Standing};
pub use self::kept::KeptFollower;
pub use self::pages::{Opened, Orphan, Step};
pub use self::trusted::{LogTrust, LogTrustError};

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
    pages: Pages,
    items: Vec<(u64, CanonicalRecord)>,
    leaves: Vec<Hash>,
    destroyed: Vec<u64>,
}

impl Reader {
    /// The place of the item that is wanted next.
    #[must_use]
    pub fn next_item(&self) -> u64 {
        self.pages.frontier.size()
    }

    /// The head of the page before: when a page is refused, what it may contradict.
    #[must_use]
    pub const fn last_head(&self) -> Option<&Signed<FeedHead>> {
        self.pages.last.as_ref()
    }

    /// Takes one more page; gives the feed when it was the last one. A page that is refused changes nothing.
    ///
    /// # Errors
    /// See [`FeedError`].
    pub fn take(&mut self, page: &FeedAnswer, keys: FeedKeys<'_>) -> Result<Option<Feed>, FeedError> {
        let checkpoint = check_head(page, keys)?;
        let step = self.pages.take(page, &checkpoint)?;
        let opened = step.opened.into_iter();
        self.items.extend(opened.map(|opened| (opened.index, opened.record)));
        self.leaves.extend(step.leaves);
        self.destroyed.extend(step.orphans.iter().map(|orphan| orphan.index));
        if !step.complete {
            return Ok(None);
        }
        Ok(Some(Feed {
            items: core::mem::take(&mut self.items),
            leaves: core::mem::take(&mut self.leaves),
            destroyed: core::mem::take(&mut self.destroyed),
            head: page.head.clone(),
            checkpoint,
        }))
    }
}
