//! Bearer tokens, by their hashes.

use placet_schemas::api::AuditScope;
use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;

use super::Store;
use crate::db::{int, uint};
use crate::error::StoreError;

/// A token, as far as the database knows it.
#[derive(Debug, Clone)]
pub(crate) struct TokenFound {
    pub(crate) public_id: String,
    pub(crate) role: String,
    pub(crate) controller: Option<Did>,
    pub(crate) audit: Option<AuditScope>,
    /// Names, separated by spaces.
    pub(crate) kinds: Option<String>,
    pub(crate) key: Option<Did>,
    pub(crate) label: String,
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) revoked: Option<Timestamp>,
}

type Row = (
    String,
    String,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    i64,
    Option<i64>,
    Option<i64>,
);

/// A query of the columns of [`Row`].
macro_rules! tokens {
    ($rest:literal) => {
        concat!(
            "SELECT t.public_id, t.role, c.did, t.audit_from, t.audit_to, t.audit_case, t.kinds, t.key, t.label, t.created, ",
            "t.expires, t.revoked FROM tokens t LEFT JOIN controllers c ON c.id = t.controller_id ",
            $rest
        )
    };
}

impl Store {
    /// Stores a token. `false` when its brand is not registered.
    pub(crate) async fn add_token(&self, token: &TokenFound, hash: &Digest) -> Result<bool, StoreError> {
        let audit = token.audit.as_ref();
        let added = sqlx::query(
            "INSERT INTO tokens (public_id, hash, role, controller_id, audit_from, audit_to, audit_case, kinds, key, \
             label, created, expires) \
             SELECT $1, $2, $3, (SELECT id FROM controllers WHERE did = $4), $5, $6, $7, $8, $9, $10, $11, $12 \
             WHERE $4 IS NULL OR EXISTS (SELECT 1 FROM controllers WHERE did = $4)",
        )
        .bind(&token.public_id)
        .bind(hash.as_bytes().as_slice())
        .bind(&token.role)
        .bind(token.controller.as_ref().map(Did::as_str))
        .bind(audit.map(|audit| int(audit.from.unix())))
        .bind(audit.map(|audit| int(audit.to.unix())))
        .bind(audit.map(|audit| audit.case.as_str()))
        .bind(&token.kinds)
        .bind(token.key.as_ref().map(Did::as_str))
        .bind(&token.label)
        .bind(int(token.created.unix()))
        .bind(token.expires.map(|time| int(time.unix())))
        .execute(self.db.writer())
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// The token with this hash, whatever has become of it.
    pub(crate) async fn token(&self, hash: &Digest) -> Result<Option<TokenFound>, StoreError> {
        let row: Option<Row> = sqlx::query_as(tokens!("WHERE t.hash = $1"))
            .bind(hash.as_bytes().as_slice())
            .fetch_optional(self.db.reader())
            .await?;
        row.map(read).transpose()
    }

    /// Tokens in the order of their names, after `after`.
    pub(crate) async fn tokens_after(&self, after: &str, limit: usize) -> Result<Vec<TokenFound>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(tokens!("WHERE t.public_id > $1 ORDER BY t.public_id LIMIT $2"))
            .bind(after)
            .bind(int(limit as u64))
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Revokes a token. `false` when there is none of that name, or it is revoked already.
    pub(crate) async fn revoke_token(&self, public_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = sqlx::query("UPDATE tokens SET revoked = $1 WHERE public_id = $2 AND revoked IS NULL")
            .bind(int(now.unix()))
            .bind(public_id)
            .execute(self.db.writer())
            .await?;
        Ok(revoked.rows_affected() == 1)
    }
}

/// What an auditor's token is for, from its three columns.
pub(super) fn audit_scope(
    from: Option<i64>,
    to: Option<i64>,
    case: Option<String>,
) -> Result<Option<AuditScope>, StoreError> {
    let (Some(from), Some(to), Some(case)) = (from, to, case) else {
        return Ok(None);
    };
    Ok(Some(AuditScope {
        from: time(from)?,
        to: time(to)?,
        case: case.try_into().map_err(|_| StoreError::Corrupt("case"))?,
    }))
}

/// A moment from the database.
pub(super) fn time(seconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_unix(uint(seconds)?).ok_or(StoreError::Corrupt("time"))
}

fn read(row: Row) -> Result<TokenFound, StoreError> {
    let (public_id, role, did, from, to, case, kinds, key, label, created, expires, revoked) = row;
    Ok(TokenFound {
        public_id,
        role,
        controller: did
            .map(Did::try_from)
            .transpose()
            .map_err(|_| StoreError::Corrupt("DID"))?,
        audit: audit_scope(from, to, case)?,
        kinds,
        key: key
            .map(Did::try_from)
            .transpose()
            .map_err(|_| StoreError::Corrupt("DID"))?,
        label,
        created: time(created)?,
        expires: expires.map(time).transpose()?,
        revoked: revoked.map(time).transpose()?,
    })
}
