//! Many records at once.

use std::collections::BTreeSet;

use placet_ledger::{Recorded, SubmitError};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::Record;
use placet_schemas::record::holders::Holders;
use placet_wallet::records::{Built, Erasure, authorize_holders, erase, narrow, withdraw};
use tokio::task::{JoinHandle, JoinSet};

use crate::naive;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, TICK, World, answer_of, p, person, refusal};

/// Submits records so that they wait for the same tick.
async fn together(world: &World, records: &[&[u8]]) -> Vec<Result<Recorded, SubmitError>> {
    let mut tasks = JoinSet::new();
    for (at, bytes) in records.iter().enumerate() {
        let (ledger, bytes) = (world.ledger.clone(), bytes.to_vec());
        tasks.spawn(async move { (at, ledger.submit(&bytes).await) });
    }
    let mut answers: Vec<_> = tasks.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Whether two answers are under one checkpoint, and so from one batch.
fn same_batch(one: &Recorded, other: &Recorded) -> bool {
    answer_of(one).checkpoint == answer_of(other).checkpoint
}

async fn stage() -> (World, Brand, Record) {
    let world = World::empty().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films")]).await;
    (world, brand, request)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_grants_are_in_the_log_each_once_and_every_proof_holds() {
    const GRANTS: usize = 700;
    let (mut world, brand, request) = stage().await;
    let other = world
        .ask(&Brand::named("festival.example"), vec![clause("films")])
        .await;
    let mut built: Vec<Built> = Vec::with_capacity(GRANTS);
    for at in 0..GRANTS {
        let asked = if at % 3 == 0 { &other } else { &request };
        built.push(world.yes(&person(&at.to_string()), asked).await);
    }
    let records: Vec<&[u8]> = built.iter().map(|built| built.bytes.as_slice()).collect();
    let answers = together(&world, &records).await;
    let mut indexes = BTreeSet::new();
    let mut checkpoints = BTreeSet::new();
    for (answer, built) in answers.iter().zip(&built) {
        let recorded = answer.as_ref().unwrap();
        world.check(recorded).concerns(&built.state).unwrap();
        indexes.insert(recorded.index);
        checkpoints.insert(answer_of(recorded).checkpoint);
    }
    assert_eq!(indexes, (4..4 + GRANTS as u64).collect());
    assert!(
        checkpoints.len() < GRANTS / 10,
        "they went in few batches: {}",
        checkpoints.len()
    );
    let published = naive::check(&mut world).await;
    assert_eq!(published.size, 4 + GRANTS as u64, "three tiles wide");

    // Paging through a long list meets each consent once.
    let (who, mut after, mut seen) = (placet_ledger::Party::Controller(brand.did), None, 0);
    loop {
        let page = world.ledger.consents(&who, after, 100).await.unwrap();
        seen += page.items.len();
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(page.items.len(), 100);
    }
    assert_eq!(seen, GRANTS - GRANTS.div_ceil(3));
}

#[tokio::test]
async fn two_events_of_one_consent_in_one_batch_both_say_which_is_the_last() {
    let (world, _, request) = stage().await;
    let (ada, origin) = (person("ada"), p(ORIGIN));
    // Batches are made by the clock, so until one holds all three, another person tries.
    for attempt in 0..50 {
        let granted = world.yes(&person(&format!("{attempt}")), &request).await;
        let key = person(&format!("{attempt}"));
        let pattern = Pattern::Value {
            purpose: None,
            value: Value::Category(p("pd:Interest")),
        };
        let narrowed = narrow(&granted.state, vec![pattern], world.anchor(), &world.pen(&key, &origin)).unwrap();
        let ended = withdraw(&narrowed.state, None, &world.pen(&key, &origin)).unwrap();
        let answers = together(&world, &[&granted.bytes, &narrowed.bytes, &ended.bytes]).await;
        let all: Result<Vec<Recorded>, _> = answers.into_iter().collect();
        let Ok(all) = all else { continue };
        if !all.iter().all(|one| same_batch(one, &all[0])) {
            continue;
        }
        for recorded in &all {
            let acknowledged = world.check(recorded);
            let statement = &acknowledged.statement;
            assert_eq!(statement.consent, Some(granted.state.consent));
            assert_eq!(
                (statement.last_index, statement.last_digest),
                (Some(all[2].index), Some(all[2].digest))
            );
        }
        let view = world
            .ledger
            .consent(&placet_ledger::Party::Subject(key.did()), &granted.state.consent)
            .await;
        assert_eq!(view.unwrap().unwrap().state, ended.state);
        // The stored state is the one after the last event: nothing may follow it.
        let again = withdraw(&narrowed.state, None, &world.pen(&key, &origin)).unwrap();
        assert_eq!(world.refusal(&again.bytes).await, "consent_ended");
        return;
    }
    drop(ada);
    panic!("no batch ever held three records");
}

#[tokio::test]
async fn the_same_record_twice_in_a_batch_is_one_record() {
    let (world, _, request) = stage().await;
    let granted = world.yes(&person("ada"), &request).await;
    let size = world.ledger.size();
    let answers = together(&world, &[granted.bytes.as_slice(); 8]).await;
    let answers: Vec<Recorded> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|one| one.answer == answers[0].answer));
    assert_eq!(answers.iter().filter(|one| !one.replay).count(), 1);
    assert_eq!(world.ledger.size(), size + 1);
}

