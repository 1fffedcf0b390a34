//! `placet brand`: asking, inviting, reading the answers, and ending.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Node, ask, home, invite, register, say_yes};

#[test]
fn a_brand_asks_invites_and_knows_who_said_yes() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let link = invite(&node, &request, "customer-7");
    assert!(link.starts_with(&format!("{}/i#", node.url)), "{link}");
    let consent = say_yes(&node, &link);

    let report = node.run(&["--json", "brand", "consents"]).json();
    assert_eq!(report["consents"][0]["consent"], consent.as_str());
    assert_eq!(report["consents"][0]["customer"], "customer-7");
    assert_eq!(report["consents"][0]["effective"], "Given");
    assert_eq!(
        (report["feedSize"].as_u64(), report["pinned"].as_bool()),
        (Some(3), Some(true))
    );
    assert_eq!(report["faults"].as_array().map(Vec::len), Some(0));

    // The reference never left the brand: not in the node's folder, in clear or in any name.
    let customers = fs::read_to_string(home.path().join("brand-customers.json")).unwrap();
    assert!(customers.contains("customer-7"));
    let mode = fs::metadata(home.path().join("brand-customers.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = link.split_once('#').unwrap().1.split('.').next().unwrap();
    assert!(!customers.contains(secret), "the file keeps the invitation's hash only");

    let said = node
        .run(&["brand", "relay-withdrawal", "--consent", &consent, "--channel", "phone"])
        .ok();
    assert!(said.contains("has ended"), "{said}");
    let table = node.run(&["brand", "consents"]).ok();
    assert!(table.contains("Withdrawn") && table.contains("customer-7"), "{table}");
    let line = [
        "brand",
        "end",
        "--consent",
        &consent,
        "--reason",
        "the newsletter was discontinued",
    ];
    assert!(node.run(&line).refusal(1).contains("consent_ended"));
}

#[test]
fn a_brand_ends_a_consent_itself() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let consent = say_yes(&node, &invite(&node, &request, "a"));
    node.run(&[
        "brand",
        "end",
        "--consent",
        &consent,
        "--reason",
        "the newsletter was discontinued",
    ])
    .ok();
    let report = node.run(&["--json", "brand", "consents"]).json();
    assert_eq!(report["consents"][0]["effective"], "EndedByController");
}

#[test]
fn what_the_ledger_refuses_is_told_with_its_code() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let unknown = "0".repeat(64);
    let refused = node.run(&["brand", "invite", "--request", &unknown]).refusal(1);
    assert!(
        refused.contains("not_found") || refused.contains("request_unknown"),
        "{refused}"
    );
    let refused = node
        .run(&["brand", "end", "--consent", &unknown, "--reason", "x"])
        .refusal(1);
    assert!(refused.contains("consent_unknown"), "{refused}");

    // The operator's token does not invite in a brand's name, nor the brand's register others.
    let request = ask(&node);
    let mut command = node.command(&["brand", "invite", "--request", &request]);
    let refused = crate::harness::said(
        command
            .env("PLACET_BRAND_TOKEN_FILE", "node/operator.token")
            .output()
            .unwrap(),
    );
    assert!(refused.refusal(1).contains("forbidden"));
    let line = [
        "brand",
        "token",
        "--did",
        "did:web:cinema.example",
        "--token-file",
        "cinema.token",
    ];
    assert!(node.run(&line).refusal(1).contains("forbidden"));
    fs::write(home.path().join("cinema.token"), "nothing\n").unwrap();
    assert!(node.run(&["brand", "consents"]).refusal(1).contains("unauthorized"));
}

#[test]
fn a_request_that_breaks_a_rule_leaves_nothing_behind() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let line = [
        "brand",
        "request",
        "--template",
        "request.json",
        "--notice",
        "en=notice.en.json",
    ];
    let template = fs::read_to_string(home.path().join("request.json")).unwrap();
    for (from, to, why) in [
        ("dpv:DirectMarketing", "dpv:Marketing", "scope_not_specific"),
        (
            "\"mayIncludeChildren\": false",
            "\"mayIncludeChildren\": true",
            "guardian_unsupported",
        ),
        (
            "\"proofRetention\": \"P3Y\"",
            "\"proofRetention\": \"P4Y\"",
            "notice_disagrees",
        ),
        ("did:web:cinema.example", "did:web:other.example", "wrong_signer"),
        ("\"validity\"", "\"validty\"", "/validty"),
    ] {
        let changed = template.replacen(from, to, 1);
        assert_ne!(changed, template);
        fs::write(home.path().join("request.json"), changed).unwrap();
        let refused = node.run(&line).refusal(1);
        assert!(refused.contains(why), "{refused}");
    }
    let report = node.run(&["--json", "brand", "consents"]).json();
    assert_eq!(report["feedSize"], 1, "only the brand's keys");
}

#[test]
fn keys_of_another_log_are_not_believed() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    node.run(&["keygen", "--dir", "elsewhere"]).ok();
    let refused = node
        .run(&["brand", "consents", "--trust", "elsewhere/trust.json"])
        .refusal(1);
    assert!(refused.contains("no operator of this log"), "{refused}");
    node.run(&["keygen", "--dir", "third", "--origin", "third.example/log"])
        .ok();
    let refused = node
        .run(&["brand", "consents", "--trust", "third/trust.json"])
        .refusal(1);
    assert!(refused.contains("does not name"), "{refused}");
}

#[test]
fn a_brand_may_be_a_did_key_on_the_other_curve() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    let made = node
        .run(&[
            "--json",
            "keygen",
            "brand",
            "--curve",
            "p256",
            "--out",
            "cinema.key.json",
        ])
        .json();
    let did = made["did"].as_str().unwrap();
    assert!(did.starts_with("did:key:zDn"), "{did}");
    let said = node.run(&["brand", "add", "--legal-name", "Example Cinema plc"]).ok();
    assert!(said.contains("none needed"), "{said}");
    node.run(&["brand", "token", "--did", did, "--out", "cinema.token"])
        .ok();
    for name in ["request.json", "notice.en.json", "notice.de.json"] {
        let path = home.path().join(name);
        let text = fs::read_to_string(&path)
            .unwrap()
            .replace("did:web:cinema.example", did);
        fs::write(path, text).unwrap();
    }
    let request = ask(&node);
    say_yes(&node, &invite(&node, &request, "a"));
    assert_eq!(
        node.run(&["--json", "brand", "consents"]).json()["consents"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn a_document_that_is_not_handed_in_is_fetched() {
    let home = home();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let did = format!("did:web:localhost%3A{}", listener.local_addr().unwrap().port());
    let node = Node::start(home.path(), &["--outgoing-allow-private", "--outgoing-allow-http"]);
    node.run(&["keygen", "brand", "--did", &did, "--out", "cinema.key.json"])
        .ok();
    let document = fs::read_to_string(home.path().join("cinema.did.json")).unwrap();
    let web = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = [0; 4096];
        let length = stream.read(&mut question).unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            document.len()
        );
        stream.write_all(format!("{head}{document}").as_bytes()).unwrap();
        String::from_utf8_lossy(&question[..length]).into_owned()
    });
    node.run(&["brand", "add", "--legal-name", "Example Cinema plc"]).ok();
    assert!(web.join().unwrap().starts_with("GET /.well-known/did.json "));
    assert!(node.run(&["brand", "list"]).ok().contains("fetched"));
}
