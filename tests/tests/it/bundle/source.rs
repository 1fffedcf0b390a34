//! The codes that stand in the source, so that none goes untested.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every code that a judge of bundles can find: those that it names itself, and those that it passes on from the judge of
/// single records, the rules of requests and the lifecycle.
pub(super) fn codes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["kernel/src/bundle", "kernel/src/bundle/decisions"] {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()));
    }
    files.extend(
        [
            "kernel/src/arrival.rs",
            "schemas/src/rules.rs",
            "schemas/src/lifecycle.rs",
        ]
        .map(|file| root.join(file)),
    );
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts.flat_map(|text| literals(&text)).collect()
}

/// The string literals that look like a code: lowercase words joined by underscores.
fn literals(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let quoted = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    let is_code = |word: &&str| {
        word.contains('_')
            && word
                .split('_')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
    };
    quoted.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn codes_are_found_in_the_source() {
    let found = literals("// \"not_this\"\nwrong(\"anchor_unused\", \"/openings\", \"a text\", \"record_malformed\");");
    assert_eq!(found, ["anchor_unused", "record_malformed"]);
    assert!(codes().len() > 50, "{:?}", codes());
}
