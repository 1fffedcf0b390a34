//! The brand's book: which customer got which invitation.

use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::Digest;
use sqlx::SqliteConnection;

use super::{ROWS_AT_ONCE, Store, Sum};
use crate::error::{OpenError, StoreError};

const BOOK: &str = "placet replica book v1";
const CUSTOMER: &str = "placet replica customer v1";

/// A change of the book: whom an invitation is of from now on; nobody where it goes.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) invitation: Digest,
    pub(crate) after: Option<CustomerRef>,
}

impl Store {
    /// Reads the book.
    ///
    /// # Errors
    /// [`OpenError::BookAltered`] when it is not what was written: nothing else says who is who.
    pub(crate) async fn book(&self) -> Result<(Vec<(Digest, CustomerRef)>, Sum), OpenError> {
        let mac = sqlx::query_scalar("SELECT mac FROM book WHERE id = 1").fetch_optional(&self.db);
        let mac: Option<Vec<u8>> = mac.await.map_err(StoreError::from)?;
        let mut sum = Sum::default();
        let mut book = Vec::new();
        let mut after = Vec::new();
        loop {
            let some = "SELECT invitation, customer FROM customers WHERE invitation > $1 ORDER BY invitation LIMIT $2";
            let rows = sqlx::query_as(some).bind(&after).bind(ROWS_AT_ONCE).fetch_all(&self.db);
            let rows: Vec<(Vec<u8>, String)> = rows.await.map_err(StoreError::from)?;
            let Some((last, _)) = rows.last() else { break };
            after.clone_from(last);
            for (invitation, customer) in rows {
                sum.toggle(&self.customer_hash(&invitation, &customer));
                let invitation = <[u8; 32]>::try_from(invitation).map_err(|_| OpenError::BookAltered)?;
                let customer = customer.parse().map_err(|_| OpenError::BookAltered)?;
                book.push((Digest::from_bytes(invitation), customer));
            }
        }
        match mac {
            None if book.is_empty() => Ok((book, sum)),
            Some(mac) if mac == self.key.mac(BOOK, &[&sum.0]) => Ok((book, sum)),
            _ => Err(OpenError::BookAltered),
        }
    }

    /// Writes changes of the book durably, all or none.
    pub(crate) async fn write_book(&self, entries: &[Entry], sum: &mut Sum) -> Result<(), StoreError> {
        let mut next = *sum;
        let mut tx = self.db.begin().await?;
        self.enter(&mut tx, entries, &mut next).await?;
        tx.commit().await?;
        *sum = next;
        Ok(())
    }

    pub(super) async fn enter(
        &self,
        tx: &mut SqliteConnection,
        entries: &[Entry],
        sum: &mut Sum,
    ) -> Result<(), StoreError> {
        for Entry { invitation, after } in entries {
            let key = invitation.as_bytes().as_slice();
            // The row itself says what the sum loses: memory may still have what a page that waits has taken out.
            let before: Option<String> =
                sqlx::query_scalar("DELETE FROM customers WHERE invitation = $1 RETURNING customer")
                    .bind(key)
                    .fetch_optional(&mut *tx)
                    .await?;
            if let Some(before) = before {
                sum.toggle(&self.customer_hash(key, &before));
            }
            if let Some(after) = after {
                sum.toggle(&self.customer_hash(key, after.as_str()));
                sqlx::query("INSERT INTO customers (invitation, customer) VALUES ($1, $2)")
                    .bind(key)
                    .bind(after.as_str())
                    .execute(&mut *tx)
                    .await?;
            }
        }
        let mac = self.key.mac(BOOK, &[&sum.0]);
        sqlx::query("INSERT INTO book (id, mac) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET mac = $1")
            .bind(mac.as_slice())
            .execute(&mut *tx)
            .await?;
        Ok(())
    }

    fn customer_hash(&self, invitation: &[u8], customer: &str) -> [u8; 32] {
        self.key.mac(CUSTOMER, &[invitation, customer.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::ReplicaKey;

    /// A row that a page of the feed took out on disk is still in memory until the feed adds up, and may be moved meanwhile.
    #[tokio::test]
    async fn a_change_of_a_row_that_has_gone_meanwhile_leaves_the_book_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), ReplicaKey::load_or_make(dir.path()).unwrap())
            .await
            .unwrap();
        let change = |customer: Option<&str>| Entry {
            invitation: Digest::of(b"invitation"),
            after: customer.map(|customer| customer.parse().unwrap()),
        };
        let mut sum = Sum::default();
        for after in [Some("C-1"), None, None, Some("C-2"), Some("C-2"), Some("C-3")] {
            store.write_book(&[change(after)], &mut sum).await.unwrap();
            let (book, read) = store.book().await.unwrap();
            assert_eq!(read, sum);
            let held = book.first().map(|(_, customer)| customer.as_str());
            assert_eq!((book.len(), held), (usize::from(after.is_some()), after));
        }
    }
}
