//! Places: how many calls are worked on at once.
//!
//! A place is for work alone. A call whose body has not come, or which waits for news, holds none: else whoever opens a
//! thousand connections and sends one byte on each would keep everyone out, and do it again. What such a call holds is its
//! connection and at most its body; few at a time may bring a large one.
//!
//! Withdrawals have some places of their own besides: however busy a node is with other calls, it takes them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::problem::ApiError;

/// Most calls that are worked on at once.
pub const MAX_CALLS: usize = 1024;
/// Most withdrawals that are worked on besides: as many as a batch takes in a fraction of its time.
pub const RESERVED_CALLS: usize = 256;
/// Most bodies beyond 64 KiB that are on their way at once, so that those of all connections fit into memory.
pub const MAX_LARGE_BODIES: usize = 64;
/// Most long polls that look for news at once. A commit wakes them all; this many at a time ask the database.
const MAX_LOOKS: usize = 64;

/// The places of one node.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    withdrawals: Arc<Semaphore>,
    large: Arc<Semaphore>,
    looks: Semaphore,
}

/// The place of one call, which it may not have yet, or no more. All clones are of the same call.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    places: Arc<Places>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

/// Which places a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// Those for everybody.
    Common,
    /// Those, or else the ones kept for withdrawals.
    Withdrawal,
}

impl Places {
    /// So many for all calls, and the reserved ones.
    pub(super) fn new(calls: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(calls)),
            withdrawals: Arc::new(Semaphore::new(RESERVED_CALLS)),
            large: Arc::new(Semaphore::new(MAX_LARGE_BODIES)),
            looks: Semaphore::new(MAX_LOOKS),
        }
    }

    /// Waits until a long poll may look again; it keeps that as long as it holds what is given.
    pub(super) async fn look(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed, so this is never `None`.
        self.looks.acquire().await.ok()
    }
}

impl Turn {
    /// A call that has no place yet.
    pub(super) fn new(places: Arc<Places>) -> Self {
        Self {
            places,
            held: Arc::default(),
        }
    }

    /// Takes a place, unless the call has one.
    ///
    /// # Errors
    /// `overloaded` when none is free.
    pub(super) fn begin(&self, queue: Queue) -> Result<(), ApiError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Ok(());
        }
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned().ok();
        *held = take(&self.places.all);
        if held.is_none() && queue == Queue::Withdrawal {
            *held = take(&self.places.withdrawals);
        }
        match *held {
            Some(_) => Ok(()),
            None => Err(overloaded("too many calls at once")),
        }
    }

    /// Lets a large body come, as long as what is given is kept.
    ///
    /// # Errors
    /// `overloaded` when too many are on their way.
    pub(super) fn large_body(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let room = Arc::clone(&self.places.large).try_acquire_owned();
        room.map_err(|_| overloaded("too many large bodies at once"))
    }

    /// Gives the place back. Whoever gave the call its turn does so when it is answered; a call that will wait, before.
    pub(super) fn end(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Turn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let turn = parts.extensions.get::<Self>().cloned();
        turn.ok_or_else(|| ApiError::new("internal", "the call has no turn"))
    }
}

fn overloaded(detail: &str) -> ApiError {
    ApiError::retry("overloaded", detail, Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(places: &Arc<Places>, count: usize, queue: Queue) -> Vec<Turn> {
        let began = (0..count).map(|_| Turn::new(Arc::clone(places)));
        let began = began.inspect(|turn| turn.begin(queue).unwrap());
        began.collect()
    }

    #[test]
    fn withdrawals_have_places_when_nobody_else_has() {
        let places = Arc::new(Places::new(2));
        let busy = turns(&places, 2, Queue::Common);
        let late = Turn::new(Arc::clone(&places));
        late.begin(Queue::Common).unwrap_err();
        let reserved = turns(&places, RESERVED_CALLS, Queue::Withdrawal);
        late.begin(Queue::Withdrawal).unwrap_err();
        drop(busy);
        late.begin(Queue::Common).unwrap();
        drop(reserved);
        assert_eq!(places.withdrawals.available_permits(), RESERVED_CALLS);
    }

    #[test]
    fn a_call_has_one_place_at_most_and_can_give_it_back() {
        let places = Arc::new(Places::new(1));
        let turn = Turn::new(Arc::clone(&places));
        turn.begin(Queue::Common).unwrap();
        turn.clone().begin(Queue::Withdrawal).unwrap();
        assert_eq!(places.withdrawals.available_permits(), RESERVED_CALLS);
        turn.clone().end();
        assert_eq!(places.all.available_permits(), 1);
        turn.begin(Queue::Common).unwrap();
        drop(turn);
        assert_eq!(places.all.available_permits(), 1);
    }
}
