//! Several consents of one person: the latest event about (purpose, category) decides, and what takes back beats every
//! earlier yes.

use placet_schemas::authzen::ReasonCode;
use placet_schemas::lifecycle::State;
use placet_schemas::narrowing::{Pattern, Value as Part};
use placet_schemas::record::consent::Withdrawal;
use placet_schemas::record::{Body, Record};
use placet_schemas::scope::Clause;
use placet_schemas::version::Version;
use placet_tests::desk::{Desk, covered, question};
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::p;
use placet_tests::scene::Scene;
use serde_json::Value;

use super::only;

/// Goes back to an earlier consent of hers.
fn about(scene: &mut Scene, consent: &State) {
    scene.state = Some(consent.clone());
}

fn yes(scene: &mut Scene, clauses: &[Clause]) -> State {
    scene.grant_for(clauses, scene.clock.plus(p("P1Y")));
    scene.state().clone()
}

fn without(part: Part) -> Vec<Pattern> {
    vec![Pattern::Value {
        purpose: None,
        value: part,
    }]
}

fn code(scene: &Scene, body: &Value) -> ReasonCode {
    only(&Desk::open(scene).answer(body))
}

fn tips(category: &str, processing: &str) -> Value {
    question("recommendations", &[category], processing)
}

#[test]
fn a_withdrawal_beats_an_earlier_yes_in_another_consent_but_no_later_one_and_no_other_pair() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[newsletter()]);
    yes(&mut scene, &[newsletter(), recommendations()]);
    about(&mut scene, &first);
    let index = scene.withdraw();
    let said = Desk::open(&scene).answer(&covered());
    assert_eq!(only(&said), ReasonCode::Withdrawn);
    let ending = scene.log.entries.iter().find(|entry| entry.index == index).unwrap();
    assert_eq!(said.reasons[0].record, Some(ending.record.digest()));
    assert_eq!(said.reasons[0].consent, Some(first.consent));
    // She said nothing about recommendations, …
    assert_eq!(code(&scene, &tips("pd:Interest", "dpv:Store")), ReasonCode::Permitted);
    // … and a yes after the withdrawal counts.
    yes(&mut scene, &[newsletter()]);
    assert_eq!(code(&scene, &covered()), ReasonCode::Permitted);
}

#[test]
fn what_was_narrowed_out_before_is_not_ended_by_a_withdrawal() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[recommendations()]);
    scene.narrow();
    let narrowed = scene.state().clone();
    assert_ne!(first, narrowed);
    // A new yes to what she had taken back, then the end of the narrowed one: that had no purchases any more.
    yes(&mut scene, &[recommendations()]);
    about(&mut scene, &narrowed);
    scene.withdraw();
    assert_eq!(code(&scene, &tips("pd:Purchase", "dpv:Store")), ReasonCode::Permitted);
    assert_eq!(code(&scene, &tips("pd:Interest", "dpv:Store")), ReasonCode::Withdrawn);
}

#[test]
fn a_yes_is_renewed_by_a_renewal() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[newsletter()]);
    let second = yes(&mut scene, &[newsletter()]);
    about(&mut scene, &first);
    scene.withdraw();
    about(&mut scene, &second);
    assert_eq!(code(&scene, &covered()), ReasonCode::Withdrawn);
    scene.renew(scene.clock.plus_seconds(40_000_000));
    let said = Desk::open(&scene).answer(&covered());
    assert_eq!(only(&said), ReasonCode::Permitted);
    assert_eq!(said.reasons[0].record, scene.state().chain.last().copied());
}

#[test]
fn the_latest_yes_decides_though_an_earlier_one_grants_more_or_longer() {
    let mut scene = Scene::new();
    yes(&mut scene, &[newsletter()]);
    scene.grant_for(&[newsletter()], scene.clock.plus_seconds(600));
    assert_eq!(code(&scene, &covered()), ReasonCode::Permitted);
    scene.pass(600);
    assert_eq!(code(&scene, &covered()), ReasonCode::Expired);
}

