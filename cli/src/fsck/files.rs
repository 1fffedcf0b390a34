//! Rebuilding a log from its entry bundles, and comparing every tile and the root.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use placet_kernel::audit::{PART_LEAVES, PART_LEVEL, Tower};
use placet_kernel::checkpoint::{Checkpoint, CheckpointKeys, SignedCheckpoint};
use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::{HASH_BYTES, Hash, empty_root, leaf_hash};
use placet_kernel::note::UnverifiedNote;
use placet_kernel::tile::{TILE_HEIGHT, TILE_WIDTH, Tile, TileError, TileKind, decode_entries};
use placet_kernel::trust::Trust;

use super::source::Source;
use super::{Findings, Weight};
use crate::progress::Progress;

/// Threads that hash. Reading and hashing are about equally long, so more than the processors help little.
const MAX_THREADS: usize = 16;
/// The first byte of a leaf.
const LEAF_VERSION: u8 = 1;

/// What the log's own files say of it.
pub(super) struct Seen {
    pub(super) checkpoint: Checkpoint,
    /// Whether its signature was checked, by a key of the trust file.
    pub(super) signed: bool,
    /// How many pinned witnesses have cosigned it.
    pub(super) witnesses: usize,
}

/// Reads and checks the checkpoint.
pub(super) fn checkpoint(source: &Source, trust: Option<&Trust>, findings: &mut Findings) -> Result<Seen> {
    let note = source
        .read("checkpoint")?
        .context("there is no checkpoint: this is no log")?;
    let parsed = UnverifiedNote::parse(&note).map_err(|error| anyhow!("the checkpoint is no signed note: {error}"))?;
    let claimed: Checkpoint = parsed
        .unverified_text()
        .parse()
        .map_err(|error| anyhow!("the checkpoint: {error}"))?;
    let (mut signed, mut witnesses) = (false, 0);
    match trust.map(|trust| (trust, trust.log(claimed.origin()))) {
        None => findings.add(
            Weight::CannotTell,
            "no_trust",
            "checkpoint",
            "no trust file was given, so nobody knows whose checkpoint it is",
        ),
        Some((_, None)) => findings.add(
            Weight::CannotTell,
            "log_untrusted",
            "checkpoint",
            "the trust file does not name this log",
        ),
        Some((trust, Some(log))) => {
            let own: Vec<_> = log.checkpoint_keys(claimed.size()).cloned().collect();
            let cosigners = trust.witnesses().map(|(_, key)| key.clone()).collect();
            let keys = CheckpointKeys::new(claimed.origin().clone(), own, cosigners);
            match keys
                .map_err(|error| error.to_string())
                .and_then(|keys| SignedCheckpoint::open(&note, &keys).map_err(|error| error.to_string()))
            {
                Ok(opened) => (signed, witnesses) = (true, opened.cosignatures().len()),
                Err(error) => findings.add(Weight::Damaged, "checkpoint_unsigned", "checkpoint", &error),
            }
        }
    }
    Ok(Seen {
        checkpoint: claimed,
        signed,
        witnesses,
    })
}

/// Rebuilds everything below the checkpoint.
pub(super) fn rebuild(source: &Source, checkpoint: &Checkpoint, findings: &mut Findings) -> Result<()> {
    let size = checkpoint.size();
    let progress = Progress::new("log files", size, "leaves");
    let shared = Mutex::new(findings);
    let parts = size.div_ceil(PART_LEAVES);
    let next = AtomicU64::new(0);
    let tops: Mutex<Vec<(u64, Option<Hash>)>> = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let work = || -> Result<()> {
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                return Ok(());
            }
            let top = rebuild_part(source, part, size, &shared, &progress)?;
            tops.lock().map_err(|_| anyhow!("a thread failed"))?.push((part, top));
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| anyhow!("a thread failed"))?);
        ended.collect::<Result<Vec<()>>>()
    })?;
    let mut tops = tops.into_inner().map_err(|_| anyhow!("a thread failed"))?;
    tops.sort_unstable_by_key(|(part, _)| *part);
    let findings = shared.into_inner().map_err(|_| anyhow!("a thread failed"))?;
    let Some(root) = combine(source, &tops, size, findings)? else {
        findings.add(
            Weight::Damaged,
            "root_unknown",
            "checkpoint",
            "entries are missing, so the root cannot be rebuilt",
        );
        return Ok(());
    };
    if root != checkpoint.root() {
        findings.add(
            Weight::Damaged,
            "root_differs",
            "checkpoint",
            "the entries make another root than the signed one",
        );
    }
    Ok(())
}

