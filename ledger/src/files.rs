//! Files that the ledger writes besides its databases: the log that everybody may read, and the head file.
//!
//! A file comes into being under another name, is made durable, and is then renamed into place, so that whoever reads it
//! sees all of it or what was there before. Log files are rendered from committed rows, by the same code whether a batch
//! was just committed or the process just started, so a file that is missing or broken is simply rendered again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use placet_kernel::checkpoint::{CheckpointKeys, SignedCheckpoint};
use placet_kernel::tile::{
    TILE_WIDTH, Tile, TileKind, decode_entries, encode_entries, last_bundle, new_bundles, new_tiles, right_edge,
};

use crate::error::StoreError;
use crate::store::Store;

/// Name of the checkpoint file.
const CHECKPOINT: &str = "checkpoint";
/// Most tiles that are held in memory while a large part of a log is rendered: 2 MiB of hashes.
const RENDERED_AT_ONCE: usize = 256;

/// The folder that `/log/` is served from.
#[derive(Debug, Clone)]
pub(crate) struct LogFiles {
    root: PathBuf,
}

/// A file that only ever names a larger tree. It lies where a restored copy of the database does not reach.
#[derive(Debug, Clone)]
pub(crate) struct HeadFile {
    path: PathBuf,
}

impl LogFiles {
    /// The files in `root`, which is made if it is not there.
    pub(crate) fn open(root: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&root).map_err(|error| failed(&root, error))?;
        Ok(Self { root })
    }

    /// The published checkpoint, if there is one.
    pub(crate) fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        let bytes = read(&self.root.join(CHECKPOINT))?;
        // A checkpoint file that is no text was not written here; it is replaced by the one in the database.
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Replaces the published checkpoint.
    pub(crate) async fn publish(&self, note: String) -> Result<(), StoreError> {
        let path = self.root.join(CHECKPOINT);
        blocking(move || replace(&path, note.as_bytes())).await
    }

    /// The contents of a tile or an entry bundle, if it is there.
    pub(crate) async fn read(&self, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(tile);
        blocking(move || read(&path)).await
    }

    /// The same for whoever asks. Only the right edge is compared at the start, so a file that was cut off since it was
    /// written may lie before it: it is an error, and no tile.
    pub(crate) async fn served(&self, tile: Tile) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.read(tile).await?;
        let whole = |bytes: &Vec<u8>| match tile.kind() {
            TileKind::Hashes { .. } => bytes.len() == tile.hash_bytes(),
            TileKind::Entries => decode_entries(&tile, bytes).is_ok(),
        };
        match read {
            Some(bytes) if !whole(&bytes) => Err(StoreError::Corrupt("tile")),
            read => Ok(read),
        }
    }

    /// Writes every tile and bundle that a tree of `new` leaves needs and one of `old` leaves does not have.
    pub(crate) async fn render(&self, store: &Store, old: u64, new: u64) -> Result<(), StoreError> {
        let wanted: Vec<Tile> = new_tiles(old, new).chain(new_bundles(old, new)).collect();
        for part in wanted.chunks(RENDERED_AT_ONCE) {
            let mut rendered = Vec::with_capacity(part.len());
            for tile in part {
                rendered.push((self.path(*tile), contents(store, *tile).await?));
            }
            blocking(move || write_all(&rendered)).await?;
        }
        Ok(())
    }

    /// Compares the right edge of a tree with the database, byte by byte, and writes anew what differs: a file that is there
    /// and wrong is as bad as one that is missing.
    pub(crate) async fn mend_edge(&self, store: &Store, size: u64) -> Result<usize, StoreError> {
        let mut broken = Vec::new();
        for tile in right_edge(size).chain(last_bundle(size)) {
            let right = contents(store, tile).await?;
            if self.read(tile).await?.as_ref() != Some(&right) {
                broken.push((self.path(tile), right));
            }
        }
        let count = broken.len();
        blocking(move || write_all(&broken)).await?;
        Ok(count)
    }

    fn path(&self, tile: Tile) -> PathBuf {
        // The path of a tile is digits, `x`, `p`, `.` and slashes: see `Tile`.
        self.root.join(tile.to_string())
    }
}

impl HeadFile {
    /// The head file at `path`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The checkpoint in it. One that does not open is an error: it cannot be told from a larger one.
    pub(crate) fn read(&self, keys: &CheckpointKeys) -> Result<Option<SignedCheckpoint>, StoreError> {
        read(&self.path)?
            .map(|note| Ok(SignedCheckpoint::open(&note, keys)?))
            .transpose()
    }

    /// Replaces it.
    pub(crate) async fn write(&self, note: String) -> Result<(), StoreError> {
        let path = self.path.clone();
        blocking(move || replace(&path, note.as_bytes())).await
    }
}

/// What belongs into a tile, from committed rows.
async fn contents(store: &Store, tile: Tile) -> Result<Vec<u8>, StoreError> {
    match tile.kind() {
        TileKind::Hashes { .. } => store.tile_data(tile).await,
        TileKind::Entries => {
            let from = tile.index() * u64::from(TILE_WIDTH);
            let leaves = store.leaves(from, from + u64::from(tile.width())).await?;
            encode_entries(&tile, leaves.iter().map(Vec::as_slice)).map_err(|_| StoreError::Corrupt("leaf"))
        }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, error)),
    }
}

/// Writes files, each whole or not at all, and makes the folders that name them durable once each.
fn write_all(files: &[(PathBuf, Vec<u8>)]) -> Result<(), StoreError> {
    let mut folders = BTreeSet::new();
    for (path, bytes) in files {
        let folder = folder_of(path);
        if folders.insert(folder) && !folder.exists() {
            make_folder(folder)?;
        }
        put(path, bytes)?;
    }
    folders.into_iter().try_for_each(sync_folder)
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    put(path, bytes)?;
    sync_folder(folder_of(path))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    // One process, and in it one task, writes each file (see `recover`), so a fixed name is safe; what a crash left there
    // is overwritten.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        // Without this a crash could leave the new name on an empty file.
        file.sync_all()
    });
    written.map_err(|error| failed(&temporary, error))?;
    fs::rename(&temporary, path).map_err(|error| failed(path, error))
}

/// Makes a folder, and makes its name durable in each folder above that is new too.
fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let new: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    new.into_iter().map(folder_of).try_for_each(sync_folder)
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| failed(folder, error))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn failed(path: &Path, error: io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        error,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StoreError::Stopping)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_in_folders_that_were_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tile/0/x001/234.p/5");
        write_all(&[(path.clone(), b"one".to_vec())]).unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"one");
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing else is left there"
        );
        assert_eq!(read(&dir.path().join("absent")).unwrap(), None);
    }
}
