//! How many streams are open at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use placet_schemas::id::Did;

use super::metrics::Metrics;
use super::problem::ApiError;

/// Most streams of feeds at once, so that there are connections left for everyone else.
pub const MAX_STREAMS: usize = 512;
/// Most streams of one feed: a brand whose program opens ever more of them keeps no other brand out.
pub const MAX_STREAMS_PER_FEED: usize = 64;
/// When to come back.
const RETRY: Duration = Duration::from_secs(5);

/// The open streams by feed.
pub(super) struct Streams {
    open: Mutex<HashMap<Did, usize>>,
    metrics: Arc<Metrics>,
}

/// One open stream.
pub(super) struct Open {
    streams: Arc<Streams>,
    controller: Did,
}

impl Streams {
    /// None is open.
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            open: Mutex::default(),
            metrics,
        }
    }

    /// Opens one of this feed.
    ///
    /// # Errors
    /// `overloaded` when there are too many, of this feed or of all.
    pub(super) fn open(self: &Arc<Self>, controller: &Did) -> Result<Open, ApiError> {
        let mut open = self.lock();
        if open.values().sum::<usize>() >= MAX_STREAMS {
            return Err(ApiError::retry("overloaded", "too many streams at once", RETRY));
        }
        let of_feed = open.entry(controller.clone()).or_default();
        if *of_feed >= MAX_STREAMS_PER_FEED {
            return Err(ApiError::retry(
                "overloaded",
                "too many streams of this feed at once",
                RETRY,
            ));
        }
        *of_feed += 1;
        self.metrics.stream_opened();
        Ok(Open {
            streams: Arc::clone(self),
            controller: controller.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Did, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Counts an event.
    pub(super) fn counted(&self) {
        self.streams.metrics.stream_event();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(of_feed) = open.get_mut(&self.controller) {
            *of_feed -= 1;
            if *of_feed == 0 {
                open.remove(&self.controller);
            }
        }
        self.streams.metrics.stream_closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(number: usize) -> Did {
        format!("did:web:n{number}.example").parse().unwrap()
    }

    #[test]
    fn streams_are_limited_for_each_feed_and_for_all() {
        let streams = Arc::new(Streams::new(Arc::new(Metrics::new())));
        let mut all = Vec::new();
        for number in 0..MAX_STREAMS / MAX_STREAMS_PER_FEED {
            all.extend((0..MAX_STREAMS_PER_FEED).map(|_| streams.open(&did(number)).unwrap()));
            assert!(streams.open(&did(number)).is_err());
        }
        let other = did(MAX_STREAMS);
        assert!(streams.open(&other).is_err(), "as many as there may be");
        all.pop();
        let last = streams.open(&other).unwrap();
        drop((all, last));
        assert!(streams.lock().is_empty());
    }
}
