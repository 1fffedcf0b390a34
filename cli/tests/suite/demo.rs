//! `placet demo`, and what it leaves.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{command, run};

#[test]
fn the_story_is_told_and_its_evidence_holds_afterwards() {
    let home = tempfile::tempdir().unwrap();
    let told = run(home.path(), &["demo", "--once"]).ok();
    // A long line is told in two.
    let unbroken = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "may it send him its programme? POST /access/v1/evaluation: deny (no_record)",
        "no_record: this person has given you no consent; invite her to answer a request",
        "the same question: permit",
        "the same question: deny, at most ",
        "withdrawn: she has withdrawn; stop using the data for this",
        "every decision that was kept, offline: ",
        "the permit and the last deny, with their evidence",
        "a code that goes another way: for any wallet",
        "her wallet claims it, and judges it before it keeps it: kept",
        "she shows that one clause to the second verifier: permit",
        "the same receipt, shown again: deny (withdrawn)",
        "recorded: Holds",
        "withdrawn by code",
        "relayed by the brand",
        "tampered evidence: recorded Fails",
        "forged grant: refused: 422 bad_signature",
        "replay: no second entry",
        "spent invitation: refused: invitation_spent",
        "grant for another log: refused: 422 wrong_domain",
        "widening renewal: refused: 422 renewal_widens",
        "gone from every raw file: before: ",
        "pieces; after: none",
        "GET /log/public/5: 410 destroyed",
        "her other consent, under today's log: recorded Holds",
        "two logs of one size: proved (fork)",
        "a longer log that never had her withdrawal: proved (fork)",
        "two feeds of one size for the cinema: proved (feedFork)",
        "a feed that is shorter than it was: proved (feedFork)",
        "her withdrawal, dropped from the feed: proved (acknowledgementAgainstHead)",
        "her withdrawal, swapped for something else: proved (acknowledgementAgainstHead)",
        "her withdrawal, denied: proved (attestationAgainstEvent)",
        "an event that its own log has, denied: proved (attestationAgainstEvent)",
        "her old yes, logged again after the end: proved (attestationAgainstEvent)",
        "a feed that took something back: found by the brand's own memory, and proved (feedFork)",
        "a promised event that never came: found by the brand's own memory, and proved",
        "a backdated log: refused: in force at that time: ",
        "a backup put back: refused: rolled back: the database has 7 records, ",
        "Every step went as written",
    ] {
        assert!(unbroken.contains(words), "{words} is not in {told}");
    }
    let gateway: &[&str] = match Path::new("/usr/sbin/nginx").exists() {
        true => &[
            "GET of his page through nginx: 403",
            "Denied by consent: no_record",
            "Thursday 20:15, preview with the director",
            "GET of his page through nginx: 200",
            "Denied by consent: withdrawn",
            "2 permit, 4 deny, each with the verifier's signature",
        ],
        false => &[
            "nginx is not on this machine",
            "GET /access/v1/auth_request, as nginx asks it: 403",
            "GET /access/v1/auth_request, as nginx asks it: 200",
            "1 permit, 2 deny, each with the verifier's signature",
        ],
    };
    for words in gateway {
        assert!(unbroken.contains(words), "{words} is not in {told}");
    }
    let library: &[&str] = match unbroken.contains("so no library of other people is asked") {
        true => &[],
        false => &[
            "somebody else's library checks the receipt: genuine and in force",
            "the same library: refused",
        ],
    };
    // Where the interoperability tests run, it is to be had.
    assert!(std::env::var_os("CI").is_none() || !library.is_empty(), "{told}");
    for words in library {
        assert!(unbroken.contains(words), "{words} is not in {told}");
    }
    assert!(!told.contains('\u{1b}'), "colours where there is no terminal");

    let trust = ["--trust", "placet-demo/trust.json"];
    let judged = run(home.path(), &[["verify", "placet-demo/evidence.json"], trust].concat()).ok();
    assert!(
        judged.contains("recorded  Holds") && judged.contains("Kino Lumen GmbH"),
        "{judged}"
    );
    assert_eq!(
        run(home.path(), &["verify", "placet-demo/evidence.json"]).code,
        2,
        "without pinned keys nothing can be told"
    );
    assert_eq!(
        run(
            home.path(),
            &[["verify", "placet-demo/evidence-tampered.json"], trust].concat()
        )
        .code,
        1
    );

    let address = told
        .lines()
        .find_map(|line| line.split_once("http://127.0.0.1:"))
        .unwrap()
        .1;
    let port: u16 = address.split_whitespace().next().unwrap().parse().unwrap();
    assert!(
        TcpStream::connect(("127.0.0.1", port)).is_err(),
        "the node was left running"
    );
}

#[test]
fn somebody_elses_folder_is_refused() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("d")).unwrap();
    fs::write(home.path().join("d/thesis.txt"), "years of work").unwrap();
    let refused = run(home.path(), &["demo", "--once", "--dir", "d"]).refusal(1);
    assert!(refused.contains("is not empty, and no demo made it"), "{refused}");
    assert_eq!(fs::read_dir(home.path().join("d")).unwrap().count(), 1);
}

#[test]
fn an_interrupted_story_leaves_no_node_behind() {
    let home = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut demo = command(home.path(), &["demo"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let address = lines.find_map(|line| line.split_once("http://127.0.0.1:").map(|(_, rest)| rest.to_owned()));
        let address = address.unwrap();
        let port: u16 = address.split_whitespace().next().unwrap().parse().unwrap();
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        let id = demo.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let rest: Vec<String> = lines.collect();
        assert_eq!(demo.wait().unwrap().code(), Some(1), "{rest:?}");
        assert!(
            TcpStream::connect(("127.0.0.1", port)).is_err(),
            "the node was left running after {signal}"
        );
    }
}
