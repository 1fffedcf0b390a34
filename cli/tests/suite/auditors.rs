//! `placet token`, `placet audit` and `placet brand audits`: who else may look, and that the brand sees it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Node, ask, home, register};

const BRAND: &str = "did:web:cinema.example";

#[test]
fn an_auditor_reads_what_its_token_opens_and_the_brand_sees_it() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let order = |from: &str, out: &str| {
        let period = ["--from", from, "--to", "2100-01-01T00:00:00Z", "--case", "IV-2026/17"];
        node.run(&[["token", "auditor", "--did", BRAND, "--out", out].as_slice(), &period].concat())
    };
    order("2020-01-01T00:00:00Z", "auditor.token").ok();
    let mode = fs::metadata(home.path().join("auditor.token"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = order("2020-01-01T00:00:00Z", "auditor.token").refusal(1);
    assert!(again.contains("never overwritten"), "{again}");

    let audit = |token: &str| node.run(&["--json", "audit", "--token-file", token]);
    let report = audit("auditor.token").json();
    assert_eq!(report["pinned"], true);
    let kinds: Vec<_> = report["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["kind"])
        .collect();
    assert_eq!(kinds, ["ControllerKeys", "ConsentRequest"]);
    assert_eq!(report["records"][1]["digest"], request.as_str());

    // A period in which nothing has happened yet is a use as well.
    order("2099-01-01T00:00:00Z", "later.token").ok();
    assert_eq!(audit("later.token").json()["records"].as_array().map(Vec::len), Some(0));
    let uses = node.run(&["--json", "brand", "audits"]).json();
    let counts: Vec<_> = uses
        .as_array()
        .unwrap()
        .iter()
        .map(|used| used["count"].as_u64())
        .collect();
    assert_eq!(counts, [Some(2), Some(0)]);
    let table = node.run(&["brand", "audits"]).ok();
    assert!(
        table.contains("IV-2026/17") && table.contains("2 of #0 to #1"),
        "{table}"
    );

    let tokens = node.run(&["--json", "token", "list"]).json();
    let mut auditors = tokens
        .as_array()
        .unwrap()
        .iter()
        .filter(|token| token["role"] == "auditor");
    let id = uses[0]["token"].as_str().unwrap();
    assert!(auditors.any(|token| token["id"] == id), "{tokens}");
    let secret = fs::read_to_string(home.path().join("auditor.token")).unwrap();
    assert!(!tokens.to_string().contains(secret.trim()));
    node.run(&["token", "revoke", id]).ok();
    assert!(audit("auditor.token").refusal(1).starts_with("placet: unauthorized"));
    assert!(node.run(&["token", "revoke", id]).refusal(1).contains("not_found"));
    assert!(audit("cinema.token").refusal(1).contains("forbidden"));
}

#[test]
fn a_service_token_names_the_kinds_that_it_opens() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    let made = node
        .run(&["--json", "token", "service", "--kinds", "Withdrawal,ConsentGrant"])
        .json();
    assert!(made["token"].as_str().unwrap().starts_with("placet_"));
    let table = node.run(&["token", "list"]).ok();
    assert!(table.contains("ConsentGrant,Withdrawal"), "{table}");
    let unknown = node.run(&["token", "service", "--kinds", "Everything"]).refusal(64);
    assert!(unknown.contains("the kinds are ConsentRequest"), "{unknown}");
    node.run(&["token", "service"]).refusal(64);
}
