//! Who said no to what, until the cool-down ends.

use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;
use sqlx::SqliteConnection;

use super::{Entry, Store, Sum, int, uint};
use crate::error::{OpenError, StoreError};
use crate::webhook::Event;

const ASKED: &str = "placet replica asked v1";
const DECLINED: &str = "placet replica declined v1";
const REFERENCE: &str = "placet replica reference v1";

type Row = (Vec<u8>, Vec<u8>, i64);

/// A no.
#[derive(Debug, Clone)]
pub(crate) struct No {
    pub(crate) invitation: Digest,
    pub(crate) customer: CustomerRef,
    pub(crate) request: Digest,
    pub(crate) at: Timestamp,
}

impl Store {
    /// Reads what is kept of declines, as far as to know that it is what was written; gives the sum and the number of rows.
    ///
    /// # Errors
    /// [`OpenError::DeclinesAltered`].
    pub(crate) async fn asked(&self) -> Result<(Sum, u64), OpenError> {
        let rows = sqlx::query_as("SELECT customer, request, time FROM declined").fetch_all(&self.db);
        let rows: Vec<Row> = rows.await.map_err(StoreError::from)?;
        let mac = sqlx::query_scalar("SELECT mac FROM asked WHERE id = 1").fetch_optional(&self.db);
        let mac: Option<Vec<u8>> = mac.await.map_err(StoreError::from)?;
        let mut sum = Sum::default();
        for row in &rows {
            sum.toggle(&self.declined_hash(row));
        }
        match mac {
            None if rows.is_empty() => {}
            Some(mac) if mac == self.key.mac(ASKED, &[&sum.0]) => {}
            _ => return Err(OpenError::DeclinesAltered),
        }
        Ok((sum, rows.len() as u64))
    }

    /// Keeps a no durably: the row of the book goes, the keyed row comes, and the brand will be told. All or nothing.
    pub(crate) async fn decline(&self, no: &No, book: &mut Sum, asked: &mut Sum) -> Result<(), StoreError> {
        let (mut next_book, mut next) = (*book, *asked);
        let mut tx = self.db.begin().await?;
        let gone = Entry {
            invitation: no.invitation,
            after: None,
        };
        self.enter(&mut tx, &[gone], &mut next_book).await?;
        let row = (
            self.reference(&no.customer).to_vec(),
            no.request.as_bytes().to_vec(),
            int(no.at.unix()),
        );
        self.put_declined(&mut tx, &row, &mut next).await?;
        self.seal_declined(&mut tx, &next).await?;
        self.tell(&mut tx, &Event::declined(no)).await?;
        tx.commit().await?;
        (*book, *asked) = (next_book, next);
        Ok(())
    }

    /// What a customer has declined, and when.
    pub(crate) async fn declined_by(&self, customer: &CustomerRef) -> Result<Vec<(Digest, Timestamp)>, StoreError> {
        let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as("SELECT request, time FROM declined WHERE customer = $1")
            .bind(self.reference(customer).as_slice())
            .fetch_all(&self.db)
            .await?;
        let read = |(request, time): (Vec<u8>, i64)| {
            let request = <[u8; 32]>::try_from(request).map_err(|_| StoreError::Corrupt("a declined request"))?;
            let time = Timestamp::from_unix(uint(time)?).ok_or(StoreError::Corrupt("a time"))?;
            Ok((Digest::from_bytes(request), time))
        };
        rows.into_iter().map(read).collect()
    }

    /// What `from` has declined counts for `into` too, durably.
    pub(crate) async fn copy_declined(
        &self,
        from: &CustomerRef,
        into: &CustomerRef,
        asked: &mut Sum,
    ) -> Result<(), StoreError> {
        let mut next = *asked;
        let mut tx = self.db.begin().await?;
        let rows: Vec<Row> = sqlx::query_as("SELECT customer, request, time FROM declined WHERE customer = $1")
            .bind(self.reference(from).as_slice())
            .fetch_all(&mut *tx)
            .await?;
        let into = self.reference(into).to_vec();
        for (_, request, time) in rows {
            self.put_declined(&mut tx, &(into.clone(), request, time), &mut next)
                .await?;
        }
        self.seal_declined(&mut tx, &next).await?;
        tx.commit().await?;
        *asked = next;
        Ok(())
    }

