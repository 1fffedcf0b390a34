//! Posting a signed record, and what becomes of it.
//!
//! The record is in the wallet's file before its first byte leaves, and stays there until the log has answered for good.
//! So a command that was cut off is simply run again: it sends the same bytes, and the log gives its first answer.

use anyhow::{Context as _, Result, anyhow, bail};
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::{Phase, State};
use placet_wallet::acknowledgement::{AckError, check_acknowledgement};
use placet_wallet::records::Built;

use super::book::{Kept, KnownConsent, Pending};
use super::store::Wallet;
use super::watch;
use crate::client::{Client, ClientError};

/// A record that the log has acknowledged.
pub(super) struct Sent {
    /// The consent, after it.
    pub(super) consent: KnownConsent,
    /// The record's digest.
    pub(super) digest: Digest,
    /// The log's answer.
    pub(super) answer: RecordAnswer,
    /// Whether it had been sent before, without an answer.
    pub(super) again: bool,
    /// The consent's last event, when somebody else has acted on it since.
    pub(super) overtaken_by: Option<Digest>,
    /// What is wrong with the log, although this record is in it: told after the record, never in its place.
    pub(super) alarm: Option<anyhow::Error>,
}

/// Stores a record that was just built, then posts it.
pub(super) async fn first(wallet: &mut Wallet, client: &Client, built: Built, consent: KnownConsent) -> Result<Sent> {
    let pending = Pending {
        record: String::from_utf8(built.bytes).context("a record is UTF-8")?,
        consent: KnownConsent {
            state: built.state,
            ..consent
        },
    };
    wallet.book.pending.push(pending.clone());
    wallet.save()?;
    post(wallet, client, pending, false).await
}

/// Posts a record that got no answer before, as it is.
pub(super) async fn again(wallet: &mut Wallet, client: &Client, pending: Pending) -> Result<Sent> {
    post(wallet, client, pending, true).await
}

async fn post(wallet: &mut Wallet, client: &Client, pending: Pending, again: bool) -> Result<Sent> {
    let answer = match client.submit(pending.record.as_bytes()).await {
        Ok(answer) => answer,
        Err(error) if is_final(&error) => {
            wallet.book.settle(&pending.record);
            wallet.save()?;
            return Err(error.into());
        }
        Err(error) => {
            return Err(anyhow!(error).context(
                "the record is signed and kept, and there is no answer yet; run the same command again, and the same \
                 bytes are sent",
            ));
        }
    };
    let origin = pending.consent.origin.clone();
    let log = wallet.book.log(&origin)?;
    let checked = check_acknowledgement(pending.record.as_bytes(), &answer, &log.trust()?, &log.sight()?);
    let acknowledged = match checked {
        Ok(acknowledged) => acknowledged,
        Err(error) => {
            if let AckError::Fork(fork) = &error {
                return Err(watch::forked(wallet, &origin, fork)?);
            }
            bail!("{}: the log's answer is not believed: {error}", error.code());
        }
    };
    let consent = recorded(wallet, &pending, &answer)?;
    let alarm = watch::take_with_answer(client, wallet, &origin, acknowledged.head).await?;
    wallet.save()?;
    Ok(Sent {
        consent,
        digest: acknowledged.digest,
        answer,
        again,
        overtaken_by: acknowledged.overtaken_by,
        alarm,
    })
}

/// Moves a record from what is on its way to what is recorded, and saves: from here on the person can prove it.
fn recorded(wallet: &mut Wallet, pending: &Pending, answer: &RecordAnswer) -> Result<KnownConsent> {
    let kept = Kept {
        record: pending.record.clone(),
        answer: answer.clone(),
    };
    let mut consent = pending.consent.clone();
    wallet.book.settle(&pending.record);
    match wallet.book.consent_mut(&consent.state.consent) {
        Some(known) => {
            known.kept.push(kept);
            if !is_ahead(&known.state, &consent.state) {
                known.state = consent.state;
            }
            consent = known.clone();
        }
        None => {
            consent.kept.push(kept);
            wallet.book.consents.push(consent.clone());
        }
    }
    wallet.save()?;
    Ok(consent)
}

/// Whether the wallet has meanwhile learnt from the log of later events than the one that was on its way.
fn is_ahead(known: &State, pending: &State) -> bool {
    known.phase != Phase::Given || known.chain.len() > pending.chain.len()
}

/// Whether the log has said no to these bytes for good. Anything else may be a line that broke after the record was taken.
fn is_final(error: &ClientError) -> bool {
    match error {
        ClientError::Problem(problem) => (400..500).contains(&problem.status) && ![408, 429].contains(&problem.status),
        ClientError::Received(_) | ClientError::NoAnswer { .. } | ClientError::Answer { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use placet_schemas::api::problem::ProblemType;

    use super::*;

    #[test]
    fn only_a_refusal_is_final() {
        let problem = |code: &str| ClientError::Problem(Box::new(ProblemType::of(code).problem("", None)));
        for code in ["bad_signature", "invitation_spent", "previous_stale", "malformed"] {
            assert!(is_final(&problem(code)), "{code}");
        }
        for code in [
            "unavailable",
            "timeout",
            "rate_limited",
            "slow_request",
            "internal",
            "overloaded",
        ] {
            assert!(!is_final(&problem(code)), "{code}");
        }
        let (url, why) = (String::new(), String::new());
        assert!(!is_final(&ClientError::NoAnswer { url, why, sent: true }));
    }
}
