//! `placet audit`: an auditor reads the records that its token opens, and checks that each is in the log.

use anyhow::{Context as _, Result, ensure};
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::feed::check_opening;
use placet_schemas::api::{AuditScope, OpeningsAnswer};
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::{CanonicalRecord, Kind};
use placet_schemas::time::Timestamp;
use serde::Serialize;

use crate::client::ServerArgs;
use crate::output::{Output, table};
use crate::pinned::{Pinned, TrustArgs};
use crate::token::AuditorToken;

/// Read the records of an audited brand, as its auditor
///
/// Each is opened and must be in the log that the pinned keys signed. The brand sees each use.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    token: AuditorToken,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    controller: Did,
    audit: AuditScope,
    /// Whether the keys come from a trust file.
    pinned: bool,
    records: Vec<Opened>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    index: u64,
    kind: Kind,
    digest: Digest,
    issuer: Did,
    valid_from: Timestamp,
    record: serde_json::Value,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let client = args.server.client()?.with_token(args.token.read()?);
    let pinned = Pinned::of(&client, &args.trust).await?;
    let mut records: Vec<Opened> = Vec::new();
    let mut after = None;
    loop {
        let page = client.openings(after).await?;
        take(&page, &pinned, &mut records)?;
        match page.next {
            // A cursor that does not move on would keep the caller here for ever.
            Some(next) if after < Some(next) => after = Some(next),
            _ => {
                let report = Report {
                    controller: page.controller,
                    audit: page.audit,
                    pinned: pinned.from_file,
                    records,
                };
                return out.result(&report, text);
            }
        }
    }
}

fn take(page: &OpeningsAnswer, pinned: &Pinned, records: &mut Vec<Opened>) -> Result<()> {
    let signed = SignedCheckpoint::open(page.checkpoint.as_bytes(), pinned.trust.checkpoint_keys())?;
    let head = signed.checkpoint();
    for item in &page.items {
        let CanonicalRecord { record, bytes } = check_opening(item, head.size(), &head.root())
            .with_context(|| format!("the record at index {} does not hold", item.index))?;
        let later = records.last().is_none_or(|last| last.index < item.index);
        ensure!(later, "the record at index {} is not in the log's order", item.index);
        records.push(Opened {
            index: item.index,
            kind: record.kind(),
            digest: record.digest(),
            issuer: record.issuer.clone(),
            valid_from: record.valid_from,
            record: serde_json::from_slice(&bytes)?,
        });
    }
    Ok(())
}

fn text(report: &Report) -> String {
    let rows: Vec<_> = report
        .records
        .iter()
        .map(|opened| {
            [
                opened.index.to_string(),
                opened.kind.to_string(),
                opened.valid_from.to_string(),
                opened.digest.to_string(),
                opened.issuer.to_string(),
            ]
        })
        .collect();
    let mut text = table(["INDEX", "KIND", "SIGNED", "DIGEST", "BY"], &rows);
    let keys = if report.pinned {
        "the keys in the trust file"
    } else {
        "the keys that the ledger announces itself"
    };
    let AuditScope { from, to, case } = &report.audit;
    text.push_str(&format!(
        "\nrecords {} of {}, in the log between {from} and {to}, case {case}; judged by {keys}\n",
        rows.len(),
        report.controller
    ));
    text
}
