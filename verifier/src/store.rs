//! The replica on disk: one SQLite database, with a named function for each transaction or look-up.
//!
//! There is one connection. The follower writes, at most a few times a second; decisions are made from memory. So nobody
//! waits for it, and the journal can be cut whenever something was destroyed.

mod book;
mod declined;
mod destroyed;
mod direct;
mod kept;
mod messages;
mod rows;

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub(crate) use book::Entry;
pub(crate) use declined::No;
pub(crate) use destroyed::Owed;
pub(crate) use direct::DirectRow;
pub(crate) use kept::{Kept, Named};
pub(crate) use messages::MessageRow;
pub(crate) use rows::{ItemRow, Page};

use crate::error::{OpenError, StoreError};
use crate::keys::ReplicaKey;

/// The database's file in the verifier's folder.
pub(crate) const REPLICA_FILE: &str = "replica.db";
/// The file whose lock says that the folder is in use.
const LOCK_FILE: &str = "verifier.lock";
const MIGRATIONS: [(i64, &str); 2] = [
    (1, include_str!("../migrations/0001_replica.sql")),
    (2, include_str!("../migrations/0002_asking.sql")),
];
/// How long a statement waits for a lock that another process holds.
/// Rows that a start has in memory at once, besides what it makes of them.
const ROWS_AT_ONCE: i64 = 1024;
const BUSY: Duration = Duration::from_secs(5);

/// The database.
#[derive(Debug)]
pub(crate) struct Store {
    db: SqlitePool,
    key: ReplicaKey,
    /// Whether there is somebody to tell what happens.
    pub(crate) tells: bool,
    /// Held while the folder is in use: two that write one book would each undo the other's.
    _lock: File,
}

impl Store {
    /// Opens the database in `dir`, making it with mode 0600 if it is not there, and brings its schema up to date.
    pub(crate) async fn open(dir: &Path, key: ReplicaKey) -> Result<Self, OpenError> {
        let lock = lock(dir)?;
        let path = dir.join(REPLICA_FILE);
        // SQLite gives its journal files the mode of the database, so this is the only place where it is set.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        made.map_err(|error| OpenError::Folder {
            path: path.clone(),
            error,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "ON");
        let db = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        let db = db.connect_with(options).await.map_err(StoreError::from)?;
        let list = MIGRATIONS.iter().map(|(version, sql)| {
            Migration::new(
                *version,
                "verifier".into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        Migrator::with_migrations(list.collect()).run(&db).await?;
        Ok(Self {
            db,
            key,
            tells: false,
            _lock: lock,
        })
    }

    /// Writes the database anew and empties the journal into it: under WAL secure_delete leaves what was deleted in both until
    /// then, and a page that was divided keeps copies of what moved.
    pub(crate) async fn empty_journal(&self) -> Result<(), StoreError> {
        sqlx::query("VACUUM").execute(&self.db).await?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.db)
            .await?;
        if busy == 0 {
            Ok(())
        } else {
            Err(StoreError::Corrupt("the journal is in use"))
        }
    }

    /// Closes everything.
    pub(crate) async fn close(&self) {
        self.db.close().await;
    }
}

/// The sum of keyed hashes: each row once, in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum([u8; 32]);

/// The sums of the two tables that are authenticated so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) consents: Sum,
    pub(crate) book: Sum,
}

impl Sum {
    /// Adds a row that was not in it, or takes away one that was.
    fn toggle(&mut self, hash: &[u8; 32]) {
        for (byte, other) in self.0.iter_mut().zip(hash) {
            *byte ^= other;
        }
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK_FILE);
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    let failed = |error| OpenError::Folder {
        path: path.clone(),
        error,
    };
    let file = opened.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uint(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt("a number is negative"))
}
