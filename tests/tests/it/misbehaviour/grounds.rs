//! Each kind on each of its grounds: proved, and said of whom.

use placet_kernel::bundle::Verdict;
use placet_kernel::misbehaviour::{
    Claim, Difference, Event, FeedDifference, Gap, Kind, LeafProof, Report, Statement, between, prefix,
};
use placet_schemas::statement::{Acknowledgement, FeedHead};
use placet_tests::history::{History, digest, leaf_proof};

use super::{ORIGIN, cinema, codes, event, gym, judge, now, public, record};

/// Two histories by one operator that part at index 3.
struct Parted {
    one: History,
    other: History,
}

fn parted() -> Parted {
    let [one, other] = ["one", "other"].map(|name| {
        let mut history = History::new(ORIGIN);
        history.batch(&[public("request"), event("grant", "grant"), public("more")]);
        history.batch(&[event("grant", name), public("after")]);
        history.batch(&[public("last"), public("very last")]);
        history
    });
    Parted { one, other }
}

/// Every view of a tree that a history has at this size.
fn views(history: &History, size: u64) -> Vec<Statement> {
    let acknowledged = history.items.iter().position(|item| item.size == size).unwrap() as u64;
    vec![
        Statement::Checkpoint(history.checkpoint(size)),
        Statement::Acknowledgement(history.sign(history.acknowledgement(acknowledged))),
        Statement::StateAttestation(history.sign(history.attestation(&record("grant"), size).unwrap())),
        Statement::FeedHead(history.sign(history.head(&cinema(), size, now()))),
    ]
}

fn proved(report: &Report, kind: Kind) {
    assert_eq!(report.proved, Verdict::Holds, "{:#?}", report.findings);
    assert_eq!(report.kind, Some(kind));
    assert!(report.contradiction.is_some());
    assert_eq!(codes(report), [""; 0]);
}

#[test]
fn two_trees_of_one_size_are_a_fork_whoever_of_the_operators_keys_signed_them() {
    let Parted { one, other } = parted();
    for first in views(&one, 5) {
        for second in views(&other, 5) {
            let claim = Claim::Fork {
                ground: Difference::Prefix {
                    root: other.tree.root(5),
                    consistency: Vec::new(),
                },
                views: Box::new([first.clone(), second.clone()]),
            };
            let report = judge(&one, claim);
            proved(&report, Kind::Fork);
            let signers: Vec<bool> = report
                .said
                .iter()
                .map(|said| said.signed_by == [one.operator.did().to_string()])
                .collect();
            let by_operator = |view: &Statement| !matches!(view, Statement::Checkpoint(_));
            assert_eq!(signers, [by_operator(&first), by_operator(&second)]);
        }
    }
}

#[test]
fn two_trees_of_different_sizes_are_a_fork_by_a_consistency_proof_from_another_root() {
    let Parted { one, other } = parted();
    for first in views(&one, 5) {
        for second in views(&other, 7) {
            let found = prefix(&one.origin, &first, &second, &other.tree).unwrap();
            proved(&judge(&one, found.claim), Kind::Fork);
            assert_eq!(
                prefix(&one.origin, &first, &second, &one.tree),
                None,
                "the hashes of another tree prove nothing"
            );
        }
    }
}

#[test]
fn two_trees_of_different_sizes_are_a_fork_by_two_leaves_at_one_place() {
    let Parted { one, other } = parted();
    let leaf = |history: &History, size| leaf_proof(&history.tree, history.items[3].leaf, 3, size);
    for (sizes, first, second) in [((5, 7), &one, &other), ((7, 5), &other, &one), ((7, 7), &one, &other)] {
        let claim = Claim::Fork {
            views: Box::new([
                Statement::Checkpoint(first.checkpoint(sizes.0)),
                Statement::Checkpoint(second.checkpoint(sizes.1)),
            ]),
            ground: Difference::Leaf {
                index: 3,
                leaves: [leaf(first, sizes.0), leaf(second, sizes.1)],
            },
        };
        proved(&judge(&one, claim), Kind::Fork);
    }
}

