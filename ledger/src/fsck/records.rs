//! The first pass: every record, in log order.

use std::collections::HashMap;
use std::sync::Arc;

use placet_kernel::arrival::{self, Setting};
use placet_kernel::audit::Tower;
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::keys::{PublicKey, verify_statement};
use placet_kernel::merkle::{Frontier, Hash, leaf_hash};
use placet_kernel::tile::Tile;
use placet_schemas::api::RecordAnswer;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::{Body, CanonicalRecord, Kind, Record};

use super::{Brand, Check, PAGE, record_place};
use crate::arrive::{Blinds, event, subject};
use crate::crypto::{Blinded, Purpose, RecordSecret};
use crate::destroy::is_cleared;
use crate::error::StoreError;
use crate::store::{FsckRow, Seen};
use crate::tree::{from_bytes, to_bytes};

/// Longest answer that is read back.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The tree as the replay builds it.
struct Growing {
    tower: Tower,
    frontier: Frontier,
    tiles: u64,
    /// Tiles that the last leaves completed, to be compared.
    ready: Vec<(Tile, Vec<Hash>)>,
}

impl Check {
    /// Replays all records.
    pub(super) async fn records(&mut self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<(), StoreError> {
        let mut tree = Growing {
            tower: Tower::new(0, 0),
            frontier: Frontier::new(),
            tiles: 0,
            ready: Vec::new(),
        };
        let mut next = 0;
        while next < self.head.size {
            let to = self.head.size.min(next + PAGE);
            let mut kept = self.store.checkpoints_between(next, to).await?.into_iter().peekable();
            let rows = self.store.fsck_rows(next, to).await?;
            let indexes: Vec<u64> = rows.iter().map(|row| row.index).collect();
            let secrets = self.keyring.secrets(&indexes).await?;
            let mut asked = Vec::new();
            let mut opened = Vec::new();
            for row in &rows {
                if row.index != next {
                    self.damaged("record_missing", record_place(next), "the row is not there");
                    return Ok(());
                }
                next += 1;
                // Those of this size, before the next leaf: the empty tree's at the beginning.
                while let Some(seen) = kept.next_if(|seen| seen.size < next) {
                    self.checkpoint(&seen, &tree.frontier);
                }
                tree.push(leaf_hash(&row.leaf))?;
                if next == self.published.0 && tree.frontier.root() != self.published.1 {
                    let what = "what is published is another history than what is stored: keep both, and find out which was first";
                    self.damaged("forked", "head", what);
                }
                self.feed(row);
                if let Some(record) = self.record(row, secrets.get(&row.index)) {
                    self.learn(row, &record);
                    let blinds = Blinds::of(&record, self.keyring.vault());
                    asked.extend(wanted(&blinds).map(|(blind, _)| blind));
                    opened.push((row.index, record, blinds));
                }
            }
            if rows.is_empty() {
                self.damaged("record_missing", record_place(next), "the row is not there");
                return Ok(());
            }
            for seen in kept {
                self.checkpoint(&seen, &tree.frontier);
            }
            self.lookups(&asked, &opened).await?;
            self.tiles(&mut tree).await?;
            progress(next, self.head.size);
        }
        self.whole_tree(tree).await
    }

    /// Opens a record and judges it by itself.
    fn record(&mut self, row: &FsckRow, secret: Option<&RecordSecret>) -> Option<Record> {
        let place = record_place(row.index);
        if let Some(destruction) = row.destroyed {
            self.destroyed(row, secret.is_some(), destruction);
            return None;
        }
        let Some(secret) = secret else {
            self.damaged(
                "key_lost",
                place,
                "its key is not in the keyring, or does not open: restore the keyring",
            );
            return None;
        };
        self.expected.keys += 1;
        let text = match (&row.public, &row.sealed) {
            (Some(public), None) => Some(public.clone()),
            (None, Some(sealed)) => secret.open(Purpose::Record, sealed).ok(),
            _ => None,
        };
        let canonical = text.and_then(|text| {
            let read = CanonicalRecord::parse(&text).ok()?;
            (read.bytes == text).then_some(read.record)
        });
        let Some(record) = canonical else {
            self.damaged("record_unreadable", place, "its text does not open, or is no record");
            return None;
        };
        if secret.salt().leaf(&record.digest()) != row.leaf
            || row.salt.is_some_and(|salt| salt != *secret.salt().as_bytes())
        {
            self.damaged("leaf_differs", place.clone(), "its leaf does not commit to it");
        }
        // A brand's own keys are in force from their record on, so a record before has to do with the earlier ones.
        let keys = self.keys_at(arrival::answers_for(&record), row.index);
        let setting = Setting {
            origin: &self.voice.origin,
            operators: core::slice::from_ref(&self.voice.operator),
            keys: keys.as_deref(),
            now: None,
        };
        if let Err(refusal) = arrival::check(&record, &setting) {
            self.damaged(
                "record_invalid",
                place.clone(),
                format!("it should not be in the log: {}", refusal.code()),
            );
        }
        if !self.answer(row, &record, secret) {
            self.damaged(
                "answer_differs",
                place,
                "the stored answer is not the operator's word for this record",
            );
        }
        Some(record)
    }

    /// A record whose opening was destroyed: nothing of it is left but its leaf, unless that is still under way.
    fn destroyed(&mut self, row: &FsckRow, has_key: bool, (by, step): (u64, u64)) {
        self.report.destroyed += 1;
        let place = record_place(row.index);
        if !is_cleared(step) {
            // What is removed with each step is for the ledger to finish; the counts below allow for it.
            self.expected.unfinished += 1;
            self.pending(
                "destruction_unfinished",
                place,
                format!("it is being removed by the Destruction at {by}"),
            );
        } else if has_key || row.sealed.is_some() || !row.answer.is_empty() {
            self.damaged(
                "destroyed_is_there",
                place,
                format!("the Destruction at {by} is done, and its key or text is there"),
            );
        }
    }

    /// Whether the stored answer opens, and is signed, and about this record.
    fn answer(&self, row: &FsckRow, record: &Record, secret: &RecordSecret) -> bool {
        let Ok(bytes) = secret.open(Purpose::Answer, &row.answer) else {
            return false;
        };
        let Ok(document) = json::parse(&bytes, MAX_ANSWER_BYTES) else {
            return false;
        };
        let Ok(answer) = json::decode::<RecordAnswer>(document.root()) else {
            return false;
        };
        let statement = &answer.acknowledgement.statement;
        let about_it = statement.index == row.index
            && *statement.leaf_hash.as_bytes() == *leaf_hash(&row.leaf).as_bytes()
            && statement.seq == row.seq
            && statement.consent == record.consent()
            && *answer.salt.as_bytes() == *secret.salt().as_bytes();
        let key = PublicKey::from_did(&self.voice.operator);
        about_it
            && answer.acknowledgement.signed_by == self.voice.operator
            && key.is_ok_and(|key| verify_statement(&answer.acknowledgement, &key).is_ok())
            && SignedCheckpoint::open(answer.checkpoint.as_bytes(), &self.voice.trusted).is_ok()
    }

    /// The record is the next item of its brand's feed.
    fn feed(&mut self, row: &FsckRow) {
        let place = record_place(row.index);
        let Some(brand) = self.brands.get_mut(&row.controller) else {
            // A brand's first record has the brand's id; it is learnt when it has been read.
            if row.controller != row.index || row.seq != 0 {
                self.damaged(
                    "feed_differs",
                    place,
                    "it is in the feed of a brand that is not in the log before it",
                );
            }
            return;
        };
        let seq = brand.feed.size();
        brand.feed.push(leaf_hash(&row.leaf));
        if row.seq != seq {
            self.damaged(
                "feed_differs",
                place,
                format!("it is item {} of its feed, and should be {seq}", row.seq),
            );
        }
    }

    /// Takes over what later records are judged by.
    fn learn(&mut self, row: &FsckRow, record: &Record) {
        if row.public.is_some() {
            self.expected.public += 1;
        }
        match &record.body {
            Body::ControllerKeys(keys) => {
                self.expected.controller_keys += 1;
                self.ids.insert(keys.document.id().clone(), row.controller);
                let brand = self.brands.entry(row.controller).or_insert_with(|| {
                    let mut feed = Frontier::new();
                    feed.push(leaf_hash(&row.leaf));
                    Brand { feed, keys: Vec::new() }
                });
                brand.keys.push((row.index, Arc::new((**keys).clone())));
            }
            Body::ConsentRequest(request) => {
                self.expected.requests += 1;
                self.requests.insert(record.digest(), Arc::new((**request).clone()));
            }
            Body::ConsentGrant(_) => self.expected.grants += 1,
            Body::Destruction(destruction) => {
                self.expected
                    .destructions
                    .insert(row.index, destruction.as_ref().into());
                let leaves = destruction.leaves.as_slice().iter().map(|leaf| (*leaf, row.index));
                self.expected.leaves.extend(leaves);
            }
            _ => {}
        }
    }

    /// The keyring leads from everything that may be asked to these records.
    async fn lookups(&mut self, asked: &[Blinded], opened: &[(u64, Record, Blinds)]) -> Result<(), StoreError> {
        let found: HashMap<Blinded, u64> = self.keyring.find(asked).await?;
        let mut spent = Vec::new();
        for (index, record, blinds) in opened {
            for (blind, what) in wanted(blinds) {
                // A name that was used before does not keep a withdrawal out; the look-up then stays with the first.
                let taken = what == "signer and id" && record.kind() == Kind::Withdrawal;
                match found.get(&blind) {
                    Some(at) if at == index => self.expected.lookups += 1,
                    Some(earlier) if taken && earlier < index => {}
                    _ => self.damaged(
                        "lookup_differs",
                        record_place(*index),
                        format!("the keyring does not find it by its {what}"),
                    ),
                }
            }
            if let Some(invitation) = &record.proof.challenge {
                spent.push((invitation.digest(), *index));
            }
            let vault = self.keyring.vault();
            let consent = record.consent().map(|consent| event(vault, &consent));
            let person = matches!(record.body, Body::ConsentGrant(_)).then(|| subject(vault, &record.issuer));
            for blind in consent.into_iter().chain(person) {
                let member = self.keyring.members(&blind, *index, 1).await?;
                if member == [*index] {
                    self.expected.members += 1;
                } else {
                    let what =
                        "the keyring does not list it among the events of its consent, or the consents of its person";
                    self.damaged("member_missing", record_place(*index), what);
                }
            }
        }
        self.spent(&spent).await
    }

    /// The invitations that grants answered are spent by them, as long as they are kept.
    async fn spent(&mut self, by: &[(Digest, u64)]) -> Result<(), StoreError> {
        let hashes: Vec<Digest> = by.iter().map(|(hash, _)| *hash).collect();
        let kept = self.store.invitations_of(&hashes).await?;
        for (hash, index) in by {
            if kept.get(hash).is_some_and(|kept| kept.spent != Some(*index)) {
                let what = "the invitation that it answers is good for another answer, or spent by another";
                self.damaged("invitation_differs", record_place(*index), what);
            }
        }
        Ok(())
    }

    /// A kept checkpoint has the root of the leaves that it counts, and is signed.
    fn checkpoint(&mut self, seen: &Seen, frontier: &Frontier) {
        let signed = SignedCheckpoint::open(seen.note.as_bytes(), &self.voice.trusted);
        let right = signed.is_ok_and(|signed| {
            let checkpoint = signed.checkpoint();
            (checkpoint.size(), checkpoint.root()) == (seen.size, frontier.root())
        });
        if seen.size != frontier.size() || !right || seen.root != frontier.root() {
            let what = "it is not signed by this log, or its root is not that of the leaves";
            self.damaged(
                "checkpoint_differs",
                format!("checkpoints {} {}", seen.size, seen.time),
                what,
            );
        }
    }

    async fn tiles(&mut self, tree: &mut Growing) -> Result<(), StoreError> {
        for (tile, hashes) in std::mem::take(&mut tree.ready) {
            let stored = self.store.tile_row(tile.level(), tile.index()).await?;
            // While a node runs, a growing tile may be wider by now.
            let right = to_bytes(&hashes);
            if stored.is_none_or(|stored| !stored.starts_with(&right)) {
                self.damaged(
                    "tile_row_differs",
                    format!("tiles {tile}"),
                    "it is not what the leaves make",
                );
            }
        }
        Ok(())
    }

    async fn whole_tree(&mut self, mut tree: Growing) -> Result<(), StoreError> {
        let mut rest = Vec::new();
        let finished: Result<_, placet_kernel::tile::TileError> = tree.tower.finish(None, |tile, hashes| {
            rest.push((tile, hashes.to_vec()));
            Ok(())
        });
        finished.map_err(|_| StoreError::Corrupt("tile"))?;
        tree.tiles += rest.len() as u64;
        tree.ready = rest;
        self.tiles(&mut tree).await?;
        if tree.frontier != self.head.frontier || tree.frontier.root() != self.head.root {
            self.damaged(
                "root_differs",
                "head",
                "the leaves make another root than the signed one",
            );
        }
        let stored = self.store.tile_count().await?;
        if stored < tree.tiles {
            self.damaged(
                "tile_rows_missing",
                "tiles",
                format!("there are {stored} rows in place of {}", tree.tiles),
            );
        }
        let feeds: Vec<(u64, Frontier)> = self
            .brands
            .iter()
            .map(|(id, brand)| (*id, brand.feed.clone()))
            .collect();
        for (id, feed) in feeds {
            let Some((size, frontier, root)) = self.store.feed_row(id).await? else {
                self.damaged(
                    "controller_missing",
                    format!("controllers {id}"),
                    "the row is not there",
                );
                continue;
            };
            let stored = from_bytes(&frontier, "feed").ok();
            let same =
                size == feed.size() && stored.is_some_and(|stored| stored == feed.hashes()) && root == feed.root();
            // While a node runs, a feed may have grown beyond what is looked at.
            if !same && size <= feed.size() {
                self.damaged(
                    "feed_row_differs",
                    format!("controllers {id}"),
                    "size or root of the feed are not those of its items",
                );
            }
        }
        Ok(())
    }
}

impl Growing {
    fn push(&mut self, hash: Hash) -> Result<(), StoreError> {
        self.frontier.push(hash);
        let (ready, tiles) = (&mut self.ready, &mut self.tiles);
        let pushed: Result<(), placet_kernel::tile::TileError> = self.tower.push(hash, |tile, hashes| {
            *tiles += 1;
            ready.push((tile, hashes.to_vec()));
            Ok(())
        });
        pushed.map_err(|_| StoreError::Corrupt("tile"))
    }
}

/// The single look-ups of a record, and what each is by.
fn wanted(blinds: &Blinds) -> impl Iterator<Item = (Blinded, &'static str)> + use<> {
    let found = [
        Some((blinds.digest, "digest")),
        Some((blinds.signer_id, "signer and id")),
        blinds.withdrawal_key.map(|blind| (blind, "withdrawal key")),
    ];
    found.into_iter().flatten()
}
