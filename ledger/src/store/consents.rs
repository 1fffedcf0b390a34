//! Consents, records and feeds, as they are read. Everything personal in them is still sealed here.

use std::collections::HashMap;

use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::Hash;
use placet_schemas::id::Did;

use super::Store;
use super::lookups::feed;
use crate::db::{bytes32, int, listed, uint};
use crate::error::StoreError;

/// A consent.
#[derive(Debug, Clone)]
pub(crate) struct ConsentRow {
    pub(crate) grant: u64,
    pub(crate) controller: u64,
    pub(crate) last: u64,
    pub(crate) events: u64,
    /// Sealed.
    pub(crate) state: Vec<u8>,
    /// The day on which to look whether it is to be destroyed.
    pub(crate) due: u64,
}

/// A record. The text is sealed, or absent here because it is public.
#[derive(Debug, Clone)]
pub(crate) struct RecordRow {
    pub(crate) index: u64,
    pub(crate) seq: u64,
    pub(crate) leaf: [u8; LEAF_BYTES],
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) public: Option<Vec<u8>>,
    /// The Destruction by which the opening was lost: nothing of it is shown from then on.
    pub(crate) destroyed: Option<u64>,
}

/// Where a feed stands.
#[derive(Debug, Clone)]
pub(crate) struct FeedRow {
    pub(crate) controller: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// Size, root and checkpoint of the log at the same moment.
    pub(crate) log: (u64, Hash, String),
}

pub(super) type Consent = (i64, i64, i64, i64, Vec<u8>, i64);
pub(super) type Record = (i64, i64, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>);
type Feed = (i64, i64, Vec<u8>, Vec<u8>, i64, Vec<u8>, String);

impl Store {
    /// Consents by the index of their grant.
    pub(crate) async fn consents_of(&self, grants: &[u64]) -> Result<HashMap<u64, ConsentRow>, StoreError> {
        if grants.is_empty() {
            return Ok(HashMap::new());
        }
        let list = grants.iter().map(|grant| int(*grant));
        let before = "SELECT c.grant_idx, c.controller_id, c.last_idx, c.events, c.state, c.due FROM consents c \
             WHERE NOT EXISTS (SELECT 1 FROM destroyed_leaves d WHERE d.idx = c.grant_idx) AND c.grant_idx IN (";
        let mut query = listed(before, list, ")");
        let rows: Vec<Consent> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter()
            .map(|row| consent(row).map(|row| (row.grant, row)))
            .collect()
    }

    /// The consents of a brand in log order, from index `from` on.
    pub(crate) async fn consents_from(
        &self,
        did: &Did,
        from: u64,
        limit: usize,
    ) -> Result<Vec<ConsentRow>, StoreError> {
        let rows: Vec<Consent> = sqlx::query_as(
            "SELECT c.grant_idx, c.controller_id, c.last_idx, c.events, c.state, c.due FROM consents c \
             WHERE c.controller_id = (SELECT id FROM controllers WHERE did = $1) AND c.grant_idx >= $2 \
             AND NOT EXISTS (SELECT 1 FROM destroyed_leaves d WHERE d.idx = c.grant_idx) \
             ORDER BY c.grant_idx LIMIT $3",
        )
        .bind(did.as_str())
        .bind(int(from))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(consent).collect()
    }

    /// Records by index, in log order.
    pub(crate) async fn records_of(&self, indexes: &[u64]) -> Result<Vec<RecordRow>, StoreError> {
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        let list = indexes.iter().map(|index| int(*index));
        let before = "SELECT r.idx, r.seq, r.leaf, r.record, p.record, d.by_idx \
             FROM records r LEFT JOIN public_records p ON p.idx = r.idx \
             LEFT JOIN destroyed_leaves d ON d.idx = r.idx WHERE r.idx IN (";
        let mut query = listed(before, list, ") ORDER BY r.idx");
        let rows: Vec<Record> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(record).collect()
    }

    /// Where the feed of a brand and the log stand, at one moment.
    pub(crate) async fn feed(&self, did: &Did) -> Result<Option<FeedRow>, StoreError> {
        let row: Option<Feed> = sqlx::query_as(
            "SELECT c.id, c.feed_size, c.feed_frontier, c.feed_root, h.size, h.root, h.note FROM controllers c \
             JOIN head h ON h.id = 1 WHERE c.did = $1",
        )
        .bind(did.as_str())
        .fetch_optional(self.db.reader())
        .await?;
        let Some((controller, size, frontier, root, log_size, log_root, note)) = row else {
            return Ok(None);
        };
        let feed = feed(size, &frontier, &root)?;
        Ok(Some(FeedRow {
            controller: uint(controller)?,
            size: feed.size(),
            root: feed.root(),
            log: (uint(log_size)?, Hash::new(bytes32(&log_root, "root")?), note),
        }))
    }

    /// The items of a feed with a place from `from` to before `to`, in order.
    pub(crate) async fn feed_items(&self, controller: u64, from: u64, to: u64) -> Result<Vec<RecordRow>, StoreError> {
        let rows: Vec<Record> = sqlx::query_as(
            "SELECT r.idx, r.seq, r.leaf, r.record, p.record, d.by_idx \
             FROM records r LEFT JOIN public_records p ON p.idx = r.idx \
             LEFT JOIN destroyed_leaves d ON d.idx = r.idx \
             WHERE r.controller_id = $1 AND r.seq >= $2 AND r.seq < $3 ORDER BY r.seq",
        )
        .bind(int(controller))
        .bind(int(from))
        .bind(int(to))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(record).collect()
    }
}

pub(super) fn consent((grant, controller, last, events, state, due): Consent) -> Result<ConsentRow, StoreError> {
    Ok(ConsentRow {
        grant: uint(grant)?,
        controller: uint(controller)?,
        last: uint(last)?,
        events: uint(events)?,
        state,
        due: uint(due)?,
    })
}

pub(super) fn record((index, seq, leaf, sealed, public, destroyed): Record) -> Result<RecordRow, StoreError> {
    Ok(RecordRow {
        index: uint(index)?,
        seq: uint(seq)?,
        leaf: leaf.as_slice().try_into().map_err(|_| StoreError::Corrupt("leaf"))?,
        sealed,
        public,
        destroyed: destroyed.map(uint).transpose()?,
    })
}
