//! What only a check of the whole database reads.

use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::Hash;

use super::Store;
use super::consents::{Consent, consent};
use super::head::{SeenRow, seen};
use super::{ConsentRow, Seen};
use crate::db::{bytes32, int, uint};
use crate::error::StoreError;

/// A record with everything that is stored about it.
#[derive(Debug, Clone)]
pub(crate) struct FsckRow {
    pub(crate) index: u64,
    pub(crate) leaf: [u8; LEAF_BYTES],
    pub(crate) controller: u64,
    pub(crate) seq: u64,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) answer: Vec<u8>,
    pub(crate) salt: Option<[u8; 32]>,
    pub(crate) public: Option<Vec<u8>>,
    /// The Destruction by which the opening was lost, and how far that is.
    pub(crate) destroyed: Option<(u64, u64)>,
}

/// A cosignature, with the log's own note of that size.
#[derive(Debug, Clone)]
pub(crate) struct CosignedRow {
    pub(crate) size: u64,
    /// Name and key id.
    pub(crate) witness: String,
    pub(crate) slot: u64,
    pub(crate) time: u64,
    pub(crate) line: String,
    /// `None` if no checkpoint of that size is kept.
    pub(crate) note: Option<String>,
}

/// How many rows some tables have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) public: u64,
    pub(crate) requests: u64,
    pub(crate) controller_keys: u64,
    pub(crate) controllers: u64,
}

type Row = (
    i64,
    Vec<u8>,
    i64,
    i64,
    Option<Vec<u8>>,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<i64>,
    Option<i64>,
);

impl Store {
    /// What SQLite finds wrong with the file.
    pub(crate) async fn integrity(&self, most: u64) -> Result<Vec<String>, StoreError> {
        self.db.integrity(most).await
    }

