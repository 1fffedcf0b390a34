//! A follower, such as an issuer or a verifier will be: it lives on the feed alone, keeps what it reads in a database of its
//! own, and destroys it when the feed says so. It stands for those to come.

use std::path::{Path, PathBuf};

use placet_kernel::jws;
use placet_kernel::merkle::{Frontier, Hash};
use placet_schemas::api::{DESTRUCTION_DONE_TYP, DoneClaims, DoneOutcome, FeedAnswer};
use placet_schemas::json;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_tests::bytes_of;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{Connection as _, Executor as _};

use super::house::House;

/// How many items it reads at once: few, so that a test crosses pages.
const PAGE: usize = 4;

/// The follower: its key, its token, its database.
pub(super) struct Follower {
    key: SoftwareKey,
    token: String,
    pub(super) db: PathBuf,
}

/// What it has of one item: place, leaf hash, and the record unless it may not or must not have it.
pub(super) type Row = (i64, i64, Vec<u8>, Option<Vec<u8>>);

impl Follower {
    /// A follower with a token for grants, narrowings and withdrawals.
    pub(super) async fn hire(house: &House, name: &str) -> Self {
        let key = SoftwareKey::ed25519_from_seed(&bytes_of(name));
        let order = json!({
            "role": "service",
            "label": name,
            "kinds": ["ConsentGrant", "Narrowing", "Withdrawal"],
            "key": key.did(),
        });
        Self {
            token: house.token(&order).await,
            key,
            db: house.dir.path().join(format!("{name}.db")),
        }
    }

    /// Reads all that is new in the cinema's feed. It may die anywhere: an item counts as read when all that it demands is
    /// done.
    pub(super) async fn follow(&self, house: &House) {
        let mut db = self.open().await;
        loop {
            let from: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM items")
                .fetch_one(&mut db)
                .await
                .unwrap();
            let path = format!("/v1/feed?controller={}&from={from}&limit={PAGE}", house.brand.did);
            let page = house.get(&path).token(&self.token).send().await.expect(200);
            let page: FeedAnswer = serde_json::from_slice(&page.body).unwrap();
            if page.items.is_empty() {
                check_root(&mut db, &page).await;
                break;
            }
            for item in &page.items {
                let record = item.record.as_ref().map(|record| json::to_jcs(record).unwrap());
                if let Some(Body::Destruction(destruction)) = record.as_deref().map(body) {
                    let leaves = destruction.leaves.as_slice();
                    let removed = remove(&mut db, leaves).await;
                    self.acknowledge(house, item.index, removed).await;
                }
                sqlx::query("INSERT INTO items (seq, idx, leaf_hash, record) VALUES ($1, $2, $3, $4)")
                    .bind(i64::try_from(item.seq).unwrap())
                    .bind(i64::try_from(item.index).unwrap())
                    .bind(item.leaf_hash.as_bytes().as_slice())
                    .bind(record)
                    .execute(&mut db)
                    .await
                    .unwrap();
            }
        }
        db.close().await.unwrap();
    }

    /// All that it has.
    pub(super) async fn rows(&self) -> Vec<Row> {
        let mut db = self.open().await;
        let rows = sqlx::query_as("SELECT seq, idx, leaf_hash, record FROM items ORDER BY seq");
        let rows = rows.fetch_all(&mut db).await.unwrap();
        db.close().await.unwrap();
        rows
    }

    async fn acknowledge(&self, house: &House, destruction: u64, removed: u64) {
        let claims = DoneClaims {
            origin: house.origin.clone(),
            destruction,
            outcome: if removed > 0 {
                DoneOutcome::Destroyed
            } else {
                DoneOutcome::NothingHeld
            },
            date: house.now(),
        };
        let (claims, method) = (json::to_jcs(&claims).unwrap(), self.key.did().key_method().unwrap());
        let done = jws::sign(&claims, DESTRUCTION_DONE_TYP, &method, &self.key).unwrap();
        let path = format!("/v1/destructions/{destruction}/acknowledgements");
        let call = house.post(&path).token(&self.token).json(&json!({ "done": done }));
        call.send().await.expect(204);
    }

    async fn open(&self) -> SqliteConnection {
        open(&self.db).await
    }
}

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("secure_delete", "ON");
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let table = "CREATE TABLE IF NOT EXISTS items (seq INTEGER PRIMARY KEY, idx INTEGER NOT NULL UNIQUE, \
        leaf_hash BLOB NOT NULL, record BLOB)";
    db.execute(table).await.unwrap();
    db
}

/// Removes the records of these leaves from every page and journal; gives how many there were.
async fn remove(db: &mut SqliteConnection, leaves: &[u64]) -> u64 {
    let mut removed = 0;
    for leaf in leaves {
        let gone = sqlx::query("UPDATE items SET record = NULL WHERE idx = $1 AND record IS NOT NULL")
            .bind(i64::try_from(*leaf).unwrap());
        removed += gone.execute(&mut *db).await.unwrap().rows_affected();
    }
    db.execute("VACUUM").await.unwrap();
    let emptied: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut *db)
        .await
        .unwrap();
    assert_eq!(emptied, (0, 0, 0));
    removed
}

/// What it has adds up to what the operator signed, destroyed or not.
async fn check_root(db: &mut SqliteConnection, page: &FeedAnswer) {
    let hashes: Vec<Vec<u8>> = sqlx::query_scalar("SELECT leaf_hash FROM items ORDER BY seq")
        .fetch_all(&mut *db)
        .await
        .unwrap();
    let mut frontier = Frontier::new();
    for hash in &hashes {
        frontier.push(Hash::new(hash.as_slice().try_into().unwrap()));
    }
    let head = &page.head.statement;
    assert_eq!(
        (frontier.size(), frontier.root().as_bytes()),
        (head.feed_size, head.feed_root.as_bytes())
    );
}

fn body(record: &[u8]) -> Body {
    CanonicalRecord::parse(record).unwrap().record.body
}
