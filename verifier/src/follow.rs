//! Following the ledger: by its stream of events while that works, by asking again and again while it does not.
//!
//! Whatever comes is the kernel's to judge ([`crate::reading`]); this brings it. A page that is refused makes every decision a
//! deny until one is taken again; one that proves misbehaviour makes it so for good, and the proof is put into the folder.

use std::sync::Arc;
use std::time::Duration;

use placet_client::{Source, Taker};
use placet_kernel::feed::{FeedError, ItemError};
use placet_kernel::misbehaviour::Accusation;
use placet_schemas::api::FeedCursor;

use crate::error::StoreError;
use crate::reading::{DAMAGED, TakeError, Taken};
use crate::verifier::Inner;

/// How often the brand's files are looked after.
const RELOAD: Duration = Duration::from_secs(1);

/// Follows until told to stop.
pub(crate) async fn run(inner: Arc<Inner>) {
    let source = Source {
        ledger: &inner.settings.ledger,
        token: &inner.settings.token,
        controller: None,
    };
    tokio::select! {
        () = inner.stopped() => {}
        () = placet_client::follow(source, &*inner) => {}
    }
}

impl Taker for Inner {
    async fn cursor(&self) -> FeedCursor {
        self.reading.lock().await.cursor()
    }

    async fn take(&self, page: &[u8]) -> Option<usize> {
        take(self, page).await
    }

    fn connected(&self) {
        self.pulse.connected();
    }
}

/// Looks after the brand's files until told to stop.
pub(crate) async fn reload(inner: Arc<Inner>) {
    loop {
        tokio::select! {
            () = inner.stopped() => return,
            () = tokio::time::sleep(RELOAD) => inner.reload(),
        }
    }
}

/// Takes a page as it came; gives how many items it had, or nothing when to go on with this connection is of no use.
async fn take(inner: &Inner, bytes: &[u8]) -> Option<usize> {
    let page = match placet_client::parse_page(bytes) {
        Ok(page) => page,
        Err(fault) => {
            refuse(inner, &format!("it is no page of a feed: {fault}"));
            return None;
        }
    };
    let mut reading = inner.reading.lock().await;
    if reading.misbehaved() {
        // Nothing that this ledger says counts any more; it is asked on, so that the operator sees that it is there.
        return None;
    }
    match reading.take(&page, inner.clock.steady()).await {
        Ok(taken) => {
            let head = page.head.statement.time.unix();
            inner
                .pulse
                .took(taken.items, taken.faults, inner.clock.now().unix().saturating_sub(head));
            drop(reading);
            after(inner, &taken).await;
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
                    tracing::error!(%error, "the replica cannot be written");
                }
            }
            None
        }
        Err(TakeError::Store(StoreError::Corrupt(why))) => {
            tracing::error!(why, "{DAMAGED}");
            if let Err(error) = reading.begin_anew().await {
                tracing::error!(%error, "the replica cannot be written");
            }
            None
        }
        Err(TakeError::Store(error)) => {
            tracing::error!(%error, "the replica cannot be written; what is known stays as it is, and grows old");
            None
        }
    }
}

/// What follows from a page.
async fn after(inner: &Inner, taken: &Taken) {
    if !taken.ended.is_empty() && taken.complete {
        // The log has the end of these; nothing more has to be remembered of what was handed over directly.
        if let Err(error) = inner.store.drop_direct(&taken.ended).await {
            tracing::error!(%error, "withdrawals that were forwarded are kept on");
        }
    }
    if taken.destroyed {
        inner.errands.notify_one();
    }
    // A head without items is a heartbeat: what is declined makes no item.
    inner.asking.news.notify_one();
    if taken.items > 0 {
        inner.outbox.news.notify_one();
        inner.reload();
    }
}

fn refuse(inner: &Inner, why: &str) {
    inner.pulse.refused_page();
    inner.write(|replica| replica.broken = true);
    tracing::error!(
        why,
        "the ledger gave a feed that does not hold; everything is denied until it gives one that does"
    );
}

/// Puts a proof of misbehaviour into the folder. Only what the kernel takes for a proof is kept as one.
fn accuse(inner: &Inner, accusation: &Accusation) {
    let written = placet_service::write_proof(&inner.settings.dir, accusation, inner.log.trust(), inner.clock.now());
    match written {
        Ok(path) => {
            inner.pulse.misbehaved();
            tracing::error!(
                file = %path.display(),
                "the ledger's operator signed what cannot all be true: `placet verify` judges the proof; everything is denied"
            );
        }
        Err(error) => tracing::error!(%error, "the proof of misbehaviour cannot be kept"),
    }
}
