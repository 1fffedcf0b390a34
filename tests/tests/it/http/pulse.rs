//! What whoever runs the node sees when something is wrong inside.

use std::time::Duration;

use placet_ledger::{MAX_PUBLICATION_LAG_SECONDS, Step};
use tokio::time::sleep;

use super::house::House;
use super::obstacle::Way;

/// The value of a counter or gauge of the ledger.
async fn metric(house: &House, name: &str) -> u64 {
    let text = house.get("/metrics").send().await.expect(200).text();
    let line = format!("placet_ledger_{name} ");
    let value = text.lines().find_map(|row| row.strip_prefix(&line));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

/// Waits until the value is at least this.
async fn reaches(house: &House, name: &str, value: u64) {
    for _ in 0..500 {
        if metric(house, name).await >= value {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} has never been {value}");
}

#[tokio::test]
async fn a_log_that_is_not_published_is_seen() {
    for step in [Step::Tiles, Step::Publish] {
        let house = House::new().await;
        reaches(&house, "published_size", 2).await;
        assert_eq!(metric(&house, "publish_failures_total").await, 0);
        house.obstacle.set(step, Way::Fails);
        let anna = house.person("anna").await;
        assert_eq!(metric(&house, "log_size").await, 3);
        assert_eq!(metric(&house, "published_size").await, 2);
        reaches(&house, "publish_failures_total", 1).await;
        house.get("/readyz").send().await.expect(200);
        house.pass(MAX_PUBLICATION_LAG_SECONDS + 1);
        let behind = house.get("/readyz").send().await.expect(503);
        behind.refused("unavailable");
        assert!(
            behind.text().contains("the published log is behind"),
            "{}",
            behind.text()
        );
        // She is heard all the same, and new records do not make the log look younger.
        house.send(&house.withdrawal(&anna).bytes).await.expect(201);
        house.get("/readyz").send().await.expect(503);
        house.obstacle.clear();
        reaches(&house, "published_size", 4).await;
        house.get("/readyz").send().await.expect(200);
        assert_eq!(metric(&house, "commit_failures_total").await, 0);
    }
}

#[tokio::test]
async fn commits_that_fail_are_counted() {
    for step in [Step::Keyring, Step::Main, Step::HeadFile] {
        let house = House::new().await;
        let (grant, _) = house.unsent("anna").await;
        assert_eq!(metric(&house, "commit_failures_total").await, 0);
        house.obstacle.set(step, Way::Fails);
        house.send(&grant.bytes).await.expect(503);
        reaches(&house, "commit_failures_total", 1).await;
        house.obstacle.clear();
        house.send(&grant.bytes).await.expect(201);
        reaches(&house, "published_size", 3).await;
        // The caller hears of it first.
        for _ in 0..500 {
            if house.get("/readyz").send().await.status == 200 {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        house.get("/readyz").send().await.expect(200);
    }
}
