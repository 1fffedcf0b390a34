//! The witness: check, persist, and only then answer.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use placet_kernel::checkpoint::{CheckpointKeys, SignedCheckpoint, cosign};
use placet_kernel::note::{KeyName, SignatureType, UnverifiedNote, VerifierKey};
use placet_schemas::id::Origin;
use sha2::{Digest as _, Sha256};

use crate::clock::{Clock, SystemClock};
use crate::error::{AddError, OpenError, Refusal, StoreError, Trouble};
use crate::judge::{claimed_origin, is_fork, judge, open};
use crate::logs::Logs;
use crate::request::AddCheckpoint;
use crate::step::{Fate, Step, Unwatched, Watcher, When};
use crate::store::{Fork, Head, Store};
use placet_service::keys::{self, KeyFileError, SoftwareSigner};
use placet_service::random;
use zeroize::Zeroizing;

/// Name of the key file in the folder.
pub const KEY_FILE: &str = "witness.key";
/// Name of the database in the folder.
pub const STATE_FILE: &str = "witness.db";
/// How far the clock may step back, in seconds, as time services set it: until it has caught up the last time is signed
/// again. Further back, nothing is signed.
pub const MAX_STEP_BACK: u64 = 10;
/// How often a request is judged anew because another one replaced the head after it was judged.
const MAX_ATTEMPTS: usize = 8;

/// How a witness is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the key file and the database; it must be there.
    pub dir: PathBuf,
    /// Name of the cosigner, once and for all: a URL without a scheme.
    pub name: KeyName,
    /// The logs it watches.
    pub logs: Logs,
    /// Sign from the clock again although later times were signed: for once, after a clock ran ahead.
    pub forget_times: bool,
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Who sees the steps.
    pub watcher: Arc<dyn Watcher>,
}

/// A C2SP tlog-witness. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Witness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    vkey: VerifierKey,
    key: SoftwareSigner,
    logs: Logs,
    /// Hex of SHA-256 of each origin, as the paths of the read interface name it.
    hashes: Vec<(String, Origin)>,
    store: Store,
    clock: Arc<dyn Clock>,
    watcher: Arc<dyn Watcher>,
}

impl Settings {
    /// A witness of this name in `dir`, with the system's clock.
    #[must_use]
    pub fn new(dir: PathBuf, name: KeyName, logs: Logs) -> Self {
        Self {
            dir,
            name,
            logs,
            forget_times: false,
            clock: Arc::new(SystemClock),
            watcher: Arc::new(Unwatched),
        }
    }
}

impl Witness {
    /// Opens the witness in its folder; the first start makes its key and its state.
    ///
    /// # Errors
    /// [`OpenError`]: also if one of key and state is there and the other is not, or the name is another than before.
    pub async fn open(settings: Settings) -> Result<Self, OpenError> {
        let state = settings.dir.join(STATE_FILE);
        let file = settings.dir.join(KEY_FILE);
        if file.exists() && !state.exists() {
            return Err(OpenError::StateLost { key: file, state });
        }
        let store = Store::open(&state).await?;
        match store.is_whole().await {
            Ok(true) => {}
            // A disk that is busy for a moment is no damage, after which there is no way back.
            Err(error) if error.is_transient() => {
                store.close().await;
                return Err(error.into());
            }
            Ok(false) | Err(_) => {
                store.close().await;
                return Err(OpenError::Damaged(state));
            }
        }
        let (key, vkey) = match identify(&store, settings.name, &file, &state).await {
            Ok(identity) => identity,
            Err(error) => {
                // Nothing of this start stays open, so that the operator can put the right files there at once.
                store.close().await;
                return Err(error);
            }
        };
        if settings.forget_times {
            store.forget_times().await?;
            tracing::warn!("the times that were signed before are forgotten");
        }
        let hashes = settings
            .logs
            .origins()
            .map(|origin| (origin_hash(origin), origin.clone()));
        Ok(Self(Arc::new(Inner {
            vkey,
            key,
            hashes: hashes.collect(),
            logs: settings.logs,
            store,
            clock: settings.clock,
            watcher: settings.watcher,
        })))
    }

    /// The public key, as those need it who are to trust this witness.
    #[must_use]
    pub fn vkey(&self) -> &VerifierKey {
        &self.0.vkey
    }

