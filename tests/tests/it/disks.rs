//! Full and read-only disks under real processes: nothing is answered as recorded that is not durable, what cannot be
//! written is a clear error, and once the disk is mended the node goes on by itself.
//!
//! Each test has a small disk of its own (a tmpfs). Where the system does not let it be mounted, it says so and does nothing;
//! with CI=true that is a failure.

mod disk;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::merkle::leaf_hash;
use placet_schemas::id::Digest;
use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use placet_tests::caller::{Answer, Caller};
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::shop::{Customer, Shop};
use placet_tests::tree::Tree;
use placet_tests::watch::WitnessProcess;
use placet_wallet::records::{self, Built};
use serde_json::Value;
use tempfile::TempDir;

use disk::Disk;

const ORIGIN: &str = "disks.example/log";
/// Room for a young node and its journals.
const MIB: usize = 24;
/// Longest time for what a node does by itself, once a second or so.
const PATIENCE: Duration = Duration::from_secs(20);
/// An entry of a bundle: its length in two bytes, and a leaf.
const ENTRY: usize = 2 + 33;
/// Grants that are sent while nothing can be written.
const GRANTS: usize = 4;

/// A node whose folder is on a disk of its own, a brand that asks, and Ada, who has said yes.
struct Office {
    node: NodeProcess,
    shop: Shop,
    request: CanonicalRecord,
    ada: (Customer, Built),
}

impl Office {
    fn open(folder: &Path, more: &[&str]) -> Self {
        let node = NodeProcess::start(&built(), &p(ORIGIN), folder, more);
        let shop = Shop::open(&node, &p(ORIGIN), Brand::cinema());
        let request = shop.ask(&node, "disks", vec![newsletter()]);
        let ada = shop.yes(&node, &request, "Ada", &[newsletter()]);
        shop.caller(&node).post("/v1/records", &ada.1.bytes);
        Self {
            node,
            shop,
            request,
            ada,
        }
    }

    /// Consents that are signed and not sent.
    fn unsent(&self) -> Vec<Built> {
        let names = (0..GRANTS).map(|n| format!("person {n}"));
        names
            .map(|name| self.shop.yes(&self.node, &self.request, &name, &[newsletter()]).1)
            .collect()
    }

    fn ends(&self) -> Vec<u8> {
        let (customer, grant) = &self.ada;
        let pen = customer.pen(&self.shop, "withdrawal");
        records::withdraw(&grant.state, None, &pen).unwrap().bytes
    }

    fn send(&self, bytes: &[u8]) -> Answer {
        self.shop.caller(&self.node).call("POST", "/v1/records", bytes).unwrap()
    }

    fn status(&self, path: &str) -> u16 {
        Caller::new(self.node.address()).call("GET", path, b"").unwrap().status
    }

    /// Reading goes on: the consent, and evidence of it that holds.
    fn reads(&self) {
        let consent = self.ada.1.state.consent;
        let evidence = self
            .shop
            .caller(&self.node)
            .get(&format!("/v1/consents/{consent}/evidence"));
        let report = bundle::verify(&evidence, Some(&self.node.trust()), now().plus_seconds(2), None).unwrap();
        assert_eq!(report.recorded, Verdict::Holds, "{:?}", report.findings);
        assert_eq!(self.status("/healthz"), 200);
        assert_eq!(self.status("/log/checkpoint"), 200);
    }

    /// Sends everything once more: to be recorded now, or to get the answer of the first time.
    fn send_again(&self, sent: &[(Vec<u8>, Answer)]) {
        for (bytes, first) in sent {
            let again = self.send(bytes);
            assert!(
                matches!(again.status, 200 | 201),
                "{}",
                String::from_utf8_lossy(&again.body)
            );
            if first.status == 201 {
                assert_eq!(first.body, again.body, "what was acknowledged stays so");
            }
        }
    }

    /// Ends the node; then every row and file is as the log says, and the log has so many records.
    fn close(self, size: usize) {
        let folder = self.node.folder().to_owned();
        soon("all is published", || {
            let note = fs::read_to_string(folder.join("log/checkpoint")).unwrap();
            note.lines().nth(1) == Some(&size.to_string())
        });
        self.node.kill();
        let ran = placet(&["fsck", folder.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("all is well"), "{said}");
    }
}

/// Whatever cannot be recorded is answered by a problem that says what to do.
fn is_refused(answer: &Answer) {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (answer.status, &problem["code"]),
        (503, &"unavailable".into()),
        "{problem}"
    );
    assert_eq!(answer.content_type, "application/problem+json");
    assert!(
        problem["help"].as_str().unwrap().contains("Send the same bytes again"),
        "{problem}"
    );
}

