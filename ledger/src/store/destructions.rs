//! Destructions: what is to be removed, how far that is, and who has said that nothing is left.

use std::collections::{BTreeMap, HashMap};

use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::consents::{Consent, ConsentRow, consent};
use super::tokens::time;
use super::{Store, accesses};
use crate::db::{bytes32, execute, int, listed, uint};
use crate::error::StoreError;

/// A destruction that a batch commits.
#[derive(Debug)]
pub(crate) struct DestructionWrite {
    pub(crate) index: u64,
    pub(crate) controller: u64,
    pub(crate) leaves: Vec<u64>,
    pub(crate) ground: &'static str,
    pub(crate) order: Option<Digest>,
    pub(crate) time: Timestamp,
}

/// A destruction as it stands.
#[derive(Debug, Clone)]
pub(crate) struct DestructionFound {
    pub(crate) index: u64,
    pub(crate) controller: Did,
    pub(crate) leaves: Vec<u64>,
    pub(crate) ground: String,
    pub(crate) order: Option<Digest>,
    pub(crate) time: Timestamp,
    pub(crate) step: u64,
    /// Labels of the followers that have not said that nothing is left.
    pub(crate) waiting: Vec<String>,
}

type Row = (i64, String, String, Option<Vec<u8>>, i64, i64);

/// A query of the columns of [`Row`].
macro_rules! destructions {
    ($rest:literal) => {
        concat!(
            "SELECT d.idx, c.did, d.ground, d.order_hash, d.time, d.step FROM destructions d ",
            "JOIN controllers c ON c.id = d.controller_id ",
            $rest
        )
    };
}

