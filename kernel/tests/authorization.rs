//! A brand's authorization of its verifier: what is signed is read back, and each way in which one does not count has its
//! own code.

#![cfg(test)]

use ed25519_dalek::{Signer as _, SigningKey};
use placet_kernel::authorization::{self, AuthorizationError, VERIFIER_AUTHORIZATION_TYP, VerifierAuthorization};
use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{Algorithm, SignError, Signer, did_key};
use placet_schemas::id::{Did, DidUrl, Digest, Origin};
use placet_schemas::json;
use placet_schemas::record::keys::{ControllerKeys, DidDocument, KeySource, Multikey, VerificationMethod};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;

struct Key(SigningKey);

impl Key {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }
}

impl Signer for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

/// A did:web brand with one registered key, its verifier, and what it signs.
struct Scene {
    brand: Key,
    controller: Did,
    method: DidUrl,
    keys: ControllerKeys,
    claims: serde_json::Value,
}

const FROM: &str = "2026-11-22T05:00:00Z";
const UNTIL: &str = "2028-11-22T05:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn origin() -> Origin {
    "log.example/a".parse().unwrap()
}

fn verifier() -> Did {
    did_key(&Key::new(9)).unwrap()
}

impl Scene {
    fn new() -> Self {
        let brand = Key::new(1);
        let controller: Did = "did:web:cinema.example".parse().unwrap();
        let method: DidUrl = "did:web:cinema.example#key-1".parse().unwrap();
        let keys = snapshot(&controller, &method, &brand);
        let claims = serde_json::json!({
            "version": 1, "origin": origin().as_str(), "controller": controller.as_str(),
            "verifier": verifier().as_str(), "from": FROM, "until": UNTIL,
        });
        Self {
            brand,
            controller,
            method,
            keys,
            claims,
        }
    }

    /// With one member of the payload replaced.
    fn with(mut self, member: &str, value: serde_json::Value) -> Self {
        self.claims[member] = value;
        self
    }

    fn token(&self) -> String {
        self.signed(&json::to_jcs(&self.claims).unwrap())
    }

    fn signed(&self, payload: &[u8]) -> String {
        jws::sign(payload, VERIFIER_AUTHORIZATION_TYP, &self.method, &self.brand).unwrap()
    }

    fn judge(&self, token: &str, time: &str) -> Result<VerifierAuthorization, AuthorizationError> {
        authorization::verify(token, &origin(), &self.controller, Some(&self.keys), at(time))
    }

    fn code(&self) -> &'static str {
        self.judge(&self.token(), FROM).unwrap_err().code()
    }
}

fn snapshot(controller: &Did, method: &DidUrl, key: &Key) -> ControllerKeys {
    let public = PublicKey::from_raw(Algorithm::Ed25519, &key.public_key_bytes()).unwrap();
    let method = VerificationMethod {
        id: method.clone(),
        r#type: Multikey::Multikey,
        controller: controller.clone(),
        public_key_multibase: public.to_multibase(),
    };
    ControllerKeys {
        version: Version,
        legal_name: "Cinema".parse().unwrap(),
        source: KeySource::Supplied,
        document_digest: Digest::of(b"document"),
        document: DidDocument::new(controller.clone(), vec![method]).unwrap(),
    }
}

#[test]
fn what_a_brand_signs_is_read_back_for_the_whole_of_its_time() {
    let scene = Scene::new();
    let said = VerifierAuthorization::new(origin(), scene.controller.clone(), verifier(), at(FROM), at(UNTIL)).unwrap();
    let token = said.sign(&scene.method, &scene.brand).unwrap();
    assert_eq!(token, scene.token());
    for time in [FROM, "2027-06-01T00:00:00Z", UNTIL] {
        assert_eq!(scene.judge(&token, time), Ok(said.clone()));
    }
}

#[test]
fn a_did_key_brand_is_its_own_key_with_and_without_a_snapshot() {
    let brand = Key::new(3);
    let controller = did_key(&brand).unwrap();
    let method = controller.key_method().unwrap();
    let said = VerifierAuthorization::new(origin(), controller.clone(), verifier(), at(FROM), at(UNTIL)).unwrap();
    let token = said.sign(&method, &brand).unwrap();
    let keys = snapshot(&controller, &method, &brand);
    for keys in [None, Some(&keys)] {
        let judged = authorization::verify(&token, &origin(), &controller, keys, at(FROM));
        assert_eq!(judged.as_ref(), Ok(&said));
    }
    // An operator who records another key for it gains nothing.
    let lie = snapshot(&controller, &method, &Key::new(4));
    assert!(authorization::verify(&token, &origin(), &controller, Some(&lie), at(FROM)).is_ok());
    let theirs = said.sign(&method, &Key::new(4)).unwrap();
    let judged = authorization::verify(&theirs, &origin(), &controller, Some(&lie), at(FROM));
    assert_eq!(judged.unwrap_err().code(), "jws_signature");
}

