//! `placet demo`, and what it leaves.

use std::fs;
use std::net::TcpStream;

use crate::harness::run;

#[test]
fn the_story_is_told_and_its_evidence_holds_afterwards() {
    let home = tempfile::tempdir().unwrap();
    let told = run(home.path(), &["demo", "--once", "--dir", "d"]).ok();
    for words in [
        "recorded: Holds",
        "withdrawn by code",
        "relayed by the brand",
        "tampered evidence: recorded Fails",
        "forged grant: refused: 422 bad_signature",
        "replay: no second entry",
        "spent invitation: refused: invitation_spent",
        "grant for another log: refused: 422 wrong_domain",
        "widening renewal: refused: 422 renewal_widens",
        "Every step went as written",
    ] {
        assert!(told.contains(words), "{words} is not in {told}");
    }
    assert!(!told.contains('\u{1b}'), "colours where there is no terminal");

    let trust = ["--trust", "d/trust.json"];
    let judged = run(home.path(), &[["verify", "d/evidence.json"], trust].concat()).ok();
    assert!(
        judged.contains("recorded  Holds") && judged.contains("Kino Lumen GmbH"),
        "{judged}"
    );
    assert_eq!(
        run(home.path(), &["verify", "d/evidence.json"]).code,
        2,
        "without pinned keys nothing can be told"
    );
    assert_eq!(
        run(home.path(), &[["verify", "d/evidence-tampered.json"], trust].concat()).code,
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