    /// The logs it watches.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.0.logs
    }

    /// Answers one `add-checkpoint` (C2SP tlog-witness): the signature line of the cosignature, with its newline, after the
    /// checkpoint has durably become the latest of its log.
    ///
    /// A crash at any point leaves the head as it was, with nothing signed that left the process, or the new head, with the
    /// caller not knowing: it asks again, is told the true size by a 409, and gets its cosignature for the same tree.
    ///
    /// # Errors
    /// [`AddError`].
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<String, AddError> {
        // 1. FORM AND SIGNATURES, from the body alone. Only what a trusted key has signed gets further, so no stranger can
        //    make this witness write anything but a replay of what it has.
        let request = AddCheckpoint::parse(body).map_err(Refusal::from)?;
        let keys = self.0.logs.keys(&claimed_origin(request.note)?);
        let keys = keys.ok_or(Refusal::UnknownOrigin)?;
        let signed = open(request.note, keys)?;
        for _ in 0..MAX_ATTEMPTS {
            if let Some(line) = self.attempt(&request, &signed, keys).await? {
                return Ok(line);
            }
            // Another request has replaced the head since this one was judged: it is judged by the new head.
        }
        Err(Trouble::Busy.into())
    }

    /// The latest cosigned checkpoint of the log with this origin hash (lowercase hex of SHA-256), with the signatures of the
    /// log and of this witness; `None` if there is no such log, or nothing of it was cosigned.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn latest(&self, origin_hash: &str) -> Result<Option<String>, StoreError> {
        let Some((_, origin)) = self.0.hashes.iter().find(|(hash, _)| hash == origin_hash) else {
            return Ok(None);
        };
        let Some(keys) = self.0.logs.keys(origin.as_str()) else {
            return Ok(None);
        };
        let head = self.head(keys).await?;
        Ok(head.map(|head| head.note + &head.cosignature))
    }

    /// All forks that were seen, by log and size.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forks(&self) -> Result<Vec<Fork>, StoreError> {
        self.0.store.forks().await
    }

    /// Closes the database.
    pub async fn close(&self) {
        self.0.store.close().await;
    }

    /// Judges by the head of this moment; `None` if the head was replaced meanwhile.
    async fn attempt(
        &self,
        request: &AddCheckpoint<'_>,
        signed: &SignedCheckpoint,
        keys: &CheckpointKeys,
    ) -> Result<Option<String>, AddError> {
        let inner = &*self.0;
        let checkpoint = signed.checkpoint();
        let head = self.head(keys).await.map_err(Trouble::from)?;
        let held = head.as_ref().map(|head| &head.checkpoint);

        // 2. EVIDENCE, before the answer. Also when the answer is 409: the log has signed both, whatever was asked.
        if let Some(head) = head.as_ref().filter(|head| is_fork(&head.checkpoint, checkpoint)) {
            self.keep_fork(head, signed).await?;
        }
        judge(held, request.old, &request.proof, checkpoint)?;

        // 3. SIGN, in memory. The statement is that now no larger tree is known. It becomes true only by the next step.
        let time = sign_at(inner.clock.now(), head.as_ref().map(|head| head.cosigned_at))?;
        if let Some(head) = head
            .as_ref()
            .filter(|head| held == Some(checkpoint) && head.cosigned_at == time)
        {
            // The same again within a second gets the same answer: replaying a public checkpoint costs its sender a call and
            // this witness no write.
            return Ok(Some(head.cosignature.clone()));
        }
        let line = cosign(checkpoint, inner.vkey.name(), time, &inner.key).map_err(Trouble::Key)?;

        // 4. PERSIST: THE COMMIT POINT. A crash before it loses the signature, which nobody has seen. A crash after it
        //    leaves a head that nobody was told of. In no case does a signature leave that the head does not know.
        let after = Head {
            checkpoint: checkpoint.clone(),
            note: signed.exact_note().to_owned(),
            cosignature: line,
            cosigned_at: time,
        };
        self.reached(Step::Head, When::Before)?;
        let replaced = inner
            .store
            .replace(head.as_ref(), &after)
            .await
            .map_err(Trouble::from)?;
        self.reached(Step::Head, When::After)?;

        // 5. ANSWER.
        Ok(replaced.then_some(after.cosignature))
    }

    /// The head of a log, which this witness must have signed as it stands there. A flipped bit in a time would let it sign an
    /// earlier one; in a note, keep evidence that convinces nobody.
    async fn head(&self, keys: &CheckpointKeys) -> Result<Option<Head>, StoreError> {
        let inner = &*self.0;
        let Some(head) = inner.store.head(keys.origin()).await? else {
            return Ok(None);
        };
        let text = format!("{}{}", head.note, head.cosignature);
        // A log may have another key by now: then its old signature says nothing, and ours says all the same that it held.
        let known: Vec<VerifierKey> = keys.log_keys().chain([&inner.vkey]).cloned().collect();
        let note = UnverifiedNote::parse(text.as_bytes()).ok();
        let opened = note.as_ref().and_then(|note| note.open(&known).ok());
        let signed_at = opened.and_then(|note| {
            let own = note
                .signatures()
                .iter()
                .find(|signature| *signature.key() == inner.vkey);
            own.and_then(|signature| signature.time())
        });
        // 0: the operator has had the times forgotten.
        match signed_at {
            Some(time) if head.cosigned_at == time || head.cosigned_at == 0 => Ok(Some(head)),
            _ => Err(StoreError::Corrupt("head")),
        }
    }

    async fn keep_fork(&self, head: &Head, other: &SignedCheckpoint) -> Result<(), Trouble> {
        let fork = Fork {
            origin: head.checkpoint.origin().clone(),
            size: head.checkpoint.size(),
            held_note: head.note.clone(),
            other_note: other.exact_note().to_owned(),
            seen_at: self.0.clock.now(),
        };
        self.reached(Step::Evidence, When::Before)?;
        self.0.store.keep_fork(&fork, other.checkpoint()).await?;
        self.reached(Step::Evidence, When::After)?;
        // A log's origin names a service and no person.
        tracing::error!(origin = %fork.origin, size = fork.size, "the log has forked: both checkpoints are kept");
        Ok(())
    }

    fn reached(&self, step: Step, when: When) -> Result<(), Trouble> {
        match self.0.watcher.reached(step, when) {
            Fate::Live => Ok(()),
            Fate::Fail => Err(Trouble::Injected(step)),
        }
    }
}

