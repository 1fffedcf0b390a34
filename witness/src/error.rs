//! What can go wrong, by whose fault: the caller's, or this witness's.

use std::path::PathBuf;

use placet_kernel::checkpoint::{CheckpointError, CheckpointKeysError};
use placet_kernel::merkle::MerkleError;
use placet_kernel::note::VkeyError;
use placet_schemas::id::Origin;

use crate::request::RequestError;
use crate::step::Step;
use placet_service::keys::KeyFileError;

/// Why a checkpoint is not cosigned: what C2SP tlog-witness, "add-checkpoint", says about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: the body has not the form of a request.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// 400: what follows the blank line is no checkpoint.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// 400: the old size is larger than that of the checkpoint.
    #[error("the old size {old} is larger than the checkpoint's size {new}")]
    OldBeyondNew {
        /// Size of the tree that the proof is said to begin at.
        old: u64,
        /// Size of the tree that was submitted.
        new: u64,
    },
    /// 404: no such log is known here.
    #[error("the origin is not known here")]
    UnknownOrigin,
    /// 403: no signature of a trusted key, or one that fails.
    #[error(transparent)]
    Signature(CheckpointError),
    /// 409: the latest checkpoint that was cosigned has another size.
    #[error("the latest cosigned checkpoint has size {size}")]
    Conflict {
        /// That size; 0 if none was ever cosigned.
        size: u64,
    },
    /// 422: a tree without leaves has another root than the empty one.
    #[error("the root hash is not that of the empty tree")]
    EmptyRoot,
    /// 422: the proof does not lead from the latest cosigned checkpoint to this one.
    #[error(transparent)]
    Proof(#[from] MerkleError),
    /// 422: the log has signed two trees of one size. Both notes are kept.
    #[error("the log has signed another root for size {size}")]
    Fork {
        /// The size of both.
        size: u64,
    },
}

/// Why there is neither a cosignature nor a refusal: something is wrong here, or busy.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The clock shows an earlier time than was signed for this log. One of the two is wrong, and a cosignature with a false
    /// time is evidence against whoever relies on it.
    #[error("the clock shows {now}, and {signed} was signed before: set it right")]
    Clock {
        /// What the clock shows, in seconds since 1970.
        now: u64,
        /// The latest time that was signed for this log.
        signed: u64,
    },
    /// Other requests for this log came first, again and again.
    #[error("other requests for this log came first; try again")]
    Busy,
    /// The state cannot be read or written. Whether the head was replaced is not known; nothing was signed that left here.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key did not sign.
    #[error(transparent)]
    Key(CheckpointError),
    /// A watcher made the step fail.
    #[error("a watcher made the step {0:?} fail")]
    Injected(Step),
}

/// Why a checkpoint got no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// By the caller's or the log's fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// By fault of this witness.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row contradicts itself.
    #[error("the stored {0} is damaged")]
    Corrupt(&'static str),
}

/// Result codes by which SQLite says that it could not look (sqlite.org/rescode.html): `SQLITE_BUSY`, `SQLITE_LOCKED`,
/// `SQLITE_NOMEM`, `SQLITE_IOERR`, `SQLITE_CANTOPEN`.
const COULD_NOT_LOOK: [i32; 5] = [5, 6, 7, 10, 14];

impl StoreError {
    /// Whether the same may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let code = error.as_database_error().and_then(|error| error.code());
        let code = code.and_then(|code| code.parse::<i32>().ok());
        matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_))
            || code.is_some_and(|code| COULD_NOT_LOOK.contains(&(code & 0xff)))
    }
}

/// Why a witness does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the database file cannot be made.
    #[error("{}: {error}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The schema cannot be brought up to date.
    #[error("the schema cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The key makes no verifier key.
    #[error("the key cannot be used: {0}")]
    Vkey(#[from] VkeyError),
    /// The key is there and what it has signed is not: with this key any log could be cosigned anew, also forked.
    #[error(
        "{} is there and the state in {} is not: a witness that has forgotten what it signed could cosign a fork; bring the state back, or begin in another folder with another key",
        key.display(), state.display()
    )]
    StateLost {
        /// The key file.
        key: PathBuf,
        /// The database that is missing.
        state: PathBuf,
    },
    /// What was signed cannot be told any more.
    #[error(
        "{} is damaged: a witness that does not know what it signed could cosign a fork; bring the file back as it was last, never an older one, or begin in another folder with another key",
        .0.display()
    )]
    Damaged(PathBuf),
    /// The key file is missing, and the witness has had one.
    #[error("{} is missing, and this witness has signed with it: bring it back, or begin in another folder", .0.display())]
    KeyLost(PathBuf),
    /// The key or the name is not the one that this witness began with. What it signs does not say its name, so one key has
    /// one name for ever.
    #[error("this witness is {was}; with its key file and name it would be {is}")]
    OtherIdentity {
        /// The vkey of the first start.
        was: String,
        /// The vkey of this start.
        is: String,
    },
}

/// Why logs cannot be watched together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogsError {
    /// No log at all.
    #[error("no log is named: a witness needs at least one")]
    None,
    /// More than [`MAX_LOGS`](crate::MAX_LOGS).
    #[error("more than {max} logs are named", max = crate::MAX_LOGS)]
    TooMany,
    /// The keys of a log do not fit it.
    #[error("{origin}: {error}")]
    Keys {
        /// The log.
        origin: Origin,
        /// What is wrong with its keys.
        error: CheckpointKeysError,
    },
}
