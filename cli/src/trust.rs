//! `placet trust`: which witnesses a trust file asks for.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use placet_kernel::note::VerifierKey;
use placet_kernel::trust::{Group, MAX_TRUST_BYTES, QUORUM_NONE, Trust, TrustFile, Witness};
use serde::Serialize;

use crate::files;
use crate::output::Output;

/// The name of the group that this command makes.
const GROUP: &str = "quorum";

/// Say which witnesses must have cosigned before a time counts
///
/// The file is read, its witnesses and quorum are replaced, and it is written: keys of logs stay as they are. Get a
/// witness's vkey from the witness, not from the log that it watches.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The trust file
    file: PathBuf,
    /// The vkey of a witness; again for each further one
    #[arg(long = "witness", value_name = "VKEY")]
    witnesses: Vec<VerifierKey>,
    /// How many of them must have cosigned, or none: times are then the operator's word
    #[arg(long, value_name = "N|none")]
    quorum: String,
    /// Write the result there instead
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    file: String,
    witnesses: Vec<&'a str>,
    quorum: &'a str,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<()> {
    let bytes = files::read(&args.file, MAX_TRUST_BYTES)?;
    Trust::parse(&bytes).with_context(|| format!("{} is no trust file", args.file.display()))?;
    let mut file: TrustFile = serde_json::from_slice(&bytes)?;
    let names = args.witnesses.iter().map(|vkey| vkey.name().as_str());
    let named = args.witnesses.iter().map(|vkey| Witness {
        name: vkey.name().as_str().to_owned(),
        vkey: vkey.to_string(),
    });
    file.witnesses = named.collect();
    file.groups = Vec::new();
    QUORUM_NONE.clone_into(&mut file.quorum);
    if args.quorum != QUORUM_NONE {
        let Ok(threshold) = args.quorum.parse() else {
            bail!("--quorum is a number of witnesses, or none");
        };
        file.groups.push(Group {
            name: GROUP.to_owned(),
            threshold,
            members: names.clone().map(str::to_owned).collect(),
        });
        GROUP.clone_into(&mut file.quorum);
    }
    let text = format!("{}\n", serde_json::to_string_pretty(&file)?);
    Trust::parse(text.as_bytes()).context("this makes no trust file")?;
    let path = args.out.as_ref().unwrap_or(&args.file);
    files::write(path, text.as_bytes(), files::PUBLIC)?;
    let report = Report {
        file: path.display().to_string(),
        witnesses: names.collect(),
        quorum: &args.quorum,
    };
    out.result(&report, |report| match report.quorum {
        QUORUM_NONE => format!(
            "{}: no witness is asked for; times are the operator's word",
            report.file
        ),
        quorum => format!(
            "{}: a time counts when {quorum} of {} witnesses signed",
            report.file,
            report.witnesses.len()
        ),
    })
}
