//! The right edge of a tree: all that is needed to append leaves and to know the root.

use super::prove::{NodeCoord, NodeSource, ProveError, fold_right, root_nodes};
use super::verify::{MerkleError, check_size};
use super::{Hash, node_hash};

/// The hashes of the complete subtrees that make up a tree (a "compact range"), one for each bit set in its
/// size. It grows with the logarithm of the tree, so it is what a log keeps in memory and in its head row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rebuilds a frontier from its size and what [`Frontier::hashes`] gave. Compare its root with a trusted
    /// one: the hashes themselves cannot be checked here.
    ///
    /// # Errors
    /// [`MerkleError::SizeTooLarge`], or [`MerkleError::FrontierLength`] if there is not one hash for each bit
    /// set in the size.
    pub fn from_parts(size: u64, hashes: Vec<Hash>) -> Result<Self, MerkleError> {
        check_size(size)?;
        if hashes.len() != size.count_ones() as usize {
            return Err(MerkleError::FrontierLength {
                got: hashes.len(),
                size,
            });
        }
        Ok(Self { size, hashes })
    }

    /// Reads the frontier of the tree of `size` leaves from a source of tree hashes.
    ///
    /// # Errors
    /// [`ProveError::Request`] if the size is too large, [`ProveError::Source`] if the source lacks a hash.
    pub fn load<S: NodeSource + ?Sized>(size: u64, source: &S) -> Result<Self, ProveError<S::Error>> {
        let hashes = root_nodes(size)?
            .nodes()
            .map(|node| source.node(node.level, node.index))
            .collect::<Result<Vec<_>, _>>()
            .map_err(ProveError::Source)?;
        Ok(Self { size, hashes })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the complete subtrees, the largest (leftmost) first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        fold_right(&self.hashes)
    }

    /// Appends a leaf, given its hash.
    pub fn push(&mut self, leaf_hash: Hash) {
        self.push_with(leaf_hash, |_, _| {});
    }

    /// Appends a leaf, given its hash, and hands over every complete subtree that the leaf completes, the leaf
    /// itself first: what a log has to store, since nothing else ever becomes known of the tree.
    pub fn push_with(&mut self, leaf_hash: Hash, mut completed: impl FnMut(NodeCoord, Hash)) {
        let mut node = NodeCoord {
            level: 0,
            index: self.size,
        };
        let mut hash = leaf_hash;
        completed(node, hash);
        // A complete subtree is on the left exactly while the position is odd, and each one absorbs the last
        // hash kept.
        while node.index & 1 == 1
            && let Some(left) = self.hashes.pop()
        {
            hash = node_hash(&left, &hash);
            node = NodeCoord {
                level: node.level + 1,
                index: node.index >> 1,
            };
            completed(node, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{MAX_TREE_SIZE, empty_root, leaf_hash};

    #[test]
    fn parts_round_trip_and_wrong_parts_are_refused() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root(), empty_root());
        for size in 1..=100u64 {
            frontier.push(leaf_hash(&size.to_be_bytes()));
            let hashes = frontier.hashes().to_vec();
            assert_eq!(Frontier::from_parts(size, hashes.clone()), Ok(frontier.clone()));

            let mut longer = hashes.clone();
            longer.push(empty_root());
            assert_eq!(
                Frontier::from_parts(size, longer),
                Err(MerkleError::FrontierLength {
                    got: hashes.len() + 1,
                    size
                })
            );
        }
        assert_eq!(
            Frontier::from_parts(MAX_TREE_SIZE + 1, vec![empty_root()]),
            Err(MerkleError::SizeTooLarge(MAX_TREE_SIZE + 1))
        );
    }

    #[test]
    fn push_hands_over_each_complete_subtree_once() {
        let mut frontier = Frontier::new();
        let mut seen = Vec::new();
        for leaf in 0..8u64 {
            frontier.push_with(leaf_hash(&leaf.to_be_bytes()), |node, _| seen.push(node));
        }
        let coords: Vec<_> = seen.iter().map(|node| (node.level, node.index)).collect();
        assert_eq!(
            coords,
            [
                (0, 0),
                (0, 1),
                (1, 0),
                (0, 2),
                (0, 3),
                (1, 1),
                (2, 0),
                (0, 4),
                (0, 5),
                (1, 2),
                (0, 6),
                (0, 7),
                (1, 3),
                (2, 1),
                (3, 0)
            ]
        );
    }
}
