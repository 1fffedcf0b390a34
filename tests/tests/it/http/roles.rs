//! Who may call what. The table of the architecture page, cell by cell.

use hyper::Method;
use serde_json::{Value, json};

use super::audits;
use super::client::Call;
use super::house::House;

/// Who calls.
const CALLERS: [&str; 8] = [
    "public", "her", "another", "brand", "rival", "service", "auditor", "operator",
];

/// One route and the status that each caller gets, in the order of [`CALLERS`].
struct Row {
    method: Method,
    path: String,
    body: Option<Value>,
    statuses: [u16; 8],
}

fn row(method: Method, path: &str, statuses: [u16; 8]) -> Row {
    Row {
        method,
        path: path.to_owned(),
        body: None,
        statuses,
    }
}

fn post(path: &str, body: Value, statuses: [u16; 8]) -> Row {
    Row {
        body: Some(body),
        ..row(Method::POST, path, statuses)
    }
}

#[tokio::test]
async fn each_route_and_each_role() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let rival = house.register(&placet_tests::brand::Brand::festival()).await;
    let tokens = [
        None,
        Some(house.session(&anna.key).await),
        Some(house.session(&house.key("bert")).await),
        Some(house.brand_token.clone()),
        Some(rival),
        Some(
            house
                .token(&json!({ "role": "service", "label": "issuer", "kinds": ["ConsentGrant"] }))
                .await,
        ),
        Some(house.token(&audits::order(&house)).await),
        Some(house.operator_token.clone()),
    ];
    for row in table(&house, &anna.state.consent.to_string()) {
        for ((caller, token), expected) in CALLERS.iter().zip(&tokens).zip(row.statuses) {
            let mut call: Call = house.call(row.method.clone(), &row.path);
            if let Some(body) = &row.body {
                call = call.json(body);
            }
            if let Some(token) = token {
                call = call.token(token);
            }
            // One of the answers does not end.
            let answer = call.open().await;
            assert_eq!(answer.status, expected, "{} {} by {caller}", row.method, row.path);
        }
    }
}

