//! What refused pages prove against the operator.

use placet_kernel::feed::Follower;
use placet_kernel::merkle::Hash;
use placet_kernel::misbehaviour::{Accusation, Kind};
use placet_schemas::api::{FeedAnswer, FeedCursor};
use placet_schemas::id::Digest;
use placet_tests::history::History;

use super::log::Log;

/// Two histories that are the same up to leaf 3.
fn two() -> [Log; 2] {
    ["one", "other"].map(|name| {
        let mut log = Log::new();
        log.own("first");
        log.own("second");
        log.other();
        for number in 0..4 {
            log.own(&format!("{name} {number}"));
        }
        log
    })
}

/// What a page proves, after it was refused; the judge agrees.
fn proved(log: &Log, follower: &Follower, page: &FeedAnswer, leaves: &[Hash]) -> Option<Kind> {
    follower.clone().take(page, log.trust().feed_keys()).unwrap_err();
    let found: Option<Accusation> = follower.against(page, log.trust().feed_keys(), leaves);
    let found = found?;
    assert!(log.proves(&found));
    Some(found.claim.kind())
}

#[test]
fn a_log_that_went_back_is_refused_and_proved() {
    let [log, other] = two();
    let (follower, leaves) = log.followed(6);
    let page = |size| other.page(follower.cursor(), 9, size);
    assert_eq!(
        proved(&log, &follower, &page(6), &leaves),
        Some(Kind::FeedFork),
        "of one size"
    );
    // A smaller log: an old page of an honest log looks like that, unless its items are others.
    assert_eq!(proved(&log, &follower, &page(5), &leaves), Some(Kind::FeedFork));
    assert_eq!(
        proved(&log, &follower, &page(5), &[]),
        None,
        "nothing is kept to compare it with"
    );
    let old = log.page(follower.cursor(), 9, 5);
    assert_eq!(proved(&log, &follower, &old, &leaves), None);
}

#[test]
fn a_larger_log_that_does_not_begin_with_the_one_before_is_proved_by_its_own_proof() {
    let [log, other] = two();
    for (size, kind) in [(5, Some(Kind::Fork)), (6, Some(Kind::Fork)), (4, None)] {
        let (follower, leaves) = log.followed(size);
        let mut page = other.page(follower.cursor(), 9, 7);
        assert_eq!(proved(&log, &follower, &page, &leaves), kind, "{size}");
        page.consistency = None;
        assert_eq!(proved(&log, &follower, &page, &leaves), None, "{size}");
    }
}

#[test]
fn two_checkpoints_of_one_size_are_a_fork_whatever_stands_beside_them() {
    let [log, other] = two();
    let (follower, leaves) = log.followed(6);
    // Head and checkpoint of two trees, in one page.
    let honest = log.page(follower.cursor(), 9, 6);
    let page = FeedAnswer {
        checkpoint: other.history.checkpoint(6),
        ..honest.clone()
    };
    assert_eq!(proved(&log, &follower, &page, &leaves), Some(Kind::Fork));
    assert_eq!(proved(&log, &log.follower(), &page, &[]), Some(Kind::Fork), "by itself");
    // A head that nobody signed takes nothing away from the checkpoint.
    let mut page = page;
    page.head.statement.feed_size = 1;
    assert_eq!(proved(&log, &follower, &page, &leaves), Some(Kind::Fork));
}

#[test]
fn heads_that_contradict_each_other_are_a_feed_fork() {
    let [log, _] = two();
    let (follower, leaves) = log.followed(5);
    let larger = log.page(follower.cursor(), 9, 6);
    for (feed_size, feed_root) in [(3, larger.head.statement.feed_root), (4, Digest::of(b""))] {
        let mut head = larger.head.statement.clone();
        (head.feed_size, head.feed_root) = (feed_size, feed_root);
        let page = FeedAnswer {
            head: log.history.sign(head),
            ..larger.clone()
        };
        assert_eq!(
            proved(&log, &follower, &page, &leaves),
            Some(Kind::FeedFork),
            "{feed_size}"
        );
    }
}

#[test]
fn what_this_operator_did_not_sign_and_what_is_only_broken_accuses_nobody() {
    let [log, mut other] = two();
    let (follower, leaves) = log.followed(6);
    let mut broken = log.page(follower.cursor(), 9, 7);
    broken.items.clear();
    assert_eq!(proved(&log, &follower, &broken, &leaves), None);
    let forked = other.page(follower.cursor(), 9, 6);
    let stranger = History::new("stranger.example/log");
    other.history.operator = stranger.operator;
    other.history.checkpoint_key = stranger.checkpoint_key;
    let page = other.page(follower.cursor(), 9, 6);
    assert_eq!(proved(&log, &follower, &page, &leaves), None);
    // Of the two that were signed before, one is enough.
    let page = FeedAnswer {
        head: forked.head,
        ..page
    };
    assert_eq!(proved(&log, &follower, &page, &leaves), Some(Kind::FeedFork));
    let unsigned = FeedAnswer {
        controller: "did:web:gym.example".parse().unwrap(),
        checkpoint: String::new(),
        ..log.page(FeedCursor::default(), 9, 6)
    };
    assert_eq!(proved(&log, &follower, &unsigned, &leaves), None);
}
