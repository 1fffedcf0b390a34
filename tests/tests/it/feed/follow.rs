//! Any pages, any stops: one feed.

use std::collections::{BTreeMap, BTreeSet};

use placet_kernel::feed::{Feed, Follower, Reader, Step};
use placet_kernel::merkle::Hash;
use placet_schemas::api::FeedCursor;
use placet_schemas::record::{Body, CanonicalRecord};
use proptest::collection::vec;
use proptest::prelude::*;

use super::log::{Deed, Log, now};

/// What a follower's owner keeps.
#[derive(Debug, Default)]
struct Kept {
    records: BTreeMap<u64, CanonicalRecord>,
    leaves: Vec<Hash>,
    destroyed: BTreeSet<u64>,
}

impl Kept {
    fn take(&mut self, step: Step) {
        self.leaves.extend(&step.leaves);
        self.destroyed.extend(step.orphans.iter().map(|orphan| orphan.index));
        for opened in step.opened {
            if let Body::Destruction(destruction) = &opened.record.record.body {
                for leaf in destruction.leaves.as_slice() {
                    self.records.remove(leaf);
                    self.destroyed.insert(*leaf);
                }
            }
            self.records.insert(opened.index, opened.record);
        }
    }
}

/// How a log grows and how it is read, step by step: by how many leaves, how many items at most, and whether the follower
/// stops afterwards.
type Visit = (u64, usize, bool);

pub(super) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => Just(Deed::Own),
        2 => Just(Deed::Other),
        1 => vec(0u64..24, 1..4).prop_map(Deed::Destroy),
    ];
    vec(deed, 1..24)
}

fn whole(log: &Log) -> Feed {
    let page = log.page(FeedCursor::default(), usize::MAX, log.size());
    let feed = Reader::default().take(&page, log.trust().feed_keys());
    feed.unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_pages_and_any_stops_give_what_a_reader_gets(
        deeds in deeds(),
        visits in vec((0u64..6, 1usize..5, any::<bool>()), 0..24),
    ) {
        let log = Log::of(&deeds);
        let trust = log.trust();
        let (mut follower, mut kept, mut size) = (log.follower(), Kept::default(), 0);
        let to_the_end = std::iter::repeat_n((log.size(), 3, true), deeds.len() + 1);
        for (grown, limit, stops) in visits.into_iter().chain(to_the_end) {
            let _: Visit = (grown, limit, stops);
            size = log.size().min(size + grown);
            let page = log.page(follower.cursor(), limit, size);
            let step = follower.take(&page, trust.feed_keys()).unwrap();
            prop_assert_eq!(step.complete, follower.cursor().from == page.head.statement.feed_size);
            prop_assert_eq!(&follower.seen().unwrap().head, &page.head);
            if step.complete {
                prop_assert_eq!(follower.seen(), follower.verified());
            }
            kept.take(step);
            if stops {
                follower = Follower::resume(follower.followed()).unwrap();
            }
        }
        let feed = whole(&log);
        prop_assert_eq!(&follower.verified().unwrap().head, &feed.head);
        prop_assert_eq!(kept.leaves, feed.leaves);
        prop_assert_eq!(kept.records.into_iter().collect::<Vec<_>>(), feed.items);
        prop_assert_eq!(kept.destroyed.into_iter().collect::<Vec<_>>(), feed.destroyed);
    }

    /// What an honest log answers at any time proves nothing against it, taken or refused.
    #[test]
    fn no_honest_page_accuses(deeds in deeds(), sizes in (0u64..24, 0u64..24), cursor in (0u64..8, 0u64..24)) {
        let log = Log::of(&deeds);
        let trust = log.trust();
        let (held, shown) = (sizes.0.min(log.size()), sizes.1.min(log.size()));
        let (follower, leaves) = log.followed(held);
        let page = log.page(FeedCursor { from: cursor.0, since: cursor.1 }, 3, shown);
        prop_assert_eq!(follower.against(&page, trust.feed_keys(), &leaves), None);
    }
}

#[test]
fn a_later_head_counts_and_an_older_one_of_the_same_log_does_not() {
    let mut log = Log::new();
    log.own("one");
    let trust = log.trust();
    let mut follower = log.follower();
    let at = |log: &Log, seconds: u64, cursor: FeedCursor| {
        let mut page = log.page(cursor, usize::MAX, log.size());
        let mut head = page.head.statement.clone();
        head.time = now().plus_seconds(seconds);
        page.head = log.history.sign(head);
        page
    };
    for (seconds, held) in [(100, 100), (50, 100), (101, 101), (101, 101)] {
        let step = follower
            .take(&at(&log, seconds, follower.cursor()), trust.feed_keys())
            .unwrap();
        assert!(step.complete);
        let standing = follower.verified().unwrap();
        assert_eq!(standing.head.statement.time, now().plus_seconds(held));
        assert_eq!(follower.seen(), Some(standing));
    }
    // The operator's clock was set back, and the log went on: nothing is wrong with that.
    log.other();
    follower
        .take(&at(&log, 30, follower.cursor()), trust.feed_keys())
        .unwrap();
    assert_eq!(follower.verified().unwrap().head.statement.time, now().plus_seconds(30));
}

#[test]
fn while_a_backlog_comes_the_head_before_it_is_the_newest_that_holds() {
    let mut log = Log::new();
    log.own("one");
    let (mut follower, _) = log.followed(1);
    let before = follower.verified().cloned();
    for name in ["two", "three", "four", "five"] {
        log.own(name);
    }
    let trust = log.trust();
    for complete in [false, true] {
        let page = log.page(follower.cursor(), 2, log.size());
        let step = follower.take(&page, trust.feed_keys()).unwrap();
        assert_eq!(step.complete, complete);
        assert_eq!(follower.verified() == before.as_ref(), !complete);
        follower = Follower::resume(follower.followed()).unwrap();
    }
}
