//! The records of one consent: grant, narrowing, renewal, the three endings and the erasure request.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest, IdError, Language};
use crate::narrowing::Pattern;
use crate::scope::Scope;
use crate::text::{SomeOf, Text};
use crate::time::Timestamp;
use crate::version::Version;
use crate::vocab::CategoryTerm;

/// Most patterns of one narrowing.
pub const MAX_PATTERNS: usize = 128;

/// The last checkpoint that the signer had seen; `{0, SHA-256("")}` where there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Tree size.
    pub size: u64,
    /// Tree root (RFC 6962).
    pub root: Digest,
}

/// The claims of a `ConsentGrant`: a yes to whole clauses of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentGrant {
    /// Format version.
    pub version: Version<1>,
    /// Digest of the request that is answered.
    pub request: Digest,
    /// The registered controller of that request.
    pub controller: Did,
    /// The clauses agreed to, whole, copied from the request.
    pub scope: Scope,
    /// What the person was shown and did. Her own statement.
    pub shown: Shown,
    /// The key that can end this consent when the grant's own key is lost.
    pub withdrawal_key: Did,
    /// How her act was authorised. Her own statement.
    pub strength: Strength,
    /// The last checkpoint that her wallet had seen.
    pub anchor: Anchor,
}

/// How a consumer's act was authorised, by the signer's own claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// A key held by a page that the operator serves.
    PageKey,
    /// A key held by the person's own wallet.
    SubjectKey,
}

/// What was on the screen and what the person did with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shown {
    /// Digest of the notice that was shown.
    pub notice: Digest,
    /// Its language.
    pub language: Language,
    /// Version of the page or program that showed it.
    pub page: Text,
    /// One entry per clause of the scope, in the scope's order.
    pub choices: Choices,
}

/// The choices, in the order of the scope's clauses.
pub type Choices = Vec<Choice>;

/// What the person did with one clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choice {
    /// Digest of the clause.
    pub clause: Digest,
    /// The state of the choice before she touched it. Recital 32: only "off" is a choice at all.
    pub initial: Initial,
    /// What she did.
    pub act: Act,
}

/// The state of a choice before it was touched. There is no "on": a pre-ticked box is no consent (recital 32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Initial {
    /// Not chosen.
    Off,
}

/// A clear affirmative act (Article 4(11)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// She switched the choice on.
    Selected,
    /// She also made an express statement about this clause alone: what Articles 9, 22 and 49 ask for.
    ExplicitStatement,
}

/// The claims of a `Narrowing`: a part of the scope is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Narrowing {
    /// Format version.
    pub version: Version<1>,
    /// The consent.
    pub consent: Digest,
    /// Digest of the grant, narrowing or renewal that this one follows.
    pub previous: Digest,
    /// What is taken back.
    pub removed: Patterns,
    /// Digest of the scope that remains.
    pub remaining: Digest,
    /// The last checkpoint that her wallet had seen.
    pub anchor: Anchor,
}

/// One to 128 patterns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Pattern>", into = "Vec<Pattern>")]
pub struct Patterns(Vec<Pattern>);

impl Patterns {
    /// The patterns.
    #[must_use]
    pub fn as_slice(&self) -> &[Pattern] {
        &self.0
    }
}

impl TryFrom<Vec<Pattern>> for Patterns {
    type Error = IdError;
    fn try_from(patterns: Vec<Pattern>) -> Result<Self, IdError> {
        if patterns.is_empty() || patterns.len() > MAX_PATTERNS {
            return Err(IdError::new("a narrowing has 1 to 128 patterns"));
        }
        Ok(Self(patterns))
    }
}

impl From<Patterns> for Vec<Pattern> {
    fn from(patterns: Patterns) -> Self {
        patterns.0
    }
}

