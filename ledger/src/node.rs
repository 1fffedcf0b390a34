//! What the facade, the writer and the publisher share.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use placet_kernel::checkpoint::{Checkpoint, CheckpointKeys, cosign, sign_checkpoint};
use placet_kernel::merkle::{Frontier, Hash};
use placet_kernel::note::{KeyName, SignatureType, VerifierKey};
use placet_kernel::sign::{did_key, sign_statement};
use placet_kernel::trust::{LogKeys, QUORUM_NONE, SizedDid, SizedVkey, Sizes, Trust, TrustBuilder};
use placet_schemas::id::{Did, Origin};
use placet_schemas::record::{CanonicalRecord, Record};
use placet_schemas::statement::Signed;
use placet_schemas::time::Timestamp;
use serde::Serialize;
use tokio::sync::{Mutex, Notify, watch};

use crate::clock::Clock;
use crate::crypto::{Purpose, RecordSecret};
use crate::error::{OpenError, StoreError};
use crate::feeds::Feeds;
use crate::files::{HeadFile, LogFiles};
use crate::keyring::Keyring;
use crate::keys::{Keys, SoftwareSigner};
use crate::known::Known;
use crate::ledger::Identity;
use crate::pulse::Publication;
use crate::step::{Fate, Step, Watcher, When};
use crate::store::{RecordRow, Store};
use crate::tree::Head;
use crate::witnesses::{Guard, Witnesses};

/// How long a reader waits for the end of a commit that it has seen in the database.
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(1);

/// The parts of a ledger.
pub(crate) struct Node {
    pub(crate) voice: Voice,
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) files: LogFiles,
    pub(crate) head_file: Option<HeadFile>,
    pub(crate) known: Known,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) watcher: Arc<dyn Watcher>,
    /// The committed head: what arrivals are checked against and reads are answered from.
    pub(crate) committed: watch::Sender<Arc<Head>>,
    /// Its size, for those who wait for more.
    pub(crate) sizes: watch::Sender<u64>,
    /// Who waits for news of which feed.
    pub(crate) feeds: Feeds,
    /// What the publisher works towards and how far it is.
    pub(crate) publication: Publication,
    /// Who else signs the log's checkpoints.
    pub(crate) witnesses: Witnesses,
    /// The writer has stopped for good, or its last commit failed.
    pub(crate) broken: AtomicBool,
    /// A write failed, and none has succeeded since: see `sequencer::idle`.
    pub(crate) failing: AtomicBool,
    /// Who besides a brand may order a destruction.
    pub(crate) authorities: Vec<Did>,
    /// Told when a destruction is committed.
    pub(crate) destructions: Notify,
    /// Held from the look at what a batch answers until it is committed, and while an invitation is declined: no invitation
    /// gets both answers.
    pub(crate) answers: Mutex<()>,
    /// Held before `answers` by whoever declines.
    pub(crate) declining: Mutex<()>,
    /// Held as long as this process may write.
    pub(crate) lock: File,
    /// A watcher has declared the process dead: no step is begun any more.
    pub(crate) dead: AtomicBool,
}

/// Everything that is said in the log's or the operator's name.
pub(crate) struct Voice {
    pub(crate) origin: Origin,
    pub(crate) operator: Did,
    pub(crate) operator_key: SoftwareSigner,
    pub(crate) trusted: CheckpointKeys,
    checkpoint_key: SoftwareSigner,
    cosigner_key: SoftwareSigner,
    cosigner_name: KeyName,
}

