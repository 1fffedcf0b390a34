//! What the brands ask, and the notices in English and German that go with it.

use std::collections::BTreeMap;

use placet_schemas::id::{Digest, Iri, Language};
use placet_schemas::json;
use placet_schemas::notice::{
    AutomatedItem, CanonicalNotice, ControllersItem, Item, Notice, ProofRetentionItem, PurposesItem, RecipientsItem,
    RetentionItem, TransfersItem, periods,
};
use placet_schemas::record::request::{
    Audience, Benefit, ConsentRequest, Controller, ControllerRole, Controllers, LawfulBasis, Notices,
};
use placet_schemas::scope::{Clause, Delivery, Purpose, Scope};
use placet_schemas::text::{Set, SomeOf, Text, Texts};
use placet_schemas::version::Version;
use placet_schemas::vocab::vocabulary_hash;

use crate::brand::Brand;
use crate::p;

/// A request before it is signed, and its notices.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What is asked.
    pub request: ConsentRequest,
    /// The notices, English and German.
    pub notices: Vec<CanonicalNotice>,
}

/// What `brands` ask together, or one alone: some clauses, with notices of at least `notice_bytes`.
#[must_use]
pub fn offer(brands: &[&Brand], clauses: Vec<Clause>, notice_bytes: usize) -> Offer {
    let mut request = unnoticed(brands, clauses);
    let notices: Vec<CanonicalNotice> = ["en", "de"]
        .map(|language| padded(&request, &p(language), notice_bytes))
        .into();
    let digests = notices
        .iter()
        .map(|notice| (notice.notice.language.clone(), notice.digest()));
    request.notices = Notices::try_from(digests.collect::<BTreeMap<_, _>>()).unwrap();
    Offer { request, notices }
}

/// A weekly newsletter, by electronic mail: one category, one operation.
#[must_use]
pub fn newsletter() -> Clause {
    clause("newsletter", "dpv:DirectMarketing", &["pd:EmailAddress"], &["dpv:Use"])
}

/// Recommendations: two of everything, so that a part can be taken back.
#[must_use]
pub fn recommendations() -> Clause {
    let mut clause = clause(
        "recommendations",
        "dpv:ProvideEventRecommendations",
        &["pd:Interest", "pd:Purchase"],
        &["dpv:Analyse", "dpv:Store"],
    );
    clause.delivery = SomeOf::new(Set::from_members([Delivery::Copy, Delivery::InVault])).unwrap();
    clause
}

/// A seat that suits a wheelchair: health data, which needs an express statement (Article 9).
#[must_use]
pub fn seats() -> Clause {
    clause(
        "seats",
        "dpv:RequestedServiceProvision",
        &["pd:Disability"],
        &["dpv:Use"],
    )
}

/// A clause of plain dimensions.
#[must_use]
pub fn clause(name: &str, is_a: &str, categories: &[&str], processing: &[&str]) -> Clause {
    Clause {
        purpose: Purpose {
            id: p::<Iri>(&format!("https://brand.example/purposes#{name}")),
            is_a: p(is_a),
            text: texts(&format!("For {name}."), &format!("Für {name}.")),
            channels: Set::from_members([]),
        },
        categories: SomeOf::new(Set::from_members(categories.iter().map(|term| p(term)))).unwrap(),
        processing: SomeOf::new(Set::from_members(processing.iter().map(|term| p(term)))).unwrap(),
        delivery: SomeOf::new(Set::from_members([Delivery::Copy])).unwrap(),
        third_party: None,
        transfer: None,
        retention: p("P1Y"),
    }
}

/// English and German words.
#[must_use]
pub fn texts(en: &str, de: &str) -> Texts {
    Texts::try_from(BTreeMap::from([(p("en"), p(en)), (p("de"), p(de))])).unwrap()
}

