//! Withdrawals that were handed to the brand itself.

use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;

use super::{Store, int, uint};
use crate::error::StoreError;
use crate::webhook::Event;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectRow {
    pub(crate) id: u64,
    /// The consent that it ends; unknown for a code of a consent that is not known here.
    pub(crate) consent: Option<Digest>,
    /// What goes to the ledger: a body of `POST /v1/records` or `POST /v1/withdrawals`.
    pub(crate) body: Vec<u8>,
    pub(crate) received: Timestamp,
    /// When the ledger last answered it. The row stays until the feed has brought the end of the consent.
    pub(crate) forwarded: Option<Timestamp>,
}

type Row = (i64, Option<Vec<u8>>, Vec<u8>, i64, Option<i64>);

impl Store {
    /// Keeps a withdrawal durably, with what the brand is told of it. **When this returns, it will be forwarded**, whatever
    /// happens.
    pub(crate) async fn keep_direct(
        &self,
        consent: Option<Digest>,
        body: &[u8],
        received: Timestamp,
        event: Option<&Event>,
    ) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        let insert = "INSERT INTO direct (consent, body, received) VALUES ($1, $2, $3) RETURNING id";
        let id: i64 = sqlx::query_scalar(insert)
            .bind(consent.map(|consent| consent.as_bytes().to_vec()))
            .bind(body)
            .bind(int(received.unix()))
            .fetch_one(&mut *tx)
            .await?;
        if let Some(event) = event {
            self.tell(&mut tx, event).await?;
        }
        tx.commit().await?;
        uint(id)
    }

    /// All that wait, the oldest first.
    pub(crate) async fn waiting(&self) -> Result<Vec<DirectRow>, StoreError> {
        let select = "SELECT id, consent, body, received, forwarded FROM direct ORDER BY id";
        let rows: Vec<Row> = sqlx::query_as(select).fetch_all(&self.db).await?;
        let row = |(id, consent, body, received, forwarded): Row| {
            let consent = consent.map(|bytes| <[u8; 32]>::try_from(bytes).map(Digest::from_bytes));
            Ok(DirectRow {
                id: uint(id)?,
                consent: consent.transpose().map_err(|_| StoreError::Corrupt("a withdrawal"))?,
                body,
                received: Timestamp::from_unix(uint(received)?).ok_or(StoreError::Corrupt("a time"))?,
                forwarded: forwarded.and_then(|at| Timestamp::from_unix(uint(at).ok()?)),
            })
        };
        rows.into_iter().map(row).collect()
    }

    /// The ledger has answered it.
    ///
    /// The feed may have brought the end of its consent while the ledger was asked, and another withdrawal may have been kept
    /// since, which gets the number of the row that went: a row is meant by what is in it.
    pub(crate) async fn forwarded(&self, row: &DirectRow, now: Timestamp) -> Result<(), StoreError> {
        let update = "UPDATE direct SET forwarded = $3 WHERE id = $1 AND body = $2";
        sqlx::query(update)
            .bind(int(row.id))
            .bind(row.body.as_slice())
            .bind(int(now.unix()))
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// The feed has brought the end of these consents, or they were destroyed.
    pub(crate) async fn drop_direct(&self, consents: &[Digest]) -> Result<(), StoreError> {
        for consent in consents {
            let delete = "DELETE FROM direct WHERE consent = $1";
            sqlx::query(delete)
                .bind(consent.as_bytes().as_slice())
                .execute(&self.db)
                .await?;
        }
        Ok(())
    }

    /// The ledger refused it for good.
    pub(crate) async fn drop_direct_row(&self, row: &DirectRow) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM direct WHERE id = $1 AND body = $2")
            .bind(int(row.id))
            .bind(row.body.as_slice())
            .execute(&self.db)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::ReplicaKey;

    #[tokio::test]
    async fn what_the_ledger_says_of_one_is_never_taken_for_the_one_that_came_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let key = ReplicaKey::load_or_make(dir.path()).unwrap();
        let store = Store::open(dir.path(), key).await.unwrap();
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        store.keep_direct(Some(one), b"first", now, None).await.unwrap();
        let asked = store.waiting().await.unwrap().remove(0);
        // While the ledger is asked, the feed brings the end of the consent, and somebody hands another withdrawal over.
        store.drop_direct(&[one]).await.unwrap();
        store.keep_direct(Some(two), b"second", now, None).await.unwrap();
        let kept = store.waiting().await.unwrap();
        assert_eq!(kept[0].id, asked.id, "or this tests nothing");
        store.forwarded(&asked, now).await.unwrap();
        store.drop_direct_row(&asked).await.unwrap();
        assert_eq!(store.waiting().await.unwrap(), kept);
        store.forwarded(&kept[0], now).await.unwrap();
        assert_eq!(store.waiting().await.unwrap()[0].forwarded, Some(now));
    }
}
