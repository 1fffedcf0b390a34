//! How often: token buckets per subject, in bounded memory.
//!
//! A bucket is one moment (GCRA, the virtual scheduling form of the leaky bucket, ITU-T I.371): the time at which it would
//! be full again. A bucket that is full is not kept. When so many subjects are active at once that the table is full, the
//! new ones share one bucket: an attacker with many names gains no more than one, and known names lose nothing.
//!
//! What stands between a person and her rights is the attacker who empties a bucket in her name. So records are counted
//! only once they are recorded, by which time their signer has been found to be a party: see [`Limiter::count`]. And
//! withdrawals, codes and challenges are not counted at all. Those that come to nothing name nobody they could be counted
//! by but the very person whom the count would lock out; they are held in check by places: see [`super::places`].

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use placet_schemas::id::Digest;
use tokio::time::Instant;

use super::problem::ApiError;

/// Most subjects with a bucket that is not full, per limiter.
const MAX_BUCKETS: usize = 16 * 1024;
/// How often at most a full table is searched for buckets that have filled up again.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// So many at once, and so many a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls at once; at least 1.
    pub burst: u32,
    /// Calls a second in the long run; at least 1.
    pub per_second: u32,
}

/// The rates of public calls. Calls with a brand's, a service's or the operator's token are not limited here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Grants that are recorded, per ConsentRequest: nobody fills the log with one request.
    pub grants: Rate,
    /// Later records that are recorded, per consent, other than withdrawals.
    pub events: Rate,
    /// Invitations to an open request, per ConsentRequest.
    pub invitations: Rate,
    /// Invitations that are declined, per ConsentRequest.
    pub declines: Rate,
    /// AccessBatches that are recorded, per brand: one a minute and verifier, and what an outage held up.
    pub batches: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            grants: Rate {
                burst: 2000,
                per_second: 200,
            },
            events: Rate {
                burst: 30,
                per_second: 1,
            },
            invitations: Rate {
                burst: 200,
                per_second: 20,
            },
            declines: Rate {
                burst: 2000,
                per_second: 200,
            },
            batches: Rate {
                burst: 240,
                per_second: 1,
            },
        }
    }
}

/// The limiters of one node.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) grants: Limiter<Digest>,
    pub(super) events: Limiter<Digest>,
    pub(super) invitations: Limiter<Digest>,
    pub(super) declines: Limiter<Digest>,
    pub(super) batches: Limiter<Digest>,
}

impl Limits {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            grants: Limiter::new(rates.grants),
            events: Limiter::new(rates.events),
            invitations: Limiter::new(rates.invitations),
            declines: Limiter::new(rates.declines),
            batches: Limiter::new(rates.batches),
        }
    }
}

/// Buckets of one rate.
#[derive(Debug)]
pub(super) struct Limiter<K> {
    interval: Duration,
    depth: Duration,
    table: Mutex<Table<K>>,
}

/// Each moment is when that bucket is full again.
#[derive(Debug)]
struct Table<K> {
    full_at: HashMap<K, Instant>,
    shared: Option<Instant>,
    swept: Option<Instant>,
}

impl<K: Eq + Hash> Limiter<K> {
    pub(super) fn new(rate: Rate) -> Self {
        let interval = Duration::from_secs(1) / rate.per_second.max(1);
        let table = Table {
            full_at: HashMap::new(),
            shared: None,
            swept: None,
        };
        Self {
            interval,
            depth: interval * rate.burst.max(1),
            table: Mutex::new(table),
        }
    }

    /// Takes one from the subject's bucket, or says when there is one again.
    pub(super) fn admit(&self, subject: K) -> Result<(), ApiError> {
        self.take(subject, Instant::now()).map_err(rate_limited)
    }

    /// Says whether there is one in the subject's bucket, and takes nothing.
    pub(super) fn check(&self, subject: &K) -> Result<(), ApiError> {
        let now = Instant::now();
        let table = self.table();
        let before = table.bucket(subject).1;
        self.after(before, now).map(drop).map_err(rate_limited)
    }

    /// Takes one from the subject's bucket, even if none is left, for what was let in by [`check`](Self::check) and has been
    /// done by now. Calls that are at work together are checked before any of them is counted; what comes in like that is
    /// paid for afterwards: the bucket stays empty for so much longer.
    pub(super) fn count(&self, subject: K) {
        self.pay(subject, Instant::now());
    }

