//! `placet keygen verifier`: who a verifier will be, before it runs.

use std::path::PathBuf;

use anyhow::Result;
use placet_verifier::DecisionKey;
use serde::Serialize;

use crate::files;
use crate::output::Output;
use crate::verifier::DEFAULT_DIR;

/// Make the key of a brand's verifier, or show which one it has
///
/// The operator's token for it (`placet brand token --verifier`) and the brand's authorization (`placet brand
/// authorize-verifier`) name this key.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the verifier
    #[arg(long, env = "PLACET_VERIFIER_DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    verifier: &'a str,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<()> {
    files::make_folder(&args.dir)?;
    let key = DecisionKey::load_or_make(&args.dir)?;
    let report = Report {
        verifier: key.did().as_str(),
    };
    out.result(&report, |report| report.verifier.to_owned())
}
