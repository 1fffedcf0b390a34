//! Reads a tiled transparency log (C2SP tlog-tiles) over HTTP with two implementations that others wrote, each by itself:
//!
//!     tiles-client --log URL --vkey VKEY --cosigner VKEY [--older NOTE]… [--leaf INDEX:HASH]… [--proof INDEX:FILE]…
//!
//! The first VKEY is the log's, the second that of a cosigner who must have signed the newest checkpoint too. NOTE is a file with an earlier checkpoint of the log, HASH a leaf hash in hexadecimal, FILE a tlog-proof for the newest
//! checkpoint. Prints what was checked as JSON; exits with 1 and the reason when anything does not hold.

mod http;
mod metamorphic;
mod sumdb;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

/// What is to be checked.
#[derive(Debug, Default)]
struct Task {
    log: String,
    vkey: String,
    cosigner: String,
    older: Vec<String>,
    leaves: Vec<Leaf>,
    proofs: Vec<(u64, String)>,
}

/// A leaf that must be in the log.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    index: u64,
    hash: [u8; 32],
}

fn main() -> ExitCode {
    match run() {
        Ok(report) => {
            let written = std::io::stdout().write_all(report.to_string().as_bytes());
            written.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<serde_json::Value> {
    let task = Task::parse(std::env::args().skip(1))?;
    let log = http::Log::new(&task.log);
    let checkpoint = String::from_utf8(log.get("checkpoint")?).context("the checkpoint is no text")?;
    Ok(serde_json::json!({
        "metamorphic": metamorphic::check(&task, &log, &checkpoint).context("metamorphic-log")?,
        "sumdb": sumdb::check(&task, &log, &checkpoint).context("tlog_tiles")?,
    }))
}

impl Task {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut task = Self::default();
        while let Some(name) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--log" => task.log = value,
                "--vkey" => task.vkey = value,
                "--cosigner" => task.cosigner = value,
                "--older" => task.older.push(std::fs::read_to_string(value)?),
                "--leaf" => task.leaves.push(value.parse()?),
                "--proof" => {
                    let (index, file) = value.split_once(':').context("--proof INDEX:FILE")?;
                    task.proofs.push((index.parse()?, std::fs::read_to_string(file)?));
                }
                _ => bail!("unknown option {name}"),
            }
        }
        if [&task.log, &task.vkey, &task.cosigner]
            .into_iter()
            .any(String::is_empty)
        {
            bail!("--log, --vkey and --cosigner are needed");
        }
        Ok(task)
    }
}

impl std::str::FromStr for Leaf {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (index, hex) = text.split_once(':').context("--leaf INDEX:HASH")?;
        let bytes: Vec<u8> = (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap_or_default(), 16))
            .collect::<Result<_, _>>()?;
        let hash = bytes.try_into().ok().context("a leaf hash is 64 hexadecimal digits")?;
        Ok(Self {
            index: index.parse()?,
            hash,
        })
    }
}
