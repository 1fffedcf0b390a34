//! The log's own files, as any tlog-tiles client reads them.

use hyper::Method;
use placet_kernel::leaf::Salt;
use placet_schemas::id::Digest;
use serde_json::{Value, json};

use super::house::House;

#[tokio::test]
async fn the_log_says_what_a_client_must_know() {
    let house = House::new().await;
    let info = house.get("/v1/log").send().await.expect(200).json();
    let identity = house.ledger.identity();
    assert_eq!(info["origin"], json!(house.origin));
    assert_eq!(info["checkpointKey"], json!(identity.checkpoint_vkey));
    assert_eq!(info["operatorKey"], json!(identity.operator));
    assert_eq!(
        info["vocabulary"]["hash"],
        json!(house.request.record.body_vocabulary())
    );
    assert_eq!(info["limits"]["recordBytes"], 65_536);
}

trait Vocabulary {
    fn body_vocabulary(&self) -> Digest;
}

impl Vocabulary for placet_schemas::record::Record {
    fn body_vocabulary(&self) -> Digest {
        let placet_schemas::record::Body::ConsentRequest(request) = &self.body else {
            panic!("a request")
        };
        request.vocabulary
    }
}

#[tokio::test]
async fn checkpoint_and_tiles_are_served_with_their_types_and_ages() {
    let house = House::new().await;
    let checkpoint = published(&house, 2).await;
    assert!(
        checkpoint.text().starts_with(&format!("{}\n2\n", house.origin)),
        "{}",
        checkpoint.text()
    );
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(checkpoint.header("cache-control"), "public, max-age=2");
    let tile = house.get("/log/tile/0/000.p/2").send().await.expect(200);
    assert_eq!(tile.body.len(), 64);
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    assert_eq!(tile.header("cache-control"), "public, max-age=31536000, immutable");
    let entries = house.get("/log/tile/entries/000.p/2").send().await.expect(200);
    assert_eq!(entries.body.len(), 2 * (2 + 33));
    // The entry is the commitment that the public opening opens.
    let opening = house.get("/log/public/1").send().await.expect(200).json();
    assert_eq!(
        opening["record"],
        serde_json::from_slice::<Value>(&house.request.bytes).unwrap()
    );
    let salt: placet_schemas::api::SaltText = serde_json::from_value(opening["salt"].clone()).unwrap();
    let leaf = Salt::from_bytes(*salt.as_bytes()).leaf(&house.request.record.digest());
    assert_eq!(entries.body[37..], leaf);
}

#[tokio::test]
async fn what_a_caller_has_is_not_sent_again() {
    let house = House::new().await;
    published(&house, 2).await;
    let notice = format!("/v1/notices/{}", house.offer.notices[0].digest());
    for path in ["/log/checkpoint", "/log/tile/0/000.p/2", "/log/public/0", &notice] {
        let whole = house.get(path).send().await.expect(200);
        let tag = whole.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = house.get(path).header("if-none-match", &known).send().await.expect(304);
            assert!(again.body.is_empty());
            assert_eq!(again.header("etag"), tag);
        }
        house
            .get(path)
            .header("if-none-match", "\"x\"")
            .send()
            .await
            .expect(200);
        let head = house.call(Method::HEAD, path).send().await.expect(200);
        assert!(head.body.is_empty());
        assert_eq!(head.header("etag"), tag);
        assert_eq!(head.header("content-length"), whole.body.len().to_string());
    }
}

#[tokio::test]
async fn nothing_but_the_logs_files_can_be_reached() {
    let house = House::new().await;
    published(&house, 2).await;
    let paths = [
        "/log/tile/0/000",
        "/log/tile/0/000.p/3",
        "/log/tile/0/000.p/02",
        "/log/tile/0/001",
        "/log/tile/64/000",
        "/log/tile/0/000.p/2/",
        "/log/tile/0//000.p/2",
        "/log/tile/../checkpoint",
        "/log/tile/%2e%2e/checkpoint",
        "/log/tile/0/..%2f..%2f..%2fmain.db",
        "/log/tile/0/%00",
        "/log/tile/entries",
        "/log/tile/",
        "/log/tile",
        "/log/tile/0/000.p%2F2%00",
        "/log/public/",
        "/log/public/x",
        "/log/public/-1",
        "/log/public/99",
        "/log/public/18446744073709551616",
        "/log/../v1/tokens",
        "/log/tile/%ff",
    ];
    for path in paths {
        let refused = house.get(path).send().await;
        assert_eq!((refused.status, path), (404, path));
        refused.refused("not_found");
    }
}

/// The checkpoint, once it has this size: it is published a moment after the answer to a record.
async fn published(house: &House, size: u64) -> super::client::Answer {
    for _ in 0..500 {
        let answer = house.get("/log/checkpoint").send().await.expect(200);
        if answer.text().lines().nth(1) == Some(&size.to_string()) {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the checkpoint of size {size} was not published");
}
