//! A node whose checkpoints are cosigned by witnesses, each a process of its own: what readers get of it, and what a node
//! does that cannot know, or must not believe, that it has the newest state of its log.

mod guard;
mod quorum;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use placet_kernel::trust::TrustFile;
use placet_schemas::id::Digest;
use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::{NodeProcess, built};
use placet_tests::shop::{Customer, Shop};
use placet_tests::watch::WitnessProcess;
use placet_wallet::records::{self, Built};
use tempfile::TempDir;

const ORIGIN: &str = "witnessed.example/log";
/// Longest time for what a node does by itself, once a second or so.
const PATIENCE: Duration = Duration::from_secs(20);
const ANY_PORT: &str = "127.0.0.1:0";

/// A log that has keys and a shop, and has been stopped; no witness has heard of it.
struct Town {
    home: TempDir,
    trust: TrustFile,
    shop: Shop,
    request: CanonicalRecord,
}

impl Town {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let node = NodeProcess::start(&built(), &p(ORIGIN), &home.path().join("node"), &[]);
        let shop = Shop::open(&node, &p(ORIGIN), Brand::cinema());
        let request = shop.ask(&node, "witnessed", vec![newsletter()]);
        Self {
            trust: node.trust_file(),
            home,
            shop,
            request,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn witness(&self, name: &str) -> WitnessProcess {
        self.witness_at(name, ANY_PORT)
    }

    fn witness_at(&self, name: &str, listen: &str) -> WitnessProcess {
        WitnessProcess::start(&built(), name, &self.trust, &self.path(name), listen)
    }

    fn node(&self, witnesses: &[&str], more: &[&str]) -> NodeProcess {
        self.node_in("node", witnesses, more)
    }

    fn node_in(&self, folder: &str, witnesses: &[&str], more: &[&str]) -> NodeProcess {
        let mut line: Vec<&str> = witnesses.iter().flat_map(|witness| ["--witness", witness]).collect();
        line.extend(more);
        NodeProcess::start(&built(), &p(ORIGIN), &self.path(folder), &line)
    }

    /// Starts a node that must not open, and gives what it says.
    fn refused(&self, folder: &str, witnesses: &[&str]) -> String {
        self.refused_with(folder, witnesses, &[])
    }

    fn refused_with(&self, folder: &str, witnesses: &[&str], more: &[&str]) -> String {
        let mut line = Command::new(built());
        line.args([
            "serve", "--listen", ANY_PORT, "--log", "off", "--origin", ORIGIN, "--dir",
        ]);
        line.arg(self.path(folder));
        for witness in witnesses {
            line.args(["--witness", witness]);
        }
        let ended = line.args(more).output().unwrap();
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    }

    /// What somebody would have who kept a copy of the node's folder from now.
    fn copy(&self, to: &str) {
        let copied = Command::new("cp")
            .arg("-r")
            .args([self.path("node"), self.path(to)])
            .status();
        assert!(copied.unwrap().success());
    }

    /// The yes of somebody whom only this name knows, signed and not sent.
    fn yes(&self, node: &NodeProcess, name: &str) -> (Customer, Built) {
        self.shop.yes(node, &self.request, name, &[newsletter()])
    }

    /// The same, sent and recorded.
    fn given(&self, node: &NodeProcess, name: &str) -> (Customer, Built) {
        let (customer, grant) = self.yes(node, name);
        self.shop.caller(node).post("/v1/records", &grant.bytes);
        (customer, grant)
    }

    fn withdrawal(&self, customer: &Customer, grant: &Built) -> Vec<u8> {
        let pen = customer.pen(&self.shop, "withdrawal");
        records::withdraw(&grant.state, None, &pen).unwrap().bytes
    }

    fn effective(&self, node: &NodeProcess, consent: &Digest) -> String {
        let view = self.shop.caller(node).get(&format!("/v1/consents/{consent}"));
        let view: serde_json::Value = serde_json::from_slice(&view).unwrap();
        view["effective"].as_str().unwrap().to_owned()
    }
}

/// Looks again and again until it is so.
fn soon(what: &str, mut so: impl FnMut() -> bool) {
    let start = instant();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the nodes are processes, on the machine's clock"
)]
fn instant() -> Instant {
    Instant::now()
}

/// How many signatures a note has.
fn signatures(note: &str) -> usize {
    note.lines().filter(|line| line.starts_with('\u{2014}')).count()
}

/// Waits until the published checkpoint has this size, and the log's own two signatures and so many witnesses'.
fn cosigned(node: &NodeProcess, size: u64, witnesses: usize) {
    soon("the log is cosigned", || {
        let note = published(node);
        size_of(&note) == size && signatures(&note) == 2 + witnesses
    });
}

fn published(node: &NodeProcess) -> String {
    String::from_utf8(placet_tests::caller::Caller::new(node.address()).get("/log/checkpoint")).unwrap()
}

fn size_of(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

/// The checkpoint file in a node's folder.
fn file(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log/checkpoint")).unwrap()
}
