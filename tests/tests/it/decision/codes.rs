//! Each reason code, alone, from public records and a real question.

use std::collections::BTreeSet;

use placet_kernel::decision::{MAX_VALID_FOR_SECONDS, PurposePolicy};
use placet_schemas::authzen::{DecisionStatement, Obligation, ReasonCode};
use placet_schemas::record::consent::Strength;
use placet_tests::desk::{Desk, covered, question};
use placet_tests::p;
use placet_tests::scene::Scene;
use serde_json::json;

use super::{only, register, requests};

type Case = (ReasonCode, fn() -> DecisionStatement);

const CASES: &[Case] = &[
    (ReasonCode::Permitted, permitted),
    (ReasonCode::NoRecord, || Desk::open(&Scene::new()).answer(&covered())),
    (ReasonCode::Withdrawn, || after(Scene::withdraw)),
    (ReasonCode::Withdrawn, || after(Scene::withdraw_with_code)),
    (ReasonCode::Withdrawn, || after(Scene::relay_withdrawal)),
    (ReasonCode::Withdrawn, directly),
    (ReasonCode::Expired, expired),
    (ReasonCode::EndedByController, || after(Scene::end)),
    (ReasonCode::PurposeNotNamed, || {
        asked(&question("seats", &["pd:Disability"], "dpv:Use"))
    }),
    (ReasonCode::CategoryNotCovered, || {
        asked(&question("newsletter", &["pd:Interest"], "dpv:Use"))
    }),
    (ReasonCode::CategoryNotCovered, narrowed),
    (ReasonCode::ProcessingNotCovered, || {
        asked(&question("newsletter", &["pd:EmailAddress"], "dpv:Store"))
    }),
    (ReasonCode::DeliveryNotCovered, || {
        with("/action/properties/delivery", json!("in-vault"))
    }),
    (ReasonCode::ThirdPartyNotNamed, || {
        with("/action/properties/thirdParty", json!("https://mailer.example/"))
    }),
    (ReasonCode::ExplicitConsentMissing, || {
        with("/action/properties/transfer", json!("US"))
    }),
    (ReasonCode::ExplicitConsentMissing, policy_wants_a_statement),
    (ReasonCode::NoticeSuperseded, requests::superseded),
    (ReasonCode::ControllerUnknown, || {
        with("/subject/id", json!("did:web:stranger.example"))
    }),
    (ReasonCode::ControllerUnknown, unregistered),
    (ReasonCode::CustomerUnknown, || with("/resource/id", json!("C-1"))),
    (ReasonCode::BasisNotConsent, register::other_basis),
    (ReasonCode::StrengthTooLow, page_key),
    (ReasonCode::StateStale, || {
        changed(|desk| desk.now = desk.now.plus_seconds(60))
    }),
    (ReasonCode::StateStale, || changed(|desk| desk.head = None)),
    (ReasonCode::ProofInvalid, || changed(|desk| desk.broken = true)),
    (ReasonCode::ProofInvalid, || {
        changed(|desk| desk.histories[0].consent.faulty = true)
    }),
    (ReasonCode::RequestMalformed, || with("/action/name", json!("can_read"))),
    (ReasonCode::RequestMalformed, || {
        with("/action/properties/thirdPary", json!("https://mailer.example/"))
    }),
];

#[test]
fn each_reason_is_given_alone_and_unknown_is_deny() {
    for (at, (code, case)) in CASES.iter().enumerate() {
        let said = case();
        assert_eq!(only(&said), *code, "case {at}: {:#?}", said.reasons);
        let reason = &said.reasons[0];
        assert!(reason.why.starts_with(code.explanation()), "{}", reason.why);
        assert!(
            reason.path.is_empty() || reason.path.starts_with('/'),
            "{}",
            reason.path
        );
        assert_eq!(said.valid_until.is_some(), said.decision);
        assert_eq!(!said.obligations.is_empty(), said.decision);
    }
    let found: BTreeSet<ReasonCode> = CASES.iter().map(|(code, _)| *code).collect();
    assert_eq!(found, ReasonCode::ALL.into());
}

#[test]
fn a_permit_names_its_consent_and_record_and_what_it_obliges_to() {
    let mut scene = Scene::new();
    scene.grant();
    let said = permitted();
    let reason = &said.reasons[0];
    assert_eq!(reason.consent, Some(scene.consent()));
    assert_eq!(reason.record, Some(scene.consent()));
    assert_eq!(reason.category, Some(p("pd:EmailAddress")));
    assert_eq!(reason.article.as_deref(), Some("6(1)(a)"));
    let until = said.evaluated_at.plus_seconds(MAX_VALID_FOR_SECONDS);
    assert_eq!(said.valid_until, Some(until));
    let keep = Obligation::DeleteAfter { period: p("P1Y") };
    let due = [Obligation::ReportAccess, keep, Obligation::NoOnwardDisclosure];
    assert_eq!(said.obligations, due);
}

#[test]
fn a_deny_names_the_record_that_decided_and_the_request_to_ask_with() {
    let mut scene = Scene::new();
    scene.grant();
    let index = scene.withdraw();
    let said = Desk::open(&scene).answer(&covered());
    let last = scene.log.entries.iter().find(|entry| entry.index == index).unwrap();
    assert_eq!(said.reasons[0].record, Some(last.record.digest()));
    assert_eq!(said.reasons[0].consent, Some(scene.consent()));

    let request = Some(scene.request.record.digest());
    let seats = question("seats", &["pd:Disability"], "dpv:Use");
    assert_eq!(Desk::open(&scene).answer(&seats).reasons[0].ask, request);
    let nobody = Desk::open(&Scene::new());
    assert_eq!(nobody.answer(&covered()).reasons[0].ask, request);
    // By the pairwise DID of somebody of whom nothing is known, it is the same.
    let mut body = covered();
    body["resource"] = json!({
        "type": "personal_data",
        "id": scene.person.did(),
        "properties": {"categories": ["pd:EmailAddress"]},
    });
    let said = nobody.answer(&body);
    assert_eq!((only(&said), said.reasons[0].ask), (ReasonCode::NoRecord, request));
    let nothing_offers_it = nobody.answer(&question("newsletter", &["pd:Interest"], "dpv:Use"));
    assert_eq!(nothing_offers_it.reasons[0].ask, None);
}

