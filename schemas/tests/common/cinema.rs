//! A cinema that asks, in several clauses, for all that can be asked for, and the notices that go with it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use placet_schemas::id::{Digest, Language};
use placet_schemas::json;
use placet_schemas::notice::{
    AutomatedItem, ControllersItem, Item, Notice, ProofRetentionItem, PurposesItem, RecipientsItem, RetentionItem,
    TransfersItem, periods,
};
use placet_schemas::record::request::{
    Audience, Benefit, ConsentRequest, Controller, ControllerRole, Controllers, LawfulBasis, Notices, OtherBasis,
    OtherLawfulBasis, Supersedes,
};
use placet_schemas::scope::{Channel, Clause, Delivery, Scope, Transfer};
use placet_schemas::text::Set;
use placet_schemas::version::Version;
use placet_schemas::vocab::vocabulary_hash;

use super::{CINEMA, FESTIVAL, clause, deliveries, p, scope, some, texts, third_party};

pub(crate) const STUDIO: &str = "https://studio.example/";

/// Films like those she liked: the widest clause, in two deliveries.
pub(crate) fn recommendations() -> Clause {
    let mut clause = clause(
        "recommendations",
        "dpv:ProvideEventRecommendations",
        &["pd:Interest", "pd:Purchase"],
        &["dpv:Analyse", "dpv:Store"],
    );
    clause.purpose.text = texts(
        "Recommend films, such as the new one of a director whose last film you saw with us.",
        "Filme empfehlen, etwa den neuen einer Regisseurin, deren letzten Sie bei uns gesehen haben.",
    );
    clause.purpose.channels = Set::from_members([Channel::Push, Channel::Email]);
    clause.delivery = deliveries(&[Delivery::InVault, Delivery::Copy]);
    clause
}

/// The same purpose, disclosed to a film studio.
pub(crate) fn studio() -> Clause {
    Clause {
        categories: some(&["pd:Interest"]),
        processing: some(&["dpv:Share"]),
        delivery: deliveries(&[Delivery::Copy]),
        third_party: third_party(STUDIO, "Example Studio Ltd"),
        retention: p("P90D"),
        ..recommendations()
    }
}

pub(crate) fn newsletter() -> Clause {
    let mut clause = clause("newsletter", "dpv:DirectMarketing", &["pd:EmailAddress"], &["dpv:Use"]);
    clause.purpose.text = texts(
        "Send the programme of the week each Thursday.",
        "Jeden Donnerstag das Wochenprogramm senden.",
    );
    clause.purpose.channels = Set::from_members([Channel::Email]);
    clause.retention = p("P2Y");
    clause
}

/// Article 9: health data, for a seat that suits a wheelchair.
pub(crate) fn seats() -> Clause {
    let mut clause = clause(
        "seats",
        "dpv:RequestedServiceProvision",
        &["pd:Disability"],
        &["dpv:Store", "dpv:Use"],
    );
    clause.purpose.text = texts(
        "Offer a seat that suits you, such as a place for a wheelchair.",
        "Einen passenden Platz anbieten, etwa einen Rollstuhlplatz.",
    );
    clause
}

/// Article 22: a decision that no human takes.
pub(crate) fn discount() -> Clause {
    let mut clause = clause(
        "discount",
        "dpv:PersonalisedBenefits",
        &["pd:Purchase"],
        &["dpv:AutomatedDecisionMaking"],
    );
    clause.purpose.text = texts(
        "Decide by program who gets a discount, such as after ten visits.",
        "Per Programm entscheiden, wer einen Rabatt bekommt, etwa nach zehn Besuchen.",
    );
    clause
}

/// Article 49(1)(a).
pub(crate) fn overseas() -> Clause {
    let mut clause = clause(
        "tickets-abroad",
        "dpv:RequestedServiceProvision",
        &["pd:Name"],
        &["dpv:Transfer"],
    );
    clause.purpose.text = texts(
        "Reserve seats at our partner's cinema, such as in Boston.",
        "Plätze im Partnerkino reservieren, etwa in Boston.",
    );
    clause.transfer = Some(Transfer { country: p("US") });
    clause.retention = p("P1Y6M");
    clause
}

/// A separate choice by our rule.
pub(crate) fn advertising() -> Clause {
    let mut clause = clause("advertising", "dpv:TargetedAdvertising", &["pd:AgeRange"], &["dpv:Use"]);
    clause.purpose.text = texts(
        "Show advertisements for your age, such as for student trips.",
        "Werbung passend zu Ihrem Alter zeigen, etwa für Studienreisen.",
    );
    clause.purpose.channels = Set::from_members([
        Channel::InApp,
        Channel::Phone,
        Channel::Post,
        Channel::Sms,
        Channel::Push,
    ]);
    clause
}

/// All that the cinema offers.
pub(crate) fn offered() -> Scope {
    scope([
        recommendations(),
        studio(),
        newsletter(),
        seats(),
        discount(),
        overseas(),
        advertising(),
    ])
}

pub(crate) fn controllers(all: &[(&str, &str)]) -> Controllers {
    let role = if all.len() > 1 {
        ControllerRole::Joint
    } else {
        ControllerRole::Sole
    };
    let controller = |(id, name): &(&str, &str)| Controller {
        id: p(id),
        legal_name: p(name),
        contact: p("privacy@cinema.example, 1 Main Street, Dublin"),
        dpo: (*id == CINEMA).then(|| p("dpo@cinema.example")),
        role,
    };
    Controllers::try_from(all.iter().map(controller).collect::<Vec<_>>()).unwrap()
}

/// The request of most tests: everything on offer, one controller.
pub(crate) fn request() -> ConsentRequest {
    let mut request = unnoticed();
    let digests = ["de", "en"].map(|language| (p(language), notice_digest(language)));
    request.notices = Notices::try_from(BTreeMap::from(digests)).unwrap();
    request
}