#[test]
fn a_signature_by_another_key_or_of_another_kind_does_not_count() {
    let scene = Scene::new();
    let other = jws::sign(
        &json::to_jcs(&scene.claims).unwrap(),
        VERIFIER_AUTHORIZATION_TYP,
        &scene.method,
        &Key::new(2),
    );
    assert_eq!(scene.judge(&other.unwrap(), FROM).unwrap_err().code(), "jws_signature");
    let unregistered = Scene {
        method: "did:web:cinema.example#key-2".parse().unwrap(),
        ..Scene::new()
    };
    assert_eq!(unregistered.code(), "jws_unknown_key");
    // The verifier may not prolong its own authorization.
    let own = verifier().key_method().unwrap();
    let own = jws::sign(
        &json::to_jcs(&scene.claims).unwrap(),
        VERIFIER_AUTHORIZATION_TYP,
        &own,
        &Key::new(9),
    );
    assert_eq!(scene.judge(&own.unwrap(), FROM).unwrap_err().code(), "jws_unknown_key");
    let session = jws::sign(
        &json::to_jcs(&scene.claims).unwrap(),
        "placet-session+jwt",
        &scene.method,
        &scene.brand,
    );
    assert_eq!(scene.judge(&session.unwrap(), FROM).unwrap_err().code(), "jws_type");
}

#[test]
fn a_brand_whose_keys_are_not_known_has_authorized_nobody() {
    let scene = Scene::new();
    let judge = |keys| authorization::verify(&scene.token(), &origin(), &scene.controller, keys, at(FROM));
    assert_eq!(judge(None).unwrap_err().code(), "controller_unknown");
    let other: Did = "did:web:other.example".parse().unwrap();
    let others = snapshot(&other, &"did:web:other.example#key-1".parse().unwrap(), &scene.brand);
    assert_eq!(judge(Some(&others)).unwrap_err().code(), "controller_unknown");
}

#[test]
fn each_fault_of_what_is_said_has_its_own_code() {
    let p256 = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let p256 = PublicKey::P256(*p256.verifying_key()).to_did();
    for (member, value, code) in [
        ("version", 2.into(), "unsupported_version"),
        ("extra", 1.into(), "authorization_malformed"),
        ("from", "yesterday".into(), "authorization_malformed"),
        ("verifier", "did:web:cinema.example".into(), "authorization_verifier"),
        ("verifier", p256.as_str().into(), "authorization_verifier"),
        ("until", FROM.into(), "authorization_period"),
        ("until", "2028-11-22T05:00:01Z".into(), "authorization_period"),
        ("origin", "log.example/b".into(), "authorization_wrong_origin"),
        (
            "controller",
            "did:web:other.example".into(),
            "authorization_wrong_controller",
        ),
    ] {
        assert_eq!(Scene::new().with(member, value).code(), code, "{member}");
    }
    let scene = Scene::new();
    let spaced = scene.signed(&[b" ".as_slice(), &json::to_jcs(&scene.claims).unwrap()].concat());
    assert_eq!(
        scene.judge(&spaced, FROM).unwrap_err().code(),
        "authorization_malformed"
    );
}

#[test]
fn outside_its_time_it_does_not_count() {
    let scene = Scene::new();
    let code = |time| scene.judge(&scene.token(), time).unwrap_err().code();
    assert_eq!(code("2026-11-22T04:59:59Z"), "authorization_not_yet");
    assert_eq!(code("2028-11-22T05:00:01Z"), "authorization_expired");
}

#[test]
fn nobody_is_helped_to_sign_what_would_not_count() {
    let make = |verifier: &str, until| {
        let controller = Scene::new().controller;
        VerifierAuthorization::new(origin(), controller, verifier.parse().unwrap(), at(FROM), at(until))
            .unwrap_err()
            .code()
    };
    assert_eq!(make("did:web:cinema.example", UNTIL), "authorization_verifier");
    assert_eq!(
        make(verifier().as_str(), "2029-01-01T00:00:00Z"),
        "authorization_period"
    );
}
