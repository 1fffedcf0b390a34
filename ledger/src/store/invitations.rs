//! Invitations: who knows one may answer a request once. Only their hashes are here.

use std::collections::HashMap;

use placet_schemas::id::Digest;
use sqlx::{QueryBuilder, Sqlite};

use super::Store;
use crate::db::{bytes32, execute, int, listed, uint};
use crate::error::StoreError;

/// An invitation.
#[derive(Debug, Clone)]
pub(crate) struct InvitationRow {
    pub(crate) request: Digest,
    pub(crate) expires: u64,
    /// The grant by which it was spent.
    pub(crate) spent: Option<u64>,
    /// When it was declined.
    pub(crate) declined: Option<u64>,
}

type Row = (Vec<u8>, Vec<u8>, i64, Option<i64>, Option<i64>);

impl Store {
    /// Stores new invitations of a request by their hashes.
    pub(crate) async fn add_invitations(
        &self,
        hashes: &[Digest],
        request: &Digest,
        expires: u64,
    ) -> Result<(), StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO invitations (hash, request, expires) ");
        query.push_values(hashes, |mut row, hash| {
            row.push_bind(hash.as_bytes().as_slice())
                .push_bind(request.as_bytes().as_slice())
                .push_bind(int(expires));
        });
        let mut connection = self.db.writer().acquire().await?;
        execute(&mut query, &mut connection).await.map(drop)
    }

    /// Invitations by hash.
    pub(crate) async fn invitations_of(&self, hashes: &[Digest]) -> Result<HashMap<Digest, InvitationRow>, StoreError> {
        if hashes.is_empty() {
            return Ok(HashMap::new());
        }
        let list = hashes.iter().map(|hash| hash.as_bytes().as_slice());
        let mut query = listed(
            "SELECT i.hash, i.request, i.expires, i.spent_idx, d.time FROM invitations i \
             LEFT JOIN declines d ON d.invitation = i.hash WHERE i.hash IN (",
            list,
            ")",
        );
        let rows: Vec<Row> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Forgets invitations that expired before `time`, answered or not, and what was answered.
    pub(crate) async fn forget_invitations(&self, time: u64) -> Result<u64, StoreError> {
        let mut tx = self.db.writer().begin().await?;
        sqlx::query("DELETE FROM declines WHERE invitation IN (SELECT hash FROM invitations WHERE expires < $1)")
            .bind(int(time))
            .execute(&mut *tx)
            .await?;
        let gone = sqlx::query("DELETE FROM invitations WHERE expires < $1")
            .bind(int(time))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

fn read((hash, request, expires, spent, declined): Row) -> Result<(Digest, InvitationRow), StoreError> {
    let request = Digest::from_bytes(bytes32(&request, "digest")?);
    let row = InvitationRow {
        request,
        expires: uint(expires)?,
        spent: spent.map(uint).transpose()?,
        declined: declined.map(uint).transpose()?,
    };
    Ok((Digest::from_bytes(bytes32(&hash, "invitation")?), row))
}
