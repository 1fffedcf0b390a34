//! What can go wrong.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use placet_kernel::feed::LogTrustError;
use placet_kernel::sign::SignError;
use placet_schemas::id::Origin;
use placet_service::ApiError;
use placet_service::jwe::JweError;
use placet_service::keys::KeyFileError;
use placet_service::random::RandomError;

/// Why a key of the issuer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// It is no key of its algorithm.
    #[error("a key file of the issuer holds no key of its algorithm; restore it from a backup")]
    Malformed,
}

/// Why what the issuer knows cannot be read or written now.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error("the issuer's database: {0}")]
    Database(#[from] sqlx::Error),
    /// What is kept is not what was written.
    #[error("the issuer's database is damaged: {0}; remove it, and it is read anew from the ledger")]
    Corrupt(&'static str),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A proof of misbehaviour.
    #[error(transparent)]
    Proof(#[from] placet_service::ProofError),
    /// What is to be signed or kept has no canonical form.
    #[error(transparent)]
    Canonical(#[from] placet_schemas::json::JcsError),
    /// The key does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a call failed");
        Self::new("unavailable", "the issuer cannot read or write its state now")
    }
}

/// Why an issuer does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder.
    #[error("{}: {error}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has the folder.
    #[error("{} is in use by another issuer", .0.display())]
    InUse(PathBuf),
    /// The trust file does not name the log.
    #[error("the trust file has no keys of the log {0}")]
    Untrusted(Origin),
    /// The trust file's keys are no keys of one log.
    #[error(transparent)]
    Keys(#[from] LogTrustError),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key to which wallets encrypt.
    #[error("there is no key to which wallets could encrypt: {0}")]
    Encryption(JweError),
    /// The secret that deals out slots.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Where the issuer is reached is no address for it.
    #[error(
        "{0:?} is no public URL for an issuer: https://host, or http:// for one on this machine, without query and fragment"
    )]
    PublicUrl(String),
    /// Anyone could have anything signed.
    #[error(
        "the VC-API without a token is for this machine only, and {0} is not: listen on 127.0.0.1, or give it a token"
    )]
    OpenToAll(SocketAddr),
    /// The schema of the database is of another program.
    #[error("the issuer's database cannot be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// What is kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}
