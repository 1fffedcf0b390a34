//! What a yes covers: clauses, their normal form, and what it means for one scope to be narrower than another.
//!
//! A scope is a set of clauses. A clause grants every combination of one of its categories, processing operations and
//! deliveries, for its purpose, to the controller and to its third party if it has one. Matching is exact: a purpose
//! is known by the brand's own IRI, and no term of a taxonomy stands for the terms below it (rule 1), because a
//! taxonomy is not a legal scope: in DPV, Marketing is above PoliticalCampaign.

use serde::{Deserialize, Serialize};

use crate::id::{Country, Digest, Iri};
use crate::json;
use crate::text::{Set, SomeOf, Text, Texts};
use crate::time::Period;
use crate::vocab::{CategoryTerm, ProcessingTerm, PurposeTerm};

/// Most clauses of a scope.
pub const MAX_CLAUSES: usize = 128;

/// What the data is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Purpose {
    /// The brand's own name for the purpose. Decisions match it exactly.
    pub id: Iri,
    /// The DPV term that it is an instance of; serves audit and the rules, never matching.
    pub is_a: PurposeTerm,
    /// What it means, with a concrete example, per language.
    pub text: Texts,
    /// By which channels the person may be contacted under this purpose; may be empty.
    pub channels: Set<Channel>,
}

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// Electronic mail.
    Email,
    /// A message inside the brand's own application.
    InApp,
    /// A telephone call.
    Phone,
    /// A letter.
    Post,
    /// A notification on the person's device.
    Push,
    /// A text message.
    Sms,
}

/// How the data reaches the one who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// The controller holds a copy.
    Copy,
    /// The data stays in the person's vault.
    InVault,
}

/// A controller other than the one who asks, to whom the data is disclosed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ThirdParty {
    /// Its name for machines: a DID or an https IRI.
    pub id: Iri,
    /// Its name in law.
    pub legal_name: Text,
}

/// A transfer to a third country that rests on the explicit consent of Article 49(1)(a) GDPR.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transfer {
    /// The country of destination.
    pub country: Country,
}

/// One whole choice that a person is offered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clause {
    /// What for.
    pub purpose: Purpose,
    /// Which personal data (DPV-PD terms).
    pub categories: SomeOf<CategoryTerm>,
    /// What is done with it (DPV terms).
    pub processing: SomeOf<ProcessingTerm>,
    /// How it is delivered.
    pub delivery: SomeOf<Delivery>,
    /// To whom it is disclosed besides the controller. Each third party has a clause of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub third_party: Option<ThirdParty>,
    /// To which country it goes under Article 49(1)(a). Each such transfer has a clause of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Transfer>,
    /// How long the data is kept at most, from its collection, if the consent does not end before.
    pub retention: Period,
}

impl Clause {
    /// SHA-256 of the clause's canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.sort_key())
    }

    /// Whether everything that this clause grants is granted by `other` too, for no longer.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        // The purpose's words must be the same: new words under an old IRI would be a new meaning that nobody agreed to.
        let same_purpose = self.purpose.id == other.purpose.id
            && self.purpose.is_a == other.purpose.is_a
            && self.purpose.text == other.purpose.text
            && self.purpose.channels.is_subset(&other.purpose.channels);
        same_purpose
            && self.categories.is_subset(&other.categories)
            && self.processing.is_subset(&other.processing)
            && self.delivery.is_subset(&other.delivery)
            && self.third_party == other.third_party
            && self.transfer == other.transfer
            && self.retention.at_most(other.retention)
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.purpose.id == other.purpose.id
            && self.third_party.as_ref().map(|p| &p.id) == other.third_party.as_ref().map(|p| &p.id)
            && self.transfer == other.transfer
            && self.categories.intersects(&other.categories)
            && self.processing.intersects(&other.processing)
            && self.delivery.intersects(&other.delivery)
    }

    fn sort_key(&self) -> Vec<u8> {
        // A clause holds no float and no integer out of range, the only values that have no canonical form.
        json::to_jcs(self).unwrap_or_default()
    }
}

/// A non-empty set of clauses in normal form: ascending by canonical bytes, no two overlapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Clause>", into = "Vec<Clause>")]
pub struct Scope(Vec<Clause>);

