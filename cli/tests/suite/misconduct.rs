//! A dishonest operator, and what those whom it cheats are told.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Node, ask, home, invite, register, run, said};

/// What the example calls each deed that is proved, and the kind of the proof.
const DEEDS: [(&str, &str); 9] = [
    ("fork", "fork"),
    ("fork-later", "fork"),
    ("feed-fork", "feedFork"),
    ("feed-shrunk", "feedFork"),
    ("dropped", "acknowledgementAgainstHead"),
    ("swapped", "acknowledgementAgainstHead"),
    ("denied", "attestationAgainstEvent"),
    ("denied-opened", "attestationAgainstEvent"),
    ("logged-again", "attestationAgainstEvent"),
];

/// A consent that was withdrawn, and the brand has read its feed: everything that the operator signed of it is at hand.
fn cheated() -> (tempfile::TempDir, Node) {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    node.run(&["wallet", "new"]).ok();
    let link = invite(&node, &request, "a");
    let granted = node.run(&["--json", "wallet", "grant", &link, "--yes", "1,2"]).json();
    let consent = granted["consent"].as_str().unwrap().to_owned();
    node.run(&["wallet", "withdraw", &consent]).ok();
    node.run(&["brand", "consents"]).ok();
    let shown = node
        .run(&["--json", "wallet", "show", &consent, "--evidence", "evidence.json"])
        .json();
    let answers = shown["records"].as_array().unwrap();
    write(home.path(), "answer.json", &answers.last().unwrap()["answer"]);
    write(home.path(), "head.json", &memory(home.path())["feeds"][0]["head"]);
    (home, node)
}

fn write(home: &Path, name: &str, value: &Value) {
    fs::write(home.join(name), value.to_string()).unwrap();
}

fn memory(home: &Path) -> Value {
    serde_json::from_slice(&fs::read(home.join("brand-customers.state.json")).unwrap()).unwrap()
}

/// Runs the example, built as it stands.
fn misbehave(home: &Path) -> String {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--example", "dishonest_operator", "--manifest-path"]);
    command.arg(manifest).arg("--");
    for (name, value) in [
        ("--node", "node"),
        ("--trust", "node/trust.json"),
        ("--answer", "answer.json"),
        ("--head", "head.json"),
        ("--evidence", "evidence.json"),
        ("--out", "deeds"),
    ] {
        command.args([name, value]);
    }
    said(command.current_dir(home).output().unwrap()).ok()
}

/// The file that a refusal names.
fn named(refusal: &str) -> String {
    let after = refusal
        .split("The proof is in ")
        .nth(1)
        .unwrap_or_else(|| panic!("{refusal}"));
    after.split(": ").next().unwrap().to_owned()
}

#[test]
fn every_deed_of_a_dishonest_operator_is_proved_or_comes_to_nothing() {
    let (home, node) = cheated();
    let told = misbehave(home.path());
    for (deed, kind) in DEEDS {
        let file = format!("deeds/{deed}.json");
        assert!(told.contains(&file), "{told}");
        let report = run(home.path(), &["--json", "verify", &file, "--trust", "node/trust.json"]).json();
        assert_eq!(
            (report["proved"].as_str(), report["kind"].as_str()),
            (Some("Holds"), Some(kind))
        );
        for said in report["said"].as_array().unwrap() {
            assert!(!said["signedBy"].as_array().unwrap().is_empty());
        }

        // For people: who signed what, and why it cannot be.
        let text = run(home.path(), &["verify", &file, "--trust", "node/trust.json"]).ok();
        for line in [
            "misbehaviour  Holds: it is proved",
            "accused       the operator of localhost/placet",
            "It cannot all be true: ",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(run(home.path(), &["inspect", &file]).ok().contains(kind));

        // Without keys nothing is told, and by the keys of another node neither.
        assert_eq!(run(home.path(), &["verify", &file]).code, 2);
        let moment = ["verify", &file, "--as-of", "2026-11-22T05:00:00Z"];
        run(home.path(), &moment).refusal(3);
    }
    let stranger = crate::harness::home();
    drop(Node::start(stranger.path(), &[]));
    let theirs = stranger.path().join("node/trust.json").display().to_string();
    assert_eq!(
        run(home.path(), &["verify", "deeds/fork.json", "--trust", &theirs]).code,
        1
    );

    // The old time on a checkpoint makes no consent older.
    let honest = run(home.path(), &["verify", "evidence.json", "--trust", "node/trust.json"]);
    assert_eq!(honest.code, 0, "{honest:?}");
    let past = [
        "verify",
        "deeds/backdated.json",
        "--trust",
        "node/trust.json",
        "--as-of",
        "2025-12-22T05:00:00Z",
    ];
    assert_ne!(run(home.path(), &past).code, 0);
    node.run(&["brand", "consents"]).ok();
}

/// What the operator signed for the brand before, it now denies: the brand's memory finds out.
#[test]
fn a_brand_that_remembers_catches_a_feed_that_shrank_or_lost_an_item() {
    let (home, node) = cheated();
    misbehave(home.path());
    let honest = memory(home.path());
    let forged = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(home.path().join(format!("deeds/forged-{name}.json"))).unwrap()).unwrap()
    };
    let mut longer = honest.clone();
    longer["feeds"][0]["head"] = forged("head");
    let mut promised = honest.clone();
    promised["feeds"][0]["acknowledgements"] = Value::Array(vec![forged("acknowledgement")]);
    for (name, memory, code, kind) in [
        ("longer", longer, "feed_fork", "feedFork"),
        ("promised", promised, "item_dropped", "acknowledgementAgainstHead"),
    ] {
        let state = format!("{name}.json");
        write(home.path(), &state, &memory);
        let refused = node.run(&["brand", "consents", "--state", &state]).refusal(1);
        assert!(
            refused.contains(&format!("{code}: the operator of localhost/placet")),
            "{refused}"
        );
        let file = named(&refused);
        assert!(file.starts_with(&format!("{name}.misbehaviour-")), "{file}");
        let report = run(home.path(), &["--json", "verify", &file, "--trust", "node/trust.json"]).json();
        assert_eq!(
            (report["proved"].as_str(), report["kind"].as_str()),
            (Some("Holds"), Some(kind))
        );
    }
    let list = node.run(&["--json", "brand", "consents"]).json();
    assert_eq!(list["feedSize"], 4, "without forgeries all is well");
}

/// A brand that is given a memory keeps what it was promised, until its feed has it.
#[test]
fn what_was_acknowledged_to_a_brand_waits_for_its_feed() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let consent = crate::harness::say_yes(&node, &invite(&node, &request, "a"));
    node.run(&["brand", "consents"]).ok();
    let state = "brand-customers.state.json";
    node.run(&[
        "brand",
        "end",
        "--consent",
        &consent,
        "--reason",
        "The club was closed.",
        "--state",
        state,
    ])
    .ok();
    assert_eq!(
        memory(home.path())["feeds"][0]["acknowledgements"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    node.run(&["brand", "consents"]).ok();
    let settled = memory(home.path());
    assert_eq!(settled["feeds"][0]["acknowledgements"].as_array().unwrap().len(), 0);
    assert_eq!(settled["feeds"][0]["head"]["statement"]["feedSize"], 4);
}
