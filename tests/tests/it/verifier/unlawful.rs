//! A ledger that proves everything it says, and has a record in its log that its own rules forbid: nothing is permitted by a
//! consent of which nobody can say what is in force.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use placet_schemas::api::{FeedAnswer, FeedCursor, FeedItem, SaltText};
use placet_schemas::id::Digest;
use placet_schemas::record::{CanonicalRecord, Invitation};
use placet_tests::brand::Brand;
use placet_tests::desk::{covered, head};
use placet_tests::process::{built, now};
use placet_tests::scene::Scene;
use placet_tests::shop::Shop;
use placet_tests::verifier::{VerifierOrder, VerifierProcess};
use placet_tests::{bytes_of, p};

use super::house::{SOON, codes, until};

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What an honest ledger answers of this log, whatever is in it.
fn page(scene: &Scene, cursor: FeedCursor) -> FeedAnswer {
    let (log, controller) = (&scene.log, &scene.brand.did);
    let size = log.size();
    let digest = |hash: &placet_kernel::merkle::Hash| Digest::from_bytes(*hash.as_bytes());
    let items = (0u64..).zip(&log.entries).map(|(seq, entry)| FeedItem {
        seq,
        index: entry.index,
        leaf_hash: digest(&placet_kernel::merkle::leaf_hash(
            &entry.salt.leaf(&entry.record.digest()),
        )),
        salt: Some(SaltText::from_bytes(*entry.salt.as_bytes())),
        record: Some(serde_json::from_slice(&entry.bytes).unwrap()),
        destroyed: None,
        proof: log.tree.inclusion(entry.index, size).iter().map(digest).collect(),
    });
    let consistency = || log.tree.consistency(cursor.since, size).iter().map(digest).collect();
    FeedAnswer {
        controller: controller.clone(),
        items: items.filter(|item| item.seq >= cursor.from).collect(),
        head: head(log, controller, size, now(), &log.operator),
        checkpoint: log.publish(size, &[]).note,
        consistency: (1..size).contains(&cursor.since).then(consistency),
    }
}

/// Answers questions for the feed, and nothing else; gives its address.
fn serve(scene: Arc<Mutex<Scene>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A connection that breaks is asked for again.
            let _broken = answer(stream, &scene);
        }
    });
    url
}

fn answer(mut stream: TcpStream, scene: &Mutex<Scene>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let call = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let Some(query) = call.strip_prefix("GET /v1/feed?from=") else {
        return stream.write_all(NOT_FOUND);
    };
    let (from, since) = query.split(' ').next().unwrap().split_once("&since=").unwrap();
    let cursor: FeedCursor = p(&format!("{from}.{since}"));
    let body = serde_json::to_vec(&page(&scene.lock().unwrap(), cursor)).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat())
}

#[test]
fn a_record_that_the_rules_forbid_is_no_ground_for_a_permit() {
    let mut scene = Scene::new();
    scene.clock = now();
    scene.grant();
    let brand = Brand::cinema();
    let dir = tempfile::tempdir().unwrap();
    let trust = dir.path().join("trust.json");
    fs::write(&trust, serde_json::to_vec(&scene.trust_file()).unwrap()).unwrap();
    let shop = Shop {
        origin: scene.log.origin.clone(),
        brand: brand.clone(),
        token: "a token of this brand at that ledger".to_owned(),
    };
    let scene = Arc::new(Mutex::new(scene));
    let (binary, folder) = (built(), dir.path().join("verifier"));
    let order = VerifierOrder {
        binary: &binary,
        folder: &folder,
        ledger: serve(Arc::clone(&scene)),
        trust,
        more: &[],
    };
    let verifier = VerifierProcess::start(&order, &shop);
    verifier.knows("C-1", &Invitation::from_random(bytes_of("invitation")).digest());
    let mut question = covered();
    question["resource"]["id"] = "C-1".into();
    let _ = verifier.await_decision(&question, true, SOON);

    // She gives some of it back: what is left is permitted.
    scene.lock().unwrap().narrow();
    until("the narrowing has come", || verifier.metric("feed_items_total") >= 4.0);
    let _ = verifier.await_decision(&question, true, SOON);
    assert!(verifier.metric("record_faults_total") == 0.0);

    // The same once more, which no ledger takes: it follows the grant, and not the narrowing.
    {
        let mut scene = scene.lock().unwrap();
        let narrowing = scene.log.entries.last().unwrap().bytes.clone();
        scene.log.append(CanonicalRecord::parse(&narrowing).unwrap());
    }
    let (answer, _) = verifier.await_decision(&question, false, SOON);
    assert_eq!(codes(&answer), ["proof_invalid"]);
    assert!(verifier.metric("record_faults_total") > 0.0);
    assert_eq!(verifier.metric("feed_refused_total"), 0.0, "its proofs hold");
    // Who starts it again does not make it forget.
    verifier.kill();
    let verifier = VerifierProcess::start(&order, &shop);
    verifier.await_ready(true, SOON);
    assert_eq!(codes(&verifier.ask(&question)), ["proof_invalid"]);
}
