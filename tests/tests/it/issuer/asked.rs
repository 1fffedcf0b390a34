//! OpenID4VP at a verifier that has no replica: what is no answer to its request, and what it does not believe.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_kernel::sd_jwt;
use placet_schemas::credential::sd_jwt::RECEIPT_VCT;
use placet_tests::caller::Answer;
use placet_tests::issuer::{IssuerProcess, SD_JWT};
use placet_tests::process::{built, now};
use placet_tests::verifier::{VerifierOrder, VerifierProcess};
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use super::house::{Given, House};

const FORM: &str = "application/x-www-form-urlencoded";
const REQUEST_TYP: &str = "oauth-authz-req+jwt";
/// As many answers that are none as a request takes.
const TRIES: usize = 5;

struct Scene {
    house: House,
    issuer: IssuerProcess,
    ada: Given,
    receipt: String,
    key: PathBuf,
}

/// A request, as a wallet has read it.
struct Asked {
    id: String,
    claims: Value,
}

impl Scene {
    fn new() -> Self {
        let house = House::open();
        let issuer = house.issuer();
        let ada = house.yes("Ada");
        let _known = ada.receipt(&issuer);
        let receipt = issuer.claim(SD_JWT, &ada.consent, &ada.customer.key);
        let key = house.dir.path().join("brand.key.json");
        let did = house.shop.brand.did.as_str();
        let made = Command::new(built())
            .args(["keygen", "brand", "--did", did, "--out"])
            .arg(&key)
            .output();
        assert!(made.unwrap().status.success());
        Self {
            receipt: receipt.as_str().unwrap().to_owned(),
            house,
            issuer,
            ada,
            key,
        }
    }

    /// A verifier that cannot reach the ledger, with or without the issuer's keys.
    fn verifier(&self, name: &str, pinned: bool, more: &[&str]) -> VerifierProcess {
        let folder = self.house.dir.path().join(name);
        let trust = self.house.dir.path().join(format!("{name}.json"));
        let mut file = self.house.node.trust_file();
        if pinned {
            file.issuers = self.house.order.issuers(&self.house.node);
        }
        fs::write(&trust, serde_json::to_vec(&file).unwrap()).unwrap();
        let key = self.key.to_str().unwrap();
        let more = [&["--request-key", key], more].concat();
        let binary = built();
        let order = VerifierOrder {
            ledger: "http://127.0.0.1:9".to_owned(),
            trust,
            more: &more,
            ..VerifierOrder::of(&binary, &self.house.node, &folder)
        };
        VerifierProcess::start(&order, &self.house.shop)
    }

    fn asked(&self) -> Value {
        let clause = serde_json::to_value(&self.house.clause).unwrap();
        json!({ "asked": {
            "purpose": clause["purpose"]["id"],
            "categories": clause["categories"],
            "processing": clause["processing"][0],
            "delivery": clause["delivery"][0],
        } })
    }

    fn ask(&self, verifier: &VerifierProcess) -> Asked {
        self.ask_with(verifier, &[])
    }

    /// The same with more members.
    fn ask_with(&self, verifier: &VerifierProcess, more: &[(&str, &str)]) -> Asked {
        let mut body = self.asked();
        for (name, value) in more {
            body[*name] = json!(value);
        }
        let body = body.to_string();
        let answer = verifier.caller().call("POST", "/v1/presentations", body.as_bytes());
        let said: Value = serde_json::from_slice(&answer.unwrap().expect(201, "a request")).unwrap();
        let id = said["id"].as_str().unwrap().to_owned();
        let token = verifier.caller().get(&format!("/openid/presentations/{id}"));
        let token = String::from_utf8(token).unwrap();
        let (_, payload) = jws::verify_within(&token, REQUEST_TYP, 64 * 1024, |_| Some(self.public_key())).unwrap();
        Asked {
            id,
            claims: serde_json::from_slice(&payload).unwrap(),
        }
    }

