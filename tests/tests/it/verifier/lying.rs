//! A ledger that lies: what each lie does to decisions, and which of them it can be held to.
//!
//! Only what the operator signed twice, differently, proves anything: two heads or checkpoints that cannot both be true. A page
//! with an item left out, exchanged or without a proof is signed by nobody as such, and anybody on the way can make one; so can
//! he send an old head again. These are denied until a page holds, and accuse nobody.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

use placet_kernel::checkpoint::{Checkpoint, sign_checkpoint};
use placet_kernel::merkle::Hash;
use placet_kernel::sign::sign_statement;
use placet_schemas::api::FeedAnswer;
use placet_schemas::id::{Digest, decode_hex};
use placet_tests::process::built;
use placet_tests::verifier::VerifierProcess;
use placet_wallet::keys::SoftwareKey;

use super::house::{House, SOON, codes, until};
use super::line::{Line, Mode};

/// The node's own keys: who lies has them.
#[derive(Clone)]
struct Operator {
    checkpoint: Arc<SoftwareKey>,
    operator: Arc<SoftwareKey>,
}

impl Operator {
    fn of(house: &House) -> Self {
        let key = |name: &str| {
            let path = house.dir.path().join("node/keys").join(name);
            let seed: Option<[u8; 32]> = decode_hex(fs::read_to_string(path).unwrap().trim());
            Arc::new(SoftwareKey::ed25519_from_seed(&seed.unwrap()))
        };
        Self {
            checkpoint: key("checkpoint.key"),
            operator: key("operator.key"),
        }
    }

    /// Signs what the page says now.
    fn sign(&self, page: &mut FeedAnswer) {
        let said = page.head.statement.clone();
        let root = Hash::new(*said.root.as_bytes());
        let tree = Checkpoint::new(said.origin.clone(), said.size, root).unwrap();
        page.checkpoint = sign_checkpoint(&tree, &*self.checkpoint).unwrap();
        page.head = sign_statement(said, &*self.operator).unwrap();
    }
}

fn refused(verifier: &VerifierProcess) -> f64 {
    verifier.metric("feed_refused_total")
}

type Lie = Box<dyn Fn(&mut FeedAnswer) + Send + Sync>;

/// Lies that need something new to lie about, and those that do not.
fn lies(operator: &Operator, old: &FeedAnswer) -> Vec<(&'static str, Lie)> {
    let by = operator.clone();
    let other_feed = move |page: &mut FeedAnswer| {
        page.head.statement.controller = "did:web:other.example".parse().unwrap();
        by.sign(page);
    };
    let by = operator.clone();
    let other_log = move |page: &mut FeedAnswer| {
        page.head.statement.origin = "other.example/log".parse().unwrap();
        by.sign(page);
    };
    let old = old.clone();
    let stranger = |page: &mut FeedAnswer| {
        let key = SoftwareKey::ed25519_from_seed(&[7; 32]);
        page.head = sign_statement(page.head.statement.clone(), &key).unwrap();
    };
    let with = |change: fn(&mut FeedAnswer)| -> Lie {
        Box::new(move |page| {
            if !page.items.is_empty() {
                change(page);
            }
        })
    };
    vec![
        ("an item left out", with(|page| drop(page.items.remove(0)))),
        (
            "an item exchanged",
            with(|page| page.items[0].leaf_hash = Digest::of(b"other")),
        ),
        (
            "a record exchanged",
            with(|page| page.items[0].record = Some(serde_json::json!({}))),
        ),
        ("all items kept back", with(|page| page.items.clear())),
        ("a bad inclusion proof", with(|page| page.items[0].proof.truncate(1))),
        (
            "a bad consistency proof",
            with(|page| page.consistency = Some(vec![Digest::of(b"no")])),
        ),
        ("no consistency proof", with(|page| page.consistency = None)),
        ("a stranger's head", Box::new(stranger)),
        ("another feed", Box::new(other_feed)),
        ("another log", Box::new(other_log)),
        ("a log that went back", Box::new(move |page| *page = old.clone())),
    ]
}

