//! Destruction: a consent is removed so that nobody can open its leaves again.
//!
//! [`destroy`] is the one function that removes. Read it from top to bottom: each step says what a crash there means. It is
//! run after the commit, after a failed step and at start, from the step that was written down last; every step may be done
//! twice. What leads to it, an order or a due date, ends in a Destruction record that is committed like any other: the
//! intent. From that commit on the leaves count as destroyed for whoever asks, whatever is still in the files.

use std::sync::Arc;
use std::time::Duration;

use placet_schemas::id::Digest;
use placet_schemas::lifecycle::{Phase, State};
use placet_schemas::record::destruction::{Destruction, DestructionGround, Leaves};
use placet_schemas::record::{Body, Kind};
use placet_schemas::time::{Period, Timestamp};
use placet_schemas::version::Version;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::arrive::event;
use crate::error::{OVERTAKEN, StoreError, SubmitError};
use crate::ledger::{Ledger, WeakLedger};
use crate::life::{MAX_EVENTS, open_state};
use crate::node::{Node, Stop, stored_record};
use crate::step::Step;
use crate::store::ConsentRow;

/// How often the ledger looks for consents that are due, and for destructions that it has not finished.
const EVERY: Duration = Duration::from_secs(60);
/// How long it waits after a step that failed.
const RETRY: Duration = Duration::from_secs(5);
/// Rewriting the keyring takes as long as the log has grown, and commits wait for it meanwhile. So it may take one part in so
/// many of the time: with a small log it follows every destruction at once, with a large one it clears the files of many.
const CLEARING_SHARE: u32 = 50;
/// How often a destruction is begun anew because the consent got another event meanwhile.
const MAX_TRIES: usize = 8;
/// Most due consents that are read at once.
const DUE_AT_ONCE: usize = 64;
/// Most events of a consent: those of its life, and the one that ends it.
const MAX_LEAVES: usize = MAX_EVENTS + 1;
/// Due dates are stored in whole days, so that they tell as little as they can.
pub(crate) const DAY: u64 = 24 * 60 * 60;

/// When the files were last cleared, and how long that took.
#[derive(Default)]
struct Clearing(Option<(Instant, Duration)>);

/// What has been done about a destruction, as it is written down.
const KEYS_GONE: u64 = 1;
const TEXTS_GONE: u64 = 2;
const FILES_CLEARED: u64 = 3;

/// Removes what committed destructions are about, each from the step that was written down last. Gives how long to wait
/// before it is done, if the files cannot be cleared yet.
async fn destroy(node: &Node, unfinished: &[(u64, u64)], clearing: &mut Clearing) -> Result<Option<Duration>, Stop> {
    for (destruction, done) in unfinished {
        remove(node, *destruction, *done).await?;
    }
    if let Some(pause) = clearing.pause() {
        return Ok(Some(pause));
    }

    // 3. FILES: both databases still have the old pages in their journals, and the keyring may have copies in the gaps of its
    //    index pages. A journal that somebody reads is not cut, and this is tried again until it is. A crash in between does
    //    it once more. It takes as long for one destruction as for many.
    let files = async {
        // First what may have to wait for a reader, so that the keyring is not rewritten in vain.
        node.store.empty_journal().await?;
        node.keyring.empty().await?;
        for (destruction, _) in unfinished {
            node.store.advance_destruction(*destruction, FILES_CLEARED).await?;
        }
        Ok(())
    };
    let begun = Instant::now();
    let cleared = node.step(Step::ClearFiles, files).await;
    // Also when it failed: it took its time.
    clearing.done(begun);
    cleared?;

    // What followers hold is theirs to remove: the destruction waits for their signed word (see `order.rs`).
    Ok(None)
}

/// The first two steps, of one destruction.
async fn remove(node: &Node, destruction: u64, done: u64) -> Result<(), Stop> {
    let leaves = node.store.leaves_of_destruction(destruction).await?;

    // 1. KEYRING, durable: data keys and salts, and all that leads from a digest, a person or a withdrawal key to the
    //    records. From here on the sealed texts open for nobody, this node included. A crash before it leaves everything in
    //    place, unseen: the next start goes on here. A crash after it leaves ciphertext without a key, and does it again.
    if done < KEYS_GONE {
        let keys = async {
            node.keyring.destroy(destruction, &leaves).await?;
            node.store.advance_destruction(destruction, KEYS_GONE).await
        };
        node.step(Step::DestroyKeys, keys).await?;
    }

    // 2. TEXTS, durable: sealed records and answers, and the consent's state. The leaf stays: all other proofs need it, and so
    //    does the place in the feed. Nothing personal is cached in memory.
    if done < TEXTS_GONE {
        let texts = node.store.destroy_texts(destruction, &leaves, TEXTS_GONE);
        node.step(Step::DestroyTexts, texts).await?;
    }
    Ok(())
}

