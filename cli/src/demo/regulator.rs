//! The regulator: somebody with one file, pinned keys, and no network.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::process::{Ran, Shell};

/// What a judgement said.
pub(super) struct Judged {
    /// The report.
    pub(super) report: Value,
    /// Exit status of the command.
    pub(super) code: i32,
    /// Time it took.
    pub(super) took: Duration,
    /// The command.
    pub(super) line: String,
    /// Whether the process had no network at all.
    pub(super) alone: bool,
}

/// Judges a file in a process of its own, without a network where this machine can do that.
pub(super) fn judge(shell: &Shell, evidence: &str, trust: &str) -> Result<Judged> {
    let args = ["verify", evidence, "--trust", trust, "--json"];
    let (ran, alone): (Ran, bool) = match shell.run_without_network(&args)? {
        Some(ran) => (ran, true),
        None => (shell.run(&args)?, false),
    };
    let report = ran
        .json()
        .with_context(|| format!("the judge could not read {evidence}: {}", ran.stderr.trim()))?;
    let (code, took, line) = (ran.code, ran.took, ran.line().to_owned());
    Ok(Judged {
        report,
        code,
        took,
        line,
        alone,
    })
}

impl Judged {
    /// The kinds of the events, in the log's order.
    pub(super) fn events(&self) -> Vec<&str> {
        let events = self.report.pointer("/story/events").and_then(Value::as_array);
        events
            .into_iter()
            .flatten()
            .filter_map(|event| event["kind"].as_str())
            .collect()
    }

    /// The answers to the two questions.
    pub(super) fn answers(&self) -> (&str, &str) {
        let answer = |name: &str| self.report[name].as_str().unwrap_or("nothing");
        (answer("recorded"), answer("inForce"))
    }

    /// The code of the first finding that speaks against the evidence.
    pub(super) fn first_finding(&self) -> &str {
        let findings = self.report["findings"].as_array();
        let mut against = findings
            .into_iter()
            .flatten()
            .filter(|finding| finding["weight"] == "false");
        against
            .next()
            .and_then(|finding| finding["code"].as_str())
            .unwrap_or("no finding")
    }
}
