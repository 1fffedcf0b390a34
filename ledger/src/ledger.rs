//! The facade: all that a caller in this process can ask of a ledger. The HTTP interface is one such caller.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::{CanonicalRecord, Kind};
use placet_schemas::time::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::arrive::Arrival;
use crate::clock::{Clock, SystemClock};
use crate::crypto::Purpose;
use crate::destroy;
use crate::error::{OpenError, StoreError, SubmitError};
use crate::flight::{Flight, Flights};
use crate::keys::Keys;
use crate::node::Node;
use crate::received;
use crate::recover::{self, Opened};
use crate::sequencer::{self, Item, MAX_WAITING, Outcome, RESERVED_WAITING, Reply};
use crate::step::{Unwatched, Watcher};
use crate::witnesses::{self, WitnessSettings};

/// The tick when nothing else is said.
pub const DEFAULT_TICK: Duration = Duration::from_millis(100);

/// A ledger. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Ledger(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    node: Arc<Node>,
    identity: Identity,
    queue: mpsc::Sender<Item>,
    flights: Flights,
    stop_writer: watch::Sender<bool>,
    stop_publisher: watch::Sender<bool>,
    stop_others: watch::Sender<bool>,
    tasks: Mutex<Option<Tasks>>,
}

/// What runs beside the callers.
struct Tasks {
    writer: oneshot::Receiver<()>,
    publisher: JoinHandle<()>,
    /// One that asks each witness, one that records withdrawals that waited, one that destroys.
    others: Vec<JoinHandle<()>>,
}

/// A ledger, as long as somebody else keeps it.
pub(crate) struct WeakLedger(Weak<Inner>);

/// Where a ledger is and how it beats.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name, for life.
    pub origin: Origin,
    /// The folder of its databases and log files.
    pub dir: PathBuf,
    /// How often waiting records are committed.
    pub tick: Duration,
    /// A file that remembers the largest head, where a restored copy of `dir` does not reach.
    pub head_file: Option<PathBuf>,
    /// Who is asked to cosign.
    pub witnesses: Vec<WitnessSettings>,
    /// Sign without waiting for a witness to confirm that nothing newer was signed: for one start, by somebody who knows.
    pub without_witnesses: bool,
    /// Go on although the keyring is empty and the log is not: for one start, by somebody who has no copy of it.
    pub without_keyring: bool,
    /// Keys (did:key) of authorities that may order a destruction.
    pub authorities: Vec<Did>,
}

impl Settings {
    /// A ledger with the default tick, without head file and witnesses.
    #[must_use]
    pub const fn new(origin: Origin, dir: PathBuf) -> Self {
        Self {
            origin,
            dir,
            tick: DEFAULT_TICK,
            head_file: None,
            witnesses: Vec::new(),
            without_witnesses: false,
            without_keyring: false,
            authorities: Vec::new(),
        }
    }
}

/// What a ledger takes from outside. Tests bring their own.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who watches the steps of a commit.
    pub watcher: Arc<dyn Watcher>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            watcher: Arc::new(Unwatched),
        }
    }
}

/// The names and public keys of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The log's name.
    pub origin: Origin,
    /// C2SP vkey of the checkpoint key.
    pub checkpoint_vkey: String,
    /// C2SP vkey of the node's own cosigner.
    pub cosigner_vkey: String,
    /// The operator's did:key.
    pub operator: Did,
}

/// A record that is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its canonical bytes.
    pub record: Vec<u8>,
    /// The canonical JSON of a `RecordAnswer`: the same bytes whenever the same record is sent.
    pub answer: Vec<u8>,
    /// Its place in the log.
    pub index: u64,
    /// Its digest.
    pub digest: Digest,
    /// Whether it was there before.
    pub replay: bool,
}

