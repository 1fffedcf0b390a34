//! `placet serve` and `placet keygen`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::harness::{Node, home, register, run};

#[test]
fn a_first_start_makes_everything_and_a_second_one_changes_nothing() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    assert_eq!(node.first_words.len(), 3, "{:?}", node.first_words);
    for secret in ["node/operator.token", "node/keys/checkpoint.key", "node/keys/kek.key"] {
        let mode = fs::metadata(home.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    register(&node);
    let (status, log) = node.stop();
    assert!(status.success() && log.contains("the node is down"), "{status} {log}");

    let token = fs::read(home.path().join("node/operator.token")).unwrap();
    let node = Node::start(home.path(), &["--log-format", "json"]);
    assert_eq!(node.first_words, [""; 0]);
    assert_eq!(fs::read(home.path().join("node/operator.token")).unwrap(), token);
    assert!(node.run(&["brand", "list"]).ok().contains("did:web:cinema.example"));
    let (_, log) = node.stop();
    let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(first["level"], "INFO");
    assert!(!log.contains(String::from_utf8_lossy(&token).trim()));
}

#[test]
fn the_trust_file_has_the_keys_that_the_node_signs_with() {
    let home = home();
    let node = Node::start(home.path(), &["--origin", "log.example/one"]);
    // The brand's commands judge the node's answers by the trust file, so this fails when a key differs.
    register(&node);
    let trust: Value = serde_json::from_slice(&fs::read(home.path().join("node/trust.json")).unwrap()).unwrap();
    assert_eq!(trust["logs"][0]["origin"], "log.example/one");
    let shown = node.run(&["inspect", "node/trust.json"]).ok();
    assert!(
        shown.contains("NOT VERIFIED") && shown.contains("log.example/one+"),
        "{shown}"
    );
    let cosigner = trust["logs"][0]["cosignerKeys"][0]["vkey"].as_str().unwrap();
    assert!(cosigner.starts_with("log.example/one/cosigner+"), "{cosigner}");

    // The origin was written down at the first start.
    node.stop();
    let node = Node::start(home.path(), &[]);
    assert!(node.run(&["brand", "list"]).ok().contains("Example Cinema plc"));
    node.stop();
    let line = [
        "serve",
        "--dir",
        "node",
        "--listen",
        "127.0.0.1:0",
        "--origin",
        "log.example/two",
        "--log",
        "off",
    ];
    let refused = run(home.path(), &line).refusal(1);
    assert!(refused.contains("log.example/one, not log.example/two"), "{refused}");
}

#[test]
fn keys_that_were_made_before_are_used_and_never_made_twice() {
    let home = home();
    let line = [
        "keygen",
        "--dir",
        "node",
        "--origin",
        "a.example/log",
        "--public-url",
        "https://a.example/",
    ];
    let said = run(home.path(), &line).ok();
    assert!(
        said.contains("operator    did:key:z6Mk") && said.contains("a.example/log+"),
        "{said}"
    );
    let key = fs::read(home.path().join("node/keys/operator.key")).unwrap();
    assert!(run(home.path(), &line).refusal(1).contains("never overwritten"));
    let node = Node::start(home.path(), &[]);
    assert_eq!(node.first_words.len(), 1, "{:?}", node.first_words);
    assert_eq!(fs::read(home.path().join("node/keys/operator.key")).unwrap(), key);
    register(&node);
}

#[test]
fn a_node_that_cannot_start_says_why_in_one_line() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    let address = node.url.strip_prefix("http://").unwrap().to_owned();
    let refused = run(
        home.path(),
        &["serve", "--dir", "other", "--listen", &address, "--log", "off"],
    )
    .refusal(1);
    assert!(
        refused.contains("cannot listen") && refused.contains("in use"),
        "{refused}"
    );
    assert!(!home.path().join("other").exists());

    let line = ["serve", "--dir", "node", "--listen", "127.0.0.1:0", "--log", "off"];
    let refused = run(home.path(), &line).refusal(1);
    assert!(refused.contains("another process"), "{refused}");
    node.stop();

    fs::remove_dir_all(home.path().join("node/keys")).unwrap();
    let refused = run(home.path(), &line).refusal(1);
    assert!(refused.contains("a log but no keys"), "{refused}");

    fs::write(home.path().join("file"), "").unwrap();
    let refused = run(
        home.path(),
        &["serve", "--dir", "file/node", "--listen", "127.0.0.1:0", "--log", "off"],
    )
    .refusal(1);
    assert!(refused.contains("cannot make the folder"), "{refused}");
    let refused = run(home.path(), &["serve", "--config", "none.toml"]).refusal(1);
    assert!(refused.contains("none.toml"), "{refused}");
}

#[test]
fn a_database_from_an_old_copy_is_not_served() {
    let home = home();
    let head = home.path().join("head");
    let head = ["--head-file", head.to_str().unwrap()];
    let node = Node::start(home.path(), &head);
    node.stop();
    let copy = home.path().join("copy");
    copy_folder(&home.path().join("node"), &copy);
    let node = Node::start(home.path(), &head);
    register(&node);
    node.stop();
    fs::remove_dir_all(home.path().join("node")).unwrap();
    fs::rename(&copy, home.path().join("node")).unwrap();
    let line = [
        ["serve", "--dir", "node", "--listen", "127.0.0.1:0", "--log", "off"].as_slice(),
        &head,
    ]
    .concat();
    let refused = run(home.path(), &line).refusal(1);
    assert!(refused.contains("rolled back"), "{refused}");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
