//! What a wallet does when a log is not what it was.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Node, a_second_passes, ask, home, invite, register};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn two_histories_of_one_log_are_noticed_and_kept() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    node.run(&["wallet", "new"]).ok();
    let granted = node
        .run(&[
            "--json",
            "wallet",
            "grant",
            &invite(&node, &request, "a"),
            "--yes",
            "1,2",
        ])
        .json();
    let consent = text(&granted["consent"]);
    node.stop();

    // An operator with two machines, who tells two people two stories from here on.
    let other = tempfile::tempdir().unwrap();
    for name in [
        "request.json",
        "notice.en.json",
        "notice.de.json",
        "cinema.key.json",
        "cinema.token",
    ] {
        fs::copy(home.path().join(name), other.path().join(name)).unwrap();
    }
    copy(&home.path().join("node"), &other.path().join("node"));
    let (first, second) = (Node::start(home.path(), &[]), Node::start(other.path(), &[]));
    first
        .run(&[
            "wallet", "narrow", &consent, "--remove", "clause 2", "--node", &first.url,
        ])
        .ok();
    ask(&second);
    a_second_passes();

    let refused = first
        .run(&["wallet", "renew", &consent, "--yes", "--node", &second.url])
        .refusal(1);
    assert!(
        refused.contains("log_fork: the operator of localhost/placet has signed two histories of its log"),
        "{refused}"
    );
    proves_a_fork(&first, &refused);
    let kept = first.run(&["--json", "wallet", "show"]).json();
    let (seen, offered) = (text(&kept["forks"][0]["seen"]), text(&kept["forks"][0]["offered"]));
    assert!(
        seen.starts_with("localhost/placet\n4\n") && offered.starts_with("localhost/placet\n4\n") && seen != offered
    );

    // It is no reason to keep a consent: the withdrawal goes out, and then the person is told.
    let warned = first.run(&["wallet", "withdraw", &consent, "--node", &second.url]);
    assert!(warned.code == 1 && warned.err.contains("log_fork"), "{warned:?}");
    assert!(warned.out.starts_with("Withdrawn: Example Cinema plc"), "{warned:?}");
    let list = first.run(&["--json", "wallet", "show"]).json();
    assert_eq!(list["consents"][0]["effective"], "Withdrawn");
}

/// The wallet has written the proof beside itself, and it holds.
fn proves_a_fork(node: &Node, refused: &str) {
    let file = refused
        .split("The proof is in ")
        .nth(1)
        .unwrap_or_else(|| panic!("{refused}"));
    let file = file.split(": ").next().unwrap();
    assert!(file.starts_with("wallet.misbehaviour-"), "{file}");
    let report = node.run(&["--json", "verify", file]).json();
    assert_eq!(
        (text(&report["proved"]), text(&report["kind"])),
        ("Holds".to_owned(), "fork".to_owned())
    );
}

/// The other story has gone on: the trees are of two sizes, and the tiles of the larger one give it away.
#[test]
fn two_histories_of_different_lengths_are_proved_from_the_tiles() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    node.run(&["wallet", "new"]).ok();
    let link = invite(&node, &request, "a");
    let granted = node.run(&["--json", "wallet", "grant", &link, "--yes", "1,2"]).json();
    let consent = text(&granted["consent"]);
    node.stop();

    let other = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(home.path()).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), other.path().join(entry.file_name())).unwrap();
        }
    }
    copy(&home.path().join("node"), &other.path().join("node"));
    let (first, second) = (Node::start(home.path(), &[]), Node::start(other.path(), &[]));
    let line = [
        "wallet", "narrow", &consent, "--remove", "clause 2", "--node", &first.url,
    ];
    first.run(&line).ok();
    ask(&second);
    ask(&second);
    let show = ["wallet", "show", &consent, "--refresh"];
    a_second_passes();
    let renew = ["wallet", "renew", &consent, "--yes", "--node", &second.url];
    let refused = first.run(&renew).refusal(1);
    assert!(refused.contains("log_fork: "), "{refused}");
    proves_a_fork(&first, &refused);
    first
        .run(&["wallet", "renew", &consent, "--yes", "--node", &first.url])
        .ok();
    first.run(&show).ok();
}

#[test]
fn a_log_of_the_same_name_with_other_keys_is_refused() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    node.run(&["wallet", "new"]).ok();
    node.run(&["wallet", "grant", &invite(&node, &request, "a"), "--yes", "1"])
        .ok();

    let elsewhere = crate::harness::home();
    let impostor = Node::start(elsewhere.path(), &[]);
    register(&impostor);
    let request = ask(&impostor);
    let link = invite(&impostor, &request, "a");
    let refused = node.run(&["wallet", "grant", &link, "--yes", "1"]).refusal(1);
    assert!(
        refused.contains("other keys for the log localhost/placet than those pinned"),
        "{refused}"
    );

    // A link of the true node that leads to the impostor: the operator's key in it gives it away.
    let link = invite(&node, &ask(&node), "b").replace(&node.url, &impostor.url);
    node.run(&["wallet", "new", "--wallet", "new.json"]).ok();
    let refused = node
        .run(&["wallet", "grant", &link, "--yes", "1", "--wallet", "new.json"])
        .refusal(1);
    assert!(refused.contains("this is not the brand's node"), "{refused}");
}
