//! What another hand does to a verifier's files while it is stopped.
//!
//! The threat: who can write the folder, but has not its keys, makes a permit of a deny. Each alteration is noticed at the
//! start. What came from the feed is read anew, and denied until then; the book comes from nowhere else, so the verifier does
//! not start. A whole folder put back from an earlier day is no alteration: its age says how far it may be trusted.

use std::fs;

use placet_schemas::id::Digest;
use placet_tests::brand::Brand;
use placet_tests::shop::Shop;
use placet_tests::verifier::VerifierProcess;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use super::house::{Given, House, SOON, codes, until};
use super::line::{Line, Mode};

/// Changes the database of a stopped verifier.
pub(super) fn alter(house: &House, name: &str, statements: &[&str]) {
    let path = house.dir.path().join(name).join("replica.db");
    run(async {
        let mut db = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path))
            .await
            .unwrap();
        for statement in statements {
            let done = sqlx::query(AssertSqlSafe((*statement).to_owned()))
                .execute(&mut db)
                .await
                .unwrap();
            assert!(
                done.rows_affected() > 0 || statement.starts_with("ATTACH"),
                "{statement} changed nothing"
            );
        }
        db.close().await.unwrap();
    });
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// A verifier that permits one customer and denies another, who has withdrawn; stopped.
fn stopped(house: &House, line: &Line) -> (Given, Given) {
    let verifier = house.start("verifier", &line.url, &[]);
    let (kept, ended) = (house.wins(&verifier, "C-kept"), house.wins(&verifier, "C-ended"));
    let _ = verifier.await_decision(&house.question(&verifier, "C-ended"), true, SOON);
    let _ = verifier.await_decision(&house.question(&verifier, "C-kept"), true, SOON);
    // What there was before her withdrawal.
    verifier.stop();
    fs::copy(
        house.dir.path().join("verifier/replica.db"),
        house.dir.path().join("old.db"),
    )
    .unwrap();
    let verifier = house.start("verifier", &line.url, &[]);
    house.withdraw(&ended);
    let _ = verifier.await_decision(&house.question(&verifier, "C-ended"), false, SOON);
    verifier.stop();
    (kept, ended)
}

fn decisions(house: &House, verifier: &VerifierProcess) -> Vec<String> {
    let said = ["C-kept", "C-ended"].map(|name| verifier.ask(&house.question(verifier, name)));
    said.iter().flat_map(codes).map(str::to_owned).collect()
}

#[test]
fn whatever_is_altered_in_the_replica_is_noticed_and_read_anew() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let (kept, ended) = stopped(&house, &line);
    let good = house.dir.path().join("verifier/replica.db");
    let copy = house.dir.path().join("good.db");
    fs::copy(&good, &copy).unwrap();
    let old = format!("ATTACH '{}' AS old", house.dir.path().join("old.db").display());
    let put_back = |table: &str| format!("INSERT OR REPLACE INTO {table} SELECT * FROM old.{table}");
    let (consents, state) = (put_back("consents"), put_back("replica"));
    let alterations: Vec<(&str, Vec<&str>)> = vec![
        (
            "a consent changed",
            vec!["UPDATE consents SET body = replace(body, 'Withdrawn', 'Given') || ' '"],
        ),
        (
            "a consent unreadable",
            vec!["UPDATE consents SET body = X'00' WHERE rowid = (SELECT max(rowid) FROM consents)"],
        ),
        (
            "a consent removed",
            vec!["DELETE FROM consents WHERE rowid = (SELECT max(rowid) FROM consents)"],
        ),
        ("all consents removed", vec!["DELETE FROM consents"]),
        ("consents put back from an earlier day", vec![&old, &consents]),
        ("the state put back from an earlier day", vec![&old, &state]),
        (
            "the state changed",
            vec!["UPDATE replica SET state = replace(state, 'false', 'true ')"],
        ),
        ("the state removed", vec!["DELETE FROM replica"]),
        (
            "what was granted changed",
            vec!["UPDATE granted SET body = body || ' '"],
        ),
        ("what was granted removed", vec!["DELETE FROM granted"]),
        ("the records of the feed removed", vec!["DELETE FROM items"]),
        (
            "the records of the feed changed",
            vec!["UPDATE items SET record = (SELECT max(record) FROM items)"],
        ),
    ];
    for (what, statements) in alterations {
        for file in ["replica.db-wal", "replica.db-shm"] {
            drop(fs::remove_file(good.with_file_name(file)));
        }
        fs::copy(&copy, &good).unwrap();
        alter(&house, "verifier", &statements);
        line.set(Mode::Down);
        let verifier = house.start("verifier", &line.url, &[]);
        assert_eq!(decisions(&house, &verifier), ["state_stale"; 2], "{what}");
        line.set(Mode::Pass);
        verifier.await_ready(true, SOON);
        assert_eq!(decisions(&house, &verifier), ["permitted", "withdrawn"], "{what}");
        // And it goes on from there.
        assert!(verifier.metric("record_faults_total") == 0.0, "{what}");
        verifier.stop();
        let verifier = house.start("verifier", "http://127.0.0.1:9", &[]);
        assert_eq!(decisions(&house, &verifier), ["permitted", "withdrawn"], "{what}");
        verifier.stop();
    }
    house.assert_private("verifier", &["C-kept", "C-ended"], &[&kept, &ended]);
}

