//! `placet wallet withdraw`: end a consent, with the wallet or with nothing but the code on paper.

use std::io::{BufRead as _, BufReader, Read as _};

use anyhow::{Result, anyhow, bail};
use placet_kernel::code::WithdrawalCode;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::record::{Body, CanonicalRecord, Kind};
use placet_wallet::Pen;
use placet_wallet::acknowledgement::check_acknowledgement;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records;
use placet_wallet::sight::Sight;
use serde::Serialize;
use zeroize::Zeroizing;

use super::book::KnownLog;
use super::meet::NodeArgs;
use super::{FileArgs, report, send, watch};
use crate::client::Client;
use crate::output::Output;
use crate::system;

/// Longest line that may hold a code.
const MAX_TYPED: u64 = 1024;

/// End a consent
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The consent, or the first characters of its id
    #[arg(required_unless_present = "code", conflicts_with = "code")]
    consent: Option<String>,
    /// The withdrawal code from the paper, or - to read it from standard input, where no other program sees it; needs no
    /// wallet
    #[arg(long, requires = "node")]
    code: Option<String>,
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ByCode {
    consent: Digest,
    record: Digest,
    index: u64,
    size: u64,
    findings: Vec<String>,
    origin: String,
    /// The keys that the node itself named: without a wallet there are no others.
    keys: [String; 3],
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    match (args.consent, args.code) {
        (Some(consent), _) => by_key(&consent, &args.node, file, out).await,
        (None, Some(code)) => by_code(&typed(code)?, &args.node.client(None)?, out).await,
        (None, None) => bail!("which consent? Name it, or give --code"),
    }
}

/// The code itself: as given, or from standard input.
fn typed(code: String) -> Result<Zeroizing<String>> {
    if code != "-" {
        return Ok(Zeroizing::new(code));
    }
    let mut line = Zeroizing::new(String::new());
    BufReader::new(std::io::stdin().take(MAX_TYPED)).read_line(&mut line)?;
    Ok(line)
}

async fn by_key(name: &str, node: &NodeArgs, file: &FileArgs, out: &Output) -> Result<()> {
    let mut wallet = file.open()?;
    let consent = wallet.book.find(name)?.clone();
    let client = node.client(Some(&wallet.book.log(&consent.origin)?.node))?;
    if let Some(pending) = wallet.book.pending_of(&consent.state.consent, Kind::Withdrawal)? {
        let sent = send::again(&mut wallet, &client, pending).await?;
        return report::recorded(out, "Withdrawn", sent);
    }
    // A log that forks or does not answer is no reason to keep a consent: the anchor is then left as it was seen last.
    let looked = watch::look(&client, &mut wallet, &consent.origin).await;
    let anchor = wallet.book.log(&consent.origin)?.sight()?.anchor();
    let key = consent.key(&wallet.book.seed()?);
    let pen = Pen {
        origin: &consent.origin,
        key: &key,
        random: system::random()?,
        now: system::now()?,
    };
    let built = records::withdraw(&consent.state, looked.is_ok().then_some(anchor), &pen);
    let built = built.map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let sent = send::first(&mut wallet, &client, built, consent.clone()).await?;
    let reported = report::recorded(out, "Withdrawn", sent);
    looked.map_err(|error| error.context("the withdrawal is recorded, but something is wrong with the log"))?;
    reported
}

async fn by_code(text: &str, client: &Client, out: &Output) -> Result<()> {
    let code: WithdrawalCode = text.parse()?;
    let log = KnownLog::new(client.url(), &client.log().await?);
    let answer = client.withdraw_by_code(code.to_string()).await?;
    let record = CanonicalRecord::parse(&serde_json::to_vec(&answer.record)?);
    let record = record.map_err(|fault| anyhow!("the log's record is malformed: {fault}"))?;
    let Body::Withdrawal(withdrawal) = &record.record.body else {
        bail!("the log answered with a record that is no withdrawal");
    };
    if record.record.issuer != SoftwareKey::withdrawal(&code).did() {
        bail!("the log answered with a withdrawal that is not signed with this code");
    }
    let answer = RecordAnswer {
        acknowledgement: answer.acknowledgement,
        checkpoint: answer.checkpoint,
        findings: answer.findings,
        proof: answer.proof,
        salt: answer.salt,
    };
    let acknowledged = check_acknowledgement(&record.bytes, &answer, &log.trust()?, &Sight::default())
        .map_err(|error| anyhow!("{}: the log's answer is not believed: {error}", error.code()))?;
    let report = ByCode {
        consent: withdrawal.consent,
        record: acknowledged.digest,
        index: acknowledged.statement.index,
        size: acknowledged.statement.size,
        findings: answer.findings,
        origin: log.origin.to_string(),
        keys: log.fingerprints(),
    };
    out.result(&report, |report| {
        format!(
            "Withdrawn: consent {}\nRecorded at index {} of the log {}, whose tree has {} leaves.\nIts answer holds by the \
             keys that the node itself names:\n  {}",
            report.consent,
            report.index,
            report.origin,
            report.size,
            report.keys.join("\n  ")
        )
    })
}
