//! Brands: registration, tokens, notices, requests and invitations.

use hyper::Method;
use placet_ledger::http::{DEFAULT_INVITATION_SECONDS, OPEN_INVITATION_SECONDS};
use placet_ledger::outgoing::OutgoingConfig;
use placet_schemas::id::Digest;
use placet_schemas::record::request::ConsentRequest;
use placet_tests::brand::Brand;
use placet_tests::offer::{clause, newsletter, offer};
use placet_tests::p;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::client::Answer;
use super::house::House;

async fn register(house: &House, order: &Value) -> Answer {
    house
        .post("/v1/controllers")
        .token(&house.operator_token)
        .json(order)
        .send()
        .await
}

#[tokio::test]
async fn a_brand_registers_with_a_document_and_a_signed_challenge() {
    let house = House::empty(|_| {}).await;
    let order = house.registration(&house.brand).await;
    register(&house, &order).await.expect(201);
    let page = house.get("/v1/controllers").send().await.expect(200).json();
    let row = &page["controllers"][0];
    assert_eq!(row["did"], json!(house.brand.did));
    assert_eq!((&row["source"], &row["keysIndex"]), (&json!("supplied"), &json!(0)));
    let opening = house.get("/log/public/0").send().await.expect(200).json();
    assert_eq!(opening["record"]["type"][1], "ControllerKeys");
    // The challenge is spent with the registration.
    register(&house, &order).await.expect(401).refused("challenge_unknown");
}

#[tokio::test]
async fn a_did_key_needs_no_document() {
    let house = House::empty(|_| {}).await;
    let mut order = house.registration(&Brand::gym()).await;
    order.as_object_mut().unwrap().remove("document");
    register(&house, &order).await.expect(201);
}

#[tokio::test]
async fn whoever_does_not_hold_the_documents_key_registers_nothing() {
    let house = House::empty(|_| {}).await;
    let cinema = house.registration(&house.brand).await;
    let festival = house.registration(&Brand::festival()).await;
    let with = |member: &str, value: Value| {
        let mut order = cinema.clone();
        order[member] = value;
        order
    };
    register(&house, &with("challenge", festival["challenge"].clone()))
        .await
        .expect(401)
        .refused("bad_jws");
    register(&house, &with("challenge", json!("a.b.c")))
        .await
        .expect(401)
        .refused("bad_jws");
    let other = register(&house, &with("document", festival["document"].clone()))
        .await
        .expect(422);
    assert_eq!(other.refused("document_malformed").as_deref(), Some("/document"));
    let keyless = register(&house, &with("document", json!({ "id": house.brand.did })))
        .await
        .expect(422);
    keyless.refused("document_malformed");
    let unknown = register(&house, &with("legalname", json!("x"))).await.expect(400);
    assert_eq!(unknown.refused("malformed").as_deref(), Some("/legalname"));
    assert_eq!(house.ledger.size(), 0);
    register(&house, &cinema).await.expect(201);
}

#[tokio::test]
async fn a_document_is_fetched_from_where_did_web_says_if_the_node_may_go_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut brand = Brand::cinema();
    brand.did = p(&format!("did:web:localhost%3A{port}:brands:cinema"));
    brand.method = p(&format!("{}#key-1", brand.did));
    let document = serde_json::to_string(&brand.keys().document).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 1024];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"GET /brands/cinema/did.json HTTP/1.1\r\n"));
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{document}",
                document.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let guarded = House::empty(|_| {}).await;
    let mut order = guarded.registration(&brand).await;
    order.as_object_mut().unwrap().remove("document");
    register(&guarded, &order)
        .await
        .expect(422)
        .refused("document_unreachable");

    let let_out = OutgoingConfig {
        allow_private_addresses: true,
        allow_http: true,
    };
    let house = House::empty(|config| config.outgoing = let_out).await;
    let mut order = house.registration(&brand).await;
    order.as_object_mut().unwrap().remove("document");
    register(&house, &order).await.expect(201);
    let page = house.get("/v1/controllers").send().await.json();
    assert_eq!(page["controllers"][0]["source"], "fetched");
}

