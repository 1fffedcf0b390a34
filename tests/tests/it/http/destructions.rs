//! A consent is destroyed by order, over HTTP: what callers see of it, what followers do, and what is left on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::jws;
use placet_schemas::api::{
    DESTRUCTION_ORDER_TYP, DestructionPage, DestructionProgress, DestructionSummary, FeedAnswer, FeedItem,
    OpeningsAnswer, OrderClaims,
};
use placet_schemas::json;
use placet_schemas::record::consent::ErasureGround;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use super::audits;
use super::follower::Follower;
use super::house::{House, Person};
use super::privacy::Captured;

/// Enough other people that the pages of the keyring's indexes were divided more than once.
const CROWD: usize = 60;

impl House {
    /// The cinema's order to destroy a person's consent.
    fn destruction_order(&self, person: &Person) -> String {
        let claims = OrderClaims {
            origin: self.origin.clone(),
            consent: person.state.consent,
            ground: ErasureGround::NoLongerNecessary,
            date: self.now(),
        };
        let claims = json::to_jcs(&claims).unwrap();
        jws::sign(&claims, DESTRUCTION_ORDER_TYP, &self.brand.method, &self.brand.key).unwrap()
    }

    /// Has the operator carry the order in.
    async fn destroy(&self, person: &Person) -> DestructionSummary {
        let order = json!({ "order": self.destruction_order(person) });
        let call = self.post("/v1/destructions").token(&self.operator_token).json(&order);
        serde_json::from_slice(&call.send().await.expect(201).body).unwrap()
    }

    /// The only destruction, when the node itself has nothing left.
    async fn cleared(&self) -> DestructionSummary {
        for _ in 0..2000 {
            let answer = self
                .get("/v1/destructions")
                .token(&self.operator_token)
                .send()
                .await
                .expect(200);
            let page: DestructionPage = serde_json::from_slice(&answer.body).unwrap();
            let [only] = <[_; 1]>::try_from(page.destructions).unwrap();
            if !only.pending.iter().any(|name| name == "ledger") {
                return only;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the node never finished");
    }

    async fn feed(&self, token: &str) -> Vec<FeedItem> {
        let path = format!("/v1/feed?controller={}", self.brand.did);
        let answer = self.get(&path).token(token).send().await.expect(200);
        let answer: FeedAnswer = serde_json::from_slice(&answer.body).unwrap();
        answer.items
    }

    async fn evidence(&self, person: &Person) -> Vec<u8> {
        let path = format!("/v1/consents/{}/evidence", person.state.consent);
        self.get(&path).token(&self.brand_token).send().await.expect(200).body
    }

    /// Every octet that the node has on its disk, by file.
    fn raw(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.dir.path().join("log"), &mut files);
        collect(&self.dir.path().join("head"), &mut files);
        assert!(
            files.keys().any(|name| name.ends_with("keyring.db-wal")),
            "{:?}",
            files.keys()
        );
        files
    }
}

fn collect(path: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else {
        files.insert(path.display().to_string(), fs::read(path).unwrap());
    }
}

/// The file that has this, if any.
fn find<'a>(files: &'a BTreeMap<String, Vec<u8>>, needle: &[u8]) -> Option<&'a str> {
    assert!(needle.len() >= 16, "a short needle is found by chance");
    let has = |bytes: &[u8]| {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == needle[0]) {
            rest = &rest[at..];
            if rest.starts_with(needle) {
                return true;
            }
            rest = &rest[1..];
        }
        false
    };
    files
        .iter()
        .find(|(_, bytes)| has(bytes))
        .map(|(name, _)| name.as_str())
}

/// A value in pieces that fit between the places where SQLite cuts it.
fn pieces(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.chunks(32).filter(|piece| piece.len() >= 16)
}

/// What is really stored of these leaves: wrapped keys and salts, blinded look-ups, sealed texts, answers and state.
async fn stored(house: &House, leaves: &[u64]) -> Vec<(&'static str, Vec<u8>)> {
    let list = leaves.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut found = Vec::new();
    for (file, column, rest) in [
        ("keyring.db", "wrapped", "record_keys WHERE idx"),
        ("keyring.db", "blind", "lookups WHERE idx"),
        ("keyring.db", "blind", "members WHERE idx"),
        ("main.db", "record", "records WHERE record IS NOT NULL AND idx"),
        ("main.db", "answer", "records WHERE answer <> x'' AND idx"),
        ("main.db", "state", "consents WHERE grant_idx"),
        (
            "main.db",
            "line",
            "access_texts NATURAL JOIN access_lines WHERE grant_idx",
        ),
    ] {
        let options = SqliteConnectOptions::new().filename(house.dir.path().join("log").join(file));
        let mut db = SqliteConnection::connect_with(&options).await.unwrap();
        let query = format!("SELECT {column} FROM {rest} IN ({list})");
        let values: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_all(&mut db)
            .await
            .unwrap();
        found.extend(values.into_iter().map(|value| (column, value)));
        db.close().await.unwrap();
    }
    found
}