fn table(house: &House, consent: &str) -> Vec<Row> {
    let request = house.request.record.digest();
    let notice = house.offer.notices[0].digest();
    let cinema = &house.brand.did;
    let everyone = [200; 8];
    let (get, delete) = (Method::GET, Method::DELETE);
    vec![
        row(get.clone(), "/healthz", everyone),
        row(get.clone(), "/readyz", everyone),
        row(get.clone(), "/metrics", everyone),
        row(get.clone(), "/openapi.json", everyone),
        row(get.clone(), "/docs/", everyone),
        row(get.clone(), "/v1/log", everyone),
        row(get.clone(), "/log/checkpoint", everyone),
        row(get.clone(), "/log/public/0", everyone),
        row(get.clone(), "/log/public/2", [404; 8]),
        row(get.clone(), "/v1/controllers", everyone),
        row(get.clone(), &format!("/v1/requests/{request}"), everyone),
        row(get.clone(), &format!("/v1/requests/{consent}"), [404; 8]),
        row(get.clone(), &format!("/v1/notices/{notice}"), everyone),
        post("/v1/challenges", json!({}), [201; 8]),
        post(&format!("/v1/requests/{request}/invitations"), json!({}), [201; 8]),
        post(
            &format!("/v1/requests/{request}/invitations"),
            json!({ "count": 2 }),
            [403, 403, 403, 201, 403, 403, 403, 403],
        ),
        // Malformed on purpose: who gets as far as the body may call.
        post("/v1/records", json!({}), [400; 8]),
        post("/v1/withdrawals", json!({}), [400; 8]),
        post("/v1/sessions", json!({}), [400; 8]),
        post("/v1/invitations/resolve", json!({}), [400; 8]),
        post("/v1/declines", json!({}), [400; 8]),
        row(get.clone(), "/v1/declines", [401, 403, 403, 200, 200, 403, 403, 403]),
        post("/v1/notices", json!({}), [401, 403, 403, 400, 400, 403, 403, 403]),
        post("/v1/requests", json!({}), [401, 403, 403, 400, 400, 403, 403, 403]),
        post("/v1/controllers", json!({}), [401, 403, 403, 403, 403, 403, 403, 400]),
        post("/v1/tokens", json!({}), [401, 403, 403, 403, 403, 403, 403, 400]),
        row(get.clone(), "/v1/tokens", [401, 403, 403, 403, 403, 403, 403, 200]),
        row(
            get.clone(),
            "/v1/destructions",
            [401, 403, 403, 403, 403, 403, 403, 200],
        ),
        post("/v1/destructions", json!({}), [401, 403, 403, 403, 403, 403, 403, 400]),
        post(
            "/v1/destructions/2/acknowledgements",
            json!({}),
            [401, 403, 403, 400, 400, 400, 403, 400],
        ),
        row(
            delete.clone(),
            "/v1/tokens/0000000000000000",
            [401, 403, 403, 403, 403, 403, 403, 404],
        ),
        row(delete, "/v1/tokens/none", [401, 403, 403, 403, 403, 403, 403, 404]),
        row(get.clone(), "/v1/requests", [401, 403, 403, 200, 200, 403, 403, 403]),
        row(get.clone(), "/v1/consents", [401, 200, 200, 200, 200, 403, 403, 403]),
        row(
            get.clone(),
            &format!("/v1/consents/{consent}"),
            [404, 200, 404, 200, 404, 404, 404, 404],
        ),
        row(
            get.clone(),
            &format!("/v1/consents/{consent}/evidence"),
            [404, 200, 404, 200, 404, 404, 404, 404],
        ),
        row(
            get.clone(),
            &format!("/v1/consents/{consent}/accesses"),
            [404, 200, 404, 200, 404, 404, 404, 404],
        ),
        post("/v1/access-lines", json!({}), [401, 403, 403, 400, 400, 403, 403, 403]),
        post(
            &format!("/v1/consents/{consent}/evidence"),
            json!({}),
            [401, 403, 403, 400, 400, 403, 403, 403],
        ),
        row(
            get.clone(),
            &format!("/v1/records/{consent}/proof"),
            [404, 200, 404, 200, 404, 404, 404, 404],
        ),
        row(get.clone(), &format!("/v1/records/{request}/proof"), everyone),
        row(get.clone(), "/v1/feed", [401, 403, 403, 200, 200, 400, 403, 403]),
        row(get.clone(), "/v1/feed/events", [401, 403, 403, 200, 200, 400, 403, 403]),
        row(
            get.clone(),
            &format!("/v1/feed/events?controller={cinema}"),
            [401, 403, 403, 200, 404, 200, 403, 403],
        ),
        row(get.clone(), "/v1/audits", [401, 403, 403, 200, 200, 403, 403, 403]),
        row(
            get.clone(),
            "/v1/audit/openings",
            [401, 403, 403, 403, 403, 403, 200, 403],
        ),
        row(
            get,
            &format!("/v1/feed?controller={cinema}"),
            [401, 403, 403, 200, 404, 200, 403, 403],
        ),
    ]
}

#[tokio::test]
async fn what_is_not_yours_looks_like_what_is_not_there() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let rival = house.register(&placet_tests::brand::Brand::festival()).await;
    let callers = [
        None,
        Some(house.session(&house.key("bert")).await),
        Some(rival),
        Some(house.operator_token.clone()),
    ];
    let there = anna.state.consent.to_string();
    for path in [
        "/v1/consents/ID",
        "/v1/consents/ID/evidence",
        "/v1/consents/ID/accesses",
        "/v1/records/ID/proof",
    ] {
        for caller in &callers {
            let mut answers = Vec::new();
            for id in [
                there.as_str(),
                &"0".repeat(64),
                "no-digest",
                "%2e%2e",
                &there.to_uppercase(),
            ] {
                let mut call = house.get(&path.replace("ID", id));
                if let Some(token) = caller {
                    call = call.token(token);
                }
                let answer = call.send().await.expect(404);
                answer.refused("not_found");
                let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
                headers.sort();
                answers.push((answer.body, headers));
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{path}");
        }
    }
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_refused_before_anything_is_looked_up() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let consent = format!("/v1/consents/{}", anna.state.consent);
    let headers = [
        "Bearer nobody",
        "Bearer ",
        "Bearer",
        "Basic YTpi",
        "bearer a b",
        "Bearer \u{e9}",
    ];
    for header in headers {
        for path in [
            consent.as_str(),
            "/v1/consents",
            "/v1/tokens",
            &format!("/v1/consents/{}", "0".repeat(64)),
        ] {
            let answer = house.get(path).header("authorization", header).send().await.expect(401);
            answer.refused("unauthorized");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    let both = house
        .get("/v1/consents")
        .token(&house.brand_token)
        .token(&house.operator_token)
        .send()
        .await;
    both.expect(401).refused("unauthorized");
    house
        .get("/v1/consents")
        .header("authorization", &format!("bEARER {}", house.brand_token))
        .send()
        .await
        .expect(200);
}
