//! Pages that a follower refuses, each with its code, and without being changed by it.

use placet_kernel::feed::{FeedError, Followed, Follower, ItemError, ResumeError};
use placet_kernel::merkle::Hash;
use placet_schemas::api::{FeedAnswer, FeedCursor};
use placet_schemas::id::Digest;
use placet_schemas::statement::FeedHead;
use placet_tests::p;

use super::log::{Deed, Log};

/// The complaint about a page, which leaves the follower as it was.
fn complaint(log: &Log, follower: &Follower, page: &FeedAnswer) -> FeedError {
    let mut after = follower.clone();
    let error = after.take(page, log.trust().feed_keys()).unwrap_err();
    assert_eq!(after, *follower, "{error}");
    error
}

fn six() -> Log {
    use Deed::{Other, Own};
    Log::of(&[Own, Other, Own, Own, Other, Own])
}

#[test]
fn a_log_that_grew_is_proved_to_have_only_grown() {
    let log = six();
    let (follower, _) = log.followed(3);
    let honest = log.page(follower.cursor(), 9, 6);
    let mut page = honest.clone();
    page.consistency = None;
    let error = complaint(&log, &follower, &page);
    assert_eq!(error, FeedError::NoConsistency { from: 3, to: 6 });
    assert_eq!(error.code(), "feed_no_consistency");
    for spoil in [
        (|proof| proof[0] = Digest::of(b"")) as fn(&mut Vec<Digest>),
        |proof| proof.truncate(proof.len() - 1),
        |proof| proof.push(Digest::of(b"")),
        |proof| proof.clear(),
        |proof| proof.reverse(),
    ] {
        let mut page = honest.clone();
        page.consistency.as_mut().map(spoil).unwrap();
        let error = complaint(&log, &follower, &page);
        assert_eq!(error.code(), "feed_inconsistent_log", "{error}");
    }
    // That of another size does not do either.
    let page = log.page(
        FeedCursor {
            since: 2,
            ..follower.cursor()
        },
        9,
        6,
    );
    assert_eq!(complaint(&log, &follower, &page).code(), "feed_inconsistent_log");
    // Nothing is proved from the empty log, and nothing needs to be where none was seen.
    log.take(&mut log.followed(0).0, 6);
}

#[test]
fn a_log_that_went_back_is_refused() {
    let (log, mut other) = (six(), Log::new());
    let (follower, _) = log.followed(6);
    let error = complaint(&log, &follower, &log.page(follower.cursor(), 9, 5));
    assert_eq!(error, FeedError::WentBack(5));
    for number in 0..6 {
        other.own(&format!("other {number}"));
    }
    let error = complaint(&log, &follower, &other.page(follower.cursor(), 9, 6));
    assert_eq!(error, FeedError::WentBack(6));
}

/// A page of an honest log with another head, signed by its operator.
fn with_head(log: &Log, page: &FeedAnswer, change: impl FnOnce(&mut FeedHead)) -> FeedAnswer {
    let mut head = page.head.statement.clone();
    change(&mut head);
    FeedAnswer {
        head: log.history.sign(head),
        ..page.clone()
    }
}

#[test]
fn heads_that_contradict_the_one_before_are_refused() {
    let log = six();
    let (complete, _) = log.followed(4);
    let mut partly = log.follower();
    let first = log.page(FeedCursor::default(), 1, 4);
    assert!(!partly.take(&first, log.trust().feed_keys()).unwrap().complete);
    for follower in [complete, partly] {
        let (same, larger) = (log.page(follower.cursor(), 9, 4), log.page(follower.cursor(), 9, 5));
        let fewer = with_head(&log, &larger, |head| head.feed_size = 2);
        let other = with_head(&log, &larger, |head| head.feed_root = Digest::of(b""));
        let more = with_head(&log, &same, |head| head.feed_size = 4);
        for page in [fewer, other, more] {
            let error = complaint(&log, &follower, &page);
            assert_eq!(error.code(), "feed_heads_contradict", "{error}");
        }
    }
}

#[test]
fn what_is_of_another_log_or_feed_is_refused() {
    let log = six();
    let page = log.page(FeedCursor::default(), 9, 6);
    let gym = Follower::new(log.history.origin.clone(), p("did:web:gym.example"));
    assert_eq!(complaint(&log, &gym, &page).code(), "feed_other_controller");
    let elsewhere = Follower::new(p("elsewhere.example/log"), log.did());
    assert_eq!(complaint(&log, &elsewhere, &page).code(), "feed_other_log");
}

