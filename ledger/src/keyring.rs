//! The keyring: a database of its own that holds what opens the records, and every look-up that is personal.
//!
//! Its rows are written before the records they belong to, with the record's index in each, and never change. They go when
//! the record is destroyed: see `destroy.rs`. Only withdrawals that wait belong to no record yet.
//!
//! After a crash between the two databases the rows of records that were never committed are those with an index at or
//! beyond the head: [`Keyring::sweep`] removes them.

mod received;

use std::collections::HashMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection};

use crate::crypto::{Blind, Blinded, RecordSecret, Vault};
use crate::db::{Db, MAX_BINDS, bytes32, execute, int, listed, uint};
use crate::error::{OpenError, StoreError};
use crate::sequencer::MAX_BATCH;

pub(crate) use received::ReceivedRow;

const MIGRATIONS: [(i64, &str); 3] = [
    (1, include_str!("../migrations/keyring/0001_keyring.sql")),
    (2, include_str!("../migrations/keyring/0002_destroyed.sql")),
    (3, include_str!("../migrations/keyring/0003_received.sql")),
];
/// Most look-ups of one record: digest, signer and id, withdrawal key.
const LOOKUPS_PER_RECORD: usize = 3;
/// Values bound per row of each table.
const COLUMNS: usize = 3;
const _: () = assert!(
    MAX_BATCH * LOOKUPS_PER_RECORD * COLUMNS <= MAX_BINDS,
    "a batch is one statement per table"
);

/// The keyring.
pub(crate) struct Keyring {
    db: Db,
    vault: Vault,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyringCounts {
    pub(crate) keys: u64,
    pub(crate) lookups: u64,
    pub(crate) members: u64,
    /// Keys of records that were never committed.
    pub(crate) beyond: u64,
}

/// What a batch adds.
#[derive(Debug, Default)]
pub(crate) struct KeyringRows {
    /// Index and wrapped secret.
    pub(crate) keys: Vec<(u64, Vec<u8>)>,
    /// Look-ups with one answer.
    pub(crate) lookups: Vec<Entry>,
    /// Look-ups with many.
    pub(crate) members: Vec<Entry>,
}

/// A blinded value of a kind leads to a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: Blind,
    pub(crate) blind: Blinded,
    pub(crate) index: u64,
}

impl Keyring {
    /// Opens the keyring in `dir`.
    pub(crate) async fn open(dir: &Path, vault: Vault) -> Result<Self, OpenError> {
        Ok(Self {
            db: Db::open(&dir.join("keyring.db"), &MIGRATIONS).await?,
            vault,
        })
    }

    /// Opens the keyring in `dir` for reading alone. Its schema must be up to date.
    pub(crate) async fn open_to_read(dir: &Path, vault: Vault) -> Result<Self, OpenError> {
        Ok(Self {
            db: Db::open_to_read(&dir.join("keyring.db"), MIGRATIONS.len()).await?,
            vault,
        })
    }

    /// What blinds and wraps.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Writes the rows of a batch durably.
    pub(crate) async fn add(&self, rows: &KeyringRows) -> Result<(), StoreError> {
        let mut tx = self.db.writer().begin().await?;
        let mut keys = QueryBuilder::<Sqlite>::new("INSERT INTO record_keys (idx, wrapped) ");
        keys.push_values(&rows.keys, |mut row, (index, wrapped)| {
            row.push_bind(int(*index)).push_bind(wrapped.as_slice());
        });
        execute(&mut keys, &mut tx).await?;
        insert(&mut tx, "INSERT INTO lookups (blind, idx, kind) ", &rows.lookups).await?;
        insert(&mut tx, "INSERT INTO members (blind, idx, kind) ", &rows.members).await?;
        Ok(tx.commit().await?)
    }

