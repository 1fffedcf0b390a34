//! `placet keygen webhook`: the secret by which a verifier signs its messages, before it runs.

use std::path::PathBuf;

use anyhow::Result;
use placet_verifier::Webhook;
use serde::Serialize;

use crate::files;
use crate::output::Output;
use crate::verifier::{DEFAULT_DIR, webhook};

/// Make the secret of a brand's webhook, or show where it is
///
/// The file goes to the brand's service that receives the messages: by it that service knows that they are the verifier's.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the verifier
    #[arg(long, env = "PLACET_VERIFIER_DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// Another file than webhook.key in that folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
}

pub(super) fn run(args: Args, out: &Output) -> Result<()> {
    let file = match args.out {
        Some(file) => file,
        None => {
            files::make_folder(&args.dir)?;
            Webhook::secret_file(&args.dir)
        }
    };
    webhook::read_or_make(&file)?;
    out.result(&Report { file }, |report| {
        format!(
            "secret    {} (private: the receiver of the webhook has it too)",
            report.file.display()
        )
    })
}