#[test]
fn items_that_are_kept_back_added_or_not_those_of_the_head_are_refused() {
    let log = six();
    let (follower, _) = log.followed(3);
    let honest = log.page(follower.cursor(), 9, 6);
    let mut page = honest.clone();
    page.items.clear();
    assert_eq!(complaint(&log, &follower, &page).code(), "feed_kept_back");
    let short = with_head(&log, &honest, |head| head.feed_size = 3);
    assert_eq!(complaint(&log, &follower, &short).code(), "feed_too_many");
    let other = with_head(&log, &honest, |head| head.feed_root = Digest::of(b""));
    assert_eq!(complaint(&log, &follower, &other).code(), "feed_other_items");
    let again = log.page(
        FeedCursor {
            from: 0,
            ..follower.cursor()
        },
        9,
        6,
    );
    assert_eq!(complaint(&log, &follower, &again).code(), "feed_item");
}

#[test]
fn an_orphan_waits_for_its_destruction_across_pages_and_stops() {
    let mut log = Log::new();
    for name in ["one", "two", "three"] {
        log.own(name);
    }
    let by = log.destroy(&[1]).unwrap();
    log.own("four");
    let trust = log.trust();
    let mut follower = log.follower();
    for (items, waiting) in [(2, 1), (1, 1), (1, 0), (1, 0)] {
        let page = log.page(follower.cursor(), items, log.size());
        follower.take(&page, trust.feed_keys()).unwrap();
        let followed = follower.followed();
        assert_eq!(followed.orphans.len(), waiting);
        follower = Follower::resume(followed).unwrap();
    }
    assert!(follower.verified().is_some());

    // Said to be destroyed by something else, or before it was there, or by what comes later than the head.
    let spoilt = |destroyed: u64| {
        let mut page = log.page(FeedCursor::default(), 9, log.size());
        page.items[1].destroyed = Some(destroyed);
        complaint(&log, &log.follower(), &page)
    };
    let of_item = |error| FeedError::Item { seq: 1, error };
    assert_eq!(spoilt(by - 1), of_item(ItemError::NotDestroyed(by - 1)));
    assert_eq!(spoilt(0), of_item(ItemError::NotDestroyed(0)));
    assert_eq!(spoilt(1), of_item(ItemError::NotDestroyed(1)));
    assert_eq!(spoilt(by + 1), of_item(ItemError::NotDestroyed(by + 1)));
    assert_eq!(spoilt(log.size()), of_item(ItemError::DestroyedSince));
    let mut page = log.page(FeedCursor::default(), 9, log.size());
    page.items[2] = log.page(FeedCursor::default(), 9, 3).items.remove(2);
    assert_eq!(complaint(&log, &log.follower(), &page).code(), "feed_item");
    let mut hidden = log.page(FeedCursor::default(), 9, log.size());
    (hidden.items[2].salt, hidden.items[2].record, hidden.items[2].destroyed) = (None, None, Some(by));
    let error = complaint(&log, &log.follower(), &hidden);
    assert_eq!(
        error,
        FeedError::Item {
            seq: 2,
            error: ItemError::NotDestroyed(by)
        }
    );
}

#[test]
fn parts_that_do_not_fit_each_other_are_no_follower() {
    let mut log = six();
    log.destroy(&[2]);
    let mut follower = log.followed(3).0;
    let before = follower.verified().cloned();
    let page = log.page(FeedCursor { from: 0, since: 0 }, 2, 7);
    let mut fresh = log.follower();
    fresh.take(&page, log.trust().feed_keys()).unwrap();
    assert_eq!(fresh.followed().orphans.len(), 1);
    log.take(&mut follower, 7);
    for (parts, spoils) in [
        (
            follower.followed(),
            &[
                (|parts| parts.feed_size += 1) as fn(&mut Followed),
                |parts| parts.frontier.clear(),
                |parts| parts.frontier[0] = Hash::new([0; 32]),
                |parts| parts.last_index = None,
                |parts| parts.seen = None,
                |parts| parts.origin = p("elsewhere.example/log"),
                |parts| parts.controller = p("did:web:gym.example"),
                |parts| parts.seen.as_mut().unwrap().checkpoint.clear(),
                |parts| parts.seen.as_mut().unwrap().head.statement.size -= 1,
                |parts| parts.verified.as_mut().unwrap().head.statement.root = Digest::of(b""),
            ][..],
        ),
        (
            fresh.followed(),
            &[
                (|parts| parts.verified = parts.seen.clone()) as fn(&mut Followed),
                |parts| parts.orphans[0].seq = 9,
                |parts| parts.orphans[0].index = 9,
                |parts| parts.orphans[0].by = 0,
            ],
        ),
    ] {
        assert!(Follower::resume(parts.clone()).is_ok());
        for spoil in spoils {
            let mut parts = parts.clone();
            spoil(&mut parts);
            let error = Follower::resume(parts).unwrap_err();
            assert_eq!(
                error.code() == "follower_frontier",
                matches!(error, ResumeError::Frontier(_))
            );
        }
    }
    // What was seen last is of a larger log than what was verified, never the other way round.
    let mut parts = follower.followed();
    parts.seen = before;
    assert!(Follower::resume(parts).is_err());
}
