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

#[test]
fn the_operator_looks_through_the_raw_files_before_and_after() {
    let home = home();
    let node = Node::start(home.path(), &["--origin", "ledger.example/placet"]);
    register(&node);
    let request = ask(&node);
    let consent = say_yes(&node, &invite(&node, &request, "a"));
    node.run(&["wallet", "withdraw", &consent]).ok();
    // The same person says yes again: what leads to this consent of hers stays.
    let link = invite(&node, &request, "b");
    let granted = node.run(&["--json", "wallet", "grant", &link, "--yes", "1"]).json();
    let other = granted["consent"].as_str().unwrap();
    let order = |consent: &str, out: &str| {
        let what = ["--ground", "unlawful", "--origin", "ledger.example/placet"];
        let line = ["brand", "order-destruction", "--consent", consent, "--out", out];
        node.run(&[&line[..], &what].concat()).ok();
    };
    order(&consent, "order.jws");
    order(other, "other.jws");
    let destroy = |order: &str, dir: &str| node.run(&["destroy", "--order", order, "--look-through", dir]);

    // Nothing is ordered where nothing can be seen.
    drop(Node::service(
        home.path(),
        &["serve", "--dir", "stranger", "--listen", "127.0.0.1:0"],
    ));
    let refused = destroy("order.jws", "stranger").refusal(1);
    assert!(
        refused.contains("nothing was ordered: stranger has nothing of this consent"),
        "{refused}"
    );
    assert!(
        destroy("order.jws", "nowhere")
            .refusal(1)
            .contains("nothing was ordered")
    );
    assert_eq!(node.run(&["--json", "destructions"]).json(), serde_json::json!([]));

    let done = node
        .run(&["--json", "destroy", "--order", "order.jws", "--look-through", "node"])
        .json();
    assert_eq!(
        (&done["leaves"], &done["state"]),
        (&[2, 3].as_slice().into(), &"destroyed".into())
    );
    let looked = &done["looked"];
    let places: Vec<&str> = looked["before"]["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| place["file"].as_str().unwrap())
        .collect();
    assert!(looked["before"]["pieces"].as_u64().unwrap() > 100, "{looked}");
    for database in ["main.db", "keyring.db"] {
        assert!(places.iter().any(|place| place.starts_with(database)), "{places:?}");
    }
    assert_eq!(looked["after"]["pieces"], 0);
    assert!(looked["after"]["files"].as_u64().unwrap() >= 8, "{looked}");
    let gone = destroy("order.jws", "node").refusal(1);
    assert!(gone.contains("was it destroyed already"), "{gone}");

    // Somebody left a copy of the keyring in the node's folder.
    fs::create_dir(home.path().join("node/old")).unwrap();
    for name in ["keyring.db", "keyring.db-wal"] {
        let file = home.path().join("node").join(name);
        fs::copy(file, home.path().join("node/old").join(name)).unwrap();
    }
    let left = destroy("other.jws", "node").refusal(1);
    let (_, named) = left.split_once("in node there are: ").unwrap();
    let (_, named) = named
        .split_once(". Delete")
        .unwrap()
        .0
        .split_once(" pieces in ")
        .unwrap();
    assert!(
        named.split(", ").all(|file| file.starts_with("old/keyring.db")),
        "{left}"
    );
    let table = node.run(&["destructions"]).ok();
    assert_eq!(table.matches("destroyed").count(), 2, "{table}");
}
