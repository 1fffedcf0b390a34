//! Withdrawals while nothing can be recorded.
//!
//! When no witness answers, the log signs nothing (see [`crate::witnesses`]). A withdrawal must not be lost for that: it is
//! checked as far as it can be, kept durably, and its sender gets the operator's signed word for it. As soon as the guard
//! opens, [`record_all`] records what waits, in the order in which it came.
//!
//! | after | a crash leaves | the next start |
//! |---|---|---|
//! | the row is committed | a withdrawal that its sender may not know to be kept | records it |
//! | it is recorded | a row too many | sends the same bytes, gets the first answer, forgets the row |

use std::time::Duration;

use placet_schemas::id::Digest;
use placet_schemas::record::{CanonicalRecord, Record};
use placet_schemas::statement::{WithdrawalReceived, WithdrawalReceivedType};
use placet_schemas::version::Version;
use tokio::sync::watch;

use crate::crypto::{Blind, Blinded};
use crate::error::{StoreError, SubmitError};
use crate::ledger::{Ledger, WeakLedger};
use crate::node::{Node, Stop, stored_record};
use crate::step::Step;
use crate::store::ReceivedRow;
use crate::witnesses::Guard;

/// Most withdrawals that wait. A node that has as many has not been confirmed for very long.
pub const MAX_RECEIVED: u64 = 100_000;
/// How many are read at once.
const PAGE: u64 = 256;
/// How long the recorder waits after a commit that failed.
const RETRY: Duration = Duration::from_secs(1);

impl Node {
    /// Keeps a withdrawal that has been checked by itself, and gives the operator's word for it as an error: it is not
    /// recorded.
    pub(crate) async fn receive(&self, record: &Record, bytes: &[u8]) -> Result<SubmitError, SubmitError> {
        let unknown = || SubmitError::Unavailable {
            detail: "the log cannot say now whether it knows this consent".to_owned(),
        };
        let consent = record.consent().ok_or_else(unknown)?;
        // What is stored may be older than the consent; and what nobody consented to here would only fill the table.
        if self.index_of(&consent).await?.is_none() {
            return Err(unknown());
        }
        let blind = self.received_blind(&consent, record);
        let row = ReceivedRow {
            blind,
            time: self.clock.now(),
            record: self
                .keyring
                .vault()
                .seal_received(&blind, bytes)
                .map_err(StoreError::from)?,
        };
        // The line after which the withdrawal is not lost any more. A crash before it loses what nobody was told of; a crash
        // after it, a word that its sender gets when she asks again.
        let kept = self.step(Step::Receive, self.store.receive(row, MAX_RECEIVED)).await;
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
        let Some(ledger) = ledger.upgrade() else {
            return;
        };
        match ledger.record_received().await {
            // Whatever comes from now on is recorded at once, for as long as the guard is open.
            Ok(0) => {
                drop(ledger);
                let closed = async { guard.wait_for(|guard| *guard != Guard::Open).await.is_ok() };
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    closed = closed => if !closed { return },
                }
            }
            Ok(recorded) => tracing::info!(recorded, "withdrawals that waited are recorded"),
            Err(error) => {
                tracing::error!(%error, "withdrawals that wait cannot be recorded; trying again");
                drop(ledger);
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

impl Ledger {
    /// Records some of what waits, and says how many.
    async fn record_received(&self) -> Result<usize, SubmitError> {
        let rows = self.node().store.received(PAGE).await?;
        let count = rows.len();
        for row in rows {
            let vault = self.node().keyring.vault();
            let bytes = vault.open_received(&row.blind, &row.record).map_err(StoreError::from)?;
            let record = CanonicalRecord::parse(&bytes)?;
            match self.record(record).await {
                Ok(_) => {}
                // Somebody else ended the consent first: what was wanted is so.
                Err(SubmitError::Refused { code, .. }) => {
                    tracing::info!(code, "a withdrawal that waited is not recorded")
                }
                Err(unavailable) => return Err(unavailable),
            }
            self.node().store.settle_received(&row.blind).await?;
        }
        Ok(count)
    }

    /// Withdrawals that wait to be recorded.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn received_withdrawals(&self) -> Result<u64, StoreError> {
        self.node().store.received_count().await
    }
}
