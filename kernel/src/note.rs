//! Signed notes: C2SP signed-note, with the Ed25519 signatures of that specification (type 0x01) and the
//! Ed25519 cosignatures of C2SP tlog-cosignature (type 0x04).
//!
//! A note is read in two steps. [`UnverifiedNote::parse`] checks only its form. Then either
//! [`UnverifiedNote::open`], for a live note: signature lines of unknown keys are skipped, as the specification
//! demands, so that keys can rotate and other witnesses can sign; or [`UnverifiedNote::open_exact`], for
//! evidence: every line must be by a known key, so that no byte can change unnoticed. In both, a known key's
//! signature that fails is an error.
//!
//! In scope: form, keys, signatures. Out of scope: what the text means ([`crate::checkpoint`]), and which keys
//! suffice.

mod key;
mod open;
mod parse;

pub use key::{KeyId, KeyName, SignatureType, VerifierKey, VkeyError};
pub use open::{Note, VerifiedSignature};
pub use parse::{SignatureLine, UnverifiedNote};

pub(crate) use open::cosignature_message;
pub(crate) use parse::signature_line;

/// The longest note that is read, in bytes: room for [`MAX_SIGNATURES`] lines with ML-DSA-44 signatures
/// (2,420 bytes, about 3.3 KB in base64) and names of some length.
pub const MAX_NOTE_BYTES: usize = 128 * 1024;

/// The most signature lines that are read. The specification demands at least 16; each costs a verification.
pub const MAX_SIGNATURES: usize = 32;

/// The longest key name, in bytes: the most that a `cosigned_message` of tlog-cosignature can name.
pub const MAX_KEY_NAME_BYTES: usize = 255;

/// The latest time that a cosignature may state: 2^63 - 1 seconds.
pub const MAX_COSIGNATURE_TIME: u64 = (1 << 63) - 1;

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE_BYTES`].
    #[error("a note of {0} bytes is too long")]
    TooLong(usize),
    /// Not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A control character below U+0020 other than the newline.
    #[error("the note has a control character")]
    ControlCharacter,
    /// No blank line, nothing after the last one, or no newline at the end.
    #[error("the note has no signatures after a blank line")]
    NoSignatures,
    /// More than [`MAX_SIGNATURES`] signature lines.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A signature line that is not `— name base64`, counted from 0.
    #[error("signature line {line} is malformed")]
    MalformedLine {
        /// Zero-based number of the line among the signature lines.
        line: usize,
    },
    /// Two known keys have this name and id but are different keys.
    #[error("two trusted keys are called {name} with id {id}")]
    AmbiguousKey {
        /// Name of the key.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
    /// A line by a known key does not verify, or has the wrong length.
    #[error("the signature by {name} with id {id} is invalid")]
    InvalidSignature {
        /// Name of the key.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
    /// No line is by a known key.
    #[error("no signature is by a trusted key")]
    NoKnownSignature,
    /// Evidence only: a line is by an unknown key.
    #[error("a signature is by {name} with id {id}, which is not trusted")]
    UnknownKey {
        /// Name on the line.
        name: KeyName,
        /// Id on the line.
        id: KeyId,
    },
    /// Evidence only: a second line by one key.
    #[error("there are two signatures by {name} with id {id}")]
    DuplicateSignature {
        /// Name of the key.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
}

impl NoteError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "note_too_long",
            Self::NotUtf8 => "note_not_utf8",
            Self::ControlCharacter => "note_control_character",
            Self::NoSignatures => "note_no_signatures",
            Self::TooManySignatures => "note_too_many_signatures",
            Self::MalformedLine { .. } => "note_malformed_line",
            Self::AmbiguousKey { .. } => "note_ambiguous_key",
            Self::InvalidSignature { .. } => "note_invalid_signature",
            Self::NoKnownSignature => "note_no_known_signature",
            Self::UnknownKey { .. } => "note_unknown_key",
            Self::DuplicateSignature { .. } => "note_duplicate_signature",
        }
    }
}
