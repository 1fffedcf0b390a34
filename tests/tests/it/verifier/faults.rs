//! Processes that die, lines that break, a ledger that says nothing: never a permit against what is known, and nothing lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use placet_tests::verifier::started;

use super::house::{Given, House, SOON, codes, until};
use super::line::{Line, Mode};

/// What a customer's question is answered once the verifier has it all.
fn expected(withdrawn: bool) -> [&'static str; 1] {
    [if withdrawn { "withdrawn" } else { "permitted" }]
}

#[test]
fn a_verifier_that_is_killed_at_any_moment_ends_up_with_what_the_ledger_has() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let count = 40;
    let invitations = house.shop.invite(&house.node, &house.request, count);
    let name = |number: usize| format!("C-{number:04}");
    for (number, invitation) in invitations.iter().enumerate() {
        verifier.knows(&name(number), &invitation.digest());
    }
    let mut verifier = Some(verifier);
    let done = AtomicBool::new(false);
    let people: Vec<Given> = thread::scope(|scope| {
        let ledger = scope.spawn(|| {
            let mut people = Vec::new();
            for (number, invitation) in invitations.iter().enumerate() {
                people.push(house.yes(&name(number), invitation));
                if number % 2 == 1 {
                    house.withdraw(&people[number / 2]);
                }
            }
            done.store(true, Ordering::SeqCst);
            people
        });
        let (mut moment, mut kills) = (7_u64, 0);
        while !done.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(moment % 230));
            moment = moment
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
                >> 3;
            verifier.take().unwrap().kill();
            kills += 1;
            verifier = Some(house.start("verifier", &house.ledger(), &[]));
        }
        assert!(kills > 2, "it was hardly killed");
        ledger.join().unwrap()
    });
    let verifier = verifier.unwrap();
    until("it has all consents", || {
        verifier.metric("consents") >= f64::from(count)
    });
    until("it has all withdrawals", || {
        (0..people.len()).all(|number| {
            let said = verifier.ask(&house.question(&verifier, &name(number)));
            codes(&said) == expected(number < people.len() / 2)
        })
    });
    // The ledger's own word for each, and nothing double.
    let mut caller = house.shop.caller(&house.node);
    for (number, given) in people.iter().enumerate() {
        let state: serde_json::Value =
            serde_json::from_slice(&caller.get(&format!("/v1/consents/{}", given.consent))).unwrap();
        let ended = state["effective"] == "Withdrawn";
        assert_eq!(ended, number < people.len() / 2, "{state}");
        let said = verifier.ask(&house.question(&verifier, &name(number)));
        assert_eq!(codes(&said), expected(ended));
        assert_eq!(said["context"]["reasons"][0]["consent"], given.consent.to_string());
    }
    assert!(verifier.metric("consents") == f64::from(count));
    assert!(verifier.metric("record_faults_total") == 0.0 && verifier.proofs().is_empty());
    house.assert_private("verifier", &["C-0000", "C-0039"], &people.iter().collect::<Vec<_>>());
}

#[test]
fn a_ledger_that_dies_and_comes_back_is_followed_on() {
    let mut house = House::open();
    let line = Line::start(house.node.address());
    let verifier = house.start("verifier", &line.url, &[]);
    let given = house.wins(&verifier, "C-1");
    let question = house.question(&verifier, "C-1");
    let _ = verifier.await_decision(&question, true, SOON);
    for name in ["C-2", "C-3"] {
        house.restart_node(|| {
            assert_eq!(
                verifier.ask(&question)["decision"],
                true,
                "what is known is fresh enough"
            );
        });
        line.lead_to(house.node.address());
        let fresh = house.wins(&verifier, name);
        let second = house.question(&verifier, name);
        let _ = verifier.await_decision(&second, true, 3 * SOON);
        house.withdraw(&fresh);
        let _ = verifier.await_decision(&second, false, SOON);
    }
    assert!(
        verifier.metric("feed_refused_total") == 0.0,
        "an honest ledger is not accused"
    );
    house.withdraw(&given);
    let _ = verifier.await_decision(&question, false, SOON);
}

