//! The fuzzer's targets without the fuzzer: on their seeds, on changed seeds, and on what earlier runs kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use placet_tests::fuzz::{TARGETS, Target, dictionary};

/// What `cargo xtask fuzz` may commit.
const MAX_CORPUS_BYTES: u64 = 1024 * 1024;
/// Longest time for one input, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(5);

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The names in a folder without what follows a dot.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "an input that takes forever is a fault as bad as a crash"
)]
fn in_time(target: &Target, input: &[u8]) -> bool {
    let began = Instant::now();
    let accepted = (target.run)(input);
    assert!(began.elapsed() < PATIENCE, "{}: {:?}", target.name, began.elapsed());
    accepted
}

#[test]
fn each_target_has_a_program_and_a_corpus() {
    let named: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(named.len(), TARGETS.len());
    assert_eq!(names(&folder("targets")), named);
    assert_eq!(names(&folder("corpus")), named);
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for target in TARGETS {
        let program = fs::read_to_string(folder("targets").join(format!("{}.rs", target.name))).unwrap();
        assert!(program.contains(&format!("placet_tests::fuzz::{}(data)", target.name)));
        assert!(
            manifest.contains(&format!("path = \"targets/{}.rs\"", target.name)),
            "{}",
            target.name
        );
    }
}

#[test]
fn every_seed_is_accepted_by_its_target() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{}", target.name);
        for (number, seed) in seeds.iter().enumerate() {
            let shown = String::from_utf8_lossy(seed);
            assert!(
                in_time(target, seed),
                "{}: seed {number} is refused: {shown}",
                target.name
            );
        }
    }
}

/// Without coverage to guide it this finds little; but it finds out that the targets themselves still make sense.
#[test]
fn changed_seeds_break_nothing() {
    for target in TARGETS {
        for seed in (target.seeds)() {
            // At most about a hundred places of a seed, which move with its length.
            let stride = seed.len() / 100 + 1;
            for at in (0..seed.len()).step_by(stride) {
                let mut changed = seed.clone();
                changed[at] ^= 1 << (at % 8);
                in_time(target, &changed);
                changed.remove(at);
                in_time(target, &changed);
            }
        }
    }
}

#[test]
fn what_earlier_runs_found_breaks_nothing() {
    let (mut inputs, mut bytes) = (0, 0);
    for target in TARGETS {
        for entry in fs::read_dir(folder("corpus").join(target.name)).unwrap() {
            let input = fs::read(entry.unwrap().path()).unwrap();
            in_time(target, &input);
            inputs += 1;
            bytes += input.len() as u64;
        }
    }
    assert!(inputs >= TARGETS.len(), "{inputs}");
    assert!(bytes < MAX_CORPUS_BYTES, "{bytes}");
}

#[test]
fn a_dictionary_has_the_words_of_the_format() {
    let record = TARGETS.iter().find(|target| target.name == "record").unwrap();
    let words = dictionary(record);
    for word in ["\"\\\"credentialSubject\\\"\"\n", "\"\\\"proofValue\\\"\"\n"] {
        assert!(words.contains(word), "{word}: {words}");
    }
}
