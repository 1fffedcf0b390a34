//! What the two databases have in common, and all that SQLite does differently from another database.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Encode, QueryBuilder, SqlSafeStr as _, Sqlite, SqliteConnection, Type};

use crate::error::{OpenError, StoreError};

/// Connections for reading. Each is a thread of its own.
const READERS: u32 = 4;
/// How long a statement waits for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(5);
/// How long a commit waits for the connection that writes. A keyring that is written anew holds it for minutes.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 60);
/// The most values that one statement binds (SQLite's own limit is 32,766).
pub(crate) const MAX_BINDS: usize = 32_000;

/// One database: a connection that writes, and others that read.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    write: SqlitePool,
    read: SqlitePool,
}

impl Db {
    /// Opens the database at `path`, making it with mode 0600 if it is not there, and brings its schema up to date.
    pub(crate) async fn open(path: &Path, migrations: &[(i64, &'static str)]) -> Result<Self, OpenError> {
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
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "ON");
        let named = |error: sqlx::Error| OpenError::of_database(path, error.into());
        // One writer: two write transactions would only wait for one another. Neither pool tests a connection before it is
        // used: there is no network to break it, and the test takes as long as a query.
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(LONGEST_WAIT)
            .test_before_acquire(false)
            .after_release(|conn, _| Box::pin(async move { Ok(is_at_rest(conn).await) }))
            .connect_with(options.clone())
            .await
            .map_err(named)?;
        check_schema(&write, path).await?;
        let list = migrations.iter().map(|(version, sql)| {
            Migration::new(
                *version,
                "ledger".into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        let migrated = Migrator::with_migrations(list.collect()).run(&write).await;
        migrated.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => named(error),
            error => OpenError::Migration(error),
        })?;
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await
            .map_err(named)?;
        Ok(Self { write, read })
    }

    /// Opens a database for reading alone; it must be there, and have had exactly so many migrations.
    pub(crate) async fn open_to_read(path: &Path, migrations: usize) -> Result<Self, OpenError> {
        let db = Self::open_as_it_is(path).await?;
        let done: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations")
            .fetch_one(&db.read)
            .await
            .map_err(|error| OpenError::of_database(path, error.into()))?;
        if usize::try_from(done) != Ok(migrations) {
            return Err(OpenError::OtherSchema(path.to_owned()));
        }
        Ok(db)
    }

    /// Opens a database for reading alone, whatever release wrote it.
    pub(crate) async fn open_as_it_is(path: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY);
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        check_schema(&read, path).await?;
        Ok(Self {
            write: read.clone(),
            read,
        })
    }

    /// The connection that writes.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.write
    }

    /// The connections that read.
    pub(crate) fn reader(&self) -> &SqlitePool {
        &self.read
    }

    /// Writes the whole database anew. SQLite overwrites what is deleted (`secure_delete`), but when it divides a full page
    /// of an index it leaves a copy of what it moved in the gap of the old one, and nothing that is deleted later touches
    /// that. Takes as long as the database is large.
    pub(crate) async fn rewrite(&self) -> Result<(), StoreError> {
        sqlx::query("VACUUM").execute(&self.write).await?;
        Ok(())
    }

    /// What SQLite finds wrong with the file: pages that are no pages, indexes that are not those of their tables.
    pub(crate) async fn integrity(&self, most: u64) -> Result<Vec<String>, StoreError> {
        let check = format!("PRAGMA integrity_check({most})");
        let found: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(check))
            .fetch_all(&self.read)
            .await?;
        // sqlx gives up on a text that is none, and what it gives up on looks like no row.
        if found.is_empty() {
            return Ok(vec!["it cannot be checked".to_owned()]);
        }
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// Copies the write-ahead log into the database and cuts it to nothing: until then both files still have what was
    /// deleted. Waits for readers, and for at most [`BUSY`].
    pub(crate) async fn empty_journal(&self) -> Result<(), StoreError> {
        // Busy, frames in the log, frames copied: all three are 0 exactly when the file was cut.
        let done: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.write)
            .await?;
        if done == (0, 0, 0) {
            Ok(())
        } else {
            Err(StoreError::JournalInUse)
        }
    }

    /// Copies the write-ahead log into the database and closes everything.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        if self.write.is_closed() {
            // Opened for reading alone: there is one pool.
            return;
        }
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.write)
            .await;
        if let Err(error) = emptied {
            // Not a loss: the next start reads the write-ahead log.
            tracing::warn!(%error, "the write-ahead log was not copied back");
        }
        self.write.close().await;
    }
}

