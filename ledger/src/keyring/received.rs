//! Withdrawals that wait to be recorded.
//!
//! They are here and not beside the records, because no data key seals them yet, and what is destroyed must be in no file and
//! in no old copy of the main database: this one is rewritten with each destruction, and its copies have short lives.

use placet_schemas::time::Timestamp;

use super::Keyring;
use crate::crypto::Blinded;
use crate::db::{bytes32, int, uint};
use crate::error::StoreError;

/// A withdrawal that waits.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRow {
    pub(crate) blind: Blinded,
    /// Index of the grant of the consent that it ends.
    pub(crate) grant: u64,
    pub(crate) time: Timestamp,
    /// Sealed.
    pub(crate) record: Vec<u8>,
}

impl Keyring {
    /// Keeps a withdrawal, durably, unless one is kept already; gives the one that is kept. `None` when there are `most`.
    pub(crate) async fn receive(&self, row: ReceivedRow, most: u64) -> Result<Option<ReceivedRow>, StoreError> {
        let mut tx = self.db.writer().begin().await?;
        let added = sqlx::query(
            "INSERT INTO received (blind, grant_idx, time, record) SELECT $1, $2, $3, $4 \
             WHERE (SELECT COUNT(*) FROM received) < $5 ON CONFLICT DO NOTHING",
        );
        let added = added
            .bind(row.blind.as_slice())
            .bind(int(row.grant))
            .bind(int(row.time.unix()))
            .bind(&row.record);
        added.bind(int(most)).execute(&mut *tx).await?;
        let kept: Option<(i64, Vec<u8>)> = sqlx::query_as("SELECT time, record FROM received WHERE blind = $1")
            .bind(row.blind.as_slice())
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        let Some((at, record)) = kept else { return Ok(None) };
        Ok(Some(ReceivedRow {
            time: time(at)?,
            record,
            ..row
        }))
    }

    /// The withdrawals that have waited longest, after the one that came at this time and has this blind.
    pub(crate) async fn received(
        &self,
        after: Option<(Timestamp, Blinded)>,
        limit: u64,
    ) -> Result<Vec<ReceivedRow>, StoreError> {
        let (time_of, blind) = after.map_or((-1, Vec::new()), |(time, blind)| (int(time.unix()), blind.to_vec()));
        let rows: Vec<(Vec<u8>, i64, i64, Vec<u8>)> = sqlx::query_as(
            "SELECT blind, grant_idx, time, record FROM received WHERE (time, blind) > ($1, $2) ORDER BY time, blind LIMIT $3",
        )
        .bind(time_of)
        .bind(blind)
        .bind(int(limit))
        .fetch_all(self.db.reader())
        .await?;
        let row = |(blind, grant, at, record): (Vec<u8>, i64, i64, Vec<u8>)| {
            Ok(ReceivedRow {
                blind: bytes32(&blind, "withdrawal that waits")?,
                grant: uint(grant)?,
                time: time(at)?,
                record,
            })
        };
        rows.into_iter().map(row).collect()
    }

    /// How many wait.
    pub(crate) async fn received_count(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM received")
            .fetch_one(self.db.reader())
            .await?;
        uint(count)
    }

    /// Forgets one that is recorded, or will never be.
    pub(crate) async fn settle_received(&self, blind: &Blinded) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM received WHERE blind = $1")
            .bind(blind.as_slice())
            .execute(self.db.writer())
            .await?;
        Ok(())
    }
}

fn time(unix: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_unix(uint(unix)?).ok_or(StoreError::Corrupt("time"))
}
