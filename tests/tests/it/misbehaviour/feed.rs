//! A feed is read page by page, and believed only if it adds up; then it is held against what was signed before.

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

use placet_kernel::bundle::Verdict;
use placet_kernel::feed::{Feed, Reader};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{self, Frontier, Hash};
use placet_kernel::misbehaviour::Kind;
use placet_schemas::api::{FeedAnswer, FeedItem};
use placet_schemas::statement::FeedHead;
use placet_tests::history::History;
use placet_wallet::acknowledgement::LogTrust;

use super::{cinema, event, gym, judge, now, public, record};

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
        consistency: None,
    }
}

/// The complaint about a page that was changed after it was honest.
fn complaint(change: impl Fn(&mut FeedAnswer)) -> String {
    let log = log();
    let mut page = page(&log, head(&log), 0, 3);
    change(&mut page);
    Reader::default()
        .take(&page, trust().feed_keys())
        .unwrap_err()
        .to_string()
}

#[test]
fn pages_that_add_up_are_a_feed() {
    let log = log();
    let mut reader = Reader::default();
    assert!(
        reader
            .take(&page(&log, head(&log), 0, 2), trust().feed_keys())
            .unwrap()
            .is_none()
    );
    let feed = reader
        .take(&page(&log, head(&log), 2, 3), trust().feed_keys())
        .unwrap()
        .unwrap();
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
    assert!(complaint(unsigned).contains("does not verify"));
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
        let first = reader.take(&page(&log, head.clone(), 0, 3), trust().feed_keys());
        // A head that counts an item too many is found out by the page that does not have it.
        let said = match first {
            Ok(feed) => {
                assert!(feed.is_none() && head.feed_size == 4);
                format!(
                    "{:#}",
                    reader.take(&page(&log, head, 3, 3), trust().feed_keys()).unwrap_err()
                )
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
    reader.take(&page(&log, head(&log), 0, 2), trust().feed_keys()).unwrap();
    let other = FeedHead {
        controller: "did:web:other.example".parse().unwrap(),
        ..head(&log)
    };
    assert!(reader.take(&page(&log, other, 2, 3), trust().feed_keys()).is_err());
}

/// A history's feed of the cinema at this size, as its reader has it.
fn read(history: &History, size: u64) -> Feed {
    let leaves = history.items.iter().take(usize::try_from(size).unwrap());
    let note = history.checkpoint(size);
    let keys = LogTrust::new(
        history.origin.clone(),
        &[&history.keys().checkpoint_keys[0].vkey],
        &[history.operator.did()],
    );
    let keys = keys.unwrap();
    Feed {
        items: Vec::new(),
        destroyed: Vec::new(),
        leaves: leaves
            .filter(|item| item.controller == cinema())
            .map(|item| item.leaf)
            .collect(),
        head: history.sign(history.head(&cinema(), size, now())),
        checkpoint: placet_kernel::checkpoint::SignedCheckpoint::open(note.as_bytes(), keys.checkpoint_keys()).unwrap(),
    }
}

fn history(name: &str) -> History {
    let mut history = History::new(super::ORIGIN);
    history.batch(&[public("request"), (gym(), None, record("gym")), event("grant", "grant")]);
    history.batch(&[event("grant", name), public("after")]);
    history.batch(&[(gym(), None, record(name))]);
    history
}

#[test]
fn a_feed_is_held_against_earlier_heads_and_acknowledgements() {
    let (one, other) = (history("one"), history("other"));
    for size in 1..=6 {
        for earlier in 1..=6 {
            let head = one.sign(one.head(&cinema(), earlier, now().plus_seconds(1)));
            assert_eq!(read(&one, size).against_head(&head), None, "{earlier} {size}");
            let found = read(&other, size).against_head(&head);
            // They differ from item 2 of the feed on, which is in logs of four and more.
            let apart = earlier >= 4 && size >= 4 && (size >= earlier || size == 5);
            assert_eq!(found.is_some(), apart, "{earlier} {size}");
            if let Some(found) = found {
                assert_eq!(judge(&one, found.claim).proved, Verdict::Holds);
            }
        }
        for index in [0, 2, 3, 4] {
            let said = one.sign(one.acknowledgement(index));
            assert_eq!(read(&one, size).against_acknowledgement(&said), None);
            let found = read(&other, size).against_acknowledgement(&said);
            let dropped = index == 3 && size >= 5;
            assert_eq!(found.is_some(), dropped, "{index} {size}");
            if let Some(found) = found {
                assert_eq!(found.claim.kind(), Kind::AcknowledgementAgainstHead);
                assert_eq!(judge(&one, found.claim).proved, Verdict::Holds);
            }
        }
    }
}

/// The brand remembers a head with three items; the ledger now shows two, in a larger log.
#[test]
fn a_feed_that_lost_its_last_item_is_held_against_head_and_acknowledgement() {
    let one = history("one");
    let mut shorter = read(&one, 6);
    shorter.leaves.pop();
    let head = FeedHead {
        feed_size: 3,
        feed_root: placet_tests::history::digest(&one.feed(&cinema(), 5).root(3)),
        ..one.head(&cinema(), 6, now())
    };
    shorter.head = one.sign(head);
    let remembered = one.sign(one.head(&cinema(), 5, now()));
    let acknowledged = one.sign(one.acknowledgement(4));
    for (found, kind) in [
        (shorter.against_head(&remembered), Kind::FeedFork),
        (
            shorter.against_acknowledgement(&acknowledged),
            Kind::AcknowledgementAgainstHead,
        ),
    ] {
        let found = found.unwrap();
        assert_eq!(found.claim.kind(), kind);
        assert_eq!(judge(&one, found.claim).proved, Verdict::Holds);
    }
}