#[test]
fn the_person_is_found_by_her_pairwise_did_too() {
    let mut scene = Scene::new();
    scene.grant();
    let mut body = covered();
    body["resource"]["type"] = json!("personal_data");
    body["resource"]["id"] = json!(scene.person.did());
    assert_eq!(only(&Desk::open(&scene).answer(&body)), ReasonCode::Permitted);
    body["resource"]["id"] = json!(scene.log.operator.did());
    assert_eq!(only(&Desk::open(&scene).answer(&body)), ReasonCode::NoRecord);
}

#[test]
fn all_categories_must_be_covered_and_each_that_is_not_is_told() {
    let mut scene = Scene::new();
    scene.grant();
    let desk = Desk::open(&scene);
    let both = question("recommendations", &["pd:Interest", "pd:Purchase"], "dpv:Store");
    let said = desk.answer(&both);
    assert!(said.decision);
    assert_eq!(said.reasons.len(), 2);
    scene.narrow();
    let said = Desk::open(&scene).answer(&both);
    assert_eq!(only(&said), ReasonCode::CategoryNotCovered);
    assert_eq!(said.reasons[0].category, Some(p("pd:Purchase")));
    let one = question("recommendations", &["pd:Interest"], "dpv:Store");
    assert_eq!(only(&Desk::open(&scene).answer(&one)), ReasonCode::Permitted);
    let neither = question("newsletter", &["pd:Interest", "pd:Purchase"], "dpv:Use");
    let said = Desk::open(&scene).answer(&neither);
    let codes: Vec<ReasonCode> = said.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, [ReasonCode::CategoryNotCovered; 2]);
}

/// Reports of faults go first: whatever else is wrong, nothing else can be relied on.
#[test]
fn what_makes_every_answer_worthless_is_told_first() {
    let mut desk = Desk::open(&Scene::new());
    desk.head = None;
    desk.registered = false;
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::StateStale);
    desk.broken = true;
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::ProofInvalid);
    let mut body = covered();
    body["action"]["name"] = json!("can_read");
    assert_eq!(only(&desk.answer(&body)), ReasonCode::RequestMalformed);
}

fn granted() -> Desk {
    let mut scene = Scene::new();
    scene.grant();
    Desk::open(&scene)
}

fn permitted() -> DecisionStatement {
    granted().answer(&covered())
}

fn asked(body: &serde_json::Value) -> DecisionStatement {
    granted().answer(body)
}

/// A covered question with one member otherwise.
fn with(pointer: &str, value: serde_json::Value) -> DecisionStatement {
    let mut body = covered();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    asked(&body)
}

fn changed(change: impl FnOnce(&mut Desk)) -> DecisionStatement {
    let mut desk = granted();
    change(&mut desk);
    desk.answer(&covered())
}

fn after(ending: fn(&mut Scene) -> u64) -> DecisionStatement {
    let mut scene = Scene::new();
    scene.grant();
    ending(&mut scene);
    Desk::open(&scene).answer(&covered())
}

fn directly() -> DecisionStatement {
    let mut scene = Scene::new();
    scene.grant();
    let mut desk = Desk::open(&scene);
    desk.withdraw_directly(scene.consent());
    desk.answer(&covered())
}

fn expired() -> DecisionStatement {
    let mut scene = Scene::new();
    scene.grant();
    scene.pass(400 * 86_400);
    Desk::open(&scene).answer(&covered())
}

fn narrowed() -> DecisionStatement {
    let mut scene = Scene::new();
    scene.grant();
    scene.narrow();
    Desk::open(&scene).answer(&question("recommendations", &["pd:Purchase"], "dpv:Store"))
}

fn unregistered() -> DecisionStatement {
    changed(|desk| desk.registered = false)
}

fn policy_wants_a_statement() -> DecisionStatement {
    changed(|desk| {
        demand(
            desk,
            PurposePolicy {
                explicit: true,
                min_strength: None,
            },
        );
    })
}

fn demand(desk: &mut Desk, rule: PurposePolicy) {
    let purpose = p("https://brand.example/purposes#newsletter");
    desk.policy.purposes.insert(purpose, rule);
}

/// Her key was in a page that the operator serves, and the brand wants one of her own.
fn page_key() -> DecisionStatement {
    let mut scene = Scene::new();
    scene.grant_by(Strength::PageKey);
    let mut desk = Desk::open(&scene);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted);
    let min_strength = Some(Strength::SubjectKey);
    demand(
        &mut desk,
        PurposePolicy {
            min_strength,
            explicit: false,
        },
    );
    desk.answer(&covered())
}

#[test]
fn a_statement_and_a_strong_act_satisfy_the_policy() {
    let mut scene = Scene::new();
    scene.grant_explicit(&[placet_tests::offer::newsletter()]);
    let mut desk = Desk::open(&scene);
    let min_strength = Some(Strength::SubjectKey);
    demand(
        &mut desk,
        PurposePolicy {
            min_strength,
            explicit: true,
        },
    );
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted);
}
