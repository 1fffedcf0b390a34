//! A ledger with its HTTP interface on a real port, a brand that has registered and asks, and a person.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::Method;
use placet_kernel::code::WithdrawalCode;
use placet_kernel::jws;
use placet_kernel::sign::{Algorithm, Signer};
use placet_kernel::trust::Trust;
use placet_ledger::http::{HttpConfig, HttpState, serve};
use placet_ledger::{Clock, Keys, Ledger, Role, Settings, Surroundings, TokenOrder, Watcher};
use placet_schemas::api::{REGISTRATION_TYP, RegistrationClaims, SESSION_TYP, SessionClaims};
use placet_schemas::id::{Did, DidUrl, Digest, Origin};
use placet_schemas::json;
use placet_schemas::lifecycle::State;
use placet_schemas::narrowing::{Pattern, Value as NarrowValue};
use placet_schemas::record::consent::{Anchor, Strength};
use placet_schemas::record::{Body, CanonicalRecord, Invitation};
use placet_schemas::scope::Clause;
use placet_schemas::time::Timestamp;
use placet_tests::brand::Brand;
use placet_tests::offer::{Offer, newsletter, offer, recommendations, seats};
use placet_tests::scene::{BEGINNING, ORIGIN};
use placet_tests::{Claim, bytes_of, p};
use placet_wallet::keys::{Seed, SoftwareKey};
use placet_wallet::records::{self, Built, GrantChoice, Showing};
use placet_wallet::{Pen, brand as builders};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::{Answer, Call};
use super::obstacle::Obstacle;

/// A clock that a test moves.
#[derive(Debug)]
pub(super) struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The running ledger.
pub(super) struct House {
    pub(super) ledger: Ledger,
    pub(super) origin: Origin,
    pub(super) operator_token: String,
    pub(super) brand: Brand,
    pub(super) brand_token: String,
    pub(super) offer: Offer,
    pub(super) request: CanonicalRecord,
    pub(super) address: SocketAddr,
    pub(super) obstacle: Arc<Obstacle>,
    clock: Arc<HandClock>,
    count: AtomicU64,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<std::io::Result<()>>>,
    pub(super) dir: TempDir,
}

/// A person at one brand, and her consent.
pub(super) struct Person {
    pub(super) key: SoftwareKey,
    pub(super) code: WithdrawalCode,
    pub(super) state: State,
}

impl House {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The cinema has registered, stored its notices, and asks for three things; with the interface set up as the test
    /// wants it.
    pub(super) async fn with(adjust: impl FnOnce(&mut HttpConfig)) -> Self {
        let mut house = Self::empty(adjust).await;
        house.brand_token = house.register(&house.brand.clone()).await;
        for notice in &house.offer.notices {
            house
                .post("/v1/notices")
                .token(&house.brand_token)
                .bytes(&notice.bytes)
                .send()
                .await
                .expect(201);
        }
        house
            .post("/v1/requests")
            .token(&house.brand_token)
            .bytes(&house.request.bytes)
            .send()
            .await
            .expect(201);
        house
    }

