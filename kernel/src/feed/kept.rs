//! A follower as it is kept between two runs: JSON, for whoever writes it with the items that it counts.

use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::statement::{FeedHead, Signed};
use serde::{Deserialize, Serialize};

use super::{Followed, Orphan, Standing};
use crate::merkle::Hash;

/// What [`Followed`] says, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeptFollower {
    origin: Origin,
    controller: Did,
    feed_size: u64,
    frontier: Vec<Digest>,
    last_index: Option<u64>,
    orphans: Vec<KeptOrphan>,
    seen: Option<KeptStanding>,
    verified: Option<KeptStanding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptOrphan {
    seq: u64,
    index: u64,
    leaf: Digest,
    by: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptStanding {
    head: Signed<FeedHead>,
    checkpoint: String,
}

impl From<Followed> for KeptFollower {
    fn from(followed: Followed) -> Self {
        let orphan = |orphan: &Orphan| KeptOrphan {
            seq: orphan.seq,
            index: orphan.index,
            leaf: digest(&orphan.leaf),
            by: orphan.by,
        };
        Self {
            origin: followed.origin,
            controller: followed.controller,
            feed_size: followed.feed_size,
            frontier: followed.frontier.iter().map(digest).collect(),
            last_index: followed.last_index,
            orphans: followed.orphans.iter().map(orphan).collect(),
            seen: followed.seen.map(KeptStanding::of),
            verified: followed.verified.map(KeptStanding::of),
        }
    }
}

impl From<&KeptFollower> for Followed {
    fn from(kept: &KeptFollower) -> Self {
        let orphan = |orphan: &KeptOrphan| Orphan {
            seq: orphan.seq,
            index: orphan.index,
            leaf: hash(&orphan.leaf),
            by: orphan.by,
        };
        Self {
            origin: kept.origin.clone(),
            controller: kept.controller.clone(),
            feed_size: kept.feed_size,
            frontier: kept.frontier.iter().map(hash).collect(),
            last_index: kept.last_index,
            orphans: kept.orphans.iter().map(orphan).collect(),
            seen: kept.seen.as_ref().map(KeptStanding::standing),
            verified: kept.verified.as_ref().map(KeptStanding::standing),
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
