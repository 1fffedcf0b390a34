//! `placet audit`: an auditor reads the records that its token opens, and checks that each is in the log.

use anyhow::{Context as _, Result, bail, ensure};
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::feed::{check_opening, check_orphan};
use placet_schemas::api::{AuditScope, OpeningsAnswer};
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::destruction::DestructionGround;
use placet_schemas::record::{Body, CanonicalRecord, Kind};
use placet_schemas::time::Timestamp;
use serde::Serialize;

use crate::client::ServerArgs;
use crate::output::{Output, table};
use crate::pinned::{Pinned, TrustArgs};
use crate::token::AuditorToken;

/// Read the records of an audited brand, as its auditor
///
/// Each is opened, or covered by a destruction, and must be in the log that the pinned keys signed. The brand sees each use.
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
    /// Leaves whose opening was destroyed.
    destroyed: Vec<Orphan>,
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
    #[serde(skip)]
    body: Body,
}

/// A leaf that nothing opens any more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Orphan {
    index: u64,
    /// Log index of the Destruction.
    by: u64,
    /// Its ground; absent when the Destruction is outside the token's period.
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<DestructionGround>,
}

/// What was read so far.
#[derive(Default)]
struct Read {
    records: Vec<Opened>,
    orphans: Vec<Orphan>,
    last: Option<u64>,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let client = args.server.client()?.with_token(args.token.read()?);
    let pinned = Pinned::of(&client, &args.trust).await?;
    let mut read = Read::default();
    let mut after = None;
    loop {
        let page = client.openings(after).await?;
        take(&page, &pinned, &mut read)?;
        match page.next {
            // A cursor that does not move on would keep the caller here for ever.
            Some(next) if after < Some(next) => after = Some(next),
            _ => {
                let Read {
                    records, mut orphans, ..
                } = read;
                for orphan in &mut orphans {
                    orphan.ground = ground(orphan, &records)?;
                }
                let report = Report {
                    controller: page.controller,
                    audit: page.audit,
                    pinned: pinned.from_file,
                    records,
                    destroyed: orphans,
                };
                return out.result(&report, text);
            }
        }
    }
}

fn take(page: &OpeningsAnswer, pinned: &Pinned, read: &mut Read) -> Result<()> {
    let signed = SignedCheckpoint::open(page.checkpoint.as_bytes(), pinned.trust.checkpoint_keys())?;
    let head = signed.checkpoint();
    for item in &page.items {
        let later = read.last.replace(item.index).is_none_or(|last| last < item.index);
        ensure!(later, "the record at index {} is not in the log's order", item.index);
        if let Some(by) = item.destroyed {
            check_orphan(item, head.size(), &head.root())
                .with_context(|| format!("the destroyed leaf at index {} does not hold", item.index))?;
            read.orphans.push(Orphan {
                index: item.index,
                by,
                ground: None,
            });
            continue;
        }
        let CanonicalRecord { record, bytes } = check_opening(item, head.size(), &head.root())
            .with_context(|| format!("the record at index {} does not hold", item.index))?;
        read.records.push(Opened {
            index: item.index,
            kind: record.kind(),
            digest: record.digest(),
            issuer: record.issuer.clone(),
            valid_from: record.valid_from,
            record: serde_json::from_slice(&bytes)?,
            body: record.body,
        });
    }
    Ok(())
}

/// Why the opening is gone, by the Destruction itself: what does not name the leaf does not cover it.
fn ground(orphan: &Orphan, records: &[Opened]) -> Result<Option<DestructionGround>> {
    let Some(record) = records.iter().find(|record| record.index == orphan.by) else {
        return Ok(None);
    };
    match &record.body {
        Body::Destruction(destruction) if destruction.leaves.as_slice().contains(&orphan.index) => {
            Ok(Some(destruction.ground))
        }
        _ => bail!(
            "the ledger withholds the record at index {}: the one at index {} is no destruction of it",
            orphan.index,
            orphan.by
        ),
    }
}

fn text(report: &Report) -> String {
    let opened: Vec<_> = report
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
    let orphans = report.destroyed.iter().map(|orphan| {
        let ground = orphan
            .ground
            .map_or("its ground is outside the period", DestructionGround::as_str);
        [
            orphan.index.to_string(),
            "destroyed".to_owned(),
            String::new(),
            ground.to_owned(),
            format!("#{}", orphan.by),
        ]
    });
    let rows: Vec<_> = opened.into_iter().chain(orphans).collect();
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