/// Records are read again when something follows on them: one that was altered meanwhile is read anew, not believed.
#[test]
fn a_record_that_was_altered_is_found_when_something_follows_on_it() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let (kept, _) = stopped(&house, &line);
    let statement = "UPDATE items SET record = X'7B7D' WHERE idx = (SELECT min(grant_idx) FROM consents)";
    alter(&house, "verifier", &[statement]);
    let verifier = house.start("verifier", &line.url, &[]);
    assert_eq!(decisions(&house, &verifier), ["permitted", "withdrawn"]);
    house.withdraw(&kept);
    until("her withdrawal", || decisions(&house, &verifier) == ["withdrawn"; 2]);
    verifier.await_ready(true, SOON);
}

#[test]
fn nobody_can_tell_who_is_who_in_a_book_that_was_altered() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let (kept, ended) = stopped(&house, &line);
    let good = house.dir.path().join("verifier/replica.db");
    let copy = fs::read(&good).unwrap();
    let extra = format!("INSERT INTO customers VALUES (X'{}', 'C-new')", Digest::of(b"x"));
    for statement in [
        "UPDATE customers SET customer = 'C-other' WHERE customer = 'C-ended'",
        "DELETE FROM customers WHERE customer = 'C-ended'",
        "UPDATE book SET mac = X'00'",
        "DELETE FROM book",
        "UPDATE customers SET customer = ''",
        &extra,
    ] {
        fs::write(&good, &copy).unwrap();
        alter(&house, "verifier", &[statement]);
        let said = house.try_start("verifier", &line.url, &[]).unwrap_err();
        assert!(
            said.contains("was changed by another hand than this verifier's"),
            "{said}"
        );
    }
    fs::write(&good, &copy).unwrap();
    let verifier = house.start("verifier", &line.url, &[]);
    assert_eq!(decisions(&house, &verifier), ["permitted", "withdrawn"]);
    house.assert_private("verifier", &["C-kept", "C-ended"], &[&kept, &ended]);
}

#[test]
fn a_database_that_is_cut_or_flipped_never_makes_a_permit() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let _ = stopped(&house, &line);
    let good = house.dir.path().join("verifier/replica.db");
    let copy = fs::read(&good).unwrap();
    let (mut started, mut refused) = (0, 0);
    for step in 0..12 {
        let mut bytes = copy.clone();
        if step % 3 == 0 {
            bytes.truncate(copy.len() * (step + 1) / 13);
        } else {
            let at = copy.len() * step / 12 + 37 * step;
            for byte in bytes.iter_mut().skip(at).take(64) {
                *byte ^= 0x55;
            }
        }
        for file in ["replica.db-wal", "replica.db-shm"] {
            drop(fs::remove_file(good.with_file_name(file)));
        }
        fs::write(&good, &bytes).unwrap();
        match house.try_start("verifier", "http://127.0.0.1:9", &[]) {
            Ok(verifier) => {
                // It knows all or nothing.
                let said = verifier.ask(&house.question(&verifier, "C-ended"));
                assert_eq!(said["decision"], false, "{step}: {said}");
                started += 1;
            }
            Err(said) => {
                assert!(said.contains("does not open"), "{said}");
                assert!(!said.contains("panicked"), "{said}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "{started} of 12 started");
}

#[test]
fn verifiers_of_one_brand_agree_and_a_folder_is_one_verifiers() {
    let house = House::open();
    let (one, two) = (
        house.start("one", &house.ledger(), &[]),
        house.start("two", &house.ledger(), &[]),
    );
    assert_ne!(one.did, two.did);
    let given = house.wins(&one, "C-both");
    two.knows("C-both", &given.invitation);
    for verifier in [&one, &two] {
        let _ = verifier.await_decision(&house.question(verifier, "C-both"), true, SOON);
    }
    house.withdraw(&given);
    for verifier in [&one, &two] {
        let _ = verifier.await_decision(&house.question(verifier, "C-both"), false, SOON);
    }
    let said = house.try_start("one", &house.ledger(), &[]).unwrap_err();
    assert!(said.contains("in use by another verifier"), "{said}");
    one.stop();
    // Another brand's verifier does not go on where this one stopped.
    let festival = Shop::open(&house.node, &house.shop.origin, Brand::festival());
    let house = House {
        shop: festival,
        ..house
    };
    let said = house.try_start("one", &house.ledger(), &[]).unwrap_err();
    assert!(
        said.contains("the replica in this folder is of did:web:cinema.example"),
        "{said}"
    );
    house.assert_private("two", &["C-both"], &[&given]);
}
