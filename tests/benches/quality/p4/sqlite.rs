//! The rows that the node wrote, written again in the same batches into two databases of the same schema, and nothing else
//! done: the keyring's transaction, then the main database's, batch after batch.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, QueryBuilder, Row as _, Sqlite, TypeInfo as _, ValueRef as _,
};

use crate::clock::time;

/// Hashes in a tile, and octets in a hash.
const TILE: i64 = 256;
const HASH: i64 = 32;

/// How the rows of a batch, from one tree size to another, are read from the node's database and written again.
struct Table {
    read: &'static str,
    write: &'static str,
    conflict: &'static str,
}

const KEYRING: [Table; 3] = [
    Table {
        read: "SELECT idx, wrapped FROM record_keys WHERE idx >= $1 AND idx < $2",
        write: "INSERT INTO record_keys (idx, wrapped) ",
        conflict: "",
    },
    Table {
        read: "SELECT blind, idx, kind FROM lookups WHERE idx >= $1 AND idx < $2 ORDER BY idx, kind",
        write: "INSERT INTO lookups (blind, idx, kind) ",
        conflict: " ON CONFLICT DO NOTHING",
    },
    Table {
        read: "SELECT blind, idx, kind FROM members WHERE idx >= $1 AND idx < $2 ORDER BY idx, kind",
        write: "INSERT INTO members (blind, idx, kind) ",
        conflict: " ON CONFLICT DO NOTHING",
    },
];

const MAIN: [Table; 7] = [
    Table {
        read: "SELECT 1, c.size, c.root, h.frontier, c.note, c.time FROM checkpoints c, head h \
               WHERE c.size > $1 AND c.size <= $2 LIMIT 1",
        write: "INSERT INTO head (id, size, root, frontier, note, time) ",
        conflict: " ON CONFLICT (id) DO UPDATE SET size = excluded.size, root = excluded.root, \
                   frontier = excluded.frontier, note = excluded.note, time = excluded.time",
    },
    Table {
        read: "SELECT size, time, root, note FROM checkpoints WHERE size > $1 AND size <= $2",
        write: "INSERT INTO checkpoints (size, time, root, note) ",
        conflict: " ON CONFLICT DO NOTHING",
    },
    // The lowest level as it was at that size; the few hashes above it as they are.
    Table {
        read: "SELECT level, n, CASE level WHEN 0 THEN SUBSTR(data, 1, MIN($3, $2 - n * $3) * $4) ELSE data END \
               FROM tiles WHERE n >= ($1 >> (8 * (level + 1))) AND n <= (($2 - 1) >> (8 * (level + 1)))",
        write: "INSERT INTO tiles (level, n, data) ",
        conflict: " ON CONFLICT (level, n) DO UPDATE SET data = excluded.data",
    },
    Table {
        read: "SELECT id, did, legal_name, keys_idx, feed_size, feed_frontier, feed_root FROM controllers \
               WHERE id IN (SELECT controller_id FROM records WHERE idx >= $1 AND idx < $2)",
        write: "INSERT INTO controllers (id, did, legal_name, keys_idx, feed_size, feed_frontier, feed_root) ",
        conflict: " ON CONFLICT (id) DO UPDATE SET legal_name = excluded.legal_name, keys_idx = excluded.keys_idx, \
                   feed_size = excluded.feed_size, feed_frontier = excluded.feed_frontier, feed_root = excluded.feed_root",
    },
    Table {
        read: "SELECT idx, leaf, controller_id, seq, record, answer FROM records WHERE idx >= $1 AND idx < $2",
        write: "INSERT INTO records (idx, leaf, controller_id, seq, record, answer) ",
        conflict: "",
    },
    Table {
        read: "SELECT grant_idx, controller_id, last_idx, state FROM consents WHERE grant_idx >= $1 AND grant_idx < $2",
        write: "INSERT INTO consents (grant_idx, controller_id, last_idx, state) ",
        conflict: " ON CONFLICT (grant_idx) DO UPDATE SET last_idx = excluded.last_idx, state = excluded.state",
    },
    Table {
        read: "SELECT hash, request, expires, spent_idx FROM invitations WHERE spent_idx >= $1 AND spent_idx < $2",
        write: "INSERT INTO invitations (hash, request, expires, spent_idx) ",
        conflict: " ON CONFLICT (hash) DO UPDATE SET spent_idx = excluded.spent_idx",
    },
];

/// What was there before the first record: tables in the order in which they refer to one another, each with what picks
/// the rows, and what mends them.
const BEFORE: [(&str, &str); 15] = [
    ("record_keys", "WHERE idx < $1"),
    ("lookups", "WHERE idx < $1"),
    ("members", "WHERE idx < $1"),
    ("head", ""),
    ("checkpoints", "WHERE size <= $1"),
    ("tiles", ""),
    ("controllers", ""),
    ("controller_keys", ""),
    ("records", "WHERE idx < $1"),
    ("public_records", ""),
    ("requests", ""),
    ("notices", ""),
    ("consents", "WHERE grant_idx < $1"),
    ("invitations", ""),
    ("tokens", ""),
];

