//! A log of any size, loaded in bulk: the leaves of records that nobody has, under one dummy brand, behind the real ones.
//!
//! Tiles, head and files are those of a log that grew that way (`placet fsck` of the log's files says so before anything is
//! measured); there is no opening, no keyring row and no answer for the dummies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use placet_kernel::audit::Tower;
use placet_kernel::checkpoint::{Checkpoint, cosign, sign_checkpoint};
use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::{Frontier, Hash, leaf_hash};
use placet_kernel::tile::{TILE_WIDTH, Tile, TileError, TileKind, encode_entries};
use placet_schemas::id::{Digest, Origin};
use placet_tests::process::now;
use placet_wallet::keys::SoftwareKey;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, QueryBuilder, Sqlite};

/// Rows of one statement.
const ROWS: usize = 4000;
/// The brand of the dummies.
const DUMMY: &str = "did:web:dummy.example";

/// Makes the stopped node in `folder` a log of `size` leaves.
pub(crate) fn load(folder: &Path, origin: &Origin, size: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(load_all(folder, origin, size));
}

/// Checks the files of a log with the program that is measured.
pub(crate) fn check(placet: &Path, folder: &Path) {
    let mut fsck = Command::new(placet);
    fsck.arg("fsck")
        .arg(folder.join("log"))
        .arg("--trust")
        .arg(folder.join("trust.json"));
    let ended = fsck.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
}

/// The leaf of a dummy.
fn dummy(index: u64) -> [u8; LEAF_BYTES] {
    let mut leaf = [1; LEAF_BYTES];
    leaf[1..].copy_from_slice(Digest::of(&index.to_be_bytes()).as_bytes());
    leaf
}

/// What has been made and is not written yet.
struct Loader {
    tower: Tower,
    frontier: Frontier,
    /// Leaves of the bundle that is being filled.
    bundle: Vec<[u8; LEAF_BYTES]>,
    tiles: Vec<(Tile, Vec<u8>)>,
    log: PathBuf,
}

async fn load_all(folder: &Path, origin: &Origin, size: u64) {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("main.db"))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Off);
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let real: Vec<Vec<u8>> = sqlx::query_scalar("SELECT leaf FROM records ORDER BY idx")
        .fetch_all(&mut db)
        .await
        .unwrap();
    let first = real.len() as u64;
    assert!(first <= size);
    let brand = sqlx::query(
        "INSERT INTO controllers (id, did, legal_name, keys_idx, feed_size, feed_frontier, feed_root) \
         VALUES ($1, $2, 'Dummy', 0, 0, X'', $3)",
    );
    let empty = Frontier::new().root();
    let brand = brand.bind(int(first)).bind(DUMMY).bind(empty.as_bytes().as_slice());
    brand.execute(&mut db).await.unwrap();
    let mut loader = Loader {
        tower: Tower::new(0, 0),
        frontier: Frontier::new(),
        bundle: Vec::new(),
        tiles: Vec::new(),
        log: folder.join("log"),
    };
    real.iter()
        .for_each(|leaf| loader.push(leaf.as_slice().try_into().unwrap()));
    let mut next = first;
    while next < size {
        let to = size.min(next + ROWS as u64);
        let mut tx = db.begin().await.unwrap();
        let mut rows = QueryBuilder::<Sqlite>::new("INSERT INTO records (idx, leaf, controller_id, seq, answer) ");
        rows.push_values(next..to, |mut row, index| {
            row.push_bind(int(index))
                .push_bind(dummy(index).to_vec())
                .push_bind(int(first))
                .push_bind(int(index))
                .push("X''");
        });
        rows.build().persistent(false).execute(&mut *tx).await.unwrap();
        (next..to).for_each(|index| loader.push(dummy(index)));
        loader.write_tiles(&mut tx).await;
        tx.commit().await.unwrap();
        next = to;
    }
    loader.finish();
    loader.write_tiles(&mut db).await;
    let note = sign(folder, origin, &loader.frontier);
    write_head(&mut db, &loader.frontier, &note).await;
    fs::write(loader.log.join("checkpoint"), &note).unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut db)
        .await
        .unwrap();
    db.close().await.unwrap();
}