    fn take(&self, subject: K, now: Instant) -> Result<(), Duration> {
        let mut table = self.table();
        table.make_room(&subject, now);
        let (own, before) = table.bucket(&subject);
        let after = self.after(before, now)?;
        table.set(subject, own, after);
        Ok(())
    }

    fn pay(&self, subject: K, now: Instant) {
        let mut table = self.table();
        table.make_room(&subject, now);
        let (own, before) = table.bucket(&subject);
        table.set(subject, own, before.unwrap_or(now).max(now) + self.interval);
    }

    /// When a bucket will be full that gives one now, or for how long it has none.
    fn after(&self, before: Option<Instant>, now: Instant) -> Result<Instant, Duration> {
        let after = before.unwrap_or(now).max(now) + self.interval;
        match (after - now).checked_sub(self.depth).filter(|wait| !wait.is_zero()) {
            Some(wait) => Err(wait),
            None => Ok(after),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table<K>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rate_limited(wait: Duration) -> ApiError {
    ApiError::retry("rate_limited", "too many calls of this kind", wait)
}

impl<K: Eq + Hash> Table<K> {
    /// Whether the subject has a bucket of its own, or may have one, and when its bucket is full.
    fn bucket(&self, subject: &K) -> (bool, Option<Instant>) {
        let known = self.full_at.get(subject).copied();
        let own = known.is_some() || self.full_at.len() < MAX_BUCKETS;
        (own, if own { known } else { self.shared })
    }

    fn set(&mut self, subject: K, own: bool, full_at: Instant) {
        if own {
            self.full_at.insert(subject, full_at);
        } else {
            self.shared = Some(full_at);
        }
    }

    /// Forgets buckets that are full, when the table has no room for a new subject.
    fn make_room(&mut self, subject: &K, now: Instant) {
        let crowded = self.full_at.len() >= MAX_BUCKETS && !self.full_at.contains_key(subject);
        if crowded && self.swept.is_none_or(|swept| now >= swept + SWEEP_EVERY) {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.swept = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        per_second: 2,
    };

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_one_per_interval() {
        let limiter = Limiter::new(RATE);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.take(1, start), Ok(()));
        }
        assert_eq!(limiter.take(1, start), Err(Duration::from_millis(500)));
        assert_eq!(limiter.take(2, start), Ok(()), "another subject has its own bucket");
        let later = start + Duration::from_millis(500);
        assert_eq!(limiter.take(1, later), Ok(()));
        assert_eq!(limiter.take(1, later), Err(Duration::from_millis(500)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_costs_nothing() {
        let limiter = Limiter::new(RATE);
        let start = Instant::now();
        for _ in 0..100 {
            let _ = limiter.take(1, start);
        }
        assert_eq!(limiter.take(1, start + Duration::from_millis(500)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn looking_takes_nothing_and_what_was_done_is_paid_for() {
        let limiter = Limiter::new(RATE);
        let start = Instant::now();
        for _ in 0..100 {
            limiter.check(&1).unwrap();
        }
        assert!(
            limiter.table.lock().unwrap().full_at.is_empty(),
            "a look costs no memory"
        );
        for _ in 0..5 {
            limiter.pay(1, start);
        }
        assert!(limiter.check(&1).is_err());
        limiter.check(&2).unwrap();
        assert_eq!(
            limiter.take(1, start),
            Err(Duration::from_millis(1500)),
            "two more than the burst are paid for"
        );
        assert_eq!(limiter.take(1, start + Duration::from_millis(1500)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_table_gives_new_subjects_one_bucket_and_recovers() {
        let limiter = Limiter::new(RATE);
        let start = Instant::now();
        for subject in 0..MAX_BUCKETS {
            assert_eq!(limiter.take(subject, start), Ok(()));
        }
        let strangers = (0..100)
            .filter(|n| limiter.take(MAX_BUCKETS + n, start).is_ok())
            .count();
        assert_eq!(strangers, 3);
        assert_eq!(limiter.take(0, start), Ok(()), "a known subject keeps its bucket");
        assert_eq!(limiter.table.lock().unwrap().full_at.len(), MAX_BUCKETS);
        let later = start + Duration::from_secs(60);
        assert_eq!(limiter.take(MAX_BUCKETS, later), Ok(()));
        assert_eq!(limiter.table.lock().unwrap().full_at.len(), 1);
    }
}
