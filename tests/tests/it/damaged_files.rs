//! Every kind of file in a node's folder is cut off, emptied, and has bits flipped. The node either does not start, and says
//! in one line what is wrong where, or it serves nothing that is wrong without being found out; and once the right file is
//! back, all is well.
//!
//! What may never happen, whatever is damaged: evidence that does not hold, and another answer to the same bytes.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::trust::Trust;
use placet_tests::brand::Brand;
use placet_tests::caller::{Answer, Caller};
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::shop::Shop;
use placet_wallet::records;
use serde_json::Value;
use tempfile::TempDir;

const ORIGIN: &str = "damaged.example/log";
/// Brand's keys, request, two grants, a withdrawal.
const RECORDS: u64 = 5;

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Emptied,
    CutInHalf,
    /// One bit, at this part of the octets that are not 0, in thousandths.
    Flipped(usize),
}

/// The folder of a node that has lived, and what it answered then.
struct Past {
    home: TempDir,
    trust: Trust,
    shop: Shop,
    /// Paths, and what is right under them.
    gets: Vec<(String, Vec<u8>)>,
    /// Records, and the answers that they got.
    answers: Vec<(Vec<u8>, Vec<u8>)>,
    consents: Vec<String>,
}

/// What came of one damage.
struct Outcome {
    file: &'static str,
    damage: Damage,
    /// What the node said when it did not start.
    refused: Option<String>,
    /// Paths under which something else came than before.
    wrong: Vec<String>,
    fsck: i32,
}

impl Past {
    /// `drained`: ended as an operator does, so that no journal is left.
    fn lived(drained: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("past/node");
        fs::create_dir(home.path().join("past")).unwrap();
        let keygen = Command::new(built())
            .args(["keygen", "--origin", ORIGIN, "--dir"])
            .arg(&folder)
            .output();
        assert!(keygen.unwrap().status.success());
        let node = start(&home.path().join("past")).unwrap();
        let shop = Shop::open(&node, &p(ORIGIN), Brand::cinema());
        let request = shop.ask(&node, "damaged", vec![newsletter()]);
        let mut sent = Vec::new();
        let mut consents = Vec::new();
        for name in ["Ada", "Berta"] {
            let (customer, grant) = shop.yes(&node, &request, name, &[newsletter()]);
            consents.push(grant.state.consent.to_string());
            let pen = customer.pen(&shop, "withdrawal");
            let ended = records::withdraw(&grant.state, None, &pen).unwrap();
            sent.push(grant.bytes);
            if name == "Berta" {
                sent.push(ended.bytes);
            }
        }
        let mut caller = shop.caller(&node);
        let answers = sent.into_iter().map(|bytes| {
            let answer = caller.post("/v1/records", &bytes);
            (bytes, answer)
        });
        let answers: Vec<_> = answers.collect();
        published(&folder);
        let mut past = Self {
            trust: node.trust(),
            home,
            shop,
            gets: Vec::new(),
            answers,
            consents,
        };
        let mut paths: Vec<String> = past.consents.iter().map(|id| format!("/v1/consents/{id}")).collect();
        paths.extend((0..2).map(|index| format!("/log/public/{index}")));
        let digest = request.record.digest();
        paths.extend([
            format!("/log/tile/0/000.p/{RECORDS}"),
            format!("/log/tile/entries/000.p/{RECORDS}"),
            "/log/tile/0/000.p/3".to_owned(),
            format!("/v1/requests/{digest}"),
            "/v1/log".to_owned(),
        ]);
        past.gets = paths
            .into_iter()
            .map(|path| (path.clone(), caller.get(&path)))
            .collect();
        match drained {
            true => node.stop(),
            false => node.kill(),
        }
        past
    }

