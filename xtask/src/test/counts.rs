//! Reading the reports of the two test runners.

use std::fmt;
use std::ops::AddAssign;

/// What a line of a test's output begins with when the test could not run on this machine.
const UNABLE: &str = "skipped: ";

/// How many tests ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Ignored, filtered out by the runner, or unable to run here.
    pub(crate) skipped: u64,
    /// Those of `skipped` that wanted to run and said why they could not.
    pub(crate) unable: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unable += other.unable;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
            ..
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

impl Counts {
    /// The runner counts a test that printed `skipped:` as passed; it tested nothing.
    fn less_unable(mut self, unable: u64) -> Self {
        let unable = unable.min(self.passed);
        self.passed -= unable;
        self.skipped += unable;
        self.unable += unable;
        self
    }
}

/// Reads one runner's report line by line.
pub(crate) trait OutputReader {
    /// Takes the next line; true when a person should see it.
    fn line(&mut self, line: &str) -> bool;
    /// The counts, once the report has ended.
    fn finish(self) -> Counts;
}

/// Reads `cargo nextest run --success-output immediate`. The output of tests that passed is only
/// asked for to find the `skipped:` lines in it, and not shown otherwise.
#[derive(Debug, Default)]
pub(crate) struct NextestReader {
    counts: Counts,
    unable: u64,
    in_passed: bool,
    unable_here: bool,
}

impl OutputReader for NextestReader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(word) = nextest_status(line) {
            // A leaky test has passed, though a process it started outlived it.
            self.in_passed = matches!(word, "PASS" | "LEAK");
            self.unable_here = false;
            if word == "Summary" {
                self.counts += nextest_summary(line);
            }
            return true;
        }
        if !self.in_passed {
            return true;
        }
        let unable = line.trim_start().starts_with(UNABLE);
        if unable && !self.unable_here {
            self.unable_here = true;
            self.unable += 1;
        }
        unable
    }

    fn finish(self) -> Counts {
        self.counts.less_unable(self.unable)
    }
}

/// Reads `cargo test -- --show-output`, one `test result:` line a test binary.
#[derive(Debug, Default)]
pub(crate) struct LibtestReader {
    counts: Counts,
    unable: u64,
    unable_here: bool,
}

impl OutputReader for LibtestReader {
    fn line(&mut self, line: &str) -> bool {
        if line.starts_with("---- ") {
            self.unable_here = false;
        } else if line.starts_with(UNABLE) && !self.unable_here {
            self.unable_here = true;
            self.unable += 1;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            for (number, word) in numbered(result, ';') {
                match word {
                    "passed" => self.counts.passed += number,
                    "failed" => self.counts.failed += number,
                    "ignored" => self.counts.skipped += number,
                    _ => {}
                }
            }
        }
        true
    }

    fn finish(self) -> Counts {
        self.counts.less_unable(self.unable)
    }
}

/// The word of a status line such as `        PASS [   0.004s] crate module::test`: right-aligned
/// and followed by a bracket, which a test's own output, indented or not, is not.
fn nextest_status(line: &str) -> Option<&str> {
    let (word, rest) = line.trim_start().split_once(" [")?;
    let timed = rest.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '>');
    let known = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '+' | '/'));
    (timed && known && line.starts_with(' ')).then_some(word)
}

/// Reads `Summary [   0.2s] 9 tests run: 7 passed (1 slow, 1 leaky), 1 failed, 1 timed out, 3 skipped`.
fn nextest_summary(line: &str) -> Counts {
    let mut counts = Counts::default();
    let Some((_, tail)) = line.split_once(" run: ") else {
        return counts;
    };
    for (number, word) in numbered(&without_parentheses(tail), ',') {
        match word {
            "passed" => counts.passed += number,
            "skipped" => counts.skipped += number,
            // Failed, timed out, exec failed: nextest may learn further ways to fail.
            _ => counts.failed += number,
        }
    }
    counts
}

/// Pairs of number and following word, in a list with the given separator.
fn numbered(list: &str, separator: char) -> impl Iterator<Item = (u64, &str)> {
    list.split(separator).filter_map(|part| {
        // `ok. 3 passed`: what comes before the number is not counted.
        let part = part.trim_start_matches(|c: char| !c.is_ascii_digit());
        let (number, word) = part.trim().split_once(' ')?;
        Some((number.parse().ok()?, word))
    })
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    text.chars()
        .filter(|&c| {
            if c == '(' {
                depth += 1;
            }
            let outside = depth == 0;
            if c == ')' {
                depth = depth.saturating_sub(1);
            }
            outside
        })
        .collect::<String>()
        .replace(" ,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut reader: impl OutputReader, report: &str) -> (Counts, Vec<String>) {
        let shown = report
            .lines()
            .filter(|line| reader.line(line))
            .map(str::to_owned)
            .collect();
        (reader.finish(), shown)
    }

    #[test]
    fn nextest_counts_every_way_to_fail() {
        let report = "     Summary [   0.2s] 10 tests run: 7 passed (1 slow, 1 leaky), 1 failed, 1 timed out, 1 exec failed, 3 skipped";
        let (counts, _) = read(NextestReader::default(), report);
        assert_eq!(counts.to_string(), "7 passed, 3 failed, 3 skipped");
    }

    #[test]
    fn nextest_passed_test_that_could_not_run_is_skipped_and_shown() {
        let report = "
        PASS [   0.009s] (1/2) placet-tests vectors::tiles
  stdout ───

    running 1 test
    skipped: no vectors
    skipped: no vectors, said twice

        FAIL [   0.010s] (2/2) placet-tests vectors::notes
  stdout ───
    panicked at boom
────────────
     Summary [   0.02s] 2 tests run: 1 passed, 1 failed, 0 skipped";
        let (counts, shown) = read(NextestReader::default(), report);
        assert_eq!(counts.to_string(), "0 passed, 1 failed, 1 skipped");
        assert_eq!(counts.unable, 1);
        assert!(shown.iter().any(|line| line.contains("skipped: no vectors")));
        assert!(shown.iter().any(|line| line.contains("panicked at boom")));
        assert!(!shown.iter().any(|line| line.contains("running 1 test")));
    }

    #[test]
    fn libtest_results_of_all_binaries_add_up() {
        let report = "\
test a ... ok
successes:
---- a stdout ----
skipped: no node
test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.0s
test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        let (counts, _) = read(LibtestReader::default(), report);
        assert_eq!(counts.to_string(), "6 passed, 1 failed, 2 skipped");
        assert_eq!(counts.unable, 1);
    }
}
