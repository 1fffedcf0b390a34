//! A log with the cinema's feed in it, and the pages that an honest ledger gives of it at any size.

use std::collections::BTreeMap;

use placet_kernel::bundle::Verdict;
use placet_kernel::feed::{Follower, Step};
use placet_kernel::merkle::Hash;
use placet_kernel::misbehaviour::{self, Accusation};
use placet_schemas::api::{FeedAnswer, FeedCursor, FeedItem, SaltText};
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::destruction::{Destruction, DestructionGround};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::history::{History, digest};
use placet_tests::{Claim, bytes_of, p};
use placet_wallet::acknowledgement::LogTrust;
use placet_wallet::{Pen, brand};

const ORIGIN: &str = "placet.example/log";

/// The log, and the records of the cinema.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) history: History,
    cinema: Brand,
    records: BTreeMap<u64, CanonicalRecord>,
}

/// What a test does to a log.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// A record of the cinema.
    Own,
    /// A record of somebody else.
    Other,
    /// The cinema's records at these places are destroyed, as far as they may be.
    Destroy(Vec<u64>),
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            history: History::new(ORIGIN),
            cinema: Brand::cinema(),
            records: BTreeMap::new(),
        }
    }

    pub(super) fn of(deeds: &[Deed]) -> Self {
        let mut log = Self::new();
        for (number, deed) in deeds.iter().enumerate() {
            match deed {
                Deed::Own => {
                    log.own(&number.to_string());
                }
                Deed::Other => log.other(),
                Deed::Destroy(leaves) => {
                    log.destroy(leaves);
                }
            }
        }
        log
    }

    /// A record of the cinema's; gives its index.
    pub(super) fn own(&mut self, name: &str) -> u64 {
        let origin = &self.history.origin;
        let pen = Pen {
            origin,
            key: &self.cinema.key,
            random: bytes_of(name),
            now: now(),
        };
        let record = brand::end(Digest::of(name.as_bytes()), p("over"), self.cinema.signer(), &pen).unwrap();
        self.add(record)
    }

    /// A record of somebody else's.
    pub(super) fn other(&mut self) {
        let digest = Digest::of(&self.size().to_be_bytes());
        self.history.batch(&[(p("did:web:gym.example"), None, digest)]);
    }

    /// Destroys what there is of the cinema's at these places; gives the index of the Destruction, if there was anything.
    pub(super) fn destroy(&mut self, leaves: &[u64]) -> Option<u64> {
        let exists = |leaf: &u64| {
            let record = self.records.get(leaf).map(|record| &record.record.body);
            record.is_some_and(|body| !matches!(body, Body::Destruction(_)))
                && self.destroyed(*leaf, self.size()).is_none()
        };
        let mut leaves: Vec<u64> = leaves.iter().copied().filter(exists).collect();
        leaves.sort_unstable();
        leaves.dedup();
        let body = Body::Destruction(Box::new(Destruction {
            version: Version,
            controller: self.cinema.did.clone(),
            leaves: leaves.try_into().ok()?,
            ground: DestructionGround::RetentionElapsed,
            order_hash: None,
        }));
        let operator = &self.history.operator;
        let claim = Claim {
            issuer: operator.did(),
            method: None,
            domain: self.history.origin.clone(),
            from: now(),
            until: None,
            challenge: None,
            body,
        };
        let record = claim.sign(operator);
        Some(self.add(record))
    }

    pub(super) fn size(&self) -> u64 {
        self.history.size()
    }

    pub(super) fn did(&self) -> Did {
        self.cinema.did.clone()
    }

    pub(super) fn trust(&self) -> LogTrust {
        let keys = self.history.keys();
        let operators = [self.history.operator.did()];
        LogTrust::new(
            self.history.origin.clone(),
            &[&keys.checkpoint_keys[0].vkey],
            &operators,
        )
        .unwrap()
    }

    pub(super) fn follower(&self) -> Follower {
        Follower::new(self.history.origin.clone(), self.did())
    }

    /// A follower that has taken all there is at this size, and the leaf hashes.
    pub(super) fn followed(&self, size: u64) -> (Follower, Vec<Hash>) {
        let mut follower = self.follower();
        let step = self.take(&mut follower, size);
        assert!(step.complete);
        (follower, step.leaves)
    }

    /// Has a follower take all there is at this size.
    pub(super) fn take(&self, follower: &mut Follower, size: u64) -> Step {
        let page = self.page(follower.cursor(), usize::MAX, size);
        follower.take(&page, self.trust().feed_keys()).unwrap()
    }

    /// What the node answers when the log has this size, `size` seconds after the beginning.
    pub(super) fn page(&self, cursor: FeedCursor, limit: usize, size: u64) -> FeedAnswer {
        let head = self.history.head(&self.did(), size, now().plus_seconds(size));
        let own = self.records.range(..size);
        let from = usize::try_from(cursor.from).unwrap();
        let items = (0u64..).zip(own).skip(from).take(limit);
        let consistency = || self.history.tree.consistency(cursor.since, size);
        FeedAnswer {
            controller: self.did(),
            items: items
                .map(|(seq, (index, record))| self.item(seq, *index, record, size))
                .collect(),
            head: self.history.sign(head),
            checkpoint: self.history.checkpoint(size),
            consistency: (1..size)
                .contains(&cursor.since)
                .then(|| consistency().iter().map(digest).collect()),
        }
    }

    fn item(&self, seq: u64, index: u64, record: &CanonicalRecord, size: u64) -> FeedItem {
        let leaf = &self.history.items[usize::try_from(index).unwrap()];
        let destroyed = self.destroyed(index, size);
        let record = serde_json::from_slice(&record.bytes).unwrap();
        FeedItem {
            seq,
            index,
            leaf_hash: digest(&leaf.leaf),
            salt: destroyed.is_none().then(|| SaltText::from_bytes(*leaf.salt.as_bytes())),
            record: destroyed.is_none().then_some(record),
            destroyed,
            proof: self.history.tree.inclusion(index, size).iter().map(digest).collect(),
        }
    }

    /// The Destruction by which a leaf was lost when the log had this size.
    fn destroyed(&self, leaf: u64, size: u64) -> Option<u64> {
        let mut records = self.records.range(..size);
        let named = records.find(|(_, record)| match &record.record.body {
            Body::Destruction(destruction) => destruction.leaves.as_slice().contains(&leaf),
            _ => false,
        });
        named.map(|(index, _)| *index)
    }

    fn add(&mut self, record: CanonicalRecord) -> u64 {
        let index = self.size();
        self.history.batch(&[(self.did(), None, record.record.digest())]);
        self.records.insert(index, record);
        index
    }

    /// Whether the judge takes it for proved.
    pub(super) fn proves(&self, accusation: &Accusation) -> bool {
        let bytes = accusation.to_bytes().unwrap();
        let report = misbehaviour::verify(&bytes, Some(&self.history.trust()), now()).unwrap();
        report.proved == Verdict::Holds
    }
}

pub(super) fn now() -> Timestamp {
    p("2026-11-22T05:00:00Z")
}
