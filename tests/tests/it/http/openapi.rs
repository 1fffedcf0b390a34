//! The interface describes itself, completely and without the network.

use std::collections::BTreeSet;

use serde_json::Value;

use super::house::House;

/// Every route there is. A new one is added here, and to the table of roles.
const ROUTES: [&str; 39] = [
    "get /healthz",
    "get /readyz",
    "get /metrics",
    "get /v1/log",
    "get /log/checkpoint",
    "get /log/tile/{path}",
    "get /log/public/{index}",
    "post /v1/challenges",
    "post /v1/sessions",
    "get /v1/controllers",
    "post /v1/controllers",
    "get /v1/tokens",
    "post /v1/tokens",
    "delete /v1/tokens/{id}",
    "post /v1/notices",
    "get /v1/notices/{digest}",
    "post /v1/requests",
    "get /v1/requests",
    "get /v1/requests/{digest}",
    "post /v1/requests/{digest}/invitations",
    "post /v1/invitations/resolve",
    "post /v1/declines",
    "get /v1/declines",
    "post /v1/records",
    "get /v1/records/{digest}/proof",
    "post /v1/withdrawals",
    "get /v1/consents",
    "get /v1/consents/{id}",
    "get /v1/consents/{id}/evidence",
    "post /v1/consents/{id}/evidence",
    "get /v1/consents/{id}/accesses",
    "post /v1/access-lines",
    "get /v1/feed",
    "get /v1/feed/events",
    "get /v1/audit/openings",
    "get /v1/audits",
    "get /v1/destructions",
    "post /v1/destructions",
    "post /v1/destructions/{index}/acknowledgements",
];

#[tokio::test]
async fn every_route_is_described_with_its_problems_and_schemas() {
    let house = House::empty(|_| {}).await;
    let text = house.get("/openapi.json").send().await.expect(200);
    let api = text.json();
    assert!(
        api["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.1.")),
        "{}",
        api["openapi"]
    );
    let mut found = BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.insert(format!("{method} {path}"));
            assert!(
                operation["summary"].is_string(),
                "{method} {path} says nothing of itself"
            );
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
        }
    }
    let expected: BTreeSet<String> = ROUTES.map(str::to_owned).into();
    assert_eq!(found, expected);
    let mut references = BTreeSet::new();
    collect_references(&api, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect_references(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => {
                        references.insert(reference.to_owned());
                    }
                    None => collect_references(value, references),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, references)),
        _ => {}
    }
}

#[tokio::test]
async fn the_viewer_loads_nothing_from_elsewhere() {
    let house = House::empty(|_| {}).await;
    let redirect = house.get("/docs").send().await.expect(303);
    assert_eq!(redirect.header("location"), "/docs/");
    let page = house.get("/docs/").send().await.expect(200);
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'self';")
    );
    let text = page.text();
    assert!(
        !text.contains("http://") && !text.contains("https://") && !text.contains("src=\"//"),
        "{text}"
    );
    for file in text.split(['"', '\'']).filter(|part| part.starts_with("./")) {
        house.get(&format!("/docs/{}", &file[2..])).send().await.expect(200);
    }
    let start = house
        .get("/docs/swagger-initializer.js")
        .send()
        .await
        .expect(200)
        .text();
    assert!(start.contains("/openapi.json"), "{start}");
    house.get("/docs/../v1/tokens").send().await.expect(404);
    house.get("/docs/none.js").send().await.expect(404);
}
