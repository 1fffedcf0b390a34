//! A request as a person writes it: its claims without version, vocabulary and digests of notices; clauses and sets in any
//! order, where the signed record has one order only.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use placet_schemas::id::{Country, Digest, Iri, Language};
use placet_schemas::json::{self, Fault, FaultCode, Node};
use placet_schemas::record::request::{
    Audience, Benefit, ConsentRequest, Controllers, LawfulBasis, Notices, OtherBasis, Supersedes,
};
use placet_schemas::scope::{Channel, Clause, Delivery, Purpose, Scope, ThirdParty, Transfer};
use placet_schemas::text::{Set, SomeOf, Texts};
use placet_schemas::time::Period;
use placet_schemas::version::Version;
use placet_schemas::vocab::{CategoryTerm, ProcessingTerm, PurposeTerm, vocabulary_hash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Longest template: a record has at most 64 KiB, and a template has room for indentation.
pub(super) const MAX_TEMPLATE_BYTES: usize = 256 * 1024;

/// The template.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Template {
    pub(super) controllers: Controllers,
    pub(super) clauses: Vec<ClauseText>,
    pub(super) audience: Audience,
    pub(super) jurisdictions: Vec<Country>,
    /// Consent, when it is left out: the only one that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lawful_basis: Option<LawfulBasis>,
    pub(super) validity: Period,
    pub(super) proof_retention: Period,
    /// Closed, when it is left out: only the invited may answer.
    #[serde(default)]
    pub(super) open: bool,
    pub(super) benefit: Benefit,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) other_bases: Vec<OtherBasis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supersedes: Option<Supersedes>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ClauseText {
    pub(super) purpose: PurposeText,
    pub(super) categories: Vec<CategoryTerm>,
    pub(super) processing: Vec<ProcessingTerm>,
    pub(super) delivery: Vec<Delivery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) third_party: Option<ThirdParty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transfer: Option<Transfer>,
    pub(super) retention: Period,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PurposeText {
    pub(super) id: Iri,
    pub(super) is_a: PurposeTerm,
    pub(super) text: Texts,
    #[serde(default)]
    pub(super) channels: Vec<Channel>,
}

impl Template {
    /// Reads a template.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let document = json::parse(bytes, MAX_TEMPLATE_BYTES)?;
        Ok(json::decode(document.root())?)
    }

    /// Everything that keeps these members from being a template, each with its place. Where nothing is, it parses.
    pub(super) fn faults(root: &Node<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        member::<Controllers>(root, "controllers", true, &mut faults);
        match root.get("clauses").and_then(Node::as_array) {
            Some(clauses) => {
                for (at, clause) in clauses.iter().enumerate() {
                    let fault = json::decode::<ClauseText>(clause).err();
                    faults.extend(fault.map(|fault| fault.under(&at.to_string()).under("clauses")));
                }
            }
            None => member::<Vec<ClauseText>>(root, "clauses", true, &mut faults),
        }
        member::<Audience>(root, "audience", true, &mut faults);
        member::<Vec<Country>>(root, "jurisdictions", true, &mut faults);
        member::<LawfulBasis>(root, "lawfulBasis", false, &mut faults);
        member::<Period>(root, "validity", true, &mut faults);
        member::<Period>(root, "proofRetention", true, &mut faults);
        member::<bool>(root, "open", false, &mut faults);
        member::<Benefit>(root, "benefit", true, &mut faults);
        member::<Vec<OtherBasis>>(root, "otherBases", false, &mut faults);
        member::<Supersedes>(root, "supersedes", false, &mut faults);
        if faults.is_empty() {
            // A member that there is not, or no object at all.
            faults.extend(json::decode::<Self>(root).err());
        }
        faults
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

/// The fault of one member, seen from the whole.
pub(super) fn member<T: DeserializeOwned>(root: &Node<'_>, name: &str, needed: bool, faults: &mut Vec<Fault>) {
    let fault = match root.get(name) {
        Some(node) => json::decode::<T>(node).err().map(|fault| fault.under(name)),
        None if needed => Some(Fault::new("", FaultCode::MissingMember, "it is not there").under(name)),
        None => None,
    };
    faults.extend(fault);
}

fn some<T: Ord>(members: Vec<T>) -> Result<SomeOf<T>> {
    SomeOf::new(Set::from_members(members)).context("the list is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_at_once() {
        let mut value: serde_json::Value = serde_json::from_str(TEMPLATE).unwrap();
        value["validity"] = "two years".into();
        value["clauses"][1]["retention"] = "P0D".into();
        value.as_object_mut().unwrap().remove("benefit");
        let text = value.to_string();
        let document = json::parse(text.as_bytes(), MAX_TEMPLATE_BYTES).unwrap();
        let faults = Template::faults(document.root());
        let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/clauses/1/retention", "/validity", "/benefit"]);
        value = serde_json::from_str(TEMPLATE).unwrap();
        value["more"] = 1.into();
        let text = value.to_string();
        let document = json::parse(text.as_bytes(), MAX_TEMPLATE_BYTES).unwrap();
        assert_eq!(Template::faults(document.root())[0].pointer, "/more");
        let document = json::parse(TEMPLATE.as_bytes(), MAX_TEMPLATE_BYTES).unwrap();
        assert_eq!(Template::faults(document.root()), []);
    }

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
