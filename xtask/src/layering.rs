//! `cargo xtask layering`: who may depend on whom, and who may do what.
//!
//! docs/ARCHITECTURE.md says what must never be; here each sentence is a rule that reads cargo's
//! answers or the sources and gives findings. A rule is a pure function, so that its test can
//! plant a violation and see it found.
//!
//! The sources are read as tokens, without comments and without test code. That is no compiler:
//! a determined author can hide a path behind a macro. The rules are there to make an accident
//! visible in review, not to stop an adversary with commit rights.

mod dependencies;
mod graph;
mod rust;
mod sources;
mod tables;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cargo::{Workspace, workspace};
use rust::SourceFile;

/// Above this many lines a file is asked to be split; a warning, not an error.
const LONG_FILE_LINES: usize = 500;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The rule's short name.
    pub(crate) rule: &'static str,
    /// A file with line, or a package.
    pub(crate) place: String,
    /// What is there and why it must not be.
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.rule, self.place, self.what)
    }
}

/// Checks every rule; with `bless`, first rewrites the kernel's committed dependency list.
pub(crate) fn run(bless: bool) -> Result<bool> {
    let workspace = workspace()?;
    let sources = read_sources(&workspace)?;

    let mut findings = graph::arrows(&workspace.members);
    findings.extend(graph::folders(&workspace.members));
    findings.extend(dependencies::check(&workspace, bless)?);
    findings.extend(sources.iter().flat_map(sources::check));
    findings.extend(tables::check(&tables::read(&workspace, &sources)?));

    for warning in sources.iter().filter_map(long_file) {
        println!("warning: {warning}");
    }
    for finding in &findings {
        println!("{finding}");
    }
    println!(
        "layering: {} packages, {} files, {} findings",
        workspace.members.len(),
        sources.len(),
        findings.len()
    );
    Ok(findings.is_empty())
}

/// Reads `src/` of every member. Integration tests and benches may do as they like.
fn read_sources(workspace: &Workspace) -> Result<Vec<SourceFile>> {
    let mut sources = Vec::new();
    for member in &workspace.members {
        let folder = workspace.root.join(&member.folder).join("src");
        for path in files_below(&folder, "rs")? {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let place = path
                .strip_prefix(&workspace.root)
                .with_context(|| format!("{} is outside the workspace", path.display()))?
                .to_string_lossy()
                .replace('\\', "/");
            sources.push(SourceFile::new(&member.name, &place, &text));
        }
    }
    Ok(rust::drop_test_files(sources))
}

/// The files below a folder with the given ending, sorted; none when the folder does not exist.
fn files_below(folder: &Path, ending: &str) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path, ending)?);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn long_file(source: &SourceFile) -> Option<Finding> {
    (source.lines > LONG_FILE_LINES).then(|| Finding {
        rule: "file-length",
        place: source.path.clone(),
        what: format!("{} lines, over {LONG_FILE_LINES}", source.lines),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_warned_about() {
        let fits = SourceFile::new("placet", "cli/src/a.rs", &"\n".repeat(LONG_FILE_LINES));
        let long = SourceFile::new("placet", "cli/src/a.rs", &"\n".repeat(LONG_FILE_LINES + 1));
        assert_eq!(long_file(&fits), None);
        assert_eq!(long_file(&long).unwrap().rule, "file-length");
    }

    /// The rules hold for the workspace they are part of only if its files are found at all.
    #[test]
    fn the_walk_finds_this_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = files_below(&folder, "rs").unwrap();
        assert!(files.contains(&folder.join("layering.rs")));
        assert!(files.contains(&folder.join("layering/rust.rs")));
    }
}
