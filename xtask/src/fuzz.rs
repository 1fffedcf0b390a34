//! `cargo xtask fuzz --minutes N [--target T]`: runs the programs of `tests/fuzz` under libFuzzer and keeps what they learn.
//!
//! libFuzzer is compiled from source by `libfuzzer-sys`, so all it needs besides the toolchain is a C++ compiler. The
//! flags are those that `cargo fuzz --sanitizer none` gives; they work on the stable compiler. See docs/adr/0011-fuzzing.md.

mod corpus;
mod report;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{cargo, output, workspace};
use report::Report;

/// What makes the compiler count which edges were taken and show comparisons to libFuzzer. `--cfg fuzzing` is the custom
/// that lets libraries know; nothing here looks at it.
const FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];
/// Where the program `seeds` writes what it writes.
const SEEDS_VARIABLE: &str = "PLACET_FUZZ_SEEDS";
/// Longest time that one input may take, in seconds, before it counts as a hang.
const INPUT_SECONDS: u32 = 10;
/// Most memory of one program, in MiB.
const MEMORY_MIB: u32 = 2048;

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Order<'a> {
    minutes: u32,
    target: Option<&'a str>,
}

/// Where everything is.
struct Places {
    /// `tests/fuzz`
    sources: PathBuf,
    /// `target/fuzz`
    target: PathBuf,
    /// The programs.
    programs: PathBuf,
}

impl Places {
    /// What libFuzzer found, for one target: it is kept between runs.
    fn found(&self, target: &str) -> PathBuf {
        self.target.join("found").join(target)
    }

    fn crashes(&self, target: &str) -> PathBuf {
        self.target.join("crashes").join(target)
    }

    fn seeds(&self, target: &str) -> PathBuf {
        self.target.join("seeds").join(target)
    }

    /// What is committed.
    fn kept(&self, target: &str) -> PathBuf {
        self.sources.join("corpus").join(target)
    }
}

/// Builds and runs; false when anything crashed or hung.
pub(crate) fn run(arguments: &[&str]) -> Result<bool> {
    let order = order(arguments)?;
    let root = workspace()?.root;
    let host = host()?;
    let target = root.join("target/fuzz");
    let places = Places {
        sources: root.join("tests/fuzz"),
        programs: target.join(&host).join("release"),
        target,
    };
    let known = targets(&places.sources.join("targets"))?;
    let chosen: Vec<&String> = known
        .iter()
        .filter(|name| order.target.is_none_or(|only| only == *name))
        .collect();
    ensure!(
        !chosen.is_empty(),
        "there is no such target; there are {}",
        known.join(", ")
    );
    build(&places, &host, order.target)?;
    output(Command::new(places.programs.join("seeds")).env(SEEDS_VARIABLE, places.target.join("seeds")))?;

    let seconds = u64::from(order.minutes) * 60 / chosen.len() as u64;
    ensure!(
        seconds > 0,
        "{} minutes are too few for {} targets",
        order.minutes,
        chosen.len()
    );
    println!("{} targets, {seconds} s each", chosen.len());
    let mut reports = Vec::new();
    for name in chosen {
        let report = fuzz(&places, name, seconds)?;
        if report.well() {
            corpus::keep(&places, name)?;
        }
        reports.push(report);
    }
    println!("\n{}", report::table(&reports));
    for report in reports.iter().filter(|report| !report.well()) {
        report::print_failure(&places, report)?;
    }
    Ok(reports.iter().all(Report::well))
}

fn order<'a>(arguments: &[&'a str]) -> Result<Order<'a>> {
    let (minutes, target) = match arguments {
        ["--minutes", minutes] => (minutes, None),
        ["--minutes", minutes, "--target", target] | ["--target", target, "--minutes", minutes] => {
            (minutes, Some(*target))
        }
        _ => bail!("usage: cargo xtask fuzz --minutes N [--target T]"),
    };
    let minutes = minutes
        .parse()
        .with_context(|| format!("{minutes} is no number of minutes"))?;
    ensure!(minutes > 0, "at least a minute");
    Ok(Order { minutes, target })
}

/// The names of the programs, by their files.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = output(Command::new(rustc).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not say for which machine it builds")
}

/// With a target given by name, although it is this machine: cargo then keeps the flags from build scripts and macros.
fn build(places: &Places, host: &str, only: Option<&str>) -> Result<()> {
    let mut command = cargo();
    command.args(["build", "--release", "--target", host, "--manifest-path"]);
    command.arg(places.sources.join("Cargo.toml"));
    command.arg("--target-dir").arg(&places.target);
    match only {
        Some(name) => command.args(["--bin", "seeds", "--bin", name]),
        None => command.arg("--bins"),
    };
    command.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    let status = command.status().context("cannot run cargo build")?;
    ensure!(status.success(), "the fuzz targets do not build");
    Ok(())
}

/// Runs one target for this long. What it says is in `target/fuzz/<target>.log`; where it is goes to the terminal.
fn fuzz(places: &Places, name: &str, seconds: u64) -> Result<Report> {
    let found = places.found(name);
    let kept = places.kept(name);
    let crashes = places.crashes(name);
    for folder in [&found, &kept, &crashes] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut command = Command::new(places.programs.join(name));
    command.args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={INPUT_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-artifact_prefix={}/", crashes.display()),
        "-print_final_stats=1".to_owned(),
    ]);
    // A format without quoted words has an empty one, at which libFuzzer would stop.
    let dictionary = places.target.join("seeds").join(format!("{name}.dict"));
    if fs::metadata(&dictionary)?.len() > 0 {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    // libFuzzer writes into the first folder only.
    command.args([found, kept, places.seeds(name)]);
    let mut report = Report::new(name);
    let status = listen(&mut command, &places.target.join(format!("{name}.log")), |line| {
        if report.read(line) {
            println!("{name}: {line}");
        }
    })?;
    report.ended(status);
    Ok(report)
}

/// Runs a command; each line of its errors goes to a file and to `heed`.
fn listen(command: &mut Command, log: &Path, mut heed: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut log = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut process = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let errors = process.stderr.take().context("no pipe")?;
    // Whatever was being read when it crashed may be no text.
    for line in BufReader::new(errors).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        writeln!(log, "{line}")?;
        heed(&line);
    }
    process.wait().with_context(|| format!("cannot wait for {command:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_minutes_and_at_most_one_target() {
        let all = Order {
            minutes: 10,
            target: None,
        };
        assert_eq!(order(&["--minutes", "10"]).unwrap(), all);
        let one = Order {
            minutes: 1,
            target: Some("record"),
        };
        assert_eq!(order(&["--minutes", "1", "--target", "record"]).unwrap(), one);
        assert_eq!(order(&["--target", "record", "--minutes", "1"]).unwrap(), one);
        for wrong in [
            &[][..],
            &["--minutes"],
            &["--minutes", "0"],
            &["--minutes", "x"],
            &["--target", "record"],
        ] {
            assert!(order(wrong).is_err(), "{wrong:?}");
        }
    }
}
