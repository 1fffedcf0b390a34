//! What the brand's own commands need: its key, its token, the ledger and the keys by which that is judged.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use placet_schemas::api::RecordAnswer;
use placet_schemas::record::CanonicalRecord;
use placet_wallet::acknowledgement::{Acknowledged, check_acknowledgement};
use placet_wallet::sight::Sight;
use placet_wallet::{BuildError, Pen};
use serde::Serialize;

use super::memory::{Memory, StateArgs};
use crate::client::{Client, ServerArgs};
use crate::keyfile::BrandKey;
use crate::output::Output;
use crate::pinned::{Pinned, TrustArgs};
use crate::system;
use crate::token::BrandToken;

/// Arguments of every command by which a brand signs something.
#[derive(Debug, clap::Args)]
pub(super) struct SessionArgs {
    /// The brand's key file, as `placet keygen brand` makes it
    #[arg(long, env = "PLACET_BRAND_KEY", value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    state: StateArgs,
}

/// A brand at a ledger.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) key: BrandKey,
    pub(super) client: Client,
    pub(super) pinned: Pinned,
    /// Where acknowledgements are remembered, if they are.
    state: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report {
    consent: String,
    digest: String,
    index: u64,
    findings: Vec<String>,
}

/// A record that was built, or why not, with the code that a ledger would give.
pub(super) fn built(result: Result<CanonicalRecord, BuildError>) -> Result<CanonicalRecord> {
    result.map_err(|error| anyhow!("{}: {error}", error.code()))
}

impl Session {
    /// Reads the key and asks the ledger who it is.
    pub(super) async fn open(args: &SessionArgs) -> Result<Self> {
        let key = BrandKey::read(&args.key)?;
        let client = args.server.client()?;
        let pinned = Pinned::of(&client, &args.trust).await?;
        let state = args.state.state.clone();
        Ok(Self {
            key,
            client,
            pinned,
            state,
        })
    }

    /// The same with the brand's token.
    pub(super) async fn open_with(args: &SessionArgs, token: &BrandToken) -> Result<Self> {
        let mut session = Self::open(args).await?;
        session.client = session.client.with_token(token.read()?);
        Ok(session)
    }

    /// What one record is signed with.
    pub(super) fn pen(&self) -> Result<Pen<'_>> {
        Ok(Pen {
            origin: self.pinned.trust.origin(),
            key: &self.key.key,
            random: system::random()?,
            now: system::now()?,
        })
    }

    /// Judges the ledger's answer to a record of this brand, and remembers it.
    pub(super) fn judge(&self, record: &CanonicalRecord, answer: &RecordAnswer) -> Result<Acknowledged> {
        let checked = check_acknowledgement(&record.bytes, answer, &self.pinned.trust, &Sight::default());
        let checked = checked.context("the ledger's answer does not hold; send the command again later")?;
        if checked.statement.controller != self.key.did {
            bail!(
                "the ledger put the record into the feed of {}",
                checked.statement.controller
            );
        }
        if let Some(path) = &self.state {
            Memory::open(path)?.heard(&answer.acknowledgement)?;
        }
        Ok(checked)
    }

    /// Records something that ends a consent, and says so.
    pub(super) async fn record_ending(&self, record: &CanonicalRecord, out: &Output) -> Result<()> {
        let answer = self.client.submit(&record.bytes).await?;
        let checked = self.judge(record, &answer)?;
        let consent = record.record.consent().context("the record names no consent")?;
        let report = Report {
            consent: consent.to_string(),
            digest: checked.digest.to_string(),
            index: checked.statement.index,
            findings: answer.findings,
        };
        out.result(&report, |report| {
            let findings = if report.findings.is_empty() {
                String::new()
            } else {
                format!(" ({})", report.findings.join(", "))
            };
            format!(
                "recorded {} at log index {}{findings}: consent {} has ended",
                record.record.kind(),
                report.index,
                report.consent
            )
        })
    }
}