#[tokio::test]
async fn of_two_answers_to_one_invitation_in_a_batch_one_is_recorded() {
    let (world, _, request) = stage().await;
    let invitation = world.invite(&request).await;
    let built: Vec<Built> = (0..8)
        .map(|at| world.yes_by(&person(&at.to_string()), &request, &invitation))
        .collect();
    let size = world.ledger.size();
    let answers = together(
        &world,
        &built.iter().map(|built| built.bytes.as_slice()).collect::<Vec<_>>(),
    )
    .await;
    let (recorded, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((recorded.len(), world.ledger.size()), (1, size + 1));
    assert!(
        refused
            .into_iter()
            .all(|refused| refusal(refused) == "invitation_spent")
    );
}

#[tokio::test]
async fn a_refused_record_in_a_batch_leaves_the_others_alone() {
    let (mut world, _, request) = stage().await;
    let invitations = [world.invite(&request).await, world.invite(&request).await];
    let good = [0, 1].map(|at| world.yes_by(&person(&at.to_string()), &request, &invitations[at]));
    let bad = world.yes_by(&person("2"), &request, &invitations[0]);
    let answers = together(&world, &[&good[0].bytes, &bad.bytes, &good[1].bytes]).await;
    let recorded = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(recorded, 2);
    assert_eq!(naive::check(&mut world).await.size, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_erasure_requests_leaves_room_for_the_withdrawal() {
    const MOST_EVENTS: usize = 1024;
    let (world, brand, request) = stage().await;
    let (ada, origin) = (person("ada"), p(ORIGIN));
    let granted = world.consent(&ada, &request).await;
    let erase = || {
        let pen = world.pen(&ada, &origin);
        erase(&granted.state, Erasure::default(), world.anchor(), &pen).unwrap()
    };
    let flood: Vec<Built> = (0..MOST_EVENTS).map(|_| erase()).collect();
    let answers = together(
        &world,
        &flood.iter().map(|built| built.bytes.as_slice()).collect::<Vec<_>>(),
    )
    .await;
    let (recorded, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((recorded.len(), refused.len()), (MOST_EVENTS - 1, 1));
    assert!(refused.into_iter().all(|refused| refusal(refused) == "chain_full"));
    let withdrawn = withdraw(&granted.state, None, &world.pen(&ada, &origin)).unwrap();
    world.check(&world.ledger.submit(&withdrawn.bytes).await.unwrap());
    assert_eq!(world.refusal(&erase().bytes).await, "chain_full");
    let holders = authorize_holders(&granted.state, Holders::default(), &world.pen(&ada, &origin)).unwrap();
    assert_eq!(
        world.refusal(&holders.bytes).await,
        "chain_full",
        "neither does it say any more"
    );
    let who = placet_ledger::Party::Controller(brand.did);
    let view = world
        .ledger
        .consent(&who, &granted.state.consent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.events.len(), MOST_EVENTS + 1);
    assert_eq!(view.events[MOST_EVENTS].digest, withdrawn.record.digest());
    assert!(
        world
            .ledger
            .evidence(&who, &granted.state.consent, None)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_queue_that_is_full_of_other_records_takes_a_withdrawal() {
    let world = World::empty().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let anna = person("anna");
    let given = world.consent(&anna, &request).await;
    let (grant, origin) = (world.yes(&person("bob"), &request).await, p(ORIGIN));
    let withdrawal = withdraw(&given.state, None, &world.pen(&anna, &origin)).unwrap();
    world.watcher.hold(true);
    // One batch is with the writer, and then the queue fills up: the same bytes do as well as others.
    let flood: Vec<_> = (0..4500)
        .map(|_| {
            let (ledger, bytes) = (world.ledger.clone(), grant.bytes.clone());
            tokio::spawn(async move { ledger.submit(&bytes).await })
        })
        .collect();
    while !flood.iter().any(JoinHandle::is_finished) {
        tokio::time::sleep(TICK).await;
    }
    let late = world.ledger.submit(&grant.bytes).await.unwrap_err();
    assert!(late.to_string().contains("too many records are waiting"), "{late}");
    let (ledger, bytes) = (world.ledger.clone(), withdrawal.bytes.clone());
    let withdrawn = tokio::spawn(async move { ledger.submit(&bytes).await });
    tokio::time::sleep(TICK * 20).await;
    assert!(!withdrawn.is_finished(), "it waits, as those before it do");
    world.watcher.hold(false);
    assert!(!withdrawn.await.unwrap().unwrap().replay);
    let mut answered = 0;
    for call in flood {
        answered += usize::from(call.await.unwrap().is_ok());
    }
    assert!((1..4500).contains(&answered), "{answered}");
}
