//! The public vectors of transparency-dev/merkle.

use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use placet_kernel::merkle::{Hash, verify_consistency, verify_inclusion};
use serde_json::Value;

/// The folder of the vectors, or `None` (with a printed line) on a machine that does not have them.
fn vectors(name: &str) -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/merkle")).join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no vectors in CI");
    println!("skipped: no vectors in {}", folder.display());
    None
}

fn cases(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(cases(&path));
        } else {
            let value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            found.push((path, value));
        }
    }
    found
}

/// `None` if the value is not a hash: then the case must want an error.
fn hash(value: &Value) -> Option<Hash> {
    let bytes = Base64::decode_vec(value.as_str().unwrap()).unwrap();
    if bytes.starts_with(b"don't care ") {
        // These placeholders are never compared with a computed hash, only with each other.
        let mut padded = [0; 32];
        padded[..bytes.len()].copy_from_slice(&bytes);
        return Some(Hash::new(padded));
    }
    Hash::try_from(&bytes[..]).ok()
}

fn proof(value: &Value) -> Option<Vec<Hash>> {
    match value.as_array() {
        Some(hashes) => hashes.iter().map(hash).collect(),
        None => Some(Vec::new()),
    }
}

fn inclusion_holds(case: &Value) -> bool {
    let (Some(leaf), Some(root), Some(proof)) = (hash(&case["leafHash"]), hash(&case["root"]), proof(&case["proof"]))
    else {
        return false;
    };
    let index = case["leafIdx"].as_u64().unwrap();
    let size = case["treeSize"].as_u64().unwrap();
    verify_inclusion(&leaf, index, size, &proof, &root).is_ok()
}

fn consistency_holds(case: &Value) -> bool {
    let (Some(old_root), Some(new_root), Some(proof)) =
        (hash(&case["root1"]), hash(&case["root2"]), proof(&case["proof"]))
    else {
        return false;
    };
    let old = case["size1"].as_u64().unwrap();
    let new = case["size2"].as_u64().unwrap();
    verify_consistency(old, &old_root, new, &new_root, &proof).is_ok()
}

fn run(name: &str, holds: impl Fn(&Value) -> bool) {
    let Some(folder) = vectors(name) else { return };
    let cases = cases(&folder);
    assert!(cases.len() > 80, "{} cases in {name}", cases.len());
    let (mut good, mut bad) = (0, 0);
    for (path, case) in cases {
        let want_error = case["wantErr"].as_bool().unwrap();
        assert_eq!(holds(&case), !want_error, "{}: {}", path.display(), case["desc"]);
        if want_error {
            bad += 1;
        } else {
            good += 1;
        }
    }
    assert!(good >= 5 && bad >= 50, "{name}: {good} good, {bad} bad");
}

#[test]
fn inclusion_vectors() {
    run("inclusion", inclusion_holds);
}

#[test]
fn consistency_vectors() {
    run("consistency", consistency_holds);
}
