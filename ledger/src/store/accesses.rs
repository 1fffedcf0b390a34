//! Access lines, sealed. What they are about only the keyring can say.

use std::collections::BTreeSet;

use sqlx::QueryBuilder;

use super::Store;
use crate::db::{int, listed, uint};
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
            "SELECT id, grant_idx, batch_idx, seq, expires_day, line FROM access_lines ",
            $rest
        )
    };
}

impl Store {
    /// Keeps lines of the batch at this index, and says which of their places are kept now. One whose consent is being
    /// destroyed is not: the Destruction marks the grant in a transaction, and this is another.
    pub(crate) async fn keep_lines(&self, batch: u64, lines: &[LineWrite]) -> Result<BTreeSet<u64>, StoreError> {
        if lines.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut tx = self.db.writer().begin().await?;
        for line in lines {
            sqlx::query(
                "INSERT INTO access_lines (grant_idx, batch_idx, seq, expires_day, line) SELECT $1, $2, $3, $4, $5 \
                 WHERE EXISTS (SELECT 1 FROM consents WHERE grant_idx = $1) \
                 AND NOT EXISTS (SELECT 1 FROM destroyed_leaves WHERE idx = $1) ON CONFLICT DO NOTHING",
            )
            .bind(int(line.grant))
            .bind(int(batch))
            .bind(int(line.seq))
            .bind(int(line.expires_day))
            .bind(line.line.as_slice())
            .execute(&mut *tx)
            .await?;
        }
        let mut query = QueryBuilder::new("SELECT seq FROM access_lines WHERE batch_idx = ");
        query.push_bind(int(batch)).push(" AND seq IN (");
        let mut list = query.separated(", ");
        for line in lines {
            list.push_bind(int(line.seq));
        }
        query.push(")");
        let kept: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        kept.into_iter().map(uint).collect()
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
            "WHERE grant_idx = $1 AND (batch_idx, seq) > ($2, $3) ORDER BY batch_idx, seq LIMIT $4"
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
            lines!("WHERE grant_idx IN ("),
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
        let rows: Vec<Row> = sqlx::query_as(lines!("WHERE id > $1 ORDER BY id LIMIT $2"))
            .bind(after.map_or(-1, int))
            .bind(int(limit))
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(line).collect()
    }

    /// Forgets the lines whose day has come. Gives how many.
    pub(crate) async fn forget_lines(&self, today: u64) -> Result<u64, StoreError> {
        let gone = sqlx::query("DELETE FROM access_lines WHERE expires_day <= $1")
            .bind(int(today))
            .execute(self.db.writer());
        Ok(gone.await?.rows_affected())
    }
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