/// Writes the destructions of a batch, the leaves they are about, and whom they wait for.
pub(super) async fn write(tx: &mut SqliteConnection, destructions: &[DestructionWrite]) -> Result<(), StoreError> {
    for destruction in destructions {
        sqlx::query(
            "INSERT INTO destructions (idx, controller_id, ground, order_hash, time, step) VALUES ($1, $2, $3, $4, $5, 0)",
        )
        .bind(int(destruction.index))
        .bind(int(destruction.controller))
        .bind(destruction.ground)
        .bind(destruction.order.as_ref().map(|order| order.as_bytes().as_slice()))
        .bind(int(destruction.time.unix()))
        .execute(&mut *tx)
        .await?;
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO destroyed_leaves (idx, by_idx) ");
        query.push_values(&destruction.leaves, |mut row, leaf| {
            row.push_bind(int(*leaf)).push_bind(int(destruction.index));
        });
        execute(&mut query, &mut *tx).await?;
        sqlx::query(
            "INSERT INTO destruction_followers (destruction_idx, token) SELECT $1, public_id FROM tokens \
             WHERE (role = 'service' OR (role = 'brand' AND key IS NOT NULL AND controller_id = $3)) \
             AND revoked IS NULL AND (expires IS NULL OR expires > $2)",
        )
        .bind(int(destruction.index))
        .bind(int(destruction.time.unix()))
        .bind(int(destruction.controller))
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

impl Store {
    /// Which of these leaves lost their opening, and by which Destruction.
    pub(crate) async fn destroyed_of(&self, leaves: &[u64]) -> Result<HashMap<u64, u64>, StoreError> {
        if leaves.is_empty() {
            return Ok(HashMap::new());
        }
        let list = leaves.iter().map(|leaf| int(*leaf));
        let mut query = listed("SELECT idx, by_idx FROM destroyed_leaves WHERE idx IN (", list, ")");
        let rows: Vec<(i64, i64)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter()
            .map(|(leaf, by)| Ok((uint(leaf)?, uint(by)?)))
            .collect()
    }

    /// The destructions that the node itself has not finished, in order: index and step.
    pub(crate) async fn unfinished_destructions(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT idx, step FROM destructions WHERE step < 3 ORDER BY idx")
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter()
            .map(|(index, step)| Ok((uint(index)?, uint(step)?)))
            .collect()
    }

    /// Counts the destructions after the one at `seen` as not begun, and says how many there are.
    pub(crate) async fn reopen_destructions(&self, seen: Option<u64>) -> Result<u64, StoreError> {
        let done = sqlx::query("UPDATE destructions SET step = 0 WHERE idx > $1 AND step > 0")
            .bind(seen.map_or(-1, int))
            .execute(self.db.writer())
            .await?;
        Ok(done.rows_affected())
    }

    /// The leaves that a destruction is about, ascending.
    pub(crate) async fn leaves_of_destruction(&self, index: u64) -> Result<Vec<u64>, StoreError> {
        let leaves: Vec<i64> = sqlx::query_scalar("SELECT idx FROM destroyed_leaves WHERE by_idx = $1 ORDER BY idx")
            .bind(int(index))
            .fetch_all(self.db.reader())
            .await?;
        leaves.into_iter().map(uint).collect()
    }

    /// Removes the sealed texts, answers, state and access lines of these leaves, and writes down that it did.
    pub(crate) async fn destroy_texts(&self, index: u64, leaves: &[u64], step: u64) -> Result<(), StoreError> {
        let mut tx = self.db.writer().begin().await?;
        for before in [
            "UPDATE records SET record = NULL, answer = x'' WHERE idx IN (",
            "DELETE FROM consents WHERE grant_idx IN (",
        ] {
            let mut query = listed(before, leaves.iter().map(|leaf| int(*leaf)), ")");
            execute(&mut query, &mut tx).await?;
        }
        accesses::remove(&mut tx, leaves).await?;
        advance(&mut tx, index, step).await?;
        Ok(tx.commit().await?)
    }

    /// Writes down how far the node itself is with a destruction.
    pub(crate) async fn advance_destruction(&self, index: u64, step: u64) -> Result<(), StoreError> {
        let mut connection = self.db.writer().acquire().await?;
        advance(&mut connection, index, step).await
    }

    /// Empties the journal, so that what was removed is in no file.
    pub(crate) async fn empty_journal(&self) -> Result<(), StoreError> {
        self.db.empty_journal().await
    }

    /// The destruction that this order led to.
    pub(crate) async fn destruction_by_order(&self, order: &Digest) -> Result<Option<DestructionFound>, StoreError> {
        let row: Option<Row> = sqlx::query_as(destructions!("WHERE d.order_hash = $1"))
            .bind(order.as_bytes().as_slice())
            .fetch_optional(self.db.reader())
            .await?;
        Ok(self.complete(row.into_iter().collect()).await?.pop())
    }

    /// Destructions in log order, from index `from` on.
    pub(crate) async fn destructions_from(&self, from: u64, limit: usize) -> Result<Vec<DestructionFound>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(destructions!("WHERE d.idx >= $1 ORDER BY d.idx LIMIT $2"))
            .bind(int(from))
            .bind(int(limit as u64))
            .fetch_all(self.db.reader())
            .await?;
        self.complete(rows).await
    }

    /// The keys by which the followers of a destruction sign.
    pub(crate) async fn follower_keys(&self, index: u64) -> Result<Vec<Did>, StoreError> {
        let keys: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT t.key FROM destruction_followers f JOIN tokens t ON t.public_id = f.token \
             WHERE f.destruction_idx = $1 AND t.key IS NOT NULL",
        )
        .bind(int(index))
        .fetch_all(self.db.reader())
        .await?;
        keys.into_iter()
            .map(|key| key.try_into().map_err(|_| StoreError::Corrupt("DID")))
            .collect()
    }

    /// The words that followers gave about this destruction, each with the key of the token it came by.
    pub(crate) async fn follower_words(&self, index: u64) -> Result<Vec<(Option<String>, String)>, StoreError> {
        let words = sqlx::query_as(
            "SELECT t.key, f.done FROM destruction_followers f JOIN tokens t ON t.public_id = f.token \
             WHERE f.destruction_idx = $1 AND f.done IS NOT NULL ORDER BY f.token",
        )
        .bind(int(index))
        .fetch_all(self.db.reader())
        .await?;
        Ok(words)
    }

    /// How many destructions there are, and how far they are together: a number that changes with each of their steps.
    pub(crate) async fn destruction_steps(&self) -> Result<(i64, i64), StoreError> {
        let steps = sqlx::query_as("SELECT COUNT(*), COALESCE(SUM(step), 0) FROM destructions")
            .fetch_one(self.db.reader())
            .await?;
        Ok(steps)
    }

    /// Keeps the word of the follower with this key, its first one.
    pub(crate) async fn acknowledge_destruction(&self, index: u64, key: &Did, done: &str) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE destruction_followers SET done = $1 WHERE destruction_idx = $2 AND done IS NULL \
             AND token IN (SELECT public_id FROM tokens WHERE key = $3)",
        )
        .bind(done)
        .bind(int(index))
        .bind(key.as_str())
        .execute(self.db.writer())
        .await?;
        Ok(())
    }

    /// Consents to be looked at on `day` or before, the longest overdue first.
    pub(crate) async fn consents_due(&self, day: u64, limit: usize) -> Result<Vec<ConsentRow>, StoreError> {
        let rows: Vec<Consent> = sqlx::query_as(
            "SELECT c.grant_idx, c.controller_id, c.last_idx, c.events, c.state, c.due FROM consents c \
             WHERE c.due <= $1 AND NOT EXISTS (SELECT 1 FROM destroyed_leaves d WHERE d.idx = c.grant_idx) \
             ORDER BY c.due, c.grant_idx LIMIT $2",
        )
        .bind(int(day))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(consent).collect()
    }

    /// Looks at a consent again on `day`, unless it got another event meanwhile.
    pub(crate) async fn put_off(&self, seen: &ConsentRow, day: u64) -> Result<(), StoreError> {
        sqlx::query("UPDATE consents SET due = $1 WHERE grant_idx = $2 AND last_idx = $3")
            .bind(int(day))
            .bind(int(seen.grant))
            .bind(int(seen.last))
            .execute(self.db.writer())
            .await?;
        Ok(())
    }

    /// Adds the leaves and the followers that are waited for.
    async fn complete(&self, rows: Vec<Row>) -> Result<Vec<DestructionFound>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let list = || rows.iter().map(|row| row.0);
        let before = "SELECT by_idx, idx FROM destroyed_leaves WHERE by_idx IN (";
        let mut query = listed(before, list(), ") ORDER BY idx");
        let leaves: Vec<(i64, i64)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        let before = "SELECT f.destruction_idx, t.label FROM destruction_followers f \
             JOIN tokens t ON t.public_id = f.token WHERE f.done IS NULL AND f.destruction_idx IN (";
        let mut query = listed(before, list(), ") ORDER BY t.label");
        let waiting: Vec<(i64, String)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        let mut parts: BTreeMap<i64, (Vec<u64>, Vec<String>)> = BTreeMap::new();
        for (by, leaf) in leaves {
            parts.entry(by).or_default().0.push(uint(leaf)?);
        }
        for (by, label) in waiting {
            parts.entry(by).or_default().1.push(label);
        }
        let found = |(index, did, ground, order, at, step): Row| {
            let (leaves, waiting) = parts.remove(&index).unwrap_or_default();
            let order = order.map(|hash| bytes32(&hash, "order")).transpose()?;
            Ok(DestructionFound {
                index: uint(index)?,
                controller: did.try_into().map_err(|_| StoreError::Corrupt("DID"))?,
                leaves,
                ground,
                order: order.map(Digest::from_bytes),
                time: time(at)?,
                step: uint(step)?,
                waiting,
            })
        };
        rows.into_iter().map(found).collect()
    }
}

async fn advance(tx: &mut SqliteConnection, index: u64, step: u64) -> Result<(), StoreError> {
    sqlx::query("UPDATE destructions SET step = $1 WHERE idx = $2 AND step < $1")
        .bind(int(step))
        .bind(int(index))
        .execute(tx)
        .await?;
    Ok(())
}
