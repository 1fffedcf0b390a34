//! What happened, in numbers: for the metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Pulse {
    issued: AtomicU64,
    notified: AtomicU64,
    published: AtomicU64,
    pages: AtomicU64,
    items: AtomicU64,
    faults: AtomicU64,
    refused_pages: AtomicU64,
    misbehaviour: AtomicU64,
    discovered: AtomicBool,
    lists: Mutex<BTreeMap<i64, u64>>,
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
    /// Receipts that were signed.
    issued, receipts, issued;
    /// Words of wallets about what became of receipts.
    notified, notifications, notified;
    /// Lists that were signed and published.
    published, publications, published;
    /// Pages that did not hold.
    refused_page, refused_pages, refused_pages;
    /// Proofs of misbehaviour.
    misbehaved, misbehaviour, misbehaviour;
}

impl Pulse {
    pub(crate) fn took(&self, items: usize, faults: usize) {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(items as u64, Ordering::Relaxed);
        self.faults.fetch_add(faults as u64, Ordering::Relaxed);
    }

    /// Pages that were taken, their items, and records among them that break a rule.
    #[must_use]
    pub fn taken(&self) -> (u64, u64, u64) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (get(&self.pages), get(&self.items), get(&self.faults))
    }

    pub(crate) fn has_discovered(&self) {
        self.discovered.store(true, Ordering::Relaxed);
    }

    /// Whether the ledger has said which brands there are.
    #[must_use]
    pub fn discovered(&self) -> bool {
        self.discovered.load(Ordering::Relaxed)
    }

    pub(crate) fn lists_of(&self, feed: i64) -> u64 {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.get(&feed).copied().unwrap_or_default()
    }

    pub(crate) fn has_lists(&self, feed: i64, lists: u64) {
        self.lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(feed, lists);
    }

    /// How many lists there are.
    #[must_use]
    pub fn lists(&self) -> u64 {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}
