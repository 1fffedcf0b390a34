//! Receipts that are asked for and cannot be made yet. A row goes with its access token, whatever removes that.
//!
//! Written without waiting for the disk, as offers are: what dies with the machine is a transaction that the wallet begins anew,
//! or that one was given, and then the same receipt can be had by it once more.

use placet_schemas::id::{Did, Digest};

use super::{Store, int};
use crate::error::StoreError;

/// What a wallet waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deferred {
    /// By its name in the metadata.
    pub(crate) configuration: String,
    /// To which the receipts are bound.
    pub(crate) keys: Vec<Did>,
}

impl Store {
    /// Keeps what a token's holder waits for; whether it is kept: not when the token is gone, or `most` of it wait already.
    pub(crate) async fn defer(
        &self,
        id: &Digest,
        token: &Digest,
        deferred: &Deferred,
        most: u64,
    ) -> Result<bool, StoreError> {
        let keys: Vec<&str> = deferred.keys.iter().map(Did::as_str).collect();
        let insert = "INSERT INTO deferred (id, token, configuration, keys) SELECT $1, token, $3, $4 FROM access \
                      WHERE token = $2 AND (SELECT count(*) FROM deferred WHERE token = $2) < $5";
        let kept = sqlx::query(insert)
            .bind(id.as_bytes().as_slice())
            .bind(token.as_bytes().as_slice())
            .bind(&deferred.configuration)
            .bind(keys.join(" "))
            .bind(int(most))
            .execute(&self.brief)
            .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// What the holder of this token waits for under this id.
    pub(crate) async fn deferred(&self, id: &Digest, token: &Digest) -> Result<Option<Deferred>, StoreError> {
        let select = "SELECT configuration, keys FROM deferred WHERE id = $1 AND token = $2";
        let row: Option<(String, String)> = sqlx::query_as(select)
            .bind(id.as_bytes().as_slice())
            .bind(token.as_bytes().as_slice())
            .fetch_optional(&self.brief)
            .await?;
        let Some((configuration, keys)) = row else {
            return Ok(None);
        };
        let keys: Result<Vec<Did>, _> = keys.split(' ').map(str::parse).collect();
        let keys = keys.map_err(|_| StoreError::Corrupt("a holder is no DID"))?;
        Ok(Some(Deferred { configuration, keys }))
    }

    /// Ends a transaction; whether it was there.
    pub(crate) async fn end_deferred(&self, id: &Digest) -> Result<bool, StoreError> {
        let gone = sqlx::query("DELETE FROM deferred WHERE id = $1")
            .bind(id.as_bytes().as_slice())
            .execute(&self.brief)
            .await?;
        Ok(gone.rows_affected() == 1)
    }
}
