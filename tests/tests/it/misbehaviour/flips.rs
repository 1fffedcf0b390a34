//! Any flipped bit, and any other damage to the bytes, is noticed.

use std::thread;

use placet_kernel::bundle::Verdict;
use placet_kernel::misbehaviour::{
    self, Accusation, Claim, Difference, Event, FeedDifference, Gap, Opening, Statement, between, prefix,
};
use placet_kernel::trust::Trust;
use placet_schemas::statement::FeedHead;
use placet_schemas::time::Timestamp;
use placet_tests::history::{History, digest, leaf_proof};
use placet_tests::scene::Scene;
use proptest::prelude::*;
use serde_json::Value;

use super::{ORIGIN, cinema, event, now, public};
use crate::damage;

/// Bytes, and what they are judged by.
struct Judged {
    bytes: Vec<u8>,
    trust: Trust,
    now: Timestamp,
}

impl Judged {
    fn holds(&self, bytes: &[u8]) -> bool {
        let report = misbehaviour::verify(bytes, Some(&self.trust), self.now);
        report.is_ok_and(|report| report.proved == Verdict::Holds)
    }
}

/// One file of each kind on each ground.
fn files() -> Vec<Judged> {
    let [one, other] = ["one", "other"].map(|name| {
        let mut history = History::new(ORIGIN);
        history.batch(&[public("request"), event("grant", "grant"), event("grant", name)]);
        history.batch(&[public("last"), public("very last")]);
        history
    });
    let feeds = [one.feed(&cinema(), 5), other.feed(&cinema(), 5)];
    let head = |history: &History, size| history.sign(history.head(&cinema(), size, now()));
    let leaves = |trees: [&placet_tests::tree::Tree; 2]| Difference::Leaf {
        index: 2,
        leaves: [
            leaf_proof(trees[0], one.items[2].leaf, 2, 3),
            leaf_proof(trees[1], other.items[2].leaf, 2, 5),
        ],
    };
    let note = |history: &History, size| Statement::Checkpoint(history.checkpoint(size));
    let acknowledged = |history: &History| Statement::Acknowledgement(history.sign(history.acknowledgement(2)));
    let short = FeedHead {
        feed_size: 2,
        feed_root: digest(&feeds[0].root(2)),
        ..one.head(&cinema(), 5, now())
    };
    let short = one.sign(short);
    let swapped = Claim::AcknowledgementAgainstHead {
        acknowledgement: Box::new(one.sign(one.acknowledgement(2))),
        head: Box::new(head(&other, 5)),
        ground: Gap::Swapped(leaf_proof(&feeds[1], other.items[2].leaf, 2, 5)),
    };
    let feed_leaves = Claim::FeedFork {
        heads: Box::new([head(&one, 3), head(&other, 5)]),
        ground: FeedDifference::Tree(leaves([&feeds[0], &feeds[1]])),
    };
    let leaf = Claim::Fork {
        views: Box::new([note(&one, 3), note(&other, 5)]),
        ground: leaves([&one.tree, &other.tree]),
    };
    let origin = || one.origin.clone();
    let found = [
        prefix(&one.origin, &note(&one, 3), &note(&other, 5), &other.tree),
        between(&note(&one, 3), &note(&other, 3)),
        between(&Statement::FeedHead(head(&one, 5)), &Statement::FeedHead(short.clone())),
        between(&acknowledged(&one), &Statement::FeedHead(short)),
        between(&acknowledged(&one), &acknowledged(&other)),
    ];
    let made = [swapped, feed_leaves, leaf].map(|claim| Accusation {
        origin: origin(),
        claim,
    });
    let mut files: Vec<Judged> = found
        .into_iter()
        .map(Option::unwrap)
        .chain(made)
        .map(|accusation| Judged {
            bytes: accusation.to_bytes().unwrap(),
            trust: one.trust(),
            now: now(),
        })
        .collect();
    files.push(opened());
    files
}

/// A withdrawal that is denied, under a checkpoint with a witness.
fn opened() -> Judged {
    let mut scene = Scene::new();
    let grant = scene.grant();
    let withdrawal = scene.withdraw();
    let size = scene.log.size();
    let said = scene.log.statement(scene.consent(), size, grant, scene.consent());
    scene.log.strangers(1);
    let published = scene.log.publish(size + 1, &[(&scene.witnesses[0], scene.clock)]);
    let opening = scene.log.opening(withdrawal, size + 1);
    let claim = Claim::AttestationAgainstEvent {
        attestation: Box::new(Statement::StateAttestation(scene.log.sign(said))),
        event: Box::new(Event::Opened {
            opening: Opening {
                index: withdrawal,
                salt: opening.salt,
                record: opening.record,
                proof: opening.proof,
            },
            view: Some(Statement::Checkpoint(published.note)),
        }),
    };
    let origin = scene.log.origin.clone();
    Judged {
        bytes: Accusation { origin, claim }.to_bytes().unwrap(),
        trust: scene.trust(),
        now: scene.clock,
    }
}

#[test]
fn no_flipped_bit_of_a_misbehaviour_file_holds() {
    for judged in files() {
        assert!(
            judged.holds(&judged.bytes),
            "{}",
            String::from_utf8_lossy(&judged.bytes)
        );
        let threads = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for first in 0..threads {
                let judged = &judged;
                scope.spawn(move || {
                    let mut bytes = judged.bytes.clone();
                    for at in (first..bytes.len()).step_by(threads) {
                        for bit in 0..8 {
                            bytes[at] ^= 1 << bit;
                            assert!(
                                !judged.holds(&bytes),
                                "bit {bit} of byte {at}: {}",
                                String::from_utf8_lossy(&bytes)
                            );
                            bytes[at] ^= 1 << bit;
                        }
                    }
                });
            }
        });
    }
}

/// The statements of a file, and what opens an event in it.
fn parts(bytes: &[u8]) -> Vec<Value> {
    let file: Value = serde_json::from_slice(bytes).unwrap();
    let opened = file["ground"].get("record").cloned();
    file["statements"]
        .as_array()
        .unwrap()
        .iter()
        .cloned()
        .chain(opened)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_misbehaviour_file_proves_nothing_new(
        which: prop::sample::Index,
        edits in damage::edits(),
    ) {
        let files = files();
        let judged = which.get(&files);
        let changed = damage::damaged(&judged.bytes, &edits);
        if judged.holds(&changed) {
            let known = parts(&judged.bytes);
            prop_assert!(parts(&changed).iter().all(|part| known.contains(part)));
        }
    }
}
