//! Asking people: a request written from a template, its checklist, links as QR codes, and decisions in words.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Node, ask, home, register, run, run_with_input};

const TEMPLATE: [&str; 13] = [
    "brand",
    "template",
    "--out",
    "papers",
    "--did",
    "did:web:cinema.example",
    "--purpose",
    "https://cinema.example/purposes/newsletter=dpv:DirectMarketing",
    "--category",
    "pd:EmailAddress",
    "--jurisdiction",
    "IE",
    "--language=en",
];
const PAPERS: [&str; 6] = [
    "--template",
    "papers/request.json",
    "--notice",
    "en=papers/notice.en.json",
    "--notice",
    "de=papers/notice.de.json",
];

/// Writes something wherever a person has to.
fn fill_in(dir: &Path) {
    for name in ["request.json", "notice.en.json", "notice.de.json"] {
        let path = dir.join("papers").join(name);
        let mut paper: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        write(&mut paper);
        fs::write(path, paper.to_string()).unwrap();
    }
}

fn write(paper: &mut Value) {
    match paper {
        Value::String(text) if text.starts_with("FILL IN:") => *text = "Words that a person wrote.".to_owned(),
        Value::Array(elements) => elements.iter_mut().for_each(write),
        Value::Object(members) => members.values_mut().for_each(write),
        _ => {}
    }
}

#[test]
fn from_an_empty_folder_to_a_request_that_people_can_answer() {
    let home = home();
    let said = run(home.path(), &[TEMPLATE.as_slice(), &["--language", "de"]].concat()).ok();
    assert!(
        said.contains("placet brand check --template papers/request.json"),
        "{said}"
    );
    let again = run(home.path(), &TEMPLATE).refusal(1);
    assert!(again.contains("never overwritten"), "{again}");

    // Nothing but words is missing.
    let check = [&["--json", "brand", "check"], PAPERS.as_slice()].concat();
    let begun = run(home.path(), &check);
    assert_eq!(begun.code, 1, "{begun:?}");
    let report: Value = serde_json::from_str(&begun.out).unwrap();
    let mut open = 0;
    for part in report["parts"].as_array().unwrap() {
        for line in part["items"].as_array().unwrap() {
            assert_ne!(line["status"], "contradicts", "{line}");
            open += usize::from(line["status"] == "missing");
        }
    }
    assert_eq!((open, &report["complete"]), (4 + 2 * 13, &Value::from(false)));

    // What is not written is not asked, and nothing is sent: there is no ledger yet.
    let request = [&["brand", "request"], PAPERS.as_slice()].concat();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let refused = node.run(&request).refusal(1);
    assert!(
        refused.contains("placet brand check") && refused.contains("still to be filled in"),
        "{refused}"
    );
    fill_in(home.path());
    let done = run(home.path(), &[&["brand", "check"], PAPERS.as_slice()].concat()).ok();
    assert!(done.contains("0 missing, 0 contradicting"), "{done}");
    let recorded = node.run(&request).ok();
    assert!(recorded.contains("recorded the request"), "{recorded}");
}

#[test]
fn a_template_of_what_must_not_be_asked_is_not_written() {
    let home = home();
    let mut line = TEMPLATE;
    line[7] = "https://cinema.example/purposes/all=dpv:Marketing";
    assert!(run(home.path(), &line).refusal(1).contains("scope_not_specific"));
    assert!(!home.path().join("papers").exists());
    line[7] = "https://cinema.example/purposes/all";
    assert_eq!(run(home.path(), &line).code, 64);
}

#[test]
fn a_link_is_given_as_a_picture_and_on_the_terminal() {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let invite = ["brand", "invite", "--request", &request];
    let said = node
        .run(&[invite.as_slice(), &["--qr", "--qr-png", "link.png"]].concat())
        .ok();
    let code: Vec<&str> = said.lines().filter(|line| line.contains('█')).collect();
    assert!(code.len() > 15 && !said.contains('\u{1b}'), "{said}");
    let width = code[0].chars().count();
    assert!(code.iter().all(|line| line.chars().count() == width), "{said}");
    let png = home.path().join("link.png");
    assert!(fs::read(&png).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&png), 0o600, "the link is a secret");

    // A file that is there is found before an invitation is made: the brand's list has nobody new.
    let more = ["--customer", "C-1", "--qr-png", "link.png"];
    let refused = node.run(&[invite.as_slice(), &more].concat()).refusal(1);
    assert!(refused.contains("never overwritten"), "{refused}");
    assert!(!home.path().join("brand-customers.json").exists());
    let made = node.run(
        &[
            &["--json"],
            invite.as_slice(),
            &["--count", "3", "--qr", "--qr-png", "many.png"],
        ]
        .concat(),
    );
    assert_eq!(made.json().as_array().map(Vec::len), Some(3));
    for name in ["many-1.png", "many-2.png", "many-3.png"] {
        assert_eq!(mode(&home.path().join(name)), 0o600);
    }
    let pictures = [1, 2].map(|at| fs::read(home.path().join(format!("many-{at}.png"))).unwrap());
    assert_ne!(pictures[0], pictures[1]);
}

#[test]
fn a_signed_decision_is_shown_in_words() {
    let home = home();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let decision = fs::read(examples.join("decision.sd-jwt")).unwrap();
    let said = run_with_input(home.path(), &["inspect", "-"], &decision).ok();
    for words in ["NOT VERIFIED", "PERMITTED", "pd:EmailAddress", "what it means"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let refused = run_with_input(home.path(), &["inspect", "-"], br#"{"decision":false,"context":{}}"#).refusal(1);
    assert!(refused.contains("no answer of a verifier"), "{refused}");
}
