//! Checking of proofs: RFC 9162 sections 2.1.3.2 and 2.1.4.2.

use super::{Hash, MAX_TREE_SIZE, empty_root, node_hash};

/// Why a proof, or what it is said to prove, is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The size is larger than [`MAX_TREE_SIZE`].
    #[error("tree size {0} is too large")]
    SizeTooLarge(u64),
    /// The leaf index is not inside the tree.
    #[error("leaf index {index} is not inside a tree of size {size}")]
    IndexBeyondSize {
        /// Zero-based index of the leaf.
        index: u64,
        /// Size of the tree.
        size: u64,
    },
    /// The old tree is larger than the new one.
    #[error("old size {old} is larger than new size {new}")]
    OldLargerThanNew {
        /// Size of the old tree.
        old: u64,
        /// Size of the new tree.
        new: u64,
    },
    /// A consistency proof from the empty tree proves nothing, so there is none.
    #[error("there is no consistency proof from the empty tree")]
    EmptyOldTree,
    /// The proof has more or fewer hashes than the sizes demand.
    #[error("the proof has {got} hashes where {want} are needed")]
    ProofLength {
        /// Hashes in the proof.
        got: usize,
        /// Hashes demanded by the index and the sizes.
        want: usize,
    },
    /// The proof does not lead to the (new) root.
    #[error("the proof does not lead to the root")]
    RootMismatch,
    /// The proof does not lead to the old root.
    #[error("the proof does not lead to the old root")]
    OldRootMismatch,
    /// A right edge does not have one hash for each complete subtree.
    #[error("a right edge of {got} hashes does not fit size {size}")]
    FrontierLength {
        /// Hashes given.
        got: usize,
        /// Size of the tree.
        size: u64,
    },
}

impl MerkleError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SizeTooLarge(_) => "merkle_size_too_large",
            Self::IndexBeyondSize { .. } => "merkle_index_beyond_size",
            Self::OldLargerThanNew { .. } => "merkle_old_larger_than_new",
            Self::EmptyOldTree => "merkle_empty_old_tree",
            Self::ProofLength { .. } => "merkle_proof_length",
            Self::RootMismatch => "merkle_root_mismatch",
            Self::OldRootMismatch => "merkle_old_root_mismatch",
            Self::FrontierLength { .. } => "merkle_frontier_length",
        }
    }
}

/// Checks that the leaf with this hash is at `index` (zero-based) in the tree of `size` leaves with `root`.
/// The proof goes from the leaf's sibling to the root's child.
///
/// # Errors
/// [`MerkleError::SizeTooLarge`], [`MerkleError::IndexBeyondSize`], [`MerkleError::ProofLength`] or
/// [`MerkleError::RootMismatch`].
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), MerkleError> {
    if root_from_inclusion(leaf_hash, index, size, proof)? == *root {
        Ok(())
    } else {
        Err(MerkleError::RootMismatch)
    }
}

/// The root that an inclusion proof leads to. It means nothing until it is compared with a trusted root.
///
/// # Errors
/// [`MerkleError::SizeTooLarge`], [`MerkleError::IndexBeyondSize`] or [`MerkleError::ProofLength`].
pub fn root_from_inclusion(leaf_hash: &Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, MerkleError> {
    check_size(size)?;
    if index >= size {
        return Err(MerkleError::IndexBeyondSize { index, size });
    }
    let (inner, border) = path_shape(index, size);
    check_length(proof, inner + border)?;
    let (below, edge) = proof.split_at(inner);
    let top = climb_inner(*leaf_hash, below, index);
    Ok(climb_border(top, edge))
}

/// Checks that the tree of `old_size` leaves with `old_root` is a prefix of the tree of `new_size` leaves with
/// `new_root`.
///
/// There is no consistency proof from the empty tree (RFC 9162 section 2.1.4.1 demands `0 < m`), so
/// `old_size` 0 is refused here, with any roots and any proof; see [`verify_append`] where it is legal.
///
/// # Errors
/// [`MerkleError::SizeTooLarge`], [`MerkleError::OldLargerThanNew`], [`MerkleError::EmptyOldTree`],
/// [`MerkleError::ProofLength`], [`MerkleError::OldRootMismatch`] or [`MerkleError::RootMismatch`].
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), MerkleError> {
    check_size(new_size)?;
    if old_size > new_size {
        return Err(MerkleError::OldLargerThanNew {
            old: old_size,
            new: new_size,
        });
    }
    if old_size == 0 {
        return Err(MerkleError::EmptyOldTree);
    }
    if old_size == new_size {
        check_length(proof, 0)?;
        return if old_root == new_root {
            Ok(())
        } else {
            Err(MerkleError::RootMismatch)
        };
    }

    let (old, new) = roots_from_consistency(old_size, old_root, new_size, proof)?;
    if old != *old_root {
        return Err(MerkleError::OldRootMismatch);
    }
    if new != *new_root {
        return Err(MerkleError::RootMismatch);
    }
    Ok(())
}

/// The root that a consistency proof gives to the first `old_size` leaves of the larger tree. It means nothing until the proof
/// is checked with it. `None` for a proof that cannot be one of these sizes, and for an old tree of 2^n leaves, whose root no
/// proof contains.
pub fn old_root_from_consistency(old_size: u64, new_size: u64, proof: &[Hash]) -> Option<Hash> {
    if old_size == 0 || old_size >= new_size || new_size > MAX_TREE_SIZE || old_size.is_power_of_two() {
        return None;
    }
    let (old, _) = roots_from_consistency(old_size, &empty_root(), new_size, proof).ok()?;
    Some(old)
}

