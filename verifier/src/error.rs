//! What can go wrong inside a verifier.

use std::io;
use std::path::PathBuf;

use placet_kernel::authorization::AuthorizationError;
use placet_kernel::checkpoint::CheckpointKeysError;
use placet_schemas::id::{Did, Origin};
use placet_schemas::json::Fault;

use placet_kernel::sign::SignError;
use placet_service::ApiError;
use placet_service::keys::KeyFileError;
use placet_service::random::RandomError;

/// Why a key of the verifier cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// No random bytes to make one of.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// It has no did:key.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Why the replica cannot be read or written now.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error("the replica's database: {0}")]
    Database(#[from] sqlx::Error),
    /// What is kept is not what was written.
    #[error("the replica is damaged: {0}")]
    Corrupt(&'static str),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A file beside the database.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A proof of misbehaviour.
    #[error(transparent)]
    Proof(#[from] placet_service::ProofError),
    /// What is to be signed or sent has no canonical form.
    #[error(transparent)]
    Canonical(#[from] placet_schemas::json::JcsError),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a call failed");
        Self::new("unavailable", "the verifier cannot read or write its state now")
    }
}

/// Why a verifier does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder.
    #[error("{}: {error}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The schema.
    #[error("the replica's schema: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Another verifier runs on this folder.
    #[error("{} is in use by another verifier; each has a folder of its own", .0.display())]
    InUse(PathBuf),
    /// The trust file does not name the log.
    #[error("the trust file does not name the log {0}")]
    Untrusted(Origin),
    /// Its keys make no sense together.
    #[error("the trust file's keys: {0}")]
    Keys(#[from] CheckpointKeysError),
    /// The folder is another brand's, or another log's.
    #[error(
        "the replica in this folder is of {controller} in {origin}; a verifier for another has a folder of its own"
    )]
    OtherReplica {
        /// The log.
        origin: Origin,
        /// The brand.
        controller: Did,
    },
    /// The customers' book was changed by another hand.
    #[error(
        "the list of customers in the replica was changed by another hand than this verifier's, so nobody can tell who is who: \
         put back the folder from a backup, or remove it and import the customers again"
    )]
    BookAltered,
    /// The list of who said no was changed by another hand.
    #[error(
        "the list of customers who said no in the replica was changed by another hand than this verifier's, so nobody can tell who \
         must not be asked: put back the folder from a backup, or remove it and import the customers again"
    )]
    DeclinesAltered,
    /// The brand's authorization is another verifier's, brand's or log's, or none at all.
    #[error("{0}; sign one for this verifier: placet brand authorize-verifier")]
    Authorization(#[from] AuthorizationError),
    /// The brand's authorization names another key.
    #[error(
        "the authorization is for the verifier {named}, and this one is {here}: sign one for it (placet brand authorize-verifier)"
    )]
    OtherVerifier {
        /// Whom it names.
        named: Did,
        /// The key in this verifier's folder.
        here: Did,
    },
    /// The policy file.
    #[error("{}: {why}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl From<Fault> for StoreError {
    fn from(_: Fault) -> Self {
        Self::Corrupt("a row is no JSON that was written here")
    }
}
