//! Tiles and entry bundles of a tiled log: C2SP tlog-tiles.
//!
//! In scope: which tiles a tree of a given size has, their paths, and their contents. Out of scope: files,
//! HTTP and caching. A path that parses is safe to serve: nothing but `tile`, `entries`, digits, `x`, `.p`
//! and single slashes is in it, and each resource has exactly one path.

mod data;
mod entries;
mod path;

use std::collections::BTreeSet;

use crate::merkle::{HASH_BYTES, NodeCoord, NodeRange};

pub use data::{HashTile, TileSet};
pub use entries::{MAX_ENTRY_BYTES, decode_entries, encode_entries};

/// Levels of the Merkle tree inside one tile.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;

/// The highest tile level that a path may name. A tree of at most 2^63 - 1 leaves only has levels 0 to 7.
pub const MAX_TILE_LEVEL: u8 = 63;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes: of leaves at level 0, of full tiles of the level below above that.
    Hashes {
        /// Level of the tile, 0 to [`MAX_TILE_LEVEL`].
        level: u8,
    },
    /// The log entries themselves, numbered like the tiles of level 0.
    Entries,
}

/// The coordinates of a tile or an entry bundle. `Display` and [`str::parse`] are its path under the log's
/// prefix, without a leading slash: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// Why coordinates, a path or the contents of a tile are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not the one path of a tile or an entry bundle.
    #[error("not the path of a tile")]
    Path,
    /// The level is above [`MAX_TILE_LEVEL`].
    #[error("there is no tile level {0}")]
    Level(u8),
    /// The width is not 1 to 256.
    #[error("a tile is not {0} wide")]
    Width(u16),
    /// The kind of tile is not the one needed here.
    #[error("not this kind of tile")]
    Kind,
    /// The data are not 32 bytes for each hash.
    #[error("{got} bytes of tile data where {want} are needed")]
    DataLength {
        /// Bytes or hashes given.
        got: usize,
        /// Bytes or hashes that the width demands.
        want: usize,
    },
    /// The subtree is not inside the tile, or not inside any tile at hand.
    #[error("the subtree at level {level}, index {index} is not here")]
    NodeAbsent {
        /// Height of the subtree.
        level: u8,
        /// Its position in its level.
        index: u64,
    },
    /// An entry is longer than [`MAX_ENTRY_BYTES`].
    #[error("an entry of {0} bytes is too long")]
    EntryTooLong(usize),
    /// The bundle ends inside an entry, or goes on after the last.
    #[error("the bundle does not hold exactly {want} entries")]
    EntryCount {
        /// Entries that the width demands.
        want: u16,
    },
}

impl TileError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path => "tile_path",
            Self::Level(_) => "tile_level",
            Self::Width(_) => "tile_width",
            Self::Kind => "tile_kind",
            Self::DataLength { .. } => "tile_data_length",
            Self::NodeAbsent { .. } => "tile_node_absent",
            Self::EntryTooLong(_) => "tile_entry_too_long",
            Self::EntryCount { .. } => "tile_entry_count",
        }
    }
}

impl Tile {
    /// The hash tile at `level` and `index` with `width` hashes.
    ///
    /// # Errors
    /// [`TileError::Level`], or [`TileError::Width`] unless the width is 1 to 256.
    pub fn hashes(level: u8, index: u64, width: u16) -> Result<Self, TileError> {
        if level > MAX_TILE_LEVEL {
            return Err(TileError::Level(level));
        }
        Self::with_width(TileKind::Hashes { level }, index, width)
    }

    /// The entry bundle at `index` with `width` entries.
    ///
    /// # Errors
    /// [`TileError::Width`] unless the width is 1 to 256.
    pub fn entries(index: u64, width: u16) -> Result<Self, TileError> {
        Self::with_width(TileKind::Entries, index, width)
    }

    /// The tile, in a tree of `size` leaves, that holds or determines a complete subtree; `None` if the
    /// subtree is not complete in that tree. Subtrees of height 0 to 7 are in level 0, 8 to 15 in level 1,
    /// and so on.
    pub fn holding(node: NodeCoord, size: u64) -> Option<Self> {
        let level = node.level / TILE_HEIGHT;
        let height = node.level % TILE_HEIGHT;
        let past = node.index.checked_add(1)?.checked_mul(1 << height)?;
        let total = hashes_at(level, size);
        if past > total {
            return None;
        }
        let index = (past - 1) / u64::from(TILE_WIDTH);
        Some(Self {
            kind: TileKind::Hashes { level },
            index,
            width: width_at(index, total),
        })
    }

