//! From the first question to the withdrawal.

use std::time::Duration;

use placet_kernel::decision;
use placet_tests::verifier::started;

use super::house::{House, SOON, codes};

#[test]
fn a_yes_permits_and_a_withdrawal_denies_within_a_second() {
    let house = House::open();
    let verifier = house.verifier();
    let question = house.question(&verifier, "C-10042");
    verifier.await_ready(true, SOON);
    assert_eq!(codes(&verifier.ask(&question)), ["customer_unknown"]);

    let invitation = house.invite(&verifier, "C-10042");
    assert_eq!(codes(&verifier.ask(&question)), ["no_record"]);

    let given = house.yes("ada", &invitation);
    let (answer, _) = verifier.await_decision(&question, true, SOON);
    assert_eq!(codes(&answer), ["permitted"]);
    assert_eq!(answer["context"]["reasons"][0]["consent"], given.consent.to_string());
    let signed = decision::read(answer["context"]["signed"].as_str().unwrap()).unwrap();
    assert_eq!(signed.signer, verifier.did);
    assert!(signed.statement.decision);
    assert_eq!(signed.head.unwrap().head().controller, house.shop.brand.did);

    let withdrawal = house.withdrawal(&given);
    house.shop.caller(&house.node).post("/v1/records", &withdrawal);
    let accepted = started();
    let (answer, _) = verifier.await_decision(&question, false, SOON);
    assert!(accepted.elapsed() < Duration::from_secs(1), "{:?}", accepted.elapsed());
    assert_eq!(codes(&answer), ["withdrawn"]);
    assert!(
        answer["context"]["reasons"][0]["why"]
            .as_str()
            .unwrap()
            .contains("withdrawn")
    );

    // Each is counted by its reason, and how old what is known is, and how late it came.
    let counted = |code: &str| verifier.metric_of("reasons_total", &format!("code=\"{code}\""));
    for code in ["customer_unknown", "no_record", "permitted", "withdrawn"] {
        assert!(counted(code) >= 1.0, "{code}");
    }
    let before = counted("withdrawn");
    assert_eq!(codes(&verifier.ask(&question)), ["withdrawn"]);
    assert!((counted("withdrawn") - before - 1.0).abs() < f64::EPSILON);
    assert!((counted("expired")).abs() < f64::EPSILON);
    let young = SOON.as_secs_f64();
    assert!((0.0..young).contains(&verifier.metric("state_age_seconds")));
    assert!((0.0..young).contains(&verifier.metric("lag_seconds")));
}

#[test]
fn it_starts_without_the_ledger_says_how_old_it_is_and_denies_when_that_is_too_old() {
    let house = House::open();
    let verifier = house.verifier();
    let invitation = house.invite(&verifier, "C-1");
    let _ = house.yes("ada", &invitation);
    let question = house.question(&verifier, "C-1");
    let _ = verifier.await_decision(&question, true, SOON);
    verifier.stop();

    let policy = house.dir.path().join("policy.toml");
    std::fs::write(&policy, "max_staleness = 4\n").unwrap();
    let House {
        node,
        shop,
        dir,
        clause,
        ..
    } = house;
    let trust = node.folder().join("trust.json");
    node.stop();
    let (binary, folder) = (placet_tests::process::built(), dir.path().join("verifier"));
    let more = ["--policy", policy.to_str().unwrap()];
    let order = placet_tests::verifier::VerifierOrder {
        binary: &binary,
        folder: &folder,
        // Nobody listens there.
        ledger: "http://127.0.0.1:9".to_owned(),
        trust,
        more: &more,
    };
    let verifier = placet_tests::verifier::VerifierProcess::start(&order, &shop);
    let (answer, _) = (verifier.ask(&question), clause);
    let (_, said) = verifier.ready();
    if answer["decision"] == true {
        assert!(said["age_seconds"].as_u64().unwrap() <= 4, "{said}");
    }
    let (answer, _) = verifier.await_decision(&question, false, SOON);
    assert_eq!(codes(&answer), ["state_stale"]);
    verifier.await_ready(false, SOON);
    assert_eq!(verifier.ready().1["reason"], "state_stale");
    // The same question to a verifier that may be older is permitted: nothing was lost by the restart.
    std::fs::write(&policy, "max_staleness = 600\n").unwrap();
    let _ = verifier.await_decision(&question, true, SOON);
}
