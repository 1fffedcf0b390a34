//! Tile arithmetic against a naive model of the definition in tlog-tiles, and proofs computed from tiles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use placet_kernel::merkle::{
    Frontier, Hash, NodeCoord, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof, leaf_hash, root,
    verify_consistency, verify_inclusion,
};
use placet_kernel::tile::{
    HashTile, Tile, TileError, TileKind, TileSet, last_bundle, new_bundles, new_tiles, right_edge, tiles_for,
};
use proptest::prelude::*;

use crate::model::entry;

/// (level, index, width) of all tiles of a tree, straight from the definition: the partial tile at level l has
/// floor(size / 256^l) mod 256 entries, and empty tiles do not exist.
fn naive(size: u64) -> BTreeSet<(u8, u64, u16)> {
    let mut tiles = BTreeSet::new();
    let (mut level, mut hashes) = (0, size);
    while hashes > 0 {
        tiles.extend((0..hashes / 256).map(|index| (level, index, 256)));
        if hashes % 256 > 0 {
            tiles.insert((level, hashes / 256, (hashes % 256) as u16));
        }
        level += 1;
        hashes /= 256;
    }
    tiles
}

fn triple(tile: Tile) -> (u8, u64, u16) {
    assert!(matches!(tile.kind(), TileKind::Hashes { .. }));
    (tile.level(), tile.index(), tile.width())
}

fn check_new_tiles(old: u64, new: u64, naive_old: &BTreeSet<(u8, u64, u16)>) {
    let ours: Vec<_> = new_tiles(old, new).map(triple).collect();
    let expected: Vec<_> = naive(new).difference(naive_old).copied().collect();
    assert_eq!(ours, expected, "{old} to {new}");
    let bundles: Vec<_> = new_bundles(old, new)
        .map(|bundle| (bundle.kind(), bundle.index(), bundle.width()))
        .collect();
    let expected: Vec<_> = expected
        .into_iter()
        .filter(|(level, ..)| *level == 0)
        .map(|(_, index, width)| (TileKind::Entries, index, width))
        .collect();
    assert_eq!(bundles, expected, "{old} to {new}");
}

fn check_edge(size: u64) {
    let mut last = BTreeMap::new();
    for (level, index, width) in naive(size) {
        last.insert(level, (level, index, width));
    }
    let ours: Vec<_> = right_edge(size).map(triple).collect();
    assert_eq!(ours, last.values().copied().collect::<Vec<_>>(), "{size}");
    let bundle = last_bundle(size).map(|bundle| (bundle.level(), bundle.index(), bundle.width()));
    assert_eq!(bundle, last.get(&0).copied(), "{size}");
}

#[test]
fn sizes_up_to_1100_match_the_model() {
    let all: Vec<_> = (0..=1100).map(naive).collect();
    for new in 0..=1100u64 {
        check_edge(new);
        let olds = (0..=new).filter(|old| new - old < 3 || old % 37 == 0 || old % 256 <= 1);
        for old in olds {
            check_new_tiles(old, new, &all[old as usize]);
        }
        assert_eq!(new_tiles(new, new / 2).count(), 0);
    }
}

#[test]
fn sizes_around_a_new_level_match_the_model() {
    for old in [0, 1, 256, 65_279, 65_280, 65_281, 65_535, 65_536, 65_537] {
        let naive_old = naive(old);
        for new in (65_537..65_545).chain([65_791, 65_792, 65_793, 70_000]) {
            check_edge(new);
            check_new_tiles(old, new, &naive_old);
        }
    }
    let large = 1u64 << 24;
    for old in [large - 257, large - 1, large] {
        let naive_old = naive(old);
        for new in [large, large + 1, large + 256] {
            check_edge(new);
            check_new_tiles(old, new, &naive_old);
        }
    }
}

