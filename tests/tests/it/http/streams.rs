//! A feed as server-sent events: on time, to whom it concerns, from where its reader stopped, and no longer than it may.

use std::time::Duration;

use placet_kernel::feed::Follower;
use placet_ledger::http::MAX_STREAMS_PER_FEED;
use placet_schemas::api::{FeedAnswer, FeedCursor, MAX_PAGE};
use placet_tests::brand::Brand;
use placet_tests::offer::newsletter;
use placet_tests::{bytes_of, p};
use placet_wallet::acknowledgement::LogTrust;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::client::{Event, Open};
use super::house::House;

/// Time for what should come at once.
const SOON: Duration = Duration::from_secs(1);

/// The keys that the node announces, as a follower pins them.
async fn pinned(house: &House) -> LogTrust {
    let info = house.get("/v1/log").send().await.expect(200).json();
    let (vkey, operator) = (info["checkpointKey"].as_str(), info["operatorKey"].as_str());
    LogTrust::new(house.origin.clone(), &[vkey.unwrap()], &[p(operator.unwrap())]).unwrap()
}

async fn stream(house: &House, query: &str) -> Open {
    let call = house.get(&format!("/v1/feed/events{query}")).token(&house.brand_token);
    call.open().await.expect(200)
}

/// What comes within a second.
async fn soon(stream: &mut Open) -> Event {
    timeout(SOON, stream.event())
        .await
        .expect("nothing came")
        .expect("it is over")
}

/// Waits for the end of a stream, whatever comes before.
async fn ends(mut stream: Open, within: Duration) {
    let end = async { while stream.event().await.is_some() {} };
    timeout(within, end).await.expect("it goes on");
}

