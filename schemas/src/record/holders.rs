//! `HolderKeyAuthorization`: which keys besides the grant's own may hold receipts of a consent.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest, IdError};
use crate::multikey::is_signing_key;
use crate::version::Version;

/// Most other keys that may hold receipts of one consent.
pub const MAX_HOLDERS: usize = 7;

/// The claims of a `HolderKeyAuthorization`, signed by the person: since a stock wallet brings a key of its own, she says which
/// keys it may be. It changes no state. The last one before a place in the log is in force there, and says all: what it leaves
/// out may no longer hold receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HolderKeyAuthorization {
    /// Format version.
    pub version: Version<1>,
    /// The consent.
    pub consent: Digest,
    /// The other keys that may hold its receipts.
    pub holders: Holders,
}

/// None to [`MAX_HOLDERS`] did:keys of Ed25519 or P-256, ascending, without repetition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Did>", into = "Vec<Did>")]
pub struct Holders(Vec<Did>);

impl Holders {
    /// The keys.
    #[must_use]
    pub fn as_slice(&self) -> &[Did] {
        &self.0
    }

    /// The given keys, in any order and repeated or not.
    ///
    /// # Errors
    /// When there are too many, or one is no did:key of a kind that can hold a receipt.
    pub fn from_members(members: impl IntoIterator<Item = Did>) -> Result<Self, IdError> {
        let mut members: Vec<Did> = members.into_iter().collect();
        members.sort();
        members.dedup();
        Self::try_from(members)
    }
}

impl TryFrom<Vec<Did>> for Holders {
    type Error = IdError;
    fn try_from(members: Vec<Did>) -> Result<Self, IdError> {
        if members.len() > MAX_HOLDERS {
            return Err(IdError::new("at most 7 other keys may hold receipts of a consent"));
        }
        if !members
            .iter()
            .all(|did| did.key_multibase().is_some_and(is_signing_key))
        {
            return Err(IdError::new("a holder is a did:key of Ed25519 (z6Mk) or P-256 (zDn)"));
        }
        if members.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(IdError::new("a set is written in ascending order without repetition"));
        }
        Ok(Self(members))
    }
}

impl From<Holders> for Vec<Did> {
    fn from(holders: Holders) -> Self {
        holders.0
    }
}
