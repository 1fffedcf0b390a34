//! Rebuilding a log from its entries: every hash tile it must have, and its root, from nothing but the entry bundles.
//!
//! A [`Tower`] takes hashes of one tile level in order and gives each tile as soon as it is whole. One that starts at level
//! 0 takes leaf hashes. Since a full tile is one hash of the level above, a log can be rebuilt in parts: each part of
//! [`PART_LEAVES`] leaves makes its tiles below [`PART_LEVEL`] alone, on a processor of its own, and the part's hash is what another tower takes
//! from level 2 on.

use crate::merkle::{Hash, empty_root, node_hash};
use crate::tile::{TILE_WIDTH, Tile, TileError};

/// Leaves of a part that can be rebuilt alone: a full tile of level 1.
pub const PART_LEAVES: u64 = 1 << 16;
/// The tile level at which the hashes of whole parts belong.
pub const PART_LEVEL: u8 = 2;

/// Hashes of the levels that are being filled.
#[derive(Debug, Clone)]
pub struct Tower {
    base: u8,
    floors: Vec<Floor>,
}

#[derive(Debug, Clone)]
struct Floor {
    /// Number of the tile that is being filled.
    n: u64,
    hashes: Vec<Hash>,
}

impl Tower {
    /// A tower that takes hashes of tile level `base`, the first of which is at the beginning of tile `n` there.
    #[must_use]
    pub fn new(base: u8, n: u64) -> Self {
        Self {
            base,
            floors: vec![Floor::new(n)],
        }
    }

    /// Takes the next hash, and gives every tile that it completes.
    ///
    /// # Errors
    /// [`TileError::Level`] beyond the highest level, which no tree of less than 2^63 leaves has; and those of `tile`.
    pub fn push<E: From<TileError>>(
        &mut self,
        mut hash: Hash,
        mut tile: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        for height in 0.. {
            let level = self.level(height)?;
            if height == self.floors.len() {
                let below = self.floors[height - 1].n;
                self.floors.push(Floor::new((below - 1) / u64::from(TILE_WIDTH)));
            }
            let floor = &mut self.floors[height];
            floor.hashes.push(hash);
            if floor.hashes.len() < usize::from(TILE_WIDTH) {
                return Ok(());
            }
            tile(Tile::hashes(level, floor.n, TILE_WIDTH)?, &floor.hashes)?;
            hash = fold(&floor.hashes).unwrap_or_else(empty_root);
            floor.n += 1;
            floor.hashes.clear();
        }
        Ok(())
    }

    /// Gives the tiles that are not full, and the hash over everything that was taken, with `rest`, the hash of what comes
    /// to the right of it on the level below, where there is such a thing. `None` if there is nothing at all.
    ///
    /// # Errors
    /// Those of `tile`.
    pub fn finish<E: From<TileError>>(
        &self,
        rest: Option<Hash>,
        mut tile: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<Option<Hash>, E> {
        let mut right = rest;
        for (height, floor) in self.floors.iter().enumerate() {
            // A floor holds less than a full tile: its width fits.
            if let Ok(width @ 1..) = u16::try_from(floor.hashes.len()) {
                tile(Tile::hashes(self.level(height)?, floor.n, width)?, &floor.hashes)?;
            }
            // All but the last are subtrees of one size, so splitting the list splits the tree (RFC 6962 section 2.1).
            let row: Vec<Hash> = floor.hashes.iter().copied().chain(right).collect();
            right = fold(&row);
        }
        Ok(right)
    }

    fn level(&self, height: usize) -> Result<u8, TileError> {
        let level = u8::try_from(height)
            .ok()
            .and_then(|height| self.base.checked_add(height));
        level.ok_or(TileError::Level(u8::MAX))
    }
}

impl Floor {
    fn new(n: u64) -> Self {
        Self {
            n,
            hashes: Vec::with_capacity(usize::from(TILE_WIDTH)),
        }
    }
}

/// RFC 6962 section 2.1 over subtrees instead of leaves; `None` for no subtree.
fn fold(row: &[Hash]) -> Option<Hash> {
    match row {
        [] => None,
        [one] => Some(*one),
        _ => {
            let split = row.len().next_power_of_two() / 2;
            let (left, right) = row.split_at(split);
            Some(node_hash(&fold(left)?, &fold(right)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::merkle::{Frontier, leaf_hash};
    use crate::tile::new_tiles;

    type Tiles = BTreeMap<Tile, Vec<Hash>>;

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    fn keep(tiles: &mut Tiles) -> impl FnMut(Tile, &[Hash]) -> Result<(), TileError> {
        |tile, hashes| {
            assert!(tiles.insert(tile, hashes.to_vec()).is_none(), "{tile} twice");
            Ok(())
        }
    }

    fn rebuild(size: u64) -> (Tiles, Option<Hash>) {
        let mut tiles = Tiles::new();
        let mut tower = Tower::new(0, 0);
        for index in 0..size {
            tower.push(leaf(index), keep(&mut tiles)).unwrap();
        }
        let root = tower.finish(None, keep(&mut tiles)).unwrap();
        (tiles, root)
    }

    #[test]
    fn root_and_tiles_are_those_of_a_tree_that_grew() {
        let mut frontier = Frontier::new();
        for size in 0..700_u64 {
            let (tiles, root) = rebuild(size);
            assert_eq!(root.unwrap_or_else(empty_root), frontier.root(), "{size}");
            let wanted: Vec<Tile> = new_tiles(0, size).collect();
            assert!(
                tiles.keys().all(|tile| wanted.contains(tile)) && tiles.len() == wanted.len(),
                "{size}"
            );
            frontier.push(leaf(size));
        }
    }

    #[test]
    fn parts_that_were_rebuilt_alone_make_the_same_tree() {
        for size in [
            1,
            PART_LEAVES - 1,
            PART_LEAVES,
            PART_LEAVES + 1,
            3 * PART_LEAVES,
            3 * PART_LEAVES + 300,
        ] {
            let mut tiles = Tiles::new();
            let mut above = Tower::new(PART_LEVEL, 0);
            let mut rest = None;
            for part in 0..size.div_ceil(PART_LEAVES) {
                let (from, to) = (part * PART_LEAVES, size.min((part + 1) * PART_LEAVES));
                let mut tower = Tower::new(0, from / u64::from(TILE_WIDTH));
                let mut of_part = |tile: Tile, hashes: &[Hash]| match tile.level() < PART_LEVEL {
                    true => keep(&mut tiles)(tile, hashes),
                    false => Ok(()),
                };
                for index in from..to {
                    tower.push(leaf(index), &mut of_part).unwrap();
                }
                let hash = tower.finish(None, &mut of_part).unwrap();
                match hash {
                    Some(hash) if to - from == PART_LEAVES => above.push(hash, keep(&mut tiles)).unwrap(),
                    other => rest = other,
                }
            }
            let root = above.finish(rest, keep(&mut tiles)).unwrap();
            assert_eq!((tiles, root), rebuild(size), "{size}");
        }
    }
}
