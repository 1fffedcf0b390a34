//! `placet wallet accesses`: what brands say that they did with her data, each line judged as nobody's friend would.
//!
//! A line that holds is what the brand said, and cannot take back. Whether it is true, and whether anything was left out, no
//! proof tells; the text says so.

use anyhow::{Context as _, Result, bail};
use placet_kernel::access::{AccessError, VerifiedAccess, verify_access};
use placet_kernel::bundle::Verdict;
use placet_schemas::access::AccessLine;
use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;
use serde::Serialize;

use super::book::KnownConsent;
use super::meet::{NodeArgs, meet_again};
use super::report::short;
use super::store::Wallet;
use super::{FileArgs, session};
use crate::client::{Client, ClientError};
use crate::output::{self, Output};

/// See what brands say that they did with your data
///
/// Each line is checked on this machine: it is in a batch that a verifier of the brand signed, and the batch is in the log.
/// The command fails when one does not hold.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only one consent, or the first characters of its id; without it, all
    #[arg(long, value_name = "ID")]
    consent: Option<String>,
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    accesses: Vec<Access>,
    /// Consents of which the node has nothing any more.
    gone: Vec<Digest>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Access {
    consent: Digest,
    legal_name: String,
    line: AccessLine,
    /// Log index of the batch, and the line's place in it.
    batch: u64,
    seq: u64,
    verdict: Verdict,
    /// What is wrong, for machines and for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    /// Who signed the batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    verifier: Option<Did>,
    /// By when the batch was in the log, by the operator's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    existed_by: Option<Timestamp>,
}

#[derive(Serialize)]
struct Fault {
    code: String,
    why: String,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let mut wallet = file.open()?;
    let wanted: Vec<Digest> = match &args.consent {
        Some(name) => vec![wallet.book.find(name)?.state.consent],
        None => wallet.book.consents.iter().map(|known| known.state.consent).collect(),
    };
    let mut report = Report {
        accesses: Vec::new(),
        gone: Vec::new(),
    };
    for id in wanted {
        match read(&mut wallet, &id, &args.node, out).await? {
            Some(accesses) => report.accesses.extend(accesses),
            None => report.gone.push(id),
        }
    }
    report.accesses.sort_by_key(|access| access.line.at);
    let wrong = report.accesses.iter().filter(|access| access.fault.is_some()).count();
    out.result(&report, human)?;
    if wrong > 0 {
        bail!("{wrong} of {} lines do not hold", report.accesses.len());
    }
    Ok(())
}

/// The accesses on one consent; `None` if its node has nothing of it.
async fn read(wallet: &mut Wallet, id: &Digest, node: &NodeArgs, out: &Output) -> Result<Option<Vec<Access>>> {
    let consent = wallet.book.consent_mut(id).context("the consent is gone")?.clone();
    let client = node.client(Some(&wallet.book.log(&consent.origin)?.node))?;
    meet_again(&client, wallet, &consent, out).await?;
    let key = consent.key(&wallet.book.seed()?);
    let reader = session::open(&client, &consent.origin, &key).await?;
    pages(&reader, wallet, &consent).await
}

async fn pages(client: &Client, wallet: &Wallet, consent: &KnownConsent) -> Result<Option<Vec<Access>>> {
    let trust = wallet.book.log(&consent.origin)?.bundle_trust()?;
    let id = consent.state.consent;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = match client.accesses(&id, after).await {
            Ok(page) => page,
            Err(ClientError::Problem(problem)) if problem.code == "not_found" => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        for view in &page.accesses {
            let judged = verify_access(view, &page.keys, &id, &consent.origin, &trust);
            let place = (view.batch.index, view.seq);
            all.push(access(consent, view.line.clone(), place, judged));
        }
        let last = page.accesses.last().map(|view| (view.batch.index, view.seq));
        match (page.next, last) {
            // A cursor that does not move on would keep the caller here for ever.
            (Some(_), Some(last)) if after < Some(last) => after = Some(last),
            (Some(_), _) => bail!("the node's list of accesses does not come to an end"),
            (None, _) => return Ok(Some(all)),
        }
    }
}

fn access(
    consent: &KnownConsent,
    line: AccessLine,
    (batch, seq): (u64, u64),
    judged: Result<VerifiedAccess, AccessError>,
) -> Access {
    let mut access = Access {
        consent: consent.state.consent,
        legal_name: consent.legal_name.to_string(),
        line,
        batch,
        seq,
        verdict: Verdict::Holds,
        fault: None,
        verifier: None,
        existed_by: None,
    };
    match judged {
        Ok(verified) => {
            // The name under which the brand was registered then, which may be another by now.
            access.legal_name = verified.legal_name.to_string();
            access.verifier = Some(verified.verifier);
            access.existed_by = verified.existed_by;
        }
        Err(error) => {
            access.verdict = error.verdict();
            access.fault = Some(Fault {
                code: error.code().to_owned(),
                why: error.to_string(),
            });
        }
    }
    access
}

fn human(report: &Report) -> String {
    let mut text = String::new();
    if report.accesses.is_empty() {
        text.push_str(
            "No brand has reported an access to your data. That none has said so does not mean that there was none.\n",
        );
    } else {
        let rows: Vec<_> = report.accesses.iter().map(row).collect();
        let headings = [
            "WHEN",
            "BRAND",
            "SERVICE",
            "PURPOSE",
            "CATEGORIES",
            "PROCESSING",
            "DELIVERY",
            "THIRD PARTY",
            "DECISION",
            "CONSENT",
            "PROVED",
        ];
        text.push_str(&output::table(headings, &rows));
        text.push_str(
            "\nThis is what the brands say of themselves, proved to have been said. A line without a decision was an access \
             that nobody asked about first.\n",
        );
    }
    for access in &report.accesses {
        if let Some(fault) = &access.fault {
            text.push_str(&format!(
                "The line {}.{} does not hold: {}: {}\n",
                access.batch, access.seq, fault.code, fault.why
            ));
        }
    }
    for consent in &report.gone {
        text.push_str(&format!("{}: its node has nothing of it any more.\n", short(consent)));
    }
    text
}

fn row(access: &Access) -> [String; 11] {
    let line = &access.line;
    let categories: Vec<&str> = line.categories.iter().map(|term| term.as_str()).collect();
    let delivery = match line.delivery {
        placet_schemas::scope::Delivery::Copy => "copy",
        placet_schemas::scope::Delivery::InVault => "in vault",
    };
    [
        line.at.to_string(),
        access.legal_name.clone(),
        line.service.as_str().to_owned(),
        line.purpose.to_string(),
        categories.join(", "),
        line.processing.as_str().to_owned(),
        delivery.to_owned(),
        line.third_party
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string),
        if line.evaluation.is_some() { "yes" } else { "none" }.to_owned(),
        short(&access.consent),
        match access.verdict {
            Verdict::Holds => "yes",
            Verdict::CannotTell => "cannot tell",
            Verdict::Fails => "NO",
        }
        .to_owned(),
    ]
}
