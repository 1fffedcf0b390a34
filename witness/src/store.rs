//! The state: one SQLite database, with a named function for each transaction or look-up.
//!
//! It keeps what others have judged and signed. The head of a log is replaced by compare-and-swap, in one statement, which
//! is one transaction: of two requests that were judged by the same head only one can replace it, also if they came to two
//! processes. Writes are durable (WAL, `synchronous=FULL`) when a function returns.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::note::UnverifiedNote;
use placet_schemas::id::Origin;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row as _, SqlSafeStr as _};

use crate::error::{OpenError, StoreError};

const MIGRATIONS: [(i64, &str); 1] = [(1, include_str!("../migrations/0001_witness.sql"))];
/// Connections for reading. Each is a thread of its own.
const READERS: u32 = 4;
/// How long a statement waits for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(5);
/// The most forks that are kept of one log: one is enough to show what it did, and a log that has lost its key could be made
/// to sign without end.
pub const MAX_FORKS: u32 = 64;

/// The latest cosigned checkpoint of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The tree head.
    pub(crate) checkpoint: Checkpoint,
    /// The checkpoint with those signatures of its log that hold.
    pub(crate) note: String,
    /// The signature line that was answered, with its newline.
    pub(crate) cosignature: String,
    /// The time it states, in seconds since 1970.
    pub(crate) cosigned_at: u64,
}

/// Two checkpoints of one log, one size and two roots: what the log cannot explain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The log.
    pub origin: Origin,
    /// The size of both trees.
    pub size: u64,
    /// The checkpoint that this witness had cosigned, with the log's signatures.
    pub held_note: String,
    /// The other one, with the log's signatures.
    pub other_note: String,
    /// When it was seen, by this machine's clock, in seconds since 1970.
    pub seen_at: u64,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Store {
    write: SqlitePool,
    read: SqlitePool,
}

impl Store {
    /// Opens the database at `path`, making it with mode 0600 if it is not there, and brings its schema up to date.
    pub(crate) async fn open(path: &Path) -> Result<Self, OpenError> {
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
        let write = pool(1, options.clone()).await?;
        let list = MIGRATIONS.iter().map(|(version, sql)| {
            let sql = sql.into_sql_str();
            Migration::new(*version, "witness".into(), MigrationType::Simple, sql, false)
        });
        Migrator::with_migrations(list.collect()).run(&write).await?;
        let read = pool(READERS, options.read_only(true)).await?;
        Ok(Self { write, read })
    }

    /// Whether the file is whole and each head is that of the log that its row names. A log whose row is not found has, for
    /// all that this witness knows, never been cosigned, and would be from its beginning: also as a fork. There is a row per
    /// log, so this takes no time.
    pub(crate) async fn is_whole(&self) -> Result<bool, StoreError> {
        // sqlx gives up on a schema that is no text, and what it gives up on looks like no row.
        let schema: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT CAST(sql AS BLOB) FROM sqlite_schema WHERE sql IS NOT NULL")
                .fetch_all(&self.read)
                .await?;
        if schema.iter().any(|sql| str::from_utf8(sql).is_err()) {
            return Ok(false);
        }
        let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
            .fetch_one(&self.read)
            .await?;
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT origin, note FROM heads")
            .fetch_all(&self.read)
            .await?;
        let named = |(origin, note): &(String, String)| {
            checkpoint_in(note).is_some_and(|checkpoint| checkpoint.origin().as_str() == origin)
        };
        Ok(found == "ok" && rows.iter().all(named))
    }

    /// The vkey of the first start; `None` before it.
    pub(crate) async fn identity(&self) -> Result<Option<String>, StoreError> {
        let vkey = sqlx::query_scalar("SELECT vkey FROM identity WHERE id = 1");
        Ok(vkey.fetch_optional(&self.read).await?)
    }

    /// Keeps the vkey of the first start, in place of one that never came to be used.
    pub(crate) async fn keep_identity(&self, vkey: &str) -> Result<(), StoreError> {
        let insert = "INSERT INTO identity (id, vkey) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET vkey = $1";
        sqlx::query(insert).bind(vkey).execute(&self.write).await?;
        Ok(())
    }

