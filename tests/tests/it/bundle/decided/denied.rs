//! Denies: what records can confirm, they confirm.

use placet_kernel::bundle::{Question, Verdict};
use placet_schemas::authzen::{DecisionStatement, ReasonCode};
use placet_tests::desk::{Desk, covered, question};
use placet_tests::p;
use placet_tests::scene::Scene;
use serde_json::Value;

use super::{Decided, against, answers, notes};

fn decided(acts: impl FnOnce(&mut Scene), body: &Value) -> Decided {
    let mut decided = Decided::of(acts);
    decided.said = decided.desk.answer(body);
    decided
}

fn grant(scene: &mut Scene) {
    scene.grant();
}

#[test]
fn a_deny_that_rests_on_records_is_confirmed_by_them() {
    type Acts = fn(&mut Scene);
    let cases: [(Acts, Value, ReasonCode); 8] = [
        (
            |scene| {
                scene.grant();
                scene.withdraw();
            },
            covered(),
            ReasonCode::Withdrawn,
        ),
        (
            |scene| {
                scene.grant();
                scene.end();
            },
            covered(),
            ReasonCode::EndedByController,
        ),
        (
            |scene| {
                scene.grant();
                scene.pass(400 * 86_400);
            },
            covered(),
            ReasonCode::Expired,
        ),
        (
            |scene| {
                scene.grant();
                scene.narrow();
            },
            question("recommendations", &["pd:Purchase"], "dpv:Store"),
            ReasonCode::CategoryNotCovered,
        ),
        (
            grant,
            question("newsletter", &["pd:EmailAddress"], "dpv:Store"),
            ReasonCode::ProcessingNotCovered,
        ),
        (grant, with("delivery", "in-vault"), ReasonCode::DeliveryNotCovered),
        (
            grant,
            with("thirdParty", "https://mailer.example/"),
            ReasonCode::ThirdPartyNotNamed,
        ),
        (grant, with("transfer", "US"), ReasonCode::ExplicitConsentMissing),
    ];
    for (acts, body, code) in cases {
        let mut decided = decided(acts, &body);
        assert_eq!(decided.said.reasons[0].code, code);
        let report = decided.judged();
        assert_eq!(
            answers(&report),
            (Verdict::Holds, Verdict::Holds, Verdict::Holds),
            "{:#?}",
            report.findings
        );
        assert!(!notes(&report).contains("deny_otherwise"), "{code:?}");
    }
}

fn with(name: &str, value: &str) -> Value {
    let mut body = covered();
    body["action"]["properties"][name] = value.into();
    body
}

/// She gave a withdrawal to the brand, and the log has it later or never: nothing here says that the deny was wrong.
#[test]
fn a_deny_by_what_is_not_in_the_bundle_cannot_be_told() {
    let mut direct = decided(grant, &covered());
    let consent = direct.scene.consent();
    direct.desk.withdraw_directly(consent);
    direct.said = direct.desk.answer(&covered());
    let mut cases = vec![direct];
    for spoil in [
        (|desk: &mut Desk| desk.broken = true) as fn(&mut Desk),
        |desk| desk.now = desk.now.plus_seconds(60),
        |desk| desk.customers.clear(),
        |desk| desk.registered = false,
        |desk| desk.histories.clear(),
        |desk| {
            let rule = placet_kernel::decision::PurposePolicy {
                explicit: true,
                min_strength: None,
            };
            desk.policy
                .purposes
                .insert(p("https://brand.example/purposes#newsletter"), rule);
        },
    ] {
        let mut decided = decided(grant, &covered());
        spoil(&mut decided.desk);
        decided.said = decided.desk.answer(&covered());
        cases.push(decided);
    }
    cases.push(decided(grant, &question("seats", &["pd:Disability"], "dpv:Use")));
    cases.push(decided(grant, &question("newsletter", &["pd:Interest"], "dpv:Use")));
    cases.push(decided(
        grant,
        &serde_json::json!({
            "subject": {"type": "user", "id": "alice"},
            "action": {"name": "can_read"},
            "resource": {"type": "account", "id": "123"},
        }),
    ));
    for mut decided in cases {
        let code = decided.said.reasons[0].code;
        assert!(!decided.said.decision);
        let report = decided.judged();
        assert_eq!(report.right, Verdict::CannotTell, "{code:?}: {:#?}", report.findings);
        assert_eq!(against(&report, Question::Right), ["deny_elsewhere"].into());
    }
}

/// A state that no policy could rely on is stale by its own head.
#[test]
fn a_deny_by_a_head_an_hour_old_is_right() {
    let mut decided = decided(grant, &covered());
    decided.desk.now = decided
        .desk
        .now
        .plus_seconds(placet_kernel::decision::MAX_STALENESS_SECONDS);
    decided.said = decided.desk.answer(&covered());
    assert_eq!(decided.said.reasons[0].code, ReasonCode::StateStale);
    decided.scene.pass(placet_kernel::decision::MAX_STALENESS_SECONDS);
    let report = decided.judged();
    assert_eq!(report.verdict(), Verdict::Holds, "{:#?}", report.findings);
}

/// Each by itself can be so, and none of them would have let the brand use the data.
#[test]
fn another_reason_to_deny_is_noted_and_is_no_fault() {
    let mut decided = decided(grant, &question("newsletter", &["pd:EmailAddress"], "dpv:Store"));
    decided.said.reasons[0].code = ReasonCode::DeliveryNotCovered;
    let report = decided.judged();
    assert_eq!(report.verdict(), Verdict::Holds);
    assert!(notes(&report).contains("deny_otherwise"));
}

/// No deny of what was granted, by a reason that the records would show.
#[test]
fn every_reason_that_records_would_show_is_refuted_where_they_do_not() {
    for code in [
        ReasonCode::Expired,
        ReasonCode::EndedByController,
        ReasonCode::PurposeNotNamed,
        ReasonCode::CategoryNotCovered,
        ReasonCode::ProcessingNotCovered,
        ReasonCode::DeliveryNotCovered,
        ReasonCode::ThirdPartyNotNamed,
    ] {
        let mut decided = decided(grant, &covered());
        denied(&mut decided.said, code);
        let report = decided.judged();
        assert_eq!(report.right, Verdict::Fails, "{code:?}");
        assert_eq!(against(&report, Question::Right), ["deny_wrong"].into());
    }
}

fn denied(said: &mut DecisionStatement, code: ReasonCode) {
    said.decision = false;
    said.valid_until = None;
    said.obligations.clear();
    said.reasons[0].code = code;
}
