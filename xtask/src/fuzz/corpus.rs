//! Keeping what was learnt: some of the inputs that reach what the seeds do not reach, within a budget.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Places;

/// Most bytes of a target's committed inputs: all targets together stay below a mebibyte.
const MAX_BYTES: u64 = 32 * 1024;
/// Most of them: who reviews a change should not scroll through thousands.
const MAX_FILES: usize = 64;

/// Replaces the committed inputs of a target by those that libFuzzer's merge chooses of all there are.
pub(super) fn keep(places: &Places, name: &str) -> Result<()> {
    let merged = places.target.join("merged").join(name);
    if merged.exists() {
        fs::remove_dir_all(&merged)?;
    }
    fs::create_dir_all(&merged)?;
    // What is in the first folder counts as there already: seeds are made anew for every run, and are not committed.
    for seed in files(&places.seeds(name))? {
        fs::copy(&seed.path, merged.join(file_name(&seed.path)?))?;
    }
    let kept = places.kept(name);
    let status = Command::new(places.programs.join(name))
        .arg("-merge=1")
        .args([&merged, &kept, &places.found(name)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name}: the inputs could not be merged");
    for seed in files(&places.seeds(name))? {
        fs::remove_file(merged.join(file_name(&seed.path)?))?;
    }
    for old in files(&kept)? {
        fs::remove_file(old.path)?;
    }
    for file in within(files(&merged)?, MAX_BYTES) {
        fs::copy(&file.path, kept.join(file_name(&file.path)?))?;
    }
    Ok(())
}

/// A file and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    bytes: u64,
    path: PathBuf,
}

/// Some of these of every size, the smallest first, until the budget is spent.
fn within(mut files: Vec<File>, budget: u64) -> Vec<File> {
    files.sort_by(|one, other| (one.bytes, &one.path).cmp(&(other.bytes, &other.path)));
    let stride = files.len().div_ceil(MAX_FILES).max(1);
    let mut spent = 0;
    let chosen = files.into_iter().step_by(stride);
    chosen
        .take_while(|file| {
            spent += file.bytes;
            spent <= budget
        })
        .collect()
}

fn files(folder: &Path) -> Result<Vec<File>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        found.push(File {
            bytes: entry.metadata()?.len(),
            path: entry.path(),
        });
    }
    Ok(found)
}

fn file_name(path: &Path) -> Result<&Path> {
    path.file_name().map(Path::new).context("a path without a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_of_every_size_are_kept_until_the_budget_is_spent() {
        let file = |bytes, name: &str| File {
            bytes,
            path: PathBuf::from(name),
        };
        let all = vec![file(30, "c"), file(10, "b"), file(10, "a"), file(100, "d")];
        assert_eq!(within(all.clone(), 20), [file(10, "a"), file(10, "b")]);
        assert_eq!(within(all.clone(), 50).len(), 3);
        assert_eq!(within(all, 1000).len(), 4);
        let many: Vec<File> = (0..1000).map(|bytes| file(bytes, "x")).collect();
        let some = within(many, u64::MAX);
        assert_eq!((some.len(), some[1].bytes), (63, 16));
        assert!(within(Vec::new(), 1).is_empty());
    }
}
