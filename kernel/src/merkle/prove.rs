//! Generation of proofs and roots from the hashes of complete subtrees: RFC 6962 section 2.1.
//!
//! A proof is planned first, as ranges of leaves ([`inclusion_nodes`], [`consistency_nodes`],
//! [`root_nodes`]), and computed after. A caller whose hashes are behind something asynchronous reads the
//! plan, fetches what it names, and then runs the computation over what it fetched.

use super::verify::{MerkleError, check_size};
use super::{Hash, empty_root, node_hash};

/// A complete subtree: the one over leaves `[index * 2^level, (index + 1) * 2^level)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeCoord {
    /// Height of the subtree: 0 for a leaf.
    pub level: u8,
    /// Zero-based position among the subtrees of this level, from the left.
    pub index: u64,
}

/// The leaves `[begin, end)` whose RFC 6962 tree hash is one hash of a proof.
///
/// Either a complete subtree, or one cut off by the right edge of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRange {
    begin: u64,
    end: u64,
}

/// Where the hashes of complete subtrees come from: a database, tiles, a vector in a test.
pub trait NodeSource {
    /// Why a hash cannot be had.
    type Error;

    /// The hash of the complete subtree of height `level` at position `index`.
    ///
    /// # Errors
    /// Whatever keeps the source from knowing this hash.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// The sizes or the index allow no such proof.
    #[error(transparent)]
    Request(#[from] MerkleError),
    /// A hash that is needed cannot be had.
    #[error("a tree hash cannot be had: {0}")]
    Source(E),
}

impl<E> ProveError<E> {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::Source(_) => "merkle_node_unavailable",
        }
    }
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves, from the leaf's sibling upwards.
///
/// # Errors
/// [`ProveError::Request`] if the index is not inside the tree or the size is too large,
/// [`ProveError::Source`] if the source lacks a hash.
pub fn inclusion_proof<S: NodeSource + ?Sized>(
    index: u64,
    size: u64,
    source: &S,
) -> Result<Vec<Hash>, ProveError<S::Error>> {
    hash_all(&inclusion_nodes(index, size)?, source)
}

/// The consistency proof from the tree of `old_size` leaves to that of `new_size`.
///
/// Empty if the sizes are equal, or if `old_size` is 0: a tlog-witness wants an empty proof there, and
/// [`super::verify_append`] checks it.
///
/// # Errors
/// [`ProveError::Request`] if the old size is larger or the new one too large, [`ProveError::Source`] if the
/// source lacks a hash.
pub fn consistency_proof<S: NodeSource + ?Sized>(
    old_size: u64,
    new_size: u64,
    source: &S,
) -> Result<Vec<Hash>, ProveError<S::Error>> {
    hash_all(&consistency_nodes(old_size, new_size)?, source)
}

/// The root of the tree of `size` leaves.
///
/// # Errors
/// [`ProveError::Request`] if the size is too large, [`ProveError::Source`] if the source lacks a hash.
pub fn root<S: NodeSource + ?Sized>(size: u64, source: &S) -> Result<Hash, ProveError<S::Error>> {
    root_nodes(size)?.hash(source).map_err(ProveError::Source)
}

/// The ranges whose hashes are the inclusion proof, in the order of the proof.
///
/// # Errors
/// [`MerkleError::SizeTooLarge`] or [`MerkleError::IndexBeyondSize`].
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<NodeRange>, MerkleError> {
    check_size(size)?;
    if index >= size {
        return Err(MerkleError::IndexBeyondSize { index, size });
    }
    // PATH(m, D[n]) of RFC 6962 section 2.1.1, walked from the root to the leaf.
    let mut at = NodeRange { begin: 0, end: size };
    let mut siblings = Vec::new();
    while at.len() > 1 {
        let (left, right) = at.split();
        let (into, sibling) = if index < left.end { (left, right) } else { (right, left) };
        siblings.push(sibling);
        at = into;
    }
    siblings.reverse();
    Ok(siblings)
}

/// The ranges whose hashes are the consistency proof, in the order of the proof.
///
/// # Errors
/// [`MerkleError::SizeTooLarge`] or [`MerkleError::OldLargerThanNew`].
pub fn consistency_nodes(old_size: u64, new_size: u64) -> Result<Vec<NodeRange>, MerkleError> {
    check_size(new_size)?;
    if old_size > new_size {
        return Err(MerkleError::OldLargerThanNew {
            old: old_size,
            new: new_size,
        });
    }
    if old_size == 0 {
        return Ok(Vec::new());
    }
    // SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2, walked from the root to the end of the old tree. The
    // last range is left out exactly when it is the whole old tree (b is true), whose root the other side
    // knows.
    let mut at = NodeRange {
        begin: 0,
        end: new_size,
    };
    let mut proof = Vec::new();
    while at.end != old_size {
        let (left, right) = at.split();
        let (into, sibling) = if old_size <= left.end {
            (left, right)
        } else {
            (right, left)
        };
        proof.push(sibling);
        at = into;
    }
    if at.begin != 0 {
        proof.push(at);
    }
    proof.reverse();
    Ok(proof)
}

/// The range whose hash is the root: all leaves.
///
/// # Errors
/// [`MerkleError::SizeTooLarge`].
pub fn root_nodes(size: u64) -> Result<NodeRange, MerkleError> {
    check_size(size)?;
    Ok(NodeRange { begin: 0, end: size })
}

impl NodeRange {
    /// Index of the first leaf.
    pub fn begin(&self) -> u64 {
        self.begin
    }

    /// Index after the last leaf.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Number of leaves.
    pub fn len(&self) -> u64 {
        self.end - self.begin
    }

    /// Whether there are no leaves: only in the root of the empty tree.
    pub fn is_empty(&self) -> bool {
        self.begin == self.end
    }

    /// The complete subtrees that make up the range, from left to right, each smaller than the one before.
    pub fn nodes(&self) -> impl Iterator<Item = NodeCoord> + use<> {
        let NodeRange { mut begin, end } = *self;
        std::iter::from_fn(move || {
            // Every range begins at a multiple of the smallest power of two that its length does not exceed,
            // so the largest complete subtree that fits is always aligned.
            let level = (end - begin).checked_ilog2()?;
            let index = begin >> level;
            begin += 1 << level;
            Some(NodeCoord {
                level: level as u8,
                index,
            })
        })
    }

    /// The RFC 6962 hash of the range.
    ///
    /// # Errors
    /// Those of the source.
    pub fn hash<S: NodeSource + ?Sized>(&self, source: &S) -> Result<Hash, S::Error> {
        let hashes = self
            .nodes()
            .map(|node| source.node(node.level, node.index))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(fold_right(&hashes))
    }

    /// RFC 6962 section 2.1: the left part is the largest power of two smaller than the length.
    fn split(&self) -> (NodeRange, NodeRange) {
        let middle = self.begin + (1 << (self.len() - 1).ilog2());
        (
            NodeRange {
                begin: self.begin,
                end: middle,
            },
            NodeRange {
                begin: middle,
                end: self.end,
            },
        )
    }
}

/// The root over complete subtrees of falling size, from left to right; the empty root if there are none.
pub(super) fn fold_right(hashes: &[Hash]) -> Hash {
    let Some((last, before)) = hashes.split_last() else {
        return empty_root();
    };
    before.iter().rev().fold(*last, |right, left| node_hash(left, &right))
}

fn hash_all<S: NodeSource + ?Sized>(ranges: &[NodeRange], source: &S) -> Result<Vec<Hash>, ProveError<S::Error>> {
    ranges
        .iter()
        .map(|range| range.hash(source).map_err(ProveError::Source))
        .collect()
}
