//! Withdrawals that a person hands to the brand itself.

use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_schemas::api::{DIRECT_WITHDRAWAL_TYP, DirectWithdrawal, DirectWithdrawalAnswer};
use placet_schemas::record::MAX_RECORD_BYTES;
use placet_tests::caller::Answer;
use placet_tests::verifier::VerifierProcess;
use placet_wallet::records;
use serde_json::{Value, json};

use super::house::{Given, House, SOON, codes, until};
use super::line::{Line, Mode};

const WITHDRAW: &str = "/v1/withdrawals";

fn hand(verifier: &VerifierProcess, body: &[u8]) -> Answer {
    verifier.caller().call("POST", WITHDRAW, body).unwrap()
}

/// Hands a withdrawal over, and checks the verifier's word for it.
fn taken(house: &House, verifier: &VerifierProcess, given: &Given, body: &[u8]) -> DirectWithdrawal {
    let answer: DirectWithdrawalAnswer = serde_json::from_slice(&hand(verifier, body).expect(202, WITHDRAW)).unwrap();
    assert_eq!(answer.consent, given.consent);
    let key = PublicKey::from_did(&verifier.did).unwrap();
    let (_, payload) = jws::verify(&answer.received, DIRECT_WITHDRAWAL_TYP, |_| Some(key.clone())).unwrap();
    let said: DirectWithdrawal = serde_json::from_slice(&payload).unwrap();
    assert_eq!((said.consent, &said.controller), (given.consent, &house.shop.brand.did));
    assert_eq!(
        (&said.origin, said.received_at),
        (&house.shop.origin, answer.received_at)
    );
    said
}

/// How many withdrawals of a consent the ledger has, by the state that it gives of it.
fn ledger_says(house: &House, given: &Given) -> Value {
    let path = format!("/v1/consents/{}", given.consent);
    serde_json::from_slice(&house.shop.caller(&house.node).get(&path)).unwrap()
}

/// Nothing is promised by a verifier that does not know yet whose consents there are.
#[test]
fn a_withdrawal_that_comes_before_the_feed_is_told_to_come_again() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let first = house.start("first", &house.ledger(), &[]);
    let ada = house.wins(&first, "C-ada");
    let _ = first.await_decision(&house.question(&first, "C-ada"), true, SOON);
    line.set(Mode::Down);
    let second = house.start("second", &line.url, &[]);
    let record = house.withdrawal(&ada);
    let code = serde_json::to_vec(&json!({"code": ada.customer.code.to_string()})).unwrap();
    for body in [&record, &code] {
        let said: Value = serde_json::from_slice(&hand(&second, body).expect(503, WITHDRAW)).unwrap();
        assert_eq!(said["code"], "unavailable", "{said}");
    }
    line.set(Mode::Pass);
    second.await_ready(true, SOON);
    let _ = taken(&house, &second, &ada, &record);
    until("it is in the log", || {
        ledger_says(&house, &ada)["effective"] == "Withdrawn"
    });
}

#[test]
fn a_withdrawal_handed_over_denies_at_once_survives_and_reaches_the_log_once() {
    let mut house = House::open();
    let line = Line::start(house.node.address());
    let verifier = house.start("verifier", &line.url, &[]);
    let (ada, bob) = (house.wins(&verifier, "C-ada"), house.wins(&verifier, "C-bob"));
    let questions = ["C-ada", "C-bob"].map(|name| house.question(&verifier, name));
    for question in &questions {
        let _ = verifier.await_decision(question, true, SOON);
    }
    // The ledger is gone.
    line.set(Mode::Down);
    let record = house.withdrawal(&ada);
    let code = serde_json::to_vec(&json!({"code": bob.customer.code.to_string()})).unwrap();
    let said = taken(&house, &verifier, &ada, &record);
    assert!(said.withdrawal.is_some());
    assert_eq!(codes(&verifier.ask(&questions[0])), ["withdrawn"]);
    assert_eq!(codes(&verifier.ask(&questions[1])), ["permitted"]);
    assert!(taken(&house, &verifier, &bob, &code).withdrawal.is_none());
    assert_eq!(codes(&verifier.ask(&questions[1])), ["withdrawn"]);
    // The same again gets an answer again.
    let _ = (
        taken(&house, &verifier, &ada, &record),
        taken(&house, &verifier, &bob, &code),
    );

    verifier.kill();
    let verifier = house.start("verifier", &line.url, &[]);
    for question in &questions {
        assert_eq!(codes(&verifier.ask(question)), ["withdrawn"], "after a crash");
    }
    assert_eq!(
        ledger_says(&house, &ada)["effective"],
        "Given",
        "the ledger does not know yet"
    );
    house.restart_node(|| {});
    line.lead_to(house.node.address());
    line.set(Mode::Pass);
    for given in [&ada, &bob] {
        until("it is in the log", || {
            ledger_says(&house, given)["effective"] == "Withdrawn"
        });
    }
    let size = |verifier: &VerifierProcess| verifier.metric("feed_items_total");
    until("the verifier has both from the log", || size(&verifier) >= 2.0);
    for question in &questions {
        assert_eq!(codes(&verifier.ask(question)), ["withdrawn"], "the log has it too");
    }
    // Handed over once more it is nothing new, for nobody.
    let before = ledger_says(&house, &ada);
    let _ = taken(&house, &verifier, &ada, &record);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(before["lastIndex"], ledger_says(&house, &ada)["lastIndex"]);
    house.assert_private("verifier", &["C-ada", "C-bob"], &[&ada, &bob]);
}