    /// Records from `from` to before `to`, with all that is stored about them.
    pub(crate) async fn fsck_rows(&self, from: u64, to: u64) -> Result<Vec<FsckRow>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT r.idx, r.leaf, r.controller_id, r.seq, r.record, r.answer, p.salt, p.record, d.idx, d.step FROM records r \
             LEFT JOIN public_records p ON p.idx = r.idx LEFT JOIN destroyed_leaves l ON l.idx = r.idx \
             LEFT JOIN destructions d ON d.idx = l.by_idx WHERE r.idx >= $1 AND r.idx < $2 ORDER BY r.idx",
        )
        .bind(int(from))
        .bind(int(to))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// The kept checkpoints of sizes after `from` up to `to`, ascending; those of the empty tree with the first.
    pub(crate) async fn checkpoints_between(&self, from: u64, to: u64) -> Result<Vec<Seen>, StoreError> {
        let rows: Vec<SeenRow> = sqlx::query_as(
            "SELECT size, root, note, time FROM checkpoints WHERE size > $1 AND size <= $2 ORDER BY size, time",
        )
        .bind(if from == 0 { -1 } else { int(from) })
        .bind(int(to))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(seen).collect()
    }

    /// Cosignatures after this one, under trees of up to `size` leaves, in order of size, witness and slot.
    pub(crate) async fn cosignatures_after(
        &self,
        (after, witness, slot): (u64, &str, u64),
        size: u64,
        limit: u64,
    ) -> Result<Vec<CosignedRow>, StoreError> {
        let rows: Vec<(i64, String, i64, i64, String, Option<String>)> = sqlx::query_as(
            "SELECT c.size, c.witness, c.slot, c.time, c.line, \
             (SELECT k.note FROM checkpoints k WHERE k.size = c.size ORDER BY k.time LIMIT 1) FROM cosignatures c \
             WHERE (c.size, c.witness, c.slot) > ($1, $2, $3) AND c.size <= $4 ORDER BY c.size, c.witness, c.slot LIMIT $5",
        )
        .bind(int(after))
        .bind(witness)
        .bind(int(slot))
        .bind(int(size))
        .bind(int(limit))
        .fetch_all(self.db.reader())
        .await?;
        let read = |(size, witness, slot, time, line, note)| {
            Ok(CosignedRow {
                size: uint(size)?,
                witness,
                slot: uint(slot)?,
                time: uint(time)?,
                line,
                note,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// The stored hashes of a tile.
    pub(crate) async fn tile_row(&self, level: u8, n: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let data = sqlx::query_scalar("SELECT data FROM tiles WHERE level = $1 AND n = $2")
            .bind(i64::from(level))
            .bind(int(n))
            .fetch_optional(self.db.reader())
            .await?;
        Ok(data)
    }

    /// How many tiles there are.
    pub(crate) async fn tile_count(&self) -> Result<u64, StoreError> {
        uint(
            sqlx::query_scalar("SELECT COUNT(*) FROM tiles")
                .fetch_one(self.db.reader())
                .await?,
        )
    }

    /// Size, frontier and root of a feed.
    pub(crate) async fn feed_row(&self, id: u64) -> Result<Option<(u64, Vec<u8>, Hash)>, StoreError> {
        let row: Option<(i64, Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT feed_size, feed_frontier, feed_root FROM controllers WHERE id = $1")
                .bind(int(id))
                .fetch_optional(self.db.reader())
                .await?;
        row.map(|(size, frontier, root)| Ok((uint(size)?, frontier, Hash::new(bytes32(&root, "feed root")?))))
            .transpose()
    }

    /// Consents in log order, from index `from` on.
    pub(crate) async fn consent_rows(&self, from: u64, limit: u64) -> Result<Vec<ConsentRow>, StoreError> {
        let rows: Vec<Consent> = sqlx::query_as(
            "SELECT grant_idx, controller_id, last_idx, events, state, due FROM consents WHERE grant_idx >= $1 \
             ORDER BY grant_idx LIMIT $2",
        )
        .bind(int(from))
        .bind(int(limit))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(consent).collect()
    }

    /// The notice with the next larger digest.
    pub(crate) async fn notice_after(&self, digest: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
        let row = sqlx::query_as("SELECT digest, body FROM notices WHERE digest > $1 ORDER BY digest LIMIT 1")
            .bind(digest)
            .fetch_optional(self.db.reader())
            .await?;
        Ok(row)
    }

    /// Invitations that something else than a grant to the brand of their request has spent.
    pub(crate) async fn wrongly_spent(&self, size: u64) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT COUNT(*) FROM invitations i JOIN requests r ON r.digest = i.request \
             LEFT JOIN consents g ON g.grant_idx = i.spent_idx \
             WHERE i.spent_idx IS NOT NULL AND i.spent_idx < $1 \
             AND (g.grant_idx IS NULL OR g.controller_id <> r.controller_id) \
             AND NOT EXISTS (SELECT 1 FROM destroyed_leaves d WHERE d.idx = i.spent_idx)",
        )
        .bind(int(size))
        .fetch_one(self.db.reader())
        .await?;
        uint(count)
    }

    /// Every leaf that is marked as destroyed, with its Destruction.
    pub(crate) async fn destroyed_leaves(&self, size: u64) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT idx, by_idx FROM destroyed_leaves WHERE by_idx < $1 ORDER BY idx")
                .bind(int(size))
                .fetch_all(self.db.reader())
                .await?;
        rows.into_iter()
            .map(|(leaf, by)| Ok((uint(leaf)?, uint(by)?)))
            .collect()
    }

    /// How many rows there are below an index.
    pub(crate) async fn fsck_counts(&self, size: u64) -> Result<Counts, StoreError> {
        let (public, requests, controller_keys, controllers): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM public_records WHERE idx < $1), (SELECT COUNT(*) FROM requests WHERE idx < $1), \
             (SELECT COUNT(*) FROM controller_keys WHERE idx < $1), (SELECT COUNT(*) FROM controllers WHERE id < $1)",
        )
        .bind(int(size))
        .fetch_one(self.db.reader())
        .await?;
        Ok(Counts {
            public: uint(public)?,
            requests: uint(requests)?,
            controller_keys: uint(controller_keys)?,
            controllers: uint(controllers)?,
        })
    }
}

fn read((index, leaf, controller, seq, sealed, answer, salt, public, by, step): Row) -> Result<FsckRow, StoreError> {
    Ok(FsckRow {
        index: uint(index)?,
        leaf: leaf.as_slice().try_into().map_err(|_| StoreError::Corrupt("leaf"))?,
        controller: uint(controller)?,
        seq: uint(seq)?,
        sealed,
        answer,
        salt: salt.map(|salt| bytes32(&salt, "salt")).transpose()?,
        public,
        destroyed: by
            .zip(step)
            .map(|(by, step)| Ok::<_, StoreError>((uint(by)?, uint(step)?)))
            .transpose()?,
    })
}
