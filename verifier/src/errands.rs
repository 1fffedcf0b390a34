//! What the verifier does at the ledger: it forwards withdrawals that were handed to the brand, and says by its signature what
//! it has destroyed. Both are on disk before they are promised, and done again until the ledger has them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use placet_client::{Answer, Call, exchange};
use placet_kernel::decision::Direct;
use placet_kernel::jws;
use placet_schemas::api::{AcknowledgeDestruction, DESTRUCTION_DONE_TYP, DoneClaims, DoneOutcome};
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::time::Timestamp;

use crate::batches;
use crate::error::StoreError;
use crate::store::{DirectRow, Owed};
use crate::verifier::Inner;

/// How often it is looked whether something is left to do.
const EVERY: Duration = Duration::from_secs(5);
/// How long after a failure.
const RETRY: Duration = Duration::from_secs(1);
/// Seconds for which the ledger's answer to a withdrawal is enough: what counts for good is the record in the feed, which ends
/// the row. Anybody between could answer, and a ledger that keeps a withdrawal for later could lose it.
const AGAIN_SECONDS: u64 = 60;

/// Runs errands until told to stop.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let pause = match round(&inner).await {
            Ok(true) => EVERY,
            Ok(false) => RETRY,
            Err(error) => {
                tracing::error!(%error, "the replica cannot be read or written");
                EVERY
            }
        };
        tokio::select! {
            () = inner.stopped() => return,
            () = inner.errands.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Brings back into memory what was handed to the brand and is not in the log yet.
pub(crate) async fn recall(inner: &Inner) -> Result<(), StoreError> {
    for row in inner.store.waiting().await? {
        if let Some(consent) = row.consent {
            inner.write(|replica| replica.end_directly(&consent, Direct { record: None }));
        }
    }
    Ok(())
}

/// One round; gives whether all is done.
async fn round(inner: &Arc<Inner>) -> Result<bool, StoreError> {
    let mut done = true;
    let now = inner.clock.now();
    for row in inner.store.waiting().await?.iter().filter(|row| is_due(row, now)) {
        done &= forward(inner, row).await?;
    }
    let owed = inner.store.owed().await?;
    if owed.iter().any(|owed| !owed.cleared) {
        clear(inner, &owed).await?;
    }
    for owed in inner.store.owed().await?.iter().filter(|owed| owed.cleared) {
        done &= acknowledge(inner, owed).await?;
    }
    Ok(batches::round(inner).await? && done)
}

/// Hands a withdrawal on. The same bytes may arrive twice: the ledger gives its first answer again.
async fn forward(inner: &Inner, row: &DirectRow) -> Result<bool, StoreError> {
    let path = if row.consent.is_some() && !is_code(&row.body) {
        "/v1/records"
    } else {
        "/v1/withdrawals"
    };
    let Some(answer) = post(inner, path, row.body.clone()).await else {
        return Ok(false);
    };
    match answer.status {
        // 202: kept durably by a ledger that cannot record now.
        200..=299 => {
            inner.store.forwarded(row, inner.clock.now()).await?;
            tracing::info!(
                status = answer.status,
                "a withdrawal that was handed to the brand is with the ledger"
            );
            if row.consent.is_none() {
                inner.store.drop_direct_row(row).await?;
            }
            Ok(true)
        }
        // It is wrong, or the consent has ended before: to send it at once again is of no use.
        400..=499 if !matches!(answer.status, 401 | 403 | 404 | 408 | 429) => {
            tracing::warn!(
                status = answer.status,
                "the ledger refuses a withdrawal that was handed to the brand"
            );
            inner.store.forwarded(row, inner.clock.now()).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Whether it is to be sent: for the first time, or since the feed has not brought it for long.
fn is_due(row: &DirectRow, now: Timestamp) -> bool {
    row.forwarded
        .is_none_or(|at| now < at || at.plus_seconds(AGAIN_SECONDS) <= now)
}

fn is_code(body: &[u8]) -> bool {
    body.starts_with(b"{\"code\":")
}

/// Clears the files of what was destroyed: rows are gone by now, and their bytes go with the journal.
///
/// Memory says what is left of the brand's consents, so it must be what disk is: nobody takes a page meanwhile, and while a
/// backlog is held back nothing is cleared.
async fn clear(inner: &Arc<Inner>, owed: &[Owed]) -> Result<(), StoreError> {
    let reading = inner.reading.lock().await;
    if !reading.is_whole() {
        return Ok(());
    }
    let used: Vec<Digest> = inner.read(|replica| replica.granted());
    inner.store.drop_unused(&used).await?;
    inner.store.empty_journal().await?;
    let held: HashSet<Digest> = inner.read(|replica| replica.ids().copied().collect());
    drop(reading);
    // A year of the journal is read, and each decision in it: no work for a thread that answers, and none that the feed waits for.
    let forgetting = Arc::clone(inner);
    let forgotten = tokio::task::spawn_blocking(move || batches::forget(&forgetting, &held)).await;
    if !forgotten.map_err(|_| StoreError::Corrupt("the journal cannot be read to its end"))?? {
        return Ok(());
    }
    for owed in owed.iter().filter(|owed| !owed.cleared) {
        inner.store.cleared(owed.destruction).await?;
    }
    Ok(())
}

/// Says to the ledger, by the verifier's signature, that nothing is left.
async fn acknowledge(inner: &Inner, owed: &Owed) -> Result<bool, StoreError> {
    let claims = DoneClaims {
        origin: inner.settings.origin.clone(),
        destruction: owed.destruction,
        outcome: if owed.held {
            DoneOutcome::Destroyed
        } else {
            DoneOutcome::NothingHeld
        },
        date: inner.clock.now(),
    };
    let done = jws::sign(
        &json::to_jcs(&claims)?,
        DESTRUCTION_DONE_TYP,
        inner.key.method(),
        &inner.key,
    )?;
    let body = json::to_jcs(&AcknowledgeDestruction { done })?;
    let path = format!("/v1/destructions/{}/acknowledgements", owed.destruction);
    let Some(answer) = post(inner, &path, body).await else {
        return Ok(false);
    };
    match answer.status {
        200..=299 => {
            inner.store.settled(owed.destruction).await?;
            tracing::info!(
                destruction = owed.destruction,
                "the ledger has the word that nothing is left"
            );
            Ok(true)
        }
        // A ledger that does not know this verifier as a follower waits for no word of it.
        403 | 404 | 422 => {
            inner.store.settled(owed.destruction).await?;
            tracing::warn!(
                status = answer.status,
                "the ledger wants no word about a destruction: register this verifier's key"
            );
            Ok(true)
        }
        _ => Ok(false),
    }
}

pub(crate) async fn post(inner: &Inner, path: &str, body: Vec<u8>) -> Option<Answer> {
    let call = Call {
        method: Method::POST,
        path,
        token: Some(&inner.settings.token),
        body: Some(body),
    };
    match exchange(&inner.settings.ledger, call).await {
        Ok(answer) => Some(answer),
        Err(silence) => {
            tracing::warn!(why = silence.why, "the ledger does not answer");
            None
        }
    }
}
