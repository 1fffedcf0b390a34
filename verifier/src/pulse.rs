//! What happened, in numbers: for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use placet_schemas::authzen::{DecisionStatement, ReasonCode};

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Pulse {
    reasons: [AtomicU64; ReasonCode::ALL.len()],
    permits: AtomicU64,
    denies: AtomicU64,
    pages: AtomicU64,
    items: AtomicU64,
    refused_pages: AtomicU64,
    misbehaviour: AtomicU64,
    faults: AtomicU64,
    connections: AtomicU64,
    rules_refused: AtomicU64,
    /// Seconds between the newest head's time and its arrival.
    lag: AtomicU64,
    lines: AtomicU64,
    without_permit: AtomicU64,
    unreported: AtomicU64,
    anchored: AtomicU64,
    batches_waiting: AtomicU64,
    declines: AtomicU64,
    cooling: AtomicU64,
    messages_taken: AtomicU64,
    messages_failed: AtomicU64,
    messages_given_up: AtomicU64,
    messages_waiting: AtomicU64,
}

macro_rules! counter {
    ($($(#[$doc:meta])* $count:ident, $get:ident, $field:ident;)*) => {
        impl Pulse {
            $(
                pub(crate) fn $count(&self) {
                    self.$field.fetch_add(1, Ordering::Relaxed);
                }

                $(#[$doc])*
                #[must_use]
                pub fn $get(&self) -> u64 {
                    self.$field.load(Ordering::Relaxed)
                }
            )*
        }
    };
}

counter! {
    /// Pages that did not hold.
    refused_page, refused_pages, refused_pages;
    /// Proofs of misbehaviour.
    misbehaved, misbehaviour, misbehaviour;
    /// Times that a stream of the feed was opened.
    connected, connections, connections;
    /// Times that a policy or register made no sense.
    rules_refused, refused_rules, rules_refused;
    /// Minutes of the journal that the ledger has, with all lines.
    anchored, anchored_batches, anchored;
    /// Customers' declines.
    declined, declines, declines;
    /// Messages that the webhook has taken.
    message_taken, messages_taken, messages_taken;
    /// Tries that it has not taken.
    message_failed, messages_failed, messages_failed;
}

impl Pulse {
    pub(crate) fn cooling(&self, rows: u64) {
        self.cooling.store(rows, Ordering::Relaxed);
    }

    /// Declines whose cool-down has not ended.
    #[must_use]
    pub fn cooling_down(&self) -> u64 {
        self.cooling.load(Ordering::Relaxed)
    }

    pub(crate) fn messages_wait(&self, count: u64) {
        self.messages_waiting.store(count, Ordering::Relaxed);
    }

    /// Messages that the webhook does not have yet.
    #[must_use]
    pub fn messages_waiting(&self) -> u64 {
        self.messages_waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn messages_given_up(&self, count: u64) {
        self.messages_given_up.fetch_add(count, Ordering::Relaxed);
    }

    /// Messages that the webhook never took.
    #[must_use]
    pub fn given_up_messages(&self) -> u64 {
        self.messages_given_up.load(Ordering::Relaxed)
    }

    pub(crate) fn decided(&self, statement: &DecisionStatement) {
        let total = if statement.decision {
            &self.permits
        } else {
            &self.denies
        };
        total.fetch_add(1, Ordering::Relaxed);
        for reason in &statement.reasons {
            if let Some(at) = ReasonCode::ALL.iter().position(|code| *code == reason.code) {
                self.reasons[at].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn took(&self, items: usize, faults: usize, lag_seconds: u64) {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(items as u64, Ordering::Relaxed);
        self.faults.fetch_add(faults as u64, Ordering::Relaxed);
        self.lag.store(lag_seconds, Ordering::Relaxed);
    }

    pub(crate) fn reported(&self, lines: u64, without_permit: u64) {
        self.lines.fetch_add(lines, Ordering::Relaxed);
        self.without_permit.fetch_add(without_permit, Ordering::Relaxed);
    }

    pub(crate) fn unreported(&self, permits: u64) {
        self.unreported.fetch_add(permits, Ordering::Relaxed);
    }

    pub(crate) fn batches_wait(&self, batches: u64) {
        self.batches_waiting.store(batches, Ordering::Relaxed);
    }

    /// Access lines that were reported, and accesses among them behind which no permit stood.
    #[must_use]
    pub fn reports(&self) -> (u64, u64) {
        (
            self.lines.load(Ordering::Relaxed),
            self.without_permit.load(Ordering::Relaxed),
        )
    }

    /// Permits that nobody reported in time.
    #[must_use]
    pub fn permits_unreported(&self) -> u64 {
        self.unreported.load(Ordering::Relaxed)
    }

    /// Closed minutes of the journal that the ledger does not have yet.
    #[must_use]
    pub fn batches_waiting(&self) -> u64 {
        self.batches_waiting.load(Ordering::Relaxed)
    }

    /// Decisions by outcome: permits and denies.
    #[must_use]
    pub fn decisions(&self) -> (u64, u64) {
        (
            self.permits.load(Ordering::Relaxed),
            self.denies.load(Ordering::Relaxed),
        )
    }

    /// How often each reason was given.
    pub fn reasons(&self) -> impl Iterator<Item = (ReasonCode, u64)> {
        ReasonCode::ALL
            .into_iter()
            .zip(&self.reasons)
            .map(|(code, count)| (code, count.load(Ordering::Relaxed)))
    }

    /// Pages of the feed that were taken, and items in them.
    #[must_use]
    pub fn taken(&self) -> (u64, u64) {
        (self.pages.load(Ordering::Relaxed), self.items.load(Ordering::Relaxed))
    }

    /// Records of the feed that break a rule.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Seconds between the newest head's time and its arrival.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.lag.load(Ordering::Relaxed)
    }
}
