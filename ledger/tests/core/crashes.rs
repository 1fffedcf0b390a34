//! Every step of a commit fails, or the process dies at it, before or after it has had its effect. Whatever happens: what
//! was answered is there, nothing is there twice, nothing half-done is seen, and the same bytes get one answer for ever.

use placet_ledger::{Fate, Party, Step, SubmitError, When};
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::Record;
use placet_wallet::records::{Built, withdraw};

use crate::naive;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, p, person};

async fn stage() -> (World, Record, Built) {
    let world = World::with_head_file().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let granted = world.consent(&person("first"), &request).await;
    world.published().await;
    (world, request, granted)
}

/// Whether a record is in the log for good once this has happened at this step.
fn is_committed(step: Step, when: When) -> bool {
    match step {
        Step::Keyring => false,
        Step::Main => when == When::After,
        _ => true,
    }
}

/// The steps that a batch takes when nothing goes wrong.
const STEPS: [Step; 6] = [
    Step::Keyring,
    Step::Main,
    Step::HeadFile,
    Step::Answer,
    Step::Tiles,
    Step::Publish,
];

#[tokio::test]
async fn a_process_that_dies_at_any_step_loses_nothing_that_it_answered() {
    for (step, when) in STEPS
        .into_iter()
        .flat_map(|step| [(step, When::Before), (step, When::After)])
    {
        let (mut world, request, first) = stage().await;
        let ada = person("ada");
        let granted = world.yes(&ada, &request).await;
        let ended = withdraw(&first.state, None, &world.pen(&person("first"), &p(ORIGIN))).unwrap();
        world.watcher.plan(step, when, Fate::Die);
        let (at_death, also) = tokio::join!(world.ledger.submit(&granted.bytes), world.ledger.submit(&ended.bytes));
        world.ledger.close().await;
        assert!(!world.watcher.is_due(), "{step:?} {when:?} was never reached");
        let answered_before_death = matches!(
            (step, when),
            (Step::Answer, When::After) | (Step::Tiles | Step::Publish, _)
        );
        assert_eq!(
            at_death.is_ok(),
            answered_before_death,
            "{step:?} {when:?}: {at_death:?}"
        );
        assert!(
            at_death.is_ok() || matches!(at_death, Err(SubmitError::Unavailable { .. })),
            "{at_death:?}"
        );

        world.ledger = world.try_open().await.unwrap();
        let committed = is_committed(step, when);
        let found = world
            .ledger
            .consents(&Party::Subject(ada.did()), None, 10)
            .await
            .unwrap()
            .items;
        assert_eq!(found.len(), usize::from(committed), "{step:?} {when:?}");
        let again = world.ledger.submit(&granted.bytes).await.unwrap();
        assert_eq!(again.replay, committed, "{step:?} {when:?}");
        for before in [at_death, also].into_iter().flatten() {
            assert_eq!(
                world.ledger.submit(&before.record).await.unwrap().answer,
                before.answer,
                "{step:?} {when:?}"
            );
        }
        world.check(&world.ledger.submit(&ended.bytes).await.unwrap());
        assert_eq!(naive::check(&mut world).await.size, 5, "{step:?} {when:?}");
    }
}

#[tokio::test]
async fn a_step_that_fails_once_is_made_up_for_without_a_restart() {
    for (step, when) in STEPS
        .into_iter()
        .flat_map(|step| [(step, When::Before), (step, When::After)])
    {
        let (mut world, request, _) = stage().await;
        let granted = world.yes(&person("ada"), &request).await;
        world.watcher.plan(step, when, Fate::Fail);
        let failed = world.ledger.submit(&granted.bytes).await;
        // A commit that was persisted although it reported an error is found out, and answered as if it had not.
        let answered = matches!(
            (step, when),
            (Step::Main | Step::Answer, When::After) | (Step::Tiles | Step::Publish, _)
        );
        assert_eq!(failed.is_ok(), answered, "{step:?} {when:?}: {failed:?}");
        let again = world.ledger.submit(&granted.bytes).await.unwrap();
        assert_eq!(again.replay, is_committed(step, when), "{step:?} {when:?}");
        if let Ok(first) = failed {
            assert_eq!(first.answer, again.answer);
        }
        world.check(&again);
        world.consent(&person("bob"), &request).await;
        assert!(world.ledger.is_ready());
        assert!(!world.watcher.is_due(), "{step:?} {when:?} was never reached");
        assert_eq!(naive::check(&mut world).await.size, 5, "{step:?} {when:?}");
    }
}

#[tokio::test]
async fn a_sweep_that_fails_or_dies_is_done_again() {
    for (when, fate) in [When::Before, When::After]
        .into_iter()
        .flat_map(|w| [(w, Fate::Fail), (w, Fate::Die)])
    {
        let (mut world, request, _) = stage().await;
        let granted = world.yes(&person("ada"), &request).await;
        // The batch dies with its keyring rows in place; the start that sweeps them does not get through either.
        world.watcher.plan(Step::Keyring, When::After, Fate::Die);
        world.ledger.submit(&granted.bytes).await.unwrap_err();
        world.ledger.close().await;
        world.watcher.plan(Step::Sweep, when, fate);
        assert!(world.try_open().await.is_err());
        world.ledger = world.try_open().await.unwrap();
        assert!(!world.ledger.submit(&granted.bytes).await.unwrap().replay);
        assert_eq!(naive::check(&mut world).await.size, 4, "{when:?} {fate:?}");
    }
}

#[tokio::test]
async fn keyring_rows_without_a_record_are_seen_by_nobody_and_swept() {
    let (mut world, request, _) = stage().await;
    let ada = person("ada");
    let granted = world.yes(&ada, &request).await;
    world.watcher.plan(Step::Main, When::Before, Fate::Die);
    world.ledger.submit(&granted.bytes).await.unwrap_err();
    let who = Party::Subject(ada.did());
    assert_eq!(
        world.ledger.proof(Some(&who), &granted.record.digest()).await.unwrap(),
        None
    );
    assert_eq!(world.ledger.consent(&who, &granted.state.consent).await.unwrap(), None);
    assert!(world.ledger.consents(&who, None, 10).await.unwrap().items.is_empty());
    world.ledger.close().await;
    world.ledger = world.try_open().await.unwrap();
    // Somebody else takes the index that the lost record would have had.
    let bob = world.consent(&person("bob"), &request).await;
    assert_eq!(world.ledger.consent(&who, &granted.state.consent).await.unwrap(), None);
    let view = world
        .ledger
        .consent(&Party::Subject(person("bob").did()), &bob.state.consent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((view.index, view.state.phase), (3, Phase::Given));
    assert_eq!(naive::check(&mut world).await.size, 4);
}

#[tokio::test]
async fn a_ledger_that_has_died_says_so_and_refuses_nothing_wrongly() {
    let (world, request, _) = stage().await;
    world.watcher.plan(Step::Keyring, When::Before, Fate::Die);
    let granted = world.yes(&person("ada"), &request).await;
    assert!(matches!(
        world.ledger.submit(&granted.bytes).await,
        Err(SubmitError::Unavailable { .. })
    ));
    assert!(matches!(
        world.ledger.submit(&granted.bytes).await,
        Err(SubmitError::Unavailable { .. })
    ));
    assert!(!world.ledger.is_ready());
}
