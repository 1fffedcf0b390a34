//! What the issuer does at the ledger: it says by its signature what it has destroyed.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use placet_client::{Call, exchange};
use placet_kernel::jws;
use placet_schemas::api::{AcknowledgeDestruction, DESTRUCTION_DONE_TYP, DoneClaims, DoneOutcome};
use placet_schemas::json;

use crate::error::StoreError;
use crate::issuer::Inner;
use crate::store::Owed;

/// How often it is looked whether something is left to do.
const EVERY: Duration = Duration::from_secs(5);

/// Runs errands until told to stop.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        if let Err(error) = round(&inner).await {
            tracing::error!(%error, "what was destroyed cannot be cleared now");
        }
        tokio::select! {
            () = inner.stopped() => return,
            () = inner.errands.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(inner: &Inner) -> Result<(), StoreError> {
    let owed = inner.store.owed().await?;
    if let Some(last) = owed.iter().rfind(|owed| !owed.cleared) {
        inner.store.clear(last.destruction).await?;
    }
    for owed in inner.store.owed().await?.iter().filter(|owed| owed.cleared) {
        acknowledge(inner, owed).await?;
    }
    Ok(())
}

/// Says to the ledger that nothing is left.
async fn acknowledge(inner: &Inner, owed: &Owed) -> Result<(), StoreError> {
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
    // The ledger knows the issuer's token by the key itself, whatever name it issues under.
    let Some(method) = inner.keys.own().key_method() else {
        return Err(StoreError::Corrupt("a did:key has a method"));
    };
    let done = jws::sign(
        &json::to_jcs(&claims)?,
        DESTRUCTION_DONE_TYP,
        &method,
        &inner.keys.ed25519,
    )?;
    let path = format!("/v1/destructions/{}/acknowledgements", owed.destruction);
    let call = Call {
        method: Method::POST,
        path: &path,
        token: Some(&inner.settings.token),
        body: Some(json::to_jcs(&AcknowledgeDestruction { done })?),
    };
    match exchange(&inner.settings.ledger, call).await {
        Ok(answer) => match answer.status {
            200..=299 => inner.store.settled(owed.destruction).await,
            // A ledger that does not know this issuer as a follower waits for no word of it.
            403 | 404 | 422 => {
                tracing::warn!(
                    status = answer.status,
                    "the ledger wants no word about a destruction: register the issuer's key with its token"
                );
                inner.store.settled(owed.destruction).await
            }
            status => {
                tracing::warn!(status, "the ledger does not take the word about a destruction");
                Ok(())
            }
        },
        Err(silence) => {
            tracing::warn!(why = silence.why, "the ledger does not answer");
            Ok(())
        }
    }
}