impl Ledger {
    /// Opens a ledger, making it if it is not there, and starts its writer.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(settings: Settings, keys: Keys) -> Result<Self, OpenError> {
        Self::open_in(settings, keys, Surroundings::default()).await
    }

    /// The same with a clock and a watcher of the caller's choice.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_in(settings: Settings, keys: Keys, surroundings: Surroundings) -> Result<Self, OpenError> {
        let Surroundings { clock, watcher } = surroundings;
        let Opened { node, tail } = recover::open(&settings, keys, clock, watcher).await?;
        let (queue, items) = mpsc::channel(MAX_WAITING);
        let (stop_writer, stop_publisher) = (watch::Sender::new(false), watch::Sender::new(false));
        let published = Arc::clone(&node.publication.published.borrow());
        let writer = sequencer::spawn(Arc::clone(&node), tail, items, settings.tick, stop_writer.subscribe());
        let publisher = sequencer::run_publisher(Arc::clone(&node), published, stop_publisher.subscribe());
        let stop_others = watch::Sender::new(false);
        let tasks = Tasks {
            writer: writer.map_err(OpenError::Writer)?,
            publisher: tokio::spawn(publisher),
            others: Vec::new(),
        };
        let identity = node.voice.identity();
        let ledger = Self(Arc::new(Inner {
            node,
            identity,
            queue,
            flights: Flights::default(),
            stop_writer,
            stop_publisher,
            stop_others,
            tasks: Mutex::new(Some(tasks)),
        }));
        ledger.start_others().await;
        Ok(ledger)
    }

    /// Starts what needs the ledger itself.
    async fn start_others(&self) {
        let (node, stop) = (&self.0.node, &self.0.stop_others);
        let ledger = || WeakLedger(Arc::downgrade(&self.0));
        let asking = node
            .witnesses
            .iter()
            .map(|witness| tokio::spawn(witnesses::run(Arc::clone(node), Arc::clone(witness), stop.subscribe())));
        let mut others: Vec<_> = asking.collect();
        let recording = received::record_all(ledger(), node.witnesses.guarding(), stop.subscribe());
        others.push(tokio::spawn(recording));
        let erasing = destroy::run(Arc::clone(node), ledger(), stop.subscribe());
        others.push(tokio::spawn(erasing));
        if let Some(tasks) = self.0.tasks.lock().await.as_mut() {
            tasks.others = others;
        }
    }

    /// Commits and publishes what waits, and closes the files. Submissions are refused as unavailable from here on.
    pub async fn close(&self) {
        let Some(tasks) = self.0.tasks.lock().await.take() else {
            return;
        };
        let Tasks {
            writer,
            publisher,
            others,
        } = tasks;
        // Before the writer, whom some of them may be waiting for.
        self.0.stop_others.send_replace(true);
        for other in others {
            if let Err(error) = other.await {
                tracing::error!(%error, "a task did not end well");
            }
        }
        self.0.stop_writer.send_replace(true);
        if writer.await.is_err() {
            tracing::error!("the writer did not end well");
        }
        // After the writer, so that what it committed last is published too.
        self.0.stop_publisher.send_replace(true);
        if let Err(error) = publisher.await {
            tracing::error!(%error, "the publisher did not end well");
        }
        self.node().store.close().await;
        self.node().keyring.close().await;
        if let Err(error) = self.node().lock.unlock() {
            tracing::warn!(%error, "the lock is released when the process ends");
        }
    }

    /// Its names and keys.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Its clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.node().clock.now()
    }

    /// Whether records are being accepted: the writer runs, and its last commit did not fail.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.node().is_ready() && !self.0.queue.is_closed()
    }

    /// Number of records that are committed.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.node().head().size
    }

    /// The same, for those who wait for more.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.node().sizes.subscribe()
    }

    /// News of this brand's feed, for those who wait for it; registered or not.
    #[must_use]
    pub fn feed_changes(&self, controller: &Did) -> watch::Receiver<()> {
        self.node().feeds.subscribe(controller)
    }

    /// The published checkpoint: a signed note, all of whose files are in place, with the cosignatures that it has by now.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        self.node().cosigned(&self.node().publication.published.borrow())
    }

    /// Records a record of a consumer or a brand, given in any JSON spelling. Sent again, it gets the first answer.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn submit(&self, bytes: &[u8]) -> Result<Recorded, SubmitError> {
        self.record(CanonicalRecord::parse(bytes)?).await
    }

    /// The same for a record that has been parsed already.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn record(&self, record: CanonicalRecord) -> Result<Recorded, SubmitError> {
        let CanonicalRecord { record, bytes } = record;
        let digest = record.digest();
        let withdraws = record.kind() == Kind::Withdrawal;
        let flight = self.0.flights.begin(digest);
        let outcome = match self.node().arrive(record, &bytes).await {
            Ok(arrival) if !self.node().may_sign() => match self.first_answer(&digest).await? {
                Some(first) => first,
                None if withdraws => return Err(self.node().receive(&arrival.record, &bytes).await?),
                None => return Err(unavailable(&StoreError::Unconfirmed.to_string())),
            },
            Ok(arrival) => self.enqueue(arrival, flight).await?,
            // What was accepted once stays accepted: the same bytes may by now be too old, or their brand have new keys.
            Err(refusal @ SubmitError::Refused { .. }) => {
                // Looked at first: what is answered after this is in the log by then, or was refused there.
                let coming = flight.has_company() || self.node().is_broken();
                match self.first_answer(&digest).await? {
                    Some(first) => first,
                    None if coming => return Err(unavailable("the same record is being worked on")),
                    None => return Err(refusal),
                }
            }
            Err(unavailable) => return Err(unavailable),
        };
        let Outcome { index, answer, replay } = outcome;
        Ok(Recorded {
            record: bytes,
            answer,
            index,
            digest,
            replay,
        })
    }

    /// Stores a notice, given in any JSON spelling. Gives its digest.
    ///
    /// # Errors
    /// `malformed` and its kin, or unavailable.
    pub async fn add_notice(&self, bytes: &[u8]) -> Result<Digest, SubmitError> {
        let notice = CanonicalNotice::parse(bytes)?;
        let digest = notice.digest();
        self.node().store.add_notice(&digest, &notice.bytes).await?;
        Ok(digest)
    }

    pub(crate) fn node(&self) -> &Node {
        &self.0.node
    }

    /// Gives a record to the writer and waits for what becomes of it.
    async fn enqueue(&self, arrival: Arrival, flight: Flight) -> Result<Outcome, SubmitError> {
        let withdraws = arrival.record.kind() == Kind::Withdrawal;
        if !withdraws && self.0.queue.capacity() <= RESERVED_WAITING {
            return Err(unavailable("too many records are waiting"));
        }
        let (caller, answer) = oneshot::channel();
        let reply = Reply { caller, flight };
        self.0
            .queue
            .try_send(Item { arrival, reply })
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => unavailable("too many records are waiting"),
                mpsc::error::TrySendError::Closed(_) => unavailable("the ledger is stopping"),
            })?;
        answer
            .await
            .map_err(|_| unavailable("the ledger stopped before it answered"))?
    }

    /// The stored answer to a record, if it is in the log.
    pub(crate) async fn first_answer(&self, digest: &Digest) -> Result<Option<Outcome>, SubmitError> {
        let node = self.node();
        let Some(index) = node.index_of(digest).await? else {
            return Ok(None);
        };
        if node.is_broken() {
            // The head file may not have this record yet, and nobody is answered before it has.
            return Err(SubmitError::Unavailable {
                detail: "the last commit is not finished".to_owned(),
            });
        }
        let sealed = node
            .store
            .answers(&[index])
            .await?
            .remove(&index)
            .ok_or(StoreError::Corrupt("answer"))?;
        let answer = node
            .keyring
            .secret(index)
            .await?
            .open(Purpose::Answer, &sealed)
            .map_err(StoreError::from)?;
        Ok(Some(Outcome {
            index,
            answer,
            replay: true,
        }))
    }
}

impl WeakLedger {
    /// The ledger, if it is still there.
    pub(crate) fn upgrade(&self) -> Option<Ledger> {
        self.0.upgrade().map(Ledger)
    }
}

fn unavailable(detail: &str) -> SubmitError {
    SubmitError::Unavailable {
        detail: detail.to_owned(),
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger")
            .field("identity", self.identity())
            .finish_non_exhaustive()
    }
}
