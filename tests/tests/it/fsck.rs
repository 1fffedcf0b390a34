//! `placet fsck` finds whatever is changed behind a node's back, says where, and says nothing where nothing is.

mod erased;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use placet_schemas::api::AccessLinesAnswer;
use placet_schemas::id::Digest;
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::p;
use placet_tests::process::{NodeProcess, built, now};
use placet_tests::report::Verifier;
use placet_tests::shop::Shop;
use placet_wallet::records;
use placet_wallet::sight::Sight;
use serde_json::Value;
use tempfile::TempDir;

const ORIGIN: &str = "fsck.example/log";
/// Index of the first grant: two brands' keys and a request come before.
const GRANT: u64 = 3;
/// Two brands' keys and requests, four grants, two withdrawals, a verifier's batch.
const RECORDS: usize = 11;

/// The folder of a node that was stopped after some consents were given and one was withdrawn.
fn lived() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let node = NodeProcess::start(&built(), &p(ORIGIN), &home.path().join("node"), &[]);
    let shops = [Brand::cinema(), Brand::gym()].map(|brand| Shop::open(&node, &p(ORIGIN), brand));
    for shop in &shops {
        let request = shop.ask(&node, "fsck", vec![newsletter(), recommendations()]);
        for (n, invitation) in shop.invite(&node, &request, 3).iter().enumerate() {
            if shop.brand.did == shops[1].brand.did && n > 0 {
                continue;
            }
            let customer = shop.customer(&format!("{n} at {}", shop.brand.did));
            let grant = customer.grant(shop, &request, invitation, &[newsletter()], Sight::default().anchor());
            shop.caller(&node).post("/v1/records", &grant.bytes);
            if n == 1 {
                report(&node, shop, grant.state.consent);
            }
            if n == 0 {
                let withdrawal = records::withdraw(&grant.state, None, &customer.pen(shop, "withdrawal")).unwrap();
                shop.caller(&node).post("/v1/records", &withdrawal.bytes);
            }
        }
    }
    published(&home.path().join("node"), RECORDS);
    home
}

/// What the brand did with the data of this consent, twice.
fn report(node: &NodeProcess, shop: &Shop, consent: Digest) {
    let verifier = Verifier::of(&shop.brand, &shop.origin, now());
    let lines = ["once", "twice"].map(|name| verifier.line(name, Some(consent), now()));
    let report = verifier.report(lines.into(), now());
    let mut caller = shop.caller(node);
    caller.post("/v1/records", &report.record.bytes);
    let lines = serde_json::to_vec(&report.lines).unwrap();
    let answer = caller
        .call("POST", "/v1/access-lines", &lines)
        .unwrap()
        .expect(200, "lines");
    let AccessLinesAnswer { kept, .. } = serde_json::from_slice(&answer).unwrap();
    assert_eq!(kept, 2);
}

/// Waits until the log's files show so many records: they come after the answers.
fn published(folder: &Path, size: usize) {
    let shown = || fs::read_to_string(folder.join("log/checkpoint")).unwrap();
    while shown().lines().nth(1) != Some(&size.to_string()) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Exit status, and the codes that were found.
fn fsck(target: &str, more: &[&str]) -> (i32, BTreeSet<String>) {
    let ran = Command::new(built())
        .args(["--json", "fsck", target])
        .args(more)
        .env_remove("PLACET_TRUST")
        .output()
        .unwrap();
    let report: Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
    let list = report["findings"]["list"].as_array().unwrap();
    for finding in list {
        assert!(!finding["mend"].as_str().unwrap().is_empty() && !finding["place"].as_str().unwrap().is_empty());
    }
    let codes = list.iter().map(|finding| finding["code"].as_str().unwrap().to_owned());
    (ran.status.code().unwrap(), codes.collect())
}

fn sql(path: &Path, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(false);
        let db = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let done = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&db)
            .await
            .unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
        db.close().await;
    });
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").args([from, to]).status();
    assert!(copied.unwrap().success());
}

/// Runs a change on a copy of the folder, and looks for the code.
fn damaged(home: &TempDir, n: usize, change: impl FnOnce(&Path), status: i32, code: &str) {
    damaged_by(home, n, change, &[], (status, code));
}

/// The same, with more arguments.
fn damaged_by(home: &TempDir, n: usize, change: impl FnOnce(&Path), more: &[&str], (status, code): (i32, &str)) {
    let copy_of = home.path().join(format!("copy{n}"));
    copy(&home.path().join("node"), &copy_of);
    change(&copy_of);
    let (found, codes) = fsck(copy_of.to_str().unwrap(), more);
    assert!(
        found == status && codes.contains(code),
        "{code}: status {found}, {codes:?}"
    );
    fs::remove_dir_all(copy_of).unwrap();
}