#[test]
fn a_line_that_cuts_delays_or_knows_no_stream_is_got_over() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let verifier = house.start("verifier", &line.url, &[]);
    let (mut people, mut names) = (Vec::new(), Vec::new());
    for (number, mode) in [
        Mode::NoStream,
        Mode::Cut(150),
        Mode::Slow(Duration::from_millis(700)),
        Mode::Cut(1500),
        Mode::HeldBack,
    ]
    .into_iter()
    .enumerate()
    {
        let held_back = matches!(mode, Mode::HeldBack);
        let breaks_off = matches!(mode, Mode::Cut(_));
        line.set(mode);
        names.push(format!("C-{number}"));
        let given = house.wins(&verifier, &names[number]);
        let question = house.question(&verifier, &names[number]);
        if held_back || !breaks_off {
            let _ = verifier.await_decision(&question, true, 3 * SOON);
            house.withdraw(&given);
            let _ = verifier.await_decision(&question, false, 3 * SOON);
        } else {
            // Cut off again and again, and yet it never takes half an event for a whole one.
            thread::sleep(Duration::from_secs(1));
            line.set(Mode::Pass);
            let _ = verifier.await_decision(&question, true, SOON);
        }
        assert!(verifier.metric("feed_refused_total") == 0.0, "{number}");
        people.push(given);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    house.assert_private("verifier", &names, &people.iter().collect::<Vec<_>>());
}

#[test]
fn a_ledger_that_says_nothing_makes_a_verifier_stale() {
    let house = House::open();
    let policy = house.dir.path().join("policy.toml");
    std::fs::write(&policy, "max_staleness = 8\n").unwrap();
    let line = Line::start(house.node.address());
    let verifier = house.start("verifier", &line.url, &["--policy", policy.to_str().unwrap()]);
    let given = house.wins(&verifier, "C-1");
    let question = house.question(&verifier, "C-1");
    let _ = verifier.await_decision(&question, true, SOON);
    line.set(Mode::Mute);
    let silent = started();
    let (answer, _) = verifier.await_decision(&question, false, 2 * SOON);
    assert!(silent.elapsed() <= Duration::from_secs(9), "{:?}", silent.elapsed());
    assert_eq!(codes(&answer), ["state_stale"]);
    let (ready, said) = verifier.ready();
    assert!(
        !ready && said["reason"] == "state_stale" && said["age_seconds"].as_u64().unwrap() >= 8,
        "{said}"
    );
    line.set(Mode::Pass);
    let _ = verifier.await_decision(&question, true, 3 * SOON);
    house.assert_private("verifier", &["C-1"], &[&given]);
}

#[test]
fn a_withdrawal_that_races_questions_is_never_followed_by_a_permit() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    for round in 0..4 {
        let name = format!("C-{round}");
        let given = house.wins(&verifier, &name);
        let question = house.question(&verifier, &name);
        let _ = verifier.await_decision(&question, true, SOON);
        // Set by whoever was denied: no question that is asked afterwards may be permitted.
        let denied = AtomicBool::new(false);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        let asked_after = denied.load(Ordering::SeqCst);
                        let permitted = verifier.ask(&question)["decision"] == true;
                        assert!(!(permitted && asked_after), "a permit after a deny");
                        if !permitted {
                            denied.store(true, Ordering::SeqCst);
                        }
                    }
                });
            }
            thread::sleep(Duration::from_millis(100));
            let handed = round % 2 == 1;
            let withdrawal = house.withdrawal(&given);
            if handed {
                // To the verifier and to the ledger at once: the log's word must not undo it, nor its own.
                let _ = verifier
                    .caller()
                    .call("POST", "/v1/withdrawals", &withdrawal)
                    .unwrap()
                    .expect(202, "");
                assert_eq!(codes(&verifier.ask(&question)), ["withdrawn"]);
                denied.store(true, Ordering::SeqCst);
                let _ = house.shop.caller(&house.node).call("POST", "/v1/records", &withdrawal);
            } else {
                house.withdraw(&given);
            }
            thread::sleep(Duration::from_millis(1200));
            over.store(true, Ordering::SeqCst);
        });
        assert!(denied.load(Ordering::SeqCst), "it was never denied");
    }
}
