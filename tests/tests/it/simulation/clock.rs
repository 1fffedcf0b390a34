//! The simulation's time, and each machine's own opinion of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use placet_schemas::time::Timestamp;

/// 2026-11-22T05:00:00Z
pub(super) const START: u64 = 1_795_323_600;

/// Seconds since the simulation began.
pub(super) type Time = Arc<AtomicU64>;

/// A machine's clock.
#[derive(Debug)]
pub(super) struct SimClock {
    time: Time,
    skew: AtomicI64,
}

impl SimClock {
    pub(super) fn new(time: &Time) -> Arc<Self> {
        Arc::new(Self {
            time: Arc::clone(time),
            skew: AtomicI64::new(0),
        })
    }

    /// Sets it so many seconds before or behind the true time.
    pub(super) fn skew(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::SeqCst);
    }

    /// What it shows.
    pub(super) fn reads(&self) -> Timestamp {
        let true_time = START + self.time.load(Ordering::SeqCst);
        let shown = true_time.saturating_add_signed(self.skew.load(Ordering::SeqCst));
        Timestamp::from_unix(shown).unwrap()
    }

    /// Seconds, by a clock that nobody sets.
    pub(super) fn runs(&self) -> u64 {
        self.time.load(Ordering::SeqCst)
    }
}

impl placet_verifier::Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.reads()
    }

    fn steady(&self) -> u64 {
        self.runs()
    }
}

impl placet_ledger::Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.reads()
    }
}
