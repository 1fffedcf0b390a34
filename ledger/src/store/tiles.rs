//! Tiles in the database, and proofs from them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use placet_kernel::merkle::{
    Frontier, Hash, NodeRange, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof, root, root_nodes,
};
use placet_kernel::tile::{HashTile, TILE_WIDTH, Tile, TileError, TileSet, right_edge, tiles_for};
use sqlx::{QueryBuilder, Sqlite};

use super::Store;
use crate::db::{int, uint};
use crate::error::StoreError;
use crate::tree::{Edge, Place, unprovable};

/// Full tiles kept parsed: 4 MiB of hashes. They never change, so they never go stale.
const CACHED_TILES: usize = 256;

/// Full tiles that were read lately.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<Place, Arc<HashTile>>>);

/// The tiles of one tree size that some proofs need.
#[derive(Debug)]
pub(crate) struct TreeReader {
    size: u64,
    tiles: TileSet,
}

impl Store {
    /// What proves these leaves in the tree of `size`, which must be committed.
    pub(crate) async fn inclusion(&self, indexes: &[u64], size: u64) -> Result<TreeReader, StoreError> {
        let ranges = indexes.iter().map(|index| inclusion_nodes(*index, size));
        let ranges = ranges
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| StoreError::Corrupt("index"))?;
        self.tree(&ranges.concat(), size).await
    }

    /// What proves that the trees of these sizes are beginnings of the one of `size`.
    pub(crate) async fn consistency(&self, sizes: &[u64], size: u64) -> Result<TreeReader, StoreError> {
        let ranges = sizes.iter().map(|old| consistency_nodes(*old, size));
        let ranges = ranges
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| StoreError::Corrupt("size"))?;
        self.tree(&ranges.concat(), size).await
    }

    /// The root of the tree of `size`, which must be committed.
    pub(crate) async fn root(&self, size: u64) -> Result<Hash, StoreError> {
        let range = root_nodes(size).map_err(|_| StoreError::Corrupt("size"))?;
        let reader = self.tree(&[range], size).await?;
        root(size, &reader.tiles).map_err(unprovable)
    }

    /// The growing tiles of a tree of `size`, checked against its frontier.
    pub(crate) async fn edge(&self, frontier: &Frontier) -> Result<Edge, StoreError> {
        let mut edge = Edge::default();
        let tiles: Vec<Tile> = right_edge(frontier.size()).collect();
        let mut set = TileSet::new();
        for tile in self.read_tiles(&tiles).await? {
            edge.insert((tile.tile().level(), tile.tile().index()), tile.hashes().to_vec());
            set.insert(Arc::new(tile));
        }
        let read = Frontier::load(frontier.size(), &set).map_err(unprovable)?;
        if read == *frontier {
            Ok(edge)
        } else {
            Err(StoreError::Corrupt("right edge"))
        }
    }

    /// The data of a hash tile, as served.
    pub(crate) async fn tile_data(&self, tile: Tile) -> Result<Vec<u8>, StoreError> {
        let tiles = self.read_tiles(&[tile]).await?;
        tiles.first().map(HashTile::to_bytes).ok_or(StoreError::Corrupt("tile"))
    }

    /// The leaves from `from` to before `to`, as entries of a bundle.
    pub(crate) async fn leaves(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let leaves: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT leaf FROM records WHERE idx >= $1 AND idx < $2 ORDER BY idx")
                .bind(int(from))
                .bind(int(to))
                .fetch_all(self.db.reader())
                .await?;
        if leaves.len() as u64 == to - from {
            Ok(leaves)
        } else {
            Err(StoreError::Corrupt("leaf"))
        }
    }

    async fn tree(&self, ranges: &[NodeRange], size: u64) -> Result<TreeReader, StoreError> {
        let wanted = tiles_for(ranges, size).map_err(|_| StoreError::Corrupt("size"))?;
        let mut tiles = TileSet::new();
        let mut missing = BTreeSet::new();
        for tile in wanted {
            match self.tiles.get(tile) {
                Some(known) => tiles.insert(known),
                None => drop(missing.insert(tile)),
            }
        }
        for tile in self.read_tiles(&missing.into_iter().collect::<Vec<_>>()).await? {
            let tile = Arc::new(tile);
            self.tiles.keep(&tile);
            tiles.insert(tile);
        }
        Ok(TreeReader { size, tiles })
    }

    /// Reads tiles in the width that was asked for. The row may be wider by now: a later batch only ever appends to it.
    async fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<HashTile>, StoreError> {
        if tiles.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new("SELECT level, n, data FROM tiles WHERE (level, n) IN (");
        query.push_values(tiles, |mut row, tile| {
            row.push_bind(i64::from(tile.level())).push_bind(int(tile.index()));
        });
        query.push(")");
        let rows: Vec<(i64, i64, Vec<u8>)> = query
            .build_query_as()
            .persistent(false)
            .fetch_all(self.db.reader())
            .await?;
        let rows = rows.into_iter().map(|(level, n, data)| Ok(((level, uint(n)?), data)));
        let rows = rows.collect::<Result<HashMap<_, _>, StoreError>>()?;
        let read = |tile: &Tile| {
            let data = rows
                .get(&(i64::from(tile.level()), tile.index()))
                .and_then(|data| data.get(..tile.hash_bytes()));
            HashTile::parse(*tile, data.unwrap_or_default()).map_err(|_: TileError| StoreError::Corrupt("tile"))
        };
        tiles.iter().map(read).collect()
    }
}

impl TreeReader {
    /// The inclusion proof of one of the leaves that were asked for.
    pub(crate) fn inclusion(&self, index: u64) -> Result<Vec<Hash>, StoreError> {
        inclusion_proof(index, self.size, &self.tiles).map_err(unprovable)
    }

    /// The consistency proof from one of the sizes that were asked for.
    pub(crate) fn consistency(&self, old: u64) -> Result<Vec<Hash>, StoreError> {
        consistency_proof(old, self.size, &self.tiles).map_err(unprovable)
    }
}

impl Cache {
    fn get(&self, tile: Tile) -> Option<Arc<HashTile>> {
        let tiles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tiles.get(&(tile.level(), tile.index())).cloned()
    }

    fn keep(&self, tile: &Arc<HashTile>) {
        let at = tile.tile();
        if at.width() < TILE_WIDTH {
            return;
        }
        let mut tiles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tiles.len() >= CACHED_TILES {
            tiles.clear();
        }
        tiles.insert((at.level(), at.index()), Arc::clone(tile));
    }
}
