//! Status lists: one bit for each credential, in both formats in which the field publishes them.
//!
//! In scope: W3C Bitstring Status List v1.0 ([`Bits::from_bitstring`]: gzip, the first entry is the leftmost bit) and the IETF
//! Token Status List with one bit an entry ([`Bits::from_token`]: zlib, the first entry is the rightmost bit of the first byte).
//! Out of scope, and refused: entries of more than one bit, messages, lists by reference.
//!
//! Whatever is inflated has a budget: a list of a kilobyte may otherwise fill a machine's memory. A list that says more than its
//! length, or has a tail that nobody reads, is refused: two who read it must see the same bits.

mod bits;
mod bitstring;
mod token;

pub use bits::Bits;

/// Fewest entries of a bitstring (Bitstring Status List v1.0 section 2.2: among so many, an index tells little of whose it is).
pub const MIN_LIST_ENTRIES: usize = 131_072;
/// Largest list that is read, in bytes once inflated: 8,388,608 entries.
pub const MAX_LIST_BYTES: usize = 1024 * 1024;
/// Longest encoded list that is read, in characters: base64url of [`MAX_LIST_BYTES`] that cannot be compressed, and what the
/// formats add.
pub const MAX_ENCODED_CHARACTERS: usize = MAX_LIST_BYTES / 3 * 4 + 4096;

/// Why a status list says nothing. [`StatusError::code`] is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// Over [`MAX_ENCODED_CHARACTERS`], or over [`MAX_LIST_BYTES`] once inflated.
    #[error("the status list is larger than {MAX_LIST_BYTES} bytes")]
    Oversize,
    /// Not base64url without padding in its one spelling; a bitstring also begins with `u`, its multibase prefix.
    #[error("the status list is not base64url without padding")]
    Encoding,
    /// Not one whole gzip member (RFC 1952), or zlib stream (RFC 1950).
    #[error("the status list is not compressed as its format says")]
    Compression,
    /// Fewer entries than [`MIN_LIST_ENTRIES`].
    #[error("the status list has {0} entries; it must have {MIN_LIST_ENTRIES} or more")]
    Short(usize),
    /// The index is beyond the end.
    #[error("the status list has {entries} entries, and none of index {index}")]
    Range {
        /// The index that was asked for.
        index: u64,
        /// How many entries there are.
        entries: usize,
    },
}

impl StatusError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Oversize => "status_oversize",
            Self::Encoding => "status_encoding",
            Self::Compression => "status_compression",
            Self::Short(_) => "status_short",
            Self::Range { .. } => "status_range",
        }
    }
}