#[test]
fn a_log_that_is_well_is_well_in_every_way_of_looking() {
    let home = lived();
    let folder = home.path().join("node");
    assert_eq!(fsck(folder.to_str().unwrap(), &[]), (0, BTreeSet::new()));
    // Files alone, with and without the keys that were pinned.
    let (files, trust) = (folder.join("log"), folder.join("trust.json"));
    let trusted = ["--trust", trust.to_str().unwrap()];
    assert_eq!(fsck(files.to_str().unwrap(), &trusted), (0, BTreeSet::new()));
    assert_eq!(
        fsck(files.to_str().unwrap(), &[]),
        (2, BTreeSet::from(["no_trust".to_owned()]))
    );
    // And as a stranger, from a node that runs.
    let node = NodeProcess::start(&built(), &p(ORIGIN), &folder, &[]);
    let url = format!("http://{}", node.address());
    assert_eq!(fsck(&url, &trusted), (0, BTreeSet::new()));
    assert_eq!(
        fsck(folder.to_str().unwrap(), &[]),
        (0, BTreeSet::new()),
        "while the node runs"
    );
    let nothing = Command::new(built()).args(["fsck", "/dev/null"]).output().unwrap();
    assert_eq!(nothing.status.code(), Some(3));
}

#[test]
fn whatever_is_changed_in_a_database_is_found() {
    let home = lived();
    let damage = [
        (
            "main",
            format!("UPDATE records SET record = X'00' WHERE idx = {GRANT}"),
            "record_unreadable",
        ),
        (
            "main",
            format!("UPDATE records SET answer = (SELECT answer FROM records WHERE idx = 0) WHERE idx = {GRANT}"),
            "answer_differs",
        ),
        (
            "main",
            "UPDATE records SET seq = seq + 100 WHERE idx = 2".to_owned(),
            "feed_differs",
        ),
        (
            "main",
            "UPDATE records SET leaf = zeroblob(33) WHERE idx = 2".to_owned(),
            "root_differs",
        ),
        (
            "main",
            "UPDATE public_records SET salt = zeroblob(32) WHERE idx = 2".to_owned(),
            "leaf_differs",
        ),
        ("main", "DELETE FROM records WHERE idx = 3".to_owned(), "record_missing"),
        ("main", "UPDATE consents SET events = 9".to_owned(), "consent_differs"),
        (
            "main",
            "UPDATE consents SET state = X'00'".to_owned(),
            "consent_unreadable",
        ),
        (
            "main",
            format!("DELETE FROM consents WHERE grant_idx = {GRANT}"),
            "consent_rows_differ",
        ),
        (
            "main",
            "UPDATE controllers SET feed_root = zeroblob(32) WHERE id = 0".to_owned(),
            "feed_row_differs",
        ),
        (
            "main",
            "DELETE FROM controllers WHERE id = 0".to_owned(),
            "controller_missing",
        ),
        ("main", "DELETE FROM controller_keys".to_owned(), "rows_missing"),
        ("main", "DELETE FROM requests".to_owned(), "rows_missing"),
        (
            "main",
            "INSERT INTO controller_keys VALUES (2, 0)".to_owned(),
            "rows_too_many",
        ),
        (
            "main",
            "UPDATE access_texts SET line = zeroblob(length(line)) WHERE slot = 1".to_owned(),
            "line_unreadable",
        ),
        (
            "main",
            format!("UPDATE access_lines SET grant_idx = {GRANT}"),
            "line_unreadable",
        ),
        (
            "main",
            "UPDATE access_lines SET expires_day = 0 WHERE id = 1".to_owned(),
            "line_differs",
        ),
        (
            "main",
            "DELETE FROM access_lines WHERE id = 1".to_owned(),
            "line_differs",
        ),
        (
            "main",
            "INSERT INTO access_free SELECT length(line), slot FROM access_texts".to_owned(),
            "destroyed_is_there",
        ),
        (
            "main",
            "UPDATE notices SET body = body || ' '".to_owned(),
            "notice_differs",
        ),
        ("main", "DELETE FROM notices".to_owned(), "notice_missing"),
        (
            "main",
            "UPDATE tiles SET data = zeroblob(length(data))".to_owned(),
            "tile_row_differs",
        ),
        ("main", "DELETE FROM tiles".to_owned(), "tile_rows_missing"),
        (
            "main",
            "UPDATE checkpoints SET root = zeroblob(32) WHERE size = 2".to_owned(),
            "checkpoint_differs",
        ),
        (
            "main",
            "UPDATE checkpoints SET note = replace(note, 'A', 'B') WHERE size = 3".to_owned(),
            "checkpoint_differs",
        ),
        ("main", "UPDATE head SET note = 'x'".to_owned(), "head_differs"),
        (
            "main",
            "UPDATE invitations SET spent_idx = 1 WHERE spent_idx IS NOT NULL".to_owned(),
            "invitation_differs",
        ),
        (
            "keyring",
            format!("DELETE FROM record_keys WHERE idx = {GRANT}"),
            "key_lost",
        ),
        (
            "keyring",
            format!("UPDATE record_keys SET wrapped = zeroblob(104) WHERE idx = {GRANT}"),
            "key_lost",
        ),
        (
            "keyring",
            format!("DELETE FROM lookups WHERE idx = {GRANT}"),
            "lookup_differs",
        ),
        (
            "keyring",
            format!("UPDATE lookups SET idx = idx + 1 WHERE idx = {GRANT}"),
            "lookup_differs",
        ),
        (
            "keyring",
            format!("DELETE FROM members WHERE idx = {GRANT}"),
            "member_missing",
        ),
        (
            "keyring",
            "INSERT INTO lookups (blind, kind, idx) VALUES (randomblob(32), 1, 1)".to_owned(),
            "rows_too_many",
        ),
    ];
    for (n, (database, statement, code)) in damage.into_iter().enumerate() {
        damaged(
            &home,
            n,
            |folder| sql(&folder.join(format!("{database}.db")), &statement),
            1,
            code,
        );
    }
    // What a crash leaves is no damage.
    let left = "INSERT INTO record_keys (idx, wrapped) VALUES (1000, X'00')";
    damaged(
        &home,
        100,
        |folder| sql(&folder.join("keyring.db"), left),
        0,
        "keyring_beyond_head",
    );
}

