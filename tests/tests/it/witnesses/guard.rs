//! The rollback guard: what a node does that cannot know, or must not believe, that its state is the newest.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use placet_kernel::keys::{PublicKey, verify_statement};
use placet_schemas::api::WithdrawByCode;
use placet_schemas::statement::{Signed, WithdrawalReceived};
use placet_tests::caller::{Answer, Caller};
use placet_tests::process::NodeProcess;

use super::{Town, cosigned, published, signatures, size_of, soon};

fn send(node: &NodeProcess, record: &[u8]) -> Answer {
    Caller::new(node.address()).call("POST", "/v1/records", record).unwrap()
}

fn code(answer: &Answer) -> String {
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

fn ready(node: &NodeProcess) -> u16 {
    Caller::new(node.address()).call("GET", "/readyz", b"").unwrap().status
}

fn metric(node: &NodeProcess, name: &str) -> u64 {
    let text = String::from_utf8(Caller::new(node.address()).get("/metrics")).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("{name} in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_restored_copy_does_not_open_once_a_witness_has_seen_more() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let setting = witness.setting();
    town.node(&[&setting], &[]).kill();
    town.copy("backup");
    let node = town.node(&[&setting], &[]);
    town.given(&node, "Ada");
    cosigned(&node, 3, 1);
    node.kill();
    let said = town.refused("backup", &[&setting]);
    assert!(said.contains("rolled back") && said.contains("w1.example"), "{said}");
    // Not waiting for a witness is not the same as not believing it.
    let alone = town.refused_with("backup", &[&setting], &["--without-witnesses"]);
    assert!(alone.contains("rolled back"), "{alone}");
    // The node that was not rolled back is not kept from its work.
    let node = town.node(&[&setting], &[]);
    assert_eq!(ready(&node), 200);
}

#[test]
fn a_restored_copy_that_went_on_by_itself_is_another_history_and_does_not_open() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let setting = witness.setting();
    town.node(&[&setting], &[]).kill();
    town.copy("backup");
    let node = town.node(&[&setting], &[]);
    town.given(&node, "Ada");
    cosigned(&node, 3, 1);
    node.kill();
    // Somebody starts the copy without its witness, and it grows beyond what the witness saw.
    let alone = town.node_in("backup", &[], &[]);
    town.given(&alone, "Berta");
    alone.kill();
    let same_size = town.refused("backup", &[&setting]);
    assert!(same_size.contains("rolled back"), "{same_size}");
    let alone = town.node_in("backup", &[], &[]);
    town.given(&alone, "Cleo");
    alone.kill();
    let larger = town.refused("backup", &[&setting]);
    assert!(larger.contains("rolled back"), "{larger}");
}

#[test]
fn a_witness_that_is_behind_after_a_crash_is_no_rollback() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let setting = witness.setting();
    let node = town.node(&[&setting], &[]);
    town.given(&node, "Ada");
    node.kill();
    // Records that no witness has seen.
    let node = town.node(&[], &[]);
    town.given(&node, "Berta");
    node.kill();
    let node = town.node(&[&setting], &[]);
    assert_eq!(ready(&node), 200);
    cosigned(&node, 4, 1);
}

#[test]
fn cosignatures_that_were_lost_here_are_asked_for_from_the_witnesss_size() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let setting = witness.setting();
    let node = town.node(&[&setting], &[]);
    town.given(&node, "Ada");
    cosigned(&node, 3, 1);
    node.kill();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", town.path("node/main.db").display());
        let db = sqlx::SqlitePool::connect(&url).await.unwrap();
        let gone = sqlx::query("DELETE FROM cosignatures").execute(&db).await.unwrap();
        assert!(gone.rows_affected() >= 2);
        db.close().await;
    });
    let node = town.node(&[&setting], &[]);
    town.given(&node, "Berta");
    cosigned(&node, 4, 1);
}

