//! The fault table: every named step fails, or the process dies at it, before it has had its effect or after; then the
//! ledger is opened again, then every row is compared with a replay of the log.
//!
//! Each row of the table lives the same life in a ledger with a head file and a witness: one consent is withdrawn and one
//! given, one is destroyed by order, a backup is made and restored, another consent is given. In one place the fault
//! happens, and whoever was told "come back" comes back. So at the end of each row the log has the same records, each once.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::jws;
use placet_kernel::note::UnverifiedNote;
use placet_ledger::{
    Clock, Copied, Fate, FsckFinding, Keys, Ledger, OpenError, Party, Published, Recorded, Settings, Step, SubmitError,
    Surroundings, Watcher, Weight, When, backup_watched, fsck, inspect_restored,
};
use placet_schemas::api::{DESTRUCTION_ORDER_TYP, OrderClaims};
use placet_schemas::json;
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::Record;
use placet_schemas::record::consent::ErasureGround;
use placet_wallet::records::{Built, withdraw};

use tokio::sync::{Mutex, Semaphore};
use tokio::task::LocalSet;

use crate::guarded::{Yes, soon};
use crate::naive;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, TICK, World, p, person};

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    step: Step,
    when: When,
    fate: Fate,
}

/// What was seen in a row.
#[derive(Debug, Default)]
struct Seen {
    /// What the callers were told in the moment of the fault.
    told: &'static str,
    /// Codes of what fsck found before anything was opened again. None of it is damage.
    left: Vec<&'static str>,
}

/// A ledger with a witness, and people who act at it.
struct Scene {
    world: World,
    witness: Yes,
    brand: Brand,
    request: Record,
    ada: Built,
    bob: Built,
    /// Signed and not sent yet: Ada's withdrawal, and Cleo's yes.
    ended: Built,
    cleo: Built,
    /// The brand's order to destroy Bob's consent.
    order: String,
    /// What was answered so far.
    answers: Vec<Recorded>,
}

/// What is asked of the ledger when the fault is due.
enum Told {
    Records(Vec<Result<Recorded, SubmitError>>),
    Ordered(Result<(), SubmitError>),
    Copied(Result<Copied, OpenError>),
}

/// Brand's keys, its request, two consents; a withdrawal and a consent; a destruction; a consent.
const RECORDS: u64 = 8;

/// Rows that live at the same time.
const AT_ONCE: usize = 16;

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for step in Step::ALL {
        for when in [When::Before, When::After] {
            for fate in [Fate::Fail, Fate::Die] {
                rows.push(Row { step, when, fate });
            }
        }
    }
    rows
}

#[tokio::test]
async fn every_step_fails_and_dies_before_and_after_and_nothing_is_lost_twice_or_wrong() {
    let rows = rows();
    assert_eq!(rows.len(), Step::ALL.len() * 4);
    // Most of a row is waiting, for a disk or for the next try of something that failed.
    let (turns, tasks) = (Arc::new(Semaphore::new(AT_ONCE)), LocalSet::new());
    let lives = rows.into_iter().map(|row| {
        let turns = Arc::clone(&turns);
        let living = tasks.spawn_local(async move {
            let _turn = turns.acquire().await.unwrap();
            live(row).await
        });
        (row, living)
    });
    let lives: Vec<_> = lives.collect();
    let show = async {
        for (row, living) in lives {
            let Seen { told, left } = living.await.unwrap();
            println!("{row} | {told:<10} | {}", left.join(", "));
        }
    };
    tasks.run_until(show).await;
}

/// Lives one row of the table.
async fn live(row: Row) -> Seen {
    let mut scene = Scene::set().await;
    scene.plan(row).await;
    let told = scene.act(row.step).await;
    let watcher = Arc::clone(&scene.world.watcher);
    soon(&format!("{row}: the fault"), async || !watcher.is_due()).await;
    let told = scene.remember(told, row);
    if row.fate == Fate::Fail {
        // The same process gets over it, without anybody's help.
        scene.come_back(row).await;
        scene.destroyed(row).await;
    }
    scene.world.ledger.close().await;
    let left = scene.left(row).await;
    assert!(row.fate == Fate::Die || left.is_empty(), "{row}: {left:?}");
    scene.open().await;
    scene.come_back(row).await;
    scene.live_on(row).await;
    scene.check(row).await;
    Seen { told, left }
}