/// The key of this start, which must be that of the first one. The state knows the vkey before the key has a file, so that a
/// key whose state does not know it was never a crash, and a state without a key was only if nothing was signed yet.
async fn identify(
    store: &Store,
    name: KeyName,
    file: &Path,
    state: &Path,
) -> Result<(SoftwareSigner, VerifierKey), OpenError> {
    let vkey_of = |key| VerifierKey::of_signer(name, SignatureType::CosignatureV1, key);
    match (store.identity().await?, file.exists()) {
        (Some(was), true) => {
            let key = SoftwareSigner::from_seed(&*keys::read(file)?);
            let vkey = vkey_of(&key)?;
            let is = vkey.to_string();
            if was == is {
                Ok((key, vkey))
            } else {
                Err(OpenError::OtherIdentity { was, is })
            }
        }
        (None, true) => Err(OpenError::StateLost {
            key: file.to_owned(),
            state: state.to_owned(),
        }),
        (Some(_), false) if store.has_signed().await? => Err(OpenError::KeyLost(file.to_owned())),
        (_, false) => {
            let seed = Zeroizing::new(random::bytes().map_err(KeyFileError::from)?);
            let key = SoftwareSigner::from_seed(&seed);
            let vkey = vkey_of(&key)?;
            store.keep_identity(&vkey.to_string()).await?;
            keys::write_new(file, &seed)?;
            Ok((key, vkey))
        }
    }
}

/// The time to sign at. Times of one log never decrease: an earlier one would say that a smaller tree was still the largest
/// when a larger one had been signed, or make a tree look older than it is.
fn sign_at(now: u64, signed: Option<u64>) -> Result<u64, Trouble> {
    let signed = signed.unwrap_or_default();
    // A cosignature must state a time (C2SP tlog-witness), so one of 1970 is as wrong as one that went back.
    if now == 0 || now.saturating_add(MAX_STEP_BACK) < signed {
        return Err(Trouble::Clock { now, signed });
    }
    Ok(now.max(signed))
}

fn origin_hash(origin: &Origin) -> String {
    let digest = Sha256::digest(origin.as_str());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_do_not_go_back() {
        assert_eq!(sign_at(100, None).unwrap(), 100);
        assert_eq!(sign_at(100, Some(99)).unwrap(), 100);
        assert_eq!(sign_at(100, Some(100 + MAX_STEP_BACK)).unwrap(), 100 + MAX_STEP_BACK);
        assert!(matches!(
            sign_at(100, Some(101 + MAX_STEP_BACK)),
            Err(Trouble::Clock { now: 100, signed: 111 })
        ));
        assert!(matches!(sign_at(0, None), Err(Trouble::Clock { .. })));
    }
}