/// The tiles of one part; gives its hash, or nothing if entries are missing.
fn rebuild_part(
    source: &Source,
    part: u64,
    size: u64,
    findings: &Mutex<&mut Findings>,
    progress: &Progress,
) -> Result<Option<Hash>> {
    let width = u64::from(TILE_WIDTH);
    let (from, to) = (part * PART_LEAVES, size.min((part + 1) * PART_LEAVES));
    let mut tower = Tower::new(0, from / width);
    let mut found = Findings::default();
    let mut compare = |tile: Tile, hashes: &[Hash]| -> Result<()> {
        match tile.level() < PART_LEVEL {
            true => compare(source, tile, hashes, &mut found),
            false => Ok(()),
        }
    };
    let mut whole = true;
    for n in from / width..to.div_ceil(width) {
        let bundle = Tile::entries(n, u16::try_from((to - n * width).min(width))?)?;
        let bytes = source.read(&bundle.to_string())?;
        let entries = bytes.as_deref().map(|bytes| decode_entries(&bundle, bytes));
        let Some(Ok(entries)) = entries else {
            let what = if bytes.is_none() {
                "it is not there"
            } else {
                "it does not hold its entries"
            };
            let mut findings = findings.lock().map_err(|_| anyhow!("a thread failed"))?;
            findings.add(Weight::Damaged, "entries_missing", &bundle.to_string(), what);
            whole = false;
            continue;
        };
        for entry in &entries {
            if entry.len() != LEAF_BYTES || entry.first() != Some(&LEAF_VERSION) {
                let mut findings = findings.lock().map_err(|_| anyhow!("a thread failed"))?;
                findings.add(
                    Weight::Damaged,
                    "leaf_malformed",
                    &bundle.to_string(),
                    "an entry is no leaf of version 1",
                );
            }
            if whole {
                tower.push(leaf_hash(entry), &mut compare)?;
            }
        }
        progress.add(entries.len() as u64);
    }
    let top = if whole { tower.finish(None, &mut compare)? } else { None };
    findings.lock().map_err(|_| anyhow!("a thread failed"))?.merge(found);
    Ok(top)
}

/// The tiles above the parts, and the root; nothing if a part is missing.
fn combine(source: &Source, tops: &[(u64, Option<Hash>)], size: u64, findings: &mut Findings) -> Result<Option<Hash>> {
    if size == 0 {
        return Ok(Some(empty_root()));
    }
    let mut tower = Tower::new(PART_LEVEL, 0);
    let mut rest = None;
    for (part, top) in tops {
        let Some(top) = top else { return Ok(None) };
        if (part + 1) * PART_LEAVES <= size {
            tower.push(*top, |tile, hashes| compare(source, tile, hashes, findings))?;
        } else {
            rest = Some(*top);
        }
    }
    tower.finish(rest, |tile, hashes| compare(source, tile, hashes, findings))
}

fn compare(source: &Source, tile: Tile, hashes: &[Hash], findings: &mut Findings) -> Result<()> {
    match source.read(&tile.to_string())? {
        None => findings.add(Weight::Damaged, "tile_missing", &tile.to_string(), "it is not there"),
        Some(bytes) if !is_of(&bytes, hashes) => {
            findings.add(
                Weight::Damaged,
                "tile_differs",
                &tile.to_string(),
                "it is not what the entries make",
            );
        }
        Some(_) => {}
    }
    Ok(())
}

fn is_of(bytes: &[u8], hashes: &[Hash]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<HASH_BYTES>();
    rest.is_empty()
        && chunks.len() == hashes.len()
        && chunks.iter().zip(hashes).all(|(chunk, hash)| chunk == hash.as_bytes())
}

/// Files that no checkpoint needs any more must still be what they were: beginnings of what came after.
pub(super) fn leftovers(source: &Source, size: u64, findings: &mut Findings) -> Result<()> {
    for path in source.listing()? {
        let Ok(tile) = path.parse::<Tile>() else {
            let weight = if path.ends_with(".new") {
                Weight::Pending
            } else {
                Weight::Damaged
            };
            findings.add(
                weight,
                "file_unknown",
                &path,
                "it is no file of a log; a crash leaves names that end in .new",
            );
            continue;
        };
        let Some(newest) = newest(tile, size)? else {
            // Rendered before a crash, for a checkpoint that is yet to be published.
            findings.add(
                Weight::Pending,
                "file_ahead",
                &path,
                "no checkpoint that is published has it",
            );
            continue;
        };
        if newest == tile {
            continue;
        }
        // That the newest is right, or missing, has been told.
        let Some(whole) = source.read(&newest.to_string())? else {
            continue;
        };
        let partial = source.read(&path)?.unwrap_or_default();
        // An empty file is a beginning of everything.
        let is_whole = match tile.kind() {
            TileKind::Hashes { .. } => partial.len() == tile.hash_bytes(),
            TileKind::Entries => decode_entries(&tile, &partial).is_ok(),
        };
        if !is_whole || !whole.starts_with(&partial) {
            findings.add(
                Weight::Damaged,
                "tile_changed",
                &path,
                "what was published is no beginning of what came after",
            );
        }
    }
    Ok(())
}

/// The tile at the same place in a log of this size; `None` if it is not that wide there, or not there at all.
fn newest(tile: Tile, size: u64) -> Result<Option<Tile>, TileError> {
    let level = tile.level();
    let total = size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0);
    let width = total
        .saturating_sub(tile.index().saturating_mul(u64::from(TILE_WIDTH)))
        .min(u64::from(TILE_WIDTH));
    match u16::try_from(width) {
        Ok(width) if width >= tile.width() => Ok(Some(match tile.kind() {
            TileKind::Hashes { level } => Tile::hashes(level, tile.index(), width)?,
            TileKind::Entries => Tile::entries(tile.index(), width)?,
        })),
        _ => Ok(None),
    }
}
