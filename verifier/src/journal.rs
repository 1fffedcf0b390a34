//! The journal of accesses: what was decided and what was done, one file a minute, until it is anchored and expires.
//!
//! A line of a file is `d` and a signed decision, or `l` and an access line; lines stand in the order in which they are
//! anchored. A decision is handed to the system before it is answered, so that it survives the end of this process; a line
//! that a service reports is on disk when it is answered. A crash in the middle of a line leaves one without an end: it was
//! never answered, and is passed over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use placet_kernel::access::entry_hash;
use placet_kernel::merkle::Hash;
use placet_schemas::id::{decode_hex, encode_hex};
use placet_schemas::time::Timestamp;

use crate::batches::write_new;
use crate::error::StoreError;

/// The journal's folder in the verifier's.
pub const JOURNAL_DIR: &str = "access";
/// Seconds of one file, and so of one batch.
pub const BATCH_SECONDS: u64 = 60;
/// Ending of a file.
const ENDING: &str = "journal";
/// What ends a line that a crash has torn, so that it is passed over.
const TORN: &[u8] = b"\x00\n";
/// Longest line that is read.
const MAX_LINE_BYTES: u64 = 128 * 1024;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A signed decision: an SD-JWT.
    Decision(String),
    /// An access line: its RFC 8785 bytes.
    Line(Vec<u8>),
    /// One of the two whose consent was destroyed: its hash is left, which the others' proofs need.
    Gone(Hash),
}

/// The journal.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    open: Mutex<Pen>,
}

/// What is being written, and what may not be written any more.
#[derive(Debug, Default)]
struct Pen {
    open: Option<Open>,
    /// The newest minute that was closed. Entries of a late writer, or of a clock that was set back, go into the one after it:
    /// what is signed never changes.
    sealed: u64,
}

#[derive(Debug)]
struct Open {
    minute: u64,
    file: File,
}

impl Entry {
    /// Its hash in the batch.
    pub(crate) fn hash(&self) -> Hash {
        match self {
            Self::Decision(signed) => entry_hash(signed.as_bytes()),
            Self::Line(line) => entry_hash(line),
            Self::Gone(hash) => *hash,
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Decision(signed) => {
                bytes.push(b'd');
                bytes.extend_from_slice(signed.as_bytes());
            }
            Self::Line(line) => {
                bytes.push(b'l');
                bytes.extend_from_slice(line);
            }
            Self::Gone(hash) => {
                bytes.push(b'x');
                bytes.extend_from_slice(encode_hex(hash.as_bytes()).as_bytes());
            }
        }
        bytes.push(b'\n');
    }

    fn read(line: &[u8]) -> Option<Self> {
        let (mark, rest) = line.split_first()?;
        match mark {
            b'd' => String::from_utf8(rest.to_vec()).ok().map(Self::Decision),
            b'l' => Some(Self::Line(rest.to_vec())),
            b'x' => decode_hex(str::from_utf8(rest).ok()?).map(|bytes| Self::Gone(Hash::new(bytes))),
            _ => None,
        }
    }
}

impl Journal {
    /// Opens the journal in a verifier's folder.
    pub(crate) fn open(dir: &Path) -> Result<Self, StoreError> {
        let dir = dir.join(JOURNAL_DIR);
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.map_err(|error| failed(&dir, error))?;
        let journal = Self {
            dir,
            open: Mutex::default(),
        };
        journal.lock().sealed = journal.newest_signed()?;
        Ok(journal)
    }

