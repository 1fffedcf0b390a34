//! How often, how slowly, how many; and how a node stops.

use std::time::Duration;

use placet_ledger::http::{Rate, Rates};
use placet_schemas::record::{Invitation, Kind};
use placet_tests::bytes_of;
use placet_tests::offer::newsletter;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house::{House, with_other_signature};

/// Two of a kind, and then none for a long time.
const TWO: Rate = Rate {
    burst: 2,
    per_second: 1,
};

async fn limited(choose: impl FnOnce(&mut Rates)) -> House {
    House::with(|config| choose(&mut config.rates)).await
}

#[tokio::test]
async fn grants_are_limited_per_request_and_withdrawals_apart() {
    let house = limited(|rates| rates.grants = TWO).await;
    let anna = house.person("anna").await;
    house.person("bert").await;
    let invitation = house.invitation().await;
    let (grant, _) = house.unsent_by(&house.key("cora"), &house.request, &invitation, &[newsletter()]);
    let refused = house.send(&grant.bytes).await.expect(429);
    refused.refused("rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    house.send(&grant.bytes).await.expect(201);
}

#[tokio::test]
async fn invitations_and_events_have_their_own() {
    let house = limited(|rates| {
        rates.invitations = TWO;
        rates.events = TWO;
    })
    .await;
    let path = format!("/v1/requests/{}/invitations", house.request.record.digest());
    for status in [201, 201, 429] {
        house.post(&path).json(&json!({})).send().await.expect(status);
    }
    // A brand's own token is not limited here.
    for _ in 0..5 {
        house.post(&path).token(&house.brand_token).send().await.expect(201);
    }
    let (anna, bert) = (house.person("anna").await, house.person("bert").await);
    for _ in 0..2 {
        house.send(&house.erasure(&anna).bytes).await.expect(201);
    }
    house
        .send(&house.erasure(&anna).bytes)
        .await
        .expect(429)
        .refused("rate_limited");
    house.send(&house.erasure(&bert).bytes).await.expect(201);
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
}

#[tokio::test]
async fn the_same_bytes_sent_again_use_up_nothing() {
    let house = limited(|rates| {
        rates.grants = TWO;
        rates.events = TWO;
    })
    .await;
    let (grant, _) = house.unsent("anna").await;
    let first = house.send(&grant.bytes).await.expect(201);
    for _ in 0..5 {
        assert_eq!(house.send(&grant.bytes).await.expect(201).body, first.body);
    }
    let bert = house.person("bert").await;
    let erasure = house.erasure(&bert);
    for _ in 0..5 {
        house.send(&erasure.bytes).await.expect(201);
    }
    house.send(&house.narrowing(&bert).bytes).await.expect(201);
}

/// Whoever knows her consent, her brand for one, can send any number of records in its name: hers counts all the same.
#[tokio::test]
async fn worthless_records_block_nothing_that_is_true() {
    let house = limited(|rates| rates.events = TWO).await;
    let anna = house.person("anna").await;
    let somebody = house.key("somebody");
    let narrowing = house.narrowing(&anna);
    for honest in [&house.withdrawal(&anna), &narrowing, &house.erasure(&anna)] {
        // The body of hers, signed by somebody's own key; her record with one byte changed; not even a record.
        let foreign = house.claim(&somebody, honest.record.body.clone()).sign(&somebody);
        let mut forged = serde_json::from_slice::<serde_json::Value>(&honest.bytes).unwrap();
        forged["id"] = json!("urn:uuid:00000000-0000-4000-8000-000000000000");
        let kind = honest.record.kind().as_str();
        let garbage = json!({ "type": ["", kind], "credentialSubject": { "consent": anna.state.consent } });
        let (status, code) = match honest.record.kind() {
            Kind::Withdrawal => (404, "consent_unknown"),
            _ => (422, "wrong_signer"),
        };
        let worthless = [
            (foreign.bytes, status, code),
            (forged.to_string().into_bytes(), 422, "bad_signature"),
            (garbage.to_string().into_bytes(), 400, "malformed"),
        ];
        for (bytes, status, code) in worthless {
            for _ in 0..5 {
                house.send(&bytes).await.expect(status).refused(code);
            }
        }
    }
    // What she signed and may not say is not counted either.
    let renewed = house.claim(&anna.key, house.withdrawal(&anna).record.body.clone());
    let late = placet_tests::Claim {
        from: house.now().minus_seconds(86_400),
        ..house.claim(&anna.key, narrowing.record.body.clone())
    };
    let late = late.sign(&anna.key);
    for _ in 0..5 {
        house.send(&late.bytes).await.expect(422).refused("time_implausible");
    }
    house.send(&narrowing.bytes).await.expect(201);
    house.send(&house.erasure(&anna).bytes).await.expect(201);
    house.send(&renewed.sign(&anna.key).bytes).await.expect(201);
}

#[tokio::test]
async fn worthless_grants_keep_nobody_from_a_public_request() {
    let house = limited(|rates| rates.grants = TWO).await;
    let stranger = house.key("stranger");
    let unknown = Invitation::from_random(house.fresh());
    let (invented, _) = house.unsent_by(&stranger, &house.request, &unknown, &[newsletter()]);
    let (other, _) = house.unsent("anna").await;
    let forged = with_other_signature(&invented.bytes, &other.bytes);
    let request = house.request.record.digest();
    let garbage = json!({ "type": ["", "ConsentGrant"], "credentialSubject": { "request": request } });
    for _ in 0..5 {
        house
            .send(&invented.bytes)
            .await
            .expect(404)
            .refused("invitation_unknown");
        house.send(&forged).await.expect(422).refused("bad_signature");
        house
            .send(garbage.to_string().as_bytes())
            .await
            .expect(400)
            .refused("malformed");
    }
    house.person("anna").await;
    house.person("bert").await;
}

#[tokio::test]
async fn a_flood_of_codes_and_challenges_keeps_nobody_out() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let jws = house.session_jws(&anna.key).await;
    let codes = (0..200).map(|n| {
        let nobodys = placet_kernel::code::WithdrawalCode::from_random(bytes_of(&format!("nobody {n}")));
        let code = if n % 2 == 0 {
            nobodys.to_string()
        } else {
            "x".to_owned()
        };
        (json!({ "code": code }), if n % 2 == 0 { 404 } else { 422 })
    });
    for (body, status) in codes {
        house.post("/v1/withdrawals").json(&body).send().await.expect(status);
    }
    for _ in 0..30 {
        let batch: Vec<_> = (0..100)
            .map(|_| tokio::spawn(house.post("/v1/challenges").json(&json!({})).send()))
            .collect();
        for call in batch {
            call.await.unwrap().expect(201);
        }
    }
    house
        .post("/v1/sessions")
        .json(&json!({ "jws": jws }))
        .send()
        .await
        .expect(201);
    let code = json!({ "code": anna.code.to_string() });
    house.post("/v1/withdrawals").json(&code).send().await.expect(201);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let house = House::new().await;
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = "POST /v1/records HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let started = tokio::time::Instant::now();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("slow_request"), "{answer}");
    assert!(started.elapsed() > Duration::from_secs(10), "it was not slow at all");
}

