//! Watching a log: every tree head that it signs is held against the last one that this wallet saw.
//!
//! The tiles that a proof needs are fetched from the log itself. They need no trust: a wrong tile leads to a wrong root. From
//! the same tiles comes the proof of a fork, when the log shows those of a tree that does not continue the one seen.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Hash, NodeRange};
use placet_kernel::misbehaviour::{self, Statement};
use placet_kernel::tile::{self, HashTile, Tile, TileSet};
use placet_schemas::api::PublicOpening;
use placet_schemas::id::Origin;
use placet_schemas::record::CanonicalRecord;
use placet_wallet::sight::{Fork, Order, Sight, SightError};

use super::store::Wallet;
use crate::client::{Client, ClientError};
use crate::misconduct;

/// How often a tile that is not there yet is asked for: a log answers first and renders its files then.
const TILE_TRIES: u32 = 30;
/// How long to wait in between.
const TILE_PAUSE: Duration = Duration::from_millis(100);

/// Fetches the log's checkpoint and checks that it continues what was seen, and that checkpoints from earlier answers
/// belong to the same tree.
///
/// # Errors
/// When the log has forked, or no proof holds. The two notes of a fork are kept in the wallet's file, and the proof beside it.
pub(super) async fn look(client: &Client, wallet: &mut Wallet, origin: &Origin) -> Result<()> {
    let note = client.checkpoint().await?;
    let trust = wallet.book.log(origin)?.trust()?;
    let head = SignedCheckpoint::open(note.as_bytes(), trust.checkpoint_keys()).context("the log's checkpoint")?;
    take(client, wallet, origin, head).await?;
    for note in wallet.book.log(origin)?.unchecked.clone() {
        let head = SignedCheckpoint::open(note.as_bytes(), trust.checkpoint_keys()).context("an earlier answer")?;
        take(client, wallet, origin, head).await?;
    }
    wallet.book.log_mut(origin)?.unchecked.clear();
    wallet.save()
}

/// Takes the head that came with an answer, and gives what is wrong with the log, if something is.
///
/// The answer itself is proven by then, and a person's record must not look unrecorded because of a tile. So a head that
/// cannot be proven to continue what was seen is kept, and checked again at each later look until it is.
pub(super) async fn take_with_answer(
    client: &Client,
    wallet: &mut Wallet,
    origin: &Origin,
    head: SignedCheckpoint,
) -> Result<Option<anyhow::Error>> {
    let note = head.exact_note().to_owned();
    let Err(error) = take(client, wallet, origin, head).await else {
        return Ok(None);
    };
    wallet.book.log_mut(origin)?.unchecked.push(note);
    // Tiles that are not there yet are no fault: a log answers first and renders its files then.
    let late = error.downcast_ref::<ClientError>().is_some();
    let alarm = error.context("the record is in the log, but something is wrong with it");
    Ok((!late).then_some(alarm))
}

/// Checks that the record of a public opening is in the tree that was seen.
///
/// # Errors
/// When it is not, or no tree was seen yet.
pub(super) async fn check_opening(
    client: &Client,
    wallet: &Wallet,
    origin: &Origin,
    opening: &PublicOpening,
) -> Result<CanonicalRecord> {
    let record = CanonicalRecord::parse(&serde_json::to_vec(&opening.record)?)?;
    let anchor = wallet.book.log(origin)?.sight()?.anchor();
    let ranges = merkle::inclusion_nodes(opening.index, anchor.size).context("a public record of the log")?;
    let tiles = fetch(client, &ranges, anchor.size).await?;
    let proof = merkle::inclusion_proof(opening.index, anchor.size, &tiles)?;
    let leaf = Salt::from_bytes(*opening.salt.as_bytes()).leaf(&record.record.digest());
    let root = Hash::from(*anchor.root.as_bytes());
    merkle::verify_inclusion(&merkle::leaf_hash(&leaf), opening.index, anchor.size, &proof, &root).with_context(
        || {
            format!(
                "the log shows a record at {} that its tree does not have there",
                opening.index
            )
        },
    )?;
    Ok(record)
}