#[test]
fn without_a_witness_withdrawals_are_kept_and_recorded_once_one_answers() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let (setting, address) = (witness.setting(), witness.address().to_owned());
    let node = town.node(&[&setting], &[]);
    let (customer, grant) = town.given(&node, "Ada");
    let (paper, of_paper) = town.given(&node, "Berta");
    let recorded = send(&node, &grant.bytes);
    let (cleo, late) = town.yes(&node, "Cleo");
    node.kill();
    witness.kill();

    let node = town.node(&[&setting], &[]);
    assert_eq!((ready(&node), metric(&node, "placet_ledger_may_sign")), (503, 0));
    // Nothing new is recorded, and nothing old is forgotten.
    let refused = send(&node, &late.bytes);
    assert_eq!((refused.status, code(&refused).as_str()), (503, "unavailable"));
    assert_eq!(send(&node, &grant.bytes), recorded);
    assert_eq!(town.effective(&node, &grant.state.consent), "Given");

    let withdrawal = town.withdrawal(&customer, &grant);
    let kept = send(&node, &withdrawal);
    let signed: Signed<WithdrawalReceived> = serde_json::from_slice(&kept.body).unwrap();
    assert_eq!((kept.status, signed.statement.consent), (202, grant.state.consent));
    verify_statement(&signed, &PublicKey::from_did(&signed.signed_by).unwrap()).unwrap();
    assert_eq!(signed.signed_by, town.trust.logs[0].operator_keys[0].key);
    assert_eq!(send(&node, &withdrawal), kept, "sent again, it gets the same word");
    let by_code = serde_json::to_vec(&WithdrawByCode {
        code: paper.code.to_string(),
    });
    let by_code = Caller::new(node.address()).call("POST", "/v1/withdrawals", &by_code.unwrap());
    assert_eq!(by_code.unwrap().status, 202);
    // Nobody else gets the operator's word for it: neither a stranger who knows the consent...
    let stranger = town.shop.customer("Dora");
    let forged = placet_wallet::records::withdraw_with_code(
        grant.state.consent,
        &stranger.code,
        &town.shop.origin,
        [7; 16],
        placet_tests::process::now(),
    );
    let forged = send(&node, &forged.unwrap().bytes);
    assert_eq!(code(&forged), "consent_unknown");
    // ... nor somebody whose consent is not known here.
    let unknown = send(&node, &town.withdrawal(&cleo, &late));
    assert_eq!(unknown.status, 503, "{:?}", String::from_utf8_lossy(&unknown.body));
    node.kill();

    // Kept means kept: over a crash, and until the witness is there again.
    let node = town.node(&[&setting], &[]);
    let _witness = town.witness_at("w1.example", &address);
    for consent in [&grant.state.consent, &of_paper.state.consent] {
        soon("the withdrawal is recorded", || {
            town.effective(&node, consent) == "Withdrawn"
        });
    }
    assert_eq!(ready(&node), 200);
    assert_eq!(send(&node, &withdrawal).status, 201);
    assert_eq!(send(&node, &late.bytes).status, 201);
}

#[test]
fn the_operator_may_sign_without_a_witness_for_one_start() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let setting = witness.setting();
    witness.kill();
    let node = town.node(&[&setting], &["--without-witnesses"]);
    assert_eq!(ready(&node), 200);
    town.given(&node, "Ada");
}

#[test]
fn two_nodes_with_one_key_are_found_out_and_the_later_one_stops_signing() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let setting = witness.setting();
    town.node(&[&setting], &[]).kill();
    town.copy("twin");
    let (node, twin) = (town.node(&[&setting], &[]), town.node_in("twin", &[&setting], &[]));
    let (customer, grant) = town.given(&twin, "Ada");
    cosigned(&twin, 3, 1);
    // The node does not know of it yet, and records something else at the same place.
    town.given(&node, "Berta");
    soon("the node is told", || ready(&node) == 503);
    let (_, late) = town.yes(&node, "Cleo");
    assert_eq!(send(&node, &late.bytes).status, 503);
    assert_eq!(ready(&twin), 200);
    assert_eq!(send(&twin, &town.withdrawal(&customer, &grant)).status, 201);
}