impl Loader {
    fn push(&mut self, leaf: [u8; LEAF_BYTES]) {
        self.frontier.push(leaf_hash(&leaf));
        self.bundle.push(leaf);
        if self.bundle.len() == usize::from(TILE_WIDTH) {
            self.write_bundle();
        }
        let tiles = &mut self.tiles;
        self.tower
            .push(leaf_hash(&leaf), |tile, hashes| keep(tiles, tile, hashes))
            .unwrap();
    }

    fn finish(&mut self) {
        if !self.bundle.is_empty() {
            self.write_bundle();
        }
        let tiles = &mut self.tiles;
        self.tower
            .finish(None, |tile, hashes| keep(tiles, tile, hashes))
            .unwrap();
    }

    fn write_bundle(&mut self) {
        let last = (self.frontier.size() - 1) / u64::from(TILE_WIDTH);
        let tile = Tile::entries(last, u16::try_from(self.bundle.len()).unwrap()).unwrap();
        let bytes = encode_entries(&tile, self.bundle.iter().map(<[u8; LEAF_BYTES]>::as_slice)).unwrap();
        self.write_file(tile, &bytes);
        self.bundle.clear();
    }

    /// Writes the tiles that are ready, as rows and as files.
    async fn write_tiles(&mut self, db: &mut SqliteConnection) {
        for (tile, data) in std::mem::take(&mut self.tiles) {
            let TileKind::Hashes { level } = tile.kind() else {
                panic!("a bundle")
            };
            let row = sqlx::query("INSERT OR REPLACE INTO tiles (level, n, data) VALUES ($1, $2, $3)");
            row.bind(i64::from(level))
                .bind(int(tile.index()))
                .bind(&data)
                .execute(&mut *db)
                .await
                .unwrap();
            self.write_file(tile, &data);
        }
    }

    fn write_file(&self, tile: Tile, bytes: &[u8]) {
        let path = self.log.join(tile.to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn keep(tiles: &mut Vec<(Tile, Vec<u8>)>, tile: Tile, hashes: &[Hash]) -> Result<(), TileError> {
    tiles.push((tile, hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()));
    Ok(())
}

async fn write_head(db: &mut SqliteConnection, frontier: &Frontier, note: &str) {
    let hashes: Vec<u8> = frontier.hashes().iter().flat_map(|hash| *hash.as_bytes()).collect();
    let root = frontier.root();
    let head = sqlx::query("UPDATE head SET size = $1, root = $2, frontier = $3, note = $4, time = $5");
    let (size, time) = (int(frontier.size()), int(now().unix()));
    let head = head
        .bind(size)
        .bind(root.as_bytes().as_slice())
        .bind(hashes)
        .bind(note)
        .bind(time);
    head.execute(&mut *db).await.unwrap();
    let kept = sqlx::query("INSERT OR REPLACE INTO checkpoints (size, time, root, note) VALUES ($1, $2, $3, $4)");
    kept.bind(size)
        .bind(time)
        .bind(root.as_bytes().as_slice())
        .bind(note)
        .execute(db)
        .await
        .unwrap();
}

/// The checkpoint, signed with the node's own keys.
fn sign(folder: &Path, origin: &Origin, frontier: &Frontier) -> String {
    let key = |name: &str| {
        let hex = fs::read_to_string(folder.join("keys").join(name)).unwrap();
        let digest: Digest = hex.trim().parse().unwrap();
        SoftwareKey::ed25519_from_seed(digest.as_bytes())
    };
    let checkpoint = Checkpoint::new(origin.clone(), frontier.size(), frontier.root()).unwrap();
    let mut note = sign_checkpoint(&checkpoint, &key("checkpoint.key")).unwrap();
    let cosigner = format!("{origin}/cosigner").parse().unwrap();
    note.push_str(&cosign(&checkpoint, &cosigner, now().unix(), &key("cosigner.key")).unwrap());
    note
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap()
}
