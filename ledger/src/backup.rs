//! Copies of the two databases while the node serves, and what a restored folder must be.
//!
//! A copy is made by SQLite itself (`VACUUM INTO`), from one read transaction: a file copied by other means while a node
//! writes is no database. The main database is copied **first**: whatever it has, the later copy of the keyring has the keys
//! of. What the keyring has beyond that is cut off.
//!
//! The two have lives of their own. Sealed records without their keys reveal nothing, so copies of the main database may be
//! kept. A copy of the keyring opens whatever was destroyed since it was made, so it must not be kept for long.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sqlx::AssertSqlSafe;

use crate::crypto::Vault;
use crate::db::Db;
use crate::error::{OpenError, StoreError};
use crate::keyring::Keyring;
use crate::keys::Keys;
use crate::recover::lock_folder;
use crate::step::{Fate, Step, Unwatched, Watcher, When};
use crate::store::Store;

/// File name of the main database in a node's folder.
pub const MAIN_DATABASE: &str = "main.db";
/// File name of the keyring in a node's folder.
pub const KEYRING_DATABASE: &str = "keyring.db";

/// How often the copies are made anew because a consent was destroyed between them. A node that destroys without end gets a
/// backup all the same: what was destroyed meanwhile is then told as lost.
const MAX_TRIES: usize = 8;

/// What a copy has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Records of the main database at that moment.
    pub size: u64,
    /// Bytes of both files.
    pub bytes: u64,
    /// A consent was destroyed between the two copies, each time: what it was looks lost by this pair.
    pub torn: bool,
}

/// A backup that is being made.
struct Copying<'a> {
    watcher: &'a dyn Watcher,
    /// What it has written so far.
    left: Vec<PathBuf>,
}

/// Why it was not made.
enum Broken {
    Failed(OpenError),
    /// The process is taken to be dead.
    Dead,
}

/// What a restored folder has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Records in the log.
    pub size: u64,
    /// Indexes of acknowledged records whose keys are not in the keyring although nobody destroyed them, as first and last of
    /// each run. Nobody can read them any more; their leaves still stand.
    pub unreadable: Vec<(u64, u64)>,
    /// Destructions that this keyring has not seen: they are done again at the next start, before anything is served.
    pub destroyed_again: u64,
}

/// Copies the databases of the node in `dir` to two files, which must not be there. The node may run.
///
/// # Errors
/// See [`OpenError`]. What was written until then is removed.
pub async fn backup(dir: &Path, main: &Path, keyring: &Path) -> Result<Copied, OpenError> {
    backup_watched(dir, main, keyring, &Unwatched).await
}

/// The same, seen by a watcher.
///
/// # Errors
/// See [`backup`]. When the watcher lets it die, nothing is removed, as after the end of a process: a copy that has no
/// keyring beside it, or a name that ends in `.partial`. Neither stands in the way of another backup under other names.
pub async fn backup_watched(
    dir: &Path,
    main: &Path,
    keyring: &Path,
    watcher: &dyn Watcher,
) -> Result<Copied, OpenError> {
    let mut copying = Copying {
        watcher,
        left: Vec::new(),
    };
    let made = copying.both(dir, main, keyring).await;
    made.map_err(|broken| match broken {
        Broken::Failed(error) => {
            // Half a backup must not look like one; and what was there before this one is none of its business.
            for path in copying.left {
                drop(fs::remove_file(path));
            }
            error
        }
        Broken::Dead => StoreError::Stopping.into(),
    })
}

/// Looks at a folder into which databases were put back, before any node starts on it: whether they open with these keys,
/// and what is lost.
///
/// # Errors
/// [`OpenError::InUse`] while a node runs on it; the others as for a node that starts.
pub async fn inspect_restored(dir: &Path, keys: &Keys) -> Result<Restored, OpenError> {
    let _lock = lock_folder(dir)?;
    let store = Store::open_to_read(dir).await?;
    let keyring = Keyring::open_to_read(dir, Vault::new(&keys.kek)).await?;
    let head = store.head().await?.ok_or(StoreError::Corrupt("head"))?;
    let destroyed = store.destroyed_leaves(head.size).await?;
    let seen = keyring.destroyed_upto().await?;
    let behind = destroyed
        .iter()
        .filter(|(_, by)| seen.is_none_or(|seen| *by > seen))
        .map(|(_, by)| *by);
    let destroyed_again = behind.collect::<BTreeSet<u64>>().len() as u64;
    let unreadable = without(
        &keyring.missing(head.size).await?,
        destroyed.into_iter().map(|(leaf, _)| leaf).collect(),
    );
    store.close().await;
    keyring.close().await;
    Ok(Restored {
        size: head.size,
        unreadable,
        destroyed_again,
    })
}