/// Why a step did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed; the process goes on.
    Failed(StoreError),
    /// The process is taken to be dead. Nothing must be done any more.
    Dead,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Node {
    /// The committed head.
    pub(crate) fn head(&self) -> Arc<Head> {
        Arc::clone(&self.committed.borrow())
    }

    /// From here on this head is what arrivals are checked against.
    pub(crate) fn announce(&self, head: &Arc<Head>) {
        self.committed.send_replace(Arc::clone(head));
        self.sizes
            .send_if_modified(|size| std::mem::replace(size, head.size) != head.size);
    }

    /// Waits until a head of this size is announced. It is a moment in the database before that, and while the head file is
    /// not written nobody is told of it.
    pub(crate) async fn announced(&self, size: u64) -> Result<(), StoreError> {
        let mut sizes = self.sizes.subscribe();
        let announced = tokio::time::timeout(ANNOUNCED_WITHIN, sizes.wait_for(|announced| *announced >= size)).await;
        announced.map_or(Err(StoreError::Unfinished), |_| Ok(()))
    }

    /// Whether records are being accepted.
    pub(crate) fn is_ready(&self) -> bool {
        !self.is_broken() && !self.failing.load(Ordering::Relaxed) && self.may_sign()
    }

    /// Whether the writer has stopped for good, or its last commit failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whether what is stored is known to be the log's newest state: see [`crate::witnesses`].
    pub(crate) fn may_sign(&self) -> bool {
        self.witnesses.guard() == Guard::Open
    }

    /// The note of a head, with what the witnesses have signed under it last.
    pub(crate) fn cosigned(&self, head: &Head) -> String {
        format!("{}{}", head.note, self.witnesses.lines(head.size))
    }

    /// Does one step, seen by the watcher on both sides.
    pub(crate) async fn step<T>(
        &self,
        step: Step,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Stop> {
        self.reach(step, When::Before)?;
        let done = work.await?;
        self.reach(step, When::After)?;
        Ok(done)
    }

    /// The canonical bytes of a record, opened.
    pub(crate) fn text(row: &RecordRow, secret: Option<&RecordSecret>) -> Result<Vec<u8>, StoreError> {
        if row.destroyed.is_some() {
            return Err(StoreError::Destroyed(row.index));
        }
        match (&row.public, &row.sealed) {
            (Some(public), _) => Ok(public.clone()),
            (None, Some(sealed)) => {
                let secret = secret.ok_or(StoreError::KeyLost(row.index))?;
                Ok(secret.open(Purpose::Record, sealed)?)
            }
            (None, None) => Err(StoreError::Corrupt("record")),
        }
    }

    fn reach(&self, step: Step, when: When) -> Result<(), Stop> {
        if self.dead.load(Ordering::Relaxed) {
            return Err(Stop::Dead);
        }
        match self.watcher.reached(step, when) {
            Fate::Live => Ok(()),
            Fate::Fail => Err(Stop::Failed(StoreError::Injected)),
            Fate::Die => {
                self.dead.store(true, Ordering::Relaxed);
                self.broken.store(true, Ordering::Relaxed);
                Err(Stop::Dead)
            }
        }
    }
}

/// Reads a record that the ledger itself stored.
pub(crate) fn stored_record(bytes: &[u8]) -> Result<Record, StoreError> {
    Ok(CanonicalRecord::parse(bytes)
        .map_err(|_| StoreError::Corrupt("record"))?
        .record)
}

impl Voice {
    /// The voice with these keys.
    pub(crate) fn new(origin: Origin, keys: Keys) -> Result<Self, OpenError> {
        let log = VerifierKey::of_signer((&origin).into(), SignatureType::Ed25519, &keys.checkpoint)?;
        // Its own key and its own name: the cosigned message does not name the cosigner (C2SP tlog-cosignature).
        let cosigner_name: KeyName = format!("{origin}/cosigner").parse()?;
        let cosigner = VerifierKey::of_signer(cosigner_name.clone(), SignatureType::CosignatureV1, &keys.cosigner)?;
        let operator = did_key(&keys.operator).map_err(StoreError::from)?;
        let trusted = CheckpointKeys::new(origin.clone(), vec![log], vec![cosigner]);
        Ok(Self {
            trusted: trusted.map_err(|_| StoreError::Corrupt("key"))?,
            origin,
            operator,
            operator_key: keys.operator,
            checkpoint_key: keys.checkpoint,
            cosigner_key: keys.cosigner,
            cosigner_name,
        })
    }

    /// The names and public keys.
    pub(crate) fn identity(&self) -> Identity {
        // There is exactly one key of each kind: see `new`.
        let vkey = |key: Option<&VerifierKey>| key.map(VerifierKey::to_string).unwrap_or_default();
        Identity {
            origin: self.origin.clone(),
            checkpoint_vkey: vkey(self.trusted.log_keys().next()),
            cosigner_vkey: vkey(self.trusted.cosigners().next()),
            operator: self.operator.clone(),
        }
    }

    /// What this log's own reader would pin: its keys for every size, and no witness.
    pub(crate) fn trust(&self) -> Result<Trust, StoreError> {
        let identity = self.identity();
        let sizes = Sizes::ALL;
        let vkeys = |vkey| vec![SizedVkey { vkey, sizes }];
        let keys = LogKeys {
            origin: identity.origin,
            checkpoint_keys: vkeys(identity.checkpoint_vkey),
            cosigner_keys: vkeys(identity.cosigner_vkey),
            operator_keys: vec![SizedDid {
                key: identity.operator,
                sizes,
            }],
        };
        let trust = TrustBuilder::default()
            .log(&keys)
            .and_then(|log| log.quorum(QUORUM_NONE));
        trust.map_err(|_| StoreError::Corrupt("key"))
    }

    /// A head of this tree, signed and cosigned at `time`.
    pub(crate) fn head(&self, frontier: Frontier, time: Timestamp) -> Result<Head, StoreError> {
        let (size, root) = (frontier.size(), frontier.root());
        let note = self.note(size, root, time)?;
        Ok(Head {
            size,
            root,
            frontier,
            note,
            time,
        })
    }

    /// A statement signed by the operator.
    pub(crate) fn state<T: Serialize>(&self, statement: T) -> Result<Signed<T>, StoreError> {
        Ok(sign_statement(statement, &self.operator_key)?)
    }

    fn note(&self, size: u64, root: Hash, time: Timestamp) -> Result<String, StoreError> {
        let checkpoint = Checkpoint::new(self.origin.clone(), size, root)?;
        let mut note = sign_checkpoint(&checkpoint, &self.checkpoint_key)?;
        note.push_str(&cosign(
            &checkpoint,
            &self.cosigner_name,
            time.unix(),
            &self.cosigner_key,
        )?);
        Ok(note)
    }
}
