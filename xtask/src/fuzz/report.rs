//! What a run of one target came to, read from what libFuzzer prints.

use std::fs;
use std::process::ExitStatus;

use anyhow::Result;

use super::Places;

/// One run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) target: String,
    /// How many inputs were tried.
    executions: u64,
    per_second: u64,
    /// How many edges of the code they reached.
    edges: u64,
    failed: bool,
}

impl Report {
    pub(super) fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            ..Self::default()
        }
    }

    /// Reads a line; whether it tells how far the run is.
    pub(super) fn read(&mut self, line: &str) -> bool {
        let number = |text: &str| text.trim().parse().ok();
        if let Some((_, executions)) = line.split_once("stat::number_of_executed_units:") {
            self.executions = number(executions).unwrap_or(self.executions);
        } else if let Some((_, rate)) = line.split_once("stat::average_exec_per_sec:") {
            self.per_second = number(rate).unwrap_or(self.per_second);
        } else if let Some((_, rest)) = line.split_once("cov: ") {
            let edges = rest.split(' ').next().and_then(number);
            self.edges = edges.unwrap_or(self.edges);
        }
        ["INITED", "pulse", "DONE"].iter().any(|word| line.contains(word))
    }

    pub(super) fn ended(&mut self, status: ExitStatus) {
        self.failed = !status.success();
    }

    /// Whether nothing crashed or hung.
    pub(super) const fn well(&self) -> bool {
        !self.failed
    }
}

/// All runs, a line each.
pub(super) fn table(reports: &[Report]) -> String {
    let mut lines = vec![format!(
        "{:<26} {:>12} {:>10} {:>7}",
        "target", "executions", "per s", "edges"
    )];
    for report in reports {
        lines.push(format!(
            "{:<26} {:>12} {:>10} {:>7}{}",
            report.target,
            report.executions,
            report.per_second,
            report.edges,
            if report.failed { "  FAILED" } else { "" }
        ));
    }
    let all: u64 = reports.iter().map(|report| report.executions).sum();
    lines.push(format!("{all} executions in all"));
    lines.join("\n")
}

/// Where the inputs are, and what replays each.
pub(super) fn print_failure(places: &Places, report: &Report) -> Result<()> {
    let target = &report.target;
    println!(
        "{target} failed; what it said is in {}",
        places.target.join(format!("{target}.log")).display()
    );
    for entry in fs::read_dir(places.crashes(target))? {
        let program = places.programs.join(target);
        println!("  replay: {} {}", program.display(), entry?.path().display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_lines_are_read() {
        let mut report = Report::new("json");
        assert!(!report.read("INFO: Seed: 1"));
        assert!(report.read("#2\tINITED cov: 7 ft: 7 corp: 1/1b exec/s: 0 rss: 27Mb"));
        assert!(!report.read("#10\tNEW    cov: 8 ft: 8 corp: 2/5b lim: 4 exec/s: 0 rss: 27Mb L: 4/4"));
        assert!(report.read("#17922586\tDONE   cov: 11 ft: 11 corp: 5/26b lim: 4096 exec/s: 853456 rss: 27Mb"));
        report.read("stat::number_of_executed_units: 17922586");
        report.read("stat::average_exec_per_sec:     853456");
        let read = Report {
            target: "json".to_owned(),
            executions: 17_922_586,
            per_second: 853_456,
            edges: 11,
            failed: false,
        };
        assert_eq!(report, read);
        assert!(table(&[report]).ends_with("\n17922586 executions in all"));
    }

    #[test]
    fn a_failure_is_in_the_table() {
        let failed = Report {
            failed: true,
            ..Report::new("note")
        };
        assert!(table(&[failed]).contains("FAILED"));
    }
}
