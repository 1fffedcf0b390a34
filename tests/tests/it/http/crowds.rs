//! Many who send slowly, wait, or are in the way: others are answered meanwhile, and withdrawals before all.

use std::time::Duration;

use placet_ledger::Step;
use placet_ledger::http::MAX_LARGE_BODIES;
use placet_tests::offer::newsletter;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::house::House;
use super::obstacle::Way;

/// Calls at once in these tests.
const FEW: usize = 4;

async fn small() -> House {
    House::with(|config| config.calls = FEW).await
}

#[tokio::test]
async fn half_sent_bodies_keep_nobody_out() {
    let house = small().await;
    let (anna, bert) = (house.person("anna").await, house.person("bert").await);
    let mut slow = Vec::new();
    for path in ["/v1/records", "/v1/withdrawals", "/v1/sessions", "/v1/requests"] {
        for _ in 0..2 * FEW {
            slow.push(half_sent(&house, path).await);
        }
    }
    sleep(Duration::from_millis(300)).await;
    house.get("/v1/log").send().await.expect(200);
    house.send(&house.erasure(&anna).bytes).await.expect(201);
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    let code = json!({ "code": bert.code.to_string() });
    house.post("/v1/withdrawals").json(&code).send().await.expect(201);
    // They were all being listened to meanwhile: none had been sent away.
    for stream in &mut slow {
        let mut byte = [0];
        let early = timeout(Duration::from_millis(1), stream.read(&mut byte)).await;
        assert!(early.is_err(), "{early:?}");
    }
}

/// Sends the head of a call and the first byte of its body.
async fn half_sent(house: &House, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{{",
        house.brand_token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn large_bodies_come_a_few_at_a_time() {
    let house = small().await;
    let anna = house.person("anna").await;
    let mut slow = Vec::new();
    for _ in 0..MAX_LARGE_BODIES {
        slow.push(half_sent(&house, "/v1/notices").await);
    }
    sleep(Duration::from_millis(300)).await;
    let notice = house.post("/v1/notices").bytes(&house.offer.notices[0].bytes);
    notice.clone().send().await.expect(401).refused("unauthorized");
    let notice = notice.token(&house.brand_token);
    notice.clone().send().await.expect(503).refused("overloaded");
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    drop(slow);
    sleep(Duration::from_millis(300)).await;
    notice.send().await.expect(201);
}

#[tokio::test]
async fn long_polls_that_wait_keep_nobody_out() {
    let house = small().await;
    let (anna, bert) = (house.person("anna").await, house.person("bert").await);
    let mut polls = Vec::new();
    for _ in 0..4 * FEW {
        let poll = house.get("/v1/feed?from=4&wait=5").token(&house.brand_token);
        polls.push(tokio::spawn(poll.send()));
        sleep(Duration::from_millis(20)).await;
    }
    sleep(Duration::from_millis(100)).await;
    assert!(polls.iter().all(|poll| !poll.is_finished()));
    house.get("/v1/log").send().await.expect(200);
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    // The news reaches them all, more than there are places, and none is told to come back.
    for poll in polls {
        let page = poll.await.unwrap().expect(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    }
    let code = json!({ "code": bert.code.to_string() });
    house.post("/v1/withdrawals").json(&code).send().await.expect(201);
}

#[tokio::test]
async fn a_node_full_of_other_work_takes_withdrawals() {
    let house = small().await;
    let (anna, bert) = (house.person("anna").await, house.person("bert").await);
    let mut grants = Vec::new();
    for n in 0..=FEW {
        let invitation = house.invitation().await;
        let key = house.key(&format!("cora {n}"));
        let (grant, _) = house.unsent_by(&key, &house.request, &invitation, &[newsletter()]);
        grants.push(house.post("/v1/records").bytes(&grant.bytes));
    }
    let late = grants.pop().unwrap();
    house.obstacle.set(Step::Keyring, Way::Waits);
    let grants: Vec<_> = grants.into_iter().map(|grant| tokio::spawn(grant.send())).collect();
    sleep(Duration::from_millis(300)).await;
    house.get("/v1/log").send().await.expect(503).refused("overloaded");
    late.clone().send().await.expect(503).refused("overloaded");
    let record = house.post("/v1/records").bytes(&house.withdrawal(&anna).bytes);
    let code = house
        .post("/v1/withdrawals")
        .json(&json!({ "code": bert.code.to_string() }));
    let withdrawals = [tokio::spawn(record.send()), tokio::spawn(code.send())];
    sleep(Duration::from_millis(300)).await;
    assert!(
        withdrawals.iter().all(|call| !call.is_finished()),
        "they are with the writer, as the grants are"
    );
    house.obstacle.clear();
    for call in grants.into_iter().chain(withdrawals) {
        call.await.unwrap().expect(201);
    }
    late.send().await.expect(201);
}

/// After the commit point a record is in the log, whatever becomes of its answer: here the head file cannot be written.
#[tokio::test]
async fn a_record_whose_fate_is_open_is_never_called_unrecorded() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    for step in [Step::Keyring, Step::Main, Step::HeadFile] {
        let built = match step {
            Step::HeadFile => house.withdrawal(&anna),
            _ => house.erasure(&anna),
        };
        house.obstacle.set(step, Way::Fails);
        // The second time, the first may have been recorded already.
        for _ in 0..2 {
            let open = house.send(&built.bytes).await.expect(503);
            open.refused("unavailable");
            assert_eq!(open.header("retry-after"), "1");
            let text = open.text().to_lowercase();
            assert!(
                !text.contains("not recorded") && !text.contains("nothing was"),
                "{text}"
            );
            assert!(text.contains("may be in the log"), "{text}");
        }
        house.obstacle.clear();
        let again = house.send(&built.bytes).await.expect(201);
        assert_eq!(house.send(&built.bytes).await.expect(201).body, again.body);
    }
    // The head file failed after the commit point: it is her withdrawal that counts, once, from then on.
    let token = house.session(&anna.key).await;
    let path = format!("/v1/consents/{}", anna.state.consent);
    let view = house.get(&path).token(&token).send().await.expect(200).json();
    assert_eq!(view["effective"], "Withdrawn");
    assert_eq!(view["events"].as_array().unwrap().len(), 4);
}
