//! `placet wallet show`: what the wallet knows, and with `--refresh` what the log says.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use placet_schemas::id::{Digest, Origin};
use placet_schemas::lifecycle::{Effective, State, effective};
use placet_schemas::time::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::book::{KeptFork, KnownConsent};
use super::meet::{TransportArgs, meet_again};
use super::report::{short, state_words};
use super::store::Wallet;
use super::{FileArgs, evidence, page, session, watch};
use crate::files;
use crate::output::{self, Output};
use crate::system;

/// Language in which clauses are shown where nothing else is known.
const LANGUAGE: &str = "en";

/// See the consents
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One consent, or the first characters of its id; without it, all are listed
    consent: Option<String>,
    /// Ask the logs, and check that they tell everyone the same
    #[arg(long)]
    refresh: bool,
    /// Write the consent's evidence bundle to this file: whoever has it and a trust file can verify it offline
    #[arg(long, value_name = "FILE", requires = "consent")]
    evidence: Option<PathBuf>,
    #[command(flatten)]
    transport: TransportArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    consents: Vec<Line<'a>>,
    /// Records that were sent and not answered.
    pending: usize,
    forks: &'a [KeptFork],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    consent: Digest,
    legal_name: &'a str,
    origin: &'a Origin,
    node: &'a str,
    effective: Effective,
    valid_until: Timestamp,
    clauses: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    state: &'a State,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal_code: Option<&'a str>,
    records: Vec<KeptRecord<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeptRecord<'a> {
    index: u64,
    /// The record's own bytes.
    record: &'a RawValue,
    answer: &'a placet_schemas::api::RecordAnswer,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let mut wallet = file.open()?;
    let wanted: Vec<Digest> = match &args.consent {
        Some(name) => vec![wallet.book.find(name)?.state.consent],
        None => wallet.book.consents.iter().map(|known| known.state.consent).collect(),
    };
    if args.refresh || args.evidence.is_some() {
        for consent in &wanted {
            let bundle = refresh(&mut wallet, consent, &args.transport, out).await?;
            if let Some(path) = &args.evidence {
                files::write(path, &bundle, files::SECRET)?;
                out.line(format!("The evidence is in {}.", path.display()))?;
            }
        }
    }
    match &args.consent {
        Some(name) => detail(wallet.book.find(name)?, &wallet, out),
        None => list(&wallet, out),
    }
}

/// Holds the wallet against the log's evidence. Gives the bundle.
async fn refresh(wallet: &mut Wallet, id: &Digest, transport: &TransportArgs, out: &Output) -> Result<Vec<u8>> {
    let consent = wallet.book.consent_mut(id).context("the consent is gone")?.clone();
    let client = transport.client(&wallet.book.log(&consent.origin)?.node)?;
    meet_again(&client, wallet, &consent, out).await?;
    watch::look(&client, wallet, &consent.origin).await?;
    let key = consent.key(&wallet.book.seed()?);
    let reader = session::open(&client, &consent.origin, &key).await?;
    let found = evidence::fetch(&reader, wallet, &consent.origin, &consent.state.subject, id).await?;
    let known = wallet.book.consent_mut(id).context("the consent is gone")?;
    let news = evidence::take(known, &found.story)?;
    wallet.save()?;
    for event in news {
        out.line(format!("{}: not by this wallet: {event}", short(id)))?;
    }
    Ok(found.bytes)
}

fn line<'a>(known: &'a KnownConsent, wallet: &'a Wallet) -> Result<Line<'a>> {
    Ok(Line {
        consent: known.state.consent,
        legal_name: known.legal_name.as_str(),
        origin: &known.origin,
        node: &wallet.book.log(&known.origin)?.node,
        effective: effective(&known.state, system::now()?),
        valid_until: known.state.valid_until,
        clauses: known.state.scope.clauses().len(),
    })
}

fn list(wallet: &Wallet, out: &Output) -> Result<()> {
    let lines = wallet
        .book
        .consents
        .iter()
        .map(|known| line(known, wallet))
        .collect::<Result<_>>()?;
    let list = List {
        consents: lines,
        pending: wallet.book.pending.len(),
        forks: &wallet.book.forks,
    };
    out.result(&list, |list| {
        let row = |line: &Line<'_>| {
            let state = state_words(line.effective).to_owned();
            [
                short(&line.consent),
                line.legal_name.to_owned(),
                state,
                line.valid_until.to_string(),
                line.clauses.to_string(),
            ]
        };
        let rows: Vec<_> = list.consents.iter().map(row).collect();
        let mut text = match rows.is_empty() {
            true => "The wallet has no consents yet.\n".to_owned(),
            false => output::table(["CONSENT", "BRAND", "STATE", "UNTIL", "CLAUSES"], &rows),
        };
        if list.pending > 0 {
            text.push_str(&format!(
                "{} record(s) sent without an answer: run the same command again, and the same bytes are sent.\n",
                list.pending
            ));
        }
        for fork in list.forks {
            text.push_str(&format!(
                "{} has signed two different trees of size {}: both notes are kept, see --json.\n",
                fork.origin, fork.size
            ));
        }
        text
    })
}

fn detail(known: &KnownConsent, wallet: &Wallet, out: &Output) -> Result<()> {
    let mut records = Vec::with_capacity(known.kept.len());
    for kept in &known.kept {
        records.push(KeptRecord {
            index: kept.answer.acknowledgement.statement.index,
            record: serde_json::from_str(&kept.record).context("a kept record is damaged")?,
            answer: &kept.answer,
        });
    }
    let detail = Detail {
        line: line(known, wallet)?,
        state: &known.state,
        withdrawal_code: known.code.as_ref().map(|code| code.as_str()),
        records,
    };
    out.result(&detail, human)
}

fn human(detail: &Detail<'_>) -> String {
    let Detail { line, state, .. } = detail;
    let mut text = format!("{}: {}\n", line.legal_name, state_words(line.effective));
    for (label, value) in [
        ("Consent", line.consent.to_string()),
        ("Request", state.request.to_string()),
        ("Brand", state.controller.to_string()),
        ("You", state.subject.to_string()),
        ("Log", format!("{} at {}", line.origin, line.node)),
        ("Given", state.given_at.to_string()),
        ("Until", line.valid_until.to_string()),
        (
            "Code",
            detail.withdrawal_code.unwrap_or("not in this wallet").to_owned(),
        ),
    ] {
        text.push_str(&format!("  {label:<8} {value}\n"));
    }
    text.push_str("\nWHAT IS GRANTED\n\n");
    text.push_str(&page::clauses(state.scope.clauses(), LANGUAGE));
    let indexes: Vec<String> = detail.records.iter().map(|kept| kept.index.to_string()).collect();
    if !indexes.is_empty() {
        text.push_str(&format!(
            "\nThis wallet's records are at index {} of the log.\n",
            indexes.join(", ")
        ));
    }
    text
}