/// The claims of a `Renewal`: the same or less, for longer, perhaps under a newer request of the same controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Renewal {
    /// Format version.
    pub version: Version<1>,
    /// The consent.
    pub consent: Digest,
    /// Digest of the grant, narrowing or renewal that this one follows.
    pub previous: Digest,
    /// Digest of the request that is answered now.
    pub request: Digest,
    /// The clauses agreed to: the same as now in force, or narrower.
    pub scope: Scope,
    /// What the person was shown and did.
    pub shown: Shown,
    /// How her act was authorised.
    pub strength: Strength,
    /// The last checkpoint that her wallet had seen.
    pub anchor: Anchor,
}

/// The claims of a `Withdrawal`: the consent ends. It has no `previous`, so no other event can make it stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdrawal {
    /// Format version.
    pub version: Version<1>,
    /// The consent.
    pub consent: Digest,
    /// The last checkpoint that the signer had seen, where it had one. A wrong one is a finding, never a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// Present exactly when the controller passes on what the person told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relayed: Option<Relayed>,
}

/// How a withdrawal reached the controller that passes it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relayed {
    /// By which channel: a word or two, such as `phone`; nothing about the person.
    pub channel: Text,
    /// When the controller received it.
    pub received_at: Timestamp,
}

/// The claims of an `EndedByController`: the brand itself ends the consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndedByController {
    /// Format version.
    pub version: Version<1>,
    /// The consent.
    pub consent: Digest,
    /// Why, such as `the product was discontinued`; nothing about the person.
    pub reason: Text,
}

/// The claims of an `ErasureRequest` (Article 17): erase data at the brand and its recipients. Changes no state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErasureRequest {
    /// Format version.
    pub version: Version<1>,
    /// The consent under which the data came.
    pub consent: Digest,
    /// The ground of Article 17(1), where she names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<ErasureGround>,
    /// Only these categories; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<SomeOf<CategoryTerm>>,
    /// The last checkpoint that her wallet had seen.
    pub anchor: Anchor,
}

/// The grounds of Article 17(1) GDPR, by the terms of DPV 2.3 (which has none named after the letters).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErasureGround {
    /// (a) no longer necessary.
    #[serde(rename = "eu-gdpr:JustificationA17NonNecessity")]
    NoLongerNecessary,
    /// (b) consent withdrawn.
    #[serde(rename = "eu-gdpr:JustificationA17NoLegalBasis")]
    ConsentWithdrawn,
    /// (c) objection.
    #[serde(rename = "eu-gdpr:JustificationA17ObjectA21")]
    Objection,
    /// (d) unlawfully processed.
    #[serde(rename = "eu-gdpr:JustificationA17UnlawfulProcessing")]
    Unlawful,
    /// (e) a legal obligation to erase.
    #[serde(rename = "eu-gdpr:JustificationA17LegalErasure")]
    LegalObligation,
    /// (f) collected from a child for an online service.
    #[serde(rename = "eu-gdpr:JustificationA17ChildData")]
    ChildOnline,
}

impl ErasureGround {
    /// All grounds, in the order of the letters.
    pub const ALL: [Self; 6] = [
        Self::NoLongerNecessary,
        Self::ConsentWithdrawn,
        Self::Objection,
        Self::Unlawful,
        Self::LegalObligation,
        Self::ChildOnline,
    ];

    /// The term.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoLongerNecessary => "eu-gdpr:JustificationA17NonNecessity",
            Self::ConsentWithdrawn => "eu-gdpr:JustificationA17NoLegalBasis",
            Self::Objection => "eu-gdpr:JustificationA17ObjectA21",
            Self::Unlawful => "eu-gdpr:JustificationA17UnlawfulProcessing",
            Self::LegalObligation => "eu-gdpr:JustificationA17LegalErasure",
            Self::ChildOnline => "eu-gdpr:JustificationA17ChildData",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grounds_are_written_as_they_are_named() {
        for ground in ErasureGround::ALL {
            assert_eq!(serde_json::to_value(ground).unwrap(), ground.as_str());
        }
    }
}