/// The runtime has one thread, so the subscriber of this thread sees all that the node says but for its writer.
#[tokio::test(flavor = "current_thread")]
async fn a_destroyed_consent_is_gone_from_every_raw_file() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(captured.clone());
    let guard = tracing::subscriber::set_default(subscriber.finish());
    let house = House::new().await;
    let follower = Follower::hire(&house, "follower").await;
    let anna = house.person("anna").await;
    let bert = house.person("bert").await;
    for name in 0..CROWD {
        house.person(&format!("somebody {name}")).await;
    }
    for record in [
        house.narrowing(&anna).bytes,
        house.erasure(&anna).bytes,
        house.withdrawal(&anna).bytes,
    ] {
        house.send(&record).await.expect(201);
    }
    let report = house.report_of(&[&anna, &bert, &anna]);
    house.tell(&report).await;
    follower.follow(&house).await;
    let leaves = [2, 4 + CROWD as u64, 5 + CROWD as u64, 6 + CROWD as u64];

    // What is stored, and what it stands for: plaintext, salts, digests, the person's DIDs.
    let stored_before = stored(&house, &leaves).await;
    assert!(stored_before.len() > 20, "{}", stored_before.len());
    let feed = house.feed(&house.brand_token).await;
    let opened: Vec<&FeedItem> = feed.iter().filter(|item| leaves.contains(&item.index)).collect();
    assert_eq!(opened.len(), leaves.len());
    let mut personal: Vec<Vec<u8>> = vec![
        anna.key.did().to_string().into(),
        anna.state.withdrawal_key.to_string().into(),
    ];
    for item in &opened {
        let record = json::to_jcs(item.record.as_ref().unwrap()).unwrap();
        let digest = placet_schemas::id::Digest::of(&record);
        personal.push(digest.to_string().into());
        personal.push(digest.as_bytes().to_vec());
        personal.push(item.salt.as_ref().unwrap().as_bytes().to_vec());
        personal.push(String::from(item.salt.unwrap()).into());
        personal.push(item.record.as_ref().unwrap()["id"].as_str().unwrap().into());
    }
    personal.extend(
        report
            .lines
            .lines
            .iter()
            .map(|posted| posted.line.id.to_string().into()),
    );
    let mut before = house.raw();
    before.insert("text log".to_owned(), captured.bytes());
    for (column, value) in &stored_before {
        let found = pieces(value).filter(|piece| find(&before, piece).is_some()).count();
        assert!(found > 0, "a {column} of {} octets is in no file", value.len());
    }
    for secret in &personal {
        assert_eq!(find(&before, secret), None, "{}", String::from_utf8_lossy(secret));
    }
    let did = anna.key.did().to_string();
    let copy = |house: &House| {
        let mut files = BTreeMap::new();
        for ending in ["", "-wal", "-shm"] {
            collect_if_there(house, &format!("follower.db{ending}"), &mut files);
        }
        files
    };
    assert!(
        find(&copy(&house), did.as_bytes()).is_some(),
        "the follower has read her grant"
    );
    let theirs = house.evidence(&bert).await;

    let ordered = house.destroy(&anna).await;
    assert_eq!(ordered.leaves, leaves);
    let cleared = house.cleared().await;
    assert_eq!(
        (cleared.state, &cleared.pending[..]),
        (DestructionProgress::Pending, &["follower".to_owned()][..])
    );
    follower.follow(&house).await;
    let done = house.cleared().await;
    assert_eq!((done.state, done.pending.len()), (DestructionProgress::Destroyed, 0));

    drop(guard);
    assert!(stored(&house, &leaves).await.is_empty());
    let mut after = house.raw();
    after.insert("text log".to_owned(), captured.bytes());
    for (column, value) in &stored_before {
        for piece in pieces(value) {
            assert_eq!(
                find(&after, piece),
                None,
                "a piece of a {column} of {} octets",
                value.len()
            );
        }
    }
    for secret in &personal {
        assert_eq!(find(&after, secret), None, "{}", String::from_utf8_lossy(secret));
        assert_eq!(
            find(&copy(&house), secret),
            None,
            "the follower: {}",
            String::from_utf8_lossy(secret)
        );
    }
    // Everything else is as it was, and still verifies.
    let trust = house.trust().await;
    for evidence in [theirs, house.evidence(&bert).await] {
        let report = bundle::verify(&evidence, Some(&trust), house.now(), None).unwrap();
        assert_eq!(report.recorded, Verdict::Holds);
    }
    // A follower that lost everything reads the same feed anew.
    let rows = follower.rows().await;
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", follower.db.display()));
    }
    follower.follow(&house).await;
    assert_eq!(follower.rows().await, rows);
    assert_eq!(
        rows.iter()
            .filter(|row| leaves.contains(&(row.1 as u64)))
            .filter(|row| row.3.is_some())
            .count(),
        0
    );
    house.ledger.close().await;
}