    /// Writes entries, all in one file; `durable` waits until they are on disk.
    pub(crate) fn append(&self, entries: &[Entry], now: Timestamp, durable: bool) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        for entry in entries {
            entry.write(&mut bytes);
        }
        let mut pen = self.lock();
        let minute = (now.unix() / BATCH_SECONDS).max(pen.sealed + 1);
        let bad = |error| failed(&self.path(minute), error);
        let file = self.of_minute(&mut pen, minute).map_err(bad)?;
        let written = file
            .write_all(&bytes)
            .and_then(|()| durable.then(|| file.try_clone()).transpose());
        let file = written.map_err(|error| {
            // What follows a torn line would be lost with it.
            pen.open = None;
            bad(error)
        })?;
        // Nobody waits for the disk but who asked for it.
        drop(pen);
        file.map_or(Ok(()), |file| file.sync_data()).map_err(bad)
    }

    /// The minutes of which there is a file, the oldest first, without the one that is being written. From now on none of them
    /// is written.
    pub(crate) fn closed(&self, now: Timestamp) -> Result<Vec<u64>, StoreError> {
        let current = now.unix() / BATCH_SECONDS;
        let mut pen = self.lock();
        pen.open.take_if(|open| open.minute < current);
        pen.sealed = pen.sealed.max(current.saturating_sub(1));
        drop(pen);
        let mut minutes = self.all()?;
        minutes.retain(|minute| *minute < current);
        Ok(minutes)
    }

    /// Changes the entries of a minute where `change` gives another one. Nobody writes meanwhile.
    pub(crate) fn edit(&self, minute: u64, change: impl Fn(&Entry) -> Option<Entry>) -> Result<(), StoreError> {
        let mut pen = self.lock();
        let mut entries = self.read(minute)?;
        let mut changed = false;
        for entry in &mut entries {
            if let Some(other) = change(entry) {
                *entry = other;
                changed = true;
            }
        }
        if !changed {
            return Ok(());
        }
        pen.open.take_if(|open| open.minute == minute);
        let mut bytes = Vec::new();
        entries.iter().for_each(|entry| entry.write(&mut bytes));
        let path = self.path(minute);
        write_new(&path, &bytes).map_err(|error| failed(&path, error))
    }

    /// The newest minute that anything was signed of.
    fn newest_signed(&self) -> Result<u64, StoreError> {
        let mut newest = 0;
        for entry in fs::read_dir(&self.dir).map_err(|error| failed(&self.dir, error))? {
            let path = entry.map_err(|error| failed(&self.dir, error))?.path();
            let minute = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            if path.extension().is_some_and(|ending| ending != ENDING) {
                newest = newest.max(minute.unwrap_or(0));
            }
        }
        Ok(newest)
    }

    /// The minutes of which there is a file, the oldest first.
    pub(crate) fn all(&self) -> Result<Vec<u64>, StoreError> {
        let mut minutes = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(|error| failed(&self.dir, error))? {
            let path = entry.map_err(|error| failed(&self.dir, error))?.path();
            let minute = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            let ours = path.extension().is_some_and(|ending| ending == ENDING);
            minutes.extend(minute.filter(|_| ours));
        }
        minutes.sort_unstable();
        Ok(minutes)
    }

    /// The entries of a minute, in order.
    pub(crate) fn read(&self, minute: u64) -> Result<Vec<Entry>, StoreError> {
        let path = self.path(minute);
        let file = File::open(&path).map_err(|error| failed(&path, error))?;
        let mut reader = BufReader::new(file);
        let mut entries = Vec::new();
        loop {
            let mut line = Vec::new();
            let read = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
            if read.map_err(|error| failed(&path, error))? == 0 {
                return Ok(entries);
            }
            let Some(whole) = line.strip_suffix(b"\n") else {
                continue;
            };
            if !whole.ends_with(b"\x00") {
                entries.extend(Entry::read(whole));
            }
        }
    }

    /// The place of something that belongs to a minute.
    pub(crate) fn beside(&self, minute: u64, ending: &str) -> PathBuf {
        self.dir.join(format!("{minute}.{ending}"))
    }

    /// The file of a minute.
    pub(crate) fn path(&self, minute: u64) -> PathBuf {
        self.beside(minute, ENDING)
    }

    fn of_minute<'a>(&self, pen: &'a mut Pen, minute: u64) -> io::Result<&'a mut File> {
        let open = &mut pen.open;
        if open.as_ref().is_none_or(|open| open.minute != minute) {
            let path = self.path(minute);
            let torn = ends_torn(&path)?;
            let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
            if torn {
                file.write_all(TORN)?;
            }
            *open = Some(Open { minute, file });
        }
        open.as_mut()
            .map(|open| &mut open.file)
            .ok_or_else(|| io::Error::other("no file is open"))
    }

    fn lock(&self) -> MutexGuard<'_, Pen> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a crash left a line without an end.
fn ends_torn(path: &Path) -> io::Result<bool> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

pub(crate) fn failed(path: &Path, error: io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn entries_come_back_in_order_and_a_torn_one_is_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let (one, two) = (Entry::Decision("ey.a.b".into()), Entry::Line(b"{\"a\":1}".to_vec()));
        journal.append(std::slice::from_ref(&one), at(0), false).unwrap();
        journal.append(std::slice::from_ref(&two), at(1), true).unwrap();
        let minute = at(0).unix() / BATCH_SECONDS;
        assert_eq!(journal.closed(at(2)).unwrap(), [0; 0], "it is still being written");
        drop(journal);
        OpenOptions::new()
            .append(true)
            .open(dir.path().join(JOURNAL_DIR).join(format!("{minute}.{ENDING}")))
            .unwrap()
            .write_all(b"dtorn")
            .unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        journal.append(std::slice::from_ref(&one), at(3), true).unwrap();
        assert_eq!(journal.closed(at(61)).unwrap(), [minute]);
        let read = journal.read(minute).unwrap();
        assert_eq!(read, [one.clone(), two, one]);
    }

    #[test]
    fn what_was_closed_or_signed_is_never_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let one = [Entry::Line(b"{}".to_vec())];
        let minute = at(0).unix() / BATCH_SECONDS;
        let journal = Journal::open(dir.path()).unwrap();
        journal.append(&one, at(0), true).unwrap();
        assert_eq!(journal.closed(at(61)).unwrap(), [minute]);
        // A writer that comes late, and a clock that was set back.
        journal.append(&one, at(59), true).unwrap();
        journal.append(&one, at(1), false).unwrap();
        let lengths = |minute| journal.read(minute).unwrap().len();
        assert_eq!((lengths(minute), lengths(minute + 1)), (1, 2));
        std::fs::write(journal.beside(minute + 1, "batch"), b"signed").unwrap();
        drop(journal);
        let journal = Journal::open(dir.path()).unwrap();
        journal.append(&one, at(2), true).unwrap();
        assert_eq!(journal.all().unwrap(), [minute, minute + 1, minute + 2]);
        assert_eq!(journal.read(minute + 1).unwrap().len(), 2);
    }
}
