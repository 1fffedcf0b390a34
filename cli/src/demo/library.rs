//! A library that is not Placet's checks a receipt: @sd-jwt/sd-jwt-vc of npm, by the very program that the documentation shows.
//! Where this machine has no Node, or npm reaches no registry, the story says so and goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::{files, system};

/// What a verifier would copy.
const EXAMPLE: [(&str, &str); 3] = [
    (
        "package.json",
        include_str!("../../../docs/examples/verify-receipt/package.json"),
    ),
    (
        "package-lock.json",
        include_str!("../../../docs/examples/verify-receipt/package-lock.json"),
    ),
    (
        PROGRAM,
        include_str!("../../../docs/examples/verify-receipt/verify-receipt.mjs"),
    ),
];
const PROGRAM: &str = "verify-receipt.mjs";
/// Its folder in the demo's folder.
const FOLDER: &str = "library";
/// The library needs it.
const LEAST_NODE: u32 = 20;

/// The library, installed.
pub(super) struct Library {
    folder: PathBuf,
}

/// What it said.
pub(super) struct Said {
    /// Whether it believes the receipt.
    pub(super) believes: bool,
    /// In its words.
    pub(super) words: String,
    pub(super) took: Duration,
}

impl Library {
    /// Installs it from its lock file; gives why not, where it is not to be had here.
    pub(super) fn install(dir: &Path) -> Result<Result<Self, &'static str>> {
        if !has_node() {
            return Ok(Err("Node 20 with npm is not on this machine"));
        }
        let folder = dir.join(FOLDER);
        files::make_folder(&folder)?;
        for (name, text) in EXAMPLE {
            fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
        }
        let installed = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            // Who has no network is not kept waiting.
            .args(["--fetch-retries", "1", "--fetch-timeout", "15000"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .output();
        match installed {
            Ok(done) if done.status.success() => Ok(Ok(Self { folder })),
            _ => Ok(Err("npm reaches no registry from here")),
        }
    }

    /// Asks it about a receipt in a file.
    pub(super) fn judge(&self, receipt: &Path, issuer: &str) -> Result<Said> {
        let start = system::instant();
        let asked = Command::new("node")
            .arg(PROGRAM)
            .arg(receipt)
            .arg(issuer)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output();
        let asked = asked.context("node does not start")?;
        Ok(Said {
            believes: asked.status.success(),
            words: String::from_utf8_lossy(&asked.stdout).trim().to_owned(),
            took: start.elapsed(),
        })
    }
}

fn has_node() -> bool {
    let version = |program: &str| {
        let said = Command::new(program)
            .arg("--version")
            .stderr(Stdio::null())
            .output()
            .ok()?;
        String::from_utf8(said.stdout).ok()
    };
    let node = version("node").and_then(|said| said.trim().trim_start_matches('v').split('.').next()?.parse().ok());
    node.is_some_and(|major: u32| major >= LEAST_NODE) && version("npm").is_some()
}
