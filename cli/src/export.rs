//! `placet export`: evidence for one reader.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use placet_kernel::bundle::{self, MAX_BUNDLE_BYTES};
use serde::Serialize;

use crate::files;
use crate::node;
use crate::output::Output;

/// Make evidence ready for a reader: leave out signatures by witnesses that the reader's trust file does not name
///
/// The judge refuses a bundle with signatures that it cannot check. Nothing is judged here.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The evidence bundle
    evidence: PathBuf,
    /// The reader's trust file
    #[arg(long, env = "PLACET_TRUST", value_name = "FILE")]
    trust: PathBuf,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    out: String,
    left_out_bytes: usize,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<()> {
    let bytes = files::read(&args.evidence, MAX_BUNDLE_BYTES)?;
    let trust = node::read_trust(&args.trust)?;
    let exported = bundle::strip(&bytes, &trust)
        .map_err(|fault| anyhow!("{} is no evidence bundle: {fault}", args.evidence.display()))?;
    files::write(&args.out, &exported, files::PUBLIC)?;
    let report = Report {
        out: args.out.display().to_string(),
        left_out_bytes: bytes.len().saturating_sub(exported.len()),
    };
    out.result(&report, |report| match report.left_out_bytes {
        0 => format!("{}: nothing had to be left out", report.out),
        _ => format!(
            "{}: signatures that this trust file does not name are left out",
            report.out
        ),
    })
}
