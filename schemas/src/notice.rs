//! The notice that a person is shown, one per language: a fixed member per item of Articles 13 and 7(3) GDPR.
//!
//! The ledger checks that every item is there and that its machine values agree with the request. Whether the prose is
//! clear, true and lawful it does not and cannot judge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{Country, Did, Digest, Iri, Language};
use crate::json::{self, Fault};
use crate::record::request::{ConsentRequest, LawfulBasis};
use crate::text::{Set, Text};
use crate::time::Period;
use crate::version::Version;
use crate::vocab::{ProcessingTerm, Sensitivity};

/// Largest notice, in bytes as it arrives.
pub const MAX_NOTICE_BYTES: usize = 1024 * 1024;

/// A notice. Its identity is the SHA-256 of its canonical bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Notice {
    /// Format version.
    pub version: Version<1>,
    /// The language of the texts.
    pub language: Language,
    /// A heading.
    pub title: Text,
    /// Article 13(1)(a): identity and contact of the controllers.
    pub controllers: ControllersItem,
    /// Article 13(1)(b): contact of the data protection officer, or that there is none.
    pub data_protection_officer: Item,
    /// Article 13(1)(c): purposes and lawful basis.
    pub purposes: PurposesItem,
    /// Article 13(1)(e): recipients or categories of recipients.
    pub recipients: RecipientsItem,
    /// Article 13(1)(f): transfers to third countries.
    pub transfers: TransfersItem,
    /// Article 13(2)(a): storage periods.
    pub retention: RetentionItem,
    /// Article 13(2)(b): access, rectification, erasure, restriction, portability.
    pub rights: Item,
    /// Articles 13(2)(c) and 7(3): how to withdraw, at any time.
    pub withdrawal: Item,
    /// Article 13(2)(d): the right to complain, and to whom.
    pub complaint: Item,
    /// Article 13(2)(e): that giving the data is not required, and what follows from not giving it.
    pub requirement: Item,
    /// Article 13(2)(f): automated decisions.
    pub automated_decisions: AutomatedItem,
    /// How long the proof of the consent is kept after its end (Article 17(3)).
    pub proof_retention: ProofRetentionItem,
}

/// Words alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The words.
    pub text: Text,
}

/// The controllers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControllersItem {
    /// The words.
    pub text: Text,
    /// Their DIDs.
    pub controllers: Set<Did>,
}

/// The purposes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PurposesItem {
    /// The words.
    pub text: Text,
    /// The IRIs of all purposes of the request.
    pub purposes: Set<Iri>,
    /// The basis.
    pub lawful_basis: LawfulBasis,
}

/// The recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecipientsItem {
    /// The words; processors by category here.
    pub text: Text,
    /// The third-party controllers of the request's clauses.
    pub third_parties: Set<Iri>,
}

/// The transfers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransfersItem {
    /// The words.
    pub text: Text,
    /// The countries to which data goes under Article 49(1)(a).
    pub countries: Set<Country>,
}

/// The storage periods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetentionItem {
    /// The words.
    pub text: Text,
    /// The periods of each purpose's clauses, as they are written there, sorted.
    pub periods: BTreeMap<Iri, Vec<Period>>,
}

/// Automated decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutomatedItem {
    /// The words; where there are such decisions: the logic, significance and consequences.
    pub text: Text,
    /// Whether any clause is about them.
    pub exist: bool,
}

/// How long the proof is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofRetentionItem {
    /// The words.
    pub text: Text,
    /// The period.
    pub period: Period,
}

/// Where a notice does not agree with the request that names it. The pointer is into the notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the notice disagrees with the request at {pointer}: {what}")]
pub struct Disagreement {
    /// JSON pointer into the notice.
    pub pointer: &'static str,
    /// What should stand there.
    pub what: String,
}

/// A notice and its canonical bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalNotice {
    /// The notice.
    pub notice: Notice,
    /// Its RFC 8785 bytes.
    pub bytes: Vec<u8>,
}

