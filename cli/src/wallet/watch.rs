//! Watching a log: every tree head that it signs is held against the last one that this wallet saw.
//!
//! The tiles that a proof needs are fetched from the log itself. They need no trust: a wrong tile leads to a wrong root.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Hash, NodeRange};
use placet_kernel::tile::{self, HashTile, Tile, TileSet};
use placet_schemas::api::PublicOpening;
use placet_schemas::id::Origin;
use placet_schemas::record::CanonicalRecord;
use placet_wallet::sight::{Order, SightError};

use super::store::Wallet;
use crate::client::{Client, ClientError};

/// How often a tile that is not there yet is asked for: a log answers first and renders its files then.
const TILE_TRIES: u32 = 30;
/// How long to wait in between.
const TILE_PAUSE: Duration = Duration::from_millis(100);

/// Fetches the log's checkpoint and checks that it continues what was seen, and that checkpoints from earlier answers
/// belong to the same tree.
///
/// # Errors
/// When the log has forked, or no proof holds. The two notes of a fork are kept in the wallet's file.
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

async fn take(client: &Client, wallet: &mut Wallet, origin: &Origin, head: SignedCheckpoint) -> Result<()> {
    let mut sight = wallet.book.log(origin)?.sight()?;
    let (seen, offered) = (sight.anchor().size, head.checkpoint().size());
    let proof = match sight.compare(&head) {
        Ok(Order::First | Order::Same) | Err(_) => Vec::new(),
        Ok(Order::Newer | Order::Older) => consistency(client, seen.min(offered), seen.max(offered)).await?,
    };
    match sight.advance(head, &proof) {
        Ok(_) => {
            wallet.book.log_mut(origin)?.saw(&sight);
            Ok(())
        }
        Err(SightError::Fork(fork)) => {
            wallet.book.keep_fork(origin, &fork);
            wallet.save()?;
            bail!(
                "log_fork: {origin} has signed two different trees of size {}. Both notes are kept in the wallet \
                 (`placet wallet show --json`): they are proof of misbehaviour, show them to a supervisory authority",
                fork.size
            )
        }
        Err(error) => bail!("{}: {error}", error.code()),
    }
}

async fn consistency(client: &Client, old: u64, new: u64) -> Result<Vec<Hash>> {
    let tiles = fetch(client, &merkle::consistency_nodes(old, new)?, new).await?;
    Ok(merkle::consistency_proof(old, new, &tiles)?)
}

async fn fetch(client: &Client, ranges: &[NodeRange], size: u64) -> Result<TileSet> {
    let mut set = TileSet::new();
    for tile in tile::tiles_for(ranges, size)? {
        let (tile, data) = one_tile(client, tile).await?;
        set.insert(Arc::new(HashTile::parse(tile, &data)?));
    }
    Ok(set)
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