    /// Removes the rows of records that were never committed: those at or beyond `size`. Gives how many records they were of.
    pub(crate) async fn sweep(&self, size: u64) -> Result<u64, StoreError> {
        let mut tx = self.db.writer().begin().await?;
        let mut swept = 0;
        for delete in [
            "DELETE FROM lookups WHERE idx >= $1",
            "DELETE FROM members WHERE idx >= $1",
            "DELETE FROM record_keys WHERE idx >= $1",
        ] {
            swept = sqlx::query(delete)
                .bind(int(size))
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        Ok(swept)
    }

    /// Removes what opens these records, and every look-up that leads to them, and remembers the Destruction by which. What is
    /// gone already is no matter.
    pub(crate) async fn destroy(&self, destruction: u64, indexes: &[u64]) -> Result<(), StoreError> {
        let mut tx = self.db.writer().begin().await?;
        for before in [
            "DELETE FROM lookups WHERE idx IN (",
            "DELETE FROM members WHERE idx IN (",
            "DELETE FROM record_keys WHERE idx IN (",
            // Whoever wanted it to end has that, and nothing of it may stay.
            "DELETE FROM received WHERE grant_idx IN (",
        ] {
            let mut query = listed(before, indexes.iter().map(|index| int(*index)), ")");
            execute(&mut query, &mut tx).await?;
        }
        sqlx::query("UPDATE destroyed SET upto = $1 WHERE upto < $1")
            .bind(int(destruction))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The last Destruction whose rows are gone from here; `None` if there was none.
    pub(crate) async fn destroyed_upto(&self) -> Result<Option<u64>, StoreError> {
        let upto: i64 = sqlx::query_scalar("SELECT upto FROM destroyed WHERE id = 1")
            .fetch_one(self.db.reader())
            .await?;
        Ok(u64::try_from(upto).ok())
    }

    /// Leaves nothing in the files of what was removed.
    pub(crate) async fn empty(&self) -> Result<(), StoreError> {
        self.db.rewrite().await?;
        self.db.empty_journal().await
    }

    /// The index behind each blinded value that has one.
    pub(crate) async fn find(&self, blinds: &[Blinded]) -> Result<HashMap<Blinded, u64>, StoreError> {
        self.indexes("SELECT blind, idx FROM lookups WHERE blind IN (", blinds, ")")
            .await
    }

    /// The index behind one blinded value.
    pub(crate) async fn find_one(&self, blind: &Blinded) -> Result<Option<u64>, StoreError> {
        let found: Option<i64> = sqlx::query_scalar("SELECT idx FROM lookups WHERE blind = $1")
            .bind(blind.as_slice())
            .fetch_optional(self.db.reader())
            .await?;
        found.map(uint).transpose()
    }

    /// The first member of each blinded value that has any.
    pub(crate) async fn first_members(&self, blinds: &[Blinded]) -> Result<HashMap<Blinded, u64>, StoreError> {
        self.indexes(
            "SELECT blind, MIN(idx) FROM members WHERE blind IN (",
            blinds,
            ") GROUP BY blind",
        )
        .await
    }

    /// Members of a blinded value, ascending, from index `from` on.
    pub(crate) async fn members(&self, blind: &Blinded, from: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
        let found: Vec<i64> =
            sqlx::query_scalar("SELECT idx FROM members WHERE blind = $1 AND idx >= $2 ORDER BY idx LIMIT $3")
                .bind(blind.as_slice())
                .bind(int(from))
                .bind(int(limit as u64))
                .fetch_all(self.db.reader())
                .await?;
        found.into_iter().map(uint).collect()
    }

    /// The secrets of records. One that is gone, or does not open, is not in the answer: that is the misfortune of one record,
    /// and must not keep the others of its batch or page from being served.
    pub(crate) async fn secrets(&self, indexes: &[u64]) -> Result<HashMap<u64, RecordSecret>, StoreError> {
        if indexes.is_empty() {
            return Ok(HashMap::new());
        }
        let list = indexes.iter().map(|index| int(*index));
        let mut query = listed("SELECT idx, wrapped FROM record_keys WHERE idx IN (", list, ")");
        let rows: Vec<(i64, Vec<u8>)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        let mut secrets = HashMap::with_capacity(rows.len());
        for (index, wrapped) in rows {
            let index = uint(index)?;
            match self.vault.unwrap(index, &wrapped) {
                Ok(secret) => drop(secrets.insert(index, secret)),
                Err(error) => tracing::error!(index, %error, "a record's key does not open"),
            }
        }
        Ok(secrets)
    }

    /// The secret of one record.
    pub(crate) async fn secret(&self, index: u64) -> Result<RecordSecret, StoreError> {
        self.secrets(&[index])
            .await?
            .remove(&index)
            .ok_or(StoreError::KeyLost(index))
    }

    /// Runs of indexes below `size` whose keys are not here: first and last of each.
    pub(crate) async fn missing(&self, size: u64) -> Result<Vec<(u64, u64)>, StoreError> {
        let mut runs = Vec::new();
        let mut next = 0;
        loop {
            let page: Vec<i64> =
                sqlx::query_scalar("SELECT idx FROM record_keys WHERE idx >= $1 AND idx < $2 ORDER BY idx LIMIT $3")
                    .bind(int(next))
                    .bind(int(size))
                    .bind(int(MAX_BINDS as u64))
                    .fetch_all(self.db.reader())
                    .await?;
            let done = page.is_empty();
            for index in page {
                let index = uint(index)?;
                if index > next {
                    runs.push((next, index - 1));
                }
                next = index + 1;
            }
            if done {
                break;
            }
        }
        if next < size {
            runs.push((next, size - 1));
        }
        Ok(runs)
    }

    /// The largest index that has a key.
    pub(crate) async fn newest(&self) -> Result<Option<u64>, StoreError> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(idx) FROM record_keys")
            .fetch_one(self.db.reader())
            .await?;
        newest.map(uint).transpose()
    }

    /// Whether the key-encryption key is that of this keyring, by the newest key below `size`; also if there is none.
    pub(crate) async fn opens(&self, size: u64) -> Result<bool, StoreError> {
        let row: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT idx, wrapped FROM record_keys WHERE idx < $1 ORDER BY idx DESC LIMIT 1")
                .bind(int(size))
                .fetch_optional(self.db.reader())
                .await?;
        let Some((index, wrapped)) = row else { return Ok(true) };
        Ok(self.vault.unwrap(uint(index)?, &wrapped).is_ok())
    }

    /// How many rows there are below an index, and how many keys from there on.
    pub(crate) async fn counts(&self, size: u64) -> Result<KeyringCounts, StoreError> {
        let (keys, lookups, members, beyond): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM record_keys WHERE idx < $1), (SELECT COUNT(*) FROM lookups WHERE idx < $1), \
             (SELECT COUNT(*) FROM members WHERE idx < $1), (SELECT COUNT(*) FROM record_keys WHERE idx >= $1)",
        )
        .bind(int(size))
        .fetch_one(self.db.reader())
        .await?;
        Ok(KeyringCounts {
            keys: uint(keys)?,
            lookups: uint(lookups)?,
            members: uint(members)?,
            beyond: uint(beyond)?,
        })
    }

    /// What SQLite finds wrong with the file.
    pub(crate) async fn integrity(&self, most: u64) -> Result<Vec<String>, StoreError> {
        self.db.integrity(most).await
    }

    /// Closes the database.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }

    async fn indexes(
        &self,
        before: &'static str,
        blinds: &[Blinded],
        after: &'static str,
    ) -> Result<HashMap<Blinded, u64>, StoreError> {
        if blinds.is_empty() {
            return Ok(HashMap::new());
        }
        let mut query = listed(before, blinds.iter().map(Blinded::as_slice), after);
        let rows: Vec<(Vec<u8>, i64)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        rows.into_iter()
            .map(|(blind, index)| Ok((bytes32(&blind, "blind index")?, uint(index)?)))
            .collect()
    }
}

