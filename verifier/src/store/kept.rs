//! How far the feed was read: one row, written with the items that it counts.

use placet_kernel::feed::{Followed, Orphan, Standing};
use placet_kernel::merkle::Hash;
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::statement::{FeedHead, Signed};
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

/// What the row holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kept {
    version: Version<1>,
    pub(crate) origin: Origin,
    pub(crate) controller: Did,
    feed_size: u64,
    frontier: Vec<Digest>,
    last_index: Option<u64>,
    orphans: Vec<KeptOrphan>,
    seen: Option<KeptStanding>,
    verified: Option<KeptStanding>,
    /// The brand's newest keys.
    pub(crate) keys: Option<Named>,
    /// The brand's requests, in order.
    pub(crate) requests: Vec<Named>,
    /// Whether misbehaviour of the ledger was proved.
    pub(crate) misbehaved: bool,
}

/// An item of the feed, by its place and its record's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    pub(crate) seq: u64,
    pub(crate) digest: Digest,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptOrphan {
    seq: u64,
    index: u64,
    leaf: Digest,
    by: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptStanding {
    head: Signed<FeedHead>,
    checkpoint: String,
}

impl Kept {
    /// What a follower must be told to go on, and what else is read at start.
    pub(crate) fn new(followed: Followed, keys: Option<Named>, requests: Vec<Named>, misbehaved: bool) -> Self {
        let orphan = |orphan: &Orphan| KeptOrphan {
            seq: orphan.seq,
            index: orphan.index,
            leaf: digest(&orphan.leaf),
            by: orphan.by,
        };
        Self {
            version: Version,
            origin: followed.origin,
            controller: followed.controller,
            feed_size: followed.feed_size,
            frontier: followed.frontier.iter().map(digest).collect(),
            last_index: followed.last_index,
            orphans: followed.orphans.iter().map(orphan).collect(),
            seen: followed.seen.map(KeptStanding::of),
            verified: followed.verified.map(KeptStanding::of),
            keys,
            requests,
            misbehaved,
        }
    }

    /// The follower's part.
    pub(crate) fn followed(&self) -> Followed {
        let orphan = |orphan: &KeptOrphan| Orphan {
            seq: orphan.seq,
            index: orphan.index,
            leaf: hash(&orphan.leaf),
            by: orphan.by,
        };
        Followed {
            origin: self.origin.clone(),
            controller: self.controller.clone(),
            feed_size: self.feed_size,
            frontier: self.frontier.iter().map(hash).collect(),
            last_index: self.last_index,
            orphans: self.orphans.iter().map(orphan).collect(),
            seen: self.seen.as_ref().map(KeptStanding::standing),
            verified: self.verified.as_ref().map(KeptStanding::standing),
        }
    }
}

impl KeptStanding {
    fn of(standing: Standing) -> Self {
        Self {
            head: standing.head,
            checkpoint: standing.checkpoint,
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            head: self.head.clone(),
            checkpoint: self.checkpoint.clone(),
        }
    }
}

fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}

const fn hash(digest: &Digest) -> Hash {
    Hash::new(*digest.as_bytes())
}