#[tokio::test]
async fn tokens_are_issued_listed_and_revoked() {
    let house = House::new().await;
    let issue = |order: Value| {
        house
            .post("/v1/tokens")
            .token(&house.operator_token)
            .json(&order)
            .send()
    };
    let stranger = json!({ "role": "brand", "controller": "did:web:nobody.example", "label": "x" });
    issue(stranger).await.expect(404).refused("controller_unknown");
    issue(json!({ "role": "brand", "label": "x" }))
        .await
        .expect(400)
        .refused("malformed");
    issue(json!({ "role": "service", "label": "x", "controller": house.brand.did }))
        .await
        .expect(400)
        .refused("malformed");
    issue(json!({ "role": "auditor", "label": "x" }))
        .await
        .expect(400)
        .refused("malformed");
    issue(json!({ "role": "service", "label": "" }))
        .await
        .expect(400)
        .refused("malformed");

    let order = json!({ "role": "brand", "controller": house.brand.did, "label": "till", "expiresInSeconds": 60 });
    let made = issue(order).await.expect(201).json();
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let works = || house.get("/v1/requests").token(token).send();
    works().await.expect(200);
    let listed = house
        .get("/v1/tokens")
        .token(&house.operator_token)
        .send()
        .await
        .expect(200);
    assert!(!listed.text().contains(token) && !listed.text().contains(&house.operator_token));
    assert!(
        listed.json()["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["id"] == id && row["label"] == "till")
    );
    let path = format!("/v1/tokens/{id}");
    house
        .call(Method::DELETE, &path)
        .token(&house.operator_token)
        .send()
        .await
        .expect(204);
    works().await.expect(401).refused("unauthorized");
    let listed = house.get("/v1/tokens").token(&house.operator_token).send().await.json();
    assert!(
        listed["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["id"] == id && row["revoked"].is_string())
    );

    let order = json!({ "role": "brand", "controller": house.brand.did, "label": "till", "expiresInSeconds": 60 });
    let made = issue(order).await.expect(201).json();
    house.pass(60);
    let expired = house
        .get("/v1/requests")
        .token(made["token"].as_str().unwrap())
        .send()
        .await;
    expired.expect(401).refused("unauthorized");
}

#[tokio::test]
async fn lists_are_paged() {
    let house = House::new().await;
    let mut seen = Vec::new();
    let mut path = "/v1/tokens?limit=1".to_owned();
    loop {
        let page = house
            .get(&path)
            .token(&house.operator_token)
            .send()
            .await
            .expect(200)
            .json();
        seen.extend(
            page["tokens"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/tokens?limit=1&after={next}"),
            None => break,
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 2);
    house.register(&Brand::gym()).await;
    let first = house.get("/v1/controllers?limit=1").send().await.json();
    let next = first["next"].as_u64().unwrap();
    let second = house
        .get(&format!("/v1/controllers?limit=1&after={next}"))
        .send()
        .await
        .json();
    assert_ne!(first["controllers"][0]["did"], second["controllers"][0]["did"]);
    let requests = house
        .get("/v1/requests?limit=1")
        .token(&house.brand_token)
        .send()
        .await
        .json();
    assert_eq!(requests["requests"][0]["digest"], json!(house.request.record.digest()));
}

#[tokio::test]
async fn notices_are_stored_by_hash_and_public() {
    let house = House::new().await;
    for notice in &house.offer.notices {
        let served = house
            .get(&format!("/v1/notices/{}", notice.digest()))
            .send()
            .await
            .expect(200);
        assert_eq!(served.body, notice.bytes);
    }
    let again = house
        .post("/v1/notices")
        .token(&house.brand_token)
        .bytes(&house.offer.notices[0].bytes)
        .send()
        .await;
    assert_eq!(
        again.expect(201).json()["digest"],
        json!(house.offer.notices[0].digest())
    );
}

#[tokio::test]
async fn a_request_needs_notices_that_agree() {
    let house = House::new().await;
    let send = async |request: &ConsentRequest| {
        let record = house.signed_request(request);
        house
            .post("/v1/requests")
            .token(&house.brand_token)
            .bytes(&record.bytes)
            .send()
            .await
    };
    let other = offer(&[&house.brand], vec![newsletter()], 0);
    send(&other.request).await.expect(404).refused("notice_unknown");
    let mut disagreeing = house.offer.request.clone();
    disagreeing.proof_retention = p("P9Y");
    send(&disagreeing).await.expect(422).refused("notice_disagrees");
    let mut lost = house.offer.request.clone();
    let supersedes = json!({ "request": Digest::of(b"none"), "material": true });
    lost.supersedes = serde_json::from_value(supersedes).ok();
    assert!(lost.supersedes.is_some());
    send(&lost).await.expect(404).refused("request_unknown");
}

#[tokio::test]
async fn requests_that_must_not_be_asked() {
    let house = House::new().await;
    let send = async |request: &ConsentRequest| {
        let record = house.signed_request(request);
        house
            .post("/v1/requests")
            .token(&house.brand_token)
            .bytes(&record.bytes)
            .send()
            .await
            .expect(422)
    };
    let asking = |clauses| offer(&[&house.brand], clauses, 0).request;
    let vague = asking(vec![clause("all", "dpv:Marketing", &["pd:EmailAddress"], &["dpv:Use"])]);
    send(&vague).await.refused("scope_not_specific");
    let mixed = asking(vec![clause(
        "mix",
        "dpv:DirectMarketing",
        &["pd:EmailAddress", "pd:Disability"],
        &["dpv:Use"],
    )]);
    send(&mixed).await.refused("scope_not_separate");
    let crimes = asking(vec![clause(
        "crime",
        "dpv:DirectMarketing",
        &["pd:CriminalConviction"],
        &["dpv:Use"],
    )]);
    send(&crimes).await.refused("scope_criminal_category");
    let mut children = house.offer.request.clone();
    children.audience.may_include_children = true;
    send(&children).await.refused("guardian_unsupported");
    let mut words = house.offer.request.clone();
    words.vocabulary = Digest::of(b"another vocabulary");
    send(&words).await.refused("vocabulary_unknown");
}

#[tokio::test]
async fn a_brand_sends_its_own_requests_only() {
    let house = House::new().await;
    let rival = house.register(&Brand::festival()).await;
    let send = |token: &str, bytes: &[u8]| house.post("/v1/requests").token(token).bytes(bytes).send();
    send(&rival, &house.request.bytes)
        .await
        .expect(403)
        .refused("forbidden");
    let (grant, _) = house.unsent("anna").await;
    send(&house.brand_token, &grant.bytes)
        .await
        .expect(422)
        .refused("wrong_endpoint");
    let first = send(&house.brand_token, &house.request.bytes).await.expect(201);
    assert_eq!(
        send(&house.brand_token, &house.request.bytes).await.expect(201).body,
        first.body
    );
    let path = format!("/v1/requests/{}", house.request.record.digest());
    assert_eq!(house.get(&path).send().await.expect(200).body, house.request.bytes);
}

#[tokio::test]
async fn invitations_are_made_by_the_brand_or_for_anyone_where_the_request_is_open() {
    let house = House::new().await;
    let path = format!("/v1/requests/{}/invitations", house.request.record.digest());
    let made = house
        .post(&path)
        .token(&house.brand_token)
        .json(&json!({ "count": 3 }))
        .send()
        .await
        .expect(201)
        .json();
    let made = made["invitations"].as_array().unwrap();
    assert_eq!(made.len(), 3);
    let operator = &house.ledger.identity().operator;
    let key_id = &Digest::of(operator.as_str().as_bytes()).to_string()[..16];
    let secret = made[0]["invitation"].as_str().unwrap();
    assert_eq!(made[0]["link"], format!("https://placet.example/i#{secret}.{key_id}"));
    assert_eq!(
        made[0]["expiresAt"],
        json!(house.now().plus_seconds(DEFAULT_INVITATION_SECONDS))
    );
    let resolve = |secret: &str| {
        house
            .post("/v1/invitations/resolve")
            .json(&json!({ "invitation": secret }))
            .send()
    };
    let resolved = resolve(secret).await.expect(200).json();
    assert_eq!(resolved["request"], json!(house.request.record.digest()));
    assert_eq!(
        resolved["record"],
        serde_json::from_slice::<Value>(&house.request.bytes).unwrap()
    );
    resolve("AAAAAAAAAAAAAAAAAAAAAA")
        .await
        .expect(404)
        .refused("invitation_unknown");

    let open = house.post(&path).send().await.expect(201).json();
    assert_eq!(
        open["invitations"][0]["expiresAt"],
        json!(house.now().plus_seconds(OPEN_INVITATION_SECONDS))
    );
    let ask = |body: Value| house.post(&path).token(&house.brand_token).json(&body).send();
    for body in [json!({ "count": 0 }), json!({ "count": 1001 })] {
        ask(body).await.expect(422).refused("invitation_count");
    }
    for seconds in [0, 90 * 86_400 + 1] {
        let refused = ask(json!({ "ttlSeconds": seconds })).await.expect(422);
        refused.refused("invitation_ttl");
    }
    house.pass(DEFAULT_INVITATION_SECONDS);
    resolve(secret).await.expect(410).refused("invitation_expired");
}

#[tokio::test]
async fn nobody_but_the_brand_invites_to_a_closed_request() {
    let house = House::new().await;
    let mut closed = house.offer.request.clone();
    closed.open = false;
    let closed = house.signed_request(&closed);
    house
        .post("/v1/requests")
        .token(&house.brand_token)
        .bytes(&closed.bytes)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/requests/{}/invitations", closed.record.digest());
    house.post(&path).send().await.expect(401).refused("unauthorized");
    house
        .post(&path)
        .token(&house.operator_token)
        .send()
        .await
        .expect(403)
        .refused("forbidden");
    house.post(&path).token(&house.brand_token).send().await.expect(201);
    let unknown = format!("/v1/requests/{}/invitations", Digest::of(b"none"));
    house
        .post(&unknown)
        .token(&house.brand_token)
        .send()
        .await
        .expect(404)
        .refused("not_found");
}
