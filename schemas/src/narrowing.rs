//! Taking a part of a scope back: patterns and what they leave.

use serde::{Deserialize, Serialize};

use crate::id::{Country, IdError, Iri};
use crate::scope::{Clause, Delivery, Scope, ScopeError};
use crate::text::{Set, SomeOf};
use crate::vocab::{CategoryTerm, ProcessingTerm};

/// What a person takes back.
///
/// On the wire either `{"clause": {…}}`, a whole clause, or `{"purpose": IRI or "*", "dimension": name, "value": value}`,
/// one value of one dimension, in one purpose or in all. Retention is no dimension: it cannot be removed, only with its
/// clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub enum Pattern {
    /// A clause as it stands in the scope now.
    Clause(Box<Clause>),
    /// One value wherever it stands in the purpose, or in every purpose.
    Value {
        /// The purpose's IRI; `None` is `*`, every purpose.
        purpose: Option<Iri>,
        /// The value that goes.
        value: Value,
    },
}

/// One value of one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A category of personal data.
    Category(CategoryTerm),
    /// A processing operation.
    Processing(ProcessingTerm),
    /// A delivery.
    Delivery(Delivery),
    /// A third party, by its id.
    ThirdParty(Iri),
    /// A country of destination of an Article 49 transfer.
    Transfer(Country),
}

/// Why patterns do not narrow a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NarrowingError {
    /// Nothing would be left.
    #[error("nothing would remain: withdraw instead")]
    NothingRemains,
    /// A pattern meets nothing in the scope as it is now.
    #[error("pattern {0} matches nothing in the scope as it is now")]
    MatchesNothing(usize),
    /// There is no pattern.
    #[error("there is no pattern")]
    Empty,
    /// What is left would be no scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl Scope {
    /// What remains when `patterns` are taken from this scope: always strictly less, whatever the order of the patterns.
    ///
    /// Each pattern is matched against this scope, not against what earlier patterns left, so that their order cannot
    /// matter. A clause that names a third party or a transfer exists for the sake of that disclosure: taking the party or
    /// the country away takes the whole clause, since what would be left, use by the controller alone, was never asked.
    ///
    /// # Errors
    /// See [`NarrowingError`].
    pub fn without(&self, patterns: &[Pattern]) -> Result<Self, NarrowingError> {
        if patterns.is_empty() {
            return Err(NarrowingError::Empty);
        }
        for (at, pattern) in patterns.iter().enumerate() {
            if !self.clauses().iter().any(|clause| pattern.meets(clause)) {
                return Err(NarrowingError::MatchesNothing(at));
            }
        }
        let left: Vec<Clause> = self
            .clauses()
            .iter()
            .filter_map(|clause| remainder(clause, patterns))
            .collect();
        match Self::new(left) {
            Err(ScopeError::Empty) => Err(NarrowingError::NothingRemains),
            other => Ok(other?),
        }
    }
}

impl Pattern {
    fn meets(&self, clause: &Clause) -> bool {
        match self {
            Self::Clause(whole) => **whole == *clause,
            Self::Value { purpose, value } => {
                purpose.as_ref().is_none_or(|iri| *iri == clause.purpose.id) && value.is_in(clause)
            }
        }
    }
}

impl Value {
    fn is_in(&self, clause: &Clause) -> bool {
        match self {
            Self::Category(term) => clause.categories.has(term),
            Self::Processing(term) => clause.processing.has(term),
            Self::Delivery(delivery) => clause.delivery.has(delivery),
            Self::ThirdParty(id) => clause.third_party.as_ref().is_some_and(|party| party.id == *id),
            Self::Transfer(country) => clause
                .transfer
                .as_ref()
                .is_some_and(|transfer| transfer.country == *country),
        }
    }
}