/// Keeps the two notes of a fork in the wallet, and writes the proof beside it: the error by which the command ends.
pub(super) fn forked(wallet: &mut Wallet, origin: &Origin, fork: &Fork) -> Result<anyhow::Error> {
    wallet.book.keep_fork(origin, fork);
    wallet.save()?;
    let [seen, offered] = [&fork.seen, &fork.offered].map(|note| Statement::Checkpoint(note.clone()));
    let accusation = misbehaviour::between(&seen, &offered).context("the two notes of a fork do not contradict")?;
    let trust = wallet.book.log(origin)?.bundle_trust()?;
    Ok(misconduct::proved(&accusation, &trust, wallet.path()))
}

async fn take(client: &Client, wallet: &mut Wallet, origin: &Origin, head: SignedCheckpoint) -> Result<()> {
    let mut sight = wallet.book.log(origin)?.sight()?;
    let (seen, offered) = (sight.anchor().size, head.checkpoint().size());
    let (small, large) = (seen.min(offered), seen.max(offered));
    let compared = sight.compare(&head);
    let apart = matches!(compared, Ok(Order::Newer | Order::Older));
    let (proof, tiles) = if apart {
        let tiles = fetch(client, &merkle::consistency_nodes(small, large)?, large).await?;
        (merkle::consistency_proof(small, large, &tiles)?, tiles)
    } else {
        (Vec::new(), TileSet::new())
    };
    let note = head.exact_note().to_owned();
    match sight.advance(head, &proof) {
        Ok(_) => {
            wallet.book.log_mut(origin)?.saw(&sight);
            Ok(())
        }
        Err(SightError::Fork(fork)) => Err(forked(wallet, origin, &fork)?),
        Err(error) => {
            if let Some(proved) = apart_for_good(client, wallet, &sight, note, tiles).await? {
                return Err(proved);
            }
            bail!("{}: {error}", error.code())
        }
    }
}

/// What the tiles of the larger tree prove, when they are its own and it does not begin with the smaller one.
async fn apart_for_good(
    client: &Client,
    wallet: &Wallet,
    sight: &Sight,
    offered: String,
    mut tiles: TileSet,
) -> Result<Option<anyhow::Error>> {
    let Some(seen) = sight.note().map(str::to_owned) else {
        return Ok(None);
    };
    let mut views = [seen, offered].map(Statement::Checkpoint);
    views.sort_by_key(|view| view.size().unwrap_or_default());
    let [smaller, larger] = &views;
    let (Some(origin), Some(small), Some(large)) = (smaller.origin(), smaller.size(), larger.size()) else {
        return Ok(None);
    };
    fetch_into(client, &mut tiles, &[merkle::root_nodes(small)?], large).await?;
    let found = misbehaviour::prefix(&origin, smaller, larger, &tiles);
    let trust = wallet.book.log(&origin)?.bundle_trust()?;
    Ok(found.map(|accusation| misconduct::proved(&accusation, &trust, wallet.path())))
}

async fn fetch(client: &Client, ranges: &[NodeRange], size: u64) -> Result<TileSet> {
    let mut set = TileSet::new();
    fetch_into(client, &mut set, ranges, size).await?;
    Ok(set)
}

async fn fetch_into(client: &Client, set: &mut TileSet, ranges: &[NodeRange], size: u64) -> Result<()> {
    for tile in tile::tiles_for(ranges, size)? {
        let (tile, data) = one_tile(client, tile).await?;
        set.insert(Arc::new(HashTile::parse(tile, &data)?));
    }
    Ok(())
}

/// A log may drop a partial tile once the full one is there (C2SP tlog-tiles, "Partial Tiles"), so the full one is asked
/// for when the partial one is missing.
async fn one_tile(client: &Client, tile: Tile) -> Result<(Tile, Vec<u8>)> {
    let mut tries = 1;
    loop {
        let missing = match client.log_file(&tile.to_string()).await {
            Ok(data) => return Ok((tile, data)),
            Err(error) if error.code() == Some("not_found") => error,
            Err(error) => return Err(error.into()),
        };
        if !tile.is_full()
            && let Ok(data) = client.log_file(&tile.to_full().to_string()).await
        {
            return Ok((tile.to_full(), data));
        }
        if tries == TILE_TRIES {
            return Err(missing.into());
        }
        tries += 1;
        tokio::time::sleep(TILE_PAUSE).await;
    }
}
