//! What the brands ask, and the notice that goes with it.

use std::collections::BTreeMap;

use placet_schemas::id::{Digest, Iri};
use placet_schemas::json;
use placet_schemas::notice::{
    AutomatedItem, CanonicalNotice, ControllersItem, Item, Notice, ProofRetentionItem, PurposesItem, RecipientsItem,
    RetentionItem, TransfersItem, periods,
};
use placet_schemas::record::request::{
    Audience, Benefit, ConsentRequest, Controller, ControllerRole, Controllers, LawfulBasis, Notices,
};
use placet_schemas::scope::{Clause, Delivery, Purpose, Scope};
use placet_schemas::text::{Set, SomeOf, Texts};
use placet_schemas::version::Version;
use placet_schemas::vocab::vocabulary_hash;

use crate::world::{Brand, p};

/// Two of everything, so that a part can be taken back.
pub(crate) fn clause(name: &str) -> Clause {
    Clause {
        purpose: Purpose {
            id: p::<Iri>(&format!("https://brand.example/purposes#{name}")),
            is_a: p("dpv:ProvideEventRecommendations"),
            text: texts(name),
            channels: Set::from_members([]),
        },
        categories: some(["pd:Interest", "pd:Purchase"].map(p)),
        processing: some(["dpv:Analyse", "dpv:Store"].map(p)),
        delivery: some([Delivery::Copy, Delivery::InVault]),
        third_party: None,
        transfer: None,
        retention: p("P1Y"),
    }
}

/// A request of these clauses, and its notice.
pub(crate) fn offer(brand: &Brand, clauses: Vec<Clause>) -> (ConsentRequest, Vec<CanonicalNotice>) {
    let controller = Controller {
        id: brand.did.clone(),
        legal_name: p("Example Cinema plc"),
        contact: p("privacy@cinema.example"),
        dpo: None,
        role: ControllerRole::Sole,
    };
    let mut request = ConsentRequest {
        version: Version,
        controllers: Controllers::try_from(vec![controller]).unwrap(),
        notices: Notices::try_from(BTreeMap::from([(p("en"), Digest::of(b""))])).unwrap(),
        clauses: Scope::new(clauses).unwrap(),
        audience: Audience {
            may_include_children: false,
            description: texts("Adults."),
        },
        jurisdictions: some([p("IE")]),
        lawful_basis: LawfulBasis::Consent,
        vocabulary: Digest::from_bytes(vocabulary_hash()),
        validity: p("P2Y"),
        proof_retention: p("P3Y"),
        open: true,
        benefit: Benefit {
            with_consent: texts("What suits you."),
            without_consent: texts("The same for all."),
        },
        other_bases: Vec::new(),
        supersedes: None,
    };
    let notice = notice(&request);
    request.notices = Notices::try_from(BTreeMap::from([(p("en"), notice.digest())])).unwrap();
    (request, vec![notice])
}

fn notice(request: &ConsentRequest) -> CanonicalNotice {
    let clauses = request.clauses.clauses();
    let item = |text: &str| Item { text: p(text) };
    let notice = Notice {
        version: Version,
        language: p("en"),
        title: p("Your data"),
        controllers: ControllersItem {
            text: p("We are named here."),
            controllers: Set::from_members(request.controllers.all().iter().map(|c| c.id.clone())),
        },
        data_protection_officer: item("There is none."),
        purposes: PurposesItem {
            text: p("Each is your choice."),
            purposes: Set::from_members(clauses.iter().map(|c| c.purpose.id.clone())),
            lawful_basis: LawfulBasis::Consent,
        },
        recipients: RecipientsItem {
            text: p("None."),
            third_parties: Set::from_members([]),
        },
        transfers: TransfersItem {
            text: p("None."),
            countries: Set::from_members([]),
        },
        retention: RetentionItem {
            text: p("As each choice says."),
            periods: periods(request),
        },
        rights: item("Access and more."),
        withdrawal: item("At any time."),
        complaint: item("To the authority."),
        requirement: item("Nothing is required."),
        automated_decisions: AutomatedItem {
            text: p("None."),
            exist: false,
        },
        proof_retention: ProofRetentionItem {
            text: p("Three years."),
            period: request.proof_retention,
        },
    };
    CanonicalNotice::parse(&json::to_jcs(&notice).unwrap()).unwrap()
}

fn texts(words: &str) -> Texts {
    Texts::try_from(BTreeMap::from([(p("en"), p(words))])).unwrap()
}

fn some<T: Ord + Clone>(members: impl IntoIterator<Item = T>) -> SomeOf<T> {
    SomeOf::new(Set::from_members(members)).unwrap()
}
