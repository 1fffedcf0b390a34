//! The rules that make a request lawful to ask, beyond its shape (design rules 2 to 5; the law that stands behind each
//! is named at its variant).

use crate::record::request::ConsentRequest;
use crate::scope::{Clause, Scope};
use crate::vocab::{Sensitivity, vocabulary_hash};

/// Which kind of act a clause needs from the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// A choice that starts at "off".
    Ordinary,
    /// The same, in a clause of its own (our rule, not the law's).
    Separate,
    /// An express statement in a clause of its own (Articles 9(2)(a), 22(2)(c), 49(1)(a) GDPR).
    Explicit,
}

/// The ground on which a clause needs more than an ordinary choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// Article 9(1): special categories of personal data.
    SpecialCategory,
    /// Article 22: decisions based solely on automated processing.
    AutomatedDecision,
    /// Article 49(1)(a): a transfer without adequacy or safeguards.
    Transfer,
    /// Sale of data.
    Sale,
    /// Political purposes.
    Political,
    /// Profiling.
    Profiling,
    /// Targeted or personalised advertising.
    Advertising,
}

impl Ground {
    /// What the ground demands.
    #[must_use]
    pub const fn demand(self) -> Demand {
        match self {
            Self::SpecialCategory | Self::AutomatedDecision | Self::Transfer => Demand::Explicit,
            Self::Sale | Self::Political | Self::Profiling | Self::Advertising => Demand::Separate,
        }
    }
}

/// A request that must not be asked. `clause` is the clause's place in the scope, from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Rule 2; Article 6(1)(a), "specific purposes".
    #[error("clause {clause}: {term} is too general to be agreed to; name what is really done")]
    NotSpecific {
        /// The clause.
        clause: usize,
        /// The DPV term of its purpose.
        term: &'static str,
    },
    /// Rule 3: something that needs its own choice shares a clause.
    #[error("clause {clause}: {ground:?} shares the clause with something else; give it a clause of its own")]
    NotSeparate {
        /// The clause.
        clause: usize,
        /// What must stand alone.
        ground: Ground,
    },
    /// Rule 3; Article 10: consent is not enough.
    #[error("clause {clause}: {term} is about crimes, for which consent is no ground")]
    CriminalCategory {
        /// The clause.
        clause: usize,
        /// The DPV-PD term.
        term: &'static str,
    },
    /// Rule 4; Article 8.
    #[error("the request may include children, and guardians are not supported yet")]
    GuardianUnsupported,
    /// Rule 5.
    #[error(
        "the request names another vocabulary than {} ({expected})",
        crate::vocab::VOCABULARY_VERSION
    )]
    VocabularyUnknown {
        /// The hash of the table in use, in hex.
        expected: String,
    },
}

impl RuleError {
    /// The stable code of the rule.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSpecific { .. } => "scope_not_specific",
            Self::NotSeparate { .. } => "scope_not_separate",
            Self::CriminalCategory { .. } => "scope_criminal_category",
            Self::GuardianUnsupported => "guardian_unsupported",
            Self::VocabularyUnknown { .. } => "vocabulary_unknown",
        }
    }
}

/// Checks rules 2 to 5 on a request.
///
/// # Errors
/// The first rule that is broken.
pub fn check_request(request: &ConsentRequest) -> Result<(), RuleError> {
    broken_rules(request).next().map_or(Ok(()), Err)
}

/// Every rule of 2 to 5 that a request breaks, of each clause the first.
pub fn broken_rules(request: &ConsentRequest) -> impl Iterator<Item = RuleError> + '_ {
    let vocabulary = (*request.vocabulary.as_bytes() != vocabulary_hash()).then(|| RuleError::VocabularyUnknown {
        expected: crate::id::encode_hex(&vocabulary_hash()),
    });
    let children = request
        .audience
        .may_include_children
        .then_some(RuleError::GuardianUnsupported);
    vocabulary
        .into_iter()
        .chain(children)
        .chain(broken_clauses(&request.clauses))
}

/// Checks rules 2 and 3 on a scope.
///
/// # Errors
/// The first rule that is broken.
pub fn check_scope(scope: &Scope) -> Result<(), RuleError> {
    broken_clauses(scope).next().map_or(Ok(()), Err)
}

/// What the clause needs from the person.
#[must_use]
pub fn demand(clause: &Clause) -> Demand {
    grounds(clause).map(Ground::demand).max().unwrap_or(Demand::Ordinary)
}

fn broken_clauses(scope: &Scope) -> impl Iterator<Item = RuleError> + '_ {
    let clauses = scope.clauses().iter().enumerate();
    clauses.filter_map(|(at, clause)| check_clause(at, clause).err())
}

fn check_clause(at: usize, clause: &Clause) -> Result<(), RuleError> {
    if clause.purpose.is_a.is_too_general() {
        return Err(RuleError::NotSpecific {
            clause: at,
            term: clause.purpose.is_a.as_str(),
        });
    }
    if let Some(term) = criminal(clause) {
        return Err(RuleError::CriminalCategory { clause: at, term });
    }
    let Some(ground) = grounds(clause).next() else {
        return Ok(());
    };
    // Alone of its kind in the clause, and alone in its own dimension: else one tick would say yes to two things.
    let other_ground = grounds(clause).any(|other| other != ground);
    let crowded = (clause.categories.len() > 1 && clause.categories.iter().any(|c| c.sensitivity().is_some()))
        || (clause.processing.len() > 1 && clause.processing.iter().any(|p| p.sensitivity().is_some()));
    if other_ground || crowded {
        return Err(RuleError::NotSeparate { clause: at, ground });
    }
    Ok(())
}

fn criminal(clause: &Clause) -> Option<&'static str> {
    let is_criminal = |s: Option<Sensitivity>| s == Some(Sensitivity::CriminalRecord);
    let category = clause
        .categories
        .iter()
        .find(|c| is_criminal(c.sensitivity()))
        .map(|c| c.as_str());
    category.or_else(|| is_criminal(clause.purpose.is_a.sensitivity()).then(|| clause.purpose.is_a.as_str()))
}

fn grounds(clause: &Clause) -> impl Iterator<Item = Ground> + '_ {
    let purpose = clause.purpose.is_a.sensitivity().into_iter();
    let categories = clause.categories.iter().filter_map(|c| c.sensitivity());
    let processing = clause.processing.iter().filter_map(|p| p.sensitivity());
    let transfer = clause.transfer.iter().map(|_| Ground::Transfer);
    purpose
        .chain(categories)
        .chain(processing)
        .filter_map(ground)
        .chain(transfer)
}

const fn ground(sensitivity: Sensitivity) -> Option<Ground> {
    match sensitivity {
        Sensitivity::SpecialCategory => Some(Ground::SpecialCategory),
        Sensitivity::AutomatedDecision => Some(Ground::AutomatedDecision),
        Sensitivity::Sale => Some(Ground::Sale),
        Sensitivity::Political => Some(Ground::Political),
        Sensitivity::Profiling => Some(Ground::Profiling),
        Sensitivity::TargetedAdvertising => Some(Ground::Advertising),
        // Refused altogether before grounds are asked for.
        Sensitivity::CriminalRecord => None,
    }
}
