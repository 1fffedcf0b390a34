//! The brand's files: a policy and a signed register that change under a running verifier.

use std::fs;
use std::thread;
use std::time::Duration;

use placet_kernel::decision::{Basis, REGISTER_TYP, RegisterEntry, RegisterStatement};
use placet_kernel::jws;
use placet_schemas::json;
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::process::now;

use super::house::{House, SOON, codes, until};

fn register(house: &House, brand: &Brand, basis: Basis) -> String {
    let statement = RegisterStatement {
        version: Version,
        controller: brand.did.clone(),
        issued_at: now(),
        entries: vec![RegisterEntry {
            purpose: house.clause.purpose.id.clone(),
            categories: None,
            basis,
        }],
    };
    jws::sign(
        &json::to_jcs(&statement).unwrap(),
        REGISTER_TYP,
        &brand.method,
        &brand.key,
    )
    .unwrap()
}

#[test]
fn a_policy_is_read_again_and_one_that_makes_no_sense_changes_nothing() {
    let house = House::open();
    let policy = house.dir.path().join("policy.toml");
    fs::write(&policy, "").unwrap();
    let more = ["--policy", policy.to_str().unwrap()];
    let verifier = house.start("verifier", &house.ledger(), &more);
    let given = house.wins(&verifier, "C-policy");
    let question = house.question(&verifier, "C-policy");
    let _ = verifier.await_decision(&question, true, SOON);

    let purpose = house.clause.purpose.id.as_str();
    let strict = format!("[purposes.\"{purpose}\"]\nexplicit = true\n");
    fs::write(&policy, &strict).unwrap();
    let (answer, _) = verifier.await_decision(&question, false, SOON);
    assert_eq!(codes(&answer), ["explicit_consent_missing"]);
    let refused = || verifier.metric("rules_refused_total");
    // As strong as her yes was, and stronger than any claim is today.
    fs::write(
        &policy,
        format!("[purposes.\"{purpose}\"]\nmin_strength = \"subject-key\"\n"),
    )
    .unwrap();
    let _ = verifier.await_decision(&question, true, SOON);
    fs::write(&policy, &strict).unwrap();
    let _ = verifier.await_decision(&question, false, SOON);
    assert!(refused() == 0.0);
    // Empty is what a file is while it is written anew: until then what it said stays in force.
    fs::write(&policy, "").unwrap();
    thread::sleep(Duration::from_secs(3));
    assert_eq!(codes(&verifier.ask(&question)), ["explicit_consent_missing"]);
    assert!(refused() == 0.0);
    for (number, bad) in ["max_staleness = 0", "max_staleness = 99999", "nonsense", "colour = 1"]
        .iter()
        .enumerate()
    {
        fs::write(&policy, bad).unwrap();
        until(bad, || refused() > number as f64);
        assert_eq!(codes(&verifier.ask(&question)), ["explicit_consent_missing"], "{bad}");
    }
    fs::remove_file(&policy).unwrap();
    until("a policy that has gone", || refused() > 4.0);
    assert_eq!(codes(&verifier.ask(&question)), ["explicit_consent_missing"]);
    fs::write(&policy, "valid_for = 0\n").unwrap();
    let _ = verifier.await_decision(&question, true, SOON);
    verifier.stop();

    // At the start there is none before it.
    fs::write(&policy, "max_staleness = 0\n").unwrap();
    let said = house.try_start("verifier", &house.ledger(), &more).unwrap_err();
    assert!(said.contains("max_staleness is 1 to 3600 seconds"), "{said}");
    house.assert_private("verifier", &["C-policy"], &[&given]);
}

#[test]
fn a_register_of_the_brand_is_read_again_and_no_other_one() {
    let house = House::open();
    let file = house.dir.path().join("register.jws");
    let (brand, other) = (&house.shop.brand, Brand::festival());
    let good = register(&house, brand, Basis::Consent);
    let contract = register(&house, brand, Basis::Contract);
    let more = ["--register", file.to_str().unwrap()];
    // Of another brand, by another brand in this one's name, of no brand: nothing is permitted, whatever the records say.
    let forged = register(
        &house,
        &Brand {
            did: brand.did.clone(),
            ..other.clone()
        },
        Basis::Consent,
    );
    let mut tampered = good.clone();
    let at = tampered.find('.').unwrap() + 20;
    tampered.replace_range(at..=at, if &tampered[at..=at] == "A" { "B" } else { "A" });
    fs::write(&file, register(&house, &other, Basis::Consent)).unwrap();
    let verifier = house.start("verifier", &house.ledger(), &more);
    let given = house.wins(&verifier, "C-register");
    let question = house.question(&verifier, "C-register");
    until("her consent is there", || verifier.metric("consents") > 0.0);
    let refused = || verifier.metric("rules_refused_total");
    until("another brand's register", || refused() > 0.0);
    assert_eq!(codes(&verifier.ask(&question)), ["proof_invalid"]);
    assert!(!verifier.ready().0);
    for bad in [forged.as_str(), tampered.as_str(), "{}", ""] {
        let before = refused();
        fs::write(&file, bad).unwrap();
        until("a register that does not hold", || refused() > before);
        assert_eq!(codes(&verifier.ask(&question)), ["proof_invalid"]);
    }

    fs::write(&file, &good).unwrap();
    let _ = verifier.await_decision(&question, true, SOON);
    fs::write(&file, &contract).unwrap();
    let (answer, _) = verifier.await_decision(&question, false, SOON);
    assert_eq!(codes(&answer), ["basis_not_consent"]);
    // The last that held stays in force.
    let before = refused();
    fs::write(&file, &tampered).unwrap();
    until("a register that was altered", || refused() > before);
    assert_eq!(codes(&verifier.ask(&question)), ["basis_not_consent"]);
    fs::write(&file, &good).unwrap();
    let _ = verifier.await_decision(&question, true, SOON);
    house.assert_private("verifier", &["C-register"], &[&given]);
}
