//! The wallet's file: opened under a lock, written anew as a whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::book::Book;
use super::seal::{self, FileKey, MAX_FILE_BYTES};
use crate::files::{self, SECRET};
use crate::system;

/// An open wallet. Nobody else can open it until this is dropped: two commands at once would each write the whole file,
/// and one of them would lose the other's consent.
pub(super) struct Wallet {
    path: PathBuf,
    key: FileKey,
    /// What it remembers. Changes count when [`Wallet::save`] has returned.
    pub(super) book: Book,
    // Held, never read: the operating system lets go of the lock when the process ends, however it ends.
    _lock: File,
}

impl Wallet {
    /// Makes a new file.
    ///
    /// # Errors
    /// When there is a file already: a seed is never overwritten.
    pub(super) fn create(path: &Path, passphrase: &str, book: Book) -> Result<Self> {
        let lock = lock(path)?;
        let key = FileKey::fresh(passphrase, system::random()?)?;
        let bytes = key.seal(&book.to_bytes()?, system::random()?)?;
        files::write_new(path, &bytes, SECRET)?;
        Ok(Self {
            path: path.to_owned(),
            key,
            book,
            _lock: lock,
        })
    }

    /// Opens a file.
    pub(super) fn open(path: &Path, passphrase: &str) -> Result<Self> {
        if !path.exists() {
            bail!(
                "there is no wallet at {}: make one with `placet wallet new`, or name it with --wallet",
                path.display()
            );
        }
        let lock = lock(path)?;
        let (key, book) = read(path, passphrase)?;
        Ok(Self {
            path: path.to_owned(),
            key,
            book,
            _lock: lock,
        })
    }

    /// The wallet's file: proofs of misbehaviour are put beside it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes everything. When it returns, the new content is on the disk; if it fails or the machine stops before, the old
    /// content is there, whole.
    pub(super) fn save(&self) -> Result<()> {
        let bytes = self.key.seal(&self.book.to_bytes()?, system::random()?)?;
        if bytes.len() > MAX_FILE_BYTES {
            bail!("the wallet would be larger than {MAX_FILE_BYTES} bytes, and could not be opened again");
        }
        files::write(&self.path, &bytes, SECRET)
    }
}

/// Reads a wallet file or a backup of one.
pub(super) fn read(path: &Path, passphrase: &str) -> Result<(FileKey, Book)> {
    let bytes = files::read(path, MAX_FILE_BYTES)?;
    let (key, plain) = seal::open(&bytes, passphrase)?;
    Ok((key, Book::parse(&plain)?))
}

/// Writes a copy of a book under a passphrase of its own, to a file that must not exist.
pub(super) fn write_copy(path: &Path, passphrase: &str, book: &Book) -> Result<()> {
    let key = FileKey::fresh(passphrase, system::random()?)?;
    let bytes = key.seal(&book.to_bytes()?, system::random()?)?;
    files::write_new(path, &bytes, SECRET)
}

/// The lock is on a file beside the wallet, since the wallet's own file is replaced by each save.
fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(SECRET)
        .open(&path);
    let file = opened.with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        // Waiting could be for ever: the other command may be asking somebody a question.
        Err(TryLockError::WouldBlock) => bail!("another command has this wallet open; try again when it has ended"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
