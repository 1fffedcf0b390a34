//! A verifier: opened, started, asked, stopped.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use placet_client::Server;
use placet_kernel::authorization;
use placet_kernel::decision::{self, DisclosedHead, Policy, Pool};
use placet_kernel::feed::{Followed, Follower, LogTrust};
use placet_kernel::trust::Trust;
use placet_schemas::authzen::{DecisionStatement, Evaluation};
use placet_schemas::id::{Did, Origin, RecordId};
use placet_schemas::time::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use placet_service::{Clock, SystemClock};
use placet_service::{holds_proof, random};

use crate::asking::Asking;
use crate::error::{OpenError, StoreError};
use crate::journal::{Entry, Journal};
use crate::keys::{DecisionKey, ReplicaKey};
use crate::outbox::Outbox;
use crate::presenting::Waiting;
use crate::pulse::Pulse;
use crate::reading::{DAMAGED, Reading};
use crate::replica::{Counts, Delta, Replica};
use crate::reports::Permits;
use crate::rules::Rules;
use crate::store::{Store, Sums};
use crate::webhook::Webhook;
use crate::{asking, errands, follow, outbox};

/// What a verifier is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of its keys and its replica.
    pub dir: PathBuf,
    /// The log.
    pub origin: Origin,
    /// The brand.
    pub controller: Did,
    /// The ledger.
    pub ledger: Server,
    /// The brand's token there.
    pub token: Zeroizing<String>,
    /// The keys that count.
    pub trust: Trust,
    /// The brand's word that this verifier is its own: a compact JWS, as `placet brand authorize-verifier` makes it. Without it
    /// nothing is anchored, and the journal waits.
    pub authorization: Option<String>,
    /// The brand's policy (TOML), if it has one.
    pub policy: Option<PathBuf>,
    /// The brand's signed register, if it keeps one here.
    pub register: Option<PathBuf>,
    /// How long a customer who said no is not asked again: [`crate::DEFAULT_COOL_DOWN`] where nobody says.
    pub cool_down: Duration,
    /// Where the brand's own service is told what people answered.
    pub webhook: Option<Webhook>,
}

/// A verifier. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) log: Arc<LogTrust>,
    pub(crate) key: DecisionKey,
    pub(crate) store: Arc<Store>,
    pub(crate) replica: Arc<RwLock<Replica>>,
    pub(crate) reading: Mutex<Reading>,
    pub(crate) rules: Rules,
    pub(crate) journal: Journal,
    pub(crate) permits: Permits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pulse: Pulse,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) errands: tokio::sync::Notify,
    pub(crate) asking: Asking,
    pub(crate) outbox: Outbox,
    pub(crate) presentations: Waiting,
    tasks: std::sync::Mutex<Vec<JoinHandle<()>>>,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was decided.
    pub statement: DecisionStatement,
    /// The head that it rests on.
    pub head: Option<Arc<DisclosedHead>>,
}

/// A decision and its signature.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The same, signed: an SD-JWT.
    pub signed: String,
}

/// How old what is known is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// When the operator signed the newest verified head.
    pub head: Timestamp,
    /// Seconds since; nothing when the operator's clock is too far ahead of ours to tell.
    pub seconds: Option<u64>,
}

