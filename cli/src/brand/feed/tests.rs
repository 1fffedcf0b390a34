use std::collections::BTreeMap;

use placet_kernel::checkpoint::{Checkpoint, sign_checkpoint};
use placet_kernel::merkle::{NodeSource, inclusion_proof};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::sign_statement;
use placet_schemas::api::SaltText;
use placet_schemas::id::{Did, DidUrl, Digest, Origin};
use placet_schemas::statement::FeedHeadType;
use placet_schemas::version::Version;
use placet_wallet::Pen;
use placet_wallet::brand::{Brand, end};
use placet_wallet::keys::SoftwareKey;

use super::*;

const ORIGIN: &str = "log.example/a";
const BRAND: &str = "did:web:cinema.example";

/// A log whose only leaves are a brand's three records, and its keys.
struct Log {
    nodes: BTreeMap<(u8, u64), Hash>,
    frontier: Frontier,
    items: Vec<FeedItem>,
}

impl NodeSource for Log {
    type Error = &'static str;
    fn node(&self, level: u8, index: u64) -> Result<Hash, &'static str> {
        self.nodes.get(&(level, index)).copied().ok_or("no such node")
    }
}

fn key(seed: u8) -> SoftwareKey {
    SoftwareKey::ed25519_from_seed(&[seed; 32])
}

fn origin() -> Origin {
    ORIGIN.parse().unwrap()
}

fn trust() -> LogTrust {
    let vkey = VerifierKey::of_signer(ORIGIN.parse().unwrap(), SignatureType::Ed25519, &key(1)).unwrap();
    LogTrust::new(origin(), &[&vkey.to_string()], &[key(2).did()]).unwrap()
}

fn log() -> Log {
    let mut log = Log {
        nodes: BTreeMap::new(),
        frontier: Frontier::new(),
        items: Vec::new(),
    };
    let (did, method): (Did, DidUrl) = (BRAND.parse().unwrap(), format!("{BRAND}#key-1").parse().unwrap());
    for number in 0..3u8 {
        let (origin, now) = (origin(), "2026-11-22T05:00:00Z".parse().unwrap());
        let pen = Pen {
            origin: &origin,
            key: &key(3),
            random: [number; 16],
            now,
        };
        let brand = Brand {
            did: &did,
            method: &method,
        };
        let record = end(Digest::of(&[number]), "over".parse().unwrap(), brand, &pen).unwrap();
        let salt = [number; 32];
        let leaf = merkle::leaf_hash(&Salt::from_bytes(salt).leaf(&record.record.digest()));
        let nodes = &mut log.nodes;
        log.frontier.push_with(leaf, |node, hash| {
            nodes.insert((node.level, node.index), hash);
        });
        log.items.push(FeedItem {
            seq: number.into(),
            index: number.into(),
            leaf_hash: Digest::from_bytes(*leaf.as_bytes()),
            salt: Some(SaltText::from_bytes(salt)),
            record: Some(serde_json::from_slice(&record.bytes).unwrap()),
            destroyed: None,
            proof: Vec::new(),
        });
    }
    for at in 0..3 {
        let proof = inclusion_proof(at, 3, &log).unwrap();
        let proof = proof.iter().map(|hash| Digest::from_bytes(*hash.as_bytes())).collect();
        log.items[usize::try_from(at).unwrap()].proof = proof;
    }
    log
}

/// What the operator says of the feed.
fn head(log: &Log) -> FeedHead {
    let root = Digest::from_bytes(*log.frontier.root().as_bytes());
    FeedHead {
        version: Version,
        r#type: FeedHeadType::FeedHead,
        origin: origin(),
        controller: BRAND.parse().unwrap(),
        feed_size: 3,
        feed_root: root,
        size: 3,
        root,
        time: "2026-11-22T05:00:00Z".parse().unwrap(),
    }
}

