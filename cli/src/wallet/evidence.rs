//! Asking the log what it has of a consent, and judging it: the evidence bundle is believed or not, as any judge would.

use anyhow::{Context as _, Result, anyhow, bail};
use placet_kernel::bundle::{self, Story, Verdict};
use placet_kernel::misbehaviour;
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::json::{self, Fault};

use super::book::KnownConsent;
use super::store::Wallet;
use crate::client::Client;
use crate::{misconduct, system};

/// A bundle that holds, and what it tells.
pub(super) struct Evidence {
    /// The bundle's bytes.
    pub(super) bytes: Vec<u8>,
    /// What happened, by the bundle.
    pub(super) story: Story,
}

/// Fetches the bundle of a consent, in a session of its DID, and judges it by the log's pinned keys.
///
/// # Errors
/// When it does not hold, or contradicts what the wallet has from before; where that is proof of misbehaviour, it is written
/// beside the wallet.
pub(super) async fn fetch(
    client: &Client,
    wallet: &Wallet,
    origin: &Origin,
    subject: &Did,
    consent: &Digest,
) -> Result<Evidence> {
    let bytes = client.evidence(consent, None).await?;
    let (trust, now) = (wallet.book.log(origin)?.bundle_trust()?, system::now()?);
    let malformed = |fault: Fault| anyhow!("the log's evidence is malformed: {fault}");
    // The wallet pins no witnesses; whoever reads the file that it saves may.
    let judged = bundle::strip(&bytes, &trust).map_err(malformed)?;
    let report = bundle::verify(&judged, Some(&trust), now, None).map_err(malformed)?;
    if let Some(accusation) = misbehaviour::in_bundle(&judged, &wallet.book.statements(origin)) {
        return Err(misconduct::proved(&accusation, &trust, wallet.path()));
    }
    if report.recorded != Verdict::Holds {
        let first = report.findings.first();
        let why = first.map_or_else(
            || "without a finding".to_owned(),
            |found| format!("{}: {}", found.code, found.why),
        );
        bail!("the log's own evidence of the consent does not hold: {why}");
    }
    let story = report.story.context("the log's evidence holds but tells nothing")?;
    if story.consent != *consent || story.subject != *subject {
        bail!("the log's evidence is about another consent than {consent}");
    }
    Ok(Evidence { bytes, story })
}

/// Takes over what the evidence tells, after checking that it has everything that was acknowledged to this wallet. Gives
/// the events of which the wallet did not know.
///
/// # Errors
/// When an acknowledged record is missing. What the operator says of the consent then fits the acknowledgement, or the proof
/// of misbehaviour would have been found: but the log keeps a record of hers from her, and she should know.
pub(super) fn take(consent: &mut KnownConsent, story: &Story) -> Result<Vec<String>> {
    let mut ours = Vec::with_capacity(consent.kept.len());
    for kept in &consent.kept {
        let statement = &kept.answer.acknowledgement.statement;
        let digest = digest_of(&kept.record)?;
        if statement.size <= story.size && !story.events.iter().any(|event| event.digest == digest) {
            bail!(
                "record_hidden: the log acknowledged the record {digest} at index {}, and its evidence leaves it out. The \
                 acknowledgement is kept in the wallet (`placet wallet show --json`)",
                statement.index
            );
        }
        ours.push(digest);
    }
    let news = story.events.iter().filter(|event| !ours.contains(&event.digest));
    let news = news
        .map(|event| format!("{} at index {}, signed by {}", event.kind, event.index, event.signer))
        .collect();
    consent.state = story.state.clone();
    Ok(news)
}

/// The digest of a record that is kept as its canonical bytes.
fn digest_of(record: &str) -> Result<Digest> {
    json::parse_canonical(record.as_bytes(), placet_schemas::record::MAX_RECORD_BYTES)
        .map_err(|fault| anyhow!("a kept record is damaged: {fault}"))?;
    Ok(Digest::of(record.as_bytes()))
}