#[test]
fn whatever_is_changed_in_a_file_is_found() {
    let home = lived();
    let size = RECORDS;
    let tile = |folder: &Path, width: usize| folder.join(format!("log/tile/0/000.p/{width}"));
    let entries = |folder: &Path| folder.join(format!("log/tile/entries/000.p/{size}"));
    let flip = |path: PathBuf| {
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    };
    damaged(&home, 0, |folder| flip(tile(folder, size)), 1, "tile_differs");
    damaged(
        &home,
        1,
        |folder| fs::remove_file(tile(folder, size)).unwrap(),
        1,
        "tile_missing",
    );
    damaged(&home, 2, |folder| flip(tile(folder, 3)), 1, "tile_changed");
    damaged(&home, 3, |folder| flip(entries(folder)), 1, "root_differs");
    let cut = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    };
    damaged(&home, 4, |folder| cut(entries(folder)), 1, "entries_missing");
    damaged(
        &home,
        5,
        |folder| fs::remove_file(entries(folder)).unwrap(),
        1,
        "root_unknown",
    );
    damaged(
        &home,
        6,
        |folder| fs::write(folder.join("log/tile/0/zzz"), "").unwrap(),
        1,
        "file_unknown",
    );
    damaged(
        &home,
        7,
        |folder| fs::write(tile(folder, 200), [0; 6400]).unwrap(),
        0,
        "file_ahead",
    );
    let unsign = |folder: &Path| {
        let path = folder.join("log/checkpoint");
        let note = fs::read_to_string(&path).unwrap();
        fs::write(path, note.replace(&format!("\n{size}\n"), &format!("\n{}\n", size - 1))).unwrap();
    };
    damaged(&home, 8, unsign, 1, "checkpoint_unsigned");
    // The signed checkpoint of another moment: all is of one log, but the database is behind it.
    let older = home.path().join("older");
    copy(&home.path().join("node"), &older);
    let node = NodeProcess::start(&built(), &p(ORIGIN), &home.path().join("node"), &[]);
    let _shop = Shop::open(&node, &p(ORIGIN), Brand::cinema());
    published(&home.path().join("node"), size + 1);
    node.kill();
    let other = home.path().join("other");
    copy(&older, &other);
    fs::remove_dir_all(older.join("log")).unwrap();
    copy(&home.path().join("node/log"), &older.join("log"));
    let (status, codes) = fsck(older.to_str().unwrap(), &[]);
    assert!(status == 1 && codes.contains("rolled_back"), "{codes:?}");
    // Each of two histories is sound by itself; files of one and rows of the other are not.
    let node = NodeProcess::start(&built(), &p(ORIGIN), &other, &[]);
    let _shop = Shop::open(&node, &p(ORIGIN), Brand::gym());
    published(&other, size + 1);
    node.kill();
    assert_eq!(fsck(other.to_str().unwrap(), &[]), (0, BTreeSet::new()));
    fs::remove_dir_all(other.join("log")).unwrap();
    copy(&home.path().join("node/log"), &other.join("log"));
    let (status, codes) = fsck(other.to_str().unwrap(), &[]);
    assert!(status == 1 && codes.contains("forked"), "{codes:?}");
}
