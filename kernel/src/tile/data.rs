//! The hashes of a tile, and the subtrees between them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{TILE_HEIGHT, TILE_WIDTH, Tile, TileError, TileKind};
use crate::merkle::{HASH_BYTES, Hash, NodeCoord, NodeSource, node_hash};

/// A hash tile with its data. Every complete subtree inside it is computed once, when it is made, so a tile
/// that is kept answers for any proof without hashing. It holds up to 16 KiB.
///
/// The hashes are as trustworthy as their source: they count for something once the root over them has been
/// compared with a signed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashTile {
    tile: Tile,
    /// Hashes by height inside the tile, the lowest first.
    heights: Vec<Vec<Hash>>,
}

/// Tiles by place, as a source of tree hashes for proofs.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    tiles: HashMap<(u8, u64), Arc<HashTile>>,
}

impl HashTile {
    /// Reads the data of a tile: 32 bytes for each hash.
    ///
    /// # Errors
    /// [`TileError::Kind`] for an entry bundle, [`TileError::DataLength`] (in bytes) if the data do not fit the
    /// width.
    pub fn parse(tile: Tile, data: &[u8]) -> Result<Self, TileError> {
        let (hashes, rest) = data.as_chunks::<HASH_BYTES>();
        if data.len() != tile.hash_bytes() || !rest.is_empty() {
            return Err(TileError::DataLength {
                got: data.len(),
                want: tile.hash_bytes(),
            });
        }
        Self::from_hashes(tile, hashes.iter().copied().map(Hash::new).collect())
    }

    /// Makes a tile of its hashes.
    ///
    /// # Errors
    /// [`TileError::Kind`] for an entry bundle, [`TileError::DataLength`] (in hashes) if there are not as many
    /// hashes as the tile is wide.
    pub fn from_hashes(tile: Tile, hashes: Vec<Hash>) -> Result<Self, TileError> {
        let TileKind::Hashes { .. } = tile.kind() else {
            return Err(TileError::Kind);
        };
        let want = usize::from(tile.width());
        if hashes.len() != want {
            return Err(TileError::DataLength {
                got: hashes.len(),
                want,
            });
        }
        let mut heights = vec![hashes];
        for _ in 0..TILE_HEIGHT {
            let next = heights.last().map_or_else(Vec::new, |below| {
                let (pairs, _) = below.as_chunks::<2>();
                pairs.iter().map(|[left, right]| node_hash(left, right)).collect()
            });
            heights.push(next);
        }
        Ok(Self { tile, heights })
    }

    /// The coordinates of the tile.
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// The hashes of the tile, as many as it is wide.
    pub fn hashes(&self) -> &[Hash] {
        self.heights.first().map_or(&[], Vec::as_slice)
    }

    /// The data of the tile, as served.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes().iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// The root over all hashes of a full tile, which is one hash of a tile of the level above; `None` for a
    /// partial tile, which must not be hashed into the level above.
    pub fn full_root(&self) -> Option<Hash> {
        self.heights.last()?.first().copied()
    }

    /// The hash of a complete subtree inside this tile, of height 0 to 8 above its hashes.
    ///
    /// # Errors
    /// [`TileError::NodeAbsent`].
    pub fn node(&self, node: NodeCoord) -> Result<Hash, TileError> {
        self.find(node).ok_or(TileError::NodeAbsent {
            level: node.level,
            index: node.index,
        })
    }

    fn find(&self, node: NodeCoord) -> Option<Hash> {
        let base = self.tile.level().checked_mul(TILE_HEIGHT)?;
        let height = node.level.checked_sub(base)?;
        let first = self.tile.index().checked_mul(u64::from(TILE_WIDTH))? >> height.min(TILE_HEIGHT);
        let offset = usize::try_from(node.index.checked_sub(first)?).ok()?;
        self.heights.get(usize::from(height))?.get(offset).copied()
    }
}

impl TileSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile. A wider tile replaces a narrower one at the same place, and never the other way round.
    pub fn insert(&mut self, tile: Arc<HashTile>) {
        let coordinates = tile.tile();
        let place = (coordinates.level(), coordinates.index());
        match self.tiles.get(&place) {
            Some(present) if present.tile().width() >= coordinates.width() => {}
            _ => {
                self.tiles.insert(place, tile);
            }
        }
    }
}

impl NodeSource for TileSet {
    type Error = TileError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        let absent = TileError::NodeAbsent { level, index };
        let height = level % TILE_HEIGHT;
        let place = (
            level / TILE_HEIGHT,
            index.checked_mul(1 << height).ok_or(absent)? / u64::from(TILE_WIDTH),
        );
        let tile = self.tiles.get(&place).ok_or(absent)?;
        tile.node(NodeCoord { level, index })
    }
}
