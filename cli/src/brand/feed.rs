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
    let mut reader = Reader::default();
    loop {
        let query = FeedQuery {
            from: reader.frontier.size(),
            ..FeedQuery::default()
        };
        if let Some(feed) = reader.take(&client.feed(query).await?, trust)? {
            return Ok(feed);
        }
    }
}

/// The pages so far.
#[derive(Default)]
struct Reader {
    items: Vec<(u64, CanonicalRecord)>,
    frontier: Frontier,
    last: Option<FeedHead>,
}

impl Reader {
    /// Takes one more page; gives the feed when it was the last one.
    fn take(&mut self, page: &FeedAnswer, trust: &LogTrust) -> Result<Option<Feed>> {
        let root = check_head(page, trust).context("the head of the feed does not hold")?;
        let head = &page.head.statement;
        if let Some(last) = &self.last {
            ensure!(
                last.controller == head.controller,
                "the feed is suddenly that of {}",
                head.controller
            );
            let grown = last.size < head.size || (last.size == head.size && last.root == head.root);
            ensure!(grown, "the log went back, or shows two trees of size {}", head.size);
        }
        for item in &page.items {
            let seq = self.frontier.size();
            let record =
                check_item(item, page, &root, seq).with_context(|| format!("item {seq} of the feed does not hold"))?;
            let later = self.items.last().is_none_or(|(index, _)| *index < item.index);
            ensure!(later, "item {seq} of the feed is not in the log's order");
            self.frontier.push(Hash::new(*item.leaf_hash.as_bytes()));
            self.items.push((item.index, record));
        }
        self.last = Some(head.clone());
        let size = self.frontier.size();
        if size < head.feed_size {
            ensure!(
                !page.items.is_empty(),
                "the ledger keeps items back: it gives {size} of {}",
                head.feed_size
            );
            return Ok(None);
        }
        ensure!(
            size == head.feed_size,
            "the feed has {size} items, its head says {}",
            head.feed_size
        );
        let same = self.frontier.root().as_bytes() == head.feed_root.as_bytes();
        ensure!(same, "the items are not those of the signed head");
        Ok(Some(Feed {
            items: core::mem::take(&mut self.items),
            head: head.clone(),
        }))
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
    check_opening(item, answer.head.statement.size, root)
}

/// Checks that an item is opened and in the log with this size and root; gives its record.
pub(crate) fn check_opening(item: &FeedItem, size: u64, root: &Hash) -> Result<CanonicalRecord> {
    let (Some(record), Some(salt)) = (&item.record, &item.salt) else {
        bail!("the ledger does not open it");
    };
    let record = CanonicalRecord::parse(&json::to_jcs(record)?)?;
    let leaf = merkle::leaf_hash(&Salt::from_bytes(*salt.as_bytes()).leaf(&record.record.digest()));
    ensure!(
        leaf.as_bytes() == item.leaf_hash.as_bytes(),
        "salt and record make another leaf"
    );
    let proof: Vec<Hash> = item.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    merkle::verify_inclusion(&leaf, item.index, size, &proof, root)?;
    Ok(record)
}

#[cfg(test)]
mod tests;
