//! Requests by brand, and public openings.

use placet_kernel::leaf::Salt;
use placet_schemas::id::Did;

use super::Store;
use super::lookups::{RequestFound, RequestRow, request};
use crate::db::{bytes32, int};
use crate::error::StoreError;

impl Store {
    /// The requests of a brand in log order, after the one at index `after`.
    pub(crate) async fn requests_after(
        &self,
        controller: &Did,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RequestFound>, StoreError> {
        let rows: Vec<RequestRow> = sqlx::query_as(
            "SELECT r.digest, r.idx, r.controller_id, c.did, r.open, p.record FROM requests r \
             JOIN controllers c ON c.id = r.controller_id JOIN public_records p ON p.idx = r.idx \
             WHERE c.did = $1 AND r.idx >= $2 ORDER BY r.idx LIMIT $3",
        )
        .bind(controller.as_str())
        .bind(int(after.map_or(0, |index| index.saturating_add(1))))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(request).collect()
    }

    /// The text and the salt of a public record.
    pub(crate) async fn public_record(&self, index: u64) -> Result<Option<(Vec<u8>, Salt)>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as("SELECT record, salt FROM public_records WHERE idx = $1")
            .bind(int(index))
            .fetch_optional(self.db.reader())
            .await?;
        row.map(|(record, salt)| Ok((record, Salt::from_bytes(bytes32(&salt, "salt")?))))
            .transpose()
    }

    /// The index of the ControllerKeys record of a brand that was in force at `index`.
    pub(crate) async fn keys_in_force(&self, controller: u64, index: u64) -> Result<Option<u64>, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT MAX(idx) FROM controller_keys WHERE controller_id = $1 AND idx <= $2")
                .bind(int(controller))
                .bind(int(index))
                .fetch_one(self.db.reader())
                .await?;
        found.map(crate::db::uint).transpose()
    }
}