impl Scene {
    async fn set() -> Self {
        let world = World::with_head_file().await;
        let witness = Yes::start(&world).await;
        let brand = Brand::named("cinema.example");
        let request = world.ask(&brand, vec![clause("films")]).await;
        let ada = world.consent(&person("ada"), &request).await;
        let bob = world.consent(&person("bob"), &request).await;
        let cleo = world.yes(&person("cleo"), &request).await;
        let ended = withdraw(&ada.state, None, &world.pen(&person("ada"), &p(ORIGIN))).unwrap();
        let claims = OrderClaims {
            origin: p(ORIGIN),
            consent: bob.state.consent,
            ground: ErasureGround::LegalObligation,
            date: world.now(),
        };
        let claims = json::to_jcs(&claims).unwrap();
        let order = jws::sign(&claims, DESTRUCTION_ORDER_TYP, &brand.method, &brand.key).unwrap();
        let mut scene = Self {
            world,
            witness,
            brand,
            request,
            ada,
            bob,
            ended,
            cleo,
            order,
            answers: Vec::new(),
        };
        scene.world.ledger.close().await;
        scene.open().await;
        scene.world.published().await;
        scene
    }

    async fn open(&mut self) {
        self.world.ledger = self.try_open().await.unwrap();
    }

    async fn try_open(&self) -> Result<Ledger, OpenError> {
        let dir = self.world.dir.path();
        let settings = Settings {
            tick: TICK,
            head_file: Some(dir.join("head")),
            witnesses: vec![self.witness.settings.clone()],
            ..Settings::new(p(ORIGIN), dir.join("data"))
        };
        let surroundings = Surroundings {
            clock: Arc::clone(&self.world.clock) as Arc<dyn Clock>,
            watcher: Arc::clone(&self.world.watcher) as Arc<dyn Watcher>,
        };
        Ledger::open_in(settings, self.keys(), surroundings).await
    }

    fn keys(&self) -> Keys {
        Keys::load(&self.world.dir.path().join("keys")).unwrap()
    }

    /// Brings the ledger to where the step is the next thing to happen, and plans the fault.
    async fn plan(&mut self, Row { step, when, fate }: Row) {
        let watcher = Arc::clone(&self.world.watcher);
        match step {
            // Only a batch that came to nothing has rows to sweep.
            Step::Sweep => {
                watcher.plan(Step::Keyring, When::After, Fate::Fail);
                watcher.plan_next(step, when, fate);
            }
            // Withdrawals are kept while no witness answers.
            Step::Receive => {
                self.world.ledger.close().await;
                self.witness.hush(true);
                self.open().await;
                watcher.plan(step, when, fate);
            }
            Step::Keyring
            | Step::Main
            | Step::HeadFile
            | Step::Answer
            | Step::Tiles
            | Step::Publish
            | Step::Cosigned
            | Step::DestroyKeys
            | Step::DestroyTexts
            | Step::ClearFiles
            | Step::CopyMain
            | Step::CopyKeyring
            | Step::CutKeyring
            | Step::NameMain
            | Step::NameKeyring => watcher.plan(step, when, fate),
        }
    }

    /// Does what leads to the step.
    async fn act(&self, step: Step) -> Told {
        let ledger = &self.world.ledger;
        match step {
            Step::Keyring
            | Step::Main
            | Step::HeadFile
            | Step::Answer
            | Step::Tiles
            | Step::Publish
            | Step::Sweep
            | Step::Cosigned => {
                // Together, so that one batch takes both.
                let (ended, given) = tokio::join!(ledger.submit(&self.ended.bytes), ledger.submit(&self.cleo.bytes));
                Told::Records(vec![ended, given])
            }
            Step::Receive => Told::Records(vec![ledger.submit(&self.ended.bytes).await]),
            Step::DestroyKeys | Step::DestroyTexts | Step::ClearFiles => {
                let ordered = ledger.order_destruction(&self.order).await;
                Told::Ordered(ordered.map(|row| assert!(row.is_some())))
            }
            Step::CopyMain | Step::CopyKeyring | Step::CutKeyring | Step::NameMain | Step::NameKeyring => {
                Told::Copied(self.backup("first").await)
            }
        }
    }