#[test]
fn what_is_no_cosignature_is_not_kept_and_hurts_nobody() {
    let town = Town::new();
    let (witness, other) = (town.witness("w1.example"), town.witness("w2.example"));
    // A line that verifies, under another checkpoint and by another key.
    let stale = fs::read_to_string(town.path("node/log/checkpoint")).unwrap();
    let line = stale.lines().last().unwrap().to_owned();
    for body in [
        String::new(),
        "\n".to_owned(),
        format!("{line}\n"),
        line.replace("witnessed.example/log/cosigner", "w2.example") + "\n",
        "\u{2014} w2.example AAAA\n".to_owned(),
        "x".repeat(100_000),
        "\u{1b}[31mlog injection\n2026-01-01 ERROR\n".to_owned(),
    ] {
        let false_one = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = false_one.local_addr().unwrap();
        thread::spawn(move || {
            for stream in false_one.incoming() {
                let (mut stream, body) = (stream.unwrap(), body.clone());
                thread::spawn(move || {
                    let _ = stream.read(&mut [0; 65536]);
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    let _ = stream.write_all((head + &body).as_bytes());
                });
            }
        });
        let bad = format!("{} http://{address}", other.vkey);
        let node = town.node(&[&witness.setting(), &bad], &[]);
        soon("the false one is counted", || {
            metric(&node, "placet_ledger_witness_failures_total{witness=\"w2.example\"}") > 0
        });
        soon("the good one signs", || signatures(&published(&node)) == 3);
        assert_eq!(ready(&node), 200);
    }
}

/// Anyone may give a witness what a log has published (C2SP tlog-witness asks for no other proof).
#[test]
fn a_stranger_who_feeds_the_witness_first_does_not_stop_the_log() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    let (setting, address) = (witness.setting(), witness.address().to_owned());
    let node = town.node(&[&setting], &["--tick-ms", "5"]);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        let feeding = scope.spawn(|| {
            let (mut log, mut fed) = (Caller::new(node.address()), Caller::new(&address));
            let (mut old, mut given) = (0, 0);
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let note = String::from_utf8(log.get("/log/checkpoint")).unwrap();
                let size = size_of(&note);
                let proof = consistency(&mut log, old, size);
                let body = format!("old {old}\n{proof}\n{note}");
                let answer = fed.call("POST", "/add-checkpoint", body.as_bytes()).unwrap();
                match answer.status {
                    200 => (old, given) = (size, given + 1),
                    409 => old = String::from_utf8(answer.body).unwrap().trim().parse().unwrap(),
                    _ => {}
                }
            }
            given
        });
        for n in 0..60 {
            town.given(&node, &format!("person {n}"));
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(feeding.join().unwrap() > 5, "the stranger was never first");
    });
    assert_eq!(ready(&node), 200);
    cosigned(&node, 62, 1);
}

/// The consistency proof between two published sizes, from the log's own tiles; one line a hash.
fn consistency(log: &mut Caller, old: u64, size: u64) -> String {
    use placet_kernel::merkle::consistency_proof;
    use placet_kernel::tile::{HashTile, Tile, TileSet};
    if old == 0 || old >= size {
        return String::new();
    }
    let tile = Tile::hashes(0, 0, u16::try_from(size).unwrap()).unwrap();
    let mut tiles = TileSet::new();
    tiles.insert(std::sync::Arc::new(
        HashTile::parse(tile, &log.get(&format!("/log/{tile}"))).unwrap(),
    ));
    let proof = consistency_proof(old, size, &tiles).unwrap();
    proof.iter().map(|hash| format!("{}\n", hash.to_base64())).collect()
}

fn keyring_rows(path: &Path) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", path.display());
        let db = sqlx::SqlitePool::connect(&url).await.unwrap();
        let rows = sqlx::query_scalar("SELECT count(*) FROM record_keys")
            .fetch_one(&db)
            .await
            .unwrap();
        db.close().await;
        rows
    })
}

#[test]
fn a_lost_main_database_and_a_foreign_key_do_not_cost_the_keyring() {
    let town = Town::new();
    // Rows, not bytes: whether the journal has been written back into the file is a matter of time.
    let count = |folder: &str| keyring_rows(&town.path(folder).join("keyring.db"));
    for folder in ["lost", "foreign"] {
        town.copy(folder);
    }
    let before = count("lost");
    assert!(before > 0);
    for name in ["main.db", "main.db-wal", "main.db-shm"] {
        let _absent = fs::remove_file(town.path("lost").join(name));
    }
    fs::remove_dir_all(town.path("lost/log")).unwrap();
    let said = town.refused("lost", &[]);
    assert!(said.contains("rolled back") && said.contains("the keyring"), "{said}");
    assert_eq!(count("lost"), before);
    let kek = town.path("foreign/keys/kek.key");
    let other: String = fs::read_to_string(&kek).unwrap().chars().rev().collect();
    fs::write(&kek, format!("{}\n", other.trim())).unwrap();
    assert!(town.refused("foreign", &[]).contains("kek.key"));
}