fn placet(args: &[&str]) -> Output {
    Command::new(built())
        .args(args)
        .env_remove("PLACET_TRUST")
        .output()
        .unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the node is a process of its own, on the machine's clock"
)]
fn soon(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A folder with the node's disk in it, if disks can be had here.
fn home() -> Option<(TempDir, Disk)> {
    let home = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&home.path().join("disk"), MIB)?;
    Some((home, disk))
}

#[test]
fn a_full_disk_is_said_and_nothing_that_was_answered_is_lost() {
    let Some((_home, disk)) = home() else { return };
    let office = Office::open(&disk.path().join("node"), &[]);
    let mut all: Vec<Vec<u8>> = office.unsent().into_iter().map(|built| built.bytes).collect();
    all.push(office.ends());
    disk.fill();
    let sent: Vec<(Vec<u8>, Answer)> = all
        .into_iter()
        .map(|bytes| (bytes.clone(), office.send(&bytes)))
        .collect();
    // What still found room in a journal is recorded; the disk is full before all of them are.
    let refused: Vec<&Answer> = sent
        .iter()
        .map(|(_, answer)| answer)
        .filter(|answer| answer.status != 201)
        .collect();
    assert!(!refused.is_empty());
    refused.into_iter().for_each(is_refused);
    // A small write may still find room where a larger one did not. When none does, it is not ready again because nobody
    // happens to write.
    soon("it is not ready, and stays so", || {
        office.send(&sent[0].0);
        (0..12).all(|_| {
            thread::sleep(Duration::from_millis(100));
            office.status("/readyz") == 503
        })
    });
    office.reads();
    disk.free();
    soon("it goes on by itself", || office.status("/readyz") == 200);
    office.send_again(&sent);
    office.reads();
    office.close(3 + GRANTS + 1);
}

/// (A disk does not become read-only while files on it are open for writing, unless it breaks.)
#[test]
fn a_node_on_a_read_only_disk_says_so_and_starts_once_it_is_writable() {
    let Some((_home, disk)) = home() else { return };
    let folder = disk.path().join("node");
    let office = Office::open(&folder, &[]);
    let (sent, ends) = (office.send(&office.ada.1.bytes), office.ends());
    let Office {
        node,
        shop,
        request,
        ada,
    } = office;
    node.kill();
    disk.read_only(true);
    let ran = placet(&[
        "serve",
        "--dir",
        folder.to_str().unwrap(),
        "--listen",
        "127.0.0.1:0",
        "--log",
        "off",
    ]);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!ran.status.success() && said.trim_end().lines().count() == 1, "{said}");
    assert!(
        said.contains(folder.to_str().unwrap()) && said.contains("Read-only file system"),
        "{said}"
    );
    disk.read_only(false);
    let office = Office {
        node: NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]),
        shop,
        request,
        ada,
    };
    office.send_again(&[(office.ada.1.bytes.clone(), sent)]);
    assert_eq!(office.send(&ends).status, 201);
    office.close(4);
}

#[test]
fn a_full_or_read_only_disk_under_the_log_files_alone_holds_up_publishing_and_nothing_else() {
    for read_only in [false, true] {
        let Some((home, disk)) = home() else { return };
        let folder = home.path().join("node");
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(disk.path(), folder.join("log")).unwrap();
        let office = Office::open(&folder, &[]);
        let all: Vec<Vec<u8>> = office.unsent().into_iter().map(|built| built.bytes).collect();
        let shown = || {
            let note = fs::read_to_string(folder.join("log/checkpoint")).unwrap();
            note.lines().nth(1).map(str::to_owned)
        };
        soon("what came before is published", || shown().as_deref() == Some("3"));
        if read_only {
            soon("nobody writes", || disk.read_only(true));
        } else {
            disk.fill();
        }
        let sent: Vec<(Vec<u8>, Answer)> = all
            .into_iter()
            .map(|bytes| (bytes.clone(), office.send(&bytes)))
            .collect();
        assert!(sent.iter().all(|(_, answer)| answer.status == 201));
        soon("the failure is counted", || {
            let metrics = String::from_utf8(Caller::new(office.node.address()).get("/metrics")).unwrap();
            let failures = metrics
                .lines()
                .find(|line| line.starts_with("placet_ledger_publish_failures_total"));
            failures.is_some_and(|line| !line.ends_with(" 0"))
        });
        assert_eq!(shown().as_deref(), Some("3"), "what is published is whole, and late");
        office.reads();
        if read_only {
            disk.read_only(false);
        } else {
            disk.free();
        }
        office.send_again(&sent);
        disk.free();
        office.close(3 + GRANTS);
    }
}