/// A value of a row.
enum Cell {
    Number(i64),
    Text(String),
    Octets(Vec<u8>),
    Nothing,
}

/// The rows of one batch, for each table.
type Batch = Vec<(&'static Table, Vec<Vec<Cell>>)>;

/// Number of records in the node's database.
pub(crate) fn size(folder: &Path) -> i64 {
    on(async {
        sqlx::query_scalar("SELECT size FROM head")
            .fetch_one(&mut open(folder, "main.db").await)
            .await
            .unwrap()
    })
}

/// Writes the records from `first` on again, `count` of them; gives records per second, and how many batches there were.
pub(crate) fn write_again(folder: &Path, first: i64, count: usize) -> (f64, usize) {
    let fresh = tempfile::tempdir().unwrap();
    on(async {
        let (mut main, mut keyring) = (open(folder, "main.db").await, open(folder, "keyring.db").await);
        let sizes = "SELECT DISTINCT size FROM checkpoints WHERE size > $1 ORDER BY size";
        let sizes: Vec<i64> = sqlx::query_scalar(sizes)
            .bind(first)
            .fetch_all(&mut main)
            .await
            .unwrap();
        let mut batches = Vec::with_capacity(sizes.len());
        for (from, to) in std::iter::once(&first).chain(&sizes).zip(&sizes) {
            batches.push((
                read(&mut keyring, &KEYRING, *from, *to).await,
                read(&mut main, &MAIN, *from, *to).await,
            ));
        }
        let mut to_keyring = copy(folder, fresh.path(), "keyring.db", first).await;
        let mut to_main = copy(folder, fresh.path(), "main.db", first).await;
        sqlx::query("UPDATE invitations SET spent_idx = NULL")
            .execute(&mut to_main)
            .await
            .unwrap();
        let writing = async {
            for (keyring, main) in &batches {
                write(&mut to_keyring, keyring).await;
                write(&mut to_main, main).await;
            }
        };
        let handle = tokio::runtime::Handle::current();
        let (took, ()) = tokio::task::block_in_place(|| time(|| handle.block_on(writing)));
        (count as f64 / took.as_secs_f64(), batches.len())
    })
}

fn on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// With the durability that the node has.
async fn open(folder: &Path, name: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(name))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "ON");
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// The schema of the node's database, and its rows below `first`.
async fn copy(folder: &Path, to: &Path, name: &str, first: i64) -> SqliteConnection {
    let mut node = open(folder, name).await;
    let schema = "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
                  ORDER BY type DESC, rowid";
    let schema: Vec<(String, String)> = sqlx::query_as(schema).fetch_all(&mut node).await.unwrap();
    let mut fresh = open(to, name).await;
    for (_, sql) in &schema {
        fresh.execute(AssertSqlSafe(sql.clone())).await.unwrap();
    }
    let attach = "ATTACH DATABASE $1 AS node";
    sqlx::query(attach)
        .bind(folder.join(name).to_str().unwrap())
        .execute(&mut fresh)
        .await
        .unwrap();
    for (table, rows) in BEFORE
        .iter()
        .filter(|(table, _)| schema.iter().any(|(name, _)| name == table))
    {
        let copy = format!("INSERT INTO main.{table} SELECT * FROM node.{table} {rows}");
        sqlx::query(AssertSqlSafe(copy))
            .bind(first)
            .execute(&mut fresh)
            .await
            .unwrap();
    }
    fresh.execute("DETACH DATABASE node").await.unwrap();
    // The run begins as the node's does: with little in the write-ahead log.
    fresh.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    fresh
}

async fn read(on: &mut SqliteConnection, tables: &'static [Table], from: i64, to: i64) -> Batch {
    let mut batch = Vec::new();
    for table in tables {
        let query = sqlx::query(table.read).bind(from).bind(to).bind(TILE).bind(HASH);
        let rows = query.fetch_all(&mut *on).await.unwrap();
        batch.push((table, rows.iter().map(cells).collect()));
    }
    batch
}

fn cells(row: &SqliteRow) -> Vec<Cell> {
    let cell = |at| {
        let value = row.try_get_raw(at).unwrap();
        match value.type_info().name() {
            _ if value.is_null() => Cell::Nothing,
            "INTEGER" => Cell::Number(row.get(at)),
            "TEXT" => Cell::Text(row.get(at)),
            _ => Cell::Octets(row.get(at)),
        }
    };
    (0..row.len()).map(cell).collect()
}

async fn write(on: &mut SqliteConnection, batch: &Batch) {
    let mut tx = on.begin().await.unwrap();
    for (table, rows) in batch.iter().filter(|(_, rows)| !rows.is_empty()) {
        let mut query = QueryBuilder::<Sqlite>::new(table.write);
        query.push_values(rows, |mut row, cells| {
            for cell in cells {
                match cell {
                    Cell::Number(number) => row.push_bind(*number),
                    Cell::Text(text) => row.push_bind(text.as_str()),
                    Cell::Octets(octets) => row.push_bind(octets.as_slice()),
                    Cell::Nothing => row.push_bind(None::<i64>),
                };
            }
        });
        query.push(table.conflict);
        query.build().persistent(false).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}
