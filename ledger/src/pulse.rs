//! What whoever runs the node has to see: commits that fail, and a public log that falls behind.
//!
//! Both are invisible to callers, who are answered all the same or come back later. They are not invisible to the log's
//! readers: a checkpoint that stands still looks to a wallet as if nothing happened.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use placet_schemas::time::Timestamp;
use tokio::sync::watch;

use crate::ledger::Ledger;
use crate::tree::Head;
use crate::witnesses::WitnessPulse;

/// How long the public log may lag behind the answered records, in seconds, before the node calls itself not ready. The
/// publisher is done within a fraction of a second and tries again every second.
pub const MAX_PUBLICATION_LAG_SECONDS: u64 = 10;

/// The state of a ledger, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// Records that are committed.
    pub size: u64,
    /// Records that are in the published log.
    pub published_size: u64,
    /// For how many seconds the published log has not moved although it should have.
    pub publication_lag: u64,
    /// How often a batch, or the checkpoint of an idle log, was not committed and answered, since the start.
    pub commit_failures: u64,
    /// How often the log was not published, since the start.
    pub publish_failures: u64,
    /// Whether records are signed: not while a witness has still to confirm that nothing newer was signed.
    pub may_sign: bool,
    /// The witnesses.
    pub witnesses: Vec<WitnessPulse>,
}

/// What has been answered for and what has been published.
pub(crate) struct Publication {
    /// The head that has been answered for: what the publisher works towards.
    pub(crate) answered: watch::Sender<Arc<Head>>,
    /// The checkpoint whose files are all in place.
    pub(crate) published: watch::Sender<Arc<Head>>,
    progress: Mutex<Progress>,
    commit_failures: AtomicU64,
    publish_failures: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Progress {
    size: u64,
    /// Since when the published log has been behind; nothing when it is not.
    behind_since: Option<Timestamp>,
}

impl Ledger {
    /// How it goes.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        let publication = &self.node().publication;
        let Progress { size, behind_since } = *publication.progress();
        Pulse {
            size: self.size(),
            published_size: size,
            publication_lag: behind_since.map_or(0, |since| self.now().unix().saturating_sub(since.unix())),
            commit_failures: publication.commit_failures.load(Ordering::Relaxed),
            publish_failures: publication.publish_failures.load(Ordering::Relaxed),
            may_sign: self.node().may_sign(),
            witnesses: self.node().witnesses.pulse(),
        }
    }
}

impl Publication {
    /// Of a log that is opened with this head, of which `published` records are published.
    pub(crate) fn new(head: &Arc<Head>, published: u64) -> Self {
        Self {
            answered: watch::Sender::new(Arc::clone(head)),
            published: watch::Sender::new(Arc::clone(head)),
            progress: Mutex::new(Progress {
                size: published,
                behind_since: None,
            }),
            commit_failures: AtomicU64::default(),
            publish_failures: AtomicU64::default(),
        }
    }

    /// A head has been answered for: from now on the public log is behind.
    pub(crate) fn due(&self, head: Arc<Head>, now: Timestamp) {
        let mut progress = self.progress();
        progress.behind_since.get_or_insert(now);
        self.answered.send_replace(head);
    }

    /// The files of a head are in place. If another has been answered for meanwhile, the log is behind since now.
    pub(crate) fn done(&self, head: &Arc<Head>, now: Timestamp) {
        let mut progress = self.progress();
        let behind = self.answered.borrow().note != head.note;
        *progress = Progress {
            size: head.size,
            behind_since: behind.then_some(now),
        };
        self.published.send_replace(Arc::clone(head));
    }

    /// A commit came to nothing, or to no answers.
    pub(crate) fn commit_failed(&self) {
        self.commit_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// The log was not published.
    pub(crate) fn publish_failed(&self) {
        self.publish_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Held while the channels are written, so that a head cannot be answered for between the look at it and the note of
    /// what was seen.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
