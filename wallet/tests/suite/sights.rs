//! A log that shows two histories is caught, and an honest one that repeats itself is not accused.

use placet_kernel::merkle::{MerkleError, consistency_proof};
use placet_kernel::sign::Algorithm;
use placet_wallet::acknowledgement::{AckError, check_acknowledgement};
use placet_wallet::sight::{Order, Sight, SightError};

use crate::world::{World, films, letters, person};

/// A log of `size` leaves; with another `story`, other leaves.
fn log(size: usize, story: u8) -> World {
    let mut world = World::new();
    let leaf = |at| placet_kernel::merkle::leaf_hash(&[story, at]);
    world.leaves = (0..size).map(|at| leaf(at as u8)).collect();
    world
}

fn seen(world: &World) -> Sight {
    let mut sight = Sight::default();
    sight.advance(world.signed_head(), &[]).unwrap();
    sight
}

#[test]
fn a_growing_log_is_followed() {
    for (old, new) in [(1, 2), (3, 7), (4, 8), (6, 6), (0, 5), (0, 0)] {
        let (before, after) = (log(old, 0), log(new, 0));
        let mut sight = seen(&before);
        assert_eq!(sight.anchor(), before.anchor());
        let proof = consistency_proof(old as u64, new as u64, &after).unwrap();
        let expected = match (old, new) {
            _ if old == new => Order::Same,
            (0, _) => Order::First,
            _ => Order::Newer,
        };
        assert_eq!(sight.advance(after.signed_head(), &proof), Ok(expected));
        assert_eq!(sight.anchor(), after.anchor());
    }
}

#[test]
fn two_trees_of_one_size_are_evidence() {
    let (ours, theirs) = (log(5, 0), log(5, 1));
    let mut sight = seen(&ours);
    let before = sight.clone();
    let Err(SightError::Fork(fork)) = sight.advance(theirs.signed_head(), &[]) else {
        panic!("no fork")
    };
    assert_eq!(
        (fork.size, fork.seen, fork.offered),
        (5, ours.head().0, theirs.head().0)
    );
    assert_eq!(sight, before, "nothing has changed");
}

#[test]
fn an_answer_under_a_forked_head_is_evidence() {
    let mut world = World::new();
    let request = world.request(&[films(), letters()]);
    let built = world.consent(&request, &person(Algorithm::Ed25519));
    let answer = world.answer(&built.record, 4);
    let sight = seen(&log(5, 1));
    let Err(AckError::Fork(fork)) = check_acknowledgement(&built.bytes, &answer, &world.trust(), &sight) else {
        panic!("no fork")
    };
    assert_eq!((fork.size, fork.offered), (5, answer.checkpoint));
}

#[test]
fn a_tree_that_does_not_continue_what_was_seen_is_not_followed() {
    let (ours, theirs) = (log(5, 0), log(9, 1));
    let mut sight = seen(&ours);
    let before = sight.clone();
    let proof = consistency_proof(5, 9, &theirs).unwrap();
    let error = MerkleError::OldRootMismatch;
    let expected = SightError::Unproved {
        smaller: 5,
        larger: 9,
        error,
    };
    assert_eq!(sight.advance(theirs.signed_head(), &proof), Err(expected.clone()));
    assert_eq!(expected.code(), "log_inconsistent");
    let none = sight.advance(log(9, 0).signed_head(), &[]);
    assert!(matches!(
        none,
        Err(SightError::Unproved {
            error: MerkleError::ProofLength { .. },
            ..
        })
    ));
    assert_eq!(sight, before);
}

#[test]
fn a_first_answer_that_is_given_again_is_older_and_no_crime() {
    let mut world = World::new();
    let request = world.request(&[films(), letters()]);
    let built = world.consent(&request, &person(Algorithm::Ed25519));
    let answer = world.answer(&built.record, 1);
    let early = world.signed_head();
    world.leaves.extend(log(4, 3).leaves);
    let mut sight = seen(&world);
    let believed = check_acknowledgement(&built.bytes, &answer, &world.trust(), &sight).unwrap();
    assert_eq!(believed.order, Order::Older);
    let proof = consistency_proof(2, 6, &world).unwrap();
    assert_eq!(sight.includes(&believed.head, &proof), Ok(Order::Older));
    assert_eq!(sight.advance(early, &proof), Ok(Order::Older));
    assert_eq!(sight.anchor(), world.anchor(), "it stays with the larger tree");
    let other = log(2, 9).signed_head();
    assert!(matches!(
        sight.includes(&other, &proof),
        Err(SightError::Unproved {
            smaller: 2,
            larger: 6,
            ..
        })
    ));
}

#[test]
fn what_is_stored_is_checked_anew() {
    let world = log(5, 0);
    let sight = seen(&world);
    let note = sight.note().unwrap();
    assert_eq!(Sight::restore(note, &world.trust()), Ok(sight.clone()));
    let changed = note.replacen("\n5\n", "\n6\n", 1);
    assert_eq!(
        Sight::restore(&changed, &world.trust()).unwrap_err().code(),
        "note_invalid_signature"
    );
    assert_eq!(Sight::default().note(), None);
    assert_eq!(Sight::default().anchor(), log(0, 0).anchor());
}