impl Verifier {
    /// Opens the replica in the folder, or begins one. Needs no network.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::open_at(settings, Arc::new(SystemClock::default())).await
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_at(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        make_folder(&settings.dir)?;
        let key = DecisionKey::load_or_make(&settings.dir)?;
        check_authorization(&settings, key.did())?;
        let log = LogTrust::new(settings.trust.clone(), &settings.origin)?;
        let log = Arc::new(log.ok_or_else(|| OpenError::Untrusted(settings.origin.clone()))?);
        let rules = Rules::open(settings.policy.clone(), settings.register.clone());
        let (rules, policy) = rules.map_err(|(path, why)| OpenError::Policy { path, why })?;
        let mut store = Store::open(&settings.dir, ReplicaKey::load_or_make(&settings.dir)?).await?;
        store.tells = settings.webhook.is_some();
        if !store.tells {
            // Nobody will ask for them, and they name customers.
            store.drop_messages(None).await?;
        }
        let (asked, cooling) = store.asked().await?;
        let store = Arc::new(store);
        let (replica, reading) = restore(&settings, &log, &store, &*clock).await?;
        replica
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .set_policy(policy);
        let inner = Inner {
            log,
            key,
            store,
            replica,
            reading: Mutex::new(reading),
            rules,
            journal: Journal::open(&settings.dir)?,
            permits: Permits::default(),
            clock,
            pulse: Pulse::default(),
            stop: watch::Sender::new(false),
            errands: tokio::sync::Notify::new(),
            asking: Asking::new(asked),
            outbox: Outbox::default(),
            presentations: Waiting::default(),
            tasks: std::sync::Mutex::default(),
            settings,
        };
        let verifier = Self { inner: Arc::new(inner) };
        verifier.inner.pulse.cooling(cooling);
        errands::recall(&verifier.inner).await?;
        verifier
            .inner
            .permits
            .recall(&verifier.inner.journal, verifier.inner.clock.now())?;
        verifier.inner.reload();
        Ok(verifier)
    }

    /// Begins to follow the ledger, and to run errands there.
    pub fn start(&self) {
        let mut tasks = self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.push(tokio::spawn(follow::run(Arc::clone(&self.inner))));
        tasks.push(tokio::spawn(follow::reload(Arc::clone(&self.inner))));
        tasks.push(tokio::spawn(errands::run(Arc::clone(&self.inner))));
        tasks.push(tokio::spawn(asking::run(Arc::clone(&self.inner))));
        if let Some(webhook) = &self.inner.settings.webhook {
            tasks.push(tokio::spawn(outbox::run(Arc::clone(&self.inner), webhook.clone())));
        }
    }

    /// Stops, finishes what is being written, and closes the replica.
    pub async fn close(&self) {
        self.inner.stop.send_replace(true);
        let tasks = core::mem::take(&mut *self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // A task that panicked has said so; the others are waited for all the same.
            let _ended = task.await;
        }
        self.inner.store.close().await;
    }

    /// Decides, and signs. It looks at memory alone: no network, no disk.
    ///
    /// # Errors
    /// When the key does not sign, or the system gives no random bytes.
    pub fn evaluate(&self, evaluation: &Evaluation) -> Result<Decided, StoreError> {
        let decision = self.decide(evaluation)?;
        let (key, head) = (&self.inner.key, decision.head.as_deref());
        let signed = decision::sign(&decision.statement, head, key.header(), key)?;
        Ok(Decided { decision, signed })
    }

    /// Decides, signs, and writes down what was decided: the journal's entries are anchored every minute.
    ///
    /// # Errors
    /// As [`Verifier::evaluate`], and when the journal cannot be written: what is not written down is not told.
    pub fn ask(&self, evaluation: &Evaluation) -> Result<Decided, StoreError> {
        let decided = self.evaluate(evaluation)?;
        let entry = Entry::Decision(decided.signed.clone());
        let statement = &decided.decision.statement;
        self.inner.journal.append(&[entry], statement.evaluated_at, false)?;
        self.inner.pulse.unreported(self.inner.permits.remember(statement));
        Ok(decided)
    }

