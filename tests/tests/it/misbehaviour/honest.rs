//! Nobody can be framed: what an honest operator signs never makes a file that is accepted, however it is put together.

use placet_kernel::bundle::Verdict;
use placet_kernel::merkle::Hash;
use placet_kernel::misbehaviour::{Claim, Difference, Event, FeedDifference, Gap, Statement, between, prefix};
use placet_schemas::id::{Did, Digest};
use placet_tests::history::{History, leaf_proof};
use placet_tests::tree::Tree;
use proptest::prelude::*;

use super::{ORIGIN, cinema, codes, event, gym, judge, now, public, record};

/// A life with every honest thing that could look dishonest: batches with two events of one consent, refreshed heads, feeds
/// that do not change while the log grows.
fn life() -> (History, Vec<Statement>) {
    let mut history = History::new(ORIGIN);
    let batches = [
        vec![public("request"), event("a", "a"), event("a", "a narrowed")],
        vec![(gym(), None, record("gym")), event("b", "b")],
        vec![(gym(), None, record("gym 2"))],
        vec![event("a", "a withdrawn"), event("b", "b renewed")],
        vec![event("a", "a erased")],
    ];
    let sizes: Vec<u64> = batches.iter().map(|batch| history.batch(batch)).collect();
    let mut said = Vec::new();
    for size in sizes {
        said.extend(history.everything(size, now()));
        // The same again, a while later.
        said.extend(
            history
                .everything(size, now().plus_seconds(5))
                .into_iter()
                .filter(is_head),
        );
    }
    (history, said)
}

fn is_head(statement: &Statement) -> bool {
    matches!(statement, Statement::FeedHead(_))
}

fn size_of(statement: &Statement) -> u64 {
    match statement {
        Statement::Checkpoint(note) => note.lines().nth(1).unwrap().parse().unwrap(),
        Statement::Acknowledgement(signed) => signed.statement.size,
        Statement::StateAttestation(signed) => signed.statement.size,
        Statement::FeedHead(signed) => signed.statement.size,
    }
}

/// Every way to accuse with these two statements and true hashes.
fn accusations(history: &History, one: &Statement, other: &Statement) -> Vec<Claim> {
    let (first, second) = (size_of(one), size_of(other));
    let views = Box::new([one.clone(), other.clone()]);
    let mut claims: Vec<Claim> = differences(&history.tree, first, second, &leaves(history, None))
        .into_iter()
        .map(|ground| Claim::Fork {
            views: views.clone(),
            ground,
        })
        .collect();
    if let (Statement::FeedHead(one), Statement::FeedHead(other)) = (one, other) {
        let controller = &one.statement.controller;
        let (feed, hashes) = (
            history.feed(controller, history.size()),
            leaves(history, Some(controller)),
        );
        // Of another controller's feed there are no proofs in this one.
        let [first, second] = [one, other].map(|head| head.statement.feed_size.min(feed.size()));
        let grounds = differences(&feed, first, second, &hashes);
        let grounds = grounds.into_iter().map(FeedDifference::Tree);
        claims.extend(grounds.chain([FeedDifference::Shrunk]).map(|ground| Claim::FeedFork {
            heads: Box::new([one.clone(), other.clone()]),
            ground,
        }));
    }
    if let (Statement::Acknowledgement(one), Statement::FeedHead(other)) = (one, other) {
        let (feed, seq) = (
            history.feed(&other.statement.controller, other.statement.size),
            one.statement.seq,
        );
        let hashes = leaves(history, Some(&other.statement.controller));
        let swapped = (seq < feed.size()).then(|| {
            let leaf = hashes[usize::try_from(seq).unwrap()];
            Gap::Swapped(leaf_proof(&feed, leaf, seq, feed.size()))
        });
        claims.extend(
            swapped
                .into_iter()
                .chain([Gap::Missing])
                .map(|ground| Claim::AcknowledgementAgainstHead {
                    acknowledgement: Box::new(one.clone()),
                    head: Box::new(other.clone()),
                    ground,
                }),
        );
    }
    claims.push(Claim::AttestationAgainstEvent {
        attestation: Box::new(one.clone()),
        event: Box::new(Event::Stated(other.clone())),
    });
    claims
}

fn differences(tree: &Tree, first: u64, second: u64, leaves: &[Hash]) -> Vec<Difference> {
    let mut grounds = Vec::new();
    let (small, large) = (first.min(second), first.max(second));
    for root in [tree.root(small), tree.root(large)] {
        grounds.push(Difference::Prefix {
            root,
            consistency: tree.consistency(small, large),
        });
    }
    for (index, leaf) in (0..small).zip(leaves) {
        let leaves = [first, second].map(|size| leaf_proof(tree, *leaf, index, size));
        grounds.push(Difference::Leaf { index, leaves });
    }
    grounds
}