#[test]
fn two_heads_of_one_feed_that_are_not_of_one_growing_feed_are_a_feed_fork() {
    let Parted { one, other } = parted();
    let head = |history: &History, size| history.sign(history.head(&cinema(), size, now()));
    let (feed_one, feed_other) = (one.feed(&cinema(), 5), other.feed(&cinema(), 7));
    let same_size = FeedDifference::Tree(Difference::Prefix {
        root: other.feed(&cinema(), 5).root(5),
        consistency: Vec::new(),
    });
    let grown = FeedDifference::Tree(Difference::Prefix {
        root: feed_other.root(5),
        consistency: feed_other.consistency(5, 7),
    });
    let leaf = FeedDifference::Tree(Difference::Leaf {
        index: 3,
        leaves: [
            leaf_proof(&feed_one, one.items[3].leaf, 3, 5),
            leaf_proof(&feed_other, other.items[3].leaf, 3, 7),
        ],
    });
    for (ground, size) in [(same_size, 5), (grown, 7), (leaf, 7)] {
        let claim = Claim::FeedFork {
            heads: Box::new([head(&one, 5), head(&other, size)]),
            ground,
        };
        let report = judge(&one, claim);
        proved(&report, Kind::FeedFork);
        assert_eq!(report.controller, Some(cinema()));
    }
}

/// The operator leaves the last item of a feed out, in the same log or a larger one.
#[test]
fn a_feed_that_has_shrunk_is_a_feed_fork() {
    let Parted { one, .. } = parted();
    let before = one.sign(one.head(&cinema(), 5, now()));
    for size in [5, 7] {
        let feed = one.feed(&cinema(), 5);
        let shrunk = FeedHead {
            feed_size: 4,
            feed_root: digest(&feed.root(4)),
            ..one.head(&cinema(), size, now())
        };
        let claim = Claim::FeedFork {
            heads: Box::new([before.clone(), one.sign(shrunk)]),
            ground: FeedDifference::Shrunk,
        };
        proved(&judge(&one, claim), Kind::FeedFork);
    }
}

#[test]
fn an_acknowledged_item_that_a_later_head_is_without_is_misbehaviour() {
    let Parted { one, other } = parted();
    let acknowledgement = one.sign(one.acknowledgement(3));
    let head = |head: FeedHead| Box::new(one.sign(head));
    let short = FeedHead {
        feed_size: 3,
        feed_root: digest(&one.feed(&cinema(), 3).root(3)),
        ..one.head(&cinema(), 7, now())
    };
    let missing = Claim::AcknowledgementAgainstHead {
        acknowledgement: Box::new(acknowledgement.clone()),
        head: head(short),
        ground: Gap::Missing,
    };
    let feed = other.feed(&cinema(), 7);
    let swapped = Claim::AcknowledgementAgainstHead {
        acknowledgement: Box::new(acknowledgement),
        head: head(other.head(&cinema(), 7, now())),
        ground: Gap::Swapped(leaf_proof(&feed, other.items[3].leaf, 3, 7)),
    };
    for claim in [missing, swapped] {
        let report = judge(&one, claim);
        proved(&report, Kind::AcknowledgementAgainstHead);
        assert_eq!(report.controller, Some(cinema()));
        assert_eq!(report.consent, Some(record("grant")));
    }
}

/// A false attestation against every statement that names the event: its acknowledgement, a later acknowledgement, a true
/// attestation.
#[test]
fn an_attestation_that_denies_an_acknowledged_event_is_misbehaviour() {
    let mut history = History::new(ORIGIN);
    history.batch(&[event("grant", "grant"), (gym(), None, record("gym"))]);
    history.batch(&[event("grant", "withdrawal")]);
    history.batch(&[event("grant", "erasure"), (gym(), None, record("gym 2"))]);
    let honest = history.attestation(&record("grant"), 3).unwrap();
    let hiding = |size, last_index, last: &str| {
        let said = placet_schemas::statement::StateAttestation {
            size,
            root: digest(&history.tree.root(size)),
            last_index,
            last_digest: record(last),
            ..honest.clone()
        };
        Statement::StateAttestation(history.sign(said))
    };
    let acknowledged = |index| Statement::Acknowledgement(history.sign(history.acknowledgement(index)));
    for (attestation, event) in [
        (hiding(3, 0, "grant"), acknowledged(2)),
        (hiding(5, 0, "grant"), acknowledged(2)),
        (hiding(5, 2, "withdrawal"), acknowledged(3)),
        (hiding(3, 2, "other"), acknowledged(2)),
        (
            hiding(3, 0, "grant"),
            Statement::StateAttestation(history.sign(honest.clone())),
        ),
        // An acknowledgement that hides a later event is one, too.
        (
            Statement::Acknowledgement(history.sign(Acknowledgement {
                last_index: Some(0),
                last_digest: Some(record("grant")),
                ..history.acknowledgement(2)
            })),
            acknowledged(2),
        ),
        // The grant is logged again, so that the withdrawal seems to be undone.
        (hiding(5, 4, "grant"), acknowledged(0)),
        (hiding(5, 4, "grant"), acknowledged(2)),
    ] {
        let found = between(&attestation, &event).unwrap_or_else(|| panic!("{attestation:?} {event:?}"));
        proved(&judge(&history, found.claim), Kind::AttestationAgainstEvent);
        let claim = Claim::AttestationAgainstEvent {
            attestation: Box::new(attestation),
            event: Box::new(Event::Stated(event)),
        };
        let report = judge(&history, claim);
        proved(&report, Kind::AttestationAgainstEvent);
        assert_eq!(report.consent, Some(record("grant")));
    }
}