fn page(log: &Log, head: FeedHead, from: usize, to: usize) -> FeedAnswer {
    let checkpoint = Checkpoint::new(origin(), 3, log.frontier.root()).unwrap();
    FeedAnswer {
        controller: head.controller.clone(),
        items: log.items[from..to].to_vec(),
        head: sign_statement(head, &key(2)).unwrap(),
        checkpoint: sign_checkpoint(&checkpoint, &key(1)).unwrap(),
    }
}

/// The complaint about a page that was changed after it was honest.
fn complaint(change: impl Fn(&mut FeedAnswer)) -> String {
    let log = log();
    let mut page = page(&log, head(&log), 0, 3);
    change(&mut page);
    format!("{:#}", Reader::default().take(&page, &trust()).unwrap_err())
}

#[test]
fn pages_that_add_up_are_a_feed() {
    let log = log();
    let mut reader = Reader::default();
    assert!(reader.take(&page(&log, head(&log), 0, 2), &trust()).unwrap().is_none());
    let feed = reader.take(&page(&log, head(&log), 2, 3), &trust()).unwrap().unwrap();
    assert_eq!(
        feed.items.iter().map(|(index, _)| *index).collect::<Vec<_>>(),
        [0, 1, 2]
    );
}

#[test]
fn an_item_that_is_left_out_changed_or_moved_is_noticed() {
    for (change, why) in [
        (
            (|page| drop(page.items.remove(0))) as fn(&mut FeedAnswer),
            "it is number 1",
        ),
        (|page| drop(page.items.drain(..)), "keeps items back"),
        (|page| page.items.swap(0, 1), "it is number 1"),
        (
            |page| page.items[1].salt = Some(SaltText::from_bytes([9; 32])),
            "another leaf",
        ),
        (
            |page| page.items[1].record = page.items[0].record.clone(),
            "another leaf",
        ),
        (|page| page.items[1].record = None, "does not open it"),
        (|page| page.items[1].leaf_hash = Digest::of(b""), "another leaf"),
        (|page| page.items[1].proof.truncate(1), "item 1"),
        (|page| page.items[1].index = 2, "item 1"),
        (|page| page.items.push(page.items[2].clone()), "it is number 2"),
    ] {
        let said = complaint(change);
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_head_that_the_operator_did_not_sign_for_this_feed_is_noticed() {
    let log = log();
    let stranger = |page: &mut FeedAnswer| page.head = sign_statement(head(&self::log()), &key(7)).unwrap();
    assert!(complaint(stranger).contains("no operator of this log"));
    let unsigned = |page: &mut FeedAnswer| page.head.statement.feed_size = 2;
    assert!(complaint(unsigned).contains("does not hold"));
    for (head, why) in [
        (
            FeedHead {
                feed_size: 2,
                ..head(&log)
            },
            "3 items, its head says 2",
        ),
        (
            FeedHead {
                feed_size: 4,
                ..head(&log)
            },
            "",
        ),
        (
            FeedHead {
                feed_root: Digest::of(b""),
                ..head(&log)
            },
            "not those of the signed head",
        ),
        (FeedHead { size: 2, ..head(&log) }, "different trees"),
        (
            FeedHead {
                root: Digest::of(b""),
                ..head(&log)
            },
            "different trees",
        ),
        (
            FeedHead {
                origin: "log.example/b".parse().unwrap(),
                ..head(&log)
            },
            "log.example/b",
        ),
    ] {
        let mut reader = Reader::default();
        let first = reader.take(&page(&log, head.clone(), 0, 3), &trust());
        // A head that counts an item too many is found out by the page that does not have it.
        let said = match first {
            Ok(feed) => {
                assert!(feed.is_none() && head.feed_size == 4);
                format!("{:#}", reader.take(&page(&log, head, 3, 3), &trust()).unwrap_err())
            }
            Err(error) => format!("{error:#}"),
        };
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn the_brand_does_not_change_between_pages() {
    let log = log();
    let mut reader = Reader::default();
    reader.take(&page(&log, head(&log), 0, 2), &trust()).unwrap();
    let other = FeedHead {
        controller: "did:web:other.example".parse().unwrap(),
        ..head(&log)
    };
    assert!(reader.take(&page(&log, other, 2, 3), &trust()).is_err());
}