    /// Nobody has registered.
    pub(super) async fn empty(adjust: impl FnOnce(&mut HttpConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicU64::new(p::<Timestamp>(BEGINNING).unix())));
        let origin: Origin = p(ORIGIN);
        let settings = Settings {
            tick: Duration::from_millis(2),
            head_file: Some(dir.path().join("head")),
            ..Settings::new(origin.clone(), dir.path().join("log"))
        };
        let obstacle = Arc::new(Obstacle::default());
        let surroundings = Surroundings {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            watcher: Arc::clone(&obstacle) as Arc<dyn Watcher>,
        };
        let keys = Keys::generate(&dir.path().join("keys")).unwrap();
        let ledger = Ledger::open_in(settings, keys, surroundings).await.unwrap();
        let order = TokenOrder {
            role: Role::Operator,
            controller: None,
            audit: None,
            kinds: None,
            key: None,
            label: "test".to_owned(),
            expires: None,
        };
        let (_, token) = ledger.issue_token(order).await.unwrap();
        let mut config = HttpConfig::new("https://placet.example/");
        adjust(&mut config);
        let state = HttpState::new(ledger.clone(), config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, state, async { stopped.await.unwrap_or(()) }));
        let brand = Brand::cinema();
        let offer = offer(&[&brand], vec![newsletter(), recommendations(), seats()], 0);
        let pen = Pen {
            origin: &origin,
            key: &brand.key,
            random: [0; 16],
            now: clock.now(),
        };
        let request = builders::request(offer.request.clone(), &offer.notices, brand.signer(), &pen).unwrap();
        Self {
            request,
            operator_token: token.expose().to_owned(),
            brand_token: String::new(),
            count: AtomicU64::new(0),
            stop: Some(stop),
            served: Some(served),
            dir,
            ledger,
            origin,
            brand,
            offer,
            address,
            obstacle,
            clock,
        }
    }

    /// Begins to stop.
    pub(super) fn order_to_stop(&mut self) -> JoinHandle<std::io::Result<()>> {
        self.stop.take().unwrap().send(()).unwrap();
        self.served.take().unwrap()
    }

    pub(super) fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.address, method, path)
    }

    pub(super) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(super) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// Sends a record to where records enter.
    pub(super) async fn send(&self, record: &[u8]) -> Answer {
        self.post("/v1/records").bytes(record).send().await
    }

    /// The keys that the node announces, pinned.
    pub(super) async fn trust(&self) -> Trust {
        let info = self.get("/v1/log").send().await.expect(200).json();
        let trust = json!({
            "version": 1,
            "groups": [],
            "quorum": "none",
            "witnesses": [],
            "logs": [{
                "origin": info["origin"],
                "checkpointKeys": [{ "vkey": info["checkpointKey"], "sizes": { "from": 0 } }],
                "cosignerKeys": [{ "vkey": info["cosignerKey"], "sizes": { "from": 0 } }],
                "operatorKeys": [{ "key": info["operatorKey"], "sizes": { "from": 0 } }],
            }],
        });
        Trust::parse(trust.to_string().as_bytes()).unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Bytes that no other call gives.
    pub(super) fn fresh(&self) -> [u8; 16] {
        bytes_of(&format!("fresh {}", self.count.fetch_add(1, Ordering::SeqCst)))
    }

    pub(super) fn pen<'a>(&'a self, key: &'a dyn Signer) -> Pen<'a> {
        Pen {
            origin: &self.origin,
            key,
            random: self.fresh(),
            now: self.now(),
        }
    }

    /// A request of the cinema, signed.
    pub(super) fn signed_request(&self, body: &placet_schemas::record::request::ConsentRequest) -> CanonicalRecord {
        self.brand_claim(Body::ConsentRequest(Box::new(body.clone())))
            .sign(&self.brand.key)
    }

    /// A claim of the cinema's, to be spoilt before it is signed.
    pub(super) fn brand_claim(&self, body: Body) -> Claim {
        Claim {
            issuer: self.brand.did.clone(),
            method: Some(self.brand.method.clone()),
            ..self.claim(&self.brand.key, body)
        }
    }

    /// A claim of anyone's, likewise.
    pub(super) fn claim(&self, key: &SoftwareKey, body: Body) -> Claim {
        Claim {
            issuer: key.did(),
            method: None,
            domain: self.origin.clone(),
            from: self.now(),
            until: None,
            challenge: None,
            body,
        }
    }

    /// A nonce.
    pub(super) async fn nonce(&self) -> String {
        let answer = self.post("/v1/challenges").json(&json!({})).send().await.expect(201);
        answer.json()["nonce"].as_str().unwrap().to_owned()
    }

    /// The order to register a brand, its document handed in.
    pub(super) async fn registration(&self, brand: &Brand) -> Value {
        let claims = RegistrationClaims {
            aud: self.origin.clone(),
            iat: self.now().unix(),
            nonce: self.nonce().await,
            sub: brand.did.clone(),
        };
        let jws = jws::sign(
            &json::to_jcs(&claims).unwrap(),
            REGISTRATION_TYP,
            &brand.method,
            &brand.key,
        )
        .unwrap();
        let document = serde_json::to_value(&brand.keys().document).unwrap();
        json!({ "did": brand.did, "legalName": brand.legal_name, "document": document, "challenge": jws })
    }

    /// Registers a brand; gives a token of its.
    pub(super) async fn register(&self, brand: &Brand) -> String {
        let order = self.registration(brand).await;
        self.post("/v1/controllers")
            .token(&self.operator_token)
            .json(&order)
            .send()
            .await
            .expect(201);
        self.token(&json!({ "role": "brand", "controller": brand.did, "label": "shop" }))
            .await
    }

    /// A token by the operator's order.
    pub(super) async fn token(&self, order: &Value) -> String {
        let answer = self
            .post("/v1/tokens")
            .token(&self.operator_token)
            .json(order)
            .send()
            .await
            .expect(201);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// The compact JWS of a session.
    pub(super) async fn session_jws(&self, key: &SoftwareKey) -> String {
        let claims = SessionClaims {
            aud: self.origin.clone(),
            iat: self.now().unix(),
            nonce: self.nonce().await,
        };
        sign_session(
            &serde_json::to_value(claims).unwrap(),
            SESSION_TYP,
            &key.did().key_method().unwrap(),
            key,
        )
    }

    /// A session of the person with this key.
    pub(super) async fn session(&self, key: &SoftwareKey) -> String {
        let jws = self.session_jws(key).await;
        let answer = self
            .post("/v1/sessions")
            .json(&json!({ "jws": jws }))
            .send()
            .await
            .expect(201);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// An invitation to the cinema's request.
    pub(super) async fn invitation(&self) -> Invitation {
        let path = format!("/v1/requests/{}/invitations", self.request.record.digest());
        let answer = self
            .post(&path)
            .token(&self.brand_token)
            .json(&json!({}))
            .send()
            .await
            .expect(201);
        p(answer.json()["invitations"][0]["invitation"].as_str().unwrap())
    }

    /// A person's key at the cinema.
    pub(super) fn key(&self, name: &str) -> SoftwareKey {
        self.key_at(name, &self.brand.did)
    }

    pub(super) fn key_at(&self, name: &str, brand: &Did) -> SoftwareKey {
        Seed::from_bytes(bytes_of(name)).pairwise(&self.origin, brand, Algorithm::Ed25519, 0)
    }

    /// A yes to the newsletter and the recommendations for a year, not sent.
    pub(super) async fn unsent(&self, name: &str) -> (Built, WithdrawalCode) {
        let invitation = self.invitation().await;
        self.unsent_by(
            &self.key(name),
            &self.request,
            &invitation,
            &[newsletter(), recommendations()],
        )
    }

    pub(super) fn unsent_by(
        &self,
        key: &SoftwareKey,
        request: &CanonicalRecord,
        invitation: &Invitation,
        clauses: &[Clause],
    ) -> (Built, WithdrawalCode) {
        let selected: Vec<Digest> = clauses.iter().map(Clause::digest).collect();
        let code = WithdrawalCode::from_random(self.fresh());
        let (language, page) = (p("en"), p("page 1"));
        let showing = self.showing(request, &language, &page, self.now().plus(p("P1Y")));
        let choice = GrantChoice {
            showing,
            invitation,
            selected: &selected,
        };
        (records::grant(&choice, &code, &self.pen(key)).unwrap(), code)
    }

    /// What a person is shown.
    pub(super) fn showing<'a>(
        &self,
        request: &'a CanonicalRecord,
        language: &'a placet_schemas::id::Language,
        page: &'a placet_schemas::text::Text,
        until: Timestamp,
    ) -> Showing<'a> {
        Showing {
            request: &request.record,
            language,
            explicit: &[],
            valid_until: Some(until),
            strength: Strength::SubjectKey,
            anchor: nothing_seen(),
            page,
        }
    }

    /// A person who has said yes.
    pub(super) async fn person(&self, name: &str) -> Person {
        let (built, code) = self.unsent(name).await;
        self.send(&built.bytes).await.expect(201);
        Person {
            key: self.key(name),
            code,
            state: built.state,
        }
    }

    /// A signature of the person's over an erasure request.
    pub(super) fn erasure(&self, person: &Person) -> Built {
        records::erase(
            &person.state,
            records::Erasure::default(),
            nothing_seen(),
            &self.pen(&person.key),
        )
        .unwrap()
    }

    /// What takes the purchases back.
    pub(super) fn narrowing(&self, person: &Person) -> Built {
        let pattern = Pattern::Value {
            purpose: None,
            value: NarrowValue::Category(p("pd:Purchase")),
        };
        records::narrow(&person.state, vec![pattern], nothing_seen(), &self.pen(&person.key)).unwrap()
    }

    /// A withdrawal of the person's.
    pub(super) fn withdrawal(&self, person: &Person) -> Built {
        records::withdraw(&person.state, None, &self.pen(&person.key)).unwrap()
    }
}

/// A session's or any other token, whatever it claims.
pub(super) fn sign_session(claims: &Value, typ: &str, kid: &DidUrl, key: &SoftwareKey) -> String {
    jws::sign(claims.to_string().as_bytes(), typ, kid, key).unwrap()
}

/// The anchor of a wallet that has seen no checkpoint.
pub(super) fn nothing_seen() -> Anchor {
    Anchor {
        size: 0,
        root: Digest::of(b""),
    }
}

/// The same record with its proof's value taken from another.
pub(super) fn with_other_signature(record: &[u8], other: &[u8]) -> Vec<u8> {
    let mut record: Value = serde_json::from_slice(record).unwrap();
    let other: Value = serde_json::from_slice(other).unwrap();
    record["proof"]["proofValue"] = other["proof"]["proofValue"].clone();
    record.to_string().into_bytes()
}