    /// Decides without a signature.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn decide(&self, evaluation: &Evaluation) -> Result<Decision, StoreError> {
        let id = RecordId::from_random(random::bytes()?);
        let replica = self.inner.replica.read().unwrap_or_else(PoisonError::into_inner);
        let whom = evaluation.question.as_ref().ok().map(|question| &question.whom);
        let known = whom.and_then(|whom| replica.known(whom));
        // Read after the lock is held: nobody can have waited in between.
        let (now, steady) = (self.inner.clock.now(), self.inner.clock.steady());
        let state = replica.state(known.as_deref(), steady);
        let statement = decision::decide(evaluation, &state, replica.policy(), now, id);
        let head = replica.head().cloned();
        drop(replica);
        self.inner.pulse.decided(&statement);
        Ok(Decision { statement, head })
    }

    /// Whether this DID is a person's who gave a consent here.
    #[must_use]
    pub fn is_person(&self, did: &Did) -> bool {
        self.inner.read(|replica| replica.is_person(did))
    }

    /// Who the verifier is: the did:key by which it signs.
    #[must_use]
    pub fn did(&self) -> &Did {
        self.inner.key.did()
    }

    /// The brand.
    #[must_use]
    pub fn controller(&self) -> &Did {
        &self.inner.settings.controller
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.inner.read(|replica| Arc::clone(replica.policy()))
    }

    /// How old what is known is; nothing before the first verified head.
    #[must_use]
    pub fn age(&self) -> Option<Age> {
        let (now, steady) = (self.inner.clock.now(), self.inner.clock.steady());
        self.inner.read(|replica| {
            let fresh = replica.state(None, steady).freshness?;
            Some(Age {
                head: fresh.head.head().time,
                seconds: fresh.age(now),
            })
        })
    }

    /// Whether a question could be permitted now, as far as the replica's state goes; else the code of the reason.
    ///
    /// # Errors
    /// The code of the decisions that it would give.
    pub fn ready(&self) -> Result<(), &'static str> {
        let (now, steady) = (self.inner.clock.now(), self.inner.clock.steady());
        self.inner.read(|replica| {
            let state = replica.state(None, steady);
            if state.broken {
                return Err("proof_invalid");
            }
            if self.inner.rules.register_refused() {
                return Err("register_refused");
            }
            if state.is_stale(replica.policy(), now) {
                Err("state_stale")
            } else {
                Ok(())
            }
        })
    }

    /// In numbers.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner.read(Replica::counts)
    }

    /// What happened so far.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.inner.pulse
    }

    /// Whether the webhook has said that it wants no more messages.
    #[must_use]
    pub fn webhook_is_gone(&self) -> bool {
        self.inner.outbox.is_gone()
    }
}