/// A request with each optional member, by two joint controllers.
pub(crate) fn joint_request() -> ConsentRequest {
    ConsentRequest {
        controllers: controllers(&[(CINEMA, "Example Cinema plc"), (FESTIVAL, "Film Festival e. V.")]),
        clauses: scope([newsletter()]),
        open: true,
        other_bases: vec![OtherBasis {
            category: p("pd:EmailAddress"),
            basis: OtherLawfulBasis::Contract,
            explanation: texts("To send tickets.", "Um Karten zu senden."),
        }],
        supersedes: Some(Supersedes {
            request: Digest::of(b"an earlier request"),
            material: false,
        }),
        ..request()
    }
}

/// The request before its notices are known: a notice depends on all but its own digest.
fn unnoticed() -> ConsentRequest {
    ConsentRequest {
        version: Version,
        controllers: controllers(&[(CINEMA, "Example Cinema plc")]),
        notices: Notices::try_from(BTreeMap::from([(p("en"), Digest::of(b""))])).unwrap(),
        clauses: offered(),
        audience: Audience {
            may_include_children: false,
            description: texts("Adult members of our club.", "Erwachsene Mitglieder unseres Clubs."),
        },
        jurisdictions: some(&["IE", "AT"]),
        lawful_basis: LawfulBasis::Consent,
        vocabulary: Digest::from_bytes(vocabulary_hash()),
        validity: p("P2Y"),
        proof_retention: p("P3Y"),
        open: false,
        benefit: Benefit {
            with_consent: texts("Films that suit you.", "Filme, die zu Ihnen passen."),
            without_consent: texts("The same programme for everyone.", "Dasselbe Programm wie für alle."),
        },
        other_bases: Vec::new(),
        supersedes: None,
    }
}

/// The notice of [`request`] in `en` or `de`.
pub(crate) fn notice(language: &str) -> Notice {
    let request = unnoticed();
    let german = language == "de";
    let say = |en: &str, de: &str| p(if german { de } else { en });
    let clauses = request.clauses.clauses();
    let countries = clauses
        .iter()
        .filter_map(|c| c.transfer.as_ref().map(|t| t.country.clone()));
    Notice {
        version: Version,
        language: p::<Language>(language),
        title: say(
            "How Example Cinema uses your data",
            "Wie Example Cinema Ihre Daten verwendet",
        ),
        controllers: ControllersItem {
            text: say(
                "Example Cinema plc, 1 Main Street, Dublin.",
                "Example Cinema plc, 1 Main Street, Dublin.",
            ),
            controllers: Set::from_members(request.controllers.all().iter().map(|c| c.id.clone())),
        },
        data_protection_officer: Item {
            text: say("dpo@cinema.example", "dpo@cinema.example"),
        },
        purposes: PurposesItem {
            text: say(
                "Each purpose is a choice of its own; each rests on your consent.",
                "Jeder Zweck ist eine eigene Wahl; jeder beruht auf Ihrer Einwilligung.",
            ),
            purposes: Set::from_members(clauses.iter().map(|c| c.purpose.id.clone())),
            lawful_basis: LawfulBasis::Consent,
        },
        recipients: RecipientsItem {
            text: say(
                "Example Studio Ltd, if you choose so; companies that send our mail.",
                "Example Studio Ltd, wenn Sie es wählen; Firmen, die unsere Post versenden.",
            ),
            third_parties: Set::from_members(request.third_parties().cloned()),
        },
        transfers: TransfersItem {
            text: say(
                "To the United States, if you choose so, without the safeguards of the Union.",
                "In die Vereinigten Staaten, wenn Sie es wählen, ohne die Garantien der Union.",
            ),
            countries: Set::from_members(countries),
        },
        retention: RetentionItem {
            text: say(
                "At most as long as each choice says.",
                "Höchstens so lange, wie jede Wahl sagt.",
            ),
            periods: periods(&request),
        },
        rights: Item {
            text: say(
                "Access, rectification, erasure, restriction, portability.",
                "Auskunft, Berichtigung, Löschung, Einschränkung, Übertragbarkeit.",
            ),
        },
        withdrawal: Item {
            text: say(
                "At any time, on this page or with your withdrawal code; what was done before stays lawful.",
                "Jederzeit, auf dieser Seite oder mit Ihrem Widerrufscode; was vorher geschah, bleibt rechtmäßig.",
            ),
        },
        complaint: Item {
            text: say(
                "To the Data Protection Commission, Dublin.",
                "An die Data Protection Commission, Dublin.",
            ),
        },
        requirement: Item {
            text: say(
                "You need not say yes to anything; the programme stays the same.",
                "Sie müssen nichts zustimmen; das Programm bleibt dasselbe.",
            ),
        },
        automated_decisions: AutomatedItem {
            text: say(
                "A program counts your visits and decides about discounts; without it there is none.",
                "Ein Programm zählt Ihre Besuche und entscheidet über Rabatte; ohne das gibt es keinen.",
            ),
            exist: true,
        },
        proof_retention: ProofRetentionItem {
            text: say(
                "Three years after your consent ends, to show that it was given.",
                "Drei Jahre nach dem Ende Ihrer Einwilligung, um zu zeigen, dass es sie gab.",
            ),
            period: p("P3Y"),
        },
    }
}

pub(crate) fn notice_digest(language: &str) -> Digest {
    static DIGESTS: OnceLock<[Digest; 2]> = OnceLock::new();
    let digest = |language| Digest::of(&json::to_jcs(&notice(language)).unwrap());
    let [en, de] = *DIGESTS.get_or_init(|| [digest("en"), digest("de")]);
    if language == "de" { de } else { en }
}