fn collect_if_there(house: &House, name: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let path = house.dir.path().join(name);
    if path.exists() {
        collect(&path, files);
    }
}

#[tokio::test]
async fn what_was_destroyed_is_410_by_index_and_404_by_digest() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    house.person("bert").await;
    house.send(&house.withdrawal(&anna).bytes).await.expect(201);
    let session = house.session(&anna.key).await;
    let destroyed = house.destroy(&anna).await;
    assert_eq!((destroyed.index, &destroyed.leaves[..]), (5, &[2, 4][..]));
    assert_eq!(destroyed.ground, "eu-gdpr:JustificationA17NonNecessity");
    house.cleared().await;

    for index in [2, 4] {
        let gone = house.get(&format!("/log/public/{index}")).send().await.expect(410);
        gone.refused("destroyed");
    }
    // Neither that of another person nor the Destruction itself is public.
    for index in [3, 5, 99] {
        house
            .get(&format!("/log/public/{index}"))
            .send()
            .await
            .expect(404)
            .refused("not_found");
    }
    for token in [&session, &house.brand_token] {
        for path in ["consents/ID", "consents/ID/evidence", "records/ID/proof"] {
            let path = format!("/v1/{}", path.replace("ID", &anna.state.consent.to_string()));
            let answer = house.get(&path).token(token).send().await.expect(404);
            answer.refused("not_found");
        }
    }
    let own = house
        .get("/v1/consents")
        .token(&session)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(own["consents"], json!([]));
    house.send(&anna_again(&house, &anna)).await.refused("consent_unknown");
    let code = json!({ "code": anna.code.to_string() });
    house
        .post("/v1/withdrawals")
        .json(&code)
        .send()
        .await
        .refused("consent_unknown");

    let auditor = house.token(&audits::order(&house)).await;
    let openings = house.get("/v1/audit/openings").token(&auditor).send().await.expect(200);
    let openings: OpeningsAnswer = serde_json::from_slice(&openings.body).unwrap();
    for items in [house.feed(&house.brand_token).await, openings.items] {
        assert_eq!(items.len(), 6);
        for item in items {
            let orphan = [2, 4].contains(&item.index);
            assert_eq!(item.destroyed, orphan.then_some(5), "{}", item.index);
            assert_eq!((item.record.is_none(), item.salt.is_none()), (orphan, orphan));
        }
    }
}

fn anna_again(house: &House, anna: &Person) -> Vec<u8> {
    house.withdrawal(anna).bytes
}

#[tokio::test]
async fn an_order_is_carried_in_by_the_operator_and_refused_with_a_reason() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let call = |body: serde_json::Value| {
        house
            .post("/v1/destructions")
            .token(&house.operator_token)
            .json(&body)
            .send()
    };
    let order = house.destruction_order(&anna);
    let none = format!("{}.{}", &order[..20], &order[20..]);
    call(json!({ "order": none })).await.expect(422).refused("bad_order");
    let stranger = Person {
        key: house.key("nobody"),
        ..house.person("carla").await
    };
    let mut other = stranger.state.clone();
    other.consent = placet_schemas::id::Digest::of(b"none");
    let unknown = house.destruction_order(&Person {
        state: other,
        ..stranger
    });
    call(json!({ "order": unknown })).await.expect(404).refused("not_found");
    let first = call(json!({ "order": order })).await.expect(201).json();
    let again = call(json!({ "order": order })).await.expect(201).json();
    assert_eq!(first["index"], again["index"]);
    // Nobody brings a Destruction in as a record.
    let record = house.feed(&house.brand_token).await.pop().unwrap().record.unwrap();
    let sent = house.post("/v1/records").json(&record).send().await.expect(422);
    assert_eq!(sent.refused("wrong_endpoint").as_deref(), Some("/type/1"));
    let done = json!({ "done": order });
    let path = format!("/v1/destructions/{}/acknowledgements", first["index"]);
    let wrong = house.post(&path).token(&house.operator_token).json(&done).send().await;
    wrong.refused("bad_acknowledgement");
    house
        .post("/v1/destructions/0/acknowledgements")
        .token(&house.operator_token)
        .json(&done)
        .send()
        .await
        .expect(404);
}