impl CanonicalNotice {
    /// Parses a notice in any JSON spelling, and keeps its canonical bytes.
    ///
    /// # Errors
    /// The first fault, with its JSON pointer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let document = json::parse(bytes, MAX_NOTICE_BYTES)?;
        let notice = json::decode(document.root())?;
        let bytes = if document.is_canonical() {
            bytes.to_vec()
        } else {
            document.root().to_jcs()
        };
        Ok(Self { notice, bytes })
    }

    /// SHA-256 of the canonical bytes: what a request and a grant name.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }
}

impl Notice {
    /// Checks that the machine values say what the request says.
    ///
    /// # Errors
    /// The first place where they differ.
    pub fn agrees_with(&self, request: &ConsentRequest, language: &Language) -> Result<(), Disagreement> {
        self.disagreements(request, language)
            .into_iter()
            .next()
            .map_or(Ok(()), Err)
    }

    /// Every place where the machine values do not say what the request says.
    #[must_use]
    pub fn disagreements(&self, request: &ConsentRequest, language: &Language) -> Vec<Disagreement> {
        let expected = Expected::of(request);
        let all = [
            same("/language", &self.language, language),
            same(
                "/controllers/controllers",
                &self.controllers.controllers,
                &expected.controllers,
            ),
            same("/purposes/purposes", &self.purposes.purposes, &expected.purposes),
            same(
                "/recipients/thirdParties",
                &self.recipients.third_parties,
                &expected.third_parties,
            ),
            same("/transfers/countries", &self.transfers.countries, &expected.countries),
            same("/retention/periods", &self.retention.periods, &expected.periods),
            same(
                "/automatedDecisions/exist",
                &self.automated_decisions.exist,
                &expected.automated,
            ),
            same(
                "/proofRetention/period",
                &self.proof_retention.period,
                &request.proof_retention,
            ),
        ];
        all.into_iter().filter_map(Result::err).collect()
    }
}

/// What the machine values of a notice are to be, by the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The controllers' DIDs.
    pub controllers: Set<Did>,
    /// The IRIs of all purposes.
    pub purposes: Set<Iri>,
    /// The third-party controllers of the clauses.
    pub third_parties: Set<Iri>,
    /// The countries to which data goes under Article 49(1)(a).
    pub countries: Set<Country>,
    /// The retention periods of each purpose.
    pub periods: BTreeMap<Iri, Vec<Period>>,
    /// Whether any clause is about automated decisions.
    pub automated: bool,
}

impl Expected {
    /// What a request says.
    #[must_use]
    pub fn of(request: &ConsentRequest) -> Self {
        let clauses = request.clauses.clauses();
        let automated = |p: &ProcessingTerm| p.sensitivity() == Some(Sensitivity::AutomatedDecision);
        let countries = clauses
            .iter()
            .filter_map(|c| c.transfer.as_ref().map(|t| t.country.clone()));
        Self {
            controllers: Set::from_members(request.controllers.all().iter().map(|c| c.id.clone())),
            purposes: Set::from_members(clauses.iter().map(|c| c.purpose.id.clone())),
            third_parties: Set::from_members(request.third_parties().cloned()),
            countries: Set::from_members(countries),
            periods: periods(request),
            automated: clauses.iter().any(|c| c.processing.iter().any(automated)),
        }
    }
}

/// The retention periods of a request, as a notice must list them.
#[must_use]
pub fn periods(request: &ConsentRequest) -> BTreeMap<Iri, Vec<Period>> {
    let mut periods: BTreeMap<Iri, Vec<Period>> = BTreeMap::new();
    for clause in request.clauses.clauses() {
        periods
            .entry(clause.purpose.id.clone())
            .or_default()
            .push(clause.retention);
    }
    for list in periods.values_mut() {
        list.sort_by_key(Period::to_string);
        list.dedup();
    }
    periods
}

fn same<T: PartialEq + Serialize>(pointer: &'static str, found: &T, expected: &T) -> Result<(), Disagreement> {
    if found == expected {
        return Ok(());
    }
    let expected = json::to_jcs(expected).unwrap_or_default();
    Err(Disagreement {
        pointer,
        what: format!("the request says {}", String::from_utf8_lossy(&expected)),
    })
}