/// Runs a statement whose text depends on how many rows it has. It is not kept prepared: there would be one per count.
pub(crate) async fn execute(query: &mut QueryBuilder<Sqlite>, on: &mut SqliteConnection) -> Result<u64, StoreError> {
    Ok(query.build().persistent(false).execute(on).await?.rows_affected())
}

/// A query with a list of values in it: `before`, the values, `after`. The list is at most [`MAX_BINDS`] long, which the
/// caller's own limits (a batch, a page) ensure.
pub(crate) fn listed<T>(before: &str, values: impl Iterator<Item = T>, after: &str) -> QueryBuilder<Sqlite>
where
    T: for<'q> Encode<'q, Sqlite> + Type<Sqlite>,
{
    let mut query = QueryBuilder::new(before);
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(after);
    query
}

/// sqlx gives up on a schema that is no text: it panics, or what it gives up on looks like no row.
async fn check_schema(pool: &SqlitePool, path: &Path) -> Result<(), OpenError> {
    let schema: Vec<Vec<u8>> = sqlx::query_scalar("SELECT CAST(sql AS BLOB) FROM sqlite_schema WHERE sql IS NOT NULL")
        .fetch_all(pool)
        .await
        .map_err(|error| OpenError::of_database(path, error.into()))?;
    if schema.iter().any(|sql| str::from_utf8(sql).is_err()) {
        return Err(OpenError::of_database(path, StoreError::Corrupt("schema")));
    }
    Ok(())
}

/// Whether a connection that comes back has no transaction open; one that has is closed, which undoes it.
///
/// When a disk is full, SQLite ends a transaction by itself, or leaves it open, as the statement will have it; sqlx counts
/// transactions and is not told. From then on its count may be off by one: it "commits" a savepoint inside a transaction that
/// stays open, and the records of that batch are acknowledged, seen by this connection alone, and gone at the next start.
async fn is_at_rest(conn: &mut SqliteConnection) -> bool {
    // SQLite refuses to begin a transaction inside another, and beginning takes no lock and writes nothing.
    let begun = sqlx::raw_sql("BEGIN; ROLLBACK").execute(&mut *conn).await;
    begun.is_ok() && !conn.is_in_transaction()
}

/// A size or index as the database stores it. Tree sizes stop at 2^63 - 1, so none is lost.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A size or index from the database.
pub(crate) fn uint(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt("number"))
}