#[test]
fn to_take_back_in_one_consent_takes_back_from_every_earlier_yes() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[recommendations()]);
    let second = yes(&mut scene, &[recommendations()]);
    about(&mut scene, &first);
    scene.narrow_by(without(Part::Processing(p("dpv:Analyse"))));
    assert_eq!(
        code(&scene, &tips("pd:Interest", "dpv:Analyse")),
        ReasonCode::ProcessingNotCovered
    );
    assert_eq!(code(&scene, &tips("pd:Interest", "dpv:Store")), ReasonCode::Permitted);
    // To take something else back elsewhere is no new yes to what she took back here.
    about(&mut scene, &second);
    scene.narrow_by(without(Part::Category(p("pd:Purchase"))));
    assert_eq!(
        code(&scene, &tips("pd:Interest", "dpv:Analyse")),
        ReasonCode::ProcessingNotCovered
    );
    assert_eq!(
        code(&scene, &tips("pd:Purchase", "dpv:Store")),
        ReasonCode::CategoryNotCovered
    );
    assert_eq!(code(&scene, &tips("pd:Interest", "dpv:Store")), ReasonCode::Permitted);
}

/// The second yes is to less. To take back a part of the first must not bring the rest of it back to life.
#[test]
fn to_take_back_never_brings_an_older_yes_back() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[recommendations()]);
    yes(&mut scene, &[recommendations()]);
    scene.narrow_by(without(Part::Processing(p("dpv:Analyse"))));
    let asked = tips("pd:Interest", "dpv:Analyse");
    assert_eq!(code(&scene, &asked), ReasonCode::ProcessingNotCovered);
    about(&mut scene, &first);
    scene.narrow_by(without(Part::Delivery(placet_schemas::scope::Delivery::InVault)));
    assert_eq!(code(&scene, &asked), ReasonCode::ProcessingNotCovered);
}

#[test]
fn to_narrow_one_pair_leaves_the_others_alone() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[newsletter(), recommendations()]);
    yes(&mut scene, &[newsletter()]);
    about(&mut scene, &first);
    scene.narrow();
    assert_eq!(
        code(&scene, &tips("pd:Purchase", "dpv:Store")),
        ReasonCode::CategoryNotCovered
    );
    let said = Desk::open(&scene).answer(&covered());
    assert_eq!(only(&said), ReasonCode::Permitted);
    // The later consent is the one that decides about the newsletter, and its grant is the record.
    assert_ne!(said.reasons[0].consent, Some(first.consent));
    assert_eq!(said.reasons[0].record, said.reasons[0].consent);
    let said = Desk::open(&scene).answer(&tips("pd:Interest", "dpv:Store"));
    assert_eq!(
        said.reasons[0].record,
        Some(first.consent),
        "the narrowing was not about this"
    );
}

/// She hands a withdrawal to the brand, which forwards it; meanwhile it beats everything, and later it has its place.
#[test]
fn a_withdrawal_given_to_the_brand_counts_before_the_log_has_it() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[newsletter()]);
    yes(&mut scene, &[newsletter(), recommendations()]);
    let mut desk = Desk::open(&scene);
    desk.withdraw_directly(first.consent);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Withdrawn);
    assert_eq!(
        only(&desk.answer(&tips("pd:Interest", "dpv:Store"))),
        ReasonCode::Permitted
    );
    let withdrawal = withdrawal(&scene, &first);
    let history = desk
        .histories
        .iter_mut()
        .find(|one| one.consent.id == first.consent)
        .unwrap();
    history.follow(scene.log.size(), &withdrawal, None).unwrap();
    assert_eq!(history.consent.direct, None);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Withdrawn);
}

/// What cannot follow changes nothing.
#[test]
fn a_record_that_cannot_follow_changes_nothing() {
    let mut scene = Scene::new();
    let first = yes(&mut scene, &[newsletter()]);
    let withdrawal = withdrawal(&scene, &first);
    let mut desk = Desk::open(&scene);
    let history = &mut desk.histories[0];
    history.follow(scene.log.size(), &withdrawal, None).unwrap();
    let before = history.consent.clone();
    assert!(history.follow(scene.log.size() + 1, &withdrawal, None).is_err());
    assert_eq!(history.consent, before);
}

fn withdrawal(scene: &Scene, consent: &State) -> Record {
    let body = Body::Withdrawal(Withdrawal {
        version: Version,
        consent: consent.consent,
        anchor: None,
        relayed: None,
    });
    scene.claim(body).sign(&scene.person).record
}

/// Two people whom the brand holds for one customer, and what was merged by mistake split again.
#[test]
fn a_reference_may_lead_to_several_people_and_each_has_her_own_answer() {
    let mut scene = Scene::new();
    yes(&mut scene, &[newsletter()]);
    let mut desk = Desk::open(&scene);
    let people = desk.customers.get_mut(placet_tests::desk::CUSTOMER).unwrap();
    people.push(scene.log.operator.did());
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted);
    desk.customers.get_mut(placet_tests::desk::CUSTOMER).unwrap().remove(0);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::NoRecord);
}