impl Inner {
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Replica) -> T) -> T {
        look(&self.replica.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut Replica) -> T) -> T {
        change(&mut self.replica.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Completes when the verifier is about to stop.
    pub(crate) async fn stopped(&self) {
        // The sender is in `self`, so it cannot be gone.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Looks after the brand's files.
    pub(crate) fn reload(&self) {
        let _turn = self.rules.turn.lock().unwrap_or_else(PoisonError::into_inner);
        match self.rules.reload_policy() {
            Ok(Some(policy)) => {
                self.write(|replica| replica.set_policy(policy));
                tracing::info!("another policy is in force");
            }
            Ok(None) => {}
            Err(why) => {
                self.pulse.rules_refused();
                tracing::error!(
                    why,
                    "the policy file makes no sense; the policy before it stays in force"
                );
            }
        }
        let keys = self.read(|replica| replica.keys().cloned());
        match self.rules.reload_register(&self.settings.controller, keys.as_ref()) {
            crate::rules::Change::None => {}
            crate::rules::Change::Register(register) => {
                tracing::info!(issued_at = %register.issued_at(), "another register of processing is in force");
                self.write(|replica| replica.set_register(*register));
            }
            crate::rules::Change::Refused(error) => {
                self.pulse.rules_refused();
                tracing::error!(code = error.code(), %error, "the register does not hold");
            }
        }
        // A register that is to be there and is not known cannot say that consent is no basis: nothing is permitted.
        self.write(|replica| replica.lacks_register(self.rules.wants_register()));
    }
}

/// That the brand's word is for this verifier. Whether it is the brand's, the ledger says by the keys that it knows.
fn check_authorization(settings: &Settings, here: &Did) -> Result<(), OpenError> {
    let Some(word) = &settings.authorization else {
        return Ok(());
    };
    let word = authorization::claimed(word)?;
    word.is_for(&settings.origin, &settings.controller)?;
    if word.verifier() == here {
        return Ok(());
    }
    Err(OpenError::OtherVerifier {
        named: word.verifier().clone(),
        here: here.clone(),
    })
}

/// Reads what is on disk, or begins anew where that is not what was written.
async fn restore(
    settings: &Settings,
    log: &Arc<LogTrust>,
    store: &Arc<Store>,
    clock: &dyn Clock,
) -> Result<(Arc<RwLock<Replica>>, Reading), OpenError> {
    let (book, book_sum) = store.book().await?;
    let mut pool = Pool::default();
    let loaded = match store.load(&mut pool).await {
        Ok(loaded) => loaded,
        Err(StoreError::Corrupt(why)) => {
            tracing::error!(why, "{DAMAGED}");
            store.begin_anew().await?;
            pool = Pool::default();
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut replica = Replica::new(settings.origin.clone(), settings.controller.clone(), pool);
    replica.open_book(book);
    let replica = Arc::new(RwLock::new(replica));
    let new = |follower| Reading::new(Arc::clone(log), Arc::clone(store), Arc::clone(&replica), follower);
    let Some(loaded) = loaded else {
        let mut reading = new(Follower::new(settings.origin.clone(), settings.controller.clone()));
        reading.sums_mut().book = book_sum;
        // A damaged replica does not say any more that the ledger was caught; the proof does.
        let caught = holds_proof(&settings.dir).map_err(StoreError::from)?;
        reading.set_misbehaved(caught);
        replica.write().unwrap_or_else(PoisonError::into_inner).broken = caught;
        return Ok((replica, reading));
    };
    let mut kept = loaded.kept;
    // A crash between the proof and the note of it: the proof counts.
    kept.misbehaved |= holds_proof(&settings.dir).map_err(StoreError::from)?;
    let followed: Followed = kept.followed();
    if followed.origin != settings.origin || followed.controller != settings.controller {
        return Err(OpenError::OtherReplica {
            origin: followed.origin,
            controller: followed.controller,
        });
    }
    let standing = followed.verified.clone();
    let whole = standing
        .as_ref()
        .is_some_and(|standing| standing.head.statement.feed_size == followed.feed_size);
    let follower = Follower::resume(followed).map_err(|_| StoreError::Corrupt("the parts do not fit each other"))?;
    let mut reading = new(follower);
    let sums = Sums {
        consents: loaded.sum,
        book: book_sum,
    };
    let delta: Delta = match reading.resume(&kept, sums).await {
        Ok(delta) => delta,
        Err(StoreError::Corrupt(why)) => {
            tracing::error!(why, "{DAMAGED}");
            reading.sums_mut().book = book_sum;
            reading.set_misbehaved(kept.misbehaved);
            reading.begin_anew().await?;
            return Ok((replica, reading));
        }
        Err(error) => return Err(error.into()),
    };
    {
        let mut replica = replica.write().unwrap_or_else(PoisonError::into_inner);
        replica.broken = kept.misbehaved;
        // The steady clock began with this process, so the head's own time says how old it is.
        match standing.filter(|_| whole) {
            Some(standing) => {
                for (index, consent) in loaded.consents {
                    replica.place(index, consent);
                }
                replica.take(delta);
                let head = DisclosedHead::new(standing.head).map_err(StoreError::from)?;
                replica.stand(head, clock.steady());
            }
            None => reading.hold_back(loaded.consents, delta),
        }
    }
    Ok((replica, reading))
}

fn make_folder(dir: &std::path::Path) -> Result<(), OpenError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| OpenError::Folder {
        path: dir.to_owned(),
        error,
    })
}