/// These runs without these indexes.
fn without(runs: &[(u64, u64)], taken: BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut left = Vec::new();
    for (first, last) in runs {
        let mut next = *first;
        for index in taken.range(first..=last) {
            if *index > next {
                left.push((next, index - 1));
            }
            next = index + 1;
        }
        if next <= *last {
            left.push((next, *last));
        }
    }
    left
}

impl Copying<'_> {
    async fn both(&mut self, dir: &Path, main: &Path, keyring: &Path) -> Result<Copied, Broken> {
        let (mut size, mut torn) = (0, true);
        for _ in 0..MAX_TRIES {
            self.copy(Step::CopyMain, &dir.join(MAIN_DATABASE), main).await?;
            self.copy(Step::CopyKeyring, &dir.join(KEYRING_DATABASE), keyring)
                .await?;
            // Keys that were destroyed in between would look lost, by this copy of the main database.
            size = size_of(&partial(main)).await?;
            torn = destroyed_upto(&partial(keyring))
                .await?
                .is_some_and(|upto| upto >= size);
            if !torn {
                break;
            }
        }
        // Keys of records that came in between: this copy of the main database does not have them, and a node that finds so
        // many beyond its head takes itself for an older state than it is.
        self.reach(Step::CutKeyring, When::Before)?;
        crate::keyring::cut(&partial(keyring), size).await?;
        self.reach(Step::CutKeyring, When::After)?;
        // Only now do they get their names: the keyring's last, since a main database without one is worth nothing.
        let bytes = self.settle(Step::NameMain, main)? + self.settle(Step::NameKeyring, keyring)?;
        Ok(Copied { size, bytes, torn })
    }

    async fn copy(&mut self, step: Step, from: &Path, to: &Path) -> Result<(), Broken> {
        self.reach(step, When::Before)?;
        if to.exists() {
            return Err(failed(to, std::io::ErrorKind::AlreadyExists.into()).into());
        }
        self.left.push(partial(to));
        copy(from, &partial(to)).await?;
        self.reach(step, When::After)
    }

    /// Makes the copy durable and gives it its name. Gives its bytes.
    fn settle(&mut self, step: Step, path: &Path) -> Result<u64, Broken> {
        self.reach(step, When::Before)?;
        let bytes = settle(path).map_err(|error| failed(path, error))?;
        self.left.push(path.to_owned());
        self.reach(step, When::After)?;
        Ok(bytes)
    }

    fn reach(&self, step: Step, when: When) -> Result<(), Broken> {
        match self.watcher.reached(step, when) {
            Fate::Live => Ok(()),
            Fate::Fail => Err(Broken::Failed(StoreError::Injected.into())),
            Fate::Die => Err(Broken::Dead),
        }
    }
}

impl<E: Into<OpenError>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Copies a database to `target`, which is made or overwritten.
async fn copy(from: &Path, target: &Path) -> Result<(), OpenError> {
    // Made here and not by SQLite, which would let others read it; what is empty it writes into.
    let made = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(target);
    made.map_err(|error| failed(target, error))?;
    let text = target
        .to_str()
        .ok_or_else(|| failed(target, std::io::ErrorKind::InvalidInput.into()))?;
    let quoted = text.replace('\'', "''");
    let db = Db::open_as_it_is(from).await?;
    let copied = sqlx::query(AssertSqlSafe(format!("VACUUM INTO '{quoted}'")))
        .execute(db.reader())
        .await;
    db.close().await;
    copied?;
    Ok(())
}

fn settle(path: &Path) -> std::io::Result<u64> {
    let file = File::open(partial(path))?;
    file.sync_all()?;
    fs::rename(partial(path), path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(file.metadata()?.len())
}

fn failed(path: &Path, error: std::io::Error) -> OpenError {
    OpenError::Folder {
        path: path.to_owned(),
        error,
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

async fn destroyed_upto(keyring: &Path) -> Result<Option<u64>, OpenError> {
    let db = Db::open_as_it_is(keyring).await?;
    let upto: Result<i64, _> = sqlx::query_scalar("SELECT upto FROM destroyed")
        .fetch_one(db.reader())
        .await;
    db.close().await;
    Ok(u64::try_from(upto?).ok())
}

async fn size_of(main: &Path) -> Result<u64, OpenError> {
    let db = Db::open_as_it_is(main).await?;
    let size: Result<i64, _> = sqlx::query_scalar("SELECT size FROM head").fetch_one(db.reader()).await;
    db.close().await;
    Ok(crate::db::uint(size?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_where_something_is_taken_out() {
        let cut = |taken: &[u64]| without(&[(2, 6), (9, 9)], taken.iter().copied().collect());
        assert_eq!(cut(&[]), [(2, 6), (9, 9)]);
        assert_eq!(cut(&[2, 4, 9]), [(3, 3), (5, 6)]);
        assert_eq!(cut(&[6, 7]), [(2, 5), (9, 9)]);
        assert_eq!(cut(&[2, 3, 4, 5, 6]), [(9, 9)]);
    }
}
