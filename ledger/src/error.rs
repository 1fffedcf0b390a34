//! What can go wrong, by whose fault: the caller's record, or this node.

use std::path::{Path, PathBuf};

use placet_kernel::arrival::Refusal;
use placet_kernel::checkpoint::CheckpointError;
use placet_kernel::keys::KeyError;
use placet_kernel::note::VkeyError;
use placet_kernel::sign::SignError;
use placet_schemas::id::Digest;
use placet_schemas::json::{Fault, JcsError};
use placet_schemas::statement::{Signed, WithdrawalReceived};

use crate::crypto::SealError;
use crate::life::MAX_EVENTS;
use placet_service::random::RandomError;

/// Why nothing could be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A row contradicts another, or its own format.
    #[error("the stored {0} does not fit the rest of the ledger")]
    Corrupt(&'static str),
    /// A record is there and the key that opens it is not.
    #[error("the key of record {0} is not in the keyring")]
    KeyLost(u64),
    /// The opening of a record was destroyed while it was being read.
    #[error("the opening of record {0} was destroyed")]
    Destroyed(u64),
    /// A sealed value does not open.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// A log file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A checkpoint could not be made or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Another process moved the head: two ledgers have one database.
    #[error("the head in the database is not the one that this process left: is another ledger running on it?")]
    HeadMoved,
    /// A token was ordered for a brand that is not registered.
    #[error("the brand has not registered")]
    ControllerUnknown,
    /// The last commit has not come to its end yet.
    #[error("the last commit has not come to its end yet")]
    Unfinished,
    /// No witness has confirmed yet that this is the log's newest state, or one has shown that it is not.
    #[error("nothing is signed until a witness confirms that this is the log's newest state")]
    Unconfirmed,
    /// The write-ahead log could not be emptied: somebody reads.
    #[error("the write-ahead log is in use and could not be emptied")]
    JournalInUse,
    /// A blocking task was cancelled: the process is stopping.
    #[error("the ledger is stopping")]
    Stopping,
    /// A watcher made the step fail.
    #[error("a watcher made this step fail")]
    Injected,
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Corrupt(_) => "corrupt",
            Self::KeyLost(_) => "key_lost",
            Self::Destroyed(_) => "destroyed",
            Self::Sealed(_) => "sealed",
            Self::File { .. } => "file",
            Self::Random(_) => "random",
            Self::Sign(_) => "sign",
            Self::Checkpoint(_) => "checkpoint",
            Self::HeadMoved => "head_moved",
            Self::ControllerUnknown => "controller_unknown",
            Self::Unfinished => "unfinished",
            Self::Unconfirmed => "unconfirmed",
            Self::JournalInUse => "journal_in_use",
            Self::Stopping => "stopping",
            Self::Injected => "injected",
        }
    }
}

impl From<JcsError> for StoreError {
    fn from(error: JcsError) -> Self {
        Self::Sign(SignError::Canonical(error))
    }
}