/// A replica that is read anew after a crash still knows of what was handed over, and nobody may have heard of it but us.
#[test]
fn a_replica_that_is_read_anew_still_knows_of_what_was_handed_over() {
    let house = House::open();
    let line = Line::start(house.node.address());
    let verifier = house.start("verifier", &line.url, &[]);
    let given = house.wins(&verifier, "C-anew");
    let question = house.question(&verifier, "C-anew");
    let _ = verifier.await_decision(&question, true, SOON);
    line.set(Mode::Down);
    let _ = taken(&house, &verifier, &given, &house.withdrawal(&given));
    verifier.stop();
    super::disk::alter(&house, "verifier", &["UPDATE consents SET body = X'7B7D'"]);
    // The feed comes, but nothing can be sent.
    line.change(|_| {});
    line.lead_to(house.node.address());
    line.refuse_posts();
    let verifier = house.start("verifier", &line.url, &[]);
    until("it is read anew", || verifier.metric("consents") > 0.0);
    for _ in 0..20 {
        assert_eq!(codes(&verifier.ask(&question)), ["withdrawn"]);
    }
    house.assert_private("verifier", &["C-anew"], &[&given]);
}

#[test]
fn what_ends_nothing_here_is_refused_by_its_name() {
    let house = House::open();
    let verifier = house.start("verifier", &house.ledger(), &[]);
    let given = house.wins(&verifier, "C-kept");
    let question = house.question(&verifier, "C-kept");
    let _ = verifier.await_decision(&question, true, SOON);
    let stranger = house.shop.customer("mallory");
    let by_stranger = records::withdraw_unseen(given.consent, &stranger.pen(&house.shop, "no"))
        .unwrap()
        .bytes;
    let unknown = placet_schemas::id::Digest::of(b"no consent");
    let unknown = records::withdraw_unseen(unknown, &given.customer.pen(&house.shop, "no"))
        .unwrap()
        .bytes;
    let mut broken: Value = serde_json::from_slice(&house.withdrawal(&given)).unwrap();
    broken["validFrom"] = json!("2026-01-01T00:00:00Z");
    let mut grant: Value = serde_json::from_slice(&given.grant).unwrap();
    let relayed = {
        let mut record: Value = serde_json::from_slice(&house.withdrawal(&given)).unwrap();
        record["credentialSubject"]["relayed"] = json!(true);
        record
    };
    grant["more"] = json!(1);
    let text = |value: &Value| serde_json::to_vec(value).unwrap();
    let code = |code: &str| text(&json!({ "code": code }));
    let mistyped = given
        .customer
        .code
        .to_string()
        .replace(|c: char| c.is_ascii_digit(), "7");
    for (what, body, codes) in [
        ("garbage", b"\xff\xfe".to_vec(), &["malformed"][..]),
        ("nothing", Vec::new(), &["malformed"]),
        (
            "another document",
            text(&json!({"a": 1})),
            &["malformed", "unsupported_version"],
        ),
        ("a grant", given.grant.clone(), &["malformed"]),
        ("a grant with more", text(&grant), &["malformed"]),
        (
            "a relayed one",
            text(&relayed),
            &["malformed", "consent_unknown", "bad_signature"],
        ),
        ("a stranger's", by_stranger, &["consent_unknown"]),
        ("of no consent", unknown, &["consent_unknown"]),
        ("a broken one", text(&broken), &["bad_signature", "malformed"]),
        ("no code", code("hello"), &["malformed"]),
        ("a mistyped code", code(&mistyped), &["malformed", "consent_unknown"]),
        ("another's code", code(&stranger.code.to_string()), &["consent_unknown"]),
        ("too long", vec![b' '; MAX_RECORD_BYTES + 1], &["oversize"]),
    ] {
        let answer = hand(&verifier, &body);
        let said: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!((400..500).contains(&answer.status), "{what}: {said}");
        let code = said["type"].as_str().unwrap().rsplit('/').next().unwrap();
        assert!(codes.contains(&code), "{what}: {said}");
    }
    // A page of another site could send this without being asked.
    let plain = typed(&verifier, "text/plain", &house.withdrawal(&given));
    assert!(plain.starts_with("HTTP/1.1 415"), "{plain}");
    assert_eq!(codes(&verifier.ask(&question)), ["permitted"]);
    let _ = taken(&house, &verifier, &given, &house.withdrawal(&given));
    assert_eq!(codes(&verifier.ask(&question)), ["withdrawn"]);
    house.assert_private("verifier", &["C-kept", stranger.key.did().as_str()], &[&given]);
}

fn typed(verifier: &VerifierProcess, kind: &str, body: &[u8]) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(verifier.address()).unwrap();
    let head = format!(
        "POST {WITHDRAW} HTTP/1.1\r\nhost: v\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