/// Removes from a copy of a keyring, which nobody has open, what belongs to records at or beyond `size`.
pub(crate) async fn cut(path: &Path, size: u64) -> Result<(), StoreError> {
    // A journal beside a copy that has no name yet would be a file that nobody looks for.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Memory)
        .pragma("secure_delete", "ON");
    let mut copy = SqliteConnection::connect_with(&options).await?;
    for delete in [
        "DELETE FROM lookups WHERE idx >= $1",
        "DELETE FROM members WHERE idx >= $1",
        "DELETE FROM record_keys WHERE idx >= $1",
    ] {
        sqlx::query(delete).bind(int(size)).execute(&mut copy).await?;
    }
    // A Destruction that this pair does not have may get another index in a log that goes on from it.
    sqlx::query("UPDATE destroyed SET upto = MIN(upto, $1 - 1)")
        .bind(int(size))
        .execute(&mut copy)
        .await?;
    Ok(copy.close().await?)
}

async fn insert(tx: &mut sqlx::SqliteConnection, statement: &'static str, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Sqlite>::new(statement);
    query.push_values(entries, |mut row, entry| {
        row.push_bind(entry.blind.as_slice())
            .push_bind(int(entry.index))
            .push_bind(entry.kind as i64);
    });
    // A withdrawal is accepted whatever its id is, so a (signer, id) may come twice: the first one stands.
    query.push(" ON CONFLICT DO NOTHING");
    execute(&mut query, tx).await.map(drop)
}