    /// Says in a word what the callers were told, and keeps what must not be unsaid.
    fn remember(&mut self, told: Told, row: Row) -> &'static str {
        match told {
            Told::Records(results) => {
                let mut word = "answered";
                for result in results {
                    match result {
                        Ok(recorded) => self.answers.push(recorded),
                        Err(SubmitError::Unavailable { .. }) => word = "come back",
                        Err(other) => panic!("{row}: {other:?}"),
                    }
                }
                word
            }
            Told::Ordered(Ok(())) => "ordered",
            Told::Ordered(Err(error)) => panic!("{row}: {error:?}"),
            Told::Copied(Err(_)) => "not copied",
            Told::Copied(Ok(copied)) => panic!("{row}: {copied:?}"),
        }
    }

    /// Whoever acted, and some who did not yet, send the same bytes once more: to be answered in the end, and with the first
    /// answer if there was one.
    async fn come_back(&mut self, row: Row) {
        let ledger = &self.world.ledger;
        if !ledger.is_ready() && row.step == Step::Receive {
            let kept = ledger.submit(&self.ended.bytes).await;
            assert!(matches!(kept, Err(SubmitError::Received(_))), "{row}: {kept:?}");
        }
        self.witness.hush(false);
        soon(&format!("{row}: it is ready"), async || ledger.is_ready()).await;
        soon(&format!("{row}: what was kept is recorded"), async || {
            ledger.received_withdrawals().await.unwrap() == 0
        })
        .await;
        let answers = Mutex::new(Vec::new());
        for bytes in [&self.ended.bytes, &self.cleo.bytes] {
            soon(&format!("{row}: an answer"), async || {
                match ledger.submit(bytes).await {
                    Ok(recorded) => {
                        answers.lock().await.push(recorded);
                        true
                    }
                    Err(SubmitError::Unavailable { .. }) => false,
                    Err(other) => panic!("{row}: {other:?}"),
                }
            })
            .await;
        }
        for again in answers.into_inner() {
            let first = self.answers.iter().find(|first| first.digest == again.digest);
            if let Some(first) = first {
                assert_eq!((&first.answer, first.index), (&again.answer, again.index), "{row}");
                assert!(again.replay, "{row}");
            }
            self.answers.push(again);
        }
        assert!(ledger.is_ready(), "{row}");
    }

    /// What the fault has left in the databases, before anything mends it: never damage.
    async fn left(&self, row: Row) -> Vec<&'static str> {
        let findings = self.fsck(&self.world.data()).await;
        assert!(
            findings.iter().all(|finding| finding.weight == Weight::Pending),
            "{row}: {findings:?}"
        );
        let mut codes: Vec<&'static str> = findings.iter().map(|finding| finding.code).collect();
        codes.dedup();
        codes
    }

    /// Waits until what was ordered is done.
    async fn destroyed(&self, row: Row) {
        soon(&format!("{row}: the destruction"), async || {
            let found = self.world.ledger.destructions(None, 10).await.unwrap().items;
            found.iter().all(|destruction| destruction.pending.is_empty())
        })
        .await;
    }

    /// What each row does once the fault is over: a destruction comes to its end, and people go on.
    async fn live_on(&mut self, row: Row) {
        let ledger = &self.world.ledger;
        assert!(ledger.order_destruction(&self.order).await.unwrap().is_some(), "{row}");
        self.destroyed(row).await;
        assert_eq!(ledger.destructions(None, 10).await.unwrap().items.len(), 1, "{row}");
        self.world.consent(&person("dora"), &self.request).await;
        assert_eq!(
            ledger.size(),
            RECORDS,
            "{row}: nothing is missing, and nothing is there twice"
        );
        self.world.published().await;

        let who = Party::Controller(self.brand.did.clone());
        let phase = async |consent| {
            let view = ledger.consent(&who, consent).await.unwrap();
            view.map(|view| view.state.phase)
        };
        assert_eq!(phase(&self.ada.state.consent).await, Some(Phase::Withdrawn), "{row}");
        assert_eq!(phase(&self.cleo.state.consent).await, Some(Phase::Given), "{row}");
        assert_eq!(phase(&self.bob.state.consent).await, None, "{row}");
        assert_eq!(ledger.consents(&who, None, 10).await.unwrap().items.len(), 3, "{row}");
        for first in &self.answers {
            let again = ledger.submit(&first.record).await.unwrap();
            assert_eq!((&again.answer, again.replay), (&first.answer, true), "{row}");
            self.world.check(&again);
        }
    }

    /// The files, every row of the databases, and a backup that is restored.
    async fn check(&mut self, row: Row) {
        let copied = self.backup("last").await.unwrap();
        assert_eq!(copied.size, RECORDS, "{row}");
        self.world.ledger.close().await;
        assert_eq!(naive::check_files(&self.world.data()).size, RECORDS, "{row}");
        assert_eq!(self.fsck(&self.world.data()).await, [], "{row}");

        let restored = self.world.dir.path().join("restored");
        fs::create_dir(&restored).unwrap();
        let backup = self.world.dir.path().join("backup");
        for name in ["main.db", "keyring.db"] {
            fs::copy(backup.join(format!("last-{name}")), restored.join(name)).unwrap();
        }
        let found = inspect_restored(&restored, &self.keys()).await.unwrap();
        assert_eq!(
            (found.size, found.unreadable, found.destroyed_again),
            (RECORDS, vec![], 0),
            "{row}"
        );
        assert_eq!(self.fsck(&restored).await, [], "{row}");
        self.check_half(&backup, row);
    }

    /// What is left of a backup that was not made: nothing that has the names of a whole one.
    fn check_half(&self, backup: &Path, row: Row) {
        let is_there = |name: &str| backup.join(name).exists();
        let whole = is_there("first-main.db") && is_there("first-keyring.db");
        let finished = (row.step, row.when, row.fate) == (Step::NameKeyring, When::After, Fate::Die);
        assert_eq!(whole, finished, "{row}");
        if row.fate == Fate::Fail {
            let names = fs::read_dir(backup).unwrap().map(|entry| entry.unwrap().file_name());
            let names: Vec<_> = names
                .filter(|name| !name.to_string_lossy().starts_with("last-"))
                .collect();
            assert!(names.is_empty(), "{row}: {names:?}");
        }
    }

    async fn backup(&self, name: &str) -> Result<Copied, OpenError> {
        let folder = self.world.dir.path().join("backup");
        fs::create_dir_all(&folder).unwrap();
        let [main, keyring] = ["main.db", "keyring.db"].map(|file| folder.join(format!("{name}-{file}")));
        backup_watched(&self.world.data(), &main, &keyring, &*self.world.watcher).await
    }

    async fn fsck(&self, data: &Path) -> Vec<FsckFinding> {
        let published = published(&self.world.data());
        let report = fsck(data, p(ORIGIN), self.keys(), &published, &|_, _| {}).await;
        report.unwrap().findings
    }
}

/// What the published checkpoint says.
pub(crate) fn published(data: &Path) -> Published {
    let note = fs::read_to_string(data.join("log/checkpoint")).unwrap();
    let note = UnverifiedNote::parse(note.as_bytes()).unwrap();
    let checkpoint: Checkpoint = note.unverified_text().parse().unwrap();
    Published {
        size: checkpoint.size(),
        root: checkpoint.root(),
        witnesses: Vec::new(),
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, when, fate) = (
            format!("{:?}", self.step),
            format!("{:?}", self.when),
            format!("{:?}", self.fate),
        );
        write!(f, "{step:<12} | {when:<6} | {fate:<4}")
    }
}
