//! What docs/OPERATIONS.md says of running a verifier.

use std::collections::BTreeSet;
use std::fs;

use placet_tests::process::built;
use placet_tests::verifier::{VerifierOrder, VerifierProcess};

use crate::verifier::house::{House, SOON};

const OPERATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");

#[test]
fn the_policy_of_the_documents_is_read_and_every_metric_is_named_there() {
    let document = fs::read_to_string(OPERATIONS).unwrap();
    let (_, policy) = document.split_once("```toml\nmax_staleness").unwrap();
    let (policy, _) = policy.split_once("```").unwrap();
    let house = House::open();
    let file = house.dir.path().join("policy.toml");
    fs::write(&file, format!("max_staleness{policy}")).unwrap();
    let (placet, folder) = (built(), house.dir.path().join("verifier"));
    let more = ["--policy", file.to_str().unwrap()];
    let order = VerifierOrder {
        more: &more,
        ..VerifierOrder::of(&placet, &house.node, &folder)
    };
    let verifier = VerifierProcess::start(&order, &house.shop);
    verifier.await_ready(true, SOON);
    let invitation = house.invite(&verifier, "C-1");
    let _ = house.yes("ada", &invitation);
    // A wallet of her own is strong enough for the policy.
    let _ = verifier.await_decision(&house.question(&verifier, "C-1"), true, SOON);
    assert_eq!(verifier.metric("rules_refused_total") as u64, 0);

    let metrics = String::from_utf8(verifier.caller().get("/metrics")).unwrap();
    let names = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE placet_verifier_"));
    let names: BTreeSet<&str> = names.map(|line| line.split(' ').next().unwrap()).collect();
    assert!(names.len() > 10, "{metrics}");
    let (_, watch) = document.split_once("### Watch a verifier").unwrap();
    let (watch, _) = watch.split_once("\n## ").unwrap();
    for name in names {
        assert!(watch.contains(&format!("`{name}`")), "{name}");
    }
}
