//! The rows of a batch, and the one transaction that writes them.

use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::Hash;
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::Kind;
use placet_schemas::text::Text;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::destructions::DestructionWrite;
use super::{Store, destructions};
use crate::db::{MAX_BINDS, execute, int};
use crate::error::StoreError;
use crate::sequencer::MAX_BATCH;
use crate::tree::{Head, Place, to_bytes};

/// The widest table of a batch: values bound per row.
const COLUMNS: usize = 7;
const _: () = assert!(MAX_BATCH * COLUMNS <= MAX_BINDS, "a batch is one statement per table");

/// Everything that a batch changes. Each list is one statement, however long it is.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Size and root of the head that the batch was built on.
    pub(crate) on: (u64, Hash),
    /// The head after it.
    pub(crate) head: Head,
    /// Tiles that are new or wider.
    pub(crate) tiles: Vec<(Place, Vec<Hash>)>,
    pub(crate) controllers: Vec<ControllerWrite>,
    /// Index of a ControllerKeys record, and its controller.
    pub(crate) controller_keys: Vec<(u64, u64)>,
    pub(crate) records: Vec<RecordWrite>,
    pub(crate) public: Vec<PublicWrite>,
    pub(crate) requests: Vec<RequestWrite>,
    pub(crate) consents: Vec<ConsentWrite>,
    pub(crate) spent: Vec<SpentWrite>,
    pub(crate) destructions: Vec<DestructionWrite>,
}

#[derive(Debug)]
pub(crate) struct RecordWrite {
    pub(crate) index: u64,
    pub(crate) leaf: [u8; LEAF_BYTES],
    pub(crate) controller: u64,
    pub(crate) seq: u64,
    /// Sealed; `None` for a public record.
    pub(crate) record: Option<Vec<u8>>,
    /// Sealed.
    pub(crate) answer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct PublicWrite {
    pub(crate) index: u64,
    pub(crate) kind: Kind,
    pub(crate) salt: [u8; 32],
    pub(crate) record: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct ControllerWrite {
    pub(crate) id: u64,
    pub(crate) did: Did,
    pub(crate) legal_name: Text,
    pub(crate) keys_index: u64,
    pub(crate) feed_size: u64,
    pub(crate) feed_frontier: Vec<u8>,
    pub(crate) feed_root: Hash,
}

#[derive(Debug)]
pub(crate) struct RequestWrite {
    pub(crate) digest: Digest,
    pub(crate) index: u64,
    pub(crate) controller: u64,
    pub(crate) open: bool,
}

#[derive(Debug)]
pub(crate) struct ConsentWrite {
    pub(crate) grant: u64,
    pub(crate) controller: u64,
    pub(crate) last: u64,
    pub(crate) events: u64,
    /// Sealed.
    pub(crate) state: Vec<u8>,
    /// The day on which to look whether it is to be destroyed.
    pub(crate) due: u64,
}

#[derive(Debug)]
pub(crate) struct SpentWrite {
    pub(crate) hash: Digest,
    pub(crate) request: Digest,
    pub(crate) expires: u64,
    pub(crate) by: u64,
}

impl Store {
    /// Writes a batch: all of it, or nothing.
    ///
    /// # Errors
    /// [`StoreError::HeadMoved`] when the head is not the one that the batch was built on. After any other error the batch
    /// may or may not be there: ask [`Store::head`].
    pub(crate) async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        // The first statement writes, so the transaction holds the one write lock from here on.
        let mut tx = self.db.writer().begin().await?;
        let (size, root) = &batch.on;
        move_head(&mut tx, *size, root, &batch.head).await?;
        write_tiles(&mut tx, batch).await?;
        write_controllers(&mut tx, batch).await?;
        write_records(&mut tx, batch).await?;
        write_requests(&mut tx, batch).await?;
        write_consents(&mut tx, batch).await?;
        write_spent(&mut tx, batch).await?;
        destructions::write(&mut tx, &batch.destructions).await?;
        Ok(tx.commit().await?)
    }

    /// Replaces the checkpoint by a newer one of the same tree.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub(crate) async fn refresh(&self, head: &Head) -> Result<(), StoreError> {
        let mut tx = self.db.writer().begin().await?;
        move_head(&mut tx, head.size, &head.root, head).await?;
        Ok(tx.commit().await?)
    }
}

/// Compare and swap, and the new checkpoint beside the kept ones.
async fn move_head(tx: &mut SqliteConnection, size: u64, root: &Hash, to: &Head) -> Result<(), StoreError> {
    let moved = sqlx::query(
        "UPDATE head SET size = $1, root = $2, frontier = $3, note = $4, time = $5 \
         WHERE id = 1 AND size = $6 AND root = $7",
    )
    .bind(int(to.size))
    .bind(to.root.as_bytes().as_slice())
    .bind(to_bytes(to.frontier.hashes()))
    .bind(&to.note)
    .bind(int(to.time.unix()))
    .bind(int(size))
    .bind(root.as_bytes().as_slice())
    .execute(&mut *tx)
    .await?;
    if moved.rows_affected() != 1 {
        return Err(StoreError::HeadMoved);
    }
    keep_checkpoint(tx, to).await
}

