//! `cargo xtask simulate [--seeds N] [--from N] [--jobs N]`: the simulation of verifiers and ledger, for many seeds, in release.
//!
//! The simulation is a test of `placet-tests`; this builds it once, gives each job a part of the seeds, shows how far they are,
//! and stops them all at the first seed that fails. What counts as failure is in `tests/tests/it/simulation.rs`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::executable;
use crate::cargo::{cargo, output, workspace};

/// The test binary, and its test.
const BINARY: &str = "it";
const TEST: &str = "simulation::the_seeds_hold";
/// Tells the test its seeds.
const SEEDS: &str = "PLACET_SIMULATION_SEEDS";
/// How a line of the test begins that says that a seed held, before the seed's number.
const HELD: &str = "held: seed ";
/// Seeds and jobs, unless something else is asked for.
const DEFAULT: Order = Order {
    from: 0,
    seeds: 10_000,
    jobs: 2,
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    from: u64,
    seeds: u64,
    jobs: u64,
}

/// What a job says.
enum Said {
    /// A seed held; what happened in it, how often.
    Held(BTreeMap<String, u64>),
    /// It says anything else.
    Line(String),
    /// It has ended.
    Ended,
}

/// Builds, runs, and says whether all seeds held.
pub(crate) fn run(arguments: &[&str]) -> Result<bool> {
    let order = order(arguments)?;
    let mut build = cargo();
    build.args([
        "test",
        "--release",
        "--package",
        "placet-tests",
        "--test",
        BINARY,
        "--no-run",
    ]);
    build.args(["--message-format", "json-render-diagnostics"]);
    let program = executable(&output(&mut build)?, BINARY)?;
    let folder = workspace()?.root.join("tests");
    let began = started();
    let (say, said) = mpsc::channel();
    let mut jobs = Vec::new();
    for part in parts(order) {
        jobs.push(start(&program, &folder, part, say.clone())?);
    }
    drop(say);
    let mut heard = hear(order, &said, &mut jobs, began)?;
    let whole = heard.held == order.seeds && !ended_badly(&mut jobs)?;
    for job in &mut jobs {
        // One that has ended cannot be killed; that is what is wanted.
        let _ended = job.kill();
        job.wait().context("a job cannot be waited for")?;
    }
    if !whole {
        // What a job said before it failed may still be on its way.
        while let Ok(said) = said.recv_timeout(Duration::from_secs(1)) {
            if let Said::Line(line) = said {
                heard.lines.push(line);
            }
        }
        heard.lines.iter().for_each(|line| println!("{line}"));
    }
    let counts: Vec<String> = heard
        .counts
        .iter()
        .map(|(what, times)| format!("{what} {times}"))
        .collect();
    println!("{}", counts.join(", "));
    println!(
        "{} of {} seeds from {} on held, in {} s with {} jobs",
        heard.held,
        order.seeds,
        order.from,
        began.elapsed().as_secs(),
        order.jobs
    );
    Ok(whole)
}

/// What the jobs said so far.
#[derive(Default)]
struct Heard {
    held: u64,
    counts: BTreeMap<String, u64>,
    lines: Vec<String>,
}

/// Listens until all have ended, or one has ended badly.
fn hear(order: Order, said: &Receiver<Said>, jobs: &mut [Child], began: Instant) -> Result<Heard> {
    let (mut heard, mut running) = (Heard::default(), jobs.len());
    while running > 0 && !ended_badly(jobs)? {
        match said.recv().context("a job went away")? {
            Said::Held(counts) => {
                heard.held += 1;
                for (what, times) in counts {
                    *heard.counts.entry(what).or_default() += times;
                }
                if heard.held.is_multiple_of(100) {
                    let seconds = began.elapsed().as_secs();
                    println!("{} of {} seeds held, after {seconds} s", heard.held, order.seeds);
                }
            }
            Said::Line(line) => heard.lines.push(line),
            Said::Ended => running -= 1,
        }
    }
    Ok(heard)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a development tool says how long it has been running"
)]
fn started() -> Instant {
    Instant::now()
}

fn ended_badly(jobs: &mut [Child]) -> Result<bool> {
    for job in jobs {
        if job.try_wait()?.is_some_and(|status| !status.success()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The seeds of each job.
fn parts(order: Order) -> Vec<(u64, u64)> {
    let end = |job: u64| order.from + order.seeds * job / order.jobs;
    let parts = (0..order.jobs).map(|job| (end(job), end(job + 1)));
    parts.filter(|(from, to)| from < to).collect()
}

fn start(program: &Path, folder: &Path, (from, to): (u64, u64), say: Sender<Said>) -> Result<Child> {
    let mut job = Command::new(program)
        .args([TEST, "--exact", "--nocapture"])
        .env(SEEDS, format!("{from}..{to}"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let said = job.stdout.take().context("a job has an output")?;
    thread::spawn(move || listen(said, &say));
    Ok(job)
}

fn listen(said: ChildStdout, say: &Sender<Said>) {
    for line in BufReader::new(said).lines().map_while(Result::ok) {
        // Nobody listens any more once a seed has failed.
        let _unheard = say.send(match line.strip_prefix(HELD) {
            Some(rest) => Said::Held(counts(rest)),
            None => Said::Line(line),
        });
    }
    let _unheard = say.send(Said::Ended);
}

/// `7: kills 3, lines read 4`
fn counts(said: &str) -> BTreeMap<String, u64> {
    let each = said.split_once(": ").map_or("", |(_, counts)| counts).split(", ");
    let pairs = each.filter_map(|one| {
        let (what, times) = one.rsplit_once(' ')?;
        Some((what.to_owned(), times.parse().ok()?))
    });
    pairs.collect()
}

fn order(arguments: &[&str]) -> Result<Order> {
    let mut order = DEFAULT;
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let value = rest.next().with_context(|| format!("{name} takes a number"))?;
        let number: u64 = value.parse().with_context(|| format!("{value} is no number"))?;
        match *name {
            "--seeds" => order.seeds = number,
            "--from" => order.from = number,
            "--jobs" => order.jobs = number,
            other => bail!("simulate has no {other}"),
        }
    }
    ensure!(order.seeds > 0 && order.jobs > 0, "at least one seed and one job");
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read() {
        assert_eq!(order(&[]).unwrap(), DEFAULT);
        let read = order(&["--seeds", "7", "--from", "3", "--jobs", "1"]).unwrap();
        assert_eq!((read.seeds, read.from, read.jobs), (7, 3, 1));
        for bad in [&["--seeds"][..], &["--seeds", "x"], &["--jobs", "0"], &["--times", "1"]] {
            assert!(order(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_seed_is_in_one_part() {
        for (seeds, jobs) in [(10, 3), (2, 5), (1, 1)] {
            let parts = parts(Order { from: 4, seeds, jobs });
            let all: Vec<u64> = parts.iter().flat_map(|(from, to)| *from..*to).collect();
            assert_eq!(all, (4..4 + seeds).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_happened_is_counted() {
        let counts = counts("7: kills 3, lines read 4");
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [("kills".to_owned(), 3), ("lines read".to_owned(), 4)]
        );
    }
}
