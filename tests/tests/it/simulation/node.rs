//! A ledger of the simulation: the real one, in a folder, behind its HTTP interface, on a process of its own.

use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use placet_kernel::trust::{LogKeys, QUORUM_NONE, SizedDid, SizedVkey, Sizes, Trust, TrustBuilder};
use placet_ledger::http::{HttpConfig, HttpState, serve};
use placet_ledger::{
    Fate, Keys, Ledger, OpenError, Recorded, Settings, Step, SubmitError, Surroundings, Watcher, When,
};
use placet_schemas::id::{Did, Origin};
use tokio::net::TcpListener;

use super::cell::Cell;
use super::clock::{SimClock, Time};
use super::model::Truth;

/// Short: what a tick means is the same.
const TICK: Duration = Duration::from_millis(1);
/// How often a folder that is still in use is tried again, a millisecond apart.
const TRIES: usize = 10_000;
/// Most items of a page of the feed.
const PAGE: usize = 256;

/// The ledger.
pub(super) struct Node {
    pub(super) clock: Arc<SimClock>,
    pub(super) truth: Truth,
    origin: Origin,
    folder: PathBuf,
    script: Arc<Script>,
    alive: Option<Alive>,
}

struct Alive {
    cell: Cell,
    ledger: Ledger,
    address: SocketAddr,
}

/// Makes one step end otherwise than well.
#[derive(Debug, Default)]
struct Script(Mutex<VecDeque<(Step, When)>>);

impl Watcher for Script {
    fn reached(&self, step: Step, when: When) -> Fate {
        let mut planned = self.0.lock().unwrap();
        match planned.front() {
            Some(next) if *next == (step, when) => {
                planned.pop_front();
                Fate::Die
            }
            _ => Fate::Live,
        }
    }
}

impl Node {
    /// A new one.
    pub(super) fn make(origin: &Origin, folder: PathBuf, time: &Time) -> Self {
        drop(Keys::generate(&folder.join("keys")).unwrap());
        Self::of(origin, folder, SimClock::new(time), Truth::new())
    }

    fn of(origin: &Origin, folder: PathBuf, clock: Arc<SimClock>, truth: Truth) -> Self {
        let mut node = Self {
            clock,
            truth,
            origin: origin.clone(),
            folder,
            script: Arc::default(),
            alive: None,
        };
        node.start();
        node
    }

    /// Copies the ledger, which must be stopped; the copy lives.
    pub(super) fn copy(&self, folder: PathBuf, time: &Time) -> Self {
        copy_folder(&self.folder, &folder);
        Self::of(&self.origin, folder, SimClock::new(time), self.truth.copy())
    }

    /// Starts it.
    pub(super) fn start(&mut self) {
        let cell = Cell::start("ledger");
        for _ in 0..TRIES {
            let (settings, surroundings) = (self.settings(), self.surroundings());
            let keys = Keys::load(&self.folder.join("keys")).unwrap();
            let opened = cell.run(async move {
                let ledger = Ledger::open_in(settings, keys, surroundings).await?;
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let state = HttpState::new(ledger.clone(), HttpConfig::new("http://127.0.0.1")).unwrap();
                tokio::spawn(serve(listener, state, std::future::pending()));
                Ok::<_, OpenError>((ledger, address))
            });
            match opened {
                Ok((ledger, address)) => {
                    self.alive = Some(Alive { cell, ledger, address });
                    return;
                }
                // The one before it is dying: its writer finishes what it has begun.
                Err(error) if format!("{error:?}").starts_with("InUse") => std::thread::sleep(Duration::from_millis(1)),
                Err(error) => panic!("the ledger does not start: {error}"),
            }
        }
        panic!("the ledger's folder stays in use");
    }

    /// Stops it in good order, or kills it.
    pub(super) fn stop(&mut self, kill: bool) {
        let Some(Alive { cell, ledger, .. }) = self.alive.take() else {
            return;
        };
        if !kill {
            let closing = ledger.clone();
            cell.run(async move { closing.close().await });
        }
        drop(ledger);
        cell.kill();
    }

    /// Plans its death.
    pub(super) fn plan_death(&self, step: Step, when: When) {
        *self.script.0.lock().unwrap() = VecDeque::from([(step, when)]);
    }

    /// Nothing is planned any more.
    pub(super) fn unplan(&self) {
        self.script.0.lock().unwrap().clear();
    }

    /// Where it listens, if it lives.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.alive.as_ref().map(|alive| alive.address)
    }

    /// Lets time pass.
    pub(super) fn advance(&self, time: Duration) {
        if let Some(alive) = &self.alive {
            alive.cell.advance(time);
        }
    }

    /// Asks it something in its own process; nothing when it is not there.
    pub(super) fn ask<T, F>(&self, work: impl FnOnce(Ledger) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let alive = self.alive.as_ref()?;
        Some(alive.cell.run(work(alive.ledger.clone())))
    }

    /// Submits a record.
    pub(super) fn submit(&self, bytes: &[u8]) -> Option<Result<Recorded, SubmitError>> {
        let bytes = bytes.to_vec();
        self.ask(|ledger| async move { ledger.submit(&bytes).await })
    }

    /// Begins to submit a record.
    pub(super) fn begin(&self, bytes: &[u8]) -> Option<std::sync::mpsc::Receiver<bool>> {
        let alive = self.alive.as_ref()?;
        let (ledger, bytes) = (alive.ledger.clone(), bytes.to_vec());
        Some(alive.cell.begin(async move { ledger.submit(&bytes).await.is_ok() }))
    }

    /// Takes the committed records into the truth.
    pub(super) fn learn(&mut self, controller: &Did) {
        loop {
            let (from, controller) = (self.truth.size(), controller.clone());
            let page = self.ask(|ledger| async move {
                if ledger.size() == from {
                    return None;
                }
                ledger.feed(&controller, from, PAGE).await.ok().flatten()
            });
            match page.flatten() {
                Some(page) if !page.items.is_empty() => self.truth.take(&page),
                _ => return,
            }
        }
    }

    /// Its keys, as everybody pins them.
    pub(super) fn trust(&self) -> Trust {
        let identity = self.alive.as_ref().unwrap().ledger.identity();
        let sizes = Sizes::ALL;
        let vkey = |vkey: &String| {
            vec![SizedVkey {
                vkey: vkey.clone(),
                sizes,
            }]
        };
        let keys = LogKeys {
            origin: identity.origin.clone(),
            checkpoint_keys: vkey(&identity.checkpoint_vkey),
            cosigner_keys: vkey(&identity.cosigner_vkey),
            operator_keys: vec![SizedDid {
                key: identity.operator.clone(),
                sizes,
            }],
        };
        TrustBuilder::default().log(&keys).unwrap().quorum(QUORUM_NONE).unwrap()
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.origin.clone(), self.folder.join("data"));
        settings.tick = TICK;
        settings.head_file = Some(self.folder.join("head"));
        settings
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            clock: Arc::clone(&self.clock) as Arc<dyn placet_ledger::Clock>,
            watcher: Arc::clone(&self.script) as Arc<dyn Watcher>,
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