pub(super) async fn keep_checkpoint(tx: &mut SqliteConnection, head: &Head) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO checkpoints (size, time, root, note) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
        .bind(int(head.size))
        .bind(int(head.time.unix()))
        .bind(head.root.as_bytes().as_slice())
        .bind(&head.note)
        .execute(tx)
        .await?;
    Ok(())
}

async fn write_tiles(tx: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO tiles (level, n, data) ");
    query.push_values(&batch.tiles, |mut row, ((level, n), hashes)| {
        row.push_bind(i64::from(*level))
            .push_bind(int(*n))
            .push_bind(to_bytes(hashes));
    });
    query.push(" ON CONFLICT (level, n) DO UPDATE SET data = excluded.data");
    execute(&mut query, tx).await.map(drop)
}

async fn write_controllers(tx: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO controllers (id, did, legal_name, keys_idx, feed_size, feed_frontier, feed_root) ",
    );
    query.push_values(&batch.controllers, |mut row, controller| {
        row.push_bind(int(controller.id))
            .push_bind(controller.did.as_str())
            .push_bind(controller.legal_name.as_str())
            .push_bind(int(controller.keys_index))
            .push_bind(int(controller.feed_size))
            .push_bind(controller.feed_frontier.as_slice())
            .push_bind(controller.feed_root.as_bytes().as_slice());
    });
    query.push(
        " ON CONFLICT (id) DO UPDATE SET legal_name = excluded.legal_name, keys_idx = excluded.keys_idx, \
         feed_size = excluded.feed_size, feed_frontier = excluded.feed_frontier, feed_root = excluded.feed_root",
    );
    execute(&mut query, tx).await?;
    if batch.controller_keys.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO controller_keys (idx, controller_id) ");
    query.push_values(&batch.controller_keys, |mut row, (index, controller)| {
        row.push_bind(int(*index)).push_bind(int(*controller));
    });
    execute(&mut query, tx).await.map(drop)
}

async fn write_records(tx: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO records (idx, leaf, controller_id, seq, record, answer) ");
    query.push_values(&batch.records, |mut row, record| {
        row.push_bind(int(record.index))
            .push_bind(record.leaf.as_slice())
            .push_bind(int(record.controller))
            .push_bind(int(record.seq))
            .push_bind(record.record.as_deref())
            .push_bind(record.answer.as_slice());
    });
    execute(&mut query, tx).await?;
    if batch.public.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO public_records (idx, kind, salt, record) ");
    query.push_values(&batch.public, |mut row, public| {
        row.push_bind(int(public.index))
            .push_bind(public.kind.as_str())
            .push_bind(public.salt.as_slice())
            .push_bind(public.record.as_slice());
    });
    execute(&mut query, tx).await.map(drop)
}

async fn write_requests(tx: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    if batch.requests.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO requests (digest, idx, controller_id, open) ");
    query.push_values(&batch.requests, |mut row, request| {
        row.push_bind(request.digest.as_bytes().as_slice())
            .push_bind(int(request.index))
            .push_bind(int(request.controller))
            .push_bind(i64::from(request.open));
    });
    execute(&mut query, tx).await.map(drop)
}

async fn write_consents(tx: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    if batch.consents.is_empty() {
        return Ok(());
    }
    let mut query =
        QueryBuilder::<Sqlite>::new("INSERT INTO consents (grant_idx, controller_id, last_idx, events, state, due) ");
    query.push_values(&batch.consents, |mut row, consent| {
        row.push_bind(int(consent.grant))
            .push_bind(int(consent.controller))
            .push_bind(int(consent.last))
            .push_bind(int(consent.events))
            .push_bind(consent.state.as_slice())
            .push_bind(int(consent.due));
    });
    query.push(
        " ON CONFLICT (grant_idx) DO UPDATE SET last_idx = excluded.last_idx, events = excluded.events, \
         state = excluded.state, due = excluded.due",
    );
    execute(&mut query, tx).await.map(drop)
}

async fn write_spent(tx: &mut SqliteConnection, batch: &Batch) -> Result<(), StoreError> {
    if batch.spent.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO invitations (hash, request, expires, spent_idx) ");
    query.push_values(&batch.spent, |mut row, spent| {
        row.push_bind(spent.hash.as_bytes().as_slice())
            .push_bind(spent.request.as_bytes().as_slice())
            .push_bind(int(spent.expires))
            .push_bind(int(spent.by));
    });
    query.push(" ON CONFLICT (hash) DO UPDATE SET spent_idx = excluded.spent_idx");
    execute(&mut query, tx).await.map(drop)
}
