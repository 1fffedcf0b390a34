//! Everything malformed is a problem with a code and, where there is one, a pointer.

use hyper::Method;
use placet_schemas::notice::MAX_NOTICE_BYTES;
use placet_schemas::record::MAX_RECORD_BYTES;
use serde_json::{Value, json};

use super::house::House;

#[tokio::test]
async fn loose_json_is_refused_with_the_place_of_the_fault() {
    let house = House::new().await;
    let (grant, _) = house.unsent("anna").await;
    let text = String::from_utf8(grant.bytes.clone()).unwrap();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let (size, deep) = ("/credentialSubject/anchor/size", format!("/a{}", "/0".repeat(31)));
    let cases = [
        ("[]".to_owned(), "/type", "malformed"),
        ("{\"a\":1,\"a\":1}".to_owned(), "/a", "malformed"),
        (with("\"size\":0", "\"size\":0.5"), size, "malformed"),
        (with("\"size\":0", "\"size\":9007199254740992"), size, "malformed"),
        (with("\"size\":0", "\"size\":null"), size, "malformed"),
        (with(",\"size\":0", ""), size, "malformed"),
        (
            with("\"size\":0", "\"size\":0,\"more\":1"),
            "/credentialSubject/anchor/more",
            "malformed",
        ),
        (
            with("\"version\":1", "\"version\":2"),
            "/credentialSubject/version",
            "unsupported_version",
        ),
        (
            format!("{{\"a\":{}1{}}}", "[".repeat(32), "]".repeat(32)),
            deep.as_str(),
            "malformed",
        ),
        (format!("{text} x"), "", "malformed"),
    ];
    for (body, pointer, code) in cases {
        let refused = house.send(body.as_bytes()).await.expect(400);
        assert_eq!(refused.refused(code).as_deref(), Some(pointer), "{body}");
    }
    for bytes in [b"\xff\xfe".as_slice(), b"{\"a\":\"\\ud800\"}"] {
        house.send(bytes).await.expect(400).refused("malformed");
    }
}

#[tokio::test]
async fn bodies_have_a_size() {
    let house = House::new().await;
    let much = |bytes| vec![b' '; bytes];
    house
        .send(&much(MAX_RECORD_BYTES + 1))
        .await
        .expect(413)
        .refused("oversize");
    house
        .send(&much(MAX_RECORD_BYTES))
        .await
        .expect(400)
        .refused("malformed");
    let notice = |bytes| {
        house
            .post("/v1/notices")
            .token(&house.brand_token)
            .bytes(&much(bytes))
            .send()
    };
    notice(MAX_NOTICE_BYTES + 1).await.expect(413).refused("oversize");
    notice(MAX_NOTICE_BYTES).await.expect(400).refused("malformed");
    house
        .post("/v1/sessions")
        .bytes(&much(65 * 1024))
        .send()
        .await
        .expect(413)
        .refused("oversize");
}

#[tokio::test]
async fn content_types_methods_and_routes() {
    let house = House::new().await;
    let (grant, _) = house.unsent("anna").await;
    let post = || house.post("/v1/records");
    post()
        .untyped(&grant.bytes)
        .send()
        .await
        .expect(415)
        .refused("unsupported_media_type");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let refused = post().untyped(&grant.bytes).header("content-type", kind).send().await;
        refused.expect(415).refused("unsupported_media_type");
    }
    for (method, path) in [
        (Method::PUT, "/v1/records"),
        (Method::GET, "/v1/records"),
        (Method::POST, "/v1/log"),
    ] {
        let refused = house.call(method, path).send().await.expect(405);
        refused.refused("method_not_allowed");
        assert!(!refused.header("allow").is_empty());
    }
    for path in ["/", "/v1", "/v2/log", "/v1/log/", "/log", "/i"] {
        house.get(path).send().await.expect(404).refused("not_found");
    }
    let kinds = [
        "application/vc",
        "application/ld+json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ];
    for kind in kinds {
        post()
            .untyped(&grant.bytes)
            .header("content-type", kind)
            .send()
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn bodies_and_parameters_of_our_own() {
    let house = House::new().await;
    let bad = [
        ("/v1/sessions", json!({}), "/jws"),
        ("/v1/sessions", json!({ "jws": 1 }), "/jws"),
        ("/v1/sessions", json!({ "jws": "x", "more": 1 }), "/more"),
        ("/v1/withdrawals", json!({ "code": Value::Null }), "/code"),
        (
            "/v1/invitations/resolve",
            json!({ "invitation": "short" }),
            "/invitation",
        ),
        ("/v1/challenges", json!({ "a": 1 }), "/a"),
    ];
    for (path, body, pointer) in bad {
        let refused = house.post(path).json(&body).send().await.expect(400);
        assert_eq!(refused.refused("malformed").as_deref(), Some(pointer), "{path} {body}");
    }
    for path in [
        "/v1/controllers?limit=x",
        "/v1/controllers?after=-1",
        "/v1/controllers?page=1",
        "/v1/controllers?limit=1&limit=2",
    ] {
        house.get(path).send().await.expect(400).refused("parameter");
    }
    for path in [
        "/v1/controllers?limit=0",
        "/v1/controllers?limit=99999",
        "/v1/controllers?",
    ] {
        house.get(path).send().await.expect(200);
    }
    // An empty body is the empty object.
    house.post("/v1/challenges").send().await.expect(201);
}
