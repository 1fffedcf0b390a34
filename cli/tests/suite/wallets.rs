//! `placet wallet`: giving, taking back, losing and finding again.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::harness::{Node, Said, a_second_passes, ask, command, home, invite, register, run, run_with_input, said};
use crate::proxy::Proxy;

const PASSPHRASE: (&str, &str) = ("PLACET_PASSPHRASE", "correct horse battery staple");

/// A node, its brand's request, and a wallet.
fn stage() -> (tempfile::TempDir, Node, String) {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    node.run(&["wallet", "new"]).ok();
    (home, node, request)
}

/// Gives a consent by a fresh invitation.
fn grant(node: &Node, request: &str, more: &[&str]) -> Value {
    let link = invite(node, request, "customer");
    node.run(&[&["--json", "wallet", "grant", &link], more].concat()).json()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The number of leaves in the node's log.
fn log_size(node: &Node) -> u64 {
    node.run(&["--json", "brand", "consents"]).json()["logSize"]
        .as_u64()
        .unwrap()
}

#[test]
fn a_part_is_taken_back_and_the_rest_goes_on() {
    let (home, node, request) = stage();
    // Two years from now is the longest that is asked for; the beginning of next year is surely less.
    let longest = text(&grant(&node, &request, &["--yes", "1"])["validUntil"]);
    let year: u32 = longest[..4].parse().unwrap();
    let until = format!("{}-01-02T00:00:00Z", year - 1);
    let link = invite(&node, &request, "customer");
    let page = node
        .run(&["wallet", "grant", &link, "--yes", "1,2", "--until", &until])
        .ok();
    for words in [
        "EXAMPLE CINEMA PLC ASKS",
        "each is off until you say yes",
        "dpo@cinema.example",
        "withdrawal code",
    ] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    let list = node.run(&["--json", "wallet", "show"]).json();
    let consent = text(&list["consents"][1]["consent"]);
    assert_eq!(list["consents"][1]["clauses"], 2);
    assert_eq!(list["consents"][1]["validUntil"], until.as_str());
    let mode = fs::metadata(home.path().join("wallet.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let short = &consent[..12];
    let all = "* / category / pd:Purchase";
    let narrowed = node.run(&["--json", "wallet", "narrow", short, "--remove", all]).json();
    assert_eq!(
        (&narrowed["effective"], &narrowed["sentAgain"]),
        (&"Given".into(), &false.into())
    );
    a_second_passes();
    let renewed = node.run(&["--json", "wallet", "renew", short, "--yes"]).json();
    assert!(text(&renewed["validUntil"]) > text(&narrowed["validUntil"]));
    let detail = node
        .run(&["wallet", "show", short, "--refresh", "--evidence", "early.json"])
        .ok();
    assert!(
        detail.contains("in force") && !detail.contains("pd:Purchase"),
        "{detail}"
    );
    let trust = ["--trust", "node/trust.json"];
    let judged = run(home.path(), &[["verify", "early.json"], trust].concat()).ok();
    assert!(
        judged.contains("recorded  Holds") && judged.contains("in force  Holds"),
        "{judged}"
    );
}

#[test]
fn an_ended_consent_is_over_and_its_data_can_be_erased() {
    let (_home, node, request) = stage();
    let consent = text(&grant(&node, &request, &["--yes", "1,2"])["consent"]);
    let short = &consent[..12];
    node.run(&["wallet", "narrow", short, "--remove", "clause 2"]).ok();
    let withdrawn = node.run(&["--json", "wallet", "withdraw", short]).json();
    assert_eq!(withdrawn["effective"], "Withdrawn");
    assert!(
        node.run(&["wallet", "withdraw", short])
            .refusal(1)
            .contains("consent_ended")
    );
    let erase = [
        "--json",
        "wallet",
        "erase",
        short,
        "--ground",
        "consent-withdrawn",
        "--category",
        "pd:EmailAddress",
    ];
    node.run(&erase).json();
    let kept = node.run(&["--json", "wallet", "show", short]).json();
    let kinds: Vec<_> = kept["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kept| text(&kept["record"]["type"][1]))
        .collect();
    assert_eq!(kinds, ["ConsentGrant", "Narrowing", "Withdrawal", "ErasureRequest"]);
}

#[test]
fn nothing_is_chosen_for_a_person() {
    let (_home, node, request) = stage();
    let before = log_size(&node);
    let link = invite(&node, &request, "customer");
    // Without a terminal there is nobody to ask.
    assert!(node.run(&["wallet", "grant", &link]).code != 0);
    assert!(
        node.run(&["wallet", "grant", &link, "--yes", "3"])
            .err
            .contains("there is no choice 3")
    );
    let list = node.run(&["--json", "wallet", "show"]).json();
    assert_eq!(
        (&list["consents"], &list["pending"]),
        (&Value::from(Vec::<Value>::new()), &0.into())
    );
    assert_eq!(log_size(&node), before);
}

#[test]
fn the_notice_is_in_the_persons_language() {
    let (_home, node, request) = stage();
    let link = invite(&node, &request, "customer");
    let german = node.run(&["wallet", "grant", &link, "--language", "de", "--all"]).ok();
    assert!(german.contains("Wie Example Cinema Ihre Daten verwendet"), "{german}");
    let link = invite(&node, &request, "customer");
    let refused = node.run(&["wallet", "grant", &link, "--language", "fr", "--all"]);
    assert!(refused.err.contains("no notice in fr, but in de, en"), "{refused:?}");
}

#[test]
fn a_wrong_passphrase_is_one_clear_line() {
    let home = home();
    let wallet = |passphrase: &str, line: &[&str]| -> Said {
        said(
            command(home.path(), line)
                .env("PLACET_PASSPHRASE", passphrase)
                .output()
                .unwrap(),
        )
    };
    assert!(
        wallet("short", &["wallet", "new"])
            .refusal(1)
            .contains("at least 8 characters")
    );
    wallet("correct horse", &["wallet", "new"]).ok();
    let refused = wallet("wrong horse", &["wallet", "show"]).refusal(1);
    assert_eq!(
        refused,
        "placet: the passphrase is wrong, or the wallet file was changed\n"
    );
    assert!(
        wallet("correct horse", &["wallet", "new"])
            .refusal(1)
            .contains("never overwritten")
    );

    fs::write(home.path().join("passphrase"), "correct horse\n").unwrap();
    let line = ["wallet", "show", "--passphrase-file", "passphrase"];
    assert!(run(home.path(), &line).refusal(1).contains("others may read it"));
    fs::set_permissions(home.path().join("passphrase"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(run(home.path(), &line).ok().contains("no consents yet"));
    assert!(
        run(home.path(), &["wallet", "show"])
            .refusal(1)
            .contains("PLACET_PASSPHRASE")
    );
}

#[test]
fn one_command_at_a_time_has_the_wallet() {
    let home = home();
    let mut new = command(home.path(), &["wallet", "new"]);
    said(new.env(PASSPHRASE.0, PASSPHRASE.1).output().unwrap()).ok();
    let lock = OpenOptions::new()
        .write(true)
        .open(home.path().join("wallet.json.lock"))
        .unwrap();
    lock.lock().unwrap();
    let mut show = command(home.path(), &["wallet", "show"]);
    show.env(PASSPHRASE.0, PASSPHRASE.1);
    assert!(
        said(show.output().unwrap())
            .refusal(1)
            .contains("another command has this wallet open")
    );
    drop(lock);
    said(show.output().unwrap()).ok();
}

#[test]
fn a_wallet_that_was_killed_sends_the_same_bytes_again() {
    let (_home, node, request) = stage();
    let proxy = Proxy::start(&node.url);
    let link = invite(&node, &request, "customer");
    let line = ["--json", "wallet", "grant", &link, "--yes", "1"];
    let mut child = node
        .command(&[line.as_slice(), &["--node", &proxy.url]].concat())
        .spawn()
        .unwrap();
    let sent = proxy.next_record();
    child.kill().unwrap();
    child.wait().unwrap();
    let size = log_size(&node);

    let list = node.run(&["--json", "wallet", "show"]).json();
    assert_eq!(
        (list["consents"].as_array().map(Vec::len), &list["pending"]),
        (Some(0), &1.into())
    );
    let again = node.run(&line).json();
    assert_eq!(again["sentAgain"], true);
    let consent = text(&again["consent"]);
    let kept = node.run(&["--json", "wallet", "show", &consent]).json();
    let kept = serde_json::to_string(&kept["records"][0]["record"]).unwrap();
    assert_eq!(kept, sent, "the record was signed anew");
    assert!(
        !text(&again["withdrawalCode"]).is_empty(),
        "the code of the first try is shown again"
    );
    assert_eq!(log_size(&node), size, "the log has the record twice");
    assert_eq!(node.run(&["--json", "wallet", "show"]).json()["pending"], 0);

    // The same for a record of a consent, and for the next one after it.
    let narrow = ["--json", "wallet", "withdraw", &consent];
    let mut child = node
        .command(&[narrow.as_slice(), &["--node", &proxy.url]].concat())
        .spawn()
        .unwrap();
    proxy.next_record();
    child.kill().unwrap();
    child.wait().unwrap();
    let again = node.run(&narrow).json();
    assert_eq!(
        (&again["sentAgain"], &again["effective"]),
        (&true.into(), &"Withdrawn".into())
    );
}

#[test]
fn an_unreachable_node_keeps_the_record_and_a_refusal_ends_it() {
    let (_home, node, request) = stage();
    let consent = text(&grant(&node, &request, &["--yes", "1"])["consent"]);
    let dead = ["--node", "http://127.0.0.1:1"];
    let line = ["--json", "wallet", "withdraw", &consent];
    let refused = node.run(&[line.as_slice(), &dead].concat()).refusal(1);
    assert!(refused.contains("the record is signed and kept"), "{refused}");
    assert_eq!(node.run(&["--json", "wallet", "show"]).json()["pending"], 1);

    // Meanwhile the brand has ended it: the withdrawal is refused for good, and nothing is left waiting.
    node.run(&[
        "brand",
        "end",
        "--consent",
        &consent,
        "--reason",
        "the newsletter was discontinued",
    ])
    .ok();
    assert!(node.run(&line).refusal(1).contains("consent_ended"));
    assert_eq!(node.run(&["--json", "wallet", "show"]).json()["pending"], 0);
    let shown = node.run(&["wallet", "show", "--refresh"]).ok();
    assert!(
        shown.contains("not by this wallet: EndedByController") && shown.contains("ended by the brand"),
        "{shown}"
    );
}

#[test]
fn a_spent_invitation_is_good_for_nothing() {
    let (_home, node, request) = stage();
    let link = invite(&node, &request, "customer");
    node.run(&["wallet", "grant", &link, "--yes", "1"]).ok();
    node.run(&["wallet", "new", "--wallet", "other.json"]).ok();
    let refused = node.run(&["wallet", "grant", &link, "--yes", "1", "--wallet", "other.json"]);
    assert!(
        refused.code == 1 && refused.err.contains("invitation_spent"),
        "{refused:?}"
    );
    assert_eq!(
        node.run(&["--json", "wallet", "show", "--wallet", "other.json"]).json()["pending"],
        0
    );
}

#[test]
fn words_bring_back_the_keys_and_find_the_consents() {
    let (home, node, request) = stage();
    let mut given: Vec<String> = Vec::new();
    for more in [
        ["--yes", "1"].as_slice(),
        &["--yes", "2", "--curve", "p256"],
        &["--yes", "1", "--fresh"],
    ] {
        given.push(text(&grant(&node, &request, more)["consent"]));
    }
    let words = node.run(&["--json", "wallet", "backup"]).json();
    let words: Vec<String> = words["words"].as_array().unwrap().iter().map(text).collect();
    fs::write(home.path().join("paper"), words.join("\n")).unwrap();
    fs::remove_file(home.path().join("wallet.json")).unwrap();

    let line = ["--json", "wallet", "restore", "--words", "paper", "--node", &node.url];
    let mut found: Vec<String> = node.run(&line).json()["found"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["consent"]))
        .collect();
    found.sort();
    given.sort();
    assert_eq!(found, given);
    // The keys are the same ones: they end what they began.
    for consent in &given {
        let withdrawn = node.run(&["--json", "wallet", "withdraw", consent]).json();
        assert_eq!(withdrawn["effective"], "Withdrawn");
    }
    fs::write(home.path().join("paper"), words[1..].join(" ")).unwrap();
    let line = ["wallet", "restore", "--words", "paper", "--wallet", "third.json"];
    assert!(node.run(&line).refusal(1).contains("a seed is 24 words; these are 23"));
}

#[test]
fn a_copy_brings_back_everything() {
    let (home, node, request) = stage();
    let granted = grant(&node, &request, &["--yes", "1"]);
    node.run(&["wallet", "backup", "--out", "copy.json"]).ok();
    fs::remove_file(home.path().join("wallet.json")).unwrap();
    node.run(&["wallet", "restore", "--from", "copy.json"]).ok();
    let shown = node
        .run(&["--json", "wallet", "show", &text(&granted["consent"])])
        .json();
    assert_eq!(shown["withdrawalCode"], granted["withdrawalCode"]);
    assert!(
        node.run(&["wallet", "backup", "--out", "copy.json"])
            .refusal(1)
            .contains("never overwritten")
    );
}

#[test]
fn paper_alone_ends_a_consent() {
    let (home, node, request) = stage();
    let granted = grant(&node, &request, &["--yes", "1"]);
    fs::remove_file(home.path().join("wallet.json")).unwrap();
    let code = text(&granted["withdrawalCode"]).to_lowercase().replace('-', " ");
    let withdraw = |code: &str| node.run(&["--json", "wallet", "withdraw", "--node", &node.url, "--code", code]);
    let slip = format!("{}{}", if code.starts_with('7') { '8' } else { '7' }, &code[1..]);
    assert!(withdraw(&slip).refusal(1).contains("typing error"));
    let ended = withdraw(&code).json();
    assert_eq!(ended["consent"], granted["consent"]);
    // Typed, so that no other program of the machine sees it; and the answer is the first one.
    let line = ["--json", "wallet", "withdraw", "--node", &node.url, "--code", "-"];
    let again = run_with_input(home.path(), &line, format!("{code}\n").as_bytes());
    assert_eq!(again.json(), ended);
}
