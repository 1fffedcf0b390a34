//! A follower: the feed read page by page for years, stopped and resumed anywhere, with the log tied to itself throughout.
//!
//! It keeps no items. Each page gives those that are new, and what the follower itself must know is small enough to be
//! written with them in one transaction ([`Follower::followed`]): the right edge of the feed's tree, the orphans that wait for
//! their Destruction, the last heads.
//!
//! Heads carry the operator's own clock as it was read. A later head of a larger log may therefore bear an earlier time: that
//! is taken here, and no misbehaviour. How old the newest head may be is for whoever decides by it to say.

use placet_schemas::api::{FeedAnswer, FeedCursor};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::statement::{FeedHead, Signed};

use super::check::check_head;
use super::pages::{Orphan, Pages, Step};
use super::{FeedError, FeedKeys};
use crate::checkpoint::Checkpoint;
use crate::merkle::{self, Frontier, Hash, MerkleError};
use crate::note::UnverifiedNote;

/// Reads one controller's feed, from the beginning or from where it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    origin: Origin,
    controller: Did,
    pages: Pages,
    seen: Option<Standing>,
    verified: Option<Standing>,
}

/// What the operator signed of the feed, and of the log at the same moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The head.
    pub head: Signed<FeedHead>,
    /// The checkpoint: a signed note, with the signatures that were found to hold and no other.
    pub checkpoint: String,
}

/// All that a follower has to be told to go on. It is believed: keep it where nobody else can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The log.
    pub origin: Origin,
    /// Whose feed.
    pub controller: Did,
    /// How many items were taken.
    pub feed_size: u64,
    /// The right edge of their tree: [`Frontier::hashes`].
    pub frontier: Vec<Hash>,
    /// Log index of the last item; none before the first.
    pub last_index: Option<u64>,
    /// Items that are said to be destroyed, and whose Destruction has not come yet.
    pub orphans: Vec<Orphan>,
    /// What came with the last page.
    pub seen: Option<Standing>,
    /// What came with the last page with which the feed added up.
    pub verified: Option<Standing>,
}

/// Why a follower cannot go on from what it is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The right edge does not fit the number of items.
    #[error(transparent)]
    Frontier(#[from] MerkleError),
    /// Two parts do not fit each other.
    #[error("the parts of the follower do not fit each other: {0}")]
    Parts(&'static str),
}

impl ResumeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Frontier(_) => "follower_frontier",
            Self::Parts(_) => "follower_parts",
        }
    }
}

impl Follower {
    /// At the beginning of this controller's feed in this log.
    #[must_use]
    pub fn new(origin: Origin, controller: Did) -> Self {
        Self {
            origin,
            controller,
            pages: Pages::default(),
            seen: None,
            verified: None,
        }
    }

    /// Where it stopped.
    ///
    /// # Errors
    /// [`ResumeError`] when the parts are not those of one moment.
    pub fn resume(parts: Followed) -> Result<Self, ResumeError> {
        let Followed {
            origin,
            controller,
            feed_size,
            frontier,
            last_index,
            orphans,
            seen,
            verified,
        } = parts;
        let follower = Self {
            pages: Pages {
                frontier: Frontier::from_parts(feed_size, frontier)?,
                last_index,
                pending: orphans,
                last: seen.as_ref().map(|seen| seen.head.clone()),
            },
            origin,
            controller,
            seen,
            verified,
        };
        follower.check_parts().map_err(ResumeError::Parts)?;
        Ok(follower)
    }

    /// All that is needed to resume.
    #[must_use]
    pub fn followed(&self) -> Followed {
        Followed {
            origin: self.origin.clone(),
            controller: self.controller.clone(),
            feed_size: self.pages.frontier.size(),
            frontier: self.pages.frontier.hashes().to_vec(),
            last_index: self.pages.last_index,
            orphans: self.pages.pending.clone(),
            seen: self.seen.clone(),
            verified: self.verified.clone(),
        }
    }

    /// The log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whose feed.
    #[must_use]
    pub const fn controller(&self) -> &Did {
        &self.controller
    }

    /// What to ask the ledger for next.
    #[must_use]
    pub fn cursor(&self) -> FeedCursor {
        FeedCursor {
            from: self.pages.frontier.size(),
            since: self.seen.as_ref().map_or(0, |seen| seen.head.statement.size),
        }
    }

    /// What came with the last page.
    #[must_use]
    pub const fn seen(&self) -> Option<&Standing> {
        self.seen.as_ref()
    }

    /// The newest word of the operator that all items so far add up to. While pages of a backlog come it is the one before
    /// them: see [`Step::complete`].
    #[must_use]
    pub const fn verified(&self) -> Option<&Standing> {
        self.verified.as_ref()
    }