fn leaves(history: &History, controller: Option<&Did>) -> Vec<Hash> {
    let items = history.items.iter();
    let of = items.filter(|item| controller.is_none_or(|controller| item.controller == *controller));
    of.map(|item| item.leaf).collect()
}

fn nothing_is_proved(history: &History, one: &Statement, other: &Statement) {
    assert_eq!(between(one, other), None);
    assert_eq!(prefix(&history.origin, one, other, &history.tree), None);
    for claim in accusations(history, one, other) {
        let report = judge(history, claim.clone());
        assert_eq!(report.proved, Verdict::Fails, "{claim:#?}");
        assert_eq!(report.contradiction, None);
    }
}

#[test]
fn no_pair_of_what_an_honest_operator_signed_proves_anything() {
    let (history, said) = life();
    // Each pair is judged once in each order; those of kinds that have much in common only every few.
    for (at, one) in said.iter().enumerate() {
        for other in said.iter().skip(at % 3).step_by(3) {
            nothing_is_proved(&history, one, other);
        }
    }
}

#[test]
fn an_acknowledgement_newer_than_the_head_says_nothing_against_it() {
    let (history, _) = life();
    let claim = Claim::AcknowledgementAgainstHead {
        acknowledgement: Box::new(history.sign(history.acknowledgement(4))),
        head: Box::new(history.sign(history.head(&cinema(), 3, now()))),
        ground: Gap::Missing,
    };
    let report = judge(&history, claim);
    assert_eq!(
        (report.proved, codes(&report)),
        (Verdict::Fails, vec!["no_contradiction"])
    );
}

#[test]
fn the_same_tree_signed_again_with_other_cosignatures_is_no_fork() {
    let (history, _) = life();
    let witness = placet_tests::log::Witness::new("w1");
    let trust = placet_tests::log::trust(&placet_tests::log::trust_file(
        history.keys(),
        std::slice::from_ref(&witness),
        1,
    ));
    let note = history.checkpoint(5);
    let head = note.split("\n\n").next().map(|text| format!("{text}\n")).unwrap();
    let head: placet_kernel::checkpoint::Checkpoint = head.parse().unwrap();
    let name = placet_tests::p("witness.example/w1");
    let cosigned = |time| {
        let line = placet_kernel::checkpoint::cosign(&head, &name, time, &witness.key).unwrap();
        Statement::Checkpoint(format!("{note}{line}"))
    };
    let views = Box::new([cosigned(1_800_000_000), cosigned(1_800_000_100)]);
    let ground = Difference::Prefix {
        root: history.tree.root(5),
        consistency: Vec::new(),
    };
    let report = super::judge_by(&trust, &history, Claim::Fork { views, ground });
    assert_eq!(
        (report.proved, codes(&report)),
        (Verdict::Fails, vec!["no_contradiction"])
    );
    assert_eq!(report.said[0].signed_by.len(), 2, "the witness is named too");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Batches of any sizes, controllers and consents at random; the whole of what is said of any two of its moments.
    #[test]
    fn no_honest_history_of_batches_is_ever_accused(
        batches in prop::collection::vec(prop::collection::vec((0..2u8, 0..4u8), 1..4), 1..5),
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 24),
    ) {
        let mut history = History::new(ORIGIN);
        let mut said = Vec::new();
        let mut count = 0u32;
        let mut started: Vec<Digest> = Vec::new();
        for batch in &batches {
            let items: Vec<_> = batch.iter().map(|(controller, consent)| {
                count += 1;
                let controller = if *controller == 0 { cinema() } else { gym() };
                let digest = record(&format!("record {count}"));
                // 0: nobody's; 1: a grant; else one more event of a consent that has started.
                let consent = match consent {
                    0 => None,
                    1 => {
                        started.push(digest);
                        Some(digest)
                    }
                    other => started.get(usize::from(*other) % started.len().max(1)).copied(),
                };
                (controller, consent, digest)
            }).collect();
            let size = history.batch(&items);
            said.extend(history.everything(size, now().plus_seconds(size)));
            said.extend(history.everything(size, now().plus_seconds(size + 5)).into_iter().filter(is_head));
        }
        for one in &said {
            for other in &said {
                prop_assert_eq!(between(one, other), None);
            }
        }
        for (one, other) in &picks {
            nothing_is_proved(&history, one.get(&said), other.get(&said));
        }
    }
}
