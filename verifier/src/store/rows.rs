//! The feed's items and what they amount to.

use std::collections::BTreeMap;
use std::sync::Arc;

use placet_kernel::decision::{Consent, Granted, Pool};
use placet_kernel::merkle::Hash;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::CanonicalRecord;
use sqlx::{Row as _, SqliteConnection};

use super::{Entry, Kept, ROWS_AT_ONCE, Store, Sum, Sums, int, uint};
use crate::error::StoreError;
use crate::webhook::Event;

/// Name of what the row's MAC is over.
const STATE: &str = "placet replica state v1";
const CONSENT: &str = "placet replica consent v1";

/// An item of the feed.
#[derive(Debug)]
pub(crate) struct ItemRow {
    pub(crate) seq: u64,
    pub(crate) index: u64,
    pub(crate) leaf: Hash,
    /// Salt and record; nothing for what was destroyed.
    pub(crate) opening: Option<([u8; 32], Vec<u8>)>,
}

/// What is written in one transaction.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<ItemRow>,
    /// Consents that changed, by the log index of their grant.
    pub(crate) consents: Vec<(u64, Consent)>,
    /// Leaves of the log that lost their opening, by the index of the Destruction that names them.
    pub(crate) destroyed: Vec<(u64, Vec<u64>)>,
    /// What goes from the brand's book with them.
    pub(crate) book: Vec<Entry>,
    /// What the brand is told, by the place in the log.
    pub(crate) events: Vec<(u64, Event)>,
    pub(crate) kept: Kept,
}

/// What a start reads.
pub(crate) struct Loaded {
    pub(crate) kept: Kept,
    pub(crate) sum: Sum,
    pub(crate) consents: Vec<(u64, Box<Consent>)>,
}