    /// Takes one more page: the items from [`Follower::cursor`] on, or none where the head says that there are no more, which
    /// makes it a fresh head. Where the log grew since the last page it must be proved to begin with what it was.
    ///
    /// A head of the same log and feed that is older than the one held is taken and changes nothing: pages may overtake each
    /// other on their way.
    ///
    /// # Errors
    /// See [`FeedError`]. The follower is as it was. What the page proves against the operator is said by
    /// [`Follower::against`]; where that is nothing, ask again with [`Follower::cursor`].
    pub fn take(&mut self, page: &FeedAnswer, keys: FeedKeys<'_>) -> Result<Step, FeedError> {
        let checkpoint = check_head(page, keys)?;
        let head = &page.head.statement;
        if head.origin != self.origin {
            return Err(FeedError::OtherLog(head.origin.clone()));
        }
        if head.controller != self.controller {
            return Err(FeedError::OtherFeed(head.controller.clone()));
        }
        if let Some(seen) = &self.seen {
            check_consistency(&seen.head.statement, page)?;
        }
        let is_older = |held: &FeedHead| held.size == head.size && head.time < held.time;
        let standing = Standing {
            head: page.head.clone(),
            checkpoint: checkpoint.exact_note().to_owned(),
        };
        let step = self.pages.take(page, &checkpoint)?;
        if !self.seen.as_ref().is_some_and(|seen| is_older(&seen.head.statement)) {
            self.seen = Some(standing);
        }
        self.pages.last = self.seen.as_ref().map(|seen| seen.head.clone());
        if step.complete {
            self.verified.clone_from(&self.seen);
        }
        Ok(step)
    }

    fn check_parts(&self) -> Result<(), &'static str> {
        let Pages {
            frontier,
            last_index,
            pending,
            ..
        } = &self.pages;
        let size = frontier.size();
        if last_index.is_some() != (size > 0) {
            return Err("the last item");
        }
        if self.seen.is_none() && (size > 0 || self.verified.is_some()) {
            return Err("there are items, and no head");
        }
        let of_feed =
            |orphan: &Orphan| orphan.seq < size && Some(orphan.index) <= *last_index && orphan.by > orphan.index;
        if !pending.iter().all(of_feed) {
            return Err("an orphan is none of the items");
        }
        for standing in self.seen.iter().chain(&self.verified) {
            self.check_standing(standing)?;
        }
        let sizes = |standing: &Standing| {
            let head = &standing.head.statement;
            (head.size, head.feed_size)
        };
        let (seen, verified) = (self.seen.as_ref().map(sizes), self.verified.as_ref().map(sizes));
        match (seen, verified) {
            (Some((_, counted)), _) if counted < size => Err("there are more items than the head counts"),
            (Some((log, _)), Some((before, _))) if before > log => Err("the last head is of a smaller log"),
            (_, Some((_, counted))) if counted > size => Err("there are fewer items than were verified"),
            (_, Some((_, counted))) if pending.iter().any(|orphan| orphan.seq < counted) => {
                Err("an orphan was waited for, and its feed is said to add up")
            }
            _ => Ok(()),
        }
    }

    fn check_standing(&self, standing: &Standing) -> Result<(), &'static str> {
        let head = &standing.head.statement;
        if head.origin != self.origin || head.controller != self.controller {
            return Err("a head is of another feed");
        }
        let note = UnverifiedNote::parse(standing.checkpoint.as_bytes()).map_err(|_| "a checkpoint is none")?;
        let checkpoint: Checkpoint = note.unverified_text().parse().map_err(|_| "a checkpoint is none")?;
        let same = checkpoint.size() == head.size && checkpoint.root().as_bytes() == head.root.as_bytes();
        if !same || *checkpoint.origin() != self.origin {
            return Err("head and checkpoint are of different trees");
        }
        let frontier = &self.pages.frontier;
        if head.feed_size == frontier.size() && frontier.root().as_bytes() != head.feed_root.as_bytes() {
            return Err("the items are not those of a head");
        }
        Ok(())
    }
}

/// The log of a page must begin with the one of the head before.
fn check_consistency(last: &FeedHead, page: &FeedAnswer) -> Result<(), FeedError> {
    let head = &page.head.statement;
    // A log of the same size has the same root or went back, and nothing is proved from the empty one.
    if head.size <= last.size || last.size == 0 {
        return Ok(());
    }
    let proof = page.consistency.as_deref().ok_or(FeedError::NoConsistency {
        from: last.size,
        to: head.size,
    })?;
    let proof: Vec<Hash> = proof.iter().map(hash).collect();
    merkle::verify_consistency(last.size, &hash(&last.root), head.size, &hash(&head.root), &proof)
        .map_err(FeedError::InconsistentLog)
}

const fn hash(digest: &Digest) -> Hash {
    Hash::new(*digest.as_bytes())
}
