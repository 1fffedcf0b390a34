//! `placet keygen`: the keys of a new node.

mod brand;
mod issuer;
mod verifier;
mod webhook;

use std::path::{Path, PathBuf};

use anyhow::Result;
use placet_kernel::trust::TrustFile;
use placet_schemas::id::Origin;
use serde::Serialize;

use crate::node::{self, Made};
use crate::output::Output;

/// Make the keys of a node, of an issuer, of a brand, of a brand's verifier, or of its webhook
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Other {
    Brand(brand::Args),
    Verifier(verifier::Args),
    Issuer(issuer::Args),
    Webhook(webhook::Args),
}

#[derive(Debug, clap::Args)]
struct NodeArgs {
    /// Folder of the node
    #[arg(long, env = "PLACET_DIR", default_value = node::DEFAULT_DIR)]
    dir: PathBuf,
    /// Name of the log, once and for all: a host and a path without a scheme
    #[arg(long, env = "PLACET_ORIGIN", default_value = node::DEFAULT_ORIGIN)]
    origin: Origin,
    /// Address at which people reach the node, such as https://ledger.example
    #[arg(long, env = "PLACET_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    keys: &'a Path,
    trust_file: &'a Path,
    trust: &'a TrustFile,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<()> {
    match args.other {
        Some(Other::Brand(args)) => return brand::run(args, out),
        Some(Other::Verifier(args)) => return verifier::run(&args, out),
        Some(Other::Issuer(args)) => return issuer::run(&args, out),
        Some(Other::Webhook(args)) => return webhook::run(args, out),
        None => {}
    }
    let public_url = args.node.public_url.as_deref().map(node::public_url).transpose()?;
    let made = node::create(&args.node.dir, &args.node.origin, public_url.as_deref())?;
    show(&made, out)
}

fn show(made: &Made, out: &Output) -> Result<()> {
    let report = Report {
        keys: &made.keys,
        trust_file: &made.trust,
        trust: &made.file,
    };
    out.result(&report, |report| {
        let mut text = format!("keys:       {} (private: back them up)\n", report.keys.display());
        text.push_str(&format!(
            "trust file: {} (public: give it to whoever is to judge)\n",
            report.trust_file.display()
        ));
        for line in fingerprints(report.trust) {
            text.push_str(&line);
            text.push('\n');
        }
        text
    })
}

/// The public keys, one a line.
pub(crate) fn fingerprints(trust: &TrustFile) -> Vec<String> {
    let mut lines = Vec::new();
    for log in &trust.logs {
        lines.push(format!("log         {}", log.origin));
        lines.extend(
            log.checkpoint_keys
                .iter()
                .map(|key| format!("checkpoint  {}", key.vkey)),
        );
        lines.extend(log.cosigner_keys.iter().map(|key| format!("cosigner    {}", key.vkey)));
        lines.extend(log.operator_keys.iter().map(|key| format!("operator    {}", key.key)));
    }
    lines
}
