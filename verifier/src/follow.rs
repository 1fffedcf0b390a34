//! Following the ledger: by its stream of events while that works, by asking again and again while it does not.
//!
//! Whatever comes is the kernel's to judge ([`crate::reading`]); this brings it. A page that is refused makes every decision a
//! deny until one is taken again; one that proves misbehaviour makes it so for good, and the proof is put into the folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use placet_client::{Call, Events, exchange, open_events};
use placet_kernel::bundle::Verdict;
use placet_kernel::feed::{FeedError, ItemError};
use placet_kernel::misbehaviour::{self, Accusation};
use placet_schemas::api::FeedAnswer;
use placet_schemas::id::Digest;
use placet_schemas::json;

use crate::error::StoreError;
use crate::reading::{DAMAGED, TakeError, Taken};
use crate::verifier::Inner;

/// A ledger signs a fresh head at least every five seconds. One that has been silent for more than twice that is gone.
const PATIENCE: Duration = Duration::from_secs(12);
/// Pauses before the ledger is asked again: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// How often the brand's files are looked after.
const RELOAD: Duration = Duration::from_secs(1);
/// How the name of a file of proof begins.
const PROOF_PREFIX: &str = "misbehaviour-";
/// How many digits of its digest the name of a file of proof has.
const NAME_DIGITS: usize = 16;
/// Largest page, in bytes.
const MAX_PAGE_BYTES: usize = placet_client::MAX_EVENT_BYTES;

/// Why a connection was of no use any more.
enum End {
    /// The verifier stops.
    Stop,
    /// Ask again.
    Again,
}

/// Follows until told to stop.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut pause = PAUSES.0;
    loop {
        let before = inner.pulse.taken().0;
        let end = tokio::select! {
            () = inner.stopped() => End::Stop,
            end = connected(&inner) => end,
        };
        if matches!(end, End::Stop) {
            return;
        }
        // A connection that brought something was a good one.
        pause = if inner.pulse.taken().0 > before {
            PAUSES.0
        } else {
            (pause * 2).min(PAUSES.1)
        };
        tokio::select! {
            () = inner.stopped() => return,
            () = tokio::time::sleep(pause) => {}
        }
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

/// One connection: the stream, or where there is none, one question.
async fn connected(inner: &Inner) -> End {
    match open(inner).await {
        Ok(mut events) => {
            inner.pulse.connected();
            let before = inner.pulse.taken().0;
            loop {
                match events.next(PATIENCE).await {
                    Ok(event) if event.kind == "feed" => {
                        if !take(inner, event.data.as_bytes()).await {
                            return End::Again;
                        }
                    }
                    // What a later ledger may send besides is not for us.
                    Ok(_) => {}
                    Err(error) => {
                        tracing::info!(%error, "the stream of the feed is over");
                        // Somebody on the way may hold events back, and yet let answers through.
                        if inner.pulse.taken().0 == before {
                            ask(inner).await;
                        }
                        return End::Again;
                    }
                }
            }
        }
        Err(why) => {
            tracing::info!(why, "there is no stream of the feed; asking for it instead");
            ask(inner).await;
            End::Again
        }
    }
}

async fn open(inner: &Inner) -> Result<Events, String> {
    let cursor = inner.reading.lock().await.cursor();
    let path = format!("/v1/feed/events?from={}&since={}", cursor.from, cursor.since);
    let call = Call {
        method: Method::GET,
        path: &path,
        token: Some(&inner.settings.token),
        body: None,
    };
    open_events(&inner.settings.ledger, call, None)
        .await
        .map_err(|silence| silence.why)
}

/// Asks for pages until there is nothing new.
async fn ask(inner: &Inner) {
    loop {
        let cursor = inner.reading.lock().await.cursor();
        let path = format!("/v1/feed?from={}&since={}", cursor.from, cursor.since);
        let call = Call {
            method: Method::GET,
            path: &path,
            token: Some(&inner.settings.token),
            body: None,
        };
        match exchange(&inner.settings.ledger, call).await {
            Ok(answer) if answer.status == 200 => {
                let (_, before) = inner.pulse.taken();
                if !take(inner, &answer.body).await || inner.pulse.taken().1 == before {
                    return;
                }
            }
            Ok(answer) => return tracing::warn!(status = answer.status, "the ledger does not give the feed"),
            Err(silence) => return tracing::warn!(why = silence.why, "the ledger does not answer"),
        }
    }
}

/// Takes a page as it came; gives whether to go on with this connection.
pub(crate) async fn take(inner: &Inner, bytes: &[u8]) -> bool {
    let page: FeedAnswer = match json::parse(bytes, MAX_PAGE_BYTES).and_then(|page| json::decode(page.root())) {
        Ok(page) => page,
        Err(fault) => {
            refuse(inner, &format!("it is no page of a feed: {fault}"));
            return false;
        }
    };
    let mut reading = inner.reading.lock().await;
    if reading.misbehaved() {
        // Nothing that this ledger says counts any more; it is asked on, so that the operator sees that it is there.
        return false;
    }
    match reading.take(&page, inner.clock.steady()).await {
        Ok(taken) => {
            let head = page.head.statement.time.unix();
            inner
                .pulse
                .took(taken.items, taken.faults, inner.clock.now().unix().saturating_sub(head));
            drop(reading);
            after(inner, &taken).await;
            true
        }
        // Something was destroyed while the page was on its way: the next one has it as destroyed.
        Err(TakeError::Refused {
            error: FeedError::Item {
                error: ItemError::DestroyedSince,
                ..
            },
            ..
        }) => false,
        Err(TakeError::Refused { error, accusation }) => {
            refuse(inner, &format!("{}: {error}", error.code()));
            if let Some(accusation) = accusation {
                // The proof first: a crash in between leaves the file, and the page comes again.
                accuse(inner, &accusation);
                if let Err(error) = reading.condemn().await {
                    tracing::error!(%error, "the replica cannot be written");
                }
            }
            false
        }
        Err(TakeError::Store(StoreError::Corrupt(why))) => {
            tracing::error!(why, "{DAMAGED}");
            if let Err(error) = reading.begin_anew().await {
                tracing::error!(%error, "the replica cannot be written");
            }
            false
        }
        Err(TakeError::Store(error)) => {
            tracing::error!(%error, "the replica cannot be written; what is known stays as it is, and grows old");
            false
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

/// Whether the folder has a proof of misbehaviour.
pub(crate) fn holds_proof(dir: &Path) -> Result<bool, StoreError> {
    let failed = |error| StoreError::File {
        path: dir.to_owned(),
        error,
    };
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PROOF_PREFIX)) {
            return Ok(true);
        }
    }
    Ok(false)
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
    match write_proof(inner, accusation) {
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

fn write_proof(inner: &Inner, accusation: &Accusation) -> Result<PathBuf, StoreError> {
    let bytes = accusation.to_bytes()?;
    let report = misbehaviour::verify(&bytes, Some(&inner.log.trust), inner.clock.now())?;
    if report.proved != Verdict::Holds {
        return Err(StoreError::Corrupt("the proof does not hold"));
    }
    let name = Digest::of(&bytes).to_string();
    let path = inner
        .settings
        .dir
        .join(format!("{PROOF_PREFIX}{}.json", &name[..NAME_DIGITS]));
    let failed = |error| StoreError::File {
        path: path.clone(),
        error,
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(path)
}
