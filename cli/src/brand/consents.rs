//! `placet brand consents`: what people answered, each with the brand's own reference.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use placet_kernel::arrival::{self, Setting};
use placet_schemas::id::{Did, Digest};
use placet_schemas::lifecycle::{self, Effective, State};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Record};
use placet_schemas::time::Timestamp;
use serde::Serialize;

use super::customers::{self, CustomersArgs};
use super::feed::{self, Feed};
use super::memory::{Memory, StateArgs};
use crate::client::ServerArgs;
use crate::output::{Output, table};
use crate::pinned::{Pinned, TrustArgs};
use crate::token::BrandToken;
use crate::{FAILURE, files, system, words};

/// Ending of the memory's name, where it has none of its own.
const STATE_FILE: &str = "state.json";

/// List the consents of the brand, from its feed
///
/// The feed is read whole, and must add up to the head that the operator signed. It must have grown from the feed that was
/// read last, which is remembered beside the list of customers; if it has not, the proof is put there. Exit status 1 then, and
/// when a record is in the feed that should not be.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    customers: CustomersArgs,
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    token: BrandToken,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    controller: Did,
    feed_size: u64,
    log_size: u64,
    /// When the operator signed the head.
    time: Timestamp,
    /// Whether the keys come from a trust file.
    pinned: bool,
    consents: Vec<Consent>,
    /// Records whose proof was destroyed.
    destroyed: usize,
    /// Records that are in the feed although a rule is against it.
    faults: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Consent {
    consent: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    effective: Effective,
    index: u64,
    request: Digest,
    subject: Did,
    given_at: Timestamp,
    valid_until: Timestamp,
    purposes: Vec<String>,
    erasure_requested: bool,
}

/// What the items so far amount to.
#[derive(Default)]
struct Ledger {
    keys: Option<ControllerKeys>,
    requests: BTreeMap<Digest, ConsentRequest>,
    consents: BTreeMap<Digest, Entry>,
    /// Log indexes of what was destroyed.
    destroyed: Vec<u64>,
    faults: Vec<String>,
}

struct Entry {
    index: u64,
    invitation: Option<Digest>,
    state: State,
    erasure_requested: bool,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<ExitCode> {
    let client = args.server.client()?.with_token(args.token.read()?);
    let pinned = Pinned::of(&client, &args.trust).await?;
    let beside = || files::beside(&args.customers.customers, STATE_FILE);
    let mut memory = Memory::open(&args.state.state.clone().unwrap_or_else(beside))?;
    let feed = feed::read(&client, &pinned, &mut memory).await?;
    let report = report(&feed, &pinned, &args.customers.customers)?;
    let code = if report.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILURE)
    };
    out.result(&report, text)?;
    Ok(code)
}

fn report(feed: &Feed, pinned: &Pinned, customers: &Path) -> Result<Report> {
    let operators: Vec<Did> = pinned.trust.operators().cloned().collect();
    let mut ledger = Ledger::default();
    for (index, record) in &feed.items {
        let setting = Setting {
            origin: pinned.trust.origin(),
            operators: &operators,
            keys: ledger.keys.as_ref(),
            now: None,
        };
        let judged = arrival::check(&record.record, &setting).map_err(|refusal| refusal.to_string());
        if let Err(why) = judged.and_then(|_| follow(&mut ledger, *index, &record.record)) {
            ledger
                .faults
                .push(format!("log index {index}, {}: {why}", record.record.kind()));
        }
    }
    let given = ledger.consents.values();
    let given = given.filter_map(|entry| Some((entry.invitation?, entry.index)));
    customers::follow(customers, &given.collect(), &ledger.destroyed)?;
    let names = customers::read(customers)?;
    let now = system::now()?;
    let mut consents: Vec<Consent> = ledger
        .consents
        .into_iter()
        .map(|(id, entry)| row(id, entry, &names, now))
        .collect();
    consents.sort_by_key(|consent| consent.index);
    Ok(Report {
        controller: feed.head.statement.controller.clone(),
        feed_size: feed.head.statement.feed_size,
        log_size: feed.head.statement.size,
        time: feed.head.statement.time,
        pinned: pinned.from_file,
        consents,
        destroyed: ledger.destroyed.len(),
        faults: ledger.faults,
    })
}

