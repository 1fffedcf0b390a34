//! `cargo xtask test [filter]`: every test of the workspace, counted in one last line.
//!
//! The tests run under `cargo nextest` where it is installed, else under `cargo test`; doc tests,
//! which nextest does not run, follow, and then those of the optional feature `jwe`. A suite that cannot run on this machine prints one line
//! that begins with `skipped:` and passes; it is counted as skipped here, since a test that did
//! not test anything must not be reported as passed, and with `CI=true` it fails the run.

mod counts;
mod encrypted;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use counts::{Counts, LibtestReader, NextestReader, OutputReader};

/// Runs the tests whose names contain `filter`, or all; true when none failed.
pub(crate) fn run(filter: Option<&str>) -> Result<bool> {
    // Tests start the real binary as separate processes; a stale one would be tested silently.
    let built = cargo()
        .args(["build", "--package", "placet"])
        .status()
        .context("cannot run cargo build")?;
    if !built.success() {
        bail!("the placet binary does not build; no test was run");
    }

    let mut total = if nextest_installed() {
        let mut command = cargo();
        command
            .args(["nextest", "run", "--workspace", "--no-fail-fast"])
            .args(["--no-tests", "pass", "--success-output", "immediate"])
            .args(filter);
        follow(&mut command, Stream::Errors, NextestReader::default())?
    } else {
        println!("cargo-nextest is not installed: running cargo test instead");
        let mut command = cargo();
        command
            .args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
            .args(filter)
            .args(["--", "--show-output"]);
        follow(&mut command, Stream::Output, LibtestReader::default())?
    };

    let mut command = cargo();
    command
        .args(["test", "--workspace", "--doc", "--no-fail-fast"])
        .args(filter);
    total += follow(&mut command, Stream::Output, LibtestReader::default())?;
    if encrypted::is_meant(filter) {
        total += encrypted::run()?;
    }

    let skip_is_failure = std::env::var_os("CI").is_some_and(|value| value == "true");
    conclude(total, filter, skip_is_failure)
}

/// Prints the summary, whose last line is `N passed, N failed, N skipped`.
fn conclude(total: Counts, filter: Option<&str>, skip_is_failure: bool) -> Result<bool> {
    // A filter that matches nothing skips everything, which must not look like success.
    if total.passed + total.failed + total.unable == 0 {
        bail!("no test ran (filter: {})", filter.unwrap_or("none"));
    }
    let refused = skip_is_failure && total.unable > 0;
    if refused {
        println!(
            "{} suites could not run on this machine, and with CI=true that is a failure",
            total.unable
        );
    }
    println!("{total}");
    Ok(total.failed == 0 && !refused)
}

/// Which of a runner's streams carries its report; the other goes to the terminal untouched.
enum Stream {
    Output,
    Errors,
}

/// Runs a test runner, echoes its report as it comes, and counts.
fn follow(command: &mut Command, stream: Stream, mut reader: impl OutputReader) -> Result<Counts> {
    // Colour codes would hide the words that are counted.
    command.env("CARGO_TERM_COLOR", "never");
    match stream {
        Stream::Output => command.stdout(Stdio::piped()),
        Stream::Errors => command.stderr(Stdio::piped()),
    };
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let pipe: Box<dyn Read> = match (child.stdout.take(), child.stderr.take()) {
        (Some(pipe), None) => Box::new(pipe),
        (None, Some(pipe)) => Box::new(pipe),
        _ => bail!("exactly one stream of {command:?} is followed"),
    };
    for line in BufReader::new(pipe).split(b'\n') {
        let line = line.context("cannot read the test runner's output")?;
        let line = String::from_utf8_lossy(&line);
        if reader.line(&line) {
            println!("{line}");
        }
    }
    let status = child.wait().context("cannot wait for the test runner")?;
    let mut counts = reader.finish();
    if !status.success() && counts.failed == 0 {
        println!("{command:?} failed before it could count: {status}");
        counts.failed = 1;
    }
    Ok(counts)
}

fn nextest_installed() -> bool {
    cargo()
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, unable: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped: unable,
            unable,
        }
    }

    #[test]
    fn a_failure_fails_the_run() {
        assert!(conclude(counts(3, 0, 0), None, true).unwrap());
        assert!(!conclude(counts(3, 1, 0), None, true).unwrap());
    }

    #[test]
    fn a_suite_that_could_not_run_fails_only_in_ci() {
        assert!(conclude(counts(3, 0, 1), None, false).unwrap());
        assert!(!conclude(counts(3, 0, 1), None, true).unwrap());
    }

    #[test]
    fn a_run_without_tests_is_an_error() {
        let filtered_out = Counts {
            skipped: 9,
            ..Counts::default()
        };
        assert!(conclude(Counts::default(), None, false).is_err());
        assert!(conclude(filtered_out, Some("nothing"), false).is_err());
    }

    #[test]
    fn a_runner_that_dies_without_counting_is_one_failure() {
        let mut command = Command::new("false");
        let counts = follow(&mut command, Stream::Output, LibtestReader::default()).unwrap();
        assert_eq!(counts.failed, 1);
    }
}
