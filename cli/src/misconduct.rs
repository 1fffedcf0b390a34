//! What a command does when a log has signed what cannot all be true: the proof goes into a file beside the person's or the
//! brand's own, and the command says where it is, and fails.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use placet_kernel::bundle::Verdict;
use placet_kernel::misbehaviour::{self, Accusation, Kind};
use placet_kernel::trust::Trust;
use placet_schemas::id::Digest;

use crate::{files, system};

/// How many digits of the file's digest its name has: one proof has one file, however often it is met.
const NAME_DIGITS: usize = 16;

/// Writes the proof and gives the error by which the command ends.
pub(crate) fn proved(accusation: &Accusation, trust: &Trust, beside: &Path) -> anyhow::Error {
    let (kind, origin) = (accusation.claim.kind(), &accusation.origin);
    let (code, what) = match kind {
        Kind::Fork => ("log_fork", "has signed two histories of its log"),
        Kind::FeedFork => ("feed_fork", "has signed two histories of one feed"),
        Kind::AcknowledgementAgainstHead => ("item_dropped", "acknowledged an item and signed a feed without it"),
        Kind::AttestationAgainstEvent => ("record_hidden", "denies an event that it has signed for"),
    };
    match keep(accusation, trust, beside) {
        Ok(path) => anyhow!(
            "{code}: the operator of {origin} {what}. The proof is in {}: `placet verify` judges it, and a supervisory \
             authority should see it",
            path.display()
        ),
        Err(error) => error.context(format!(
            "{code}: the operator of {origin} {what}, and the proof could not be kept"
        )),
    }
}

/// Only what the kernel takes for a proof is kept as one: a file that accuses wrongly would be worse than none.
fn keep(accusation: &Accusation, trust: &Trust, beside: &Path) -> Result<PathBuf> {
    let bytes = accusation.to_bytes()?;
    let report = misbehaviour::verify(&bytes, Some(trust), system::now()?).context("the proof is malformed")?;
    if report.proved != Verdict::Holds {
        let why = report.findings.into_iter().map(|finding| finding.why).next();
        bail!("the proof does not hold: {}", why.unwrap_or_default());
    }
    let name = Digest::of(&bytes).to_string();
    let path = files::beside(beside, &format!("misbehaviour-{}.json", &name[..NAME_DIGITS]));
    // It names a person's records, so it is hers to hand on.
    files::write(&path, &bytes, files::SECRET)?;
    Ok(path)
}
