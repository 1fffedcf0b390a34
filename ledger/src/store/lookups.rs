//! What a batch, or an arrival, has to know: brands and answers, by lists, so that a batch costs one query for each.

use std::collections::HashMap;

use placet_kernel::merkle::Frontier;
use placet_schemas::id::{Did, Digest};
use placet_schemas::text::Text;

use super::Store;
use crate::db::{bytes32, int, listed, uint};
use crate::error::StoreError;
use crate::tree::from_bytes;

/// A registered brand.
#[derive(Debug, Clone)]
pub(crate) struct ControllerFound {
    pub(crate) id: u64,
    pub(crate) did: Did,
    pub(crate) legal_name: Text,
    pub(crate) keys_index: u64,
    pub(crate) feed: Frontier,
}

/// A request, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct RequestFound {
    pub(crate) digest: Digest,
    pub(crate) index: u64,
    pub(crate) controller_id: u64,
    pub(crate) controller: Did,
    pub(crate) open: bool,
    pub(crate) record: Vec<u8>,
}

type ControllerRow = (i64, String, String, i64, i64, Vec<u8>, Vec<u8>);
pub(super) type RequestRow = (Vec<u8>, i64, i64, String, i64, Vec<u8>);

const CONTROLLER: &str =
    "SELECT id, did, legal_name, keys_idx, feed_size, feed_frontier, feed_root FROM controllers WHERE ";
pub(super) const REQUEST: &str = "SELECT r.digest, r.idx, r.controller_id, c.did, r.open, p.record FROM requests r \
     JOIN controllers c ON c.id = r.controller_id JOIN public_records p ON p.idx = r.idx WHERE ";

impl Store {
    /// Brands by id or DID.
    pub(crate) async fn controllers_of(&self, ids: &[u64], dids: &[&Did]) -> Result<Vec<ControllerFound>, StoreError> {
        let mut found = Vec::with_capacity(ids.len() + dids.len());
        if !ids.is_empty() {
            let list = ids.iter().map(|id| int(*id));
            let mut query = listed(&format!("{CONTROLLER} id IN ("), list, ")");
            found.extend(
                query
                    .build_query_as()
                    .persistent(false)
                    .fetch_all(self.db.reader())
                    .await?,
            );
        }
        if !dids.is_empty() {
            let list = dids.iter().map(|did| did.as_str());
            let mut query = listed(&format!("{CONTROLLER} did IN ("), list, ")");
            found.extend(
                query
                    .build_query_as()
                    .persistent(false)
                    .fetch_all(self.db.reader())
                    .await?,
            );
        }
        found.into_iter().map(controller).collect()
    }

    /// Brands in the order of their registration, after the one with the id `after`.
    pub(crate) async fn controllers_after(
        &self,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ControllerFound>, StoreError> {
        let from = after.map_or(0, |id| id.saturating_add(1));
        let rows: Vec<ControllerRow> = sqlx::query_as(
            "SELECT id, did, legal_name, keys_idx, feed_size, feed_frontier, feed_root FROM controllers \
             WHERE id >= $1 ORDER BY id LIMIT $2",
        )
        .bind(int(from))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(controller).collect()
    }

    /// Requests by digest.
    pub(crate) async fn requests_of(&self, digests: &[Digest]) -> Result<Vec<RequestFound>, StoreError> {
        if digests.is_empty() {
            return Ok(Vec::new());
        }
        let list = digests.iter().map(|digest| digest.as_bytes().as_slice());
        let mut query = listed(&format!("{REQUEST} r.digest IN ("), list, ")");
        let rows: Vec<RequestRow> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(request).collect()
    }

    /// Sealed answers by index.
    pub(crate) async fn answers(&self, indexes: &[u64]) -> Result<HashMap<u64, Vec<u8>>, StoreError> {
        if indexes.is_empty() {
            return Ok(HashMap::new());
        }
        let list = indexes.iter().map(|index| int(*index));
        let mut query = listed("SELECT idx, answer FROM records WHERE idx IN (", list, ")");
        let rows: Vec<(i64, Vec<u8>)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter()
            .map(|(index, answer)| Ok((uint(index)?, answer)))
            .collect()
    }
}

fn controller((id, did, name, keys, size, frontier, root): ControllerRow) -> Result<ControllerFound, StoreError> {
    Ok(ControllerFound {
        id: uint(id)?,
        did: did.try_into().map_err(|_| StoreError::Corrupt("DID"))?,
        legal_name: name.try_into().map_err(|_| StoreError::Corrupt("legal name"))?,
        keys_index: uint(keys)?,
        feed: feed(size, &frontier, &root)?,
    })
}

/// A feed as it stands in a row. What it says of itself twice must be one thing: the operator signs it, and a false one would
/// be proof against an operator that has done nothing.
pub(super) fn feed(size: i64, frontier: &[u8], root: &[u8]) -> Result<Frontier, StoreError> {
    let feed = Frontier::from_parts(uint(size)?, from_bytes(frontier, "feed")?);
    let feed = feed.map_err(|_| StoreError::Corrupt("feed"))?;
    if feed.root().as_bytes() != root {
        return Err(StoreError::Corrupt("feed"));
    }
    Ok(feed)
}

pub(super) fn request((digest, index, id, did, open, record): RequestRow) -> Result<RequestFound, StoreError> {
    Ok(RequestFound {
        digest: Digest::from_bytes(bytes32(&digest, "digest")?),
        index: uint(index)?,
        controller_id: uint(id)?,
        controller: did.try_into().map_err(|_| StoreError::Corrupt("DID"))?,
        open: open != 0,
        record,
    })
}