/// 32 bytes from the database.
pub(crate) fn bytes32(bytes: &[u8], what: &'static str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(what))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sha2::{Digest as _, Sha256};

    use super::*;

    /// Enough rows that pages of the index are divided many times.
    const ROWS: u64 = 8000;

    fn key(row: u64) -> [u8; 32] {
        Sha256::digest(row.to_be_bytes()).into()
    }

    fn is_deleted(row: u64) -> bool {
        row.is_multiple_of(2)
    }

    /// How many of the deleted keys are still somewhere in the database's files.
    fn left(dir: &Path) -> usize {
        let deleted: HashSet<[u8; 32]> = (0..ROWS).filter(|row| is_deleted(*row)).map(key).collect();
        let starts: HashSet<[u8; 4]> = deleted.iter().map(|key| [key[0], key[1], key[2], key[3]]).collect();
        let mut found = HashSet::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for window in bytes.windows(32) {
                // The start first: hashing every window whole would take as long as all other tests.
                if starts.contains(&window[..4]) && deleted.contains(window) {
                    found.insert(window.to_vec());
                }
            }
        }
        found.len()
    }

    #[tokio::test]
    async fn what_an_index_keeps_of_deleted_rows_goes_when_it_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let table = "CREATE TABLE kept (blind BLOB PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID";
        let db = Db::open(&dir.path().join("a.db"), &[(1, table)]).await.unwrap();
        let mut tx = db.write.begin().await.unwrap();
        for row in 0..ROWS {
            let insert = sqlx::query("INSERT INTO kept (blind, idx) VALUES ($1, $2)");
            let insert = insert.bind(key(row).to_vec()).bind(int(row));
            insert.execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        assert_eq!(left(dir.path()), usize::try_from(ROWS / 2).unwrap());

        let delete = sqlx::query("DELETE FROM kept WHERE idx % 2 = 0");
        delete.execute(&db.write).await.unwrap();
        assert!(left(dir.path()) > 0, "the journal has the old pages");
        db.empty_journal().await.unwrap();
        assert!(
            left(dir.path()) > 0,
            "SQLite cleans up after itself now: nothing need be written anew"
        );
        db.rewrite().await.unwrap();
        db.empty_journal().await.unwrap();
        assert_eq!(left(dir.path()), 0);
        let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM kept")
            .fetch_one(&db.read)
            .await
            .unwrap();
        assert_eq!(kept, int(ROWS / 2));
    }

    /// A transaction that could not be written, by so many pages of room.
    async fn fails(db: &Db, room: i64) {
        let mut conn = db.write.acquire().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
            .fetch_one(&mut *conn)
            .await
            .unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages + room);
        sqlx::query(sqlx::AssertSqlSafe(limit))
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        drop(conn);
        let mut tx = db.write.begin().await.unwrap();
        for statement in [
            // Many rows in one statement, which is undone by itself; one row in one, which undoes everything.
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) \
             INSERT INTO kept (text) SELECT randomblob(3000) FROM n",
            "INSERT INTO kept (text) VALUES (randomblob(60000))",
        ] {
            if sqlx::query(statement).execute(&mut *tx).await.is_err() {
                return;
            }
        }
        panic!("there was room");
    }

    /// SQLite ends a transaction by itself when there is no room, or does not. Whoever counts transactions then counts wrong,
    /// and takes for committed what is open: a record would be acknowledged and not be there.
    #[tokio::test]
    async fn what_is_committed_after_a_full_disk_is_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let table = "CREATE TABLE kept (id INTEGER PRIMARY KEY, text BLOB NOT NULL)";
        for rooms in [[0, 0], [0, 3], [3, 0], [3, 3], [0, 12], [12, 0]] {
            let path = dir.path().join(format!("{rooms:?}.db"));
            let db = Db::open(&path, &[(1, table)]).await.unwrap();
            for room in rooms {
                fails(&db, room).await;
            }
            let mut conn = db.write.acquire().await.unwrap();
            sqlx::query("PRAGMA max_page_count = 100000")
                .fetch_all(&mut *conn)
                .await
                .unwrap();
            drop(conn);
            let mut tx = db.write.begin().await.unwrap();
            sqlx::query("INSERT INTO kept (text) VALUES (x'00')")
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM kept")
                .fetch_one(&db.read)
                .await
                .unwrap();
            assert_eq!(kept, 1, "{rooms:?}");
        }
    }

    #[tokio::test]
    async fn a_journal_that_somebody_reads_is_not_called_empty() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(
            &dir.path().join("a.db"),
            &[(1, "CREATE TABLE kept (idx INTEGER PRIMARY KEY)")],
        )
        .await
        .unwrap();
        let mut reading = db.read.begin().await.unwrap();
        sqlx::query("SELECT idx FROM kept")
            .fetch_all(&mut *reading)
            .await
            .unwrap();
        sqlx::query("INSERT INTO kept (idx) VALUES (1)")
            .execute(&db.write)
            .await
            .unwrap();
        assert!(matches!(db.empty_journal().await, Err(StoreError::JournalInUse)));
        drop(reading);
        db.empty_journal().await.unwrap();
    }
}
