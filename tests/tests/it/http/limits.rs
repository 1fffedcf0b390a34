//! How often, how slowly, how many; and how a node stops.

use std::time::Duration;

use placet_ledger::http::{Rate, Rates};
use placet_tests::offer::newsletter;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::house::House;

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
async fn invitations_challenges_codes_and_events_have_their_own() {
    let house = limited(|rates| {
        rates.invitations = TWO;
        rates.codes = TWO;
        rates.events = TWO;
        rates.withdrawals = TWO;
        rates.challenges = Rate {
            burst: 3,
            per_second: 1,
        };
    })
    .await;
    // One challenge went into the registration of the brand.
    let path = format!("/v1/requests/{}/invitations", house.request.record.digest());
    let posts = [
        (path.as_str(), json!({})),
        ("/v1/withdrawals", json!({ "code": "x" })),
        ("/v1/challenges", json!({})),
    ];
    for (path, body) in posts {
        for _ in 0..2 {
            assert_ne!(house.post(path).json(&body).send().await.status, 429, "{path}");
        }
        house
            .post(path)
            .json(&body)
            .send()
            .await
            .expect(429)
            .refused("rate_limited");
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
    // Whoever knows her consent can send any number of worthless withdrawals: hers counts all the same.
    let mut forged = serde_json::from_slice::<serde_json::Value>(&house.withdrawal(&anna).bytes).unwrap();
    forged["validFrom"] = json!("2026-01-01T00:00:00Z");
    let forged = serde_json::to_vec(&forged).unwrap();
    for status in [422, 422, 429] {
        house.send(&forged).await.expect(status);
    }
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    house
        .send(&house.withdrawal(&anna).bytes)
        .await
        .expect(429)
        .refused("rate_limited");
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
    let poll = house.get("/v1/feed?from=2&wait=25").token(&house.brand_token);
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
        started.elapsed() < Duration::from_secs(10),
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
