//! Proofs in the format C2SP tlog-proof: a leaf's index, its inclusion proof and a signed checkpoint in one text.
//!
//! We never write the optional `extra` line. It is read, since others write it, but nothing signs it: evidence that
//! must not have a byte that can change is checked with [`TlogProof::verify_exact`], which refuses it.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};

use crate::checkpoint::{CheckpointError, CheckpointKeys, SignedCheckpoint};
use crate::merkle::{Hash, MAX_PROOF_HASHES, MerkleError, verify_inclusion};
use crate::note::MAX_NOTE_BYTES;
use crate::text::decimal;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The longest `extra` line that is read, in bytes of base64.
pub const MAX_EXTRA_BASE64_BYTES: usize = 64 * 1024;

/// The longest proof that is read, in bytes: the checkpoint, the extra line, 64 hashes and the short lines.
pub const MAX_TLOG_PROOF_BYTES: usize = MAX_NOTE_BYTES + MAX_EXTRA_BASE64_BYTES + 4096;

/// A proof, unverified. `Display` and [`str::parse`] are its text; `Display` leaves out what was in `extra`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    index: u64,
    hashes: Vec<Hash>,
    extra: Option<Vec<u8>>,
    checkpoint: String,
}

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Longer than [`MAX_TLOG_PROOF_BYTES`].
    #[error("a proof of {0} bytes is too long")]
    TooLong(usize),
    /// The first line is not that of version 1.
    #[error("not a proof of a version that is known")]
    Version,
    /// The extra line is empty, too long or not canonical base64.
    #[error("the extra line of the proof is malformed")]
    MalformedExtra,
    /// There is an extra line where every byte must be signed.
    #[error("the proof has an extra line, which nothing signs")]
    Extra,
    /// The index line is missing or not a decimal without leading zeroes.
    #[error("the index of the proof is malformed")]
    Index,
    /// A line is not a hash, or there are more than [`MAX_PROOF_HASHES`].
    #[error("hash {line} of the proof is malformed or one too many")]
    Hash {
        /// Zero-based number of the line among the hashes.
        line: usize,
    },
    /// There is no blank line before a checkpoint.
    #[error("the proof has no checkpoint")]
    NoCheckpoint,
    /// The checkpoint is refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not proved to be in the tree.
    #[error(transparent)]
    Inclusion(#[from] MerkleError),
}

impl TlogProofError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "tlog_proof_too_long",
            Self::Version => "tlog_proof_version",
            Self::MalformedExtra => "tlog_proof_malformed_extra",
            Self::Extra => "tlog_proof_extra",
            Self::Index => "tlog_proof_index",
            Self::Hash { .. } => "tlog_proof_hash",
            Self::NoCheckpoint => "tlog_proof_no_checkpoint",
            Self::Checkpoint(error) => error.code(),
            Self::Inclusion(error) => error.code(),
        }
    }
}

impl TlogProof {
    /// The proof of the leaf at `index` by these hashes, from its sibling upwards, in the tree of a checkpoint
    /// (the whole signed note).
    pub fn new(index: u64, hashes: Vec<Hash>, checkpoint: String) -> Self {
        Self {
            index,
            hashes,
            extra: None,
            checkpoint,
        }
    }

    /// Zero-based index of the leaf.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof, from the leaf's sibling to the root's child.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// What somebody put beside the proof. Nothing signs it.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The signed checkpoint, verbatim.
    pub fn checkpoint_note(&self) -> &str {
        &self.checkpoint
    }

    /// Checks that the leaf with this hash is in the log, under a live checkpoint. Gives the checkpoint, for its
    /// cosignatures to be judged.
    ///
    /// # Errors
    /// [`TlogProofError::Checkpoint`] or [`TlogProofError::Inclusion`].
    pub fn verify(&self, leaf_hash: &Hash, keys: &CheckpointKeys) -> Result<SignedCheckpoint, TlogProofError> {
        self.included(leaf_hash, SignedCheckpoint::open(self.checkpoint.as_bytes(), keys)?)
    }

    /// The same for evidence: no byte of the proof may change without the answer changing.
    ///
    /// # Errors
    /// Those of [`TlogProof::verify`], and [`TlogProofError::Extra`].
    pub fn verify_exact(&self, leaf_hash: &Hash, keys: &CheckpointKeys) -> Result<SignedCheckpoint, TlogProofError> {
        if self.extra.is_some() {
            return Err(TlogProofError::Extra);
        }
        self.included(
            leaf_hash,
            SignedCheckpoint::open_exact(self.checkpoint.as_bytes(), keys)?,
        )
    }

    fn included(&self, leaf_hash: &Hash, signed: SignedCheckpoint) -> Result<SignedCheckpoint, TlogProofError> {
        let head = signed.checkpoint();
        verify_inclusion(leaf_hash, self.index, head.size(), &self.hashes, &head.root())?;
        Ok(signed)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEADER}\nindex {}\n", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;

    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        if text.len() > MAX_TLOG_PROOF_BYTES {
            return Err(TlogProofError::TooLong(text.len()));
        }
        // No line of the proof itself is empty, so its end is the first blank line, whatever the note has.
        let (proof, checkpoint) = match text.split_once("\n\n") {
            Some((proof, checkpoint)) if !checkpoint.is_empty() => (proof, checkpoint),
            _ => return Err(TlogProofError::NoCheckpoint),
        };
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(TlogProofError::Version);
        }
        let extra = match lines.next_if(|line| line.starts_with("extra")) {
            Some(line) => Some(parse_extra(line)?),
            None => None,
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal).ok_or(TlogProofError::Index)?;
        let mut hashes = Vec::new();
        for (number, line) in lines.enumerate() {
            let malformed = TlogProofError::Hash { line: number };
            if number == MAX_PROOF_HASHES {
                return Err(malformed);
            }
            hashes.push(Hash::from_base64(line).map_err(|_| malformed)?);
        }
        Ok(Self {
            index,
            hashes,
            extra,
            checkpoint: checkpoint.to_owned(),
        })
    }
}

fn parse_extra(line: &str) -> Result<Vec<u8>, TlogProofError> {
    let base64 = line.strip_prefix("extra ").ok_or(TlogProofError::MalformedExtra)?;
    if base64.is_empty() || base64.len() > MAX_EXTRA_BASE64_BYTES {
        return Err(TlogProofError::MalformedExtra);
    }
    Base64::decode_vec(base64).map_err(|_| TlogProofError::MalformedExtra)
}