    /// Damages a file of a copy of the folder, starts a node on it, and puts the right file back.
    fn suffers(&self, file: &'static str, damage: Damage) -> Outcome {
        let place = self.home.path().join(format!("{} {damage:?}", file.replace('/', " ")));
        copy(&self.home.path().join("past"), &place);
        damage.happens(&place.join(file));
        let mut outcome = Outcome {
            file,
            damage,
            refused: None,
            wrong: Vec::new(),
            fsck: 0,
        };
        match start(&place) {
            Err(said) => {
                assert_eq!(said.trim_end().lines().count(), 1, "{outcome}: {said}");
                assert!(
                    said.starts_with("placet: ") || said.starts_with("error: "),
                    "{outcome}: {said}"
                );
                outcome.refused = Some(said.trim_end().to_owned());
            }
            Ok(node) => {
                outcome.wrong = self.look(&node, &outcome.to_string());
                node.kill();
                let said = fs::read_to_string(place.join("said")).unwrap();
                assert!(!said.contains("panicked"), "{outcome}: {said}");
            }
        }
        outcome.fsck = fsck(&place.join("node"));
        assert!(
            outcome.wrong.is_empty() || outcome.fsck != 0,
            "{outcome}: nothing finds out what is wrong with {:?}",
            outcome.wrong
        );
        self.mended(&place, file, &outcome);
        fs::remove_dir_all(&place).unwrap();
        outcome
    }

    /// Puts the right file back, with its journal where it is a database. Then all is as it was.
    fn mended(&self, place: &Path, file: &str, outcome: &Outcome) {
        let past = self.home.path().join("past");
        let database = file.strip_suffix("-wal").unwrap_or(file);
        for name in [
            file.to_owned(),
            format!("{database}-wal"),
            format!("{database}-shm"),
            database.to_owned(),
        ] {
            let (from, to) = (past.join(&name), place.join(&name));
            if from.exists() {
                fs::copy(from, to).unwrap();
            } else {
                let _absent = fs::remove_file(to);
            }
        }
        let node = start(place).unwrap_or_else(|said| panic!("{outcome}, mended: {said}"));
        assert_eq!(
            self.look(&node, &format!("{outcome}, mended")),
            Vec::<String>::new(),
            "{outcome}"
        );
        published(&place.join("node"));
        node.stop();
        assert_eq!(fsck(&place.join("node")), 0, "{outcome}, mended");
    }

    /// Asks for everything there is. What cannot be read is a problem; evidence and answers are never wrong.
    fn look(&self, node: &NodeProcess, what: &str) -> Vec<String> {
        let mut caller = self.shop.caller(node);
        let mut wrong = Vec::new();
        for consent in &self.consents {
            let path = format!("/v1/consents/{consent}/evidence");
            let answer = get(&mut caller, &path);
            if answer.status == 200 {
                let report = bundle::verify(&answer.body, Some(&self.trust), now().plus_seconds(2), None);
                let report = report.unwrap_or_else(|fault| panic!("{what}: {path}: {fault}"));
                assert_eq!(report.recorded, Verdict::Holds, "{what}: {path}: {:?}", report.findings);
            } else if is_told(answer.status) {
                wrong.push(path);
            }
        }
        for (bytes, first) in &self.answers {
            let again = caller.call("POST", "/v1/records", bytes).unwrap();
            match again.status {
                200 | 201 => assert_eq!(&again.body, first, "{what}: another answer to the same bytes"),
                status if is_told(status) => wrong.push(format!("POST /v1/records: {status}")),
                _ => {}
            }
        }
        for (path, right) in &self.gets {
            let answer = get(&mut caller, path);
            if is_told(answer.status) && &answer.body != right {
                wrong.push(format!("{path}: {}", answer.status));
            }
        }
        wrong
    }
}

impl Damage {
    fn happens(self, path: &Path) {
        let mut bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!bytes.is_empty(), "{}", path.display());
        match self {
            Self::Emptied => bytes.clear(),
            Self::CutInHalf => bytes.truncate(bytes.len() / 2),
            Self::Flipped(thousandths) => {
                // Most of a young database is empty: only where something is can anything be damaged.
                let set: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
                bytes[set[(set.len() - 1) * thousandths / 1000]] ^= 1 << (thousandths % 8);
            }
        }
        fs::write(path, bytes).unwrap();
    }

    /// Cut off in two ways, and so many single bits.
    fn kinds(bits: usize) -> Vec<Self> {
        // Steps that are prime to 8, so that each bit of an octet has its turn.
        let flips = (0..bits).map(|n| Self::Flipped((n * 1000 / bits) | 1));
        [Self::Emptied, Self::CutInHalf].into_iter().chain(flips).collect()
    }
}

