//! The issuer's database: everything here is a named transaction or look-up.
//!
//! There is one connection: a reader writes a page at a time, and receipts are looked up by their key.

mod deferred;
mod offers;

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use placet_kernel::feed::KeptFollower;
use placet_kernel::status::Bits;
use placet_schemas::id::{Did, Digest};
use placet_schemas::json;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};
use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

pub(crate) use deferred::Deferred;
pub(crate) use offers::{Grant, Redeemed};

use crate::consent::Held;
use crate::error::{OpenError, StoreError};

/// The database's file in the issuer's folder.
pub const DATABASE_FILE: &str = "issuer.db";
/// The file whose lock says that the folder is in use.
const LOCK_FILE: &str = "issuer.lock";
const MIGRATIONS: [(i64, &str); 3] = [
    (1, include_str!("../migrations/0001_issuer.sql")),
    (2, include_str!("../migrations/0002_sums.sql")),
    (3, include_str!("../migrations/0003_deferred.sql")),
];
/// Octets of SHA-256 before what is kept.
const SUM_BYTES: usize = 16;
/// How long a statement waits for a lock that another process holds.
const BUSY: Duration = Duration::from_secs(5);
/// How many consents are looked through at once.
const ROWS: i64 = 1024;
/// How transactions begin: two connections write, and one that has read before it writes could not wait for the other.
const WRITE: &str = "BEGIN IMMEDIATE";

/// The database.
#[derive(Debug)]
pub(crate) struct Store {
    db: SqlitePool,
    /// For offers and tokens, which are not worth a wait for the disk each.
    brief: SqlitePool,
    /// Held while the folder is in use: two issuers would each deal out what the other does not know of.
    _lock: File,
}

/// How far a feed was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Kept {
    pub(crate) version: Version<1>,
    pub(crate) follower: KeptFollower,
    pub(crate) keys: Option<ControllerKeys>,
    pub(crate) misbehaved: bool,
}

/// A brand's feed as a start finds it.
pub(crate) struct FeedRow {
    pub(crate) id: i64,
    pub(crate) kept: Kept,
    pub(crate) ordinals: u64,
}

/// What one page amounts to: written in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) ordinals: u64,
    pub(crate) requests: Vec<(Digest, ConsentRequest)>,
    /// Log index and ordinal of each item that has slots.
    pub(crate) items: Vec<(u64, u64)>,
    /// Consents as they are now, by the index of their grant.
    pub(crate) consents: Vec<(u64, Held)>,
    /// Indexes of grants whose consent is over: nothing is issued for it any more.
    pub(crate) over: Vec<u64>,
    /// Lists with more bits set.
    pub(crate) lists: Vec<(u64, Bits)>,
    /// Destructions, and whether anything of theirs was held.
    pub(crate) destructions: Vec<(u64, bool)>,
}

/// For which items of a consent receipts may be out, and which request it answers.
pub(crate) struct Live {
    pub(crate) grant: u64,
    pub(crate) request: Digest,
    pub(crate) live: Vec<u64>,
}

/// A destruction that the ledger waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owed {
    /// Log index of the Destruction.
    pub(crate) destruction: u64,
    /// Whether anything of its leaves was held here.
    pub(crate) held: bool,
    /// Whether the files have been cleared since.
    pub(crate) cleared: bool,
}

impl Store {
    /// Opens the database in `dir`, making it with mode 0600 if it is not there, and brings its schema up to date.
    pub(crate) async fn open(dir: &Path) -> Result<Self, OpenError> {
        let lock = lock(dir)?;
        let path = dir.join(DATABASE_FILE);
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
        let pool = || SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
        let db = pool().connect_with(options.clone()).await.map_err(StoreError::from)?;
        let brief = options.synchronous(SqliteSynchronous::Normal);
        let brief = pool().connect_with(brief).await.map_err(StoreError::from)?;
        let list = MIGRATIONS.iter().map(|(version, sql)| {
            Migration::new(
                *version,
                "issuer".into(),
                MigrationType::Simple,
                sql.into_sql_str(),
                false,
            )
        });
        Migrator::with_migrations(list.collect()).run(&db).await?;
        Ok(Self { db, brief, _lock: lock })
    }

    /// The feeds that have been begun.
    pub(crate) async fn feeds(&self) -> Result<Vec<FeedRow>, StoreError> {
        let rows: Vec<(i64, Vec<u8>, i64)> = sqlx::query_as("SELECT id, state, ordinals FROM feeds ORDER BY id")
            .fetch_all(&self.db)
            .await?;
        let row = |(id, state, ordinals): (i64, Vec<u8>, i64)| {
            Ok(FeedRow {
                id,
                kept: read(&state, "how far a feed was read")?,
                ordinals: uint(ordinals)?,
            })
        };
        rows.into_iter().map(row).collect()
    }

