//! Access lines, sealed. What they are about only the keyring can say.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::Store;
use crate::db::{execute, int, listed, uint};
use crate::error::StoreError;

/// A line to be kept.
#[derive(Debug)]
pub(crate) struct LineWrite {
    pub(crate) grant: u64,
    pub(crate) seq: u64,
    pub(crate) expires_day: u64,
    /// Sealed.
    pub(crate) line: Vec<u8>,
}

/// A kept line.
#[derive(Debug, Clone)]
pub(crate) struct LineRow {
    pub(crate) id: u64,
    pub(crate) grant: u64,
    pub(crate) batch: u64,
    pub(crate) seq: u64,
    pub(crate) expires_day: u64,
    /// Sealed.
    pub(crate) line: Vec<u8>,
}

type Row = (i64, i64, i64, i64, i64, Vec<u8>);

/// A query of the columns of [`Row`].
macro_rules! lines {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.grant_idx, l.batch_idx, l.seq, l.expires_day, t.line FROM access_lines l ",
            "JOIN access_texts t ON t.slot = l.slot ",
            $rest
        )
    };
}

/// The order of removal: texts, then the list of free slots, then what leads to them. The condition names rows of
/// `access_lines`.
macro_rules! removal {
    ($condition:literal) => {
        [
            concat!(
                "UPDATE access_texts SET line = zeroblob(length(line)) WHERE slot IN ",
                "(SELECT slot FROM access_lines WHERE ",
                $condition
            ),
            concat!(
                "INSERT INTO access_free (length, slot) SELECT length(line), slot FROM access_texts WHERE slot IN ",
                "(SELECT slot FROM access_lines WHERE ",
                $condition
            ),
            concat!("DELETE FROM access_lines WHERE ", $condition),
        ]
    };
}

/// Removes the lines of the consents with these grants.
pub(super) async fn remove(tx: &mut SqliteConnection, grants: &[u64]) -> Result<(), StoreError> {
    let [texts, slots, lines] = removal!("grant_idx IN (");
    for (before, after) in [(texts, "))"), (slots, "))"), (lines, ")")] {
        let mut query = listed(before, grants.iter().map(|grant| int(*grant)), after);
        execute(&mut query, &mut *tx).await?;
    }
    Ok(())
}

