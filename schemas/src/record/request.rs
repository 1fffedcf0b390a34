//! `ConsentRequest`: a brand's reusable template of what it asks. Public; names no consumer.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{Country, Did, Digest, IdError, Iri, Language};
use crate::scope::Scope;
use crate::text::{Set, SomeOf, Text, Texts};
use crate::time::Period;
use crate::version::Version;
use crate::vocab::CategoryTerm;

/// The claims of a `ConsentRequest`, signed by the brand that registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentRequest {
    /// Format version.
    pub version: Version<1>,
    /// Who relies on the consent; the first is the signer, who owns the feed. Article 13(1)(a), 26.
    pub controllers: Controllers,
    /// The notice per language, by the SHA-256 of its canonical bytes.
    pub notices: Notices,
    /// The clauses on offer.
    pub clauses: Scope,
    /// For whom the request is meant.
    pub audience: Audience,
    /// Whose law the brand declares to apply.
    pub jurisdictions: SomeOf<Country>,
    /// Article 6(1)(a), consent: no other basis can be asked for here.
    pub lawful_basis: LawfulBasis,
    /// SHA-256 of the vocabulary table that the terms are from.
    pub vocabulary: Digest,
    /// How long a grant may last at most, from its `validFrom`.
    pub validity: Period,
    /// How long the proof is kept after the consent ends (Article 17(3)(b), (e)).
    pub proof_retention: Period,
    /// Whether anyone may have an invitation, or only those whom the brand invites.
    pub open: bool,
    /// What one gets with consent, and what without it (Article 7(4)).
    pub benefit: Benefit,
    /// Categories whose data rests on another basis too, named beforehand: a withdrawal does not erase those. Each pair of
    /// category and basis once; at most 256.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "other_bases")]
    pub other_bases: Vec<OtherBasis>,
    /// The earlier request that this one replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Supersedes>,
}

/// One to 16 controllers, without repetition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Controller>", into = "Vec<Controller>")]
pub struct Controllers(Vec<Controller>);

/// Most controllers of one request.
pub const MAX_CONTROLLERS: usize = 16;

impl Controllers {
    /// The controller that signs the request and owns its feed.
    #[must_use]
    pub fn registered(&self) -> &Controller {
        // Not empty: see `try_from`.
        &self.0[0]
    }

    /// All of them, the registered one first.
    #[must_use]
    pub fn all(&self) -> &[Controller] {
        &self.0
    }
}

impl TryFrom<Vec<Controller>> for Controllers {
    type Error = IdError;
    fn try_from(all: Vec<Controller>) -> Result<Self, IdError> {
        if all.is_empty() || all.len() > MAX_CONTROLLERS {
            return Err(IdError::new("a request has 1 to 16 controllers"));
        }
        let joint = all.len() > 1;
        if all.iter().any(|c| (c.role == ControllerRole::Joint) != joint) {
            return Err(IdError::new("one controller is sole; several are joint, each of them"));
        }
        let ids = Set::from_members(all.iter().map(|c| c.id.clone()));
        if ids.len() != all.len() {
            return Err(IdError::new("a controller is named twice"));
        }
        Ok(Self(all))
    }
}

impl From<Controllers> for Vec<Controller> {
    fn from(controllers: Controllers) -> Self {
        controllers.0
    }
}

/// One controller, as Article 13(1)(a) and (b) want it named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Controller {
    /// Its DID.
    pub id: Did,
    /// Its name in law.
    pub legal_name: Text,
    /// How to reach it.
    pub contact: Text,
    /// How to reach its data protection officer, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpo: Option<Text>,
    /// Alone, or with the others (Article 26).
    pub role: ControllerRole,
}

/// Whether a controller decides alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ControllerRole {
    /// Alone.
    Sole,
    /// Jointly with the others (Article 26).
    Joint,
}

/// Digests of the notices by language: at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Language, Digest>", into = "BTreeMap<Language, Digest>")]
pub struct Notices(BTreeMap<Language, Digest>);

impl Notices {
    /// The digest of the notice in `language`.
    #[must_use]
    pub fn get(&self, language: &Language) -> Option<Digest> {
        self.0.get(language).copied()
    }

    /// Each language with its digest.
    pub fn iter(&self) -> impl Iterator<Item = (&Language, Digest)> {
        self.0.iter().map(|(language, digest)| (language, *digest))
    }
}

impl TryFrom<BTreeMap<Language, Digest>> for Notices {
    type Error = IdError;
    fn try_from(notices: BTreeMap<Language, Digest>) -> Result<Self, IdError> {
        if notices.is_empty() || notices.len() > crate::text::MAX_SET {
            return Err(IdError::new("a request has a notice in 1 to 256 languages"));
        }
        Ok(Self(notices))
    }
}

impl From<Notices> for BTreeMap<Language, Digest> {
    fn from(notices: Notices) -> Self {
        notices.0
    }
}

/// For whom a request is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Audience {
    /// Whether children (Article 8) may be among those who are asked. Such a request is refused for now (rule 4).
    pub may_include_children: bool,
    /// Whom the brand means to ask.
    pub description: Texts,
}

/// The lawful basis of Article 6(1)(a): the only one that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LawfulBasis {
    /// Consent, Article 6(1)(a).
    #[serde(rename = "eu-gdpr:A6-1-a")]
    Consent,
}

/// What one gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Benefit {
    /// With consent.
    pub with_consent: Texts,
    /// Without it.
    pub without_consent: Texts,
}

/// Another basis on which the controller processes a category too (Articles 6(1)(b) to (f)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherBasis {
    /// The category.
    pub category: CategoryTerm,
    /// The basis.
    pub basis: OtherLawfulBasis,
    /// Why.
    pub explanation: Texts,
}

/// A lawful basis other than consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OtherLawfulBasis {
    /// Article 6(1)(b): a contract.
    #[serde(rename = "eu-gdpr:A6-1-b")]
    Contract,
    /// Article 6(1)(c): a legal obligation.
    #[serde(rename = "eu-gdpr:A6-1-c")]
    LegalObligation,
    /// Article 6(1)(d): vital interests.
    #[serde(rename = "eu-gdpr:A6-1-d")]
    VitalInterest,
    /// Article 6(1)(e): a public task.
    #[serde(rename = "eu-gdpr:A6-1-e")]
    PublicTask,
    /// Article 6(1)(f): legitimate interests.
    #[serde(rename = "eu-gdpr:A6-1-f")]
    LegitimateInterest,
}

/// Which request is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Supersedes {
    /// Digest of the earlier request, of the same controller.
    pub request: Digest,
    /// Whether the change is material, so that consents under the earlier one no longer hold.
    pub material: bool,
}

impl ConsentRequest {
    /// The third parties to whom the clauses disclose data.
    pub fn third_parties(&self) -> impl Iterator<Item = &Iri> {
        self.clauses
            .clauses()
            .iter()
            .filter_map(|clause| clause.third_party.as_ref().map(|party| &party.id))
    }
}

/// Refuses an empty list, which would be a second spelling of no list.
fn other_bases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OtherBasis>, D::Error> {
    let bases = Vec::<OtherBasis>::deserialize(deserializer)?;
    let pairs = Set::from_members(bases.iter().map(|other| (other.category, other.basis)));
    if bases.is_empty() || bases.len() > crate::text::MAX_SET || pairs.len() != bases.len() {
        return Err(D::Error::custom(
            "other bases are 1 to 256, each pair of category and basis once, or the member is absent",
        ));
    }
    Ok(bases)
}