/// Why a ledger does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{}: another process has this ledger open", .0.display())]
    InUse(PathBuf),
    /// The folder cannot be made or locked.
    #[error("{}: {error}", path.display())]
    Folder {
        /// The folder or the lock file.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// The schema could not be brought up to date.
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database knows less than was already published or written down: it was restored from a copy. To go on would
    /// sign a second history.
    #[error(
        "rolled back: the database has {database} records, {witness} has {seen}; refusing to sign a second history"
    )]
    RolledBack {
        /// Tree size in the database.
        database: u64,
        /// Larger or different size that was seen.
        seen: u64,
        /// Who saw it.
        witness: String,
    },
    /// The keyring is empty although the log has records.
    #[error(
        "the keyring is empty, and the log has {0} records: restore keyring.db (placet restore); if no copy is left, nobody \
         can read them any more, and --without-keyring goes on without them"
    )]
    KeyringLost(u64),
    /// The keyring does not open with the key-encryption key.
    #[error("keys/kek.key does not open the keyring: one of the two is of another node or another time")]
    OtherKeyEncryptionKey,
    /// A witness cannot be used.
    #[error("witnesses: {0}")]
    Witness(String),
    /// The database was written by another release.
    #[error("{}: this database has had other migrations than this program knows; start `placet serve` once, or use the release that wrote it", .0.display())]
    OtherSchema(PathBuf),
    /// The ledger in this folder has another name.
    #[error("the ledger in this folder is {found}, not {expected}")]
    OtherOrigin {
        /// The name in the stored checkpoint.
        found: String,
        /// The name in the settings.
        expected: String,
    },
    /// The stored head was signed by another key.
    #[error(
        "the stored checkpoint does not open with keys/checkpoint.key ({0}): put back that key, or main.db, whichever is not \
         as it was"
    )]
    OtherKeys(CheckpointError),
    /// Another key of the folder is not the one that this log has been signed with.
    #[error("keys/{0} is not the key that has signed this log so far: put back the right one")]
    OtherKey(&'static str),
    /// The head file is there and says nothing.
    #[error(
        "{}: this head file is damaged ({error}), so nothing says whether main.db is the newest state of the log; put back \
         the head file, or, if you are certain that it is, move it away", path.display()
    )]
    HeadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
    /// A database cannot be read.
    #[error("{} cannot be used ({error}): move it away, with its -wal and -shm, and put back a copy (placet restore)", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
    /// A key cannot name itself.
    #[error(transparent)]
    Key(#[from] VkeyError),
    /// The writer's thread does not start.
    #[error("the writer does not start: {0}")]
    Writer(std::io::Error),
    /// Anything else that the store says.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What SQLite says of a file that is no database, or a damaged one: `SQLITE_CORRUPT` and `SQLITE_NOTADB`, without what
/// further bits tell.
const DAMAGED: [i32; 2] = [11, 26];

impl StoreError {
    /// Whether a database is damaged.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Corrupt(_) => true,
            Self::Database(database) => is_damage(database),
            _ => false,
        }
    }
}

impl OpenError {
    /// Names the database that an error is about, if it says that the database is damaged; all others speak for themselves.
    pub(crate) fn of_database(path: &Path, error: StoreError) -> Self {
        let path = path.to_owned();
        if error.is_damage() {
            Self::Damaged { path, error }
        } else {
            Self::Store(error)
        }
    }
}

fn is_damage(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<i32>().ok());
    let torn = matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_));
    torn || code.is_some_and(|code| DAMAGED.contains(&(code & 0xff)))
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why a record, or what leads to one, was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It will not be accepted as it is. Nothing was recorded, and no index was used.
    #[error("{code}: {detail}")]
    Refused {
        /// The stable code.
        code: &'static str,
        /// What is wrong, for people.
        detail: String,
        /// Where, as an RFC 6901 pointer, where it is one place.
        pointer: Option<String>,
    },
    /// It was neither accepted nor refused: send the same bytes again. If they were recorded after all, which nobody can
    /// exclude who sees this, the answer is the first one: a commit can fail on either side of its one line, and what looks
    /// like a new record may be the second try of one that was recorded at the first.
    #[error("{detail}; the record may be in the log all the same: send the same bytes again")]
    Unavailable {
        /// Why.
        detail: String,
    },
    /// A withdrawal that cannot be recorded now is kept, and will be recorded: the operator's word for it.
    #[error("the withdrawal is kept, and is recorded as soon as the log may sign again")]
    Received(Box<Signed<WithdrawalReceived>>),
}

