//! What was promised, held against what is served.

use std::collections::BTreeMap;

use placet_kernel::checkpoint::SignedCheckpoint;
use placet_kernel::keys::{PublicKey, verify_statement};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{Frontier, Hash, NodeSource as _, leaf_hash};
use placet_kernel::tile::{HashTile, decode_entries, new_bundles, new_tiles};
use placet_kernel::tlog_proof::TlogProof;
use placet_schemas::api::{FeedAnswer, RecordAnswer};
use placet_schemas::record::CanonicalRecord;
use placet_tests::caller::Caller;
use placet_tests::process::NodeProcess;
use placet_tests::tree::Tree;
use placet_wallet::acknowledgement::LogTrust;

use super::people::{Acknowledged, Seen, Stall};

/// Records of earlier rounds that are asked for again after each restart.
const SAMPLE: u64 = 12;
/// Hashes on the way from one level of tiles to the next.
const TILE_HEIGHT: u8 = 8;

/// All that the log has ever shown to anyone.
pub(super) struct Audit {
    trust: LogTrust,
    operator: PublicKey,
    /// By size: for one size there is one root, for ever.
    roots: BTreeMap<u64, Hash>,
    acknowledged: Vec<Acknowledged>,
    /// How many of these have been asked for again.
    asked: usize,
    head_file: u64,
}

impl Audit {
    /// Pins the keys of a new log.
    pub(super) fn new(node: &NodeProcess) -> Self {
        let trust = node.log_trust();
        let operator = PublicKey::from_did(trust.operators().next().unwrap()).unwrap();
        Self {
            trust,
            operator,
            roots: BTreeMap::new(),
            acknowledged: Vec::new(),
            asked: 0,
            head_file: 0,
        }
    }

    /// Takes down what was seen until the node was killed, and what its head file says now.
    pub(super) fn remember(&mut self, seen: Seen, head_file: &[u8]) {
        let mut last = 0;
        for note in &seen.published {
            let size = self.see(note);
            assert!(size >= last, "the published checkpoint went from {last} back to {size}");
            last = size;
        }
        let noted = self.see(head_file);
        assert!(
            noted >= self.head_file,
            "the head file went from {} back to {noted}",
            self.head_file
        );
        self.head_file = noted;
        for acknowledged in seen.acknowledged {
            let answer: RecordAnswer = serde_json::from_slice(&acknowledged.answer).unwrap();
            let size = self.see(answer.checkpoint.as_bytes());
            // A record is answered for only when the head file has its checkpoint.
            assert!(noted >= size, "the head file says {noted}, an answer {size}");
            self.acknowledged.push(acknowledged);
        }
    }

    /// Checks the log of a node that was started again and has nothing to do; `dice` gives a number below another.
    pub(super) fn check(&mut self, node: &NodeProcess, stalls: &[Stall], dice: &mut dyn FnMut(u64) -> u64) {
        let mut caller = Caller::new(node.address());
        let leaves = self.check_tree(&mut caller);
        for acknowledged in &self.acknowledged {
            check_place(acknowledged, &leaves);
        }
        let items: usize = stalls.iter().map(|stall| self.check_feed(node, stall, &leaves)).sum();
        assert_eq!(items, leaves.len(), "the feeds together are the log");

        let mut again: Vec<usize> = (self.asked..self.acknowledged.len()).collect();
        if self.asked > 0 {
            again.extend((0..SAMPLE).map(|_| usize::try_from(dice(self.asked as u64)).unwrap()));
        }
        for number in again {
            let acknowledged = self.acknowledged[number].clone();
            replay(&mut caller, &acknowledged);
            self.check_proof(node, stalls, &acknowledged);
        }
        self.asked = self.acknowledged.len();
    }

    /// Asks once more for every record that was ever acknowledged.
    pub(super) fn check_all_again(&self, node: &NodeProcess) {
        let mut caller = Caller::new(node.address());
        self.acknowledged
            .iter()
            .for_each(|acknowledged| replay(&mut caller, acknowledged));
    }

    /// How many records were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Checks a checkpoint's signature and that no other of its size was ever seen; gives the size.
    fn see(&mut self, note: &[u8]) -> u64 {
        let signed = SignedCheckpoint::open(note, self.trust.checkpoint_keys()).unwrap();
        let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
        let known = *self.roots.entry(size).or_insert(root);
        assert_eq!(known, root, "two checkpoints of size {size}: a fork");
        size
    }

