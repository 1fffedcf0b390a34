//! The checks of one page: its head, and each item by itself.

use placet_schemas::api::{FeedAnswer, FeedItem};
use placet_schemas::json;
use placet_schemas::record::CanonicalRecord;

use super::{FeedError, FeedKeys, ItemError};
use crate::checkpoint::SignedCheckpoint;
use crate::keys;
use crate::leaf::Salt;
use crate::merkle::{self, Hash, MerkleError};

/// Checks that an item is opened and in the log with this size and root; gives its record.
///
/// # Errors
/// See [`ItemError`].
pub fn check_opening(item: &FeedItem, size: u64, root: &Hash) -> Result<CanonicalRecord, ItemError> {
    open(item, size, root).map(|(record, _)| record)
}

/// Checks that an item that was destroyed is opened by nothing, and that its leaf is in the log with this size and root.
///
/// # Errors
/// See [`ItemError`].
pub fn check_orphan(item: &FeedItem, size: u64, root: &Hash) -> Result<(), ItemError> {
    if item.record.is_some() || item.salt.is_some() {
        return Err(ItemError::OpenedAllTheSame);
    }
    Ok(check_leaf(item, size, root)?)
}

/// The same; gives what opened the leaf as well.
pub(super) fn open(item: &FeedItem, size: u64, root: &Hash) -> Result<(CanonicalRecord, Salt), ItemError> {
    let (Some(record), Some(salt)) = (&item.record, &item.salt) else {
        return Err(ItemError::NotOpened);
    };
    let bytes = json::to_jcs(record).map_err(ItemError::Canonical)?;
    let record = CanonicalRecord::parse(&bytes).map_err(ItemError::Record)?;
    let salt = Salt::from_bytes(*salt.as_bytes());
    let leaf = merkle::leaf_hash(&salt.leaf(&record.record.digest()));
    if leaf.as_bytes() != item.leaf_hash.as_bytes() {
        return Err(ItemError::Leaf);
    }
    check_leaf(item, size, root)?;
    Ok((record, salt))
}

fn check_leaf(item: &FeedItem, size: u64, root: &Hash) -> Result<(), MerkleError> {
    let leaf = Hash::new(*item.leaf_hash.as_bytes());
    let proof: Vec<Hash> = item.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    merkle::verify_inclusion(&leaf, item.index, size, &proof, root)
}

/// Checks head and checkpoint against each other and the pinned keys.
pub(super) fn check_head(page: &FeedAnswer, keys: FeedKeys<'_>) -> Result<SignedCheckpoint, FeedError> {
    check_word(page, keys)?;
    let head = &page.head.statement;
    let signed = SignedCheckpoint::open(page.checkpoint.as_bytes(), keys.checkpoint).map_err(FeedError::Checkpoint)?;
    let tree = signed.checkpoint();
    if tree.size() != head.size || tree.root().as_bytes() != head.root.as_bytes() {
        return Err(FeedError::OtherTree);
    }
    Ok(signed)
}

/// Checks that the head is an operator's word for this feed of this log.
pub(super) fn check_word(page: &FeedAnswer, keys: FeedKeys<'_>) -> Result<(), FeedError> {
    let (head, signer) = (&page.head.statement, &page.head.signed_by);
    let operator = keys.operators.iter().find(|(did, _)| did == signer);
    let (_, key) = operator.ok_or_else(|| FeedError::UnknownOperator(signer.clone()))?;
    keys::verify_statement(&page.head, key).map_err(FeedError::Signature)?;
    if head.origin != *keys.checkpoint.origin() {
        return Err(FeedError::OtherLog(head.origin.clone()));
    }
    if head.controller != page.controller {
        return Err(FeedError::OtherFeed(head.controller.clone()));
    }
    Ok(())
}