impl Store {
    /// Reads what decisions rest on. `None` when there is nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not what was written last; it can be read anew from the feed.
    pub(crate) async fn load(&self, pool: &mut Pool) -> Result<Option<Loaded>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as("SELECT state, mac FROM replica WHERE id = 1")
            .fetch_optional(&self.db)
            .await?;
        let Some((state, mac)) = row else {
            let left = "SELECT EXISTS (SELECT 1 FROM items) OR EXISTS (SELECT 1 FROM consents)";
            let left: bool = sqlx::query_scalar(left).fetch_one(&self.db).await?;
            return if left {
                Err(StoreError::Corrupt("its state is missing"))
            } else {
                Ok(None)
            };
        };
        let granted: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as("SELECT digest, body FROM granted")
            .fetch_all(&self.db)
            .await?;
        for (digest, body) in granted {
            if Digest::of(&body).as_bytes() != digest.as_slice() {
                return Err(StoreError::Corrupt("what is granted is not what its digest says"));
            }
            let granted: Granted =
                serde_json::from_slice(&body).map_err(|_| StoreError::Corrupt("what is granted cannot be read"))?;
            pool.add(&Arc::new(granted));
        }
        let mut sum = Sum::default();
        let mut consents = Vec::new();
        let mut after = -1_i64;
        loop {
            let rows =
                sqlx::query("SELECT grant_idx, body FROM consents WHERE grant_idx > $1 ORDER BY grant_idx LIMIT $2")
                    .bind(after)
                    .bind(ROWS_AT_ONCE)
                    .fetch_all(&self.db)
                    .await?;
            let Some(last) = rows.last() else { break };
            after = last.try_get(0)?;
            for row in rows {
                let index = uint(row.try_get(0)?)?;
                let body: &[u8] = row.try_get(1)?;
                sum.toggle(&self.consent_hash(index, body));
                let named: Consent<Digest> =
                    serde_json::from_slice(body).map_err(|_| StoreError::Corrupt("a consent cannot be read"))?;
                let consent = named.map(|digest| pool.get(digest).cloned());
                let consent = consent.ok_or(StoreError::Corrupt("what a consent grants is missing"))?;
                consents.push((index, Box::new(consent)));
            }
        }
        if mac != self.key.mac(STATE, &[&state, &sum.0]) {
            return Err(StoreError::Corrupt("it was changed by another hand"));
        }
        let kept = serde_json::from_slice(&state).map_err(|_| StoreError::Corrupt("the state cannot be read"))?;
        Ok(Some(Loaded { kept, sum, consents }))
    }

    /// Writes a page of the feed durably. **When this returns, the page is read**: a crash before it reads it once more.
    pub(crate) async fn apply(&self, page: &Page, sums: &mut Sums) -> Result<(), StoreError> {
        let Sums {
            consents: mut next,
            mut book,
        } = *sums;
        let mut tx = self.db.begin().await?;
        for item in &page.items {
            let (salt, record) = item
                .opening
                .as_ref()
                .map(|(salt, record)| (salt.as_slice(), record.as_slice()))
                .unzip();
            sqlx::query("INSERT INTO items (seq, idx, leaf, salt, record) VALUES ($1, $2, $3, $4, $5)")
                .bind(int(item.seq))
                .bind(int(item.index))
                .bind(item.leaf.as_bytes().as_slice())
                .bind(salt)
                .bind(record)
                .execute(&mut *tx)
                .await?;
        }
        for (index, consent) in &page.consents {
            self.put(&mut tx, *index, consent, &mut next).await?;
        }
        let last = page.items.iter().map(|item| item.index).max();
        self.tell_page(&mut tx, &page.events, last).await?;
        for (by, leaves) in &page.destroyed {
            let held = self.forget(&mut tx, leaves, &mut next).await?;
            // The intent: from here on a crash goes on with clearing the files and with the acknowledgement.
            sqlx::query("INSERT OR IGNORE INTO destructions (idx, held, cleared) VALUES ($1, $2, 0)")
                .bind(int(*by))
                .bind(held)
                .execute(&mut *tx)
                .await?;
        }
        if !page.book.is_empty() {
            self.enter(&mut tx, &page.book, &mut book).await?;
        }
        self.keep(&mut tx, &page.kept, &next).await?;
        tx.commit().await?;
        *sums = Sums { consents: next, book };
        Ok(())
    }

    /// Writes a fresh head alone.
    pub(crate) async fn stand(&self, kept: &Kept, sum: &Sum) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        self.keep(&mut tx, kept, sum).await?;
        Ok(tx.commit().await?)
    }

    /// Empties what comes from the feed, so that it is read anew. Customers and waiting withdrawals stay.
    pub(crate) async fn begin_anew(&self) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        for table in [
            "DELETE FROM items",
            "DELETE FROM consents",
            "DELETE FROM granted",
            "DELETE FROM replica",
        ] {
            sqlx::query(table).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        self.empty_journal().await
    }

    /// The record at a log index, if it is held and is the one with this digest.
    pub(crate) async fn record(&self, index: u64, digest: &Digest) -> Result<CanonicalRecord, StoreError> {
        let bytes: Option<Option<Vec<u8>>> = sqlx::query_scalar("SELECT record FROM items WHERE idx = $1")
            .bind(int(index))
            .fetch_optional(&self.db)
            .await?;
        known(bytes.flatten(), digest)
    }

    /// The record at a place of the feed, if it is held and is the one with this digest.
    pub(crate) async fn record_at(&self, seq: u64, digest: &Digest) -> Result<CanonicalRecord, StoreError> {
        let bytes: Option<Option<Vec<u8>>> = sqlx::query_scalar("SELECT record FROM items WHERE seq = $1")
            .bind(int(seq))
            .fetch_optional(&self.db)
            .await?;
        known(bytes.flatten(), digest)
    }

    /// The leaf hashes of all items, in order: what a proof that the feed forked is made from.
    pub(crate) async fn leaves(&self) -> Result<Vec<Hash>, StoreError> {
        let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT leaf FROM items ORDER BY seq")
            .fetch_all(&self.db)
            .await?;
        let hash = |row: Vec<u8>| {
            <[u8; 32]>::try_from(row)
                .map(Hash::new)
                .map_err(|_| StoreError::Corrupt("a leaf"))
        };
        rows.into_iter().map(hash).collect()
    }

    async fn put(
        &self,
        tx: &mut SqliteConnection,
        index: u64,
        consent: &Consent,
        sum: &mut Sum,
    ) -> Result<(), StoreError> {
        let mut grants = BTreeMap::new();
        let named = consent.map(|granted| {
            let body = json::to_jcs(&**granted).ok()?;
            let digest = Digest::of(&body);
            grants.insert(digest, body);
            Some(digest)
        });
        let mut named = named.ok_or(StoreError::Corrupt("what a consent grants has no canonical form"))?;
        for (digest, body) in grants {
            sqlx::query("INSERT OR IGNORE INTO granted (digest, body) VALUES ($1, $2)")
                .bind(digest.as_bytes().as_slice())
                .bind(body)
                .execute(&mut *tx)
                .await?;
        }
        // A withdrawal that was handed to the brand has a table of its own until the log has it.
        named.direct = None;
        let body = json::to_jcs(&named)?;
        self.take_out(tx, index, sum).await?;
        sum.toggle(&self.consent_hash(index, &body));
        sqlx::query("INSERT INTO consents (grant_idx, body) VALUES ($1, $2)")
            .bind(int(index))
            .bind(&body)
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Removes a consent's row; gives what it held.
    pub(super) async fn take_out(
        &self,
        tx: &mut SqliteConnection,
        index: u64,
        sum: &mut Sum,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let old: Option<Vec<u8>> = sqlx::query_scalar("DELETE FROM consents WHERE grant_idx = $1 RETURNING body")
            .bind(int(index))
            .fetch_optional(tx)
            .await?;
        if let Some(old) = &old {
            sum.toggle(&self.consent_hash(index, old));
        }
        Ok(old)
    }

    async fn keep(&self, tx: &mut SqliteConnection, kept: &Kept, sum: &Sum) -> Result<(), StoreError> {
        let state = json::to_jcs(kept)?;
        let mac = self.key.mac(STATE, &[&state, &sum.0]);
        sqlx::query(
            "INSERT INTO replica (id, state, mac) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET state = $1, mac = $2",
        )
        .bind(state)
        .bind(mac.as_slice())
        .execute(tx)
        .await?;
        Ok(())
    }

    fn consent_hash(&self, index: u64, body: &[u8]) -> [u8; 32] {
        self.key.mac(CONSENT, &[&index.to_be_bytes(), body])
    }
}

fn known(bytes: Option<Vec<u8>>, digest: &Digest) -> Result<CanonicalRecord, StoreError> {
    let bytes = bytes.ok_or(StoreError::Corrupt("a record is missing"))?;
    let record = CanonicalRecord::parse(&bytes)?;
    if record.record.digest() == *digest {
        Ok(record)
    } else {
        Err(StoreError::Corrupt("a record is not the one that was there"))
    }
}
