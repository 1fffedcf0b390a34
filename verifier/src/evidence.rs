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
use placet_kernel::decision;
use placet_schemas::api::{EvidenceOrder, PostEvidence, PostedDecision, PostedPlace};
use placet_schemas::authzen::DecisionStatement;
use placet_schemas::id::{Digest, RecordId};
use placet_schemas::json;
use placet_schemas::record::CanonicalRecord;

use crate::batches::anchored;
use crate::error::StoreError;
use crate::journal::{BATCH_SECONDS, Entry};
use crate::verifier::{Inner, Verifier};

/// How long a decision waits for the evidence that was asked for with it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many minutes after its own a decision may stand in the journal: a late writer's, or that of a clock that was set back.
const LATE_MINUTES: u64 = TIME_TOLERANCE_SECONDS / BATCH_SECONDS + 1;

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
    #[error("the ledger gives no evidence (status {0}): the consent may have been destroyed")]
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
    place: Option<PostedPlace>,
}

impl Verifier {
    /// The evidence bundle of a consent with a decision about it that was made just now, if the ledger can be reached and gives
    /// it.
    pub async fn bundle(&self, consent: &Digest, decision: &str) -> Option<serde_json::Value> {
        // Whoever asks is about to touch data: the decision does not wait longer than this for its evidence.
        let asked = tokio::time::timeout(PATIENCE, self.ask_for(consent, decision.to_owned(), None));
        serde_json::from_slice(&asked.await.ok()?.ok()?).ok()
    }

    /// The evidence bundle of a decision that was made before: of the consent that is named, or the first that it rests on.
    ///
    /// # Errors
    /// See [`EvidenceError`].
    pub async fn evidence(&self, order: &EvidenceOrder) -> Result<Vec<u8>, EvidenceError> {
        let (inner, wanted) = (Arc::clone(&self.inner), order.clone());
        // A minute may be long, and is read whole.
        let found = tokio::task::spawn_blocking(move || find(&inner, &wanted)).await;
        let found = found.map_err(|_| StoreError::Corrupt("the journal cannot be read to its end"))??;
        let Found {
            statement,
            signed,
            place,
        } = found.ok_or(EvidenceError::Unknown)?;
        let mut consents = statement.reasons.iter().filter_map(|reason| reason.consent);
        let consent = match order.consent {
            Some(consent) => consents.find(|one| *one == consent),
            None => consents.next(),
        };
        let consent = consent.ok_or(EvidenceError::WithoutConsent)?;
        self.ask_for(&consent, signed, place).await
    }

    async fn ask_for(
        &self,
        consent: &Digest,
        decision: String,
        batch: Option<PostedPlace>,
    ) -> Result<Vec<u8>, EvidenceError> {
        let settings = &self.inner.settings;
        let authorization = settings.authorization.clone().ok_or(EvidenceError::Unauthorized)?;
        let posted = PostedDecision {
            authorization,
            decision,
            batch,
        };
        let body = json::to_jcs(&PostEvidence {
            decisions: vec![posted],
        });
        let path = format!("/v1/consents/{consent}/evidence");
        let call = Call {
            method: Method::POST,
            path: &path,
            token: Some(&settings.token),
            body: Some(body.map_err(StoreError::from)?),
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
    // Who has the time of an access that was made by it has a slightly later one.
    minutes.retain(|minute| (named.saturating_sub(1)..=named + LATE_MINUTES).contains(minute));
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
                place: place(inner, minute, &entries, seq as u64)?,
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

/// The place of an entry in the batch of its minute, if the ledger has that.
fn place(inner: &Inner, minute: u64, entries: &[Entry], seq: u64) -> Result<Option<PostedPlace>, StoreError> {
    let Some(bytes) = anchored(&inner.journal, minute)? else {
        return Ok(None);
    };
    let tree = BatchTree::new(entries.iter().map(Entry::hash).collect());
    let proof = tree.and_then(|tree| tree.proof(seq));
    let proof = proof.ok_or(StoreError::Corrupt("a minute of the journal is not what was signed"))?;
    Ok(Some(PostedPlace {
        record: CanonicalRecord::parse(&bytes)?.record.digest(),
        seq,
        proof: proof.iter().map(|hash| Digest::from_bytes(*hash.as_bytes())).collect(),
    }))
}