fn remainder(clause: &Clause, patterns: &[Pattern]) -> Option<Clause> {
    let mut left = clause.clone();
    for pattern in patterns.iter().filter(|pattern| pattern.meets(clause)) {
        match pattern {
            Pattern::Clause(_) => return None,
            Pattern::Value { value, .. } => match value {
                Value::Category(term) => left.categories = less(&left.categories, term)?,
                Value::Processing(term) => left.processing = less(&left.processing, term)?,
                Value::Delivery(delivery) => left.delivery = less(&left.delivery, delivery)?,
                Value::ThirdParty(_) | Value::Transfer(_) => return None,
            },
        }
    }
    Some(left)
}

/// The set without the member; `None`, so that the clause vanishes, when the dimension would be empty.
fn less<T: Ord + Clone>(set: &SomeOf<T>, member: &T) -> Option<SomeOf<T>> {
    SomeOf::new(Set::from_members(set.iter().filter(|m| *m != member).cloned()))
}

/// The shape of a pattern on the wire. All members are optional here, and [`Pattern`] admits the two legal combinations.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<Box<Clause>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension: Option<Dimension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Dimension {
    Categories,
    Processing,
    Delivery,
    ThirdParty,
    Transfer,
}

impl TryFrom<Wire> for Pattern {
    type Error = IdError;
    fn try_from(wire: Wire) -> Result<Self, IdError> {
        match (wire.clause, wire.purpose, wire.dimension, wire.value) {
            (Some(clause), None, None, None) => Ok(Self::Clause(clause)),
            (None, Some(purpose), Some(dimension), Some(value)) => {
                let purpose = if purpose == "*" {
                    None
                } else {
                    Some(purpose.try_into()?)
                };
                Ok(Self::Value {
                    purpose,
                    value: Value::parse(dimension, value)?,
                })
            }
            _ => Err(IdError::new(
                "a pattern is {clause} alone, or {purpose, dimension, value}",
            )),
        }
    }
}

impl Value {
    fn parse(dimension: Dimension, value: String) -> Result<Self, IdError> {
        Ok(match dimension {
            Dimension::Categories => Self::Category(
                value
                    .parse()
                    .map_err(|_| IdError::new("the value is no DPV personal data term"))?,
            ),
            Dimension::Processing => Self::Processing(
                value
                    .parse()
                    .map_err(|_| IdError::new("the value is no DPV processing term"))?,
            ),
            Dimension::Delivery => Self::Delivery(match value.as_str() {
                "copy" => Delivery::Copy,
                "in-vault" => Delivery::InVault,
                _ => return Err(IdError::new("the delivery is copy or in-vault")),
            }),
            Dimension::ThirdParty => Self::ThirdParty(value.try_into()?),
            Dimension::Transfer => Self::Transfer(value.try_into()?),
        })
    }

    fn wire(&self) -> (Dimension, String) {
        match self {
            Self::Category(term) => (Dimension::Categories, term.as_str().to_owned()),
            Self::Processing(term) => (Dimension::Processing, term.as_str().to_owned()),
            Self::Delivery(Delivery::Copy) => (Dimension::Delivery, "copy".to_owned()),
            Self::Delivery(Delivery::InVault) => (Dimension::Delivery, "in-vault".to_owned()),
            Self::ThirdParty(id) => (Dimension::ThirdParty, id.to_string()),
            Self::Transfer(country) => (Dimension::Transfer, country.to_string()),
        }
    }
}

impl From<Pattern> for Wire {
    fn from(pattern: Pattern) -> Self {
        match pattern {
            Pattern::Clause(clause) => Self {
                clause: Some(clause),
                purpose: None,
                dimension: None,
                value: None,
            },
            Pattern::Value { purpose, value } => {
                let (dimension, value) = value.wire();
                let purpose = purpose.map_or_else(|| "*".to_owned(), String::from);
                Self {
                    clause: None,
                    purpose: Some(purpose),
                    dimension: Some(dimension),
                    value: Some(value),
                }
            }
        }
    }
}
