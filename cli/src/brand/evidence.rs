//! `placet brand evidence`: what shows somebody else that a decision was right, and when it was made.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use placet_kernel::bundle::MAX_BUNDLE_BYTES;
use placet_schemas::api::EvidenceOrder;
use placet_schemas::id::{Digest, RecordId};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use serde::Serialize;

use super::verifier::VerifierArgs;
use crate::files;
use crate::output::Output;

/// Fetch the evidence of a decision from the verifier that made it
///
/// The file is an evidence bundle of the consent, with the decision in it; `placet verify` says whether the decision was right at its
/// time. By when it was made shows only when it has been anchored, a minute or two after.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The decision's evaluation_id, as its answer and the access lines have it
    #[arg(value_name = "EVALUATION")]
    evaluation: RecordId,
    /// Its evaluated_at: when it was made; or the time of the access line about it
    #[arg(value_name = "TIME")]
    at: Timestamp,
    /// The consent, where the decision rests on several; the first when absent
    #[arg(long, value_name = "DIGEST")]
    consent: Option<Digest>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    verifier: VerifierArgs,
}

#[derive(Serialize)]
struct Report {
    file: PathBuf,
    anchored: bool,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let order = EvidenceOrder {
        evaluation_id: args.evaluation,
        evaluated_at: args.at,
        consent: args.consent,
    };
    let bytes = args.verifier.client()?.evidence_of_decision(&order).await?;
    let document = json::parse(&bytes, MAX_BUNDLE_BYTES).context("the verifier's answer is no bundle")?;
    let decisions = document.root().get("decisions").and_then(|node| node.as_array());
    let anchored = decisions.is_some_and(|parts| parts.iter().any(|part| part.get("batch").is_some()));
    files::write(&args.out, &bytes, files::SECRET)?;
    let report = Report {
        file: args.out,
        anchored,
    };
    out.result(&report, |report| {
        let file = report.file.display();
        if report.anchored {
            format!("{file}: the decision and its evidence; `placet verify {file} --trust …` judges both")
        } else {
            format!("{file}: the decision and its evidence. It is not anchored yet: fetch it again in a minute or two")
        }
    })
}
