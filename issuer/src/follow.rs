//! A page as it came, and what follows from it.

use placet_kernel::feed::{FeedError, ItemError};
use placet_kernel::misbehaviour::Accusation;
use placet_service::write_proof;

use crate::issuer::{Brand, Inner};
use crate::reading::TakeError;

/// Takes a page; gives how many items it had, or nothing when to go on with this connection is of no use.
pub(crate) async fn take(inner: &Inner, brand: &Brand, bytes: &[u8]) -> Option<usize> {
    let page = match placet_client::parse_page(bytes) {
        Ok(page) => page,
        Err(fault) => {
            refuse(inner, &format!("it is no page of a feed: {fault}"));
            return None;
        }
    };
    let mut reading = brand.reading.lock().await;
    if reading.misbehaved() {
        return None;
    }
    match reading.take(&page).await {
        Ok(taken) => {
            inner.pulse.took(taken.items, taken.faults);
            inner.lists_of(&reading, &taken.lists);
            drop(reading);
            if taken.destroyed {
                inner.errands.notify_one();
            }
            Some(taken.items)
        }
        // Something was destroyed while the page was on its way: the next one has it as destroyed.
        Err(TakeError::Refused {
            error: FeedError::Item {
                error: ItemError::DestroyedSince,
                ..
            },
            ..
        }) => None,
        Err(TakeError::Refused { error, accusation }) => {
            refuse(inner, &format!("{}: {error}", error.code()));
            if let Some(accusation) = accusation {
                // The proof first: a crash in between leaves the file, and the page comes again.
                accuse(inner, &accusation);
                if let Err(error) = reading.condemn().await {
                    tracing::error!(%error, "the issuer's database cannot be written");
                }
            }
            None
        }
        Err(TakeError::Store(error)) => {
            tracing::error!(%error, "a page cannot be kept; what is known grows old, and nothing is signed by it");
            None
        }
    }
}

fn refuse(inner: &Inner, why: &str) {
    inner.pulse.refused_page();
    tracing::error!(why, "the ledger gave a feed that does not hold");
}

fn accuse(inner: &Inner, accusation: &Accusation) {
    match write_proof(&inner.settings.dir, accusation, inner.log.trust(), inner.clock.now()) {
        Ok(path) => {
            inner.pulse.misbehaved();
            tracing::error!(
                file = %path.display(),
                "the ledger's operator signed what cannot all be true: `placet verify` judges the proof; nothing is issued any more"
            );
        }
        Err(error) => tracing::error!(%error, "the proof of misbehaviour cannot be kept"),
    }
}
