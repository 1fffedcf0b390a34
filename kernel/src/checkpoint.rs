//! Checkpoints, their signatures and cosignatures: C2SP tlog-checkpoint and tlog-cosignature.
//!
//! A checkpoint here has exactly three lines: extension lines are refused, since no monitor can audit them. The
//! log signs with an Ed25519 key (type 0x01) whose name is the origin; cosigners sign with `cosignature/v1`
//! (type 0x04) and state a time.
//!
//! Out of scope: which cosigners are enough, and whether a checkpoint is consistent with an earlier one
//! ([`crate::merkle::verify_append`]).

mod body;
mod keys;
mod make;
mod signed;

use crate::note::{KeyId, KeyName, NoteError, VkeyError};
use crate::sign::SignError;

pub use body::Checkpoint;
pub use keys::{CheckpointKeys, CheckpointKeysError};
pub use make::{cosign, sign_checkpoint};
pub use signed::{Cosignature, SignedCheckpoint};

/// Why a checkpoint is refused, or cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not three lines, each ended by a newline; also if there are extension lines.
    #[error("a checkpoint is three lines")]
    Lines,
    /// The first line is not an origin.
    #[error("the origin of the checkpoint is malformed")]
    Origin,
    /// The second line is not a decimal without leading zeroes, or above [`crate::merkle::MAX_TREE_SIZE`].
    #[error("the size of the checkpoint is malformed or too large")]
    Size,
    /// The third line is not the canonical base64 of 32 bytes.
    #[error("the root hash of the checkpoint is malformed")]
    Root,
    /// The size is 0 and the root is not that of the empty tree.
    #[error("the root hash is not that of the empty tree")]
    EmptyRoot,
    /// The note, or a signature by a known key, is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is of another log than the keys.
    #[error("the checkpoint is of another log")]
    OtherOrigin,
    /// No signature is by a key of the log itself.
    #[error("the checkpoint is not signed by its log")]
    NoLogSignature,
    /// The signer has no Ed25519 key, or a weak one.
    #[error(transparent)]
    SignerKey(#[from] VkeyError),
    /// The signer did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// What the signer gave is not its signature over the message.
    #[error("the signer {name} with id {id} made an invalid signature")]
    SignerFault {
        /// Name of the key.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
    /// A cosignature cannot state this time.
    #[error("a cosignature cannot state the time {0}")]
    Time(u64),
}

impl CheckpointError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Lines => "checkpoint_lines",
            Self::Origin => "checkpoint_origin",
            Self::Size => "checkpoint_size",
            Self::Root => "checkpoint_root",
            Self::EmptyRoot => "checkpoint_empty_root",
            Self::Note(error) => error.code(),
            Self::OtherOrigin => "checkpoint_other_origin",
            Self::NoLogSignature => "checkpoint_no_log_signature",
            Self::SignerKey(error) => error.code(),
            Self::Sign(_) => "checkpoint_not_signed",
            Self::SignerFault { .. } => "checkpoint_signer_fault",
            Self::Time(_) => "checkpoint_time",
        }
    }
}