/// Why clauses make no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// There is no clause.
    #[error("a scope has at least one clause")]
    Empty,
    /// There are more than [`MAX_CLAUSES`].
    #[error("a scope has at most {MAX_CLAUSES} clauses")]
    TooMany,
    /// The clauses are not in ascending order of their canonical bytes.
    #[error("clauses are written in ascending order of their canonical bytes (RFC 8785)")]
    NotSorted,
    /// Two clauses grant the same thing, so that removing one would not remove it.
    #[error("two clauses of the purpose {0} grant the same thing: merge them, or make them differ")]
    Overlap(Iri),
    /// One purpose IRI stands for two meanings.
    #[error("the purpose {0} is described in two ways: give each meaning an IRI of its own")]
    PurposeAmbiguous(Iri),
}

/// One combination that is asked about: exact terms, one of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// The brand's own purpose IRI.
    pub purpose: &'a Iri,
    /// The category of personal data.
    pub category: CategoryTerm,
    /// The processing operation.
    pub processing: ProcessingTerm,
    /// The delivery.
    pub delivery: Delivery,
    /// The third party to whom it is disclosed, if any.
    pub third_party: Option<&'a Iri>,
    /// The country to which it is transferred under Article 49(1)(a), if any.
    pub transfer: Option<&'a Country>,
}

impl Scope {
    /// Brings clauses, given in any order, into normal form.
    ///
    /// # Errors
    /// See [`ScopeError`]; never `NotSorted`.
    pub fn new(clauses: Vec<Clause>) -> Result<Self, ScopeError> {
        let mut keyed: Vec<(Vec<u8>, Clause)> = clauses.into_iter().map(|c| (c.sort_key(), c)).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        // An identical clause twice is one clause of the set.
        keyed.dedup_by(|a, b| a.0 == b.0);
        Self::checked(keyed.into_iter().map(|(_, clause)| clause).collect())
    }

    /// The clauses, in normal order.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.0
    }

    /// SHA-256 of the canonical bytes of the normal form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&json::to_jcs(self).unwrap_or_default())
    }

    /// Whether every clause is within one clause of `other`. A clause that only several clauses of `other` together
    /// would cover is not: the person never saw such a choice.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0
            .iter()
            .all(|clause| other.0.iter().any(|wider| clause.is_within(wider)))
    }

    /// Whether every clause stands, whole and unchanged, in `offered`: a yes is to whole clauses (records, "ConsentGrant").
    #[must_use]
    pub fn is_selection_of(&self, offered: &Self) -> bool {
        self.0.iter().all(|clause| offered.0.contains(clause))
    }

    /// The clause that grants exactly what is asked, if one does (rule 1: exact match, no inheritance).
    #[must_use]
    pub fn granting(&self, query: &Query<'_>) -> Option<&Clause> {
        self.0.iter().find(|clause| {
            clause.purpose.id == *query.purpose
                && clause.categories.has(&query.category)
                && clause.processing.has(&query.processing)
                && clause.delivery.has(&query.delivery)
                && clause.third_party.as_ref().map(|p| &p.id) == query.third_party
                && clause.transfer.as_ref().map(|t| &t.country) == query.transfer
        })
    }

    fn checked(clauses: Vec<Clause>) -> Result<Self, ScopeError> {
        if clauses.is_empty() {
            return Err(ScopeError::Empty);
        }
        if clauses.len() > MAX_CLAUSES {
            return Err(ScopeError::TooMany);
        }
        for (at, clause) in clauses.iter().enumerate() {
            for later in &clauses[at + 1..] {
                if clause.purpose.id == later.purpose.id && clause.purpose != later.purpose {
                    return Err(ScopeError::PurposeAmbiguous(clause.purpose.id.clone()));
                }
                if clause.overlaps(later) {
                    return Err(ScopeError::Overlap(clause.purpose.id.clone()));
                }
            }
        }
        Ok(Self(clauses))
    }
}

impl TryFrom<Vec<Clause>> for Scope {
    type Error = ScopeError;
    fn try_from(clauses: Vec<Clause>) -> Result<Self, ScopeError> {
        if clauses.len() > MAX_CLAUSES {
            return Err(ScopeError::TooMany);
        }
        // One clause is in order whatever its bytes are, and they are costly.
        let compared = if clauses.len() > 1 { clauses.as_slice() } else { &[] };
        let keys: Vec<Vec<u8>> = compared.iter().map(Clause::sort_key).collect();
        if keys.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(ScopeError::NotSorted);
        }
        Self::checked(clauses)
    }
}

impl From<Scope> for Vec<Clause> {
    fn from(scope: Scope) -> Self {
        scope.0
    }
}
