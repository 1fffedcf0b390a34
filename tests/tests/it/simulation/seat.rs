//! A verifier of the simulation: the real one, in a folder, on a process of its own, with a line of its own to the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use placet_client::Server;
use placet_kernel::authorization::VerifierAuthorization;
use placet_kernel::trust::Trust;
use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::{Digest, Origin, RecordId};
use placet_schemas::time::Timestamp;
use placet_tests::brand::Brand;
use placet_tests::p;
use placet_verifier::{DecisionKey, OpenError, Settings, Verifier};

use super::cell::Cell;
use super::clock::{START, SimClock, Time};
use super::line::Line;

/// How often a folder that is still in use is tried again, a millisecond apart.
const TRIES: usize = 10_000;

/// What every verifier of the brand is told.
pub(super) struct House {
    pub(super) origin: Origin,
    pub(super) brand: Brand,
    pub(super) token: String,
    pub(super) trust: Trust,
}

/// The verifier.
pub(super) struct Seat {
    pub(super) clock: Arc<SimClock>,
    pub(super) line: Line,
    pub(super) folder: PathBuf,
    /// Its book, as far as it was acknowledged.
    pub(super) book: BTreeMap<Digest, String>,
    /// Consents whose withdrawal it has taken.
    pub(super) handed: BTreeSet<Digest>,
    /// Reports that it has taken: of which service, and how many lines.
    pub(super) reported: BTreeMap<String, usize>,
    /// Signed decisions that it has written down.
    pub(super) told: Vec<String>,
    /// The last permit of each question.
    pub(super) permits: HashMap<usize, RecordId>,
    /// When, by the clock that nobody sets, each head was first seen in this life: by its size and time.
    pub(super) seen: HashMap<(u64, Timestamp), u64>,
    /// Whether its line was ever led to a copy of the ledger.
    pub(super) misled: bool,
    /// Which of the ledgers signed a head that no other did; `true` is a copy.
    pub(super) side: Option<bool>,
    alive: Option<(Cell, Verifier)>,
    settings: Settings,
}

impl Seat {
    /// A new one, which is not started yet.
    pub(super) fn make(house: &House, folder: PathBuf, line: Line, time: &Time) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let key = DecisionKey::load_or_make(&folder).unwrap();
        let from = Timestamp::from_unix(START - 86_400).unwrap();
        let until = from.plus_seconds(365 * 86_400);
        let brand = &house.brand;
        let word = VerifierAuthorization::new(house.origin.clone(), brand.did.clone(), key.did().clone(), from, until)
            .unwrap();
        let settings = Settings {
            dir: folder.clone(),
            origin: house.origin.clone(),
            controller: brand.did.clone(),
            ledger: Server::new(&line.url, false, None).unwrap(),
            token: house.token.clone().into(),
            trust: house.trust.clone(),
            authorization: Some(word.sign(&brand.method, &brand.key).unwrap()),
            policy: None,
            register: None,
            cool_down: placet_verifier::DEFAULT_COOL_DOWN,
            webhook: None,
        };
        Self {
            clock: SimClock::new(time),
            line,
            folder,
            book: BTreeMap::new(),
            handed: BTreeSet::new(),
            reported: BTreeMap::new(),
            told: Vec::new(),
            permits: HashMap::new(),
            seen: HashMap::new(),
            misled: false,
            side: None,
            alive: None,
            settings,
        }
    }

    /// Starts it, if it is not there; gives whether it was not.
    pub(super) fn start(&mut self) -> bool {
        if self.alive.is_some() {
            return false;
        }
        let cell = Cell::start("verifier");
        for _ in 0..TRIES {
            let (settings, clock) = (self.settings.clone(), Arc::clone(&self.clock));
            let opened = cell.run(async move {
                let verifier = Verifier::open_at(settings, clock).await?;
                verifier.start();
                Ok::<_, OpenError>(verifier)
            });
            match opened {
                Ok(verifier) => {
                    self.alive = Some((cell, verifier));
                    self.seen.clear();
                    return true;
                }
                // SQLite's own thread still has what the killed one held.
                Err(error) if format!("{error:?}").contains("InUse") || format!("{error:?}").contains("locked") => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("the verifier does not start: {error}"),
            }
        }
        panic!("the verifier's folder stays in use");
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        if let Some((cell, verifier)) = self.alive.take() {
            drop(verifier);
            cell.kill();
        }
    }

    /// The verifier, if it lives.
    pub(super) fn verifier(&self) -> Option<&Verifier> {
        self.alive.as_ref().map(|(_, verifier)| verifier)
    }

    /// Lets time pass.
    pub(super) fn advance(&self, time: Duration) {
        if let Some((cell, _)) = &self.alive {
            cell.advance(time);
        }
    }

    /// Asks it something in its own process; nothing when it is not there.
    pub(super) fn ask<T, F>(&self, work: impl FnOnce(Verifier) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (cell, verifier) = self.alive.as_ref()?;
        Some(cell.run(work(verifier.clone())))
    }

    /// Begins to ask it something.
    pub(super) fn begin<T, F>(&self, work: impl FnOnce(Verifier) -> F) -> Option<std::sync::mpsc::Receiver<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (cell, verifier) = self.alive.as_ref()?;
        Some(cell.begin(work(verifier.clone())))
    }

    /// The invitations that its book has of a customer.
    pub(super) fn invitations(&self, customer: &str) -> Vec<Digest> {
        let theirs = self.book.iter().filter(|(_, name)| *name == customer);
        theirs.map(|(invitation, _)| *invitation).collect()
    }

    /// Imports rows that it does not have; gives whether it took them.
    pub(super) fn import(&mut self, rows: &BTreeMap<Digest, String>) -> bool {
        let new: Vec<(Digest, CustomerRef)> = rows
            .iter()
            .map(|(invitation, customer)| (*invitation, p(self.book.get(invitation).unwrap_or(customer))))
            .collect();
        let taken = self.ask(|verifier| async move { verifier.import(&new).await.is_ok() });
        if taken != Some(true) {
            return false;
        }
        for (invitation, customer) in rows {
            self.book.entry(*invitation).or_insert_with(|| customer.clone());
        }
        true
    }

    /// Now, by its clock.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.reads()
    }

    /// Files of proof against the ledger.
    pub(super) fn proofs(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("misbehaviour-"))
            .collect()
    }
}
