//! Start: bring everything back into one state, whatever the last crash left behind, or refuse.
//!
//! Each step costs the same however long the log is: the head and its right edge are a few rows, and only what lies between
//! the published checkpoint and the head is rendered, which is one batch after a crash. (A folder of log files that was
//! lost altogether is rendered as a whole: that is a repair, not a start.)

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use placet_kernel::checkpoint::{Checkpoint, SignedCheckpoint};
use placet_kernel::merkle::Frontier;
use placet_schemas::record::Kind;
use tokio::sync::{Notify, watch};

use crate::backup::{KEYRING_DATABASE, MAIN_DATABASE};
use crate::clock::Clock;
use crate::commit::{Tail, publish};
use crate::crypto::Vault;
use crate::destroy::redo;
use crate::error::{OpenError, StoreError};
use crate::feeds::Feeds;
use crate::files::{HeadFile, LogFiles};
use crate::keyring::Keyring;
use crate::keys::Keys;
use crate::known::Known;
use crate::ledger::Settings;
use crate::node::{Node, Stop, Voice, stored_record};
use crate::pulse::Publication;
use crate::sequencer::MAX_BATCH;
use crate::step::{Step, Watcher};
use crate::store::Store;
use crate::tree::Head;
use crate::witnesses::{Witnesses, confirm};

const LOCK_FILE: &str = "ledger.lock";
const LOG_FOLDER: &str = "log";

/// A ledger that is ready to write.
pub(crate) struct Opened {
    pub(crate) node: Arc<Node>,
    pub(crate) tail: Tail,
}

/// Opens the ledger in a folder, making it if it is not there.
pub(crate) async fn open(
    settings: &Settings,
    keys: Keys,
    clock: Arc<dyn Clock>,
    watcher: Arc<dyn Watcher>,
) -> Result<Opened, OpenError> {
    // Two writers would be caught by the compare-and-swap of the head, but each would first sweep the other's keyring rows.
    let lock = lock_folder(&settings.dir)?;
    let vault = Vault::new(&keys.kek);
    let voice = Voice::new(settings.origin.clone(), keys)?;
    let store = Store::open(&settings.dir).await?;
    let keyring = Keyring::open(&settings.dir, vault).await?;
    let files = LogFiles::open(settings.dir.join(LOG_FOLDER))?;
    let head_file = settings.head_file.clone().map(HeadFile::new);

    // A crash before the first head was committed leaves empty databases: they are begun again.
    let (main_file, keyring_file) = (settings.dir.join(MAIN_DATABASE), settings.dir.join(KEYRING_DATABASE));
    let in_main = |error| OpenError::of_database(&main_file, error);
    let in_keyring = |error| OpenError::of_database(&keyring_file, error);
    let newest = keyring.newest().await.map_err(in_keyring)?;
    let head = match (store.head().await.map_err(in_main)?, newest) {
        (Some(head), _) => head,
        (None, None) => create(&store, &voice, &*clock).await?,
        // The main database was just made in the place of one that is lost.
        (None, Some(index)) => return Err(beyond_head(0, index)),
    };
    check_note(&head, &voice)?;
    check_operator(&store, &voice).await?;
    // A crash leaves the keys of one batch at most. More of them are those of records that this database has lost, and whose
    // keys would be swept with the rest.
    if let Some(index) = newest.filter(|index| *index >= head.size.saturating_add(MAX_BATCH as u64)) {
        return Err(beyond_head(head.size, index));
    }
    if !settings.without_keyring && !keyring.opens(head.size).await.map_err(in_keyring)? {
        return Err(OpenError::OtherKeyEncryptionKey);
    }
    // An empty keyring was just made in the place of one that is lost. To go on with it would tell people that the log never
    // knew their consents, and refuse their withdrawals.
    if head.size > 0 && !settings.without_keyring && newest.is_none() {
        return Err(OpenError::KeyringLost(head.size));
    }
    let published = guard_against_rollback(&store, &voice, &files, head_file.as_ref(), &head).await?;
    let edge = store.edge(&head.frontier).await.map_err(in_main)?;
    let witnesses = Witnesses::new(&settings.witnesses, settings.without_witnesses, &store, &voice).await?;

    let head = Arc::new(head);
    let node = Arc::new(Node {
        voice,
        store,
        keyring,
        files,
        head_file,
        known: Known::default(),
        clock,
        watcher,
        committed: watch::Sender::new(Arc::clone(&head)),
        sizes: watch::Sender::new(head.size),
        feeds: Feeds::default(),
        publication: Publication::new(&head, published),
        witnesses,
        authorities: settings.authorities.clone(),
        destructions: Notify::new(),
        answers: tokio::sync::Mutex::default(),
        declining: tokio::sync::Mutex::default(),
        broken: false.into(),
        failing: false.into(),
        dead: false.into(),
        lock,
    });
    // First, since whatever follows takes for granted that this is the newest state; also where nothing waits for a witness.
    confirm(&node, &head).await?;
    let swept = node.may_sign();
    catch_up(&node, published, &head).await.map_err(|stop| match stop {
        Stop::Failed(error) => error,
        Stop::Dead => StoreError::Stopping,
    })?;
    redo(&node).await.map_err(|stop| match stop {
        Stop::Failed(error) => error,
        Stop::Dead => StoreError::Stopping,
    })?;
    Ok(Opened {
        node,
        tail: Tail::new(head, edge, swept),
    })
}

