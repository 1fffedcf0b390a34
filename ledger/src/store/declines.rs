//! Invitations that were answered by no.

use placet_schemas::api::DeclineView;
use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;

use super::Store;
use crate::db::{bytes32, int, uint};
use crate::error::StoreError;

type Row = (i64, Vec<u8>, Vec<u8>, i64);

impl Store {
    /// Writes down that an invitation is declined, durably, unless it has an answer already. Whoever calls this has looked
    /// that it is there.
    pub(crate) async fn decline(&self, invitation: &Digest, time: Timestamp) -> Result<bool, StoreError> {
        // One statement, so that no answer can come between the look and the writing.
        let done = sqlx::query(
            "INSERT INTO declines (invitation, controller_id, time) \
             SELECT i.hash, r.controller_id, $2 FROM invitations i JOIN requests r ON r.digest = i.request \
             WHERE i.hash = $1 AND i.spent_idx IS NULL ON CONFLICT (invitation) DO NOTHING",
        )
        .bind(invitation.as_bytes().as_slice())
        .bind(int(time.unix()))
        .execute(self.db.writer())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A brand's declines from the number `from` on, in order.
    pub(crate) async fn declines(&self, brand: &Did, from: u64, limit: usize) -> Result<Vec<DeclineView>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT d.id, d.invitation, i.request, d.time FROM declines d JOIN invitations i ON i.hash = d.invitation \
             WHERE d.controller_id = (SELECT id FROM controllers WHERE did = $1) AND d.id >= $2 ORDER BY d.id LIMIT $3",
        )
        .bind(brand.as_str())
        .bind(int(from))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// How many invitations are both declined and answered by a grant: none, if all is well.
    pub(crate) async fn declined_and_spent(&self) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar(
            "SELECT COUNT(*) FROM declines d JOIN invitations i ON i.hash = d.invitation WHERE i.spent_idx IS NOT NULL",
        )
        .fetch_one(self.db.reader())
        .await?;
        uint(count)
    }
}

fn read((id, invitation, request, time): Row) -> Result<DeclineView, StoreError> {
    Ok(DeclineView {
        id: uint(id)?,
        invitation: Digest::from_bytes(bytes32(&invitation, "invitation")?),
        request: Digest::from_bytes(bytes32(&request, "digest")?),
        declined_at: Timestamp::from_unix(uint(time)?).ok_or(StoreError::Corrupt("time"))?,
    })
}
