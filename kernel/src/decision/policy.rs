//! What a brand demands beyond what the law and the grant say.

use std::collections::BTreeMap;

use placet_schemas::id::{Digest, Iri};
use placet_schemas::json;
use placet_schemas::record::consent::Strength;
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};

use super::register::Register;

/// Oldest state that a policy may allow decisions from, in seconds: beyond, "withdrawing works" would be an empty word.
pub const MAX_STALENESS_SECONDS: u64 = 3600;
/// Longest use of a permit, in seconds. A policy may only shorten it.
pub const MAX_VALID_FOR_SECONDS: u64 = 1;
/// Default of [`Policy::max_staleness`], in seconds.
const DEFAULT_STALENESS_SECONDS: u64 = 60;
/// Most purposes of a policy.
const MAX_PURPOSES: usize = 4096;

/// A brand's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, try_from = "Wire")]
pub struct Policy {
    /// Format version.
    pub version: Version<1>,
    /// Seconds after which what is known is too old.
    pub max_staleness: u64,
    /// Seconds for which a permit may be used.
    pub valid_for: u64,
    /// Demands per purpose.
    pub purposes: BTreeMap<Iri, PurposePolicy>,
}

/// What a brand demands for one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, default)]
pub struct PurposePolicy {
    /// The weakest act that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_strength: Option<Strength>,
    /// Whether an express statement is needed although the law asks for none.
    pub explicit: bool,
}

/// Why a policy is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Out of bounds.
    #[error("max_staleness is 1 to {MAX_STALENESS_SECONDS} seconds")]
    Staleness,
    /// Out of bounds.
    #[error("valid_for is 0 or {MAX_VALID_FOR_SECONDS} second: a policy may only shorten it")]
    ValidFor,
    /// Too many.
    #[error("a policy has at most {MAX_PURPOSES} purposes")]
    Purposes,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
struct Wire {
    version: Option<Version<1>>,
    max_staleness: Option<u64>,
    valid_for: Option<u64>,
    #[serde(default)]
    purposes: BTreeMap<Iri, PurposePolicy>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            version: Version,
            max_staleness: DEFAULT_STALENESS_SECONDS,
            valid_for: MAX_VALID_FOR_SECONDS,
            purposes: BTreeMap::new(),
        }
    }
}

impl TryFrom<Wire> for Policy {
    type Error = PolicyError;
    fn try_from(wire: Wire) -> Result<Self, PolicyError> {
        let defaults = Self::default();
        let policy = Self {
            version: wire.version.unwrap_or_default(),
            max_staleness: wire.max_staleness.unwrap_or(defaults.max_staleness),
            valid_for: wire.valid_for.unwrap_or(defaults.valid_for),
            purposes: wire.purposes,
        };
        if !(1..=MAX_STALENESS_SECONDS).contains(&policy.max_staleness) {
            return Err(PolicyError::Staleness);
        }
        if policy.valid_for > MAX_VALID_FOR_SECONDS {
            return Err(PolicyError::ValidFor);
        }
        if policy.purposes.len() > MAX_PURPOSES {
            return Err(PolicyError::Purposes);
        }
        Ok(policy)
    }
}

impl Policy {
    /// What is demanded for a purpose.
    #[must_use]
    pub fn of(&self, purpose: &Iri) -> PurposePolicy {
        self.purposes.get(purpose).copied().unwrap_or_default()
    }

    /// SHA-256 of the canonical policy, and of the register's digest where there is one: what a decision names.
    #[must_use]
    pub fn digest(&self, register: Option<&Register>) -> Digest {
        // No float and no integer out of range, the only values without a canonical form.
        let mut bytes = json::to_jcs(self).unwrap_or_default();
        if let Some(register) = register {
            bytes.extend_from_slice(register.digest().as_bytes());
        }
        Digest::of(&bytes)
    }
}