    /// Begins a feed; gives its number here.
    pub(crate) async fn begin(&self, controller: &Did, kept: &Kept) -> Result<i64, StoreError> {
        let insert = "INSERT INTO feeds (controller, state, ordinals) VALUES ($1, $2, 0) RETURNING id";
        let id = sqlx::query_scalar(insert)
            .bind(controller.as_str())
            .bind(summed(&json::to_jcs(kept)?))
            .fetch_one(&self.db)
            .await?;
        Ok(id)
    }

    /// The requests of a feed.
    pub(crate) async fn requests(&self, feed: i64) -> Result<Vec<(Digest, ConsentRequest)>, StoreError> {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as("SELECT digest, body FROM requests WHERE feed = $1")
            .bind(feed)
            .fetch_all(&self.db)
            .await?;
        let row = |(digest, body): (Vec<u8>, Vec<u8>)| Ok((digest_of(&digest)?, read(&body, "a request")?));
        rows.into_iter().map(row).collect()
    }

    /// The lists of a feed.
    pub(crate) async fn lists(&self, feed: i64) -> Result<Vec<(u64, Bits)>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as("SELECT number, bits FROM lists WHERE feed = $1")
            .bind(feed)
            .fetch_all(&self.db)
            .await?;
        rows.into_iter()
            .map(|(number, bits)| {
                let bits = unsummed(&bits, "a status list")?.to_vec();
                Ok((uint(number)?, Bits::from_bytes(bits)))
            })
            .collect()
    }

    /// A consent and whose feed it is in, if receipts can be about it.
    pub(crate) async fn consent(&self, id: &Digest) -> Result<Option<(i64, u64, Held)>, StoreError> {
        let row: Option<(i64, i64, Vec<u8>)> =
            sqlx::query_as("SELECT feed, grant_idx, body FROM consents WHERE id = $1")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&self.db)
                .await?;
        row.map(|(feed, grant, body)| Ok((feed, uint(grant)?, read(&body, "a consent")?)))
            .transpose()
    }

    /// The consent whose grant is at this index.
    pub(crate) async fn consent_at(&self, grant: u64) -> Result<Option<Held>, StoreError> {
        let body: Option<Vec<u8>> = sqlx::query_scalar("SELECT body FROM consents WHERE grant_idx = $1")
            .bind(int(grant))
            .fetch_optional(&self.db)
            .await?;
        body.map(|body| read(&body, "a consent")).transpose()
    }

    /// Some consents of a feed, from this grant on; nothing where there are no more.
    pub(crate) async fn live(&self, feed: i64, from: u64) -> Result<Option<Vec<Live>>, StoreError> {
        let select =
            "SELECT grant_idx, body FROM consents WHERE feed = $1 AND grant_idx >= $2 ORDER BY grant_idx LIMIT $3";
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(select)
            .bind(feed)
            .bind(int(from))
            .bind(ROWS)
            .fetch_all(&self.db)
            .await?;
        let row = |(grant, body): (i64, Vec<u8>)| {
            let held: Held = read(&body, "a consent")?;
            Ok(Live {
                grant: uint(grant)?,
                request: held.state.request,
                live: held.live,
            })
        };
        let rows: Vec<Live> = rows.into_iter().map(row).collect::<Result<_, StoreError>>()?;
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }

    /// The ordinal of the item at this index of the log, if it has slots.
    pub(crate) async fn ordinal(&self, feed: i64, index: u64) -> Result<Option<u64>, StoreError> {
        let ordinal: Option<i64> = sqlx::query_scalar("SELECT ordinal FROM items WHERE feed = $1 AND idx = $2")
            .bind(feed)
            .bind(int(index))
            .fetch_optional(&self.db)
            .await?;
        ordinal.map(uint).transpose()
    }

    /// How many consents receipts can be about.
    pub(crate) async fn count(&self) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM consents").fetch_one(&self.db);
        uint(count.await?)
    }

    /// Writes a page. A crash before the commit reads it once more; a crash after it finds it read.
    pub(crate) async fn apply(&self, feed: i64, kept: &Kept, change: &Change) -> Result<(), StoreError> {
        let mut tx = self.db.begin_with(WRITE).await?;
        for (digest, request) in &change.requests {
            sqlx::query("INSERT INTO requests (feed, digest, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(feed)
                .bind(digest.as_bytes().as_slice())
                .bind(summed(&json::to_jcs(request)?))
                .execute(&mut *tx)
                .await?;
        }
        for (index, ordinal) in &change.items {
            sqlx::query("INSERT INTO items (feed, idx, ordinal) VALUES ($1, $2, $3)")
                .bind(feed)
                .bind(int(*index))
                .bind(int(*ordinal))
                .execute(&mut *tx)
                .await?;
        }
        let put = "INSERT INTO consents (grant_idx, feed, id, body) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (grant_idx) DO UPDATE SET body = $4";
        for (grant, held) in &change.consents {
            sqlx::query(put)
                .bind(int(*grant))
                .bind(feed)
                .bind(held.state.consent.as_bytes().as_slice())
                .bind(summed(&json::to_jcs(held)?))
                .execute(&mut *tx)
                .await?;
        }
        for grant in &change.over {
            // Its offers and tokens name her, and are for nothing any more.
            for gone in [
                "DELETE FROM offers WHERE consent IN (SELECT id FROM consents WHERE grant_idx = $1)",
                "DELETE FROM access WHERE consent IN (SELECT id FROM consents WHERE grant_idx = $1)",
                "DELETE FROM consents WHERE grant_idx = $1",
            ] {
                sqlx::query(gone).bind(int(*grant)).execute(&mut *tx).await?;
            }
        }
        let put = "INSERT INTO lists (feed, number, bits) VALUES ($1, $2, $3) \
                   ON CONFLICT (feed, number) DO UPDATE SET bits = $3";
        for (number, bits) in &change.lists {
            sqlx::query(put)
                .bind(feed)
                .bind(int(*number))
                .bind(summed(bits.as_bytes()))
                .execute(&mut *tx)
                .await?;
        }
        for (index, held) in &change.destructions {
            sqlx::query("INSERT INTO destructions (idx, held, cleared) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING")
                .bind(int(*index))
                .bind(*held)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("UPDATE feeds SET state = $2, ordinals = $3 WHERE id = $1")
            .bind(feed)
            .bind(summed(&json::to_jcs(kept)?))
            .bind(int(change.ordinals))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// What the ledger is owed, in order.
    pub(crate) async fn owed(&self) -> Result<Vec<Owed>, StoreError> {
        let rows: Vec<(i64, bool, bool)> = sqlx::query_as("SELECT idx, held, cleared FROM destructions ORDER BY idx")
            .fetch_all(&self.db)
            .await?;
        let owed = |(index, held, cleared)| {
            Ok(Owed {
                destruction: uint(index)?,
                held,
                cleared,
            })
        };
        rows.into_iter().map(owed).collect()
    }

    /// Clears the files of what was deleted, and says so of all destructions up to this one: under WAL secure_delete leaves what
    /// was deleted in both until then, and a page that was divided keeps copies of what moved.
    pub(crate) async fn clear(&self, up_to: u64) -> Result<(), StoreError> {
        sqlx::query("VACUUM").execute(&self.db).await?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.db)
            .await?;
        if busy != 0 {
            return Err(StoreError::Corrupt("the journal is in use"));
        }
        sqlx::query("UPDATE destructions SET cleared = 1 WHERE idx <= $1")
            .bind(int(up_to))
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// The ledger has the acknowledgement, or wants none.
    pub(crate) async fn settled(&self, destruction: u64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM destructions WHERE idx = $1")
            .bind(int(destruction))
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Closes everything.
    pub(crate) async fn close(&self) {
        self.brief.close().await;
        self.db.close().await;
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

fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8], what: &'static str) -> Result<T, StoreError> {
    serde_json::from_slice(unsummed(bytes, what)?).map_err(|_| StoreError::Corrupt(what))
}

/// With its sum before it. A bit that a disk loses may be the one that makes a receipt void, and nothing else would tell.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let mut all = Digest::of(bytes).as_bytes()[..SUM_BYTES].to_vec();
    all.extend_from_slice(bytes);
    all
}

fn unsummed<'a>(kept: &'a [u8], what: &'static str) -> Result<&'a [u8], StoreError> {
    let (sum, bytes) = kept.split_at_checked(SUM_BYTES).ok_or(StoreError::Corrupt(what))?;
    match Digest::of(bytes).as_bytes().starts_with(sum) {
        true => Ok(bytes),
        false => Err(StoreError::Corrupt(what)),
    }
}

fn digest_of(bytes: &[u8]) -> Result<Digest, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| StoreError::Corrupt("a digest has no 32 bytes"))?;
    Ok(Digest::from_bytes(bytes))
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn uint(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt("a number is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_that_lost_a_bit_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut bits = Bits::none_set();
        bits.set(7).unwrap();
        let kept = summed(bits.as_bytes());
        let insert = "INSERT INTO feeds (id, controller, state, ordinals) VALUES (1, 'did:web:a.example', x'00', 1)";
        sqlx::query(insert).execute(&store.db).await.unwrap();
        sqlx::query("INSERT INTO lists (feed, number, bits) VALUES (1, 0, $1)")
            .bind(&kept)
            .execute(&store.db)
            .await
            .unwrap();
        assert_eq!(store.lists(1).await.unwrap(), [(0, bits)]);
        for at in [0, SUM_BYTES - 1, SUM_BYTES, SUM_BYTES + 1, kept.len() - 1] {
            let mut lost = kept.clone();
            lost[at] ^= 1;
            let update = sqlx::query("UPDATE lists SET bits = $1").bind(lost);
            update.execute(&store.db).await.unwrap();
            assert!(matches!(store.lists(1).await, Err(StoreError::Corrupt(_))), "{at}");
        }
        for short in [
            Vec::new(),
            kept[..SUM_BYTES - 1].to_vec(),
            kept[..kept.len() - 1].to_vec(),
        ] {
            assert!(unsummed(&short, "a list").is_err());
        }
    }
}
