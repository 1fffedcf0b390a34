//! `Destruction`: the operator's word that the openings of some leaves are gone for good.

use serde::{Deserialize, Serialize};

use super::consent::ErasureGround;
use crate::id::{Did, Digest, IdError};
use crate::version::Version;

/// Most leaves of one destruction: a consent has fewer events.
pub const MAX_LEAVES: usize = 2048;

/// The claims of a `Destruction`, signed by the operator: from its place in the log on nothing opens these leaves. It names
/// places only, no consent and no person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Destruction {
    /// Format version.
    pub version: Version<1>,
    /// The brand in whose feed the leaves are.
    pub controller: Did,
    /// The leaves that lost their opening.
    pub leaves: Leaves,
    /// Why.
    pub ground: DestructionGround,
    /// SHA-256 of the order, a compact JWS; absent exactly when the ground is [`DestructionGround::RetentionElapsed`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_hash: Option<Digest>,
}

/// One to [`MAX_LEAVES`] log indexes, ascending, without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct Leaves(Vec<u64>);

impl Leaves {
    /// The indexes.
    #[must_use]
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }

    /// The first leaf: of a consent, its grant.
    #[must_use]
    pub fn first(&self) -> u64 {
        // Not empty: see `try_from`.
        self.0[0]
    }

    /// The last leaf.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.0[self.0.len() - 1]
    }
}

impl TryFrom<Vec<u64>> for Leaves {
    type Error = IdError;
    fn try_from(indexes: Vec<u64>) -> Result<Self, IdError> {
        if indexes.is_empty() || indexes.len() > MAX_LEAVES {
            return Err(IdError::new("a destruction names 1 to 2048 leaves"));
        }
        if indexes.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(IdError::new("a set is written in ascending order without repetition"));
        }
        Ok(Self(indexes))
    }
}

impl From<Leaves> for Vec<u64> {
    fn from(leaves: Leaves) -> Self {
        leaves.0
    }
}

/// Why openings are destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum DestructionGround {
    /// `placet:RetentionElapsed`: the time for which the request wanted the proof kept is over (Article 5(1)(e)).
    RetentionElapsed,
    /// By an order, which names this ground of Article 17(1).
    Ordered(ErasureGround),
}

const RETENTION_ELAPSED: &str = "placet:RetentionElapsed";

impl DestructionGround {
    /// The ground as the record has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RetentionElapsed => RETENTION_ELAPSED,
            Self::Ordered(ground) => ground.as_str(),
        }
    }
}

impl From<DestructionGround> for &'static str {
    fn from(ground: DestructionGround) -> Self {
        ground.as_str()
    }
}

impl TryFrom<String> for DestructionGround {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        if text == RETENTION_ELAPSED {
            return Ok(Self::RetentionElapsed);
        }
        let ordered = ErasureGround::ALL.into_iter().find(|ground| ground.as_str() == text);
        ordered.map(Self::Ordered).ok_or(IdError::new(
            "a destruction has the elapsed retention or a ground of Article 17(1) as its ground",
        ))
    }
}
