//! A few leaves of the log and only the tiles that these need, by signed_note and tlog_tiles: Cloudflare's port of the
//! Go checksum database's client, from which C2SP tlog-tiles descends.
//!
//! Its code: verifier key, note, signature, checkpoint, which tiles are needed, their authentication against the signed
//! root, the proofs and their checks. Ours: one line, since the Go paths name the tile's height, which C2SP leaves out.

use anyhow::{Result, anyhow, ensure};
use serde_json::{Value, json};
use signed_note::{Note, StandardVerifier, Verifier as _, VerifierList};
use tlog_tiles::{Checkpoint, Error, Hash, Tile, TileHashReader, TileReader, check_record, check_tree};
use tlog_tiles::{prove_record, prove_tree};

use crate::Task;
use crate::http::Log;

/// The height of every tile in C2SP tlog-tiles: 2^8 hashes.
const HEIGHT: u8 = 8;
/// How the paths of the Go checksum database begin.
const GO_PREFIX: &str = "tile/8/";

pub(crate) fn check(task: &Task, log: &Log, note: &str) -> Result<Value> {
    let head = open(&task.vkey, note)?;
    let (size, root) = (head.size(), *head.hash());
    let tiles = Served(log);
    for leaf in &task.leaves {
        let hash = Hash(leaf.hash);
        let reader = TileHashReader::new(size, root, &tiles);
        let proof = prove_record(size, leaf.index, &reader).map_err(said)?;
        check_record(&proof, size, root, leaf.index, hash).map_err(said)?;
        // A check that accepts everything would be none.
        let mut other = hash;
        other.0[0] ^= 1;
        ensure!(
            check_record(&proof, size, root, leaf.index, other).is_err(),
            "a leaf that is not there is included"
        );
    }
    for older in &task.older {
        let older = open(&task.vkey, older)?;
        let reader = TileHashReader::new(size, root, &tiles);
        let proof = prove_tree(size, older.size(), &reader).map_err(said)?;
        check_tree(&proof, size, root, older.size(), *older.hash()).map_err(said)?;
    }
    let mut other = root;
    other.0[0] ^= 1;
    let proof = prove_record(size, 0, &TileHashReader::new(size, other, &tiles));
    ensure!(
        matches!(proof, Err(Error::InconsistentTile)),
        "the tiles pass for those of another root"
    );
    Ok(json!({
        "origin": head.origin(),
        "size": size,
        "included": task.leaves.len(),
        "consistentFrom": task.older.len(),
        "read": log.take_read(),
    }))
}

/// The checkpoint in a note that the log signed.
fn open(vkey: &str, note: &str) -> Result<Checkpoint> {
    let verifier = StandardVerifier::new(vkey).map_err(said)?;
    let name = verifier.name().to_owned();
    let note = Note::from_bytes(note.as_bytes()).map_err(said)?;
    let (by_the_log, _) = note
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(said)?;
    ensure!(!by_the_log.is_empty(), "the log did not sign the note");
    let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|_| anyhow!("the note is no checkpoint"))?;
    ensure!(
        checkpoint.origin() == name,
        "the checkpoint is of the log {}",
        checkpoint.origin()
    );
    Ok(checkpoint)
}

/// The tiles that the node serves.
struct Served<'a>(&'a Log);

impl TileReader for Served<'_> {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            self.0
                .get(&path(tile))
                .map_err(|error| Error::InvalidInput(format!("{error:#}")))
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {
        // Nothing is kept between two readings, so that each is authenticated anew.
    }
}

fn path(tile: &Tile) -> String {
    tile.path().replacen(GO_PREFIX, "tile/", 1)
}

fn said(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow!("{error:?}")
}