    /// Recomputes the whole tree from the served entries, and holds every checkpoint that was ever seen, and every tile,
    /// against it; gives the leaf hashes.
    fn check_tree(&mut self, caller: &mut Caller) -> Vec<Hash> {
        let size = self.see(&caller.get("/log/checkpoint"));
        let mut leaves = Vec::new();
        for bundle in new_bundles(0, size) {
            let bytes = caller.get(&format!("/log/{}", bundle));
            leaves.extend(decode_entries(&bundle, &bytes).unwrap().into_iter().map(leaf_hash));
        }
        assert_eq!(leaves.len() as u64, size);
        let (mut tree, mut frontier) = (Tree::new(0), Frontier::new());
        let mut expected = self.roots.clone();
        expected.remove(&0);
        for leaf in &leaves {
            tree.push(*leaf);
            frontier.push(*leaf);
            if let Some(root) = expected.remove(&frontier.size()) {
                assert_eq!(
                    frontier.root(),
                    root,
                    "the checkpoint of size {} is of another log",
                    frontier.size()
                );
            }
        }
        assert!(
            expected.is_empty(),
            "checkpoints beyond the end of the log: {expected:?}"
        );
        for tile in new_tiles(0, size) {
            let served = HashTile::parse(tile, &caller.get(&format!("/log/{}", tile))).unwrap();
            for (at, hash) in served.hashes().iter().enumerate() {
                let index = tile.index() * 256 + at as u64;
                let Ok(node) = tree.node(tile.level() * TILE_HEIGHT, index);
                assert_eq!(*hash, node, "{}", tile);
            }
        }
        leaves
    }

    /// Reads a whole feed, and holds its signed head against its items; gives their number.
    fn check_feed(&self, node: &NodeProcess, stall: &Stall, leaves: &[Hash]) -> usize {
        let mut caller = stall.shop.caller(node);
        let mut feed = Frontier::new();
        loop {
            let page = caller.get(&format!("/v1/feed?from={}", feed.size()));
            let FeedAnswer { items, head, .. } = serde_json::from_slice(&page).unwrap();
            verify_statement(&head, &self.operator).unwrap();
            for item in &items {
                assert_eq!(item.seq, feed.size(), "a feed has no gap");
                let leaf = leaves[usize::try_from(item.index).unwrap()];
                assert_eq!(item.leaf_hash.as_bytes(), leaf.as_bytes());
                feed.push(leaf);
            }
            if items.is_empty() {
                assert_eq!(head.statement.feed_size, feed.size());
                assert_eq!(head.statement.feed_root.as_bytes(), feed.root().as_bytes());
                return usize::try_from(feed.size()).unwrap();
            }
        }
    }

    /// Asks for the record's proof under the newest checkpoint, and checks it.
    fn check_proof(&mut self, node: &NodeProcess, stalls: &[Stall], acknowledged: &Acknowledged) {
        let record = CanonicalRecord::parse(&acknowledged.record).unwrap().record;
        let answer: RecordAnswer = serde_json::from_slice(&acknowledged.answer).unwrap();
        let statement = &answer.acknowledgement.statement;
        let stall = stalls
            .iter()
            .find(|stall| stall.shop.brand.did == statement.controller)
            .unwrap();
        let proof = stall
            .shop
            .caller(node)
            .get(&format!("/v1/records/{}/proof", record.digest()));
        let proof: TlogProof = str::from_utf8(&proof).unwrap().parse().unwrap();
        assert_eq!(proof.index(), statement.index);
        let leaf = Hash::new(*statement.leaf_hash.as_bytes());
        proof.verify(&leaf, self.trust.checkpoint_keys()).unwrap();
        let size = self.see(proof.checkpoint_note().as_bytes());
        assert!(size >= statement.size, "a proof for an older log than the answer's");
    }
}

/// The leaf is where the answer said, and the record and its salt make it.
fn check_place(acknowledged: &Acknowledged, leaves: &[Hash]) {
    let answer: RecordAnswer = serde_json::from_slice(&acknowledged.answer).unwrap();
    let statement = &answer.acknowledgement.statement;
    let leaf = leaves.get(usize::try_from(statement.index).unwrap());
    let leaf = leaf.unwrap_or_else(|| panic!("acknowledged record {} is lost", statement.index));
    assert_eq!(
        leaf.as_bytes(),
        statement.leaf_hash.as_bytes(),
        "record {}",
        statement.index
    );
    let record = CanonicalRecord::parse(&acknowledged.record).unwrap().record;
    let salt = Salt::from_bytes(*answer.salt.as_bytes());
    assert_eq!(*leaf, leaf_hash(&salt.leaf(&record.digest())));
}

/// The same bytes get the first answer.
fn replay(caller: &mut Caller, acknowledged: &Acknowledged) {
    let answer = caller.post("/v1/records", &acknowledged.record);
    assert_eq!(answer, acknowledged.answer, "another answer to the same bytes");
}
