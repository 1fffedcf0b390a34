//! Who waits for news of which feed.
//!
//! A hundred brands may be connected, and each commit is news for the few that it concerns: only these are woken.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use placet_schemas::id::Did;
use tokio::sync::watch;

/// The feeds that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Feeds(Mutex<HashMap<Did, watch::Sender<()>>>);

impl Feeds {
    /// News of this feed, from now on.
    pub(crate) fn subscribe(&self, controller: &Did) -> watch::Receiver<()> {
        let mut feeds = self.lock();
        if !feeds.contains_key(controller) {
            // Whoever may ask for any feed must not fill the table with names that nobody waits for any more.
            feeds.retain(|_, waiting| waiting.receiver_count() > 0);
        }
        match feeds.entry(controller.clone()) {
            Entry::Occupied(waiting) => waiting.get().subscribe(),
            Entry::Vacant(place) => place.insert(watch::Sender::new(())).subscribe(),
        }
    }

    /// These feeds have more items.
    pub(crate) fn changed<'a>(&self, controllers: impl Iterator<Item = &'a Did>) {
        let feeds = self.lock();
        for waiting in controllers.filter_map(|controller| feeds.get(controller)) {
            waiting.send_replace(());
        }
    }

    /// Any feed may have more items.
    pub(crate) fn all_changed(&self) {
        self.lock().values().for_each(|waiting| {
            waiting.send_replace(());
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Did, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(name: &str) -> Did {
        format!("did:web:{name}.example").parse().unwrap()
    }

    #[test]
    fn only_who_waits_for_a_feed_hears_of_it() {
        let feeds = Feeds::default();
        let (mut one, mut same, mut other) = (
            feeds.subscribe(&did("one")),
            feeds.subscribe(&did("one")),
            feeds.subscribe(&did("other")),
        );
        feeds.changed([did("one"), did("nobody")].iter());
        assert!(one.has_changed().unwrap() && same.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
        one.mark_unchanged();
        same.mark_unchanged();
        feeds.all_changed();
        assert!(one.has_changed().unwrap() && same.has_changed().unwrap() && other.has_changed().unwrap());
        other.mark_unchanged();
    }

    #[test]
    fn names_that_nobody_waits_for_are_forgotten() {
        let feeds = Feeds::default();
        let kept = feeds.subscribe(&did("kept"));
        for number in 0..100 {
            drop(feeds.subscribe(&did(&format!("n{number}"))));
        }
        assert_eq!(feeds.lock().len(), 2, "the one and the last");
        drop(kept);
    }
}
