//! Challenges, sessions, and what does not make one.

use placet_kernel::sign::Algorithm;
use placet_ledger::http::{CHALLENGE_SECONDS, SESSION_SECONDS};
use placet_schemas::api::{REGISTRATION_TYP, SESSION_TYP};
use placet_tests::bytes_of;
use placet_wallet::keys::{Seed, SoftwareKey};
use serde_json::{Value, json};

use super::client::Answer;
use super::house::{House, sign_session};

async fn open(house: &House, jws: &str) -> Answer {
    house.post("/v1/sessions").json(&json!({ "jws": jws })).send().await
}

/// A session token of this person, with claims and type as the test wants them.
async fn spoilt(house: &House, typ: &str, spoil: impl FnOnce(&mut Value)) -> Answer {
    let key = house.key("anna");
    let mut claims = json!({ "aud": house.origin, "iat": house.now().unix(), "nonce": house.nonce().await });
    spoil(&mut claims);
    open(
        house,
        &sign_session(&claims, typ, &key.did().key_method().unwrap(), &key),
    )
    .await
}

#[tokio::test]
async fn a_key_opens_a_session_for_its_did_for_five_minutes() {
    let house = House::new().await;
    let anna = house.person("anna").await;
    let jws = house.session_jws(&anna.key).await;
    let session = open(&house, &jws).await.expect(201).json();
    assert_eq!(session["did"], json!(anna.key.did()));
    assert_eq!(session["expiresAt"], json!(house.now().plus_seconds(SESSION_SECONDS)));
    let token = session["token"].as_str().unwrap();
    let list = || house.get("/v1/consents").token(token).send();
    house.pass(SESSION_SECONDS - 1);
    list().await.expect(200);
    house.pass(1);
    list().await.expect(401).refused("unauthorized");
}

#[tokio::test]
async fn phones_keys_open_sessions_too() {
    let house = House::new().await;
    let seed = Seed::from_bytes(bytes_of("a phone"));
    let key: SoftwareKey = seed.pairwise(&house.origin, &house.brand.did, Algorithm::P256, 0);
    let token = house.session(&key).await;
    let page = house.get("/v1/consents").token(&token).send().await.expect(200).json();
    assert_eq!(page, json!({ "consents": [] }));
}

#[tokio::test]
async fn a_challenge_is_good_once_and_for_a_minute() {
    let house = House::new().await;
    let key = house.key("anna");
    let jws = house.session_jws(&key).await;
    open(&house, &jws).await.expect(201);
    open(&house, &jws).await.expect(401).refused("challenge_unknown");
    let jws = house.session_jws(&key).await;
    house.pass(CHALLENGE_SECONDS);
    open(&house, &jws).await.expect(401).refused("challenge_unknown");
    spoilt(&house, SESSION_TYP, |claims| claims["nonce"] = json!("made up"))
        .await
        .expect(401)
        .refused("challenge_unknown");
}

#[tokio::test]
async fn signed_for_another_log_another_time_or_another_use_it_opens_nothing() {
    let house = House::new().await;
    let now = house.now().unix();
    spoilt(&house, SESSION_TYP, |claims| claims["aud"] = json!("other.example/log"))
        .await
        .expect(401)
        .refused("bad_jws");
    spoilt(&house, SESSION_TYP, |claims| claims["iat"] = json!(now - 601))
        .await
        .expect(401)
        .refused("bad_jws");
    spoilt(&house, SESSION_TYP, |claims| claims["iat"] = json!(now + 601))
        .await
        .expect(401)
        .refused("bad_jws");
    spoilt(&house, SESSION_TYP, |claims| claims["sub"] = json!("me"))
        .await
        .expect(401)
        .refused("bad_jws");
    spoilt(&house, REGISTRATION_TYP, |_| {})
        .await
        .expect(401)
        .refused("bad_jws");
    spoilt(&house, SESSION_TYP, |_| {}).await.expect(201);
}

#[tokio::test]
async fn only_the_key_that_is_named_signs() {
    let house = House::new().await;
    let (anna, mallory) = (house.key("anna"), house.key("mallory"));
    let claims = json!({ "aud": house.origin, "iat": house.now().unix(), "nonce": house.nonce().await });
    let forged = sign_session(&claims, SESSION_TYP, &anna.did().key_method().unwrap(), &mallory);
    open(&house, &forged).await.expect(401).refused("bad_jws");
    // A brand's method is no person's: sessions are for did:key alone.
    let brand = sign_session(&claims, SESSION_TYP, &house.brand.method, &house.brand.key);
    open(&house, &brand).await.expect(401).refused("bad_jws");
    for junk in ["", "a.b.c", "....", "eyJhbGciOiJub25lIn0.e30."] {
        open(&house, junk).await.expect(401).refused("bad_jws");
    }
    // None of these used the challenge up.
    let good = sign_session(&claims, SESSION_TYP, &anna.did().key_method().unwrap(), &anna);
    open(&house, &good).await.expect(201);
}
