//! How far the feed was read: one row, written with the items that it counts.

use placet_kernel::feed::{Followed, KeptFollower};
use placet_schemas::id::Digest;
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

/// What the row holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kept {
    version: Version<2>,
    follower: KeptFollower,
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

impl Kept {
    /// What a follower must be told to go on, and what else is read at start.
    pub(crate) fn new(followed: Followed, keys: Option<Named>, requests: Vec<Named>, misbehaved: bool) -> Self {
        Self {
            version: Version,
            follower: followed.into(),
            keys,
            requests,
            misbehaved,
        }
    }

    /// The follower's part.
    pub(crate) fn followed(&self) -> Followed {
        (&self.follower).into()
    }
}
