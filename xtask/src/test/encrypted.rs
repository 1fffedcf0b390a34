//! The tests of what is only there with the feature `jwe`, which needs OpenSSL: in a build of its own, after the others.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::counts::{Counts, LibtestReader, NextestReader};
use super::{Stream, follow, nextest_installed};
use crate::cargo::cargo;

/// Parts of the names of those tests.
const NAMES: [&str; 2] = ["jwe::", "encrypt"];
const FEATURES: &str = "placet/jwe,placet-service/jwe,placet-issuer/jwe,placet-verifier/jwe,placet-tests/jwe";
const PACKAGES: [&str; 5] = [
    "placet",
    "placet-service",
    "placet-issuer",
    "placet-verifier",
    "placet-tests",
];

/// Whether somebody who asked for the tests of this name means them too.
pub(super) fn is_meant(filter: Option<&str>) -> bool {
    filter.is_none_or(|filter| NAMES.iter().any(|name| filter.contains(name.trim_end_matches(':'))))
}

/// Runs them where OpenSSL is; else they could not run here.
pub(super) fn run() -> Result<Counts> {
    if !has_openssl() {
        println!("skipped: encrypted answers: pkg-config finds no OpenSSL (libssl-dev)");
        return Ok(Counts {
            skipped: 1,
            unable: 1,
            ..Counts::default()
        });
    }
    println!("once more with the feature jwe, which needs OpenSSL");
    let build = ["build", "--package", "placet", "--features", "jwe"];
    let built = cargo().args(build).status().context("cannot run cargo build")?;
    if !built.success() {
        bail!("placet does not build with the feature jwe");
    }
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    let mut counts = if nextest_installed() {
        let mut command = cargo();
        command
            .args(["nextest", "run", "--features", FEATURES, "--no-fail-fast"])
            .args(["--success-output", "immediate"])
            .args(packages)
            .args(NAMES);
        follow(&mut command, Stream::Errors, NextestReader::default())?
    } else {
        let mut command = cargo();
        command
            .args(["test", "--features", FEATURES, "--no-fail-fast"])
            .args(["--lib", "--bins", "--tests"])
            .args(packages)
            .args(["--", "--show-output"])
            .args(NAMES);
        follow(&mut command, Stream::Output, LibtestReader::default())?
    };
    if counts.passed + counts.failed + counts.unable == 0 {
        bail!("no test of the feature jwe ran");
    }
    // What was left out here ran before.
    counts.skipped = counts.unable;
    Ok(counts)
}

fn has_openssl() -> bool {
    // As openssl-sys looks for it.
    std::env::var_os("OPENSSL_DIR").is_some()
        || Command::new("pkg-config")
            .args(["--exists", "openssl"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_run_when_all_run_or_when_they_are_asked_for() {
        for meant in [None, Some("jwe"), Some("jwe::"), Some("encrypted")] {
            assert!(is_meant(meant), "{meant:?}");
        }
        assert!(!is_meant(Some("decision")));
    }
}