#[tokio::test]
async fn stopping_ends_long_polls_finishes_calls_and_takes_no_more() {
    let mut house = House::new().await;
    let (built, _) = house.unsent("anna").await;
    let poll = house.get("/v1/feed?from=2&wait=5").token(&house.brand_token);
    let record = house.post("/v1/records").bytes(&built.bytes);
    let poll = tokio::spawn(poll.send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let record = tokio::spawn(record.send());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let started = tokio::time::Instant::now();
    let served = house.order_to_stop();
    poll.await.unwrap().expect(200);
    record.await.unwrap().expect(201);
    served.await.unwrap().unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "stopping waited for the poll"
    );
    assert!(TcpStream::connect(house.address).await.is_err());
    house.ledger.close().await;
}

#[tokio::test]
async fn a_ledger_that_cannot_write_says_so_and_never_that_it_recorded() {
    let house = House::new().await;
    let (built, _) = house.unsent("anna").await;
    house.get("/readyz").send().await.expect(200);
    house.ledger.close().await;
    let refused = house.send(&built.bytes).await.expect(503);
    refused.refused("unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    house.get("/readyz").send().await.expect(503).refused("unavailable");
    house.get("/healthz").send().await.expect(200);
    house
        .get("/v1/controllers")
        .send()
        .await
        .expect(500)
        .refused("internal");
}
