//! What auditors may look at, and what they have looked at.

use placet_schemas::api::{AuditScope, AuditUse};
use placet_schemas::id::Did;
use placet_schemas::time::Timestamp;

use super::Store;
use super::consents::{Record, RecordRow, record};
use super::tokens::{audit_scope, time};
use crate::db::{int, uint};
use crate::error::StoreError;

/// A use before it has a number.
#[derive(Debug, Clone)]
pub(crate) struct UseWrite<'a> {
    pub(crate) controller: u64,
    pub(crate) token: &'a str,
    pub(crate) time: Timestamp,
    /// Log indexes of the records that are opened, ascending.
    pub(crate) opened: &'a [u64],
}

type UseRow = (
    i64,
    String,
    String,
    Option<i64>,
    Option<i64>,
    Option<String>,
    i64,
    Option<i64>,
    Option<i64>,
    i64,
);

impl Store {
    /// The log indexes from the first that came in at or after `from` to before the first that came in after `to`. A record
    /// came in when the checkpoint that first contains it was signed; every batch has one.
    pub(crate) async fn indexes_between(&self, from: Timestamp, to: Timestamp) -> Result<(u64, u64), StoreError> {
        let (first, end): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COALESCE(MAX(size), 0) FROM checkpoints WHERE time < $1), \
             (SELECT COALESCE(MAX(size), 0) FROM checkpoints WHERE time <= $2)",
        )
        .bind(int(from.unix()))
        .bind(int(to.unix()))
        .fetch_one(self.db.reader())
        .await?;
        Ok((uint(first)?, uint(end)?))
    }

    /// Records of a brand with a log index from `first` to before `end` and a place in its feed from `seq` on, in order.
    pub(crate) async fn records_between(
        &self,
        controller: u64,
        (first, end): (u64, u64),
        seq: u64,
        limit: usize,
    ) -> Result<Vec<RecordRow>, StoreError> {
        let rows: Vec<Record> = sqlx::query_as(
            "SELECT r.idx, r.seq, r.leaf, r.record, p.record, d.by_idx \
             FROM records r LEFT JOIN public_records p ON p.idx = r.idx \
             LEFT JOIN destroyed_leaves d ON d.idx = r.idx \
             WHERE r.controller_id = $1 AND r.seq >= $2 AND r.idx >= $3 AND r.idx < $4 ORDER BY r.seq LIMIT $5",
        )
        .bind(int(controller))
        .bind(int(seq))
        .bind(int(first))
        .bind(int(end))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(record).collect()
    }

    /// Writes down that an auditor looks at these records.
    pub(crate) async fn add_audit_use(&self, used: &UseWrite<'_>) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO audit_uses (controller_id, token, time, first_idx, last_idx, count) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(int(used.controller))
        .bind(used.token)
        .bind(int(used.time.unix()))
        .bind(used.opened.first().map(|index| int(*index)))
        .bind(used.opened.last().map(|index| int(*index)))
        .bind(int(used.opened.len() as u64))
        .execute(self.db.writer())
        .await?;
        Ok(())
    }

    /// What auditors of a brand have looked at, from the use with the number `from` on.
    pub(crate) async fn audit_uses(&self, brand: &Did, from: u64, limit: usize) -> Result<Vec<AuditUse>, StoreError> {
        let rows: Vec<UseRow> = sqlx::query_as(
            "SELECT u.id, u.token, t.label, t.audit_from, t.audit_to, t.audit_case, u.time, u.first_idx, u.last_idx, \
             u.count FROM audit_uses u JOIN controllers c ON c.id = u.controller_id \
             JOIN tokens t ON t.public_id = u.token WHERE c.did = $1 AND u.id >= $2 ORDER BY u.id LIMIT $3",
        )
        .bind(brand.as_str())
        .bind(int(from))
        .bind(int(limit as u64))
        .fetch_all(self.db.reader())
        .await?;
        rows.into_iter().map(read).collect()
    }
}

fn read(row: UseRow) -> Result<AuditUse, StoreError> {
    let (id, token, label, from, to, case, at, first, last, count) = row;
    let audit: Option<AuditScope> = audit_scope(from, to, case)?;
    Ok(AuditUse {
        id: uint(id)?,
        token,
        label,
        audit: audit.ok_or(StoreError::Corrupt("token"))?,
        time: time(at)?,
        first: first.map(uint).transpose()?,
        last: last.map(uint).transpose()?,
        count: uint(count)?,
    })
}