/// Replays one record, by the rules that the ledger itself is bound to.
fn follow(ledger: &mut Ledger, index: u64, record: &Record) -> Result<(), String> {
    match &record.body {
        Body::ControllerKeys(keys) => ledger.keys = Some((**keys).clone()),
        Body::Destruction(destruction) => {
            // Its events may have been on a page that was read before.
            let leaves = destruction.leaves.as_slice();
            ledger.consents.retain(|_, entry| !leaves.contains(&entry.index));
            ledger.destroyed.extend_from_slice(leaves);
        }
        Body::ConsentRequest(request) => {
            ledger.requests.insert(record.digest(), (**request).clone());
        }
        // About no single consent.
        Body::AccessBatch(_) => {}
        body => {
            let id = record.consent().unwrap_or_else(|| record.digest());
            let answered = match body {
                Body::ConsentGrant(grant) => ledger.requests.get(&grant.request),
                Body::Renewal(renewal) => ledger.requests.get(&renewal.request),
                _ => None,
            };
            let entry = ledger.consents.get_mut(&id);
            let state = lifecycle::apply(entry.as_ref().map(|entry| &entry.state), record, answered);
            let state = state.map_err(|error| error.to_string())?;
            let erasure = matches!(body, Body::ErasureRequest(_));
            if let Some(entry) = entry {
                entry.state = state;
                entry.erasure_requested |= erasure;
            } else {
                let invitation = record.proof.challenge.as_ref().map(|invitation| invitation.digest());
                ledger.consents.insert(
                    id,
                    Entry {
                        index,
                        invitation,
                        state,
                        erasure_requested: false,
                    },
                );
            }
        }
    }
    Ok(())
}

fn row(id: Digest, entry: Entry, customers: &BTreeMap<Digest, String>, now: Timestamp) -> Consent {
    let state = entry.state;
    Consent {
        consent: id,
        customer: entry
            .invitation
            .and_then(|invitation| customers.get(&invitation).cloned()),
        effective: lifecycle::effective(&state, now),
        index: entry.index,
        request: state.request,
        subject: state.subject,
        given_at: state.given_at,
        valid_until: state.valid_until,
        purposes: state
            .scope
            .clauses()
            .iter()
            .map(|clause| clause.purpose.id.to_string())
            .collect(),
        erasure_requested: entry.erasure_requested,
    }
}

fn text(report: &Report) -> String {
    let rows: Vec<_> = report
        .consents
        .iter()
        .map(|consent| {
            let erasure = if consent.erasure_requested { ", erase" } else { "" };
            [
                consent.consent.to_string(),
                consent.customer.clone().unwrap_or_else(|| "-".to_owned()),
                format!("{:?}{erasure}", consent.effective),
                consent.given_at.to_string(),
                consent.valid_until.to_string(),
                consent.purposes.len().to_string(),
                words::short(&consent.request),
            ]
        })
        .collect();
    let mut text = table(
        ["CONSENT", "CUSTOMER", "STATE", "GIVEN", "UNTIL", "CLAUSES", "REQUEST"],
        &rows,
    );
    let keys = if report.pinned {
        "the keys in the trust file"
    } else {
        "the keys that the ledger announces itself"
    };
    text.push_str(&format!(
        "\nconsents {}, feed items {}, log size {} at {}; judged by {keys}\n",
        report.consents.len(),
        report.feed_size,
        report.log_size,
        report.time
    ));
    if report.destroyed > 0 {
        text.push_str(&format!(
            "{} records were destroyed; what this list knew of those customers is gone too\n",
            report.destroyed
        ));
    }
    for fault in &report.faults {
        text.push_str(&format!("FAULT: {fault}\n"));
    }
    text
}
