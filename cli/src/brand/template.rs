//! A request as a person writes it: its claims without version, vocabulary and digests of notices; clauses and sets in any
//! order, where the signed record has one order only.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use placet_schemas::id::{Country, Digest, Iri, Language};
use placet_schemas::json;
use placet_schemas::record::request::{
    Audience, Benefit, ConsentRequest, Controllers, LawfulBasis, Notices, OtherBasis, Supersedes,
};
use placet_schemas::scope::{Channel, Clause, Delivery, Purpose, Scope, ThirdParty, Transfer};
use placet_schemas::text::{Set, SomeOf, Texts};
use placet_schemas::time::Period;
use placet_schemas::version::Version;
use placet_schemas::vocab::{CategoryTerm, ProcessingTerm, PurposeTerm, vocabulary_hash};
use serde::Deserialize;

/// Longest template: a record has at most 64 KiB, and a template has room for indentation.
pub(super) const MAX_TEMPLATE_BYTES: usize = 256 * 1024;

/// The template.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Template {
    controllers: Controllers,
    clauses: Vec<ClauseText>,
    audience: Audience,
    jurisdictions: Vec<Country>,
    /// Consent, when it is left out: the only one that there is.
    lawful_basis: Option<LawfulBasis>,
    validity: Period,
    proof_retention: Period,
    /// Closed, when it is left out: only the invited may answer.
    #[serde(default)]
    open: bool,
    benefit: Benefit,
    #[serde(default)]
    other_bases: Vec<OtherBasis>,
    supersedes: Option<Supersedes>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClauseText {
    purpose: PurposeText,
    categories: Vec<CategoryTerm>,
    processing: Vec<ProcessingTerm>,
    delivery: Vec<Delivery>,
    third_party: Option<ThirdParty>,
    transfer: Option<Transfer>,
    retention: Period,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PurposeText {
    id: Iri,
    is_a: PurposeTerm,
    text: Texts,
    #[serde(default)]
    channels: Vec<Channel>,
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let document = json::parse(bytes, MAX_TEMPLATE_BYTES)?;
        Ok(json::decode(document.root())?)
    }

    /// The claims, with these notices and in the one order that a record has.
    pub(super) fn into_request(self, notices: BTreeMap<Language, Digest>) -> Result<ConsentRequest> {
        let clauses = self.clauses.into_iter().enumerate();
        let clauses = clauses.map(|(at, clause)| clause.normal().with_context(|| format!("/clauses/{at}")));
        Ok(ConsentRequest {
            version: Version,
            controllers: self.controllers,
            notices: Notices::try_from(notices)?,
            clauses: Scope::new(clauses.collect::<Result<_>>()?).context("/clauses")?,
            audience: self.audience,
            jurisdictions: some(self.jurisdictions).context("/jurisdictions")?,
            lawful_basis: self.lawful_basis.unwrap_or(LawfulBasis::Consent),
            vocabulary: Digest::from_bytes(vocabulary_hash()),
            validity: self.validity,
            proof_retention: self.proof_retention,
            open: self.open,
            benefit: self.benefit,
            other_bases: self.other_bases,
            supersedes: self.supersedes,
        })
    }
}

impl ClauseText {
    fn normal(self) -> Result<Clause> {
        Ok(Clause {
            purpose: Purpose {
                id: self.purpose.id,
                is_a: self.purpose.is_a,
                text: self.purpose.text,
                channels: Set::from_members(self.purpose.channels),
            },
            categories: some(self.categories).context("/categories")?,
            processing: some(self.processing).context("/processing")?,
            delivery: some(self.delivery).context("/delivery")?,
            third_party: self.third_party,
            transfer: self.transfer,
            retention: self.retention,
        })
    }
}

fn some<T: Ord>(members: Vec<T>) -> Result<SomeOf<T>> {
    SomeOf::new(Set::from_members(members)).context("the list is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../tests/data/request.json");

    fn request(text: &str) -> Result<ConsentRequest> {
        let notices = BTreeMap::from([("en".parse().unwrap(), Digest::of(b"notice"))]);
        Template::parse(text.as_bytes())?.into_request(notices)
    }

    #[test]
    fn the_order_of_clauses_and_lists_does_not_matter() {
        let mut value: serde_json::Value = serde_json::from_str(TEMPLATE).unwrap();
        let clauses = value["clauses"].as_array_mut().unwrap();
        assert!(clauses.len() > 1);
        clauses.reverse();
        for clause in clauses {
            for list in ["categories", "processing", "delivery"] {
                clause[list].as_array_mut().unwrap().reverse();
            }
        }
        assert_eq!(request(&value.to_string()).unwrap(), request(TEMPLATE).unwrap());
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        for (from, to, why) in [
            ("\"validity\"", "\"validty\"", "/validty"),
            (
                "\"jurisdictions\": [\"AT\", \"IE\"]",
                "\"jurisdictions\": []",
                "/jurisdictions",
            ),
            ("dpv:DirectMarketing", "dpv:NoSuchTerm", "/clauses/0/purpose/isA"),
        ] {
            let text = TEMPLATE.replacen(from, to, 1);
            assert_ne!(text, TEMPLATE, "{from}");
            let error = format!("{:#}", request(&text).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
