//! Which entries of which list were given to whom, and which are set: in a database of its own, since no feed says it again.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use placet_kernel::status::{Bits, MIN_LIST_ENTRIES};
use placet_schemas::id::Digest;
use placet_service::random;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::error::{OpenError, StoreError};

/// How long a statement waits for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(5);
/// Entries of a list that are given out. Half: a place that is drawn is free at least every other time, and where a list is
/// full tells nothing.
const ENTRIES_PER_LIST: i64 = MIN_LIST_ENTRIES as i64 / 2;
/// How often a place is drawn before the list counts as damaged: all are taken with a probability of 2^-64.
const MAX_DRAWS: usize = 64;

#[derive(Debug)]
pub(super) struct Entries {
    db: SqlitePool,
    /// What is published, so that a verdict waits for no disk.
    lists: Mutex<BTreeMap<u64, Bits>>,
    /// Whoever takes a place counts first: two at once would count the same.
    taking: tokio::sync::Mutex<()>,
}

impl Entries {
    pub(super) async fn open(path: &Path) -> Result<Self, OpenError> {
        // SQLite gives its journal files the mode of the database, so this is the only place where it is set.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        made.map_err(|error| OpenError::Folder {
            path: path.to_owned(),
            error,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let db = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        let db = db.connect_with(options).await.map_err(StoreError::from)?;
        for statement in [
            "CREATE TABLE IF NOT EXISTS entry (list INTEGER NOT NULL, place INTEGER NOT NULL, credential BLOB, \
             is_set INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (list, place)) WITHOUT ROWID, STRICT",
            "CREATE INDEX IF NOT EXISTS entry_of ON entry (credential)",
        ] {
            sqlx::query(statement).execute(&db).await.map_err(StoreError::from)?;
        }
        let rows: Vec<(i64, i64, bool)> = sqlx::query_as("SELECT list, place, is_set FROM entry")
            .fetch_all(&db)
            .await
            .map_err(StoreError::from)?;
        let mut lists = BTreeMap::from([(0, Bits::none_set())]);
        for (list, place, is_set) in rows {
            let (list, place) = (number(list)?, number(place)?);
            let bits = lists.entry(list).or_insert_with(Bits::none_set);
            if is_set {
                bits.set(place)
                    .map_err(|_| StoreError::Corrupt("an entry is outside of its list"))?;
            }
        }
        Ok(Self {
            db,
            lists: Mutex::new(lists),
            taking: tokio::sync::Mutex::default(),
        })
    }

    /// The bits of a list.
    pub(super) fn bits(&self, list: u64) -> Option<Bits> {
        self.lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&list)
            .cloned()
    }

    /// A free place, drawn at random, and who has it now.
    pub(super) async fn take(&self, credential: Option<Digest>) -> Result<(u64, u64), StoreError> {
        let _taking = self.taking.lock().await;
        let given: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM entry")
            .fetch_one(&self.db)
            .await?;
        let list = given / ENTRIES_PER_LIST;
        let name = credential.map(|digest| digest.to_string());
        for _ in 0..MAX_DRAWS {
            let [a, b, c, d] = random::bytes()?;
            let place = i64::from(u32::from_le_bytes([a, b, c, d])) % (MIN_LIST_ENTRIES as i64);
            let written = sqlx::query("INSERT OR IGNORE INTO entry (list, place, credential) VALUES (?, ?, ?)")
                .bind(list)
                .bind(place)
                .bind(name.as_deref().map(str::as_bytes))
                .execute(&self.db)
                .await?;
            if written.rows_affected() == 1 {
                let list = number(list)?;
                let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
                lists.entry(list).or_insert_with(Bits::none_set);
                return Ok((list, number(place)?));
            }
        }
        Err(StoreError::Corrupt("no place of a status list is free"))
    }

    /// Sets all entries of a credential; false where it has none.
    pub(super) async fn set(&self, credential: Digest) -> Result<bool, StoreError> {
        let name = credential.to_string();
        let rows = sqlx::query_as("UPDATE entry SET is_set = 1 WHERE credential = ? RETURNING list, place")
            .bind(name.as_bytes())
            .fetch_all(&self.db)
            .await?;
        self.publish(rows)
    }

    /// Sets one entry; false where it was not given out.
    pub(super) async fn set_place(&self, (list, place): (u64, u64)) -> Result<bool, StoreError> {
        let (Ok(list), Ok(place)) = (i64::try_from(list), i64::try_from(place)) else {
            return Ok(false);
        };
        let rows = sqlx::query_as("UPDATE entry SET is_set = 1 WHERE list = ? AND place = ? RETURNING list, place")
            .bind(list)
            .bind(place)
            .fetch_all(&self.db)
            .await?;
        self.publish(rows)
    }

    /// Memory follows disk.
    fn publish(&self, rows: Vec<(i64, i64)>) -> Result<bool, StoreError> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        for (list, place) in &rows {
            let bits = lists.entry(number(*list)?).or_insert_with(Bits::none_set);
            bits.set(number(*place)?)
                .map_err(|_| StoreError::Corrupt("an entry is outside of its list"))?;
        }
        drop(lists);
        Ok(!rows.is_empty())
    }
}

fn number(column: i64) -> Result<u64, StoreError> {
    u64::try_from(column).map_err(|_| StoreError::Corrupt("a number of an entry is negative"))
}