    /// Of the brand's key, as its DID document has it.
    fn public_key(&self) -> PublicKey {
        let document = self.house.dir.path().join("brand.did.json");
        let document: Value = serde_json::from_slice(&fs::read(document).unwrap()).unwrap();
        let key = document["verificationMethod"][0]["publicKeyMultibase"]
            .as_str()
            .unwrap();
        PublicKey::from_multibase(key).unwrap()
    }

    fn shown_by(&self, key: &SoftwareKey, audience: &str, nonce: &str) -> String {
        let all = |name: Option<&str>, _: &Value| name != Some("sub");
        sd_jwt::present(&self.receipt, all, (audience, nonce), now(), key).unwrap()
    }

    fn shown(&self, asked: &Asked) -> String {
        let text = |name: &str| asked.claims[name].as_str().unwrap();
        self.shown_by(&self.ada.customer.key, text("client_id"), text("nonce"))
    }
}

fn token(shown: &str) -> String {
    json!({ "receipt": [shown] }).to_string()
}

fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
    let encoded = pairs.iter().map(|(name, value)| format!("{name}={}", percent(value)));
    encoded.collect::<Vec<_>>().join("&").into_bytes()
}

fn percent(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02X}")).collect()
}

fn send(verifier: &VerifierProcess, id: &str, kind: &str, body: &[u8]) -> Answer {
    let (path, headers) = (format!("/openid/presentations/{id}"), [("content-type", kind)]);
    let mut caller = verifier.caller();
    caller.call_with("POST", &path, &headers, body).unwrap()
}

fn answer(verifier: &VerifierProcess, asked: &Asked, shown: &str) -> Answer {
    let body = form(&[("vp_token", &token(shown)), ("state", &asked.id)]);
    send(verifier, &asked.id, FORM, &body)
}

fn code(answer: &Answer) -> String {
    let said: Value = serde_json::from_slice(&answer.body).unwrap();
    said["code"].as_str().unwrap_or("none").to_owned()
}

fn lists_fetched(issuer: &IssuerProcess) -> bool {
    let metrics = String::from_utf8(issuer.caller().get("/metrics")).unwrap();
    metrics
        .lines()
        .any(|line| line.contains("calls_total") && line.contains("/status/token/"))
}

fn look(verifier: &VerifierProcess, id: &str) -> Value {
    serde_json::from_slice(&verifier.caller().get(&format!("/v1/presentations/{id}"))).unwrap()
}

#[test]
fn a_request_says_who_asks_for_what_and_is_signed_by_the_brand() {
    let scene = Scene::new();
    let verifier = scene.verifier("verifier", true, &["--status-private"]);
    let asked = scene.ask(&verifier);
    let claims = &asked.claims;
    assert_eq!(claims["response_type"], "vp_token");
    assert_eq!(claims["response_mode"], "direct_post");
    assert_eq!(
        claims["client_id"],
        format!("decentralized_identifier:{}", scene.house.shop.brand.did)
    );
    let query = &claims["dcql_query"]["credentials"][0];
    assert_eq!(query["meta"]["vct_values"], json!([RECEIPT_VCT]));
    assert_eq!(query["claims"][1]["values"][0], scene.asked()["asked"]["purpose"]);
    let other = scene.ask(&verifier);
    assert_ne!((&asked.id, &claims["nonce"]), (&other.id, &other.claims["nonce"]));
    assert_eq!(answer(&verifier, &asked, &scene.shown(&asked)).status, 200);
    let decided = look(&verifier, &asked.id)["decided"].clone();
    assert_eq!(decided["decision"], true, "{decided}");
    // A permit is good for a second, as any.
    assert!(decided["validUntil"].as_str() > decided["evaluatedAt"].as_str());
    assert_eq!(look(&verifier, &other.id)["state"], "waiting");
}

