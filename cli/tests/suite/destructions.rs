//! `placet brand order-destruction`, `placet destroy` and `placet destructions`: a consent and its proof go for good.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Node, ask, home, invite, register, say_yes};

#[test]
fn a_brand_orders_and_the_operator_destroys() {
    let home = home();
    let node = Node::start(home.path(), &["--origin", "ledger.example/placet"]);
    register(&node);
    let request = ask(&node);
    let consent = say_yes(&node, &invite(&node, &request, "a"));
    let order = |ground: &str, out: &str| {
        let what = [
            "--consent",
            &consent,
            "--ground",
            ground,
            "--origin",
            "ledger.example/placet",
        ];
        node.run(&[["brand", "order-destruction", "--out", out].as_slice(), &what].concat())
    };
    order("no-longer-necessary", "order.jws").ok();
    let mode = fs::metadata(home.path().join("order.jws"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    order("no-longer-necessary", "order.jws").refusal(1);
    order("because", "other.jws").refusal(64);

    let key = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
    let service = ["token", "service", "--kinds", "ConsentGrant", "--label", "issuer"];
    node.run(&[&service[..], &["--key", key, "--out", "issuer.token"]].concat())
        .ok();
    let done = node.run(&["--json", "destroy", "--order", "order.jws"]).json();
    assert_eq!(done["leaves"], serde_json::json!([2]));
    assert_eq!(done["ground"], "eu-gdpr:JustificationA17NonNecessity");
    let again = node.run(&["--json", "destroy", "--order", "order.jws"]).json();
    assert_eq!(again["index"], done["index"]);
    order("unlawful", "second.jws").ok();
    let gone = node.run(&["destroy", "--order", "second.jws"]).refusal(1);
    assert!(gone.contains("not_found"), "{gone}");
    fs::write(home.path().join("nonsense.jws"), "a.b.c").unwrap();
    let refused = node.run(&["destroy", "--order", "nonsense.jws"]).refusal(1);
    assert!(refused.contains("bad_order"), "{refused}");

    // Its auditor sees why the leaf cannot be opened.
    let period = [
        "--from",
        "2020-01-01T00:00:00Z",
        "--to",
        "2100-01-01T00:00:00Z",
        "--case",
        "7",
    ];
    let auditor = [
        "token",
        "auditor",
        "--did",
        "did:web:cinema.example",
        "--out",
        "auditor.token",
    ];
    node.run(&[&auditor[..], &period].concat()).ok();
    let seen = node.run(&["--json", "audit", "--token-file", "auditor.token"]).json();
    let orphan = serde_json::json!([{ "index": 2, "by": 3, "ground": "eu-gdpr:JustificationA17NonNecessity" }]);
    assert_eq!(seen["destroyed"], orphan);
    assert_eq!(seen["records"].as_array().map(Vec::len), Some(3));

    let table = node.run(&["destructions"]).ok();
    assert!(table.contains("pending: ") && table.contains("issuer"), "{table}");
    assert!(!table.contains(&consent), "{table}");
}