    /// Forgets what a reference that is no more has declined.
    pub(crate) async fn drop_declined(&self, customer: &CustomerRef, asked: &mut Sum) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let rows: Vec<Row> =
            sqlx::query_as("DELETE FROM declined WHERE customer = $1 RETURNING customer, request, time")
                .bind(self.reference(customer).as_slice())
                .fetch_all(&mut *tx)
                .await?;
        let next = self.without(*asked, &rows);
        self.seal_declined(&mut tx, &next).await?;
        tx.commit().await?;
        *asked = next;
        Ok(())
    }

    /// Forgets what was declined up to `time`; gives how many rows are left.
    pub(crate) async fn forget_declined(&self, time: u64, asked: &mut Sum) -> Result<u64, StoreError> {
        let mut tx = self.db.begin().await?;
        let rows: Vec<Row> = sqlx::query_as("DELETE FROM declined WHERE time <= $1 RETURNING customer, request, time")
            .bind(int(time))
            .fetch_all(&mut *tx)
            .await?;
        let next = self.without(*asked, &rows);
        if !rows.is_empty() {
            self.seal_declined(&mut tx, &next).await?;
        }
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM declined")
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        *asked = next;
        if !rows.is_empty() {
            // What was deleted is in the journal until that is emptied.
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.db).await?;
        }
        uint(left)
    }

    /// Writes a row; of two for the same the later counts.
    async fn put_declined(&self, tx: &mut SqliteConnection, row: &Row, sum: &mut Sum) -> Result<(), StoreError> {
        let (customer, request, time) = row;
        let before: Option<i64> =
            sqlx::query_scalar("DELETE FROM declined WHERE customer = $1 AND request = $2 RETURNING time")
                .bind(customer)
                .bind(request)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(before) = before {
            sum.toggle(&self.declined_hash(&(customer.clone(), request.clone(), before)));
        }
        let time = before.map_or(*time, |before| before.max(*time));
        sum.toggle(&self.declined_hash(&(customer.clone(), request.clone(), time)));
        sqlx::query("INSERT INTO declined (customer, request, time) VALUES ($1, $2, $3)")
            .bind(customer)
            .bind(request)
            .bind(time)
            .execute(tx)
            .await?;
        Ok(())
    }

    async fn seal_declined(&self, tx: &mut SqliteConnection, sum: &Sum) -> Result<(), StoreError> {
        let mac = self.key.mac(ASKED, &[&sum.0]);
        sqlx::query("INSERT INTO asked (id, mac) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET mac = $1")
            .bind(mac.as_slice())
            .execute(tx)
            .await?;
        Ok(())
    }

    fn without(&self, mut sum: Sum, rows: &[Row]) -> Sum {
        for row in rows {
            sum.toggle(&self.declined_hash(row));
        }
        sum
    }

    fn reference(&self, customer: &CustomerRef) -> [u8; 32] {
        self.key.mac(REFERENCE, &[customer.as_str().as_bytes()])
    }

    fn declined_hash(&self, (customer, request, time): &Row) -> [u8; 32] {
        self.key.mac(DECLINED, &[customer, request, &time.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::ReplicaKey;

    fn no(customer: &str, request: &str, at: u64) -> No {
        No {
            invitation: Digest::of(format!("{customer} {request} {at}").as_bytes()),
            customer: customer.parse().unwrap(),
            request: Digest::of(request.as_bytes()),
            at: Timestamp::from_unix(at).unwrap(),
        }
    }

    async fn open(dir: &tempfile::TempDir) -> Store {
        Store::open(dir.path(), ReplicaKey::load_or_make(dir.path()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_no_is_kept_by_a_keyed_hash_and_forgotten_when_its_time_has_come() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir).await;
        let (mut book, mut sum) = (Sum::default(), Sum::default());
        for no in [
            no("C-1", "a", 100),
            no("C-1", "b", 200),
            no("C-2", "a", 300),
            no("C-1", "a", 50),
        ] {
            store.decline(&no, &mut book, &mut sum).await.unwrap();
            assert_eq!(store.asked().await.unwrap().0, sum);
        }
        let of = async |name: &str| {
            let mut times: Vec<u64> = store
                .declined_by(&name.parse().unwrap())
                .await
                .unwrap()
                .iter()
                .map(|(_, at)| at.unix())
                .collect();
            times.sort_unstable();
            times
        };
        assert_eq!(of("C-1").await, [100, 200], "the later of two counts");
        // Two that are one, and one that is two.
        let (one, two): (CustomerRef, CustomerRef) = ("C-1".parse().unwrap(), "C-2".parse().unwrap());
        store.copy_declined(&one, &two, &mut sum).await.unwrap();
        assert_eq!((of("C-1").await, of("C-2").await), (vec![100, 200], vec![200, 300]));
        store.drop_declined(&one, &mut sum).await.unwrap();
        assert!(of("C-1").await.is_empty());
        assert_eq!(store.asked().await.unwrap(), (sum, 2));
        assert_eq!(store.forget_declined(200, &mut sum).await.unwrap(), 1);
        assert_eq!((of("C-2").await, store.asked().await.unwrap()), (vec![300], (sum, 1)));
        store.close().await;
        let bytes = std::fs::read(dir.path().join(super::super::REPLICA_FILE)).unwrap();
        assert!(!bytes.windows(3).any(|window| window == b"C-2"));
    }

    #[tokio::test]
    async fn rows_of_another_hand_are_noticed() {
        for change in [
            "DELETE FROM declined",
            "UPDATE declined SET time = 1",
            "DELETE FROM asked",
            "INSERT INTO declined SELECT customer, X'00', time FROM declined",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let store = open(&dir).await;
            let no = no("C-1", "a", 100);
            store
                .decline(&no, &mut Sum::default(), &mut Sum::default())
                .await
                .unwrap();
            sqlx::query(change).execute(&store.db).await.unwrap();
            assert!(
                matches!(store.asked().await, Err(OpenError::DeclinesAltered)),
                "{change}"
            );
        }
    }
}
