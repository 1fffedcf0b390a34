//! The whole log, computed again from what is published, in the plainest way: no tile is believed, no frontier is used.

use std::fs;
use std::path::Path;

use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::merkle::{Frontier, Hash, leaf_hash, node_hash};
use placet_kernel::note::UnverifiedNote;
use placet_kernel::tile::{Tile, TileKind, decode_entries, last_bundle, right_edge};
use placet_schemas::id::Digest;

use crate::world::World;

/// What is published.
pub(crate) struct Published {
    pub(crate) size: u64,
    pub(crate) leaf_hashes: Vec<Hash>,
}

/// RFC 6962 section 2.1, word for word.
pub(crate) fn root_of(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Frontier::new().root(),
        [one] => *one,
        _ => {
            let middle = 1 << (hashes.len() - 1).ilog2();
            node_hash(&root_of(&hashes[..middle]), &root_of(&hashes[middle..]))
        }
    }
}

/// Reads all that is published, after the ledger was closed, and checks every tile that its checkpoint needs.
pub(crate) fn check_files(data: &Path) -> Published {
    let log = data.join("log");
    let note = fs::read_to_string(log.join("checkpoint")).unwrap();
    let text = UnverifiedNote::parse(note.as_bytes()).unwrap();
    let head: Checkpoint = text.unverified_text().parse().unwrap();
    let read = |tile: Tile| fs::read(log.join(tile.to_string())).unwrap_or_else(|error| panic!("{tile}: {error}"));

    let mut entries: Vec<Vec<u8>> = Vec::new();
    let last = last_bundle(head.size());
    for index in 0..last.map_or(0, |last| last.index() + 1) {
        let bundle = last
            .filter(|last| last.index() == index)
            .unwrap_or(Tile::entries(index, 256).unwrap());
        let bytes = read(bundle);
        entries.extend(decode_entries(&bundle, &bytes).unwrap().into_iter().map(<[u8]>::to_vec));
    }
    assert!(
        entries.iter().all(|entry| entry.len() == 33 && entry[0] == 1),
        "every leaf has the one shape"
    );
    let leaf_hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    assert_eq!(leaf_hashes.len() as u64, head.size());
    assert_eq!(root_of(&leaf_hashes), head.root());

    for edge in right_edge(head.size()) {
        let TileKind::Hashes { level } = edge.kind() else {
            panic!("an edge of hashes")
        };
        let span = 256usize.pow(u32::from(level));
        for index in 0..=edge.index() {
            let tile = if index == edge.index() {
                edge
            } else {
                Tile::hashes(level, index, 256).unwrap()
            };
            let first = usize::try_from(index).unwrap() * 256 * span;
            let right = (0..usize::from(tile.width())).map(|n| root_of(&leaf_hashes[first + n * span..][..span]));
            assert_eq!(
                read(tile),
                right.flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>(),
                "{tile}"
            );
        }
    }
    Published {
        size: head.size(),
        leaf_hashes,
    }
}

/// Closes the ledger, checks the files, opens it again, and checks every feed against the leaves.
pub(crate) async fn check(world: &mut World) -> Published {
    world.ledger.close().await;
    let published = check_files(&world.data());
    world.ledger = world.try_open().await.unwrap();
    assert_eq!(world.ledger.size(), published.size, "what is committed is published");
    let mut seen = vec![false; published.leaf_hashes.len()];
    for controller in world.ledger.controllers(None, 256).await.unwrap().items {
        let mut hashes = Vec::new();
        loop {
            let page = world
                .ledger
                .feed(&controller.did, hashes.len() as u64, 100)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(page.head.statement.feed_size, controller.feed_size);
            if page.items.is_empty() {
                assert_eq!(
                    page.head.statement.feed_root,
                    digest(&root_of(&hashes)),
                    "{}",
                    controller.did
                );
                break;
            }
            for item in page.items {
                assert_eq!(item.seq, hashes.len() as u64);
                let at = usize::try_from(item.index).unwrap();
                let hash = match item.opening() {
                    Some((salt, record)) => leaf_hash(&salt.leaf(&Digest::of(record))),
                    // An orphan: nothing opens it, and it is still where it was.
                    None => published.leaf_hashes[at],
                };
                assert_eq!((hash, digest(&hash)), (published.leaf_hashes[at], item.leaf_hash));
                assert!(!std::mem::replace(&mut seen[at], true), "a record is in one feed, once");
                hashes.push(hash);
            }
        }
    }
    assert!(seen.iter().all(|seen| *seen), "every record is in a feed");
    published
}

pub(crate) fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}