/// Whether something is said about the log. Neither that the node cannot tell, nor that it does not know the token, is.
fn is_told(status: u16) -> bool {
    status < 500 && status != 401 && status != 403
}

/// What a node or a record is asked for; a refusal has to be a problem.
fn get(caller: &mut Caller, path: &str) -> Answer {
    let answer = caller.call("GET", path, b"").unwrap();
    if answer.status >= 400 {
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["status"], answer.status, "{path}");
        assert_eq!(answer.content_type, "application/problem+json", "{path}");
    }
    answer
}

fn start(place: &Path) -> Result<NodeProcess, String> {
    let head = place.join("head");
    let more = ["--head-file", head.to_str().unwrap()];
    NodeProcess::try_start(&built(), &place.join("node"), &more, &place.join("said"))
}

fn fsck(folder: &Path) -> i32 {
    let ran = Command::new(built())
        .arg("fsck")
        .arg(folder)
        .env_remove("PLACET_TRUST")
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    ran.status.code().unwrap()
}

fn published(folder: &Path) {
    let shown = || fs::read_to_string(folder.join("log/checkpoint")).unwrap_or_default();
    while shown().lines().nth(1) != Some(&RECORDS.to_string()) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-rp").args([from, to]).status();
    assert!(copied.unwrap().success());
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let came = match &self.refused {
            Some(said) => said.clone(),
            None if self.wrong.is_empty() => "serves nothing wrong".to_owned(),
            None => format!("fsck finds what is wrong with {}", self.wrong.join(", ")),
        };
        let damage = format!("{:?}", self.damage);
        write!(f, "{:<28} {damage:<12} fsck {} | {came}", self.file, self.fsck)
    }
}

fn table(past: &Past, files: &[(&'static str, usize)]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (file, bits) in files {
        for damage in Damage::kinds(*bits) {
            let outcome = past.suffers(file, damage);
            println!("{outcome}");
            outcomes.push(outcome);
        }
    }
    outcomes
}

/// Of a database a part is none.
fn cut_is_refused(outcomes: &[Outcome]) {
    let cut = outcomes
        .iter()
        .filter(|outcome| !matches!(outcome.damage, Damage::Flipped(_)));
    cut.for_each(|outcome| assert!(outcome.refused.is_some(), "{outcome}"));
}

fn all_refuse(outcomes: &[Outcome], file: &str) {
    let of_it = outcomes.iter().filter(|outcome| outcome.file == file);
    for outcome in of_it {
        assert!(outcome.refused.is_some(), "{outcome}");
    }
}

#[test]
fn a_damaged_main_database_is_refused_or_found_and_proves_nothing_false() {
    let outcomes = table(&Past::lived(true), &[("node/main.db", 32)]);
    cut_is_refused(&outcomes);
}

#[test]
fn a_damaged_keyring_is_refused_or_found_and_proves_nothing_false() {
    let outcomes = table(&Past::lived(true), &[("node/keyring.db", 24)]);
    cut_is_refused(&outcomes);
}

#[test]
fn a_damaged_journal_is_an_older_database_and_that_is_seen() {
    let past = Past::lived(false);
    let outcomes = table(&past, &[("node/main.db-wal", 6), ("node/keyring.db-wal", 6)]);
    all_refuse(&outcomes, "node/main.db-wal");
}

#[test]
fn a_node_does_not_start_with_a_damaged_key_or_head_file() {
    let keys = [
        "node/keys/kek.key",
        "node/keys/checkpoint.key",
        "node/keys/cosigner.key",
        "node/keys/operator.key",
    ];
    let past = Past::lived(true);
    for file in keys {
        // Any bit of any digit, also where what comes out is another digit, and so another key.
        all_refuse(&table(&past, &[(file, 4)]), file);
    }
    all_refuse(&table(&past, &[("head", 4)]), "head");
}

#[test]
fn damaged_settings_and_public_files_change_no_answer() {
    let files = [
        ("node/placet.toml", 4),
        ("node/trust.json", 3),
        ("node/operator.token", 2),
        ("node/log/checkpoint", 4),
        ("node/log/tile/0/000.p/5", 2),
        ("node/log/tile/0/000.p/3", 2),
        ("node/log/tile/entries/000.p/5", 2),
    ];
    table(&Past::lived(true), &files);
}