/// The roots that a consistency proof leads to, for `0 < old_size < new_size`.
fn roots_from_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    proof: &[Hash],
) -> Result<(Hash, Hash), MerkleError> {
    let last = old_size - 1;
    let (inner, border) = path_shape(last, new_size);
    // The proof starts at the largest complete subtree that ends where the old tree ends. If that is the
    // whole old tree, its root is known and is left out of the proof.
    let height = old_size.trailing_zeros() as usize;
    let seed_is_old_root = old_size.is_power_of_two();
    check_length(proof, usize::from(!seed_is_old_root) + (inner - height) + border)?;
    let (seed, rest) = match proof.split_first() {
        Some((first, rest)) if !seed_is_old_root => (*first, rest),
        _ => (*old_root, proof),
    };
    let path = last >> height;
    let (below, edge) = rest.split_at(inner - height);

    // Only what lies to the left of the path belongs to the old tree.
    let left_only = below.iter().enumerate().fold(seed, |hash, (level, side)| {
        if path >> level & 1 == 1 {
            node_hash(side, &hash)
        } else {
            hash
        }
    });
    let old = climb_border(left_only, edge);
    Ok((old, climb_border(climb_inner(seed, below, path), edge)))
}

/// Like [`verify_consistency`], where an old size of 0 is legal: then the old root must be that of the empty
/// tree and the proof must be empty, as a tlog-witness demands and as a record's anchor may say. A tree
/// grown from nothing is not tied to anything, so this says nothing about `new_root`, except that an empty
/// new tree must have the empty root.
///
/// # Errors
/// Those of [`verify_consistency`], except [`MerkleError::EmptyOldTree`].
pub fn verify_append(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), MerkleError> {
    if old_size != 0 {
        return verify_consistency(old_size, old_root, new_size, new_root, proof);
    }
    check_size(new_size)?;
    check_length(proof, 0)?;
    if *old_root != empty_root() {
        return Err(MerkleError::OldRootMismatch);
    }
    if new_size == 0 && *new_root != empty_root() {
        return Err(MerkleError::RootMismatch);
    }
    Ok(())
}

pub(super) fn check_size(size: u64) -> Result<(), MerkleError> {
    if size > MAX_TREE_SIZE {
        return Err(MerkleError::SizeTooLarge(size));
    }
    Ok(())
}

fn check_length(proof: &[Hash], want: usize) -> Result<(), MerkleError> {
    if proof.len() == want {
        return Ok(());
    }
    Err(MerkleError::ProofLength { got: proof.len(), want })
}

/// How many siblings lie below the point where the path from leaf `index` meets the right edge of the tree,
/// and how many above. Above it every sibling is on the left.
fn path_shape(index: u64, size: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = (index >> inner).count_ones();
    (inner as usize, border as usize)
}

fn climb_inner(start: Hash, siblings: &[Hash], path: u64) -> Hash {
    siblings.iter().enumerate().fold(start, |hash, (level, side)| {
        if path >> level & 1 == 0 {
            node_hash(&hash, side)
        } else {
            node_hash(side, &hash)
        }
    })
}

fn climb_border(start: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(start, |hash, left| node_hash(left, &hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;

    #[test]
    fn sizes_near_the_limit_do_not_overflow() {
        let hash = leaf_hash(b"");
        assert_eq!(
            verify_inclusion(&hash, u64::MAX, u64::MAX, &[], &hash),
            Err(MerkleError::SizeTooLarge(u64::MAX))
        );
        assert_eq!(
            verify_inclusion(&hash, MAX_TREE_SIZE - 1, MAX_TREE_SIZE, &[hash; 62], &hash),
            Err(MerkleError::RootMismatch)
        );
        assert_eq!(
            verify_inclusion(&hash, 0, MAX_TREE_SIZE, &[hash; 62], &hash),
            Err(MerkleError::ProofLength { got: 62, want: 63 })
        );
        assert_eq!(
            verify_consistency(MAX_TREE_SIZE - 1, &hash, MAX_TREE_SIZE, &hash, &[hash; 63]),
            Err(MerkleError::OldRootMismatch)
        );
    }

    #[test]
    fn only_append_starts_from_the_empty_tree() {
        let (empty, leaf) = (empty_root(), leaf_hash(b""));
        assert_eq!(
            verify_consistency(0, &empty, 1, &leaf, &[]),
            Err(MerkleError::EmptyOldTree)
        );
        assert_eq!(verify_append(0, &empty, 1, &leaf, &[]), Ok(()));
        assert_eq!(verify_append(0, &empty, 0, &empty, &[]), Ok(()));
        assert_eq!(
            verify_append(0, &empty, 1, &leaf, &[leaf]),
            Err(MerkleError::ProofLength { got: 1, want: 0 })
        );
        assert_eq!(
            verify_append(0, &leaf, 1, &leaf, &[]),
            Err(MerkleError::OldRootMismatch)
        );
        assert_eq!(verify_append(0, &empty, 0, &leaf, &[]), Err(MerkleError::RootMismatch));
        assert_eq!(verify_append(1, &leaf, 1, &leaf, &[]), Ok(()));
    }
}