/// The keyring has keys of records that this main database does not know.
fn beyond_head(size: u64, index: u64) -> OpenError {
    OpenError::RolledBack {
        database: size,
        seen: index.saturating_add(1),
        witness: "the keyring".to_owned(),
    }
}

/// Everything that a crash may have left undone after the commit point, in the order of a commit.
async fn catch_up(node: &Node, published: u64, head: &Arc<Head>) -> Result<(), Stop> {
    // While it is not known that this is the newest state, they may be keys of records that are committed elsewhere: then the
    // writer sweeps them, before its first batch.
    if node.may_sign() {
        let swept = node.step(Step::Sweep, node.keyring.sweep(head.size)).await?;
        if swept > 0 {
            tracing::info!(swept, "keyring rows of records that were never committed are gone");
        }
    }
    if let Some(file) = &node.head_file {
        node.step(Step::HeadFile, file.write(head.note.clone())).await?;
    }
    let broken = node
        .step(Step::Tiles, node.files.mend_edge(&node.store, published.min(head.size)))
        .await?;
    if broken > 0 {
        tracing::warn!(
            broken,
            "log files at the right edge were missing or wrong, and are rendered anew"
        );
    }
    publish(node, published, head).await
}

async fn create(store: &Store, voice: &Voice, clock: &dyn Clock) -> Result<Head, OpenError> {
    let head = voice.head(Frontier::new(), clock.now())?;
    store.create(&head).await?;
    Ok(head)
}

/// The stored checkpoint must be of this log, by these keys, and say what its row says.
fn check_note(head: &Head, voice: &Voice) -> Result<(), OpenError> {
    let found = head.note.split('\n').next().unwrap_or_default();
    if found != voice.origin.as_str() {
        return Err(OpenError::OtherOrigin {
            found: found.to_owned(),
            expected: voice.origin.to_string(),
        });
    }
    let signed = SignedCheckpoint::open(head.note.as_bytes(), &voice.trusted).map_err(OpenError::OtherKeys)?;
    if signed.cosignatures().is_empty() {
        return Err(OpenError::OtherKey("cosigner.key"));
    }
    if (signed.checkpoint().size(), signed.checkpoint().root()) == (head.size, head.root) {
        Ok(())
    } else {
        Err(StoreError::Corrupt("head").into())
    }
}

/// Every log begins with the keys of a brand, which its operator has signed. With another key acknowledgements would be
/// signed that nobody believes who has pinned the right one: a key file in which one digit was changed is a key all the same.
async fn check_operator(store: &Store, voice: &Voice) -> Result<(), OpenError> {
    let first = store.records_of(&[0]).await?.pop().and_then(|row| row.public);
    let first = first.and_then(|bytes| stored_record(&bytes).ok());
    match first {
        Some(record) if record.kind() == Kind::ControllerKeys && record.issuer != voice.operator => {
            Err(OpenError::OtherKey("operator.key"))
        }
        _ => Ok(()),
    }
}

/// Compares the head with what was published and with the head file. Gives the size that is published.
async fn guard_against_rollback(
    store: &Store,
    voice: &Voice,
    files: &LogFiles,
    head_file: Option<&HeadFile>,
    head: &Head,
) -> Result<u64, OpenError> {
    if let Some(file) = head_file
        && let Some(seen) = file.read(&voice.trusted).map_err(|error| OpenError::HeadFile {
            path: file.path().to_owned(),
            error,
        })?
    {
        check_seen(store, head, seen.checkpoint(), &file.path().display().to_string()).await?;
    }
    // A published file that does not open was broken, not published: the signature is there to tell the two apart.
    let note = files.checkpoint()?;
    let seen = note.and_then(|note| SignedCheckpoint::open(note.as_bytes(), &voice.trusted).ok());
    let Some(seen) = seen else { return Ok(0) };
    check_seen(store, head, seen.checkpoint(), "the published checkpoint").await?;
    Ok(seen.checkpoint().size())
}

/// What was seen must be a beginning of what is in the database.
async fn check_seen(store: &Store, head: &Head, seen: &Checkpoint, witness: &str) -> Result<(), OpenError> {
    let rolled_back = || OpenError::RolledBack {
        database: head.size,
        seen: seen.size(),
        witness: witness.to_owned(),
    };
    if seen.size() > head.size {
        return Err(rolled_back());
    }
    let root = if seen.size() == head.size {
        head.root
    } else {
        store.root(seen.size()).await?
    };
    if root == seen.root() {
        Ok(())
    } else {
        Err(rolled_back())
    }
}

/// The lock is released when the file is closed, and so by the operating system when the process dies.
pub(crate) fn lock_folder(dir: &Path) -> Result<File, OpenError> {
    let failed = |path: &Path, error| OpenError::Folder {
        path: path.to_owned(),
        error,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| failed(dir, error))?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|error| failed(dir, error))?;
    let path = dir.join(LOCK_FILE);
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|error| failed(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(&path, error)),
    }
}
