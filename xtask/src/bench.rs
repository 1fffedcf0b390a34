//! `cargo xtask bench [--only P1,P4] [--quick] [--consents N]`: the figures of docs/PERFORMANCE.md.
//!
//! The measuring program is a bench target of `placet-tests`; this builds it and the `placet` program for release, and
//! runs it. What it prints and where it writes is its own matter, except that the file is `target/bench.json`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo::{cargo, output};

/// The measuring program.
const BENCH: &str = "quality";
/// The measured one.
const PROGRAM: &str = "placet";

/// Builds, measures, and says whether all bars hold. `orders` go to the measuring program.
pub(crate) fn run(orders: &[&str]) -> Result<bool> {
    // One build of both, so that what they share is the same code with the same features.
    let mut build = cargo();
    build.args(["build", "--release", "--package", PROGRAM, "--package", "placet-tests"]);
    build.args([
        "--bin",
        PROGRAM,
        "--bench",
        BENCH,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let messages = output(&mut build)?;
    let bench = executable(&messages, BENCH)?;
    let program = executable(&messages, PROGRAM)?;
    let out = file_beside(&program)?;
    let status = Command::new(&bench)
        .args(orders)
        .arg("--placet")
        .arg(&program)
        .arg("--out")
        .arg(&out)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", bench.display()))?;
    Ok(status.success())
}

/// The program that cargo says it has built for the target with this name.
pub(crate) fn executable(messages: &str, target: &str) -> Result<PathBuf> {
    let mut built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let named = message.pointer("/target/name")?.as_str()? == target;
        let path = message.get("executable")?.as_str()?;
        named.then(|| PathBuf::from(path))
    });
    built.next_back().with_context(|| format!("cargo built no {target}"))
}

/// `target/bench.json`, by the place of `target/release/placet`.
fn file_beside(program: &Path) -> Result<PathBuf> {
    let target = program.ancestors().nth(2);
    let target = target.with_context(|| format!("{} is in no target folder", program.display()))?;
    Ok(target.join("bench.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_are_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"quality"},"executable":null}
not json
{"reason":"compiler-artifact","target":{"name":"placet"},"executable":"/t/release/placet"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "placet").unwrap(), Path::new("/t/release/placet"));
        assert!(executable(messages, "quality").is_err());
    }

    #[test]
    fn the_figures_lie_in_the_target_folder() {
        assert_eq!(
            file_beside(Path::new("/t/release/placet")).unwrap(),
            Path::new("/t/bench.json")
        );
        assert!(file_beside(Path::new("placet")).is_err());
    }
}
