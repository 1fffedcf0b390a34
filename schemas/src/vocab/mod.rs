//! The pinned vocabulary: purposes, categories of personal data and kinds of
//! processing of the Data Privacy Vocabulary (DPV) 2.3, with Placet's marks.
//!
//! Two text tables are part of the binary: `dpv-2.3.tsv`, facts from DPV, and
//! `overlay-1.tsv`, what Placet adds: marks with their reasons, and a few DPV
//! terms from other modules. On the wire a term is its prefixed name, such as
//! `dpv:DirectMarketing` or `pd:Interest`. Sources, marks and how to update:
//! `docs/VOCABULARY.md`.
//!
//! The hierarchy serves audit and the scope rules (sensitivity, specificity).
//! It never widens a consent: a taxonomy is not a legal scope.

mod error;
mod sensitivity;
mod table;
mod term;

#[cfg(test)]
mod source_tests;
#[cfg(test)]
mod tests;

pub use error::UnknownTerm;
pub use sensitivity::Sensitivity;
pub use term::{CategoryTerm, MAX_TERM_BYTES, ProcessingTerm, PurposeTerm, TermKind, categories, processing, purposes};

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// Name of the vocabulary: the DPV release and the number of Placet's overlay.
pub const VOCABULARY_VERSION: &str = "dpv-2.3+placet-1";

/// [`vocabulary_hash`] as 64 lowercase hex digits, pinned: whoever edits a
/// table must change this constant, and [`VOCABULARY_VERSION`] once released.
pub const VOCABULARY_HASH_HEX: &str = "01b8e73cba52d772c2599f6b9b8537e18866f7754d63b5cef5240d9ef011be37";

/// First bytes of what [`vocabulary_hash`] hashes, so that no other hash in
/// Placet can have the same input.
const HASH_DOMAIN: &[u8] = b"placet vocabulary v1\n";

/// SHA-256 over the exact bytes of both tables.
///
/// Input: the ASCII text `placet vocabulary v1` and a line feed; then for
/// [`VOCABULARY_VERSION`], `dpv-2.3.tsv` and `overlay-1.tsv`, in this order,
/// the length in bytes as a 64-bit big-endian integer, followed by the bytes.
/// The lengths keep a byte from moving from one part to the next unnoticed.
#[must_use]
pub fn vocabulary_hash() -> [u8; 32] {
    static HASH: OnceLock<[u8; 32]> = OnceLock::new();
    *HASH.get_or_init(|| {
        let mut hash = Sha256::new();
        hash.update(HASH_DOMAIN);
        for part in [VOCABULARY_VERSION, table::DPV, table::OVERLAY] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    })
}
