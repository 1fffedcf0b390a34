//! `placet verify` and `placet inspect`.

use std::fs;

use crate::harness::{Node, ask, home, invite, register, run, run_with_input, say_yes};

/// A home with a consent, its evidence in `e.json`; the node has stopped, so that nothing can ask it.
fn evidence() -> (tempfile::TempDir, String) {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let consent = say_yes(&node, &invite(&node, &request, "a"));
    node.run(&["wallet", "show", &consent, "--evidence", "e.json"]).ok();
    node.stop();
    (home, consent)
}

#[test]
fn the_exit_status_is_the_verdict() {
    let (home, consent) = evidence();
    let verify = |more: &[&str]| run(home.path(), &[&["verify", "e.json"], more].concat());
    let trust = ["--trust", "node/trust.json"];

    let holds = verify(&trust);
    assert_eq!(holds.code, 0, "{holds:?}");
    for words in [
        "recorded  Holds",
        "in force  Holds",
        &consent,
        "Example Cinema plc",
        "freely given",
        "no witness",
    ] {
        assert!(holds.out.contains(words), "{words} is not in {}", holds.out);
    }
    let long_ago = verify(&[trust.as_slice(), &["--as-of", "2020-01-01T00:00:00Z"]].concat());
    assert_ne!(long_ago.code, 0, "{long_ago:?}");
    assert!(long_ago.out.contains("recorded  Holds"), "{long_ago:?}");

    let untrusted = verify(&[]);
    assert_eq!(untrusted.code, 2);
    assert!(
        untrusted.out.contains("localhost/placet+") && untrusted.out.contains("freely given"),
        "{untrusted:?}"
    );
    let report = verify(&["--json"]);
    assert_eq!(report.code, 2);
    let report: serde_json::Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(
        (&report["recorded"], &report["inForce"]),
        (&"CannotTell".into(), &"CannotTell".into())
    );
    run(home.path(), &["keygen", "--dir", "other"]).ok();
    assert_eq!(verify(&["--trust", "other/trust.json"]).code, 1);

    let text = fs::read_to_string(home.path().join("e.json")).unwrap();
    // One second later is another record.
    let at = text.find("\"validFrom\":\"").unwrap() + "\"validFrom\":\"2026-11-22T05:00:0".len();
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    fs::write(
        home.path().join("e.json"),
        format!("{}{digit}{}", &text[..at], &text[at + 1..]),
    )
    .unwrap();
    let fails = verify(&trust);
    assert_eq!(fails.code, 1, "{fails:?}");
    assert!(fails.out.contains("help: "), "{fails:?}");
}

#[test]
fn what_cannot_be_read_is_status_three_and_one_line() {
    let home = home();
    for (text, why) in [
        ("", "no evidence bundle"),
        ("{}", "no evidence bundle"),
        ("{\"a\":1.5}", ""),
    ] {
        fs::write(home.path().join("e.json"), text).unwrap();
        let refused = run(home.path(), &["verify", "e.json"]).refusal(3);
        assert!(refused.contains(why), "{refused}");
    }
    run(home.path(), &["verify", "none.json"]).refusal(3);
    run(home.path(), &["verify", "e.json", "--trust", "none.json"]).refusal(3);
    fs::write(home.path().join("trust.json"), "{}").unwrap();
    run(home.path(), &["verify", "e.json", "--trust", "trust.json"]).refusal(3);
    run_with_input(home.path(), &["verify", "-"], &[0xff, 0]).refusal(3);
}

