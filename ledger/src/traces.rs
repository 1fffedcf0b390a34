//! Traces of one consent in the raw files of a node: what an operator looks for before and after a destruction.
//!
//! What a database answers says what its tables have. Its files may have more: free pages, gaps of index pages, journals
//! that were not cut, a forgotten copy. So the octets themselves are searched, in every file of the folder, for pieces of
//! all that is stored of the consent and of what opens it. The pieces are in memory only, and are never shown.
//!
//! Out of scope: blocks that a file system has freed, and copies outside the folder.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use placet_schemas::access::AccessLine;
use placet_schemas::id::Digest;
use placet_schemas::record::Body;
use zeroize::Zeroizing;

use crate::accesses::open_line;
use crate::arrive::event;
use crate::backup::KEYRING_DATABASE;
use crate::crypto::{BLIND_BYTES, Purpose, RecordSecret, Vault};
use crate::db::{Db, bytes32, int, listed};
use crate::error::{OpenError, StoreError};
use crate::keyring::Keyring;
use crate::keys::Keys;
use crate::life::MAX_EVENTS;
use crate::node::stored_record;
use crate::store::Store;

/// Longest piece. A value is searched in pieces, because SQLite cuts what does not fit a page, wherever that is.
const PIECE: usize = 32;
/// Shortest piece that is searched: a shorter one is found by chance.
const SHORTEST_PIECE: usize = 16;
/// How much of a file is in memory at once.
const WINDOW: usize = 1024 * 1024;
/// How many octets of a piece lead to it.
const HEAD: usize = 8;
const _: () = assert!(HEAD <= SHORTEST_PIECE, "every piece has a head");
/// How many values the first two of them can have.
const STARTS: usize = 1 << 16;
/// Most leaves of a consent: the events of its life, and the one that ends it.
const MAX_LEAVES: usize = MAX_EVENTS + 1;
/// The node's private keys. Nothing of a consent is ever written there, and they are read for nothing that is not signed.
const KEYS_FOLDER: &str = "keys";

/// Pieces of everything that a node has of one consent.
pub struct Traces {
    leaves: Vec<u64>,
    pieces: Vec<Zeroizing<Vec<u8>>>,
    /// Which two octets a piece may begin with: most places of a file are passed by with one look.
    starts: Vec<bool>,
    /// The pieces by their first octets.
    by_head: HashMap<[u8; HEAD], Vec<usize>>,
}

/// Where pieces were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TracesFound {
    /// How many files were searched.
    pub files: usize,
    /// How many different pieces there were.
    pub pieces: usize,
    /// How many in which file, by its path in the folder. No file without any.
    pub places: BTreeMap<PathBuf, usize>,
}

impl Traces {
    /// Reads what the node in `dir` has of a consent; `None` if it has nothing. Nothing is changed, the node may run, and no
    /// database is open any more afterwards: a reader would keep the node from cutting its journals.
    ///
    /// The pieces are of: the wrapped keys and salts of its records, and what is wrapped; the blinded values that lead to
    /// them and to nothing else; the sealed texts, answers, state and access lines; the digests and ids of the records, the ids of the lines, and the DIDs that
    /// sign for this consent alone.
    ///
    /// # Errors
    /// When the databases in `dir` cannot be read, or a record of the consent does not open with these keys.
    pub async fn read(dir: &Path, keys: &Keys, consent: &Digest) -> Result<Option<Self>, OpenError> {
        let store = Store::open_to_read(dir).await?;
        let keyring = Keyring::open_to_read(dir, Vault::new(&keys.kek)).await?;
        let rows = Db::open_as_it_is(&dir.join(KEYRING_DATABASE)).await?;
        let traces = collect(&store, &keyring, &rows, consent).await;
        store.close().await;
        keyring.close().await;
        rows.close().await;
        Ok(traces?)
    }

    /// The log indexes of the consent's records.
    #[must_use]
    pub fn leaves(&self) -> &[u64] {
        &self.leaves
    }

