//! Withdrawals while nothing can be recorded.
//!
//! When no witness answers, the log signs nothing (see [`crate::witnesses`]). A withdrawal must not be lost for that: it is
//! checked as far as it can be, kept durably, and its sender gets the operator's signed word for it. As soon as the guard
//! opens, [`record_all`] records what waits.
//!
//! | after | a crash leaves | the next start |
//! |---|---|---|
//! | the row is committed | a withdrawal that its sender may not know to be kept | records it |
//! | it is recorded | a row too many | sends the same bytes, gets the first answer, forgets the row |

use std::time::Duration;

use placet_schemas::id::Digest;
use placet_schemas::lifecycle::{self, TransitionError};
use placet_schemas::record::{CanonicalRecord, Record};
use placet_schemas::statement::{WithdrawalReceived, WithdrawalReceivedType};
use placet_schemas::version::Version;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::crypto::{Blind, Blinded};
use crate::error::{StoreError, SubmitError};
use crate::judge::refused;
use crate::keyring::ReceivedRow;
use crate::ledger::{Ledger, WeakLedger};
use crate::life::open_state;
use crate::node::{Node, Stop, stored_record};
use crate::step::Step;
use crate::witnesses::Guard;

/// Most withdrawals that wait. A node that has as many has not been confirmed for very long.
pub const MAX_RECEIVED: u64 = 100_000;
/// How many are read at once.
const PAGE: u64 = 256;
/// How long the recorder waits after the store failed, and when there was nothing that it could record.
const RETRY: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_secs(30);

impl Node {
    /// Keeps a withdrawal that has been checked by itself, and gives the operator's word for it as an error: it is not
    /// recorded.
    pub(crate) async fn receive(&self, record: &Record, bytes: &[u8]) -> Result<SubmitError, SubmitError> {
        let unknown = || SubmitError::Unavailable {
            detail: "the log cannot say now whether it knows this consent".to_owned(),
        };
        let consent = record.consent().ok_or_else(unknown)?;
        // What is stored may be older than the consent.
        let row = self.consent_row(&consent).await?.ok_or_else(unknown)?;
        let secret = self.keyring.secrets(&[row.grant]).await?.remove(&row.grant);
        let state = open_state(&secret.ok_or_else(unknown)?, row.last, &row.state)?;
        // Who may end a consent never changes, so an older state says it as well: nobody else fills the table, or gets the
        // operator's word.
        lifecycle::apply(Some(&state), record, None).map_err(refused)?;
        let blind = self.received_blind(&consent, record);
        let row = ReceivedRow {
            blind,
            grant: row.grant,
            time: self.clock.now(),
            record: self
                .keyring
                .vault()
                .seal_received(&blind, bytes)
                .map_err(StoreError::from)?,
        };
        // The line after which the withdrawal is not lost any more. A crash before it loses what nobody was told of; a crash
        // after it, a word that its sender gets when she asks again.
        let kept = self.step(Step::Receive, self.keyring.receive(row, MAX_RECEIVED)).await;
        let kept = kept.map_err(|stop| match stop {
            Stop::Failed(error) => error,
            Stop::Dead => StoreError::Stopping,
        })?;
        let kept = kept.ok_or_else(|| SubmitError::Unavailable {
            detail: "too many withdrawals are waiting".to_owned(),
        })?;
        let statement = WithdrawalReceived {
            version: Version,
            r#type: WithdrawalReceivedType::default(),
            origin: self.voice.origin.clone(),
            consent,
            withdrawal: self.waiting(&kept)?.digest(),
            received_at: kept.time,
        };
        Ok(SubmitError::Received(Box::new(self.voice.state(statement)?)))
    }

    /// One per consent and signer: whoever types a code twice makes two records and wants one ending.
    fn received_blind(&self, consent: &Digest, record: &Record) -> Blinded {
        let key = [consent.as_bytes().as_slice(), record.issuer.as_str().as_bytes()].concat();
        self.keyring.vault().blind(Blind::Received, &key)
    }

    fn waiting(&self, row: &ReceivedRow) -> Result<Record, StoreError> {
        let bytes = self.keyring.vault().open_received(&row.blind, &row.record)?;
        stored_record(&bytes)
    }
}

/// Records what waits, whenever the guard opens, until it is told to stop or the ledger is gone.
pub(crate) async fn record_all(ledger: WeakLedger, mut guard: watch::Receiver<Guard>, mut stop: watch::Receiver<bool>) {
    loop {
        let opened = async { guard.wait_for(|guard| *guard == Guard::Open).await.is_ok() };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            opened = opened => if !opened { return },
        }
        let recording = async {
            let ledger = ledger.upgrade()?;
            Some(ledger.record_received().await)
        };
        // What is broken off may be recorded all the same: the next start sends the same bytes and gets the first answer.
        let recorded = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            recorded = recording => recorded,
        };
        let pause = match recorded {
            None => return,
            // One may have come just before the guard opened; one that cannot be recorded may be by then.
            Some(Ok(0)) => AGAIN,
            Some(Ok(recorded)) => {
                tracing::info!(recorded, "withdrawals that waited are recorded");
                continue;
            }
            Some(Err(error)) => {
                tracing::error!(%error, "withdrawals that wait cannot be read; trying again");
                RETRY
            }
        };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Ledger {
    /// Records what waits, and says how many. What cannot be recorded stays, and holds up nobody.
    async fn record_received(&self) -> Result<usize, StoreError> {
        let (mut recorded, mut after) = (0, None);
        loop {
            let rows = self.node().keyring.received(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(recorded) };
            after = Some((last.time, last.blind));
            // All at once, so that one tick records them.
            let mut page = JoinSet::new();
            for row in rows {
                let ledger = self.clone();
                page.spawn(async move { ledger.record_one(&row).await });
            }
            while let Some(done) = page.join_next().await {
                recorded += usize::from(matches!(done, Ok(true)));
            }
        }
    }

    /// Whether this one is settled.
    async fn record_one(&self, row: &ReceivedRow) -> bool {
        let vault = self.node().keyring.vault();
        let bytes = vault.open_received(&row.blind, &row.record).ok();
        let Some(record) = bytes.and_then(|bytes| CanonicalRecord::parse(&bytes).ok()) else {
            tracing::error!("a withdrawal that waits does not open");
            return false;
        };
        match self.record(record).await {
            Ok(_) => {}
            // Somebody else ended the consent first: what was wanted is so.
            Err(SubmitError::Refused { code, .. }) if code == TransitionError::ConsentEnded.code() => {}
            Err(error) => {
                // Its sender has our word for it, so it is kept; `placet fsck` counts it.
                tracing::error!(%error, "a withdrawal that waits is not recorded");
                return false;
            }
        }
        self.node().keyring.settle_received(&row.blind).await.is_ok()
    }

    /// Withdrawals that wait to be recorded.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn received_withdrawals(&self) -> Result<u64, StoreError> {
        self.node().keyring.received_count().await
    }
}