async fn metric(house: &House, name: &str) -> u64 {
    let text = house.get("/metrics").send().await.expect(200).text();
    let line = format!("placet_ledger_{name} ");
    let value = text.lines().find_map(|row| row.strip_prefix(&line));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

async fn reaches(house: &House, name: &str, value: u64) {
    for _ in 0..200 {
        if metric(house, name).await == value {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} is {}, not {value}", metric(house, name).await);
}

#[tokio::test]
async fn a_record_reaches_its_stream_within_a_second_and_a_follower_takes_every_event() {
    let house = House::new().await;
    let trust = pinned(&house).await;
    let mut follower = Follower::new(house.origin.clone(), house.brand.did.clone());
    let mut stream = stream(&house, "").await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["cache-control"], "no-store");
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    let first = soon(&mut stream).await;
    assert_eq!((first.id.as_str(), first.page.items.len()), ("2.2", 2));
    assert_eq!(first.page.consistency, None, "it had seen nothing");
    assert!(follower.take(&first.page, trust.feed_keys()).unwrap().complete);
    for (name, id) in [("anna", "3.3"), ("bert", "4.4"), ("cora", "5.5")] {
        let (built, _) = house.unsent(name).await;
        let sent = Instant::now();
        house.send(&built.bytes).await.expect(201);
        let event = soon(&mut stream).await;
        assert!(sent.elapsed() < SOON);
        let step = follower.take(&event.page, trust.feed_keys()).unwrap();
        assert!(step.complete);
        assert_eq!(step.opened[0].record.record.digest(), built.record.digest());
        assert_eq!((event.id.as_str(), follower.cursor()), (id, p(id)));
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_its_reader_stopped_and_nothing_is_lost_or_doubled() {
    let house = House::new().await;
    let trust = pinned(&house).await;
    let mut follower = Follower::new(house.origin.clone(), house.brand.did.clone());
    for round in 0..4 {
        let (cursor, other) = (
            follower.cursor(),
            FeedCursor {
                from: 1000,
                since: 1000,
            },
        );
        // The header counts, whatever the query says; without it, the query does.
        let query = match round {
            0 => String::new(),
            1 => format!("?from={}&since={}", cursor.from, cursor.since),
            _ => format!("?from={}&since={}", other.from, other.since),
        };
        let mut call = house.get(&format!("/v1/feed/events{query}")).token(&house.brand_token);
        if round > 1 {
            call = call.header("last-event-id", &cursor.to_string());
        }
        let mut stream = call.open().await.expect(200);
        let first = soon(&mut stream).await;
        assert_eq!(
            first.page.consistency.is_some(),
            round > 0,
            "the log grew while it was away"
        );
        follower.take(&first.page, trust.feed_keys()).unwrap();
        house.person(&format!("seen {round}")).await;
        follower.take(&soon(&mut stream).await.page, trust.feed_keys()).unwrap();
        drop(stream);
        house.person(&format!("missed {round}")).await;
    }
    assert_eq!(follower.cursor(), p("9.9"));
    let mut stream = stream(&house, "?from=9&since=9").await;
    let last = soon(&mut stream).await;
    assert!(follower.take(&last.page, trust.feed_keys()).unwrap().complete);
    assert_eq!(follower.cursor(), p("10.10"));
}

#[tokio::test]
async fn a_large_backlog_comes_as_pages_one_after_the_other() {
    let house = House::new().await;
    let trust = pinned(&house).await;
    let count = MAX_PAGE + 3;
    for number in 0..count {
        let invitation = house.invitation().await;
        let key = house.key(&format!("person {number}"));
        let (built, _) = house.unsent_by(&key, &house.request, &invitation, &[newsletter()]);
        house.send(&built.bytes).await.expect(201);
    }
    let mut follower = Follower::new(house.origin.clone(), house.brand.did.clone());
    let mut stream = stream(&house, "").await;
    let first = soon(&mut stream).await;
    assert_eq!(first.page.items.len(), MAX_PAGE);
    assert!(!follower.take(&first.page, trust.feed_keys()).unwrap().complete);
    assert!(first.id.starts_with(&format!("{MAX_PAGE}.")), "{}", first.id);
    let rest = soon(&mut stream).await;
    assert_eq!(rest.page.items.len(), count + 2 - MAX_PAGE);
    assert!(follower.take(&rest.page, trust.feed_keys()).unwrap().complete);
}

/// One that has seen more than there is must learn it from what the operator signs: see
/// `a_log_that_went_back_is_refused_and_proved`.
#[tokio::test]
async fn who_has_seen_a_larger_log_gets_the_head_of_this_one_without_a_proof() {
    let house = House::new().await;
    for since in [0, 2, 3, 1_000_000, u64::MAX] {
        for path in ["/v1/feed?from=9&since=", "/v1/feed?since="] {
            let page = house
                .get(&format!("{path}{since}"))
                .token(&house.brand_token)
                .send()
                .await;
            let page: FeedAnswer = serde_json::from_slice(&page.expect(200).body).unwrap();
            assert_eq!((page.head.statement.size, page.consistency), (2, None));
        }
        let mut stream = stream(&house, &format!("?from=9&since={since}")).await;
        let first = soon(&mut stream).await;
        assert_eq!((first.page.head.statement.size, first.page.consistency), (2, None));
    }
    let page = house.get("/v1/feed?since=1").token(&house.brand_token).send().await;
    let page: FeedAnswer = serde_json::from_slice(&page.expect(200).body).unwrap();
    assert_eq!(page.consistency.unwrap().len(), 1);
}

/// The promise is five seconds, whatever the node's clock says meanwhile.
#[tokio::test]
async fn an_idle_stream_gets_a_fresh_head_within_five_seconds() {
    let house = House::new().await;
    let mut stream = stream(&house, "").await;
    let mut before = soon(&mut stream).await;
    for _ in 0..2 {
        house.pass(7);
        let next = timeout(Duration::from_secs(5), stream.event()).await;
        let next = next.expect("no head came").unwrap();
        assert!(next.page.items.is_empty());
        assert_eq!(next.id, before.id);
        assert!(next.page.head.statement.time > before.page.head.statement.time);
        before = next;
    }
}

#[tokio::test]
async fn a_record_of_one_brand_wakes_its_own_streams_and_no_other() {
    const OTHERS: u64 = 98;
    let house = House::new().await;
    let mut tokens = Vec::new();
    for number in 0..OTHERS {
        let (did, key) = (
            format!("did:web:n{number}.example"),
            SoftwareKey::ed25519_from_seed(&bytes_of(&format!("brand {number}"))),
        );
        let brand = Brand {
            method: p(&format!("{did}#key-1")),
            did: p(&did),
            legal_name: "Some Brand plc",
            key,
        };
        tokens.push(house.register(&brand).await);
    }
    for name in ["anna", "bert", "cora", "dora", "emma"] {
        let (built, _) = house.unsent(name).await;
        let connected = Instant::now();
        let mut others = Vec::new();
        for token in &tokens {
            let mut stream = house.get("/v1/feed/events").token(token).open().await.expect(200);
            soon(&mut stream).await;
            others.push(stream);
        }
        let mut own = [stream(&house, "").await, stream(&house, "").await];
        for stream in &mut own {
            soon(stream).await;
        }
        assert_eq!(metric(&house, "feed_streams").await, OTHERS + 2);
        let before = metric(&house, "feed_events_total").await;
        house.send(&built.bytes).await.expect(201);
        for stream in &mut own {
            assert_eq!(soon(stream).await.page.items.len(), 1);
        }
        let made = metric(&house, "feed_events_total").await - before;
        let took = connected.elapsed();
        drop((own, others));
        reaches(&house, "feed_streams", 0).await;
        // After that the first of them may have had its next head, which it gets in any case.
        if took < Duration::from_secs(4) {
            assert_eq!(made, 2);
            return;
        }
    }
    panic!("the machine is too slow to tell");
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let house = House::new().await;
    let mut stream = stream(&house, "").await;
    soon(&mut stream).await;
    let tokens = house
        .get("/v1/tokens")
        .token(&house.operator_token)
        .send()
        .await
        .expect(200)
        .json();
    let mut tokens = tokens["tokens"].as_array().unwrap().iter();
    let own = tokens.find(|token| token["role"] == "brand").unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/tokens/{own}");
    let (built, _) = house.unsent("anna").await;
    house
        .call(hyper::Method::DELETE, &path)
        .token(&house.operator_token)
        .send()
        .await
        .expect(204);
    house.send(&built.bytes).await.expect(201);
    // Not even what is new now.
    assert!(timeout(SOON, stream.event()).await.expect("it goes on").is_none());
    let again = house.get("/v1/feed/events").token(&house.brand_token).send().await;
    again.expect(401).refused("unauthorized");
}

#[tokio::test]
async fn an_idle_stream_ends_soon_after_its_token_has_expired() {
    let house = House::new().await;
    let order = json!({ "role": "brand", "controller": house.brand.did, "label": "short", "expiresInSeconds": 60 });
    let token = house.token(&order).await;
    let mut stream = house.get("/v1/feed/events").token(&token).open().await.expect(200);
    soon(&mut stream).await;
    house.pass(61);
    ends(stream, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn streams_end_when_the_node_stops() {
    let mut house = House::new().await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let mut stream = stream(&house, "").await;
        soon(&mut stream).await;
        streams.push(stream);
    }
    let served = house.order_to_stop();
    for stream in streams {
        ends(stream, SOON).await;
    }
    timeout(SOON, served)
        .await
        .expect("it waits for something")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn one_feed_has_so_many_streams_and_no_more() {
    let house = House::new().await;
    let mut streams = Vec::new();
    for _ in 0..MAX_STREAMS_PER_FEED {
        streams.push(stream(&house, "").await);
    }
    let call = house.get("/v1/feed/events").token(&house.brand_token);
    let busy = call.clone().send().await.expect(503);
    busy.refused("overloaded");
    assert_eq!(busy.header("retry-after"), "5");
    // Polling is the way that is left, and others are not kept out.
    house.get("/v1/feed").token(&house.brand_token).send().await.expect(200);
    let rival = house.register(&Brand::festival()).await;
    house.get("/v1/feed/events").token(&rival).open().await.expect(200);
    streams.pop();
    reaches(&house, "feed_streams", MAX_STREAMS_PER_FEED as u64 - 1).await;
    call.open().await.expect(200);
}

/// Waiting streams are no work.
#[tokio::test]
async fn streams_that_wait_keep_nobody_out() {
    let house = House::with(|config| config.calls = 4).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = stream(&house, "").await;
        soon(&mut stream).await;
        streams.push(stream);
    }
    let anna = house.person("anna").await;
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    for stream in &mut streams {
        let mut items = 0;
        while items < 2 {
            items += soon(stream).await.page.items.len();
        }
        assert_eq!(items, 2);
    }
}

#[tokio::test]
async fn what_is_no_place_in_a_stream_is_refused() {
    let house = House::new().await;
    let call = || house.get("/v1/feed/events").token(&house.brand_token);
    for id in ["", "3", "3.", "x.y", "03.3", "-1.3", "3.3.3", "18446744073709551616.1"] {
        let refused = call().header("last-event-id", id).send().await.expect(400);
        refused.refused("parameter");
    }
    let twice = call().header("last-event-id", "1.1").header("last-event-id", "2.2");
    twice.send().await.expect(400).refused("parameter");
    for query in ["?from=x", "?since=-1", "?limit=1", "?wait=1"] {
        let refused = house
            .get(&format!("/v1/feed/events{query}"))
            .token(&house.brand_token)
            .send()
            .await;
        refused.expect(400).refused("parameter");
    }
    assert_eq!(metric(&house, "feed_streams").await, 0);
}