    /// Searches every file in `dir` and the folders in it, but for the node's private keys.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn search(&self, dir: &Path) -> Result<TracesFound, StoreError> {
        let mut found = TracesFound::default();
        let mut all = vec![false; self.pieces.len()];
        for path in files(dir)? {
            let mut here = vec![false; self.pieces.len()];
            match self.search_file(&path, &mut here) {
                Ok(()) => found.files += 1,
                // The node replaces partial tiles while it is being looked at.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::File { path, error }),
            }
            let count = here.iter().filter(|seen| **seen).count();
            if count > 0 {
                let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
                found.places.insert(name, count);
            }
            all.iter_mut().zip(here).for_each(|(all, here)| *all |= here);
        }
        found.pieces = all.into_iter().filter(|seen| *seen).count();
        Ok(found)
    }

    fn new(leaves: Vec<u64>) -> Self {
        Self {
            leaves,
            pieces: Vec::new(),
            starts: vec![false; STARTS],
            by_head: HashMap::new(),
        }
    }

    fn add(&mut self, value: &[u8]) {
        for piece in value.chunks(PIECE).filter(|piece| piece.len() >= SHORTEST_PIECE) {
            if let Some(head) = piece.first_chunk() {
                self.starts[start(head)] = true;
                self.by_head.entry(*head).or_default().push(self.pieces.len());
                self.pieces.push(Zeroizing::new(piece.to_vec()));
            }
        }
    }

    /// What is in clear nowhere, and must not be.
    fn add_secret(&mut self, secret: &RecordSecret) {
        self.add(secret.key());
        let salt = secret.salt();
        self.add(salt.as_bytes());
        self.add(Base64::encode_string(salt.as_bytes()).as_bytes());
        self.add(Digest::from_bytes(*salt.as_bytes()).to_string().as_bytes());
    }

    /// Digest and id of an opened record, and the DIDs that are the person's.
    fn add_record(&mut self, text: &[u8]) -> Result<(), StoreError> {
        let digest = Digest::of(text);
        self.add(digest.as_bytes());
        self.add(digest.to_string().as_bytes());
        let record = stored_record(text)?;
        self.add(record.id.to_string().as_bytes());
        if let Body::ConsentGrant(grant) = &record.body {
            self.add(record.issuer.as_str().as_bytes());
            self.add(grant.withdrawal_key.as_str().as_bytes());
        }
        Ok(())
    }

    /// The names of an access and of the decision that it acted on.
    fn add_line(&mut self, line: &AccessLine) {
        self.add(line.id.as_str().as_bytes());
        if let Some(evaluation) = &line.evaluation {
            self.add(evaluation.as_str().as_bytes());
        }
    }

    fn search_file(&self, path: &Path, seen: &mut [bool]) -> io::Result<()> {
        let mut file = File::open(path)?;
        let mut window = Zeroizing::new(vec![0; WINDOW]);
        let mut kept = 0;
        loop {
            let filled = match file.read(&mut window[kept..]) {
                Ok(0) => return Ok(()),
                Ok(read) => kept + read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.mark(&window[..filled], seen);
            // A piece may begin here and end in what is read next.
            kept = filled.min(PIECE - 1);
            window.copy_within(filled - kept..filled, 0);
        }
    }

    fn mark(&self, octets: &[u8], seen: &mut [bool]) {
        for (at, head) in octets.windows(HEAD).enumerate() {
            if !self.starts[start(head)] {
                continue;
            }
            for piece in self.by_head.get(head).into_iter().flatten() {
                if !seen[*piece] && octets[at..].starts_with(&self.pieces[*piece]) {
                    seen[*piece] = true;
                }
            }
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traces({} pieces)", self.pieces.len())
    }
}

fn start(head: &[u8]) -> usize {
    usize::from(head[0]) << 8 | usize::from(head[1])
}

async fn collect(store: &Store, keyring: &Keyring, rows: &Db, consent: &Digest) -> Result<Option<Traces>, StoreError> {
    let leaves = keyring.members(&event(keyring.vault(), consent), 0, MAX_LEAVES).await?;
    if leaves.is_empty() {
        return Ok(None);
    }
    let mut traces = Traces::new(leaves.clone());
    for wrapped in column(rows, "SELECT wrapped FROM record_keys WHERE idx IN (", &leaves).await? {
        traces.add(&wrapped);
    }
    for blind in column(rows, "SELECT blind FROM lookups WHERE idx IN (", &leaves).await? {
        traces.add(&blind);
    }
    for waiting in column(rows, "SELECT record FROM received WHERE grant_idx IN (", &leaves).await? {
        traces.add(&waiting);
    }
    let members: BTreeSet<_> = column(rows, "SELECT blind FROM members WHERE idx IN (", &leaves)
        .await?
        .into_iter()
        .collect();
    for blind in members {
        // A person's other consents at this brand are found by the same value, which stays with them.
        let blind: [u8; BLIND_BYTES] = bytes32(&blind, "blind index")?;
        let led_to = keyring.members(&blind, 0, leaves.len() + 1).await?;
        if led_to.iter().all(|index| leaves.contains(index)) {
            traces.add(&blind);
        }
    }
    for answer in store.answers(&leaves).await?.into_values() {
        traces.add(&answer);
    }
    for row in store.consents_of(&leaves).await?.into_values() {
        traces.add(&row.state);
    }
    let secrets = keyring.secrets(&leaves).await?;
    for row in store.lines_of(&leaves).await? {
        let secret = secrets.get(&row.grant).ok_or(StoreError::KeyLost(row.grant))?;
        traces.add_line(&open_line(secret, &row)?.line);
        traces.add(&row.line);
    }
    secrets.values().for_each(|secret| traces.add_secret(secret));
    for row in store.records_of(&leaves).await? {
        let Some(sealed) = row.sealed else { continue };
        let secret = secrets.get(&row.index).ok_or(StoreError::KeyLost(row.index))?;
        traces.add_record(&Zeroizing::new(secret.open(Purpose::Record, &sealed)?))?;
        traces.add(&sealed);
    }
    Ok(Some(traces))
}

async fn column(rows: &Db, before: &'static str, leaves: &[u64]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut query = listed(before, leaves.iter().map(|leaf| int(*leaf)), ")");
    let values = query.build_query_scalar().persistent(false);
    Ok(values.fetch_all(rows.reader()).await?)
}

/// Every file in a folder and the folders in it, links followed.
fn files(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut files = Vec::new();
    // By its true path, so that links in a circle come to an end.
    let mut entered = HashSet::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = listing(&folder, &mut entered).map_err(|error| StoreError::File {
            path: folder.clone(),
            error,
        })?;
        for path in entries {
            if path.is_dir() {
                if folder != dir || !path.ends_with(KEYS_FOLDER) {
                    folders.push(path);
                }
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn listing(folder: &Path, entered: &mut HashSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
    if !entered.insert(folder.canonicalize()?) {
        return Ok(Vec::new());
    }
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(values: &[&[u8]]) -> Traces {
        let mut traces = Traces::new(vec![2]);
        values.iter().for_each(|value| traces.add(value));
        traces
    }

    fn random(octets: u8) -> Vec<u8> {
        use sha2::Digest as _;
        let block = |n: u8| -> [u8; 32] { sha2::Sha256::digest([octets, n]).into() };
        (0..octets.div_ceil(32)).flat_map(block).take(octets.into()).collect()
    }

    #[test]
    fn pieces_are_found_wherever_they_lie_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, at: usize, value: &[u8]| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, [&vec![0x5a; at][..], value, &[0x5a; 40]].concat()).unwrap();
        };
        let (long, short) = (random(100), random(47));
        let traces = traces(&[&long, &short, b"too short"]);
        assert_eq!(traces.pieces.len(), 3 + 1, "the ends of 4 and 15 octets prove nothing");
        // Over every way in which the end of what is read at once can cut a piece.
        for cut in 0..=PIECE {
            write("main.db", WINDOW - cut, &long[..PIECE]);
            let found = traces.search(dir.path()).unwrap();
            assert_eq!((found.files, found.pieces), (1, 1), "cut after {cut}");
        }
        write("log/tile/0/000", 3, &long[1..]);
        write("log/tile/0/001", 0, &[&long[..], &short[..]].concat());
        write("keys/kek.key", 0, &long);
        write("log/keys/x", 0, &short[..31]);
        write("log/keys/y", 7, &short);
        let found = traces.search(dir.path()).unwrap();
        let place = |name: &str, count| (PathBuf::from(name), count);
        assert_eq!(
            found,
            TracesFound {
                files: 5,
                pieces: 4,
                places: [
                    place("main.db", 1),
                    place("log/tile/0/000", 2),
                    place("log/tile/0/001", 4),
                    place("log/keys/y", 1)
                ]
                .into(),
            }
        );
        assert_eq!(format!("{traces:?}"), "Traces(4 pieces)");
    }

    #[test]
    fn links_are_followed_and_circles_come_to_an_end() {
        let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let value = random(32);
        fs::write(elsewhere.path().join("main.db-wal"), &value).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("disk")).unwrap();
        std::os::unix::fs::symlink(dir.path(), elsewhere.path().join("back")).unwrap();
        let found = traces(&[&value]).search(dir.path()).unwrap();
        assert_eq!(found.places, [(PathBuf::from("disk/main.db-wal"), 1)].into());
    }
}