/// Grounds of refusal that only a ledger can see.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ground {
    #[error("this signer has used this id for another record; send the same bytes again, or make a new id")]
    IdConflict,
    #[error("this DID, or this withdrawal key, is already in use for another consent it must not be linked with")]
    DidReused,
    #[error("no such invitation is known here for this request")]
    InvitationUnknown,
    #[error("the invitation has been answered already")]
    InvitationSpent,
    #[error("the invitation has been declined; only a new one from the controller can be answered by yes")]
    InvitationDeclined,
    #[error("the invitation has expired")]
    InvitationExpired,
    #[error("the anchor is no checkpoint of this log")]
    AnchorUnknown,
    #[error("a consent has at most {MAX_EVENTS} events; it can still be ended")]
    TooManyEvents,
    #[error("no notice {0} is stored here; store the notices before the request")]
    NoticeUnknown(Digest),
    #[error("{0}")]
    NoticeDisagrees(String),
    #[error("no request {0} of this controller is known here")]
    RequestUnknown(Digest),
    #[error("an invitation lives 1 second to 90 days")]
    InvitationTtl,
    #[error("one call makes 1 to 1000 invitations")]
    InvitationCount,
    #[error("the registration names one DID and its document another")]
    DocumentOfAnother,
    #[error("a key of the document cannot be used: {0}")]
    DocumentKey(KeyError),
    #[error("the order does not hold: {0}")]
    Order(String),
    #[error("the acknowledgement does not hold: {0}")]
    Done(String),
    #[error("the consent is gone, or got another event meanwhile")]
    Overtaken,
}

/// The code of [`Ground::Overtaken`], on which the ledger itself tries again.
pub(crate) const OVERTAKEN: &str = "destruction_overtaken";

impl Ground {
    const fn code(&self) -> &'static str {
        match self {
            Self::IdConflict => "id_conflict",
            Self::DidReused => "did_reused",
            Self::InvitationUnknown => "invitation_unknown",
            Self::InvitationSpent => "invitation_spent",
            Self::InvitationDeclined => "invitation_declined",
            Self::InvitationExpired => "invitation_expired",
            Self::AnchorUnknown => "anchor_unknown",
            Self::TooManyEvents => "chain_full",
            Self::NoticeUnknown(_) => "notice_unknown",
            Self::NoticeDisagrees(_) => "notice_disagrees",
            Self::RequestUnknown(_) => "request_unknown",
            Self::InvitationTtl => "invitation_ttl",
            Self::InvitationCount => "invitation_count",
            Self::DocumentOfAnother | Self::DocumentKey(_) => "malformed",
            Self::Order(_) => "bad_order",
            Self::Done(_) => "bad_acknowledgement",
            Self::Overtaken => OVERTAKEN,
        }
    }

    /// Where in the record, where it is one place.
    fn pointer(&self) -> Option<String> {
        let pointer = match self {
            Self::IdConflict => "/id",
            Self::InvitationUnknown | Self::InvitationSpent | Self::InvitationDeclined | Self::InvitationExpired => {
                "/proof/challenge"
            }
            Self::AnchorUnknown => "/credentialSubject/anchor",
            Self::NoticeUnknown(_) | Self::NoticeDisagrees(_) => "/credentialSubject/notices",
            _ => return None,
        };
        Some(pointer.to_owned())
    }
}

impl From<Ground> for SubmitError {
    fn from(ground: Ground) -> Self {
        Self::Refused {
            code: ground.code(),
            detail: ground.to_string(),
            pointer: ground.pointer(),
        }
    }
}

impl From<Refusal> for SubmitError {
    fn from(refusal: Refusal) -> Self {
        let pointer = match &refusal {
            Refusal::Malformed(fault) => Some(fault.pointer.clone()),
            Refusal::TimeImplausible { pointer, .. } => Some((*pointer).to_owned()),
            Refusal::WrongDomain { .. } => Some("/proof/domain".to_owned()),
            _ => None,
        };
        Self::Refused {
            code: refusal.code(),
            detail: refusal.to_string(),
            pointer,
        }
    }
}

impl From<Fault> for SubmitError {
    fn from(fault: Fault) -> Self {
        Refusal::from(fault).into()
    }
}

impl<E: Into<StoreError>> From<E> for SubmitError {
    /// What went wrong inside is for the node's own log, not for the caller: it may name files and rows.
    fn from(error: E) -> Self {
        let error = error.into();
        tracing::error!(code = error.code(), %error, "a submission failed");
        Self::Unavailable {
            detail: format!("the ledger cannot write now ({})", error.code()),
        }
    }
}
