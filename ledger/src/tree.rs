//! The tree as the writer holds it: the head, the tiles of its right edge, and what a batch adds.

use std::collections::{BTreeMap, HashMap};

use placet_kernel::merkle::{
    Frontier, Hash, MerkleError, NodeCoord, NodeSource, ProveError, inclusion_proof, root_nodes,
};
use placet_kernel::tile::{TILE_HEIGHT, TILE_WIDTH};
use placet_schemas::time::Timestamp;

use crate::error::StoreError;

/// A committed tree head: all that the next batch is built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of leaves.
    pub(crate) size: u64,
    /// Its root.
    pub(crate) root: Hash,
    /// Its right edge.
    pub(crate) frontier: Frontier,
    /// The signed checkpoint.
    pub(crate) note: String,
    /// When that was signed.
    pub(crate) time: Timestamp,
}

/// Place of a hash tile: level and number.
pub(crate) type Place = (u8, u64);

/// The hashes of the tiles that still grow, one per level at most: a few kilobytes, however large the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edge(BTreeMap<u8, (u64, Vec<Hash>)>);

impl Edge {
    /// Puts the last tile of a level there. A full one does not grow, and is left out.
    pub(crate) fn insert(&mut self, (level, n): Place, hashes: Vec<Hash>) {
        if hashes.len() < usize::from(TILE_WIDTH) {
            self.0.insert(level, (n, hashes));
        } else {
            self.0.remove(&level);
        }
    }

    fn grown(&self, (level, n): Place) -> Vec<Hash> {
        self.0
            .get(&level)
            .filter(|(at, _)| *at == n)
            .map_or_else(Vec::new, |(_, hashes)| hashes.clone())
    }
}

/// A tree that a batch is being added to. It knows the hash of every subtree that the inclusion proof of a new leaf can
/// name: each is either one of the old right edge, or completed by this batch. So a batch proves its leaves without
/// reading a tile.
#[derive(Debug)]
pub(crate) struct Growth<'a> {
    edge: &'a Edge,
    frontier: Frontier,
    nodes: HashMap<NodeCoord, Hash>,
    tiles: BTreeMap<Place, Vec<Hash>>,
}

impl<'a> Growth<'a> {
    /// Starts at a head.
    pub(crate) fn new(frontier: Frontier, edge: &'a Edge) -> Result<Self, StoreError> {
        let range = root_nodes(frontier.size()).map_err(|_| StoreError::Corrupt("head"))?;
        let nodes = range.nodes().zip(frontier.hashes().iter().copied()).collect();
        Ok(Self {
            edge,
            frontier,
            nodes,
            tiles: BTreeMap::new(),
        })
    }

    /// Appends a leaf.
    pub(crate) fn push(&mut self, leaf_hash: Hash) {
        let Self {
            edge,
            frontier,
            nodes,
            tiles,
        } = self;
        frontier.push_with(leaf_hash, |node, hash| {
            nodes.insert(node, hash);
            if node.level.is_multiple_of(TILE_HEIGHT) {
                let place = (node.level / TILE_HEIGHT, node.index / u64::from(TILE_WIDTH));
                tiles.entry(place).or_insert_with(|| edge.grown(place)).push(hash);
            }
        });
    }

    /// The right edge now.
    pub(crate) fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The inclusion proof of a leaf that this batch added.
    pub(crate) fn proof(&self, index: u64) -> Result<Vec<Hash>, StoreError> {
        inclusion_proof(index, self.frontier.size(), self).map_err(|_| StoreError::Corrupt("right edge"))
    }

    /// Every tile that is new or wider now, with its hashes.
    pub(crate) fn into_tiles(self) -> BTreeMap<Place, Vec<Hash>> {
        self.tiles
    }
}

impl NodeSource for Growth<'_> {
    type Error = MerkleError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, MerkleError> {
        let size = self.frontier.size();
        self.nodes
            .get(&NodeCoord { level, index })
            .copied()
            .ok_or(MerkleError::IndexBeyondSize { index, size })
    }
}

/// The hashes of a tile or of a frontier as bytes, one after the other.
pub(crate) fn to_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The reverse of [`to_bytes`].
pub(crate) fn from_bytes(bytes: &[u8], what: &'static str) -> Result<Vec<Hash>, StoreError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() {
        Ok(hashes.iter().copied().map(Hash::new).collect())
    } else {
        Err(StoreError::Corrupt(what))
    }
}

/// What was wrong with a proof that the ledger makes of its own rows.
pub(crate) fn unprovable<E>(_: ProveError<E>) -> StoreError {
    StoreError::Corrupt("tile")
}

#[cfg(test)]
mod tests {
    use placet_kernel::merkle::{leaf_hash, verify_inclusion};

    use super::*;

    #[test]
    fn every_leaf_of_a_batch_is_proved_from_the_old_edge_alone() {
        for (old, new) in (0u64..40).flat_map(|old| [(old, old + 1), (old, old + 37), (old, 600)]) {
            let hash = |index: u64| leaf_hash(&index.to_be_bytes());
            let mut before = Frontier::new();
            (0..old).for_each(|index| before.push(hash(index)));
            let edge = Edge::default();
            let mut growth = Growth::new(before, &edge).unwrap();
            (old..new).for_each(|index| growth.push(hash(index)));
            let root = growth.frontier().root();
            for index in old..new {
                let proof = growth.proof(index).unwrap();
                verify_inclusion(&hash(index), index, new, &proof, &root).unwrap();
            }
        }
    }

    #[test]
    fn tiles_grow_over_batches_as_if_in_one() {
        let (mut frontier, mut edge, mut tiles) = (Frontier::new(), Edge::default(), BTreeMap::new());
        for batch in [1u64, 254, 2, 300, 1, 255, 256, 70_000] {
            let mut growth = Growth::new(frontier.clone(), &edge).unwrap();
            let start = frontier.size();
            (start..start + batch).for_each(|index| growth.push(leaf_hash(&index.to_be_bytes())));
            frontier = growth.frontier().clone();
            for (place, hashes) in growth.into_tiles() {
                edge.insert(place, hashes.clone());
                tiles.insert(place, hashes);
            }
        }
        let empty = Edge::default();
        let mut whole = Growth::new(Frontier::new(), &empty).unwrap();
        (0..frontier.size()).for_each(|index| whole.push(leaf_hash(&index.to_be_bytes())));
        assert_eq!(whole.frontier(), &frontier);
        assert_eq!(whole.into_tiles(), tiles);
        assert!(tiles.contains_key(&(2, 0)), "three levels are crossed");
    }
}
