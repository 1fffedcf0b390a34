//! The evidence of a decision: the bundle of its consent with the decision in it, tied to the tree that it rested on, and, once
//! its minute is anchored, with the batch that shows by when it was there. The ledger makes the bundle; the verifier has the
//! journal. `placet verify` judges all of it.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hyper::Method;
use placet_client::{Call, exchange};
use placet_kernel::access::BatchTree;
use placet_kernel::arrival::TIME_TOLERANCE_SECONDS;
use placet_kernel::authorization;
use placet_kernel::decision;
use placet_schemas::api::{EvidenceOrder, PostEvidence, PostedDecision, PostedPlace};
use placet_schemas::authzen::DecisionStatement;
use placet_schemas::id::{Digest, RecordId};
use placet_schemas::json;
use placet_schemas::record::{Body, CanonicalRecord};
use tokio::sync::Semaphore;

use crate::batches::anchored;
use crate::error::StoreError;
use crate::journal::{BATCH_SECONDS, Entry};
use crate::reports::REPORT_SECONDS;
use crate::verifier::{Inner, Verifier};

/// How long a decision waits for the evidence that was asked for with it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many minutes after its own a decision may stand in the journal: a late writer's, or that of a clock that was set back.
const LATE_MINUTES: u64 = TIME_TOLERANCE_SECONDS / BATCH_SECONDS + 1;
/// How many minutes before: who has the time of an access by it has a later one.
const EARLY_MINUTES: u64 = REPORT_SECONDS / BATCH_SECONDS + 1;
/// Looked for at once: each may have whole minutes of the journal in memory.
static SEARCHES: Semaphore = Semaphore::const_new(2);

/// Why there is no evidence of a decision.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It is not in the journal.
    #[error(
        "no decision of that id and time is kept here: look at both; decisions go after a year, or with their consent"
    )]
    Unknown,
    /// It rests on no consent, or not on this one.
    #[error("the decision rests on no such consent: what it says stands in its own text, and there is nothing to add")]
    WithoutConsent,
    /// The brand's word for this verifier is missing.
    #[error(
        "the verifier was started without the brand's authorization, which belongs to the evidence of its decisions"
    )]
    Unauthorized,
    /// The ledger refuses.
    #[error(
        "the ledger gives no evidence (status {0}; 404: the consent was destroyed; 401 or 403: the brand's token has ended)"
    )]
    Refused(u16),
    /// The ledger cannot be reached, or says that it cannot answer now.
    #[error("the ledger gives no answer now; ask again later")]
    Away,
    /// The journal cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A decision of the journal.
struct Found {
    statement: DecisionStatement,
    signed: String,
    batch: Option<Batch>,
}

/// The batch that anchors it.
struct Batch {
    place: PostedPlace,
    /// The brand's word for the verifier, by which the batch was signed.
    authorization: String,
}

impl Verifier {
    /// The evidence bundle of a consent with a decision about it that was made just now, if the ledger can be reached and gives
    /// it. Without the brand's word for this verifier, the decision is not in it.
    pub async fn bundle(&self, consent: &Digest, decision: &str) -> Option<serde_json::Value> {
        let posted = self
            .inner
            .settings
            .authorization
            .clone()
            .map(|authorization| PostedDecision {
                authorization,
                decision: decision.to_owned(),
                batch: None,
            });
        // Whoever asks is about to touch data: the decision does not wait longer than this for its evidence.
        let asked = tokio::time::timeout(PATIENCE, self.ask_for(consent, posted));
        serde_json::from_slice(&asked.await.ok()?.ok()?).ok()
    }

    /// The evidence bundle of a decision that was made before: of the consent that is named, or the first that it rests on.
    ///
    /// # Errors
    /// See [`EvidenceError`].
    pub async fn evidence(&self, order: &EvidenceOrder) -> Result<Vec<u8>, EvidenceError> {
        let (inner, wanted) = (Arc::clone(&self.inner), order.clone());
        let _turn = SEARCHES.acquire().await;
        // A minute may be long, and is read whole.
        let found = tokio::task::spawn_blocking(move || find(&inner, &wanted)).await;
        let found = found.map_err(|_| StoreError::Corrupt("the journal cannot be read to its end"))??;
        let Found {
            statement,
            signed,
            batch,
        } = found.ok_or(EvidenceError::Unknown)?;
        let mut consents = statement.reasons.iter().filter_map(|reason| reason.consent);
        let consent = match order.consent {
            Some(consent) => consents.find(|one| *one == consent),
            None => consents.next(),
        };
        let consent = consent.ok_or(EvidenceError::WithoutConsent)?;
        // The brand's word may have been renewed since, and its keys replaced: the batch has the one of then.
        let of_then = batch.as_ref().map(|batch| batch.authorization.clone());
        let words = of_then.into_iter().chain(self.inner.settings.authorization.clone());
        let holds = |word: &String| {
            authorization::claimed(word)
                .is_ok_and(|word| (word.from()..=word.until()).contains(&statement.evaluated_at))
        };
        let posted = PostedDecision {
            authorization: words.into_iter().find(holds).ok_or(EvidenceError::Unauthorized)?,
            decision: signed,
            batch: batch.map(|batch| batch.place),
        };
        self.ask_for(&consent, Some(posted)).await
    }