/// An event may be left out behind a later one: the last event is named truly then, and the number of events is not.
#[test]
fn an_attestation_that_counts_too_few_events_is_misbehaviour() {
    let mut history = History::new(ORIGIN);
    history.batch(&[event("grant", "grant"), (gym(), None, record("gym"))]);
    history.batch(&[event("grant", "withdrawal")]);
    history.batch(&[event("grant", "erasure"), event("grant", "erasure again")]);
    let attested = |size, events: u64| {
        let honest = history.attestation(&record("grant"), size).unwrap();
        let said = placet_schemas::statement::StateAttestation { events, ..honest };
        Statement::StateAttestation(history.sign(said))
    };
    let acknowledged = |index| Statement::Acknowledgement(history.sign(history.acknowledgement(index)));
    for (attestation, event) in [
        // Grant and erasure request would be two; but a withdrawal was acknowledged as the last event before it.
        (attested(4, 2), acknowledged(2)),
        (attested(4, 2), attested(3, 2)),
        (attested(4, 2), attested(5, 4)),
        (attested(3, 1), acknowledged(2)),
        // More events than leaves that came meanwhile.
        (attested(4, 4), attested(3, 2)),
        (attested(5, 4), attested(3, 1)),
    ] {
        let found = between(&attestation, &event).unwrap_or_else(|| panic!("{attestation:?} {event:?}"));
        proved(&judge(&history, found.claim), Kind::AttestationAgainstEvent);
        assert!(between(&event, &attestation).is_some());
    }
    let honest: Vec<Statement> = (1..=5)
        .map(|size| attested(size, history.attestation(&record("grant"), size).unwrap().events))
        .chain([0, 2, 3, 4].map(acknowledged))
        .collect();
    for (one, other) in honest
        .iter()
        .flat_map(|one| honest.iter().map(move |other| (one, other)))
    {
        assert_eq!(between(one, other), None, "{one:?} {other:?}");
    }
}

/// The empty tree has one root.
#[test]
fn a_tree_of_no_leaves_with_a_root_of_its_own_is_a_fork() {
    let mut history = History::new(ORIGIN);
    history.batch(&[public("request")]);
    let made_up = FeedHead {
        size: 0,
        root: record("made up"),
        ..history.head(&cinema(), 1, now())
    };
    let views = [
        Statement::FeedHead(history.sign(made_up)),
        Statement::Checkpoint(history.checkpoint(1)),
    ];
    let found = prefix(&history.origin, &views[0], &views[1], &history.tree).unwrap();
    proved(&judge(&history, found.claim), Kind::Fork);
}

#[test]
fn what_two_statements_prove_by_themselves_is_found() {
    let Parted { one, other } = parted();
    let kinds: Vec<Option<Kind>> = views(&one, 5)
        .iter()
        .zip(views(&other, 5))
        .map(|(first, second)| Some(between(first, &second)?.claim.kind()))
        .collect();
    // Two acknowledgements of two records at one index, and two attestations, deny each other's event.
    let expected = [
        Kind::Fork,
        Kind::AttestationAgainstEvent,
        Kind::AttestationAgainstEvent,
        Kind::FeedFork,
    ];
    assert_eq!(kinds, expected.map(Some));
    let proof = LeafProof {
        leaf_hash: one.items[0].leaf,
        proof: one.tree.inclusion(0, 5),
    };
    assert_eq!(leaf_proof(&one.tree, one.items[0].leaf, 0, 5), proof);
}
