//! Rows that are lost or changed where nothing is sealed: what is missing must not look like what never was.

use std::fs;

use placet_ledger::{Party, StoreError, SubmitError};
use placet_wallet::records::{Erasure, erase, withdraw};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::guarded::{Yes, open, soon};
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, p, person};

const LONG: u64 = 4000 * 86_400;

/// Changes a database of a ledger that is closed.
async fn change(world: &World, file: &str, statement: &str) {
    let options = SqliteConnectOptions::new().filename(world.data().join(file));
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let done = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut db).await;
    assert!(done.unwrap().rows_affected() > 0, "{statement}");
    db.close().await.unwrap();
}

/// The last event changes no state, so evidence without the one before would show a consent in force that has ended.
#[tokio::test]
async fn there_is_no_evidence_from_which_an_event_in_the_middle_is_lost() {
    let mut world = World::empty().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let (ada, origin) = (person("ada"), p(ORIGIN));
    let granted = world.consent(&ada, &request).await;
    let ended = withdraw(&granted.state, None, &world.pen(&ada, &origin)).unwrap();
    let withdrawal = world.ledger.submit(&ended.bytes).await.unwrap().index;
    let pen = world.pen(&ada, &origin);
    let erased = erase(&ended.state, Erasure::default(), world.anchor(), &pen).unwrap();
    world.ledger.submit(&erased.bytes).await.unwrap();
    let who = Party::Subject(ada.did());
    let evidence = async |world: &World| world.ledger.evidence(&who, &granted.state.consent, None).await;
    assert!(evidence(&world).await.unwrap().is_some());
    world.ledger.close().await;
    let lost = format!("DELETE FROM members WHERE idx = {withdrawal}");
    change(&world, "keyring.db", &lost).await;
    world.reopen().await;
    assert!(matches!(evidence(&world).await, Err(StoreError::Corrupt(_))));
}

/// Whatever the operator signs can be held against it.
#[tokio::test]
async fn a_feed_that_contradicts_itself_is_neither_signed_nor_gone_on_from() {
    for column in ["feed_root", "feed_frontier"] {
        let mut world = World::empty().await;
        let brand = Brand::named("cinema.example");
        let request = world.ask(&brand, vec![clause("films")]).await;
        world.consent(&person("ada"), &request).await;
        world.ledger.close().await;
        let flipped = format!("UPDATE controllers SET {column} = zeroblob(length({column}))");
        change(&world, "main.db", &flipped).await;
        world.reopen().await;
        let feed = world.ledger.feed(&brand.did, 0, 10).await;
        assert!(matches!(feed, Err(StoreError::Corrupt("feed"))), "{column}");
        let yes = world.yes(&person("bob"), &request).await;
        let refused = world.ledger.submit(&yes.bytes).await;
        assert!(
            matches!(refused, Err(SubmitError::Unavailable { .. })),
            "{column}: {refused:?}"
        );
    }
}

/// A keyring from before brings back a withdrawal that waited then. Its consent has been destroyed since.
#[tokio::test]
async fn a_withdrawal_that_waits_goes_with_its_consent() {
    let mut world = World::empty().await;
    let witness = Yes::start(&world).await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let ada = person("ada");
    let granted = world.consent(&ada, &request).await;
    witness.hush(true);
    open(&mut world, &witness).await;
    let ended = withdraw(&granted.state, None, &world.pen(&ada, &p(ORIGIN))).unwrap();
    let kept = world.ledger.submit(&ended.bytes).await;
    assert!(matches!(kept, Err(SubmitError::Received(_))), "{kept:?}");
    world.ledger.close().await;
    let (keyring, copy) = (world.data().join("keyring.db"), world.dir.path().join("copy.db"));
    fs::copy(&keyring, &copy).unwrap();

    witness.hush(false);
    open(&mut world, &witness).await;
    soon("it is recorded", async || {
        world.ledger.received_withdrawals().await.unwrap() == 0
    })
    .await;
    world.clock.pass(LONG);
    open(&mut world, &witness).await;
    soon("it is destroyed", async || {
        let rows = world.ledger.destructions(None, 10).await.unwrap().items;
        rows.iter().any(|row| row.pending.is_empty())
    })
    .await;
    world.ledger.close().await;
    fs::copy(&copy, &keyring).unwrap();
    witness.hush(true);
    open(&mut world, &witness).await;
    assert_eq!(world.ledger.received_withdrawals().await.unwrap(), 0);
}