impl Store {
    /// Keeps lines of the batch at this index, and says which of their places are kept now. One whose consent is being
    /// destroyed is not: the Destruction marks the grant in a transaction, and this is another.
    pub(crate) async fn keep_lines(&self, batch: u64, lines: &[LineWrite]) -> Result<BTreeSet<u64>, StoreError> {
        let mut kept = BTreeSet::new();
        if lines.is_empty() {
            return Ok(kept);
        }
        let mut tx = self.db.writer().begin().await?;
        for line in lines {
            let (there, live): (bool, bool) = sqlx::query_as(
                "SELECT EXISTS (SELECT 1 FROM access_lines WHERE batch_idx = $1 AND seq = $2), \
                 EXISTS (SELECT 1 FROM consents WHERE grant_idx = $3) \
                 AND NOT EXISTS (SELECT 1 FROM destroyed_leaves WHERE idx = $3)",
            )
            .bind(int(batch))
            .bind(int(line.seq))
            .bind(int(line.grant))
            .fetch_one(&mut *tx)
            .await?;
            if live && !there {
                add(&mut tx, batch, line).await?;
            }
            if live {
                kept.insert(line.seq);
            }
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// Lines of the consent with this grant, in the order of their batches, after a place.
    pub(crate) async fn lines_after(
        &self,
        grant: u64,
        after: Option<(u64, u64)>,
        limit: usize,
    ) -> Result<Vec<LineRow>, StoreError> {
        let (batch, seq) = after.map_or((-1, -1), |(batch, seq)| (int(batch), int(seq)));
        let rows: Vec<Row> = sqlx::query_as(lines!(
            "WHERE l.grant_idx = $1 AND (l.batch_idx, l.seq) > ($2, $3) ORDER BY l.batch_idx, l.seq LIMIT $4"
        ))
        .bind(int(grant))
        .bind(batch)
        .bind(seq)
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(line).collect()
    }

    /// All lines of the consents with these grants.
    pub(crate) async fn lines_of(&self, grants: &[u64]) -> Result<Vec<LineRow>, StoreError> {
        let mut query = listed(
            lines!("WHERE l.grant_idx IN ("),
            grants.iter().map(|grant| int(*grant)),
            ")",
        );
        let rows: Vec<Row> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(line).collect()
    }

    /// Lines in the order in which they came, after one.
    pub(crate) async fn lines_from(&self, after: Option<u64>, limit: u64) -> Result<Vec<LineRow>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(lines!("WHERE l.id > $1 ORDER BY l.id LIMIT $2"))
            .bind(after.map_or(-1, int))
            .bind(int(limit))
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(line).collect()
    }

    /// Forgets lines whose day has come, so many at most. Gives how many.
    pub(crate) async fn forget_lines(&self, today: u64, limit: u64) -> Result<u64, StoreError> {
        // The same rows for each of the three, since the rows themselves go last.
        let [texts, slots, lines] =
            removal!("id IN (SELECT id FROM access_lines WHERE expires_day <= $1 ORDER BY expires_day, id LIMIT $2)");
        let mut tx = self.db.writer().begin().await?;
        let mut gone = 0;
        for statement in [format!("{texts})"), format!("{slots})"), lines.to_owned()] {
            let done = sqlx::query(AssertSqlSafe(statement))
                .bind(int(today))
                .bind(int(limit))
                .execute(&mut *tx);
            gone = done.await?.rows_affected();
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// How many texts belong to no line and to no free slot or to both, and how many free slots are not all zeros.
    pub(crate) async fn stray_texts(&self) -> Result<(u64, u64), StoreError> {
        let (stray, filled): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM access_texts t WHERE (SELECT COUNT(*) FROM access_lines l WHERE l.slot = t.slot) \
             + (SELECT COUNT(*) FROM access_free f WHERE f.length = length(t.line) AND f.slot = t.slot) <> 1), \
             (SELECT COUNT(*) FROM access_free f JOIN access_texts t ON t.slot = f.slot WHERE t.line <> zeroblob(f.length))",
        )
        .fetch_one(self.db.reader())
        .await?;
        Ok((uint(stray)?, uint(filled)?))
    }
}

/// Writes a line into a free slot of its length, or a new one.
async fn add(tx: &mut SqliteConnection, batch: u64, line: &LineWrite) -> Result<(), StoreError> {
    let length = int(line.line.len() as u64);
    let free: Option<i64> = sqlx::query_scalar("SELECT slot FROM access_free WHERE length = $1 ORDER BY slot LIMIT 1")
        .bind(length)
        .fetch_optional(&mut *tx)
        .await?;
    let slot = match free {
        Some(slot) => {
            sqlx::query("UPDATE access_texts SET line = $1 WHERE slot = $2")
                .bind(line.line.as_slice())
                .bind(slot)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM access_free WHERE length = $1 AND slot = $2")
                .bind(length)
                .bind(slot)
                .execute(&mut *tx)
                .await?;
            slot
        }
        None => {
            sqlx::query_scalar("INSERT INTO access_texts (line) VALUES ($1) RETURNING slot")
                .bind(line.line.as_slice())
                .fetch_one(&mut *tx)
                .await?
        }
    };
    sqlx::query("INSERT INTO access_lines (grant_idx, batch_idx, seq, expires_day, slot) VALUES ($1, $2, $3, $4, $5)")
        .bind(int(line.grant))
        .bind(int(batch))
        .bind(int(line.seq))
        .bind(int(line.expires_day))
        .bind(slot)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

fn line((id, grant, batch, seq, expires_day, line): Row) -> Result<LineRow, StoreError> {
    Ok(LineRow {
        id: uint(id)?,
        grant: uint(grant)?,
        batch: uint(batch)?,
        seq: uint(seq)?,
        expires_day: uint(expires_day)?,
        line,
    })
}
