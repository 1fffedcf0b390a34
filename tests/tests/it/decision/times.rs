//! Time: how old what is known may be, until when a permit is good, and clocks that disagree.

use placet_kernel::decision::{MAX_AHEAD_SECONDS, MAX_STALENESS_SECONDS, Policy};
use placet_schemas::authzen::ReasonCode;
use placet_schemas::json;
use placet_tests::desk::{Desk, covered};
use placet_tests::offer::newsletter;
use placet_tests::scene::Scene;

use super::only;

fn granted() -> Desk {
    let mut scene = Scene::new();
    scene.grant();
    Desk::open(&scene)
}

fn policy(text: &str) -> Result<Policy, String> {
    let document = json::parse(text.as_bytes(), 4096).unwrap();
    json::decode(document.root()).map_err(|fault| fault.to_string())
}

#[test]
fn what_is_known_counts_up_to_the_second_before_max_staleness() {
    for staleness in [1, 60, MAX_STALENESS_SECONDS] {
        let mut desk = granted();
        desk.policy.max_staleness = staleness;
        let signed = desk.now;
        desk.now = signed.plus_seconds(staleness - 1);
        assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted, "{staleness}");
        desk.now = signed.plus_seconds(staleness);
        assert_eq!(only(&desk.answer(&covered())), ReasonCode::StateStale, "{staleness}");
    }
}

/// A head that the operator dates ahead would stay young for as long; so would one that is looked at by a clock set back.
#[test]
fn a_head_from_the_future_counts_within_the_tolerance_only() {
    let mut desk = granted();
    let signed = desk.now;
    desk.now = signed.minus_seconds(MAX_AHEAD_SECONDS);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted);
    desk.now = signed.minus_seconds(MAX_AHEAD_SECONDS + 1);
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::StateStale);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_young() {
    let mut desk = granted();
    desk.silent_for = 59;
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Permitted);
    desk.silent_for = 60;
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::StateStale);
}

#[test]
fn a_permit_never_outlives_its_consent() {
    let mut scene = Scene::new();
    let until = scene.clock.plus_seconds(3600);
    scene.grant_for(&[newsletter()], until);
    let mut desk = Desk::open(&scene);
    for (before, good_for) in [(10, 1), (2, 1), (1, 1)] {
        desk.now = until.minus_seconds(before);
        desk.head.as_mut().unwrap().statement.time = desk.now;
        let said = desk.answer(&covered());
        assert_eq!(said.valid_until, Some(desk.now.plus_seconds(good_for)), "{before}");
    }
    desk.now = until;
    desk.head.as_mut().unwrap().statement.time = desk.now;
    assert_eq!(only(&desk.answer(&covered())), ReasonCode::Expired);
}

#[test]
fn a_policy_may_shorten_a_permit_and_never_lengthen_it() {
    let mut desk = granted();
    desk.policy = policy(r#"{"valid_for":0}"#).unwrap();
    assert_eq!(desk.answer(&covered()).valid_until, Some(desk.now));
    for (text, right) in [
        (r#"{"valid_for":1}"#, true),
        (r#"{"valid_for":2}"#, false),
        (r#"{"max_staleness":0}"#, false),
        (r#"{"max_staleness":1}"#, true),
        (r#"{"max_staleness":3600}"#, true),
        (r#"{"max_staleness":3601}"#, false),
        (r#"{"max_stalenes":60}"#, false),
        (r#"{"version":2}"#, false),
        (
            r#"{"purposes":{"https://a.example/b":{"min_strength":"page-key"}}}"#,
            true,
        ),
        (r#"{"purposes":{"https://a.example/b":{"min_strength":"weak"}}}"#, false),
        (r#"{"purposes":{"https://a.example/b":{"strict":true}}}"#, false),
        (r#"{"purposes":{"no iri":{}}}"#, false),
    ] {
        assert_eq!(policy(text).is_ok(), right, "{text}");
    }
    assert_eq!(policy("{}").unwrap(), Policy::default());
}

/// A decision names the policy and register that it was made by, and nothing of what they say.
#[test]
fn another_policy_has_another_name() {
    let desk = granted();
    let named = desk.answer(&covered()).policy;
    assert_eq!(named, desk.policy.digest(None));
    let mut other = granted();
    other.policy.max_staleness = 61;
    assert_ne!(other.answer(&covered()).policy, named);
}