    /// Whether anything was ever cosigned.
    pub(crate) async fn has_signed(&self) -> Result<bool, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM heads")
            .fetch_one(&self.read)
            .await?;
        Ok(count > 0)
    }

    /// The latest cosigned checkpoint of a log, if any was cosigned.
    pub(crate) async fn head(&self, origin: &Origin) -> Result<Option<Head>, StoreError> {
        let query = sqlx::query("SELECT size, root, note, cosignature, cosigned_at FROM heads WHERE origin = $1");
        let Some(row) = query.bind(origin.as_str()).fetch_optional(&self.read).await? else {
            return Ok(None);
        };
        let note: String = row.try_get("note")?;
        let root: Vec<u8> = row.try_get("root")?;
        let checkpoint = checkpoint_in(&note).ok_or(StoreError::Corrupt("note of a head"))?;
        // Said twice in the row, because a flipped bit in the one root would make an honest log look like a forking one.
        let same = checkpoint.origin() == origin
            && checkpoint.size() == uint(row.try_get("size")?)?
            && checkpoint.root().as_bytes() == root.as_slice();
        if !same {
            return Err(StoreError::Corrupt("head"));
        }
        Ok(Some(Head {
            checkpoint,
            note,
            cosignature: row.try_get("cosignature")?,
            cosigned_at: uint(row.try_get("cosigned_at")?)?,
        }))
    }

    /// Replaces the head `before` of a log, or makes its first one; `false`, and nothing is changed, if another has come in
    /// between. **When this returns `true`, the witness has committed itself**: it will cosign nothing else of this size.
    pub(crate) async fn replace(&self, before: Option<&Head>, after: &Head) -> Result<bool, StoreError> {
        let root = after.checkpoint.root();
        let query = match before {
            None => sqlx::query(
                "INSERT INTO heads (size, root, note, cosignature, cosigned_at, origin) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (origin) DO NOTHING",
            ),
            Some(_) => sqlx::query(
                "UPDATE heads SET size = $1, root = $2, note = $3, cosignature = $4, cosigned_at = $5
                 WHERE origin = $6 AND size = $7 AND root = $8 AND cosigned_at = $9",
            ),
        };
        let mut query = query
            .bind(int(after.checkpoint.size()))
            .bind(root.as_bytes().as_slice())
            .bind(&after.note)
            .bind(&after.cosignature)
            .bind(int(after.cosigned_at))
            .bind(after.checkpoint.origin().as_str());
        if let Some(before) = before {
            query = query
                .bind(int(before.checkpoint.size()))
                .bind(before.checkpoint.root().as_bytes().to_vec())
                .bind(int(before.cosigned_at));
        }
        Ok(query.execute(&self.write).await?.rows_affected() == 1)
    }

    /// Keeps both notes of a fork. The same one again, and one above [`MAX_FORKS`], changes nothing.
    pub(crate) async fn keep_fork(&self, fork: &Fork, other: &Checkpoint) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO forks (origin, size, root, held_note, other_note, seen_at)
             SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM forks WHERE origin = $1) < $7
             ON CONFLICT (origin, size, root) DO NOTHING",
        );
        let insert = insert
            .bind(fork.origin.as_str())
            .bind(int(fork.size))
            .bind(other.root().as_bytes().to_vec())
            .bind(&fork.held_note)
            .bind(&fork.other_note)
            .bind(int(fork.seen_at))
            .bind(i64::from(MAX_FORKS));
        insert.execute(&self.write).await?;
        Ok(())
    }

    /// All forks that were seen, by log and size.
    pub(crate) async fn forks(&self) -> Result<Vec<Fork>, StoreError> {
        let query = sqlx::query(
            "SELECT origin, size, held_note, other_note, seen_at FROM forks ORDER BY origin, size, seen_at, root",
        );
        let rows = query.fetch_all(&self.read).await?;
        let fork = |row: &sqlx::sqlite::SqliteRow| {
            let origin: String = row.try_get("origin")?;
            Ok(Fork {
                origin: origin.parse().map_err(|_| StoreError::Corrupt("origin of a fork"))?,
                size: uint(row.try_get("size")?)?,
                held_note: row.try_get("held_note")?,
                other_note: row.try_get("other_note")?,
                seen_at: uint(row.try_get("seen_at")?)?,
            })
        };
        rows.iter().map(fork).collect()
    }

    /// Forgets the times that were signed, and nothing else.
    pub(crate) async fn forget_times(&self) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE heads SET cosigned_at = 0");
        update.execute(&self.write).await?;
        Ok(())
    }

    /// Closes everything. SQLite copies the write-ahead log back with the last connection.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

async fn pool(connections: u32, options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    // There is no network that could break a connection, and to test one takes as long as a query.
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

fn checkpoint_in(note: &str) -> Option<Checkpoint> {
    let note = UnverifiedNote::parse(note.as_bytes()).ok()?;
    note.unverified_text().parse().ok()
}

/// A size or a time as the database stores it. Tree sizes and times that are signed stop at 2^63 - 1, so none is lost.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uint(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt("number"))
}
