//! What a person and a brand read: consents, evidence, proofs, feeds.

use std::time::Duration;

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::leaf::Salt;
use placet_schemas::api::{ConsentPage, ConsentView, FeedAnswer, FeedItem};
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::Effective;
use placet_schemas::record::{CanonicalRecord, Kind, Record};
use placet_schemas::time::Timestamp;
use serde_json::json;

use super::house::House;

#[tokio::test]
async fn a_person_sees_her_consent_as_it_is() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.person("bert").await;
    house.send(&house.narrowing(&anna).bytes).await.expect(201);
    let token = house.session(&anna.key).await;
    let page = house.get("/v1/consents").token(&token).send().await.expect(200);
    let page: ConsentPage = serde_json::from_slice(&page.body).unwrap();
    assert_eq!(page.consents.len(), 1);
    assert_eq!(
        (page.consents[0].consent, page.consents[0].effective),
        (anna.state.consent, Effective::Given)
    );
    let path = format!("/v1/consents/{}", anna.state.consent);
    let view = house.get(&path).token(&token).send().await.expect(200);
    assert_eq!(view.header("cache-control"), "no-store");
    let view: ConsentView = serde_json::from_slice(&view.body).unwrap();
    assert_eq!((view.events.len(), view.index), (2, page.consents[0].index));
    assert_eq!(view.state.chain.len(), 2);
    house.pass(366 * 86_400);
    let token = house.session(&anna.key).await;
    let view = house.get(&path).token(&token).send().await.expect(200).json();
    assert_eq!(view["effective"], "Expired");
}

#[tokio::test]
async fn evidence_and_proofs_are_for_the_two_parties() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let token = house.session(&anna.key).await;
    let path = format!("/v1/consents/{}/evidence", anna.state.consent);
    for token in [&token, &house.brand_token] {
        let evidence = house.get(&path).token(token).send().await.expect(200);
        assert_eq!(evidence.header("content-type"), "application/vnd.placet.evidence+json");
        assert!(placet_schemas::json::parse_canonical(&evidence.body, 1 << 24).is_ok());
        let proof = house
            .get(&format!("/v1/records/{}/proof", anna.state.consent))
            .token(token)
            .send()
            .await
            .expect(200);
        assert!(
            proof.text().starts_with("c2sp.org/tlog-proof@v1\nindex 2\n"),
            "{}",
            proof.text()
        );
    }
    let as_of = |at: &str| house.get(&format!("{path}?as_of={at}")).token(&token).send();
    as_of(&house.now().to_string()).await.expect(200);
    for bad in ["now", "2026-11-22", "2026-11-22T05:00:00.5Z"] {
        as_of(bad).await.expect(400).refused("parameter");
    }
}

#[tokio::test]
async fn evidence_is_about_the_moment_at_which_it_was_asked_for() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let token = house.session(&anna.key).await;
    let given = house.now();
    // Nothing happens for a while, and the head grows old.
    house.pass(40);
    let trust = house.trust().await;
    let judge = async |as_of: Timestamp, asked: Timestamp| {
        let path = format!("/v1/consents/{}/evidence?as_of={as_of}", anna.state.consent);
        let evidence = house.get(&path).token(&token).send().await.expect(200);
        let report = bundle::verify(&evidence.body, Some(&trust), house.now(), Some(asked)).unwrap();
        assert_eq!(report.recorded, Verdict::Holds, "{:?}", report.findings);
        report.in_force
    };
    let now = house.now();
    assert_eq!(judge(now, now).await, Verdict::Holds);
    assert_eq!(judge(given, given).await, Verdict::Holds);
    let tomorrow = now.plus_seconds(86_400);
    assert_eq!(
        judge(tomorrow, tomorrow).await,
        Verdict::CannotTell,
        "nobody has seen that moment"
    );
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    house.pass(40);
    assert_eq!(judge(house.now(), house.now()).await, Verdict::Fails);
    assert_eq!(
        judge(given, given).await,
        Verdict::Holds,
        "it was given then, whatever came later"
    );
}

