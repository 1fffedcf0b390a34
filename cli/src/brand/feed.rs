//! The brand's feed, read from its beginning: every item opened, in the log, and counted in the operator's signed head.
//!
//! A ledger that leaves an item out, puts one in or changes one cannot give items that add up to the head it signed.

use anyhow::{Context as _, Result, bail, ensure};
use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::keys::{self, PublicKey};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Frontier, Hash};
use placet_schemas::api::{FeedAnswer, FeedItem};
use placet_schemas::json;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::statement::FeedHead;
use placet_wallet::acknowledgement::LogTrust;

use crate::client::{Client, FeedQuery};

/// A feed that adds up.
#[derive(Debug)]
pub(super) struct Feed {
    /// Its items, in order: log index and record.
    pub(super) items: Vec<(u64, CanonicalRecord)>,
    /// What the operator signed.
    pub(super) head: FeedHead,
}

/// Reads the whole feed of the token's brand.
pub(super) async fn read(client: &Client, trust: &LogTrust) -> Result<Feed> {
    let mut items: Vec<(u64, CanonicalRecord)> = Vec::new();
    let mut frontier = Frontier::new();
    let mut last: Option<FeedHead> = None;
    loop {
        let answer = client
            .feed(FeedQuery {
                from: frontier.size(),
                ..FeedQuery::default()
            })
            .await?;
        let root = check_head(&answer, trust).context("the head of the feed does not hold")?;
        let head = &answer.head.statement;
        if let Some(last) = &last {
            ensure!(
                last.controller == head.controller,
                "the feed is suddenly that of {}",
                head.controller
            );
            ensure!(
                last.size < head.size || last.root == head.root && last.size == head.size,
                "the log went back or forked"
            );
        }
        for item in &answer.items {
            let record = check_item(item, &answer, &root, frontier.size());
            let record = record.with_context(|| format!("item {} of the feed does not hold", frontier.size()))?;
            ensure!(
                items.last().is_none_or(|(index, _)| *index < item.index),
                "the feed is not in the log's order"
            );
            frontier.push(Hash::new(*item.leaf_hash.as_bytes()));
            items.push((item.index, record));
        }
        if frontier.size() == head.feed_size {
            ensure!(
                frontier.root().as_bytes() == head.feed_root.as_bytes(),
                "the items are not those of the signed head"
            );
            return Ok(Feed {
                items,
                head: head.clone(),
            });
        }
        ensure!(
            frontier.size() < head.feed_size,
            "the feed has more items than its head says"
        );
        ensure!(
            !answer.items.is_empty(),
            "the ledger keeps items back: its head says {}",
            head.feed_size
        );
        last = Some(head.clone());
    }
}

/// Checks head and checkpoint against each other and the pinned keys; gives the log's root.
fn check_head(answer: &FeedAnswer, trust: &LogTrust) -> Result<Hash> {
    let head = &answer.head.statement;
    let Some(operator) = trust.operators().find(|did| **did == answer.head.signed_by) else {
        bail!(
            "it is signed by {}, which is no operator of this log",
            answer.head.signed_by
        );
    };
    keys::verify_statement(&answer.head, &PublicKey::from_did(operator)?)?;
    ensure!(head.origin == *trust.origin(), "it is of the log {}", head.origin);
    ensure!(
        head.controller == answer.controller,
        "it is of the feed of {}",
        head.controller
    );
    let signed = SignedCheckpoint::open(answer.checkpoint.as_bytes(), trust.checkpoint_keys())?;
    let checkpoint = signed.checkpoint();
    let same = checkpoint.size() == head.size && checkpoint.root().as_bytes() == head.root.as_bytes();
    ensure!(same, "head and checkpoint are of different trees");
    Ok(checkpoint.root())
}

fn check_item(item: &FeedItem, answer: &FeedAnswer, root: &Hash, seq: u64) -> Result<CanonicalRecord> {
    ensure!(item.seq == seq, "it is number {}", item.seq);
    let record = CanonicalRecord::parse(&json::to_jcs(&item.record)?)?;
    let leaf = merkle::leaf_hash(&Salt::from_bytes(*item.salt.as_bytes()).leaf(&record.record.digest()));
    ensure!(
        leaf.as_bytes() == item.leaf_hash.as_bytes(),
        "salt and record make another leaf"
    );
    let proof: Vec<Hash> = item.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    merkle::verify_inclusion(&leaf, item.index, answer.head.statement.size, &proof, root)?;
    Ok(record)
}
