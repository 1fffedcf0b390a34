//! The head row, and the kept checkpoints.

use placet_kernel::merkle::{Frontier, Hash};
use placet_schemas::time::Timestamp;

use super::Store;
use super::batch::keep_checkpoint;
use crate::db::{bytes32, int, uint};
use crate::error::StoreError;
use crate::tree::{Head, from_bytes, to_bytes};

/// A kept checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) note: String,
    pub(crate) time: Timestamp,
}

type Row = (i64, Vec<u8>, Vec<u8>, String, i64);
pub(super) type SeenRow = (i64, Vec<u8>, String, i64);

impl Store {
    /// The committed head; `None` before the log was created.
    pub(crate) async fn head(&self) -> Result<Option<Head>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT size, root, frontier, note, time FROM head WHERE id = 1")
            .fetch_optional(self.db.writer())
            .await?;
        row.map(read).transpose()
    }

    /// Creates the log with its first head.
    pub(crate) async fn create(&self, head: &Head) -> Result<(), StoreError> {
        let mut tx = self.db.writer().begin().await?;
        sqlx::query("INSERT INTO head (id, size, root, frontier, note, time) VALUES (1, $1, $2, $3, $4, $5)")
            .bind(int(head.size))
            .bind(head.root.as_bytes().as_slice())
            .bind(to_bytes(head.frontier.hashes()))
            .bind(&head.note)
            .bind(int(head.time.unix()))
            .execute(&mut *tx)
            .await?;
        keep_checkpoint(&mut tx, head).await?;
        Ok(tx.commit().await?)
    }

    /// The root that a kept checkpoint of this size has.
    pub(crate) async fn checkpoint_root(&self, size: u64) -> Result<Option<Hash>, StoreError> {
        let root: Option<Vec<u8>> = sqlx::query_scalar("SELECT root FROM checkpoints WHERE size = $1 LIMIT 1")
            .bind(int(size))
            .fetch_optional(self.db.reader())
            .await?;
        root.map(|root| Ok(Hash::new(bytes32(&root, "checkpoint root")?)))
            .transpose()
    }

    /// The first kept checkpoint of at least `size` leaves.
    pub(crate) async fn checkpoint_from(&self, size: u64) -> Result<Option<Seen>, StoreError> {
        let query = "SELECT size, root, note, time FROM checkpoints WHERE size >= $1 ORDER BY size, time LIMIT 1";
        self.seen(query, size).await
    }

    /// The last kept checkpoint that was signed at or before `time`.
    pub(crate) async fn checkpoint_at(&self, time: Timestamp) -> Result<Option<Seen>, StoreError> {
        let query =
            "SELECT size, root, note, time FROM checkpoints WHERE time <= $1 ORDER BY time DESC, size DESC LIMIT 1";
        self.seen(query, time.unix()).await
    }

    /// The first kept checkpoint that was signed at or after `time`.
    pub(crate) async fn checkpoint_after(&self, time: Timestamp) -> Result<Option<Seen>, StoreError> {
        let query = "SELECT size, root, note, time FROM checkpoints WHERE time >= $1 ORDER BY time, size LIMIT 1";
        self.seen(query, time.unix()).await
    }

    async fn seen(&self, query: &'static str, bound: u64) -> Result<Option<Seen>, StoreError> {
        let row: Option<SeenRow> = sqlx::query_as(query)
            .bind(int(bound))
            .fetch_optional(self.db.reader())
            .await?;
        row.map(seen).transpose()
    }
}

fn read((size, root, frontier, note, time): Row) -> Result<Head, StoreError> {
    let size = uint(size)?;
    let frontier = Frontier::from_parts(size, from_bytes(&frontier, "frontier")?);
    let frontier = frontier.map_err(|_| StoreError::Corrupt("frontier"))?;
    let root = Hash::new(bytes32(&root, "root")?);
    if frontier.root() != root {
        return Err(StoreError::Corrupt("frontier"));
    }
    let time = Timestamp::from_unix(uint(time)?).ok_or(StoreError::Corrupt("time"))?;
    Ok(Head {
        size,
        root,
        frontier,
        note,
        time,
    })
}

pub(super) fn seen((size, root, note, time): SeenRow) -> Result<Seen, StoreError> {
    let time = Timestamp::from_unix(uint(time)?).ok_or(StoreError::Corrupt("time"))?;
    Ok(Seen {
        size: uint(size)?,
        root: Hash::new(bytes32(&root, "checkpoint root")?),
        note,
        time,
    })
}