/// The notice of `request` in `language`, with `more` words about rights.
#[must_use]
pub fn notice(request: &ConsentRequest, language: &Language, more: &str) -> Notice {
    let german = language.as_str() == "de";
    let say = |en: &str, de: &str| p::<Text>(if german { de } else { en });
    let clauses = request.clauses.clauses();
    Notice {
        version: Version,
        language: language.clone(),
        title: say("Your data", "Ihre Daten"),
        controllers: ControllersItem {
            text: say("We are named here.", "Wir stehen hier."),
            controllers: Set::from_members(request.controllers.all().iter().map(|c| c.id.clone())),
        },
        data_protection_officer: Item {
            text: say("There is none.", "Es gibt keinen."),
        },
        purposes: PurposesItem {
            text: say("Each is your choice.", "Jeder ist Ihre Wahl."),
            purposes: Set::from_members(clauses.iter().map(|c| c.purpose.id.clone())),
            lawful_basis: LawfulBasis::Consent,
        },
        recipients: RecipientsItem {
            text: say("None.", "Keine."),
            third_parties: Set::from_members(request.third_parties().cloned()),
        },
        transfers: TransfersItem {
            text: say("None.", "Keine."),
            countries: Set::from_members([]),
        },
        retention: RetentionItem {
            text: say("As each choice says.", "Wie jede Wahl sagt."),
            periods: periods(request),
        },
        rights: Item {
            text: p(&format!("{}{more}", say("Access and more.", "Auskunft und mehr."))),
        },
        withdrawal: Item {
            text: say("At any time.", "Jederzeit."),
        },
        complaint: Item {
            text: say("To the authority.", "Bei der Behörde."),
        },
        requirement: Item {
            text: say("Nothing is required.", "Nichts ist nötig."),
        },
        automated_decisions: AutomatedItem {
            text: say("None.", "Keine."),
            exist: false,
        },
        proof_retention: ProofRetentionItem {
            text: say("Three years.", "Drei Jahre."),
            period: request.proof_retention,
        },
    }
}

/// The canonical form of a notice.
#[must_use]
pub fn canonical(notice: &Notice) -> CanonicalNotice {
    CanonicalNotice::parse(&json::to_jcs(notice).unwrap()).unwrap()
}

fn padded(request: &ConsentRequest, language: &Language, bytes: usize) -> CanonicalNotice {
    let bare = canonical(&notice(request, language, ""));
    let lacking = bytes.saturating_sub(bare.bytes.len());
    let words = " You may ask what we know about you, have it mended or erased, and take it with you.";
    canonical(&notice(request, language, &words.repeat(lacking.div_ceil(words.len()))))
}

/// The request before its notices are known: a notice depends on all but its own digest.
fn unnoticed(brands: &[&Brand], clauses: Vec<Clause>) -> ConsentRequest {
    let role = if brands.len() > 1 {
        ControllerRole::Joint
    } else {
        ControllerRole::Sole
    };
    let controllers: Vec<Controller> = brands
        .iter()
        .map(|brand| Controller {
            id: brand.did.clone(),
            legal_name: p(brand.legal_name),
            contact: p("privacy@brand.example"),
            dpo: None,
            role,
        })
        .collect();
    ConsentRequest {
        version: Version,
        controllers: Controllers::try_from(controllers).unwrap(),
        notices: Notices::try_from(BTreeMap::from([(p("en"), Digest::of(b""))])).unwrap(),
        clauses: Scope::new(clauses).unwrap(),
        audience: Audience {
            may_include_children: false,
            description: texts("Adults.", "Erwachsene."),
        },
        jurisdictions: SomeOf::new(Set::from_members([p("IE")])).unwrap(),
        lawful_basis: LawfulBasis::Consent,
        vocabulary: Digest::from_bytes(vocabulary_hash()),
        validity: p("P2Y"),
        proof_retention: p("P3Y"),
        open: true,
        benefit: Benefit {
            with_consent: texts("What suits you.", "Was passt."),
            without_consent: texts("The same for all.", "Das Gleiche für alle."),
        },
        other_bases: Vec::new(),
        supersedes: None,
    }
}