    /// The bundle, with a decision if there is one.
    async fn ask_for(&self, consent: &Digest, posted: Option<PostedDecision>) -> Result<Vec<u8>, EvidenceError> {
        let settings = &self.inner.settings;
        let order = posted.map(|posted| PostEvidence {
            decisions: vec![posted],
        });
        let body = order.map(|order| json::to_jcs(&order)).transpose();
        let body = body.map_err(StoreError::from)?;
        let path = format!("/v1/consents/{consent}/evidence");
        let call = Call {
            method: if body.is_some() { Method::POST } else { Method::GET },
            path: &path,
            token: Some(&settings.token),
            body,
        };
        let answer = exchange(&settings.ledger, call)
            .await
            .map_err(|_| EvidenceError::Away)?;
        match answer.status {
            200 => Ok(answer.body.to_vec()),
            429 | 500.. => Err(EvidenceError::Away),
            status => Err(EvidenceError::Refused(status)),
        }
    }
}

/// Looks a decision up in the journal, and where the log has it.
fn find(inner: &Inner, order: &EvidenceOrder) -> Result<Option<Found>, StoreError> {
    let named = order.evaluated_at.unix() / BATCH_SECONDS;
    let mut minutes = inner.journal.all()?;
    minutes.retain(|minute| (named.saturating_sub(EARLY_MINUTES)..=named + LATE_MINUTES).contains(minute));
    for minute in minutes {
        let entries = inner.journal.read(minute)?;
        let looked_at = entries
            .iter()
            .enumerate()
            .find_map(|(seq, entry)| Some((seq, reads(entry, &order.evaluation_id)?)));
        if let Some((seq, (signed, statement))) = looked_at {
            return Ok(Some(Found {
                statement,
                signed,
                batch: batch(inner, minute, &entries, seq as u64)?,
            }));
        }
    }
    Ok(None)
}

/// The decision in an entry, if it is the one of this id.
fn reads(entry: &Entry, id: &RecordId) -> Option<(String, DecisionStatement)> {
    let Entry::Decision(signed) = entry else {
        return None;
    };
    // There may be a hundred thousand in a minute: the signature is checked of the one that is meant.
    let payload = Base64UrlUnpadded::decode_vec(signed.split('.').nth(1)?).ok()?;
    let id = id.as_str().as_bytes();
    payload.windows(id.len()).find(|part| *part == id)?;
    let statement = decision::read(signed).ok()?.statement;
    (statement.evaluation_id.as_str().as_bytes() == id).then(|| (signed.clone(), statement))
}

/// The batch of a minute, if the ledger has it, and the place of an entry in it.
fn batch(inner: &Inner, minute: u64, entries: &[Entry], seq: u64) -> Result<Option<Batch>, StoreError> {
    let Some(bytes) = anchored(&inner.journal, minute)? else {
        return Ok(None);
    };
    let record = CanonicalRecord::parse(&bytes)?.record;
    let Body::AccessBatch(signed) = &record.body else {
        return Err(StoreError::Corrupt("a minute of the journal is not what was signed"));
    };
    let tree = BatchTree::new(entries.iter().map(Entry::hash).collect());
    // Entries that were read while the minute was still written are not all of it.
    let whole = tree.filter(|tree| tree.root() == signed.root);
    let Some(proof) = whole.and_then(|tree| tree.proof(seq)) else {
        return Ok(None);
    };
    let place = PostedPlace {
        record: record.digest(),
        seq,
        proof: proof.iter().map(|hash| Digest::from_bytes(*hash.as_bytes())).collect(),
    };
    Ok(Some(Batch {
        place,
        authorization: signed.authorization.as_str().to_owned(),
    }))
}
