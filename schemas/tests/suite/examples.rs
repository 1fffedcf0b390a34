//! The examples of the documentation: one of each kind, written by this test with PLACET_BLESS=1, else checked.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::json_schema::documents;

/// The fixtures that become examples: the plainest of each kind, and the notice in both languages.
const EXAMPLES: [&str; 17] = [
    "consent-request",
    "consent-grant",
    "narrowing",
    "renewal",
    "withdrawal",
    "ended-by-controller",
    "erasure-request",
    "holder-key-authorization",
    "controller-keys",
    "destruction",
    "access-batch",
    "access-line",
    "notice-en",
    "notice-de",
    "acknowledgement",
    "state-attestation",
    "feed-head",
];

#[test]
fn examples_are_the_fixtures() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"));
    let bless = std::env::var_os("PLACET_BLESS").is_some();
    let documents = documents();
    let mut expected = BTreeSet::new();
    for name in EXAMPLES {
        let (_, document) = documents.iter().find(|(fixture, _)| *fixture == name).unwrap();
        let file = format!("{name}.json");
        let text = pretty(document);
        if bless {
            std::fs::write(folder.join(&file), &text).unwrap();
        }
        let found = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(
            found == text,
            "{file} is out of date: run this test once with PLACET_BLESS=1 and read the difference"
        );
        expected.insert(file);
    }
    let found: BTreeSet<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, expected, "a file that no test writes");
}

/// Sorted members, whatever features of serde_json another package turns on.
fn pretty(document: &Value) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap();
    text.push('\n');
    text
}