#[test]
fn what_is_no_answer_to_the_request_is_refused_and_leaves_it_open() {
    let scene = Scene::new();
    let verifier = scene.verifier("verifier", true, &["--status-private"]);
    let asked = scene.ask(&verifier);
    let shown = scene.shown(&asked);
    let whole = token(&shown);
    let (client, nonce) = (&asked.claims["client_id"], asked.claims["nonce"].as_str().unwrap());
    let client = client.as_str().unwrap();
    for (what, pairs) in [
        ("no state", vec![("vp_token", whole.as_str())]),
        ("another state", vec![("vp_token", &whole), ("state", "x")]),
        ("nothing", vec![("state", asked.id.as_str())]),
        (
            "both",
            vec![("state", &asked.id), ("vp_token", &whole), ("error", "access_denied")],
        ),
        (
            "twice",
            vec![("state", &asked.id), ("vp_token", &whole), ("vp_token", &whole)],
        ),
        ("no JSON", vec![("state", &asked.id), ("vp_token", &shown)]),
        ("no object", vec![("state", &asked.id), ("vp_token", "[]")]),
        (
            "two of them",
            vec![("state", &asked.id), ("vp_token", r#"{"receipt":["a","b"]}"#)],
        ),
        (
            "another id",
            vec![("state", &asked.id), ("vp_token", r#"{"other":["a"]}"#)],
        ),
        (
            "deep",
            vec![("state", &asked.id), ("vp_token", r#"{"receipt":[[[[[[["a"]]]]]]]}"#)],
        ),
    ] {
        let answer = send(&verifier, &asked.id, FORM, &form(&pairs));
        assert_eq!(
            (answer.status, code(&answer).as_str()),
            (400, "presentation_refused"),
            "{what}"
        );
    }
    let json = send(&verifier, &asked.id, "application/json", whole.as_bytes());
    assert_eq!(json.status, 400);
    let large = send(&verifier, &asked.id, FORM, &vec![b'a'; 3 << 20]);
    assert_eq!((large.status, code(&large).as_str()), (413, "oversize"));
    let long = "x".repeat(500);
    for (path, id) in [("x", "x"), (&long, &long), ("..%2F..%2Fetc", "../../etc")] {
        let body = form(&[("state", id), ("error", "x")]);
        assert_eq!(send(&verifier, path, FORM, &body).status, 404, "{path}");
    }

    // Presentations, of a receipt that holds, that are not for this request or not by its holder.
    let stranger = SoftwareKey::ed25519_from_seed(&[7; 32]);
    let key = &scene.ada.customer.key;
    let bare = format!("{}~", shown.rsplit_once('~').unwrap().0);
    let foreign = [
        scene.shown_by(key, "decentralized_identifier:did:web:gym.example", nonce),
        scene.shown_by(key, client, "another"),
        scene.shown_by(&stranger, client, nonce),
        bare,
    ];
    for shown in &foreign {
        let answer = answer(&verifier, &asked, shown);
        assert_eq!((answer.status, code(&answer).as_str()), (400, "presentation_refused"));
        assert_eq!(look(&verifier, &asked.id), json!({"state": "waiting"}));
    }
    assert_eq!(answer(&verifier, &asked, &shown).status, 200);
    assert_eq!(look(&verifier, &asked.id)["decided"]["decision"], true);
    // Again, here or at another request.
    assert_eq!(code(&answer(&verifier, &asked, &shown)), "presentation_answered");
    let other = scene.ask(&verifier);
    assert_eq!(code(&answer(&verifier, &other, &shown)), "presentation_refused");

    // Nobody guesses for ever.
    for _ in 1..TRIES {
        assert_eq!(answer(&verifier, &other, &shown).status, 400);
    }
    let late = answer(&verifier, &other, &scene.shown(&other));
    assert_eq!((late.status, code(&late).as_str()), (410, "presentation_answered"));
}

#[test]
fn who_is_not_pinned_is_not_believed_nor_called() {
    let scene = Scene::new();
    let verifier = scene.verifier("verifier", false, &["--status-private"]);
    let asked = scene.ask(&verifier);
    let refused = answer(&verifier, &asked, &scene.shown(&asked));
    assert_eq!((refused.status, code(&refused).as_str()), (400, "presentation_refused"));
    let why: Value = serde_json::from_slice(&refused.body).unwrap();
    assert!(
        why["detail"]
            .as_str()
            .unwrap()
            .contains("no issuer whom this verifier knows")
    );
    // The brand is told nothing of what a stranger has made up: a receipt of an issuer whom it knows is still an answer.
    assert_eq!(look(&verifier, &asked.id), json!({"state": "waiting"}));
    assert!(!lists_fetched(&scene.issuer), "an address of a stranger is not called");
    let knowing = scene.verifier("knowing", true, &["--status-private"]);
    let asked = scene.ask(&knowing);
    assert_eq!(answer(&knowing, &asked, &scene.shown(&asked)).status, 200);
    assert!(lists_fetched(&scene.issuer));
}

#[test]
fn a_receipt_of_a_record_that_is_not_shown_to_be_in_the_log_is_no_answer() {
    let scene = Scene::new();
    let verifier = scene.verifier("verifier", true, &["--status-private"]);
    let asked = scene.ask(&verifier);
    let claim = |name: &str| asked.claims[name].as_str().unwrap();
    let without_salt = sd_jwt::present(
        &scene.receipt,
        |name, _| name.is_none(),
        (claim("client_id"), claim("nonce")),
        now(),
        &scene.ada.customer.key,
    );
    let refused = answer(&verifier, &asked, &without_salt.unwrap());
    assert_eq!((refused.status, code(&refused).as_str()), (400, "presentation_refused"));
    assert_eq!(look(&verifier, &asked.id), json!({"state": "waiting"}));
    assert_eq!(answer(&verifier, &asked, &scene.shown(&asked)).status, 200);
}

/// A permit by whoever happened to answer would let anyone lend his yes to somebody else's data.
#[test]
fn a_brand_that_says_whom_it_means_is_answered_by_her_alone() {
    let scene = Scene::new();
    let verifier = scene.verifier("verifier", true, &["--status-private"]);
    let her = scene.ada.customer.key.did().to_string();
    let other = SoftwareKey::ed25519_from_seed(&[7; 32]).did().to_string();
    for (subject, names_her, expected) in [
        (&her, true, "permitted"),
        (&her, false, "no_record"),
        (&other, true, "no_record"),
    ] {
        let asked = scene.ask_with(&verifier, &[("subject", subject)]);
        assert_eq!(
            asked.claims["dcql_query"]["credentials"][0]["claims"][2]["path"],
            json!(["sub"])
        );
        let claim = |name: &str| asked.claims[name].as_str().unwrap();
        let shown = sd_jwt::present(
            &scene.receipt,
            |name, _| names_her || name != Some("sub"),
            (claim("client_id"), claim("nonce")),
            now(),
            &scene.ada.customer.key,
        );
        assert_eq!(answer(&verifier, &asked, &shown.unwrap()).status, 200);
        let decided = look(&verifier, &asked.id)["decided"].clone();
        assert_eq!(decided["reasons"][0]["code"], expected, "{decided}");
        assert_eq!(decided["decision"], expected == "permitted");
    }
}

/// Whoever starts a session and sends its link to somebody else does not get to see what she is permitted.
#[test]
fn a_decision_is_told_to_the_browser_that_comes_from_the_wallet() {
    let scene = Scene::new();
    let verifier = scene.verifier("verifier", true, &["--status-private"]);
    for wrong in [
        "http://cinema.example/back",
        "https://cinema.example/back#x",
        "cinema.example",
        "javascript:alert(1)",
    ] {
        let mut body = scene.asked();
        body["redirectUri"] = json!(wrong);
        let refused = verifier
            .caller()
            .call("POST", "/v1/presentations", body.to_string().as_bytes());
        assert_eq!(refused.unwrap().status, 400, "{wrong}");
    }
    let asked = scene.ask_with(&verifier, &[("redirectUri", "https://cinema.example/back?x=1")]);
    let path = format!("/v1/presentations/{}", asked.id);
    assert_eq!(look(&verifier, &asked.id), json!({"state": "waiting"}));
    let said = answer(&verifier, &asked, &scene.shown(&asked)).expect(200, "an answer");
    let said: Value = serde_json::from_slice(&said).unwrap();
    let onward = said["redirect_uri"].as_str().unwrap();
    let came = onward
        .strip_prefix("https://cinema.example/back?x=1&response_code=")
        .unwrap();
    for wrong in [
        path.clone(),
        format!("{path}?response_code=x"),
        format!("{path}?response_code="),
    ] {
        let refused = verifier.caller().call("GET", &wrong, &[]).unwrap();
        assert_eq!((refused.status, code(&refused).as_str()), (403, "presentation_session"));
    }
    let told = verifier.caller().get(&format!("{path}?response_code={came}"));
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told["decided"]["decision"], true);
}

#[test]
fn a_status_that_cannot_be_had_is_no_status() {
    let scene = Scene::new();
    // The issuer is at a loopback address, over http: for a list, that door is closed unless it is opened.
    let closed = scene.verifier("closed", true, &[]);
    let asked = scene.ask(&closed);
    assert_eq!(answer(&closed, &asked, &scene.shown(&asked)).status, 200);
    let open = scene.verifier("open", true, &["--status-private"]);
    let second = scene.ask(&open);
    let shown = scene.shown(&second);
    drop(scene.issuer);
    assert_eq!(answer(&open, &second, &shown).status, 200);
    for decided in [look(&closed, &asked.id), look(&open, &second.id)] {
        let decided = &decided["decided"];
        assert_eq!(decided["decision"], false);
        assert_eq!(decided["reasons"][0]["code"], "state_stale", "{decided}");
    }
}

#[test]
fn whoever_knows_the_consent_decides_by_what_it_knows() {
    let scene = Scene::new();
    let key = scene.key.to_str().unwrap();
    let trust = scene.house.dir.path().join("pinned.json");
    let mut file = scene.house.node.trust_file();
    file.issuers = scene.house.order.issuers(&scene.house.node);
    fs::write(&trust, serde_json::to_vec(&file).unwrap()).unwrap();
    let (binary, folder) = (built(), scene.house.dir.path().join("knows"));
    let order = VerifierOrder {
        trust,
        more: &["--request-key", key, "--status-private"],
        ..VerifierOrder::of(&binary, &scene.house.node, &folder)
    };
    let verifier = VerifierProcess::start(&order, &scene.house.shop);
    verifier.await_ready(true, super::house::SOON);
    let asked = scene.ask(&verifier);
    assert_eq!(answer(&verifier, &asked, &scene.shown(&asked)).status, 200);
    let decided = look(&verifier, &asked.id)["decided"].clone();
    assert_eq!(decided["decision"], true, "{decided}");
    assert!(decided["signed"].is_string(), "by its own replica");
    // She withdraws at the brand itself: no list says so yet.
    let withdrawal = scene.house.withdrawal(&scene.ada);
    let told = verifier.caller().call("POST", "/v1/withdrawals", &withdrawal).unwrap();
    assert_eq!(told.status, 202);
    let asked = scene.ask(&verifier);
    assert_eq!(answer(&verifier, &asked, &scene.shown(&asked)).status, 200);
    let decided = look(&verifier, &asked.id)["decided"].clone();
    assert_eq!(decided["decision"], false);
    assert_eq!(decided["reasons"][0]["code"], "withdrawn", "{decided}");
}

#[test]
fn a_verifier_without_the_brands_key_asks_nobody() {
    let scene = Scene::new();
    let (binary, folder) = (built(), scene.house.dir.path().join("off"));
    let order = VerifierOrder::of(&binary, &scene.house.node, &folder);
    let verifier = VerifierProcess::start(&order, &scene.house.shop);
    let body = scene.asked().to_string();
    let refused = verifier.caller().call("POST", "/v1/presentations", body.as_bytes());
    assert_eq!(refused.unwrap().status, 404);
    assert_eq!(send(&verifier, "x", FORM, b"error=x&state=x").status, 404);
}