#[test]
fn a_page_that_does_not_hold_denies_accuses_nobody_and_is_got_over() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let first = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&first);
    line.change(move |page| {
        kept.lock().unwrap().get_or_insert(page.clone());
    });
    let verifier = house.start("verifier", &line.url, &[]);
    verifier.await_ready(true, SOON);
    line.set(Mode::Pass);
    let given = house.wins(&verifier, "C-lied-to");
    let question = house.question(&verifier, "C-lied-to");
    let _ = verifier.await_decision(&question, true, SOON);
    let old = first.lock().unwrap().clone().unwrap();
    let mut people = vec![given];
    for (what, lie) in lies(&Operator::of(&house), &old) {
        let before = refused(&verifier);
        line.change(lie);
        let reference = format!("C-{}", people.len());
        people.push(house.wins(&verifier, &reference));
        until(what, || refused(&verifier) > before);
        assert_eq!(codes(&verifier.ask(&question)), ["proof_invalid"], "{what}");
        assert_eq!(verifier.ready().1["reason"], "proof_invalid", "{what}");
        line.set(Mode::NoStream);
        let _ = verifier.await_decision(&question, true, SOON);
        let fresh = house.question(&verifier, &reference);
        let _ = verifier.await_decision(&fresh, true, SOON);
    }
    assert!(verifier.proofs().is_empty(), "nothing was proved");
    assert!(verifier.metric("misbehaviour_total") == 0.0);
    house.assert_private("verifier", &["C-lied-to"], &people.iter().collect::<Vec<_>>());
}

/// When the ledger begins to lie.
enum When {
    /// While it is followed.
    Running,
    /// While the verifier is down: it remembers what it was told before.
    Restarted,
}

/// Has the ledger lie to a verifier that knows better; the proof must hold, and the verdict outlast a restart.
fn is_caught(what: &'static str, when: When, lie: impl Fn(&mut FeedAnswer, &Operator) + Send + Sync + 'static) {
    let house = House::open();
    let line = Line::start(house.node.address());
    let verifier = house.start("verifier", &line.url, &[]);
    let given = house.wins(&verifier, "C-1");
    let question = house.question(&verifier, "C-1");
    let _ = verifier.await_decision(&question, true, SOON);
    let operator = Operator::of(&house);
    line.change(move |page| lie(page, &operator));
    let verifier = match when {
        When::Running => verifier,
        When::Restarted => {
            verifier.kill();
            house.start("verifier", &line.url, &[])
        }
    };
    until(what, || verifier.metric("misbehaviour_total") > 0.0);
    assert_eq!(codes(&verifier.ask(&question)), ["proof_invalid"], "{what}");
    assert!(refused(&verifier) > 0.0);
    let proofs = verifier.proofs();
    assert_eq!(proofs.len(), 1, "{what}");
    let judged = Command::new(built())
        .args(["--json", "verify", "--trust"])
        .arg(house.node.folder().join("trust.json"))
        .arg(&proofs[0])
        .output()
        .unwrap();
    assert!(
        judged.status.success(),
        "{what}: {}",
        String::from_utf8_lossy(&judged.stdout)
    );
    // The ledger is honest again, and nobody believes it.
    line.set(Mode::Pass);
    verifier.kill();
    let verifier = house.start("verifier", &line.url, &[]);
    let fresh = house.wins(&verifier, "C-2");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(codes(&verifier.ask(&question)), ["proof_invalid"], "{what}");
    assert!(!verifier.ready().0);
    house.assert_private("verifier", &["C-1", "C-2"], &[&given, &fresh]);
}

#[test]
fn two_checkpoints_of_one_size_are_proved_and_never_forgiven() {
    is_caught("a fork of the log", When::Running, |page, operator| {
        page.head.statement.root = Digest::of(b"another log");
        operator.sign(page);
    });
}

#[test]
fn two_heads_of_one_feed_are_proved_and_never_forgiven() {
    is_caught("a fork of the feed", When::Restarted, |page, operator| {
        page.head.statement.feed_root = Digest::of(b"another feed");
        operator.sign(page);
    });
}

#[test]
fn a_feed_that_shrank_is_proved_and_never_forgiven() {
    is_caught("a feed that shrank", When::Restarted, |page, operator| {
        page.head.statement.feed_size -= 1;
        page.head.statement.size += 1;
        page.head.statement.root = Digest::of(b"grown");
        operator.sign(page);
    });
}