#[test]
fn the_published_example_sizes() {
    let mut counts = BTreeMap::new();
    for tile in new_tiles(0, 70_000) {
        *counts.entry((tile.level(), tile.width())).or_insert(0) += 1;
    }
    let expected = [((0, 112), 1), ((0, 256), 273), ((1, 17), 1), ((1, 256), 1), ((2, 1), 1)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    let paths: Vec<_> = new_tiles(0, 256).map(|tile| tile.to_string()).collect();
    assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1"]);
}

#[test]
fn the_largest_sizes_do_not_overflow() {
    let max = u64::MAX;
    let edge: Vec<_> = right_edge(max).map(triple).collect();
    assert_eq!(edge.len(), 8);
    assert_eq!(edge[0], (0, max / 256, 255));
    assert_eq!(edge[7], (7, 0, 255));
    let new: Vec<_> = new_tiles(max - 1, max).map(triple).collect();
    assert_eq!(new, [(0, max / 256, 255)]);
    assert!(!Tile::hashes(0, max, 256).unwrap().fits(max));
    assert!(!Tile::hashes(63, 0, 1).unwrap().fits(max));
    let far = NodeCoord { level: 255, index: max };
    assert_eq!(Tile::holding(far, max), None);
}

#[test]
fn a_tile_fits_exactly_the_trees_that_determine_it() {
    for size in (0..=1100).chain(65_500..65_600) {
        let tiles = naive(size);
        for level in 0..3 {
            for (index, width) in (0..3).flat_map(|index| [1, 2, 77, 255, 256].map(|w| (index, w))) {
                let model = tiles
                    .iter()
                    .any(|tile| (tile.0, tile.1) == (level, index) && tile.2 >= width);
                let tile = Tile::hashes(level, index, width).unwrap();
                assert_eq!(tile.fits(size), model, "{tile} in {size}");
            }
        }
    }
}

/// All tiles of a growing tree, from the subtrees that each leaf completes.
#[derive(Default)]
struct Log {
    frontier: Frontier,
    hashes: BTreeMap<u8, Vec<Hash>>,
}

impl Log {
    fn grow(&mut self, size: u64) {
        for index in self.frontier.size()..size {
            self.frontier.push_with(leaf_hash(&entry(index)), |node, hash| {
                if node.level.is_multiple_of(8) {
                    self.hashes.entry(node.level / 8).or_default().push(hash);
                }
            });
        }
    }

    fn fetch(&self, tiles: impl IntoIterator<Item = Tile>) -> TileSet {
        let mut set = TileSet::new();
        for tile in tiles {
            let begin = tile.index() as usize * 256;
            let end = begin + usize::from(tile.width());
            let hashes = self.hashes[&tile.level()][begin..end].to_vec();
            let tile = HashTile::from_hashes(tile, hashes).unwrap();
            assert_eq!(HashTile::parse(tile.tile(), &tile.to_bytes()), Ok(tile.clone()));
            set.insert(Arc::new(tile));
        }
        set
    }
}

#[test]
fn proofs_from_planned_tiles_hold() {
    let mut log = Log::default();
    let sizes = [
        1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 66_000,
    ];
    let mut old = (0, Frontier::new().root());
    for size in sizes {
        log.grow(size);
        let new_root = log.frontier.root();

        let edge = log.fetch(right_edge(size));
        assert_eq!(Frontier::load(size, &edge).unwrap(), log.frontier);
        assert_eq!(root(size, &edge), Ok(new_root));

        for index in [0, 1, size / 3, size / 2, size - 1] {
            let Ok(plan) = inclusion_nodes(index, size) else {
                continue;
            };
            let tiles = log.fetch(tiles_for(&plan, size).unwrap());
            let proof = inclusion_proof(index, size, &tiles).unwrap();
            let leaf = leaf_hash(&entry(index));
            assert_eq!(verify_inclusion(&leaf, index, size, &proof, &new_root), Ok(()));
        }

        let plan = consistency_nodes(old.0, size).unwrap();
        let tiles = log.fetch(tiles_for(&plan, size).unwrap());
        let proof = consistency_proof(old.0, size, &tiles).unwrap();
        if old.0 > 0 {
            assert_eq!(verify_consistency(old.0, &old.1, size, &new_root, &proof), Ok(()));
        }
        old = (size, new_root);
    }
}

#[test]
fn a_full_tile_has_a_root_and_a_partial_one_has_none() {
    let mut log = Log::default();
    log.grow(256);
    let hashes = log.hashes[&0].clone();
    let full = HashTile::from_hashes(Tile::hashes(0, 0, 256).unwrap(), hashes.clone()).unwrap();
    assert_eq!(full.full_root(), Some(log.frontier.root()));
    let top = NodeCoord { level: 8, index: 0 };
    assert_eq!(full.node(top), Ok(log.frontier.root()));

    let partial = HashTile::from_hashes(Tile::hashes(0, 0, 255).unwrap(), hashes[..255].to_vec()).unwrap();
    assert_eq!(partial.full_root(), None);
    let absent = |level, index| Err(TileError::NodeAbsent { level, index });
    assert_eq!(partial.node(top), absent(8, 0));
    for (level, index) in [(0, 255), (7, 1), (9, 0)] {
        assert_eq!(partial.node(NodeCoord { level, index }), absent(level, index));
    }

    let mut set = TileSet::new();
    set.insert(Arc::new(full.clone()));
    set.insert(Arc::new(partial));
    assert_eq!(root(256, &log.fetch(right_edge(256))), Ok(log.frontier.root()));
    let last = inclusion_proof(255, 256, &set).unwrap();
    assert_eq!(last.len(), 8, "the narrower tile did not replace the full one");
}

#[test]
fn tile_data_of_another_length_are_refused() {
    let tile = Tile::hashes(0, 0, 2).unwrap();
    for got in [0, 32, 63, 65, 96] {
        assert_eq!(
            HashTile::parse(tile, &vec![0; got]),
            Err(TileError::DataLength { got, want: 64 })
        );
    }
    let bundle = Tile::entries(0, 2).unwrap();
    assert_eq!(HashTile::parse(bundle, &[0; 64]), Err(TileError::Kind));
    assert_eq!(Tile::hashes(0, 0, 0), Err(TileError::Width(0)));
    assert_eq!(Tile::entries(0, 257), Err(TileError::Width(257)));
    assert_eq!(Tile::hashes(64, 0, 1), Err(TileError::Level(64)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths_round_trip(level in 0u8..=63, index in any::<u64>(), shift in 0u32..64, width in 1u16..=256) {
        let index = index >> shift;
        for tile in [Tile::hashes(level, index, width).unwrap(), Tile::entries(index, width).unwrap()] {
            let path = tile.to_string();
            prop_assert_eq!(path.parse(), Ok(tile));
            prop_assert!(path.split('/').all(|element| !element.is_empty() && element != ".." && element != "."));
        }
    }

    #[test]
    fn whatever_parses_is_the_one_spelling(path in "tile/(0|1|63|64|entries)(/x?[0-9]{1,4}){1,3}(\\.p/[0-9]{0,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn parsing_never_panics(path in "(tile/)?\\PC{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..100), width in 1u16..=256) {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
        let bundle = Tile::entries(0, width).unwrap();
        if let Ok(entries) = placet_kernel::tile::decode_entries(&bundle, &bytes) {
            prop_assert_eq!(placet_kernel::tile::encode_entries(&bundle, entries), Ok(bytes.clone()));
        }
    }
}