#[test]
fn a_backup_onto_a_full_disk_is_one_line_and_no_file() {
    let Some((home, disk)) = home() else { return };
    let office = Office::open(&home.path().join("node"), &[]);
    let folder = office.node.folder().to_owned();
    let (main, keyring) = (disk.path().join("main"), disk.path().join("keyring"));
    let back_up = || {
        let line = [
            "backup",
            "--dir",
            folder.to_str().unwrap(),
            "--to",
            main.to_str().unwrap(),
        ];
        placet(&[&line[..], &["--keyring-to", keyring.to_str().unwrap()]].concat())
    };
    fs::create_dir_all(&main).unwrap();
    fs::create_dir_all(&keyring).unwrap();
    assert!(back_up().status.success());
    let emptied = |part: &Path| {
        let entries = fs::read_dir(part).unwrap().map(|entry| entry.unwrap().path());
        let bytes = entries.map(|path| {
            let bytes = fs::metadata(&path).unwrap().len();
            fs::remove_file(path).unwrap();
            bytes
        });
        usize::try_from(bytes.sum::<u64>()).unwrap()
    };
    let (of_main, of_keyring) = (emptied(&main), emptied(&keyring));
    // It fails in the first copy, at once and halfway, and in the second.
    for spare in [0, of_main / 2, of_main + of_keyring / 2] {
        disk.free();
        disk.fill_but(spare);
        let ran = back_up();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert!(
            !ran.status.success() && said.trim_end().lines().count() == 1,
            "{spare}: {said}"
        );
        assert!(said.contains("was not copied") && said.contains("full"), "{said}");
        for part in [&main, &keyring] {
            assert_eq!(fs::read_dir(part).unwrap().count(), 0, "{spare}: {said}");
        }
    }
    disk.free();
    assert!(back_up().status.success());
    assert!(matches!(office.send(&office.ends()).status, 200 | 201));
    office.close(4);
}

#[test]
fn a_witness_on_a_full_disk_signs_nothing_that_it_cannot_remember() {
    let Some((home, disk)) = home() else { return };
    let office = Office::open(&home.path().join("node"), &[]);
    let folder = disk.path().join("w");
    let start = || WitnessProcess::start(&built(), "w.example", &office.node.trust_file(), &folder, "127.0.0.1:0");
    let mut witness = start();
    assert_eq!(asked(&office, &witness, 0, 3).status, 200);
    disk.fill();
    // Its journal may have some room left. Then it has none, and nothing is signed.
    let (mut cosigned, mut refused) = (3, None);
    for grant in office.unsent() {
        assert_eq!(office.send(&grant.bytes).status, 201);
        let size = cosigned + 1;
        let answer = asked(&office, &witness, cosigned, size);
        if answer.status != 200 {
            assert_eq!(answer.status, 500, "{}", String::from_utf8_lossy(&answer.body));
            assert!(!String::from_utf8_lossy(&answer.body).contains('\u{2014}'));
            refused = Some(size);
            break;
        }
        cosigned = size;
    }
    let size = refused.expect("the disk is full");
    assert_eq!(latest(&witness), cosigned, "what it has signed it knows");
    // The end of the process makes no difference: what left is on the disk, and nothing else is.
    witness.kill();
    disk.free();
    witness = start();
    assert_eq!(latest(&witness), cosigned);
    assert_eq!(asked(&office, &witness, cosigned, size).status, 200);
    assert_eq!(latest(&witness), size);
    witness.kill();
    office.close(usize::try_from(size).unwrap());
}

/// Asks the witness for a cosignature of the log's checkpoint of `size`, from `old` on.
fn asked(office: &Office, witness: &WitnessProcess, old: u64, size: u64) -> Answer {
    let mut caller = Caller::new(office.node.address());
    let mut note = String::new();
    soon("it is published", || {
        note = String::from_utf8(caller.get("/log/checkpoint")).unwrap();
        note.lines().nth(1) == Some(&size.to_string())
    });
    let mut tree = Tree::new(0);
    let entries = caller.get(&format!("/log/tile/entries/000.p/{size}"));
    for entry in entries.chunks(ENTRY) {
        tree.push(leaf_hash(&entry[2..]));
    }
    let proof = if old == 0 {
        Vec::new()
    } else {
        tree.consistency(old, size)
    };
    let proof: String = proof.iter().map(|hash| format!("{}\n", hash.to_base64())).collect();
    let body = format!("old {old}\n{proof}\n{note}");
    let mut caller = Caller::new(witness.address());
    caller.call("POST", "/add-checkpoint", body.as_bytes()).unwrap()
}

/// Size of the checkpoint that it says it has cosigned last.
fn latest(witness: &WitnessProcess) -> u64 {
    let path = format!("/{}/checkpoint", Digest::of(ORIGIN.as_bytes()));
    let note = String::from_utf8(Caller::new(witness.address()).get(&path)).unwrap();
    note.lines().nth(1).unwrap().parse().unwrap()
}
