//! The rows that the node wrote, written again in the same batches into two databases of the same schema, and nothing else
//! done: the keyring's transaction, then the main database's, batch after batch.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, QueryBuilder, Row as _, Sqlite, TypeInfo as _,
    ValueRef as _,
};

use crate::clock::time;

/// Hashes in a tile, and octets in a hash.
const TILE: i64 = 256;
const HASH: i64 = 32;

/// How the rows of a batch, from one tree size to another, are read from the node's database and written again.
struct Table {
    name: &'static str,
    read: &'static str,
    conflict: Conflict,
}

/// What is done with a row that is there already.
enum Conflict {
    None,
    Keeps,
    /// It is replaced: these columns are the key.
    Replaces(&'static [&'static str]),
}

const KEYRING: [Table; 3] = [
    Table {
        name: "record_keys",
        read: "SELECT * FROM record_keys WHERE idx >= $1 AND idx < $2",
        conflict: Conflict::None,
    },
    Table {
        name: "lookups",
        read: "SELECT * FROM lookups WHERE idx >= $1 AND idx < $2 ORDER BY idx, kind",
        conflict: Conflict::Keeps,
    },
    Table {
        name: "members",
        read: "SELECT * FROM members WHERE idx >= $1 AND idx < $2 ORDER BY idx, kind",
        conflict: Conflict::Keeps,
    },
];

const MAIN: [Table; 7] = [
    Table {
        name: "head",
        read: "SELECT 1 AS id, c.size, c.root, h.frontier, c.note, c.time FROM checkpoints c, head h \
               WHERE c.size > $1 AND c.size <= $2 LIMIT 1",
        conflict: Conflict::Replaces(&["id"]),
    },
    Table {
        name: "checkpoints",
        read: "SELECT * FROM checkpoints WHERE size > $1 AND size <= $2",
        conflict: Conflict::Keeps,
    },
    // The lowest level as it was at that size; the few hashes above it as they are.
    Table {
        name: "tiles",
        read: "SELECT level, n, CASE level WHEN 0 THEN SUBSTR(data, 1, MIN($3, $2 - n * $3) * $4) ELSE data END AS data \
               FROM tiles WHERE n >= ($1 >> (8 * (level + 1))) AND n <= (($2 - 1) >> (8 * (level + 1)))",
        conflict: Conflict::Replaces(&["level", "n"]),
    },
    Table {
        name: "controllers",
        read: "SELECT * FROM controllers WHERE id IN (SELECT controller_id FROM records WHERE idx >= $1 AND idx < $2)",
        conflict: Conflict::Replaces(&["id"]),
    },
    Table {
        name: "records",
        read: "SELECT * FROM records WHERE idx >= $1 AND idx < $2",
        conflict: Conflict::None,
    },
    Table {
        name: "consents",
        read: "SELECT * FROM consents WHERE grant_idx >= $1 AND grant_idx < $2",
        conflict: Conflict::Replaces(&["grant_idx"]),
    },
    Table {
        name: "invitations",
        read: "SELECT * FROM invitations WHERE spent_idx >= $1 AND spent_idx < $2",
        conflict: Conflict::Replaces(&["hash"]),
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

/// What one batch writes into one table.
struct Rows {
    before: String,
    cells: Vec<Vec<Cell>>,
    after: String,
}

type Batch = Vec<Rows>;

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

async fn read(on: &mut SqliteConnection, tables: &[Table], from: i64, to: i64) -> Batch {
    let mut batch = Vec::new();
    for table in tables {
        let query = sqlx::query(table.read).bind(from).bind(to).bind(TILE).bind(HASH);
        let rows = query.fetch_all(&mut *on).await.unwrap();
        let Some(first) = rows.first() else { continue };
        let columns: Vec<&str> = first.columns().iter().map(|column| column.name()).collect();
        let after = match table.conflict {
            Conflict::None => String::new(),
            Conflict::Keeps => " ON CONFLICT DO NOTHING".to_owned(),
            Conflict::Replaces(key) => {
                let others = columns.iter().filter(|column| !key.contains(column));
                let set: Vec<String> = others.map(|column| format!("{column} = excluded.{column}")).collect();
                format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), set.join(", "))
            }
        };
        batch.push(Rows {
            before: format!("INSERT INTO {} ({}) ", table.name, columns.join(", ")),
            cells: rows.iter().map(cells).collect(),
            after,
        });
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
    for Rows { before, cells, after } in batch {
        let mut query = QueryBuilder::<Sqlite>::new(before);
        query.push_values(cells, |mut row, cells| {
            for cell in cells {
                match cell {
                    Cell::Number(number) => row.push_bind(*number),
                    Cell::Text(text) => row.push_bind(text.as_str()),
                    Cell::Octets(octets) => row.push_bind(octets.as_slice()),
                    Cell::Nothing => row.push_bind(None::<i64>),
                };
            }
        });
        query.push(after);
        query.build().persistent(false).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}
