//! What an auditor may look at, and what the brand sees of it.

use placet_kernel::checkpoint::{CheckpointKeys, SignedCheckpoint};
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::{Hash, leaf_hash, verify_inclusion};
use placet_schemas::api::{AuditPage, LogInfo, OpeningsAnswer};
use placet_schemas::id::Digest;
use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use serde_json::{Value, json};

use super::client::Answer;
use super::house::House;

/// An order of an auditor's token for the house's brand and everything so far.
pub(super) fn order(house: &House) -> Value {
    json!({
        "role": "auditor",
        "label": "authority",
        "controller": house.brand.did,
        "expiresInSeconds": 3600,
        "audit": { "case": "IV-2026/17", "from": "2020-01-01T00:00:00Z", "to": house.now() },
    })
}

async fn openings(house: &House, token: &str, query: &str) -> OpeningsAnswer {
    let answer = look(house, token, query).await.expect(200);
    serde_json::from_slice(&answer.body).unwrap()
}

async fn look(house: &House, token: &str, query: &str) -> Answer {
    let path = format!("/v1/audit/openings{query}");
    house.get(&path).token(token).send().await
}

async fn uses(house: &House, token: &str) -> AuditPage {
    let answer = house.get("/v1/audits").token(token).send().await.expect(200);
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn an_auditor_opens_the_records_of_one_brand_and_one_period() {
    let house = House::new().await;
    let rival = house.register(&Brand::festival()).await;
    let mut records = Vec::new();
    let mut moments = Vec::new();
    for name in ["anna", "bert", "carla"] {
        house.pass(100);
        moments.push(house.now());
        records.push(house.person(name).await.state.consent);
    }
    house.pass(100);
    let mut order = order(&house);
    // Both ends are part of the period.
    order["audit"]["from"] = json!(moments[1]);
    order["audit"]["to"] = json!(moments[1]);
    let token = house.token(&order).await;
    let found = openings(&house, &token, "").await;
    assert_eq!((found.controller, found.next), (house.brand.did.clone(), None));
    assert_eq!(found.audit.case.as_str(), "IV-2026/17");
    let [item] = &found.items[..] else {
        panic!("{} records", found.items.len())
    };
    let text = item.record.as_ref().unwrap().to_string();
    let record = CanonicalRecord::parse(text.as_bytes()).unwrap().record;
    assert_eq!(record.digest(), records[1], "not the one before, not the one after");

    // What an auditor gets holds without the node's word for it.
    let info = house.get("/v1/log").send().await.expect(200);
    let info: LogInfo = serde_json::from_slice(&info.body).unwrap();
    let keys = CheckpointKeys::new(info.origin, vec![info.checkpoint_key.parse().unwrap()], Vec::new()).unwrap();
    let signed = SignedCheckpoint::open(found.checkpoint.as_bytes(), &keys).unwrap();
    let leaf = leaf_hash(&Salt::from_bytes(*item.salt.as_ref().unwrap().as_bytes()).leaf(&record.digest()));
    assert_eq!(item.leaf_hash, Digest::from_bytes(leaf.into()));
    let proof: Vec<Hash> = item.proof.iter().map(|hash| Hash::new(*hash.as_bytes())).collect();
    let head = signed.checkpoint();
    verify_inclusion(&leaf, item.index, head.size(), &proof, &head.root()).unwrap();

    // The same period of a brand in which nothing happened.
    order["controller"] = json!(Brand::festival().did);
    let other = house.token(&order).await;
    assert!(openings(&house, &other, "").await.items.is_empty());
    let seen = uses(&house, &rival).await.uses;
    assert_eq!((seen.len(), seen[0].count, seen[0].first), (1, 0, None));
}

#[tokio::test]
async fn the_brand_sees_each_use() {
    let house = House::new().await;
    let rival = house.register(&Brand::festival()).await;
    for name in ["anna", "bert", "carla"] {
        house.person(name).await;
    }
    let token = house.token(&order(&house)).await;
    assert!(uses(&house, &house.brand_token).await.uses.is_empty());
    let mut after = String::new();
    let mut indexes = Vec::new();
    loop {
        house.pass(1);
        let page = openings(&house, &token, &format!("?limit=2{after}")).await;
        indexes.push(page.items.iter().map(|item| item.index).collect::<Vec<_>>());
        match page.next {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    // The rival's registration is not among them.
    assert_eq!(indexes, [vec![0, 1], vec![3, 4], vec![5]]);
    let seen = uses(&house, &house.brand_token).await.uses;
    let told: Vec<_> = seen.iter().map(|used| (used.first, used.last, used.count)).collect();
    assert_eq!(
        told,
        [(Some(0), Some(1), 2), (Some(3), Some(4), 2), (Some(5), Some(5), 1)]
    );
    assert!(
        seen.iter()
            .all(|used| used.audit.case.as_str() == "IV-2026/17" && used.label == "authority")
    );
    assert!(
        seen.windows(2)
            .all(|two| two[0].time < two[1].time && two[0].id < two[1].id)
    );
    assert!(
        uses(&house, &rival).await.uses.is_empty(),
        "another brand sees nothing of it"
    );
    let page = house
        .get("/v1/audits?limit=2")
        .token(&house.brand_token)
        .send()
        .await
        .expect(200);
    let page: AuditPage = serde_json::from_slice(&page.body).unwrap();
    assert_eq!((page.uses.len(), page.next), (2, Some(seen[1].id)));
}

#[tokio::test]
async fn an_auditors_token_ends() {
    let house = House::new().await;
    let token = house.token(&order(&house)).await;
    look(&house, &token, "").await.expect(200);
    house.pass(3600);
    look(&house, &token, "").await.expect(401).refused("unauthorized");
    let token = house.token(&order(&house)).await;
    let listed = house
        .get("/v1/tokens")
        .token(&house.operator_token)
        .send()
        .await
        .expect(200);
    let listed = listed.json();
    let rows = listed["tokens"].as_array().unwrap();
    let live = rows
        .iter()
        .filter(|row| row["role"] == "auditor")
        .max_by_key(|row| row["expires"].as_str())
        .unwrap();
    assert_eq!(live["audit"]["case"], "IV-2026/17");
    let path = format!("/v1/tokens/{}", live["id"].as_str().unwrap());
    let revoke = house.call(hyper::Method::DELETE, &path).token(&house.operator_token);
    revoke.send().await.expect(204);
    look(&house, &token, "").await.expect(401).refused("unauthorized");
}

#[tokio::test]
async fn a_token_has_what_its_role_needs_and_nothing_else() {
    let house = House::new().await;
    let auditor = order(&house);
    let service = json!({ "role": "service", "label": "issuer", "kinds": ["ConsentGrant"] });
    let brand = json!({ "role": "brand", "label": "till", "controller": house.brand.did });
    let changed = |order: &Value, member: &str, value: Value| {
        let mut order = order.clone();
        match value {
            Value::Null => drop(order.as_object_mut().unwrap().remove(member)),
            value => order[member] = value,
        }
        order
    };
    let backwards = json!({ "case": "x", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z" });
    let cases = [
        (changed(&auditor, "audit", Value::Null), "/audit"),
        (changed(&auditor, "audit", backwards), "/audit/to"),
        (changed(&auditor, "controller", Value::Null), "/controller"),
        (changed(&auditor, "expiresInSeconds", Value::Null), "/expiresInSeconds"),
        (
            changed(&auditor, "expiresInSeconds", json!(90 * 86_400 + 1)),
            "/expiresInSeconds",
        ),
        (changed(&auditor, "kinds", json!(["ConsentGrant"])), "/kinds"),
        (changed(&service, "kinds", Value::Null), "/kinds"),
        (changed(&service, "kinds", json!([])), "/kinds"),
        (changed(&service, "kinds", json!(["Everything"])), "/kinds/0"),
        (changed(&service, "audit", auditor["audit"].clone()), "/audit"),
        (changed(&brand, "audit", auditor["audit"].clone()), "/audit"),
        (changed(&brand, "kinds", json!([])), "/kinds"),
    ];
    for (order, pointer) in cases {
        let call = house.post("/v1/tokens").token(&house.operator_token).json(&order);
        let refused = call.send().await.expect(400).refused("malformed");
        assert_eq!(refused.as_deref(), Some(pointer), "{order}");
    }
    for order in [auditor, service, brand] {
        house.token(&order).await;
    }
}
