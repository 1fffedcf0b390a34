//! What was destroyed, and what the ledger is owed about it.

use placet_kernel::decision::Consent;
use placet_schemas::id::Digest;
use sqlx::SqliteConnection;

use super::{Store, Sum, int, uint};
use crate::error::StoreError;

/// A destruction that the ledger waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owed {
    /// Log index of the Destruction.
    pub(crate) destruction: u64,
    /// Whether anything of its leaves was held here.
    pub(crate) held: bool,
    /// Whether the files have been cleared since.
    pub(crate) cleared: bool,
}

impl Store {
    /// Removes what is held of these leaves of the log; gives whether there was anything.
    pub(super) async fn forget(
        &self,
        tx: &mut SqliteConnection,
        leaves: &[u64],
        sum: &mut Sum,
    ) -> Result<bool, StoreError> {
        let mut held = false;
        for leaf in leaves {
            if let Some(body) = self.take_out(tx, *leaf, sum).await? {
                held = true;
                // A withdrawal of it that was handed to the brand names her, and has nothing to end any more.
                let consent: Consent<Digest> =
                    serde_json::from_slice(&body).map_err(|_| StoreError::Corrupt("a consent cannot be read"))?;
                for rows in [
                    "DELETE FROM direct WHERE consent = $1",
                    // What the brand was not told by now, it is not told.
                    "DELETE FROM messages WHERE consent = $1",
                ] {
                    sqlx::query(rows)
                        .bind(consent.id.as_bytes().as_slice())
                        .execute(&mut *tx)
                        .await?;
                }
            }
            let item = "UPDATE items SET salt = NULL, record = NULL WHERE idx = $1 AND record IS NOT NULL";
            held |= sqlx::query(item)
                .bind(int(*leaf))
                .execute(&mut *tx)
                .await?
                .rows_affected()
                > 0;
        }
        Ok(held)
    }

    /// What the ledger is owed, in order.
    pub(crate) async fn owed(&self) -> Result<Vec<Owed>, StoreError> {
        let rows: Vec<(i64, bool, bool)> = sqlx::query_as("SELECT idx, held, cleared FROM destructions ORDER BY idx")
            .fetch_all(&self.db)
            .await?;
        let owed = |(index, held, cleared)| {
            Ok(Owed {
                destruction: uint(index)?,
                held,
                cleared,
            })
        };
        rows.into_iter().map(owed).collect()
    }

    /// The files hold nothing any more of what these destructions are about.
    pub(crate) async fn cleared(&self, destruction: u64) -> Result<(), StoreError> {
        let update = "UPDATE destructions SET cleared = 1 WHERE idx = $1";
        sqlx::query(update).bind(int(destruction)).execute(&self.db).await?;
        Ok(())
    }

    /// The ledger has the acknowledgement, or wants none.
    pub(crate) async fn settled(&self, destruction: u64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM destructions WHERE idx = $1")
            .bind(int(destruction))
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Removes what is granted by no consent any more.
    pub(crate) async fn drop_unused(&self, used: &[Digest]) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let all: Vec<Vec<u8>> = sqlx::query_scalar("SELECT digest FROM granted")
            .fetch_all(&mut *tx)
            .await?;
        for digest in all
            .iter()
            .filter(|digest| !used.iter().any(|used| used.as_bytes() == digest.as_slice()))
        {
            sqlx::query("DELETE FROM granted WHERE digest = $1")
                .bind(digest)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }
}