#[test]
fn every_kind_of_file_is_shown_and_called_not_verified() {
    let (home, consent) = evidence();
    let bundle = fs::read(home.path().join("e.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
    let grant = &bundle["openings"].as_array().unwrap().last().unwrap()["record"];
    let checkpoint = bundle["checkpoints"].as_array().unwrap().last().unwrap()["note"]
        .as_str()
        .unwrap();
    let proof = format!("c2sp.org/tlog-proof@v1\nindex 2\n\n{checkpoint}");
    for (input, kind, words) in [
        (bundle.to_string(), "evidence bundle", consent.as_str()),
        (grant.to_string(), "record: ConsentGrant", consent.as_str()),
        (checkpoint.to_owned(), "checkpoint", "localhost/placet"),
        (proof, "tlog-proof", "index"),
        (bundle["notices"][0].to_string(), "notice", "Example Cinema"),
        (
            bundle["openings"][0]["record"].to_string(),
            "record: ControllerKeys",
            "supplied",
        ),
    ] {
        let said = run_with_input(home.path(), &["inspect", "-"], input.as_bytes()).ok();
        assert!(
            said.starts_with(kind) && said.contains("NOT VERIFIED") && said.contains(words),
            "{said}"
        );
        let json = run_with_input(home.path(), &["inspect", "-", "--json"], input.as_bytes()).json();
        assert_eq!((&json["kind"], &json["verified"]), (&kind.into(), &false.into()));
    }
    let refused = run(home.path(), &["inspect", "cinema.key.json"]).refusal(1);
    assert!(refused.contains("private key"), "{refused}");
}

/// The examples of the documents.
fn example(name: &str) -> String {
    format!("{}/../docs/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_decision_in_a_bundle_is_told_and_counts() {
    let home = home();
    let (evidence, trust) = (example("decision-evidence.json"), example("decision-trust.json"));
    let line = ["verify", &evidence, "--trust", &trust];
    let holds = run(home.path(), &line);
    assert_eq!(holds.code, 0, "{holds:?}");
    for words in [
        "decision    /decisions/0",
        "signed    Holds: the signature holds, by did:key:",
        "right     Holds",
        "anchored  Holds by 2026-",
        "says      permit at 2026-11-22T05:04:00Z",
        "reason    permitted (pd:EmailAddress)",
        "note (right) policy_unseen",
    ] {
        assert!(holds.out.contains(words), "{words} is not in {}", holds.out);
    }
    let json = run(home.path(), &[&line[..], &["--json"]].concat()).json();
    let one = &json["decisions"][0];
    assert_eq!(
        (&one["signed"], &one["right"], &one["anchored"]),
        (&"Holds".into(), &"Holds".into(), &"Holds".into())
    );
    assert_eq!(one["decision"]["decision"], true);

    // Without its batch it is as right as before; with another decision in its place it is none.
    let mut bundle: serde_json::Value = serde_json::from_str(&fs::read_to_string(&evidence).unwrap()).unwrap();
    let verify = |bundle: &serde_json::Value| {
        run_with_input(
            home.path(),
            &["verify", "-", "--trust", &trust],
            bundle.to_string().as_bytes(),
        )
    };
    bundle["decisions"][0].as_object_mut().unwrap().remove("batch");
    let unanchored = verify(&bundle);
    assert_eq!(unanchored.code, 0, "{unanchored:?}");
    assert!(
        unanchored.out.contains("anchored  no: the signer's clock only"),
        "{unanchored:?}"
    );
    let decision = bundle["decisions"][0]["decision"].as_str().unwrap().to_owned();
    bundle["decisions"][0]["decision"] = decision[..decision.len() - 2].into();
    let forged = verify(&bundle);
    assert_eq!(forged.code, 1, "{forged:?}");
    assert!(
        forged.out.contains("decision_invalid") && forged.out.contains("recorded  Holds"),
        "{forged:?}"
    );
}

#[test]
fn a_decision_alone_is_read_and_cannot_be_told() {
    let home = home();
    let file = example("decision.sd-jwt");
    let alone = run(home.path(), &["verify", &file]);
    assert_eq!(alone.code, 2, "{alone:?}");
    for words in [
        "the signature holds, by did:key:",
        "CannotTell",
        "says      permit",
        "decision_alone",
        "bundle",
    ] {
        assert!(alone.out.contains(words), "{words} is not in {}", alone.out);
    }
    let json = run(home.path(), &["verify", &file, "--json"]);
    assert_eq!(json.code, 2);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&json["signed"], &json["decision"]["decision"]),
        (&"CannotTell".into(), &true.into())
    );
    let text = fs::read_to_string(&file).unwrap();
    let cut = &text.as_bytes()[..text.len() - 3];
    let forged = run_with_input(home.path(), &["verify", "-"], cut);
    assert_eq!(forged.code, 1, "{forged:?}");
    run(home.path(), &["verify", &file, "--as-of", "2026-11-22T05:00:00Z"]).refusal(3);
}
