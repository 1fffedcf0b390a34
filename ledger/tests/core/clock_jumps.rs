//! The node's clock jumps by a day, forward and back, while it runs and across a restart. Commits go on, nothing that was
//! signed is contradicted, records are judged by the clock as it is, and once it is right again so is everything else.

use placet_ledger::{Fate, Keys, Party, Step, SubmitError, When, fsck};
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::Body;
use placet_wallet::records::withdraw;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::fault_table::published;
use crate::guarded::{Yes, open, soon};
use crate::naive;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, TICK, World, answer_of, p, person};

const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// By how much the clock is wrong, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jump {
    Forward,
    Back,
}

impl Jump {
    fn happens(self, world: &World) {
        match self {
            Self::Forward => world.clock.pass(DAY),
            Self::Back => world.clock.set_back(DAY),
        }
    }

    fn is_mended(self, world: &World) {
        match self {
            Self::Forward => world.clock.set_back(DAY),
            Self::Back => world.clock.pass(DAY),
        }
    }
}

/// Every kept checkpoint, as size and time, in the order of the log.
async fn kept(world: &World) -> Vec<(i64, i64)> {
    let options = SqliteConnectOptions::new()
        .filename(world.data().join("main.db"))
        .read_only(true);
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let rows = sqlx::query_as("SELECT size, time FROM checkpoints ORDER BY size, time")
        .fetch_all(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
    rows
}

/// A larger tree never bears an earlier time; files and rows are whole.
async fn check(world: &mut World, size: u64) {
    let kept = kept(world).await;
    assert!(kept.is_sorted_by_key(|(_, time)| *time), "{kept:?}");
    assert_eq!(naive::check(world).await.size, size);
    world.ledger.close().await;
    let keys = Keys::load(&world.dir.path().join("keys")).unwrap();
    let report = fsck(&world.data(), p(ORIGIN), keys, &published(&world.data()), &|_, _| {})
        .await
        .unwrap();
    assert_eq!(report.findings, []);
    world.ledger = world.try_open().await.unwrap();
}

#[tokio::test]
async fn a_clock_that_jumps_by_a_day_holds_up_nothing_and_signs_nothing_backwards() {
    for (jump, restarted) in [
        (Jump::Forward, false),
        (Jump::Forward, true),
        (Jump::Back, false),
        (Jump::Back, true),
    ] {
        let mut world = World::with_head_file().await;
        let brand = Brand::named("cinema.example");
        let request = world.ask(&brand, vec![clause("films")]).await;
        let (ada, bob) = (world.consent(&person("ada"), &request).await, person("bob"));
        // Signed by people whose clocks are right, and on their way when the node's jumps.
        let late = world.yes(&bob, &request).await;
        let ended = withdraw(&ada.state, None, &world.pen(&person("ada"), &p(ORIGIN))).unwrap();

        jump.happens(&world);
        if restarted {
            world.reopen().await;
        }
        // Whoever signs by the node's clock is taken, with a time that only the node believes in.
        world.ask_again(&brand, vec![clause("books")], None).await;
        // A yes of another day is refused, and not spent; a withdrawal holds, and what is odd about it is told.
        assert_eq!(world.refusal(&late.bytes).await, "time_implausible", "{jump:?}");
        let recorded = world.ledger.submit(&ended.bytes).await.unwrap();
        let findings = answer_of(&recorded).findings;
        assert_eq!(findings.len(), 1, "{jump:?}: {findings:?}");
        world.check(&recorded);
        world.published().await;

        jump.is_mended(&world);
        if restarted {
            world.reopen().await;
        }
        // The same bytes are taken now: the invitation was neither spent nor forgotten.
        world.check(&world.ledger.submit(&late.bytes).await.unwrap());
        world.consent(&person("cleo"), &request).await;
        assert_eq!(world.ledger.submit(&ended.bytes).await.unwrap().answer, recorded.answer);
        let who = Party::Controller(brand.did.clone());
        let view = world.ledger.consent(&who, &ada.state.consent).await.unwrap().unwrap();
        assert_eq!(view.state.phase, Phase::Withdrawn);
        assert!(
            world
                .ledger
                .evidence(&who, &late.state.consent, None)
                .await
                .unwrap()
                .is_some()
        );
        check(&mut world, 7).await;
    }
}

/// Destroying cannot be undone, and what is due is said by the node's own clock. One that runs ahead by a day destroys what
/// is due within that day, and nothing else; and what it did stays done.
#[tokio::test]
async fn a_clock_that_runs_ahead_by_a_day_destroys_nothing_that_is_due_later_than_that() {
    let mut world = World::with_head_file().await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let Body::ConsentRequest(asked) = &request.body else {
        panic!("no request")
    };
    let (ada, bob) = (
        world.consent(&person("ada"), &request).await,
        world.consent(&person("bob"), &request).await,
    );
    let ended = withdraw(&ada.state, None, &world.pen(&person("ada"), &p(ORIGIN))).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();
    let ada_due = world.now().plus(asked.proof_retention);
    world.clock.pass(30 * HOUR);
    let ended = withdraw(&bob.state, None, &world.pen(&person("bob"), &p(ORIGIN))).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();
    let bob_due = world.now().plus(asked.proof_retention);

    world.clock.pass(ada_due.unix() - 2 * HOUR - world.now().unix());
    world.reopen().await;
    assert_eq!(world.ledger.destroy_due().await.unwrap(), 0);
    Jump::Forward.happens(&world);
    assert!(world.now() < bob_due);
    world.reopen().await;
    destroyed(&world, &[2, 4]).await;

    // The clock is right again, and hers is gone 2 hours too early. His stays until it is due.
    Jump::Forward.is_mended(&world);
    world.reopen().await;
    world.clock.pass(bob_due.unix() - 1 - world.now().unix());
    assert_eq!(world.ledger.destroy_due().await.unwrap(), 0);
    assert_eq!(world.ledger.destructions(None, 10).await.unwrap().items.len(), 1);
    world.clock.pass(DAY);
    world.reopen().await;
    destroyed(&world, &[3, 5]).await;
    check(&mut world, 8).await;
}

/// With a witness whose clock is right, one that runs ahead destroys nothing before its time.
#[tokio::test]
async fn with_a_witness_a_clock_that_runs_ahead_destroys_nothing_too_early() {
    let mut world = World::empty().await;
    let witness = Yes::start(&world).await;
    let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
    let Body::ConsentRequest(asked) = &request.body else {
        panic!("no request")
    };
    let ada = world.consent(&person("ada"), &request).await;
    let ended = withdraw(&ada.state, None, &world.pen(&person("ada"), &p(ORIGIN))).unwrap();
    world.ledger.submit(&ended.bytes).await.unwrap();
    let due = world.now().plus(asked.proof_retention);
    world.clock.pass(due.unix() - 2 * HOUR - world.now().unix());
    witness.is_behind(DAY);
    Jump::Forward.happens(&world);
    open(&mut world, &witness).await;
    soon("a witness confirms", async || world.ledger.is_ready()).await;
    assert_eq!(world.ledger.destroy_due().await.unwrap(), 0);

    // Due dates are whole days.
    world.clock.pass(DAY);
    open(&mut world, &witness).await;
    soon("a witness confirms", async || world.ledger.is_ready()).await;
    destroyed(&world, &[2, 3]).await;
}

/// Waits until these leaves, and no more, are destroyed by the last destruction.
async fn destroyed(world: &World, leaves: &[u64]) {
    // The ledger looks by itself at the start; whoever is first commits it.
    world.ledger.destroy_due().await.unwrap();
    let rows = async || world.ledger.destructions(None, 10).await.unwrap().items;
    soon("the destruction", async || {
        rows()
            .await
            .iter()
            .any(|row| row.leaves == leaves && row.pending.is_empty())
    })
    .await;
    let of_them = rows().await.iter().filter(|row| row.leaves == leaves).count();
    assert_eq!(of_them, 1);
}

/// A refusal is a promise that nothing was recorded. While the first copy is being recorded, the second, which by now is too
/// old, is told to come again; and so after a commit of which nobody knows yet whether it was one.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_too_old_is_not_refused_while_the_first_is_being_recorded() {
    for failing in [false, true] {
        let world = World::with_head_file().await;
        let request = world.ask(&Brand::named("cinema.example"), vec![clause("films")]).await;
        let yes = world.yes(&person("ada"), &request).await;
        if failing {
            world.watcher.plan(Step::HeadFile, When::Before, Fate::Fail);
        }
        world.watcher.hold(true);
        let (ledger, bytes) = (world.ledger.clone(), yes.bytes.clone());
        let first = tokio::spawn(async move { ledger.submit(&bytes).await });
        while !world.watcher.stands() {
            tokio::time::sleep(TICK).await;
        }
        world.clock.pass(HOUR);
        let second = world.ledger.submit(&yes.bytes).await;
        assert!(matches!(second, Err(SubmitError::Unavailable { .. })), "{second:?}");
        world.watcher.hold(false);
        let first = first.await.unwrap();
        assert_eq!(first.is_err(), failing);
        let again = loop {
            match world.ledger.submit(&yes.bytes).await {
                Err(SubmitError::Unavailable { .. }) => tokio::time::sleep(TICK).await,
                settled => break settled.unwrap(),
            }
        };
        assert!(again.replay && first.is_ok_and(|first| first.index == again.index) != failing);
    }
}