#[tokio::test]
async fn a_feed_has_every_record_in_order_with_what_opens_it() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    let read = async |query: &str| {
        let page = house
            .get(&format!("/v1/feed{query}"))
            .token(&house.brand_token)
            .send()
            .await
            .expect(200);
        serde_json::from_slice::<FeedAnswer>(&page.body).unwrap()
    };
    let whole = read("").await;
    assert_eq!(
        whole.items.iter().map(|item| item.seq).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert_eq!(whole.head.statement.feed_size, 4);
    for item in &whole.items {
        let (record, salt) = opened(item);
        let leaf = placet_kernel::merkle::leaf_hash(&salt.leaf(&record.digest()));
        assert_eq!(item.leaf_hash, Digest::from_bytes(leaf.into()));
    }
    let part = read("?from=1&limit=2").await;
    assert_eq!(part.items.iter().map(|item| item.seq).collect::<Vec<_>>(), [1, 2]);
    assert!(read("?from=4").await.items.is_empty());
}

#[tokio::test]
async fn a_service_reads_every_feed_and_says_whose() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    let order = json!({ "role": "service", "label": "issuer", "kinds": ["Withdrawal", "Narrowing"] });
    let service = house.token(&order).await;
    let read = |query: &str| house.get(&format!("/v1/feed{query}")).token(&service).send();
    read("").await.expect(400).refused("parameter");
    let page = read(&format!("?controller={}", house.brand.did)).await.expect(200);
    let page: FeedAnswer = serde_json::from_slice(&page.body).unwrap();
    let mut feed = placet_kernel::merkle::Frontier::new();
    let mut kinds = Vec::new();
    for item in &page.items {
        feed.push(placet_kernel::merkle::Hash::new(*item.leaf_hash.as_bytes()));
        kinds.push(item.record.is_some().then(|| opened(item).0.kind()));
        assert_eq!(item.record.is_some(), item.salt.is_some());
    }
    let public = [Some(Kind::ControllerKeys), Some(Kind::ConsentRequest)];
    assert_eq!(kinds[..2], public, "the public ones are opened for everybody");
    assert_eq!(
        kinds[2..],
        [None, Some(Kind::Withdrawal)],
        "the grant is none of its kinds"
    );
    assert_eq!(page.head.statement.feed_root, Digest::from_bytes(feed.root().into()));
    read("?controller=did:web:nobody.example")
        .await
        .expect(404)
        .refused("not_found");
    read("?controller=nobody").await.expect(400).refused("parameter");
}

/// The record of an item, and what opens its leaf.
fn opened(item: &FeedItem) -> (Record, Salt) {
    let text = item.record.as_ref().unwrap().to_string();
    let record = CanonicalRecord::parse(text.as_bytes()).unwrap().record;
    (record, Salt::from_bytes(*item.salt.as_ref().unwrap().as_bytes()))
}

#[tokio::test]
async fn a_long_poll_ends_with_the_next_item_or_with_its_time() {
    let house = House::new().await;
    let poll = || house.get("/v1/feed?from=2&wait=5").token(&house.brand_token).send();
    let (built, _) = house.unsent("anna").await;
    let started = tokio::time::Instant::now();
    let (page, sent) = tokio::join!(poll(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.send(&built.bytes).await
    });
    sent.expect(201);
    assert_eq!(page.expect(200).json()["items"].as_array().unwrap().len(), 1);
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "it waited for its whole time"
    );
    let quiet = house
        .get("/v1/feed?from=3&wait=1")
        .token(&house.brand_token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(quiet["items"], json!([]));
}

/// Whoever follows a feed is shown a signed head at least every five seconds, whatever it asks for, and one that is not
/// older than the answer.
#[tokio::test]
async fn a_feed_in_which_nothing_happens_still_shows_a_fresh_head() {
    assert_eq!(placet_ledger::http::MAX_FEED_WAIT_SECONDS, 5);
    let house = House::new().await;
    let started = tokio::time::Instant::now();
    let poll = house.get("/v1/feed?from=2&wait=3600").token(&house.brand_token).send();
    let (page, ()) = tokio::join!(poll, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.pass(4);
    });
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_secs(4) && waited < Duration::from_secs(8),
        "it waited {waited:?}"
    );
    let page = page.expect(200).json();
    assert_eq!(page["items"], json!([]));
    assert_eq!(page["head"]["statement"]["time"], json!(house.now()));
}
