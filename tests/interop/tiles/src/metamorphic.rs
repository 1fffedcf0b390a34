//! The whole log, by metamorphic-log: an implementation of C2SP tlog-tiles that is no port of another.
//!
//! Its code: verifier keys, note, signature, cosignature, checkpoint, which tiles a tree of this size has, their paths and form, hashing,
//! the proofs and their checks. Ours: the order of the calls, and taking the octets of entry bundles and tlog-proofs apart,
//! which it cannot.

use anyhow::{Context as _, Result, bail, ensure};
use metamorphic_log::checkpoint::Checkpoint;
use metamorphic_log::merkle::{Hash, MerkleTree, hash_leaf};
use metamorphic_log::note::{SignatureType, SignedNote, VerifierKey};
use metamorphic_log::tile::{parent_hash, recompute_root, tiles_for_size};
use serde_json::{Value, json};

use crate::http::Log;
use crate::{Leaf, Task};

const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";

pub(crate) fn check(task: &Task, log: &Log, note: &str) -> Result<Value> {
    let trusted = [VerifierKey::parse(&task.vkey)?];
    let head = Checkpoint::from_signed_note(note, &trusted)?;
    check_cosignature(note, &task.cosigner)?;
    ensure!(
        head.origin() == trusted[0].name(),
        "the checkpoint is of the log {}",
        head.origin()
    );
    ensure!(head.extensions().is_empty(), "the checkpoint has extension lines");
    let leaves = read_tiles(log, head.size())?;
    ensure!(
        recompute_root(&leaves) == *head.root_hash(),
        "the tiles make another root than the checkpoint's"
    );
    let entries = read_entries(log, &leaves)?;
    let mut tree = MerkleTree::new();
    for leaf in &leaves {
        tree.push_leaf_hash(*leaf);
    }
    for leaf in &task.leaves {
        let path = octets(tree.inclusion_proof(leaf.index, head.size()));
        included(&head, *leaf, &path)?;
    }
    for (index, text) in &task.proofs {
        let hash = *leaves
            .get(usize::try_from(*index)?)
            .context("the proof is for no leaf of the tree")?;
        check_served_proof(text, Leaf { index: *index, hash }, &trusted)?;
    }
    for older in &task.older {
        let older = Checkpoint::from_signed_note(older, &trusted)?;
        let proof = octets(tree.consistency_proof(older.size(), head.size()));
        older.verify_consistency(&head, &proof)?;
    }
    Ok(json!({
        "origin": head.origin(),
        "size": head.size(),
        "included": task.leaves.len(),
        "servedProofs": task.proofs.len(),
        "consistentFrom": task.older.len(),
        "entries": entries,
        "read": log.take_read(),
    }))
}

/// The note has a cosignature/v1 (C2SP tlog-cosignature) by this key.
fn check_cosignature(note: &str, vkey: &str) -> Result<()> {
    let cosigner = VerifierKey::parse(vkey)?;
    ensure!(
        cosigner.signature_type() == SignatureType::CosignatureV1Ed25519,
        "{vkey} is no cosigner's key"
    );
    SignedNote::parse(note)?.verify(&[cosigner])?;
    Ok(())
}

/// Every tile of the tree; gives the leaf hashes. Each full tile must be what its parent says.
fn read_tiles(log: &Log, size: u64) -> Result<Vec<Hash>> {
    let mut levels: Vec<Vec<Hash>> = Vec::new();
    let mut expected: Vec<Vec<Hash>> = Vec::new();
    for tile in tiles_for_size(size) {
        let hashes = tile.hashes(&log.get(&tile.path())?)?;
        let level = usize::from(tile.level());
        if levels.len() <= level {
            levels.push(Vec::new());
            expected.push(Vec::new());
        }
        if !tile.is_partial() {
            expected[level].push(parent_hash(&hashes)?);
        }
        levels[level].extend(hashes);
    }
    for (level, parents) in expected.iter().enumerate() {
        let above = levels.get(level + 1).map_or(&[][..], Vec::as_slice);
        ensure!(
            parents == above,
            "the tiles of level {} are not made of those below",
            level + 1
        );
    }
    levels.into_iter().next().context("the log is empty")
}

/// Every entry bundle; each entry must have the hash that its level 0 tile says. Gives the number of entries.
fn read_entries(log: &Log, leaves: &[Hash]) -> Result<usize> {
    let mut count = 0;
    for tile in tiles_for_size(leaves.len() as u64)
        .iter()
        .filter(|tile| tile.level() == 0)
    {
        let bundle = log.get(&tile.entries_path())?;
        let mut rest = bundle.as_slice();
        for _ in 0..tile.width() {
            let (entry, after) = first_entry(rest).with_context(|| tile.entries_path())?;
            ensure!(
                leaves.get(count) == Some(&hash_leaf(entry)),
                "entry {count} is not the one in the tile"
            );
            count += 1;
            rest = after;
        }
        ensure!(
            rest.is_empty(),
            "{} has more entries than its tile",
            tile.entries_path()
        );
    }
    Ok(count)
}

/// An entry is a big-endian 16-bit length and that many octets (C2SP tlog-tiles, "Log entries").
fn first_entry(bundle: &[u8]) -> Result<(&[u8], &[u8])> {
    let (length, rest) = bundle.split_first_chunk::<2>().context("the bundle is cut short")?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .context("the bundle is cut short")
}

fn included(head: &Checkpoint, leaf: Leaf, path: &[Vec<u8>]) -> Result<()> {
    head.verify_inclusion(leaf.index, &leaf.hash, path)?;
    // A check that accepts everything would be none.
    let mut other = leaf.hash;
    other[0] ^= 1;
    ensure!(
        head.verify_inclusion(leaf.index, &other, path).is_err(),
        "a leaf that is not there is included"
    );
    Ok(())
}

/// A proof that the node made (C2SP tlog-proof): index, hashes, an empty line, the checkpoint.
fn check_served_proof(text: &str, leaf: Leaf, trusted: &[VerifierKey]) -> Result<()> {
    let (proof, note) = text.split_once("\n\n").context("the proof has no checkpoint")?;
    let mut lines = proof.lines();
    let index = format!("index {}", leaf.index);
    if lines.next() != Some(PROOF_HEADER) || lines.next() != Some(&index) {
        bail!("not a proof for index {}", leaf.index);
    }
    let path = lines.map(decode).collect::<Result<Vec<_>>>()?;
    included(&Checkpoint::from_signed_note(note, trusted)?, leaf, &path)
}

fn decode(line: &str) -> Result<Vec<u8>> {
    let hash = tlog_tiles::Hash::parse_hash(line).map_err(|_| anyhow::anyhow!("{line:?} is no hash"))?;
    Ok(hash.0.to_vec())
}

fn octets(hashes: Vec<Hash>) -> Vec<Vec<u8>> {
    hashes.into_iter().map(Vec::from).collect()
}