/// Whether the node itself holds nothing any more.
pub(crate) const fn is_cleared(step: u64) -> bool {
    step >= FILES_CLEARED
}

/// Runs what is unfinished, and destroys what is due, until it is told to stop.
pub(crate) async fn run(node: Arc<Node>, ledger: WeakLedger, mut stop: watch::Receiver<bool>) {
    let mut clearing = Clearing::default();
    loop {
        let mut pause = match finish(&node, &mut clearing).await {
            Ok(wait) => wait.map_or(EVERY, |wait| wait.min(EVERY)),
            Err(Stop::Dead) => return,
            Err(Stop::Failed(error)) => {
                tracing::error!(code = error.code(), %error, "a destruction is not finished; trying again");
                RETRY
            }
        };
        if let Some(ledger) = ledger.upgrade() {
            // However many are due, whoever wants to stop does not wait for them: each is a record of its own.
            tokio::select! {
                done = ledger.destroy_some() => match done {
                    Ok((_, true)) => {}
                    // What was committed is removed before there is more of it.
                    Ok((_, false)) => pause = Duration::ZERO,
                    Err(error) => tracing::error!(%error, "consents that are due were not destroyed; trying again"),
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                done = ledger.forget_lines() => if let Err(error) = done {
                    tracing::error!(code = error.code(), %error, "access lines were not forgotten; trying again");
                },
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        tokio::select! {
            () = node.destructions.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// At start, before anything is served: a keyring that was restored from a copy opens again what was destroyed since. Each
/// Destruction that it has not seen is done again, from its first step.
pub(crate) async fn redo(node: &Node) -> Result<(), Stop> {
    let seen = node.keyring.destroyed_upto().await?;
    let again = node.store.reopen_destructions(seen).await?;
    if again > 0 {
        tracing::warn!(
            again,
            "the keyring is from before some destructions: they are done again"
        );
        finish(node, &mut Clearing::default()).await?;
    }
    Ok(())
}

/// Goes on with every destruction that the node has not finished. Gives how long to wait before the next try, if it cannot be
/// finished yet.
async fn finish(node: &Node, clearing: &mut Clearing) -> Result<Option<Duration>, Stop> {
    let unfinished = node.store.unfinished_destructions().await?;
    if unfinished.is_empty() {
        return Ok(None);
    }
    let wait = destroy(node, &unfinished, clearing).await?;
    let count = unfinished.len();
    match wait {
        None => tracing::info!(count, "the node holds nothing any more of what was destroyed"),
        Some(wait) => tracing::info!(
            count,
            seconds = wait.as_secs(),
            "keys and texts are gone; the files are cleared later"
        ),
    }
    Ok(wait)
}

impl Clearing {
    /// How long to wait before the files are cleared again.
    fn pause(&self) -> Option<Duration> {
        let (ended, took) = self.0?;
        let left = took.saturating_mul(CLEARING_SHARE).saturating_sub(ended.elapsed());
        (!left.is_zero()).then_some(left)
    }

    fn done(&mut self, begun: Instant) {
        self.0 = Some((Instant::now(), begun.elapsed()));
    }
}

impl Ledger {
    /// Destroys the consents whose proof has been kept for as long as their request said. Gives how many.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub async fn destroy_due(&self) -> Result<usize, SubmitError> {
        let mut destroyed = 0;
        loop {
            let (some, all) = self.destroy_some().await?;
            destroyed += some;
            if all {
                return Ok(destroyed);
            }
        }
    }

    /// Destroys some of them. Gives how many, and whether these were all.
    async fn destroy_some(&self) -> Result<(usize, bool), SubmitError> {
        let Some(now) = self.node().surely_past().await? else {
            return Ok((0, true));
        };
        let rows = self.node().store.consents_due(now.unix() / DAY, DUE_AT_ONCE).await?;
        let all = rows.len() < DUE_AT_ONCE;
        let mut destroyed = 0;
        for row in rows {
            destroyed += usize::from(self.destroy_if_due(&row, now).await?);
        }
        Ok((destroyed, all))
    }

    async fn destroy_if_due(&self, row: &ConsentRow, now: Timestamp) -> Result<bool, SubmitError> {
        let node = self.node();
        let (consent, due) = match node.due(row).await {
            Ok(found) => found,
            // The misfortune of one consent must not keep the others: it is looked at again tomorrow.
            Err(error @ (StoreError::KeyLost(_) | StoreError::Sealed(_) | StoreError::Corrupt(_))) => {
                tracing::error!(code = error.code(), %error, grant = row.grant, "no due date can be told");
                node.store.put_off(row, now.unix() / DAY + 1).await?;
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        if now < due {
            node.store.put_off(row, due_day(due)).await?;
            return Ok(false);
        }
        match self
            .commit_destruction(&consent, DestructionGround::RetentionElapsed, None)
            .await
        {
            Ok(Some(_)) => Ok(true),
            // As above: a consent whose events cannot all be found does not keep the others.
            Ok(None) | Err(SubmitError::Refused { .. }) => {
                tracing::error!(grant = row.grant, "a consent that is due cannot be destroyed");
                node.store.put_off(row, now.unix() / DAY + 1).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Commits a Destruction of this consent and gives its index; `None` if there is no such consent (any more).
    pub(crate) async fn commit_destruction(
        &self,
        consent: &Digest,
        ground: DestructionGround,
        order_hash: Option<Digest>,
    ) -> Result<Option<u64>, SubmitError> {
        let node = self.node();
        let mut overtaken = None;
        for _ in 0..MAX_TRIES {
            let Some((controller, leaves)) = node.leaves_of(consent).await? else {
                return Ok(None);
            };
            let body = Destruction {
                version: Version,
                controller,
                leaves,
                ground,
                order_hash,
            };
            let voice = &node.voice;
            let body = Body::Destruction(Box::new(body));
            let record = self.sign(voice.operator.clone(), body, &voice.operator_key)?;
            match self.submit(&record).await {
                Ok(recorded) => {
                    node.destructions.notify_one();
                    return Ok(Some(recorded.index));
                }
                // Another event of the consent was faster, and has to be destroyed with the rest.
                Err(error @ SubmitError::Refused { code: OVERTAKEN, .. }) => overtaken = Some(error),
                Err(error) => return Err(error),
            }
        }
        overtaken.map_or(Ok(None), Err)
    }
}

impl Node {
    /// The controller and all leaves of a consent.
    async fn leaves_of(&self, consent: &Digest) -> Result<Option<(placet_schemas::id::Did, Leaves)>, StoreError> {
        let Some(row) = self.consent_row(consent).await? else {
            return Ok(None);
        };
        let size = self.head().size;
        let blind = event(self.keyring.vault(), consent);
        let mut leaves = self.keyring.members(&blind, 0, MAX_LEAVES).await?;
        leaves.retain(|leaf| *leaf < size);
        let controller = self.store.controllers_of(&[row.controller], &[]).await?.pop();
        let controller = controller.ok_or(StoreError::Corrupt("controller"))?;
        let leaves = leaves.try_into().map_err(|_| StoreError::Corrupt("consent"))?;
        Ok(Some((controller.did, leaves)))
    }

    /// A time that has surely come. What is destroyed too early is gone all the same, so with witnesses this node's own clock
    /// does not suffice: one of them must have signed since. `None` if none has.
    pub(crate) async fn surely_past(&self) -> Result<Option<Timestamp>, StoreError> {
        let (now, witnesses) = (self.clock.now(), self.witnesses.ids());
        if witnesses.is_empty() {
            return Ok(Some(now));
        }
        self.store.last_cosigned_by(&witnesses, now).await
    }

    /// A consent, and when its proof has been kept for long enough.
    async fn due(&self, row: &ConsentRow) -> Result<(Digest, Timestamp), StoreError> {
        let state = open_state(&self.keyring.secret(row.grant).await?, row.last, &row.state)?;
        let request = self.known.requests(&self.store, &[state.request]).await?;
        let request = request.get(&state.request).ok_or(StoreError::Corrupt("request"))?;
        let ended = match state.phase {
            Phase::Given => None,
            Phase::Withdrawn | Phase::EndedByController => Some(self.ended(&state).await?),
        };
        Ok((state.consent, due(&state, ended, request.body.proof_retention)))
    }

    /// When a consent was ended: by the ledger's own clock, which no signer can set.
    async fn ended(&self, state: &State) -> Result<Timestamp, StoreError> {
        for (row, secret) in self.events(&state.consent).await?.into_iter().rev() {
            let record = stored_record(&Self::text(&row, Some(&secret))?)?;
            if matches!(record.kind(), Kind::Withdrawal | Kind::EndedByController) {
                let seen = self.store.checkpoint_from(row.index + 1).await?;
                return Ok(seen.ok_or(StoreError::Corrupt("checkpoint"))?.time);
            }
        }
        Err(StoreError::Corrupt("consent"))
    }
}

/// When the proof of a consent, which was ended at `ended` or not at all, has been kept for long enough.
pub(crate) fn due(state: &State, ended: Option<Timestamp>, retention: Period) -> Timestamp {
    let end = ended.map_or(state.valid_until, |ended| ended.min(state.valid_until));
    end.plus(retention)
}

/// The day on which to look at a consent that lasts until `until`, if nothing happens to it.
pub(crate) fn look_on(until: Timestamp, retention: Period) -> u64 {
    due_day(until.plus(retention))
}

/// The first day that begins at or after `due`: never too early.
pub(crate) const fn due_day(due: Timestamp) -> u64 {
    due.unix().div_ceil(DAY)
}