    /// What the tile holds.
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// The level of the tile; 0 for an entry bundle.
    pub fn level(&self) -> u8 {
        match self.kind {
            TileKind::Hashes { level } => level,
            TileKind::Entries => 0,
        }
    }

    /// Zero-based position in its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Number of hashes or entries, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether the tile is complete. A partial tile is never served at a full tile's path.
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The full tile at the same place: what a client may try when a partial one is gone.
    pub fn to_full(self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..self
        }
    }

    /// Whether a tree of `size` leaves determines every hash or entry of this tile, so that some checkpoint
    /// up to that size may have needed it.
    pub fn fits(&self, size: u64) -> bool {
        let end = self
            .index
            .checked_mul(u64::from(TILE_WIDTH))
            .and_then(|start| start.checked_add(u64::from(self.width)));
        end.is_some_and(|end| end <= hashes_at(self.level(), size))
    }

    /// Length in bytes of the data of a hash tile of this width.
    pub fn hash_bytes(&self) -> usize {
        usize::from(self.width) * HASH_BYTES
    }

    fn with_width(kind: TileKind, index: u64, width: u16) -> Result<Self, TileError> {
        if width == 0 || width > TILE_WIDTH {
            return Err(TileError::Width(width));
        }
        Ok(Self { kind, index, width })
    }
}

/// The hash tiles of a tree of `new` leaves that a tree of `old` leaves does not have, from level 0 upwards:
/// what a log has to write before it publishes the larger tree. Empty if `new` is not larger.
pub fn new_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    levels(new).flat_map(move |level| new_at(TileKind::Hashes { level }, hashes_at(level, old), hashes_at(level, new)))
}

/// The entry bundles of a log of `new` entries that a log of `old` entries does not have.
pub fn new_bundles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    new_at(TileKind::Entries, old, new)
}

/// The right edge of a tree of `size` leaves: the last hash tile of each level, from level 0 upwards, full or
/// partial. They determine the frontier and the root.
pub fn right_edge(size: u64) -> impl Iterator<Item = Tile> {
    levels(size).map(move |level| {
        let total = hashes_at(level, size);
        let index = (total - 1) / u64::from(TILE_WIDTH);
        Tile {
            kind: TileKind::Hashes { level },
            index,
            width: width_at(index, total),
        }
    })
}

/// The last entry bundle of a log of `size` entries, full or partial; `None` if the log is empty.
pub fn last_bundle(size: u64) -> Option<Tile> {
    let index = size.checked_sub(1)? / u64::from(TILE_WIDTH);
    Some(Tile {
        kind: TileKind::Entries,
        index,
        width: width_at(index, size),
    })
}

/// The hash tiles of a tree of `size` leaves that give the hashes of these ranges: what to fetch before a
/// proof is computed over a [`TileSet`].
///
/// # Errors
/// [`TileError::NodeAbsent`] if a range reaches beyond the tree.
pub fn tiles_for(ranges: &[NodeRange], size: u64) -> Result<BTreeSet<Tile>, TileError> {
    ranges
        .iter()
        .flat_map(NodeRange::nodes)
        .map(|node| {
            Tile::holding(node, size).ok_or(TileError::NodeAbsent {
                level: node.level,
                index: node.index,
            })
        })
        .collect()
}

/// The levels that have tiles.
fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..=MAX_TILE_LEVEL).take_while(move |level| hashes_at(*level, size) > 0)
}

/// How many hashes the level has in total: complete subtrees of 256^level leaves.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0)
}

/// The width of the tile at `index` in a level of `total` hashes. The tile must exist.
fn width_at(index: u64, total: u64) -> u16 {
    let after = total - index * u64::from(TILE_WIDTH);
    u16::try_from(after).map_or(TILE_WIDTH, |after| after.min(TILE_WIDTH))
}

fn new_at(kind: TileKind, old: u64, new: u64) -> impl Iterator<Item = Tile> {
    // A tile that was full stays as it is; one that grew, even by one hash, is another tile.
    let first = old / u64::from(TILE_WIDTH);
    let end = if new > old {
        new.div_ceil(u64::from(TILE_WIDTH))
    } else {
        first
    };
    (first..end).map(move |index| Tile {
        kind,
        index,
        width: width_at(index, new),
    })
}
