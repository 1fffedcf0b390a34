//! Whoever asks for what is not theirs, or says it wrongly, hears the protocol's own error.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::jwk;
use placet_kernel::jws;
use placet_schemas::api::issuer::{AskOffer, OFFER_TYP, OfferClaims};
use placet_schemas::json as strict;
use placet_tests::caller::{Answer, Caller};
use placet_tests::issuer::{IssuerProcess, LDP_VC, PRE_AUTHORIZED, proof, token};
use placet_tests::process::now;
use placet_tests::{bytes_of, p};
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use super::house::{Given, House};

fn error(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let said = body["error"].as_str().or(body["code"].as_str());
    (answer.status, said.unwrap_or("none").to_owned())
}

fn jwk_of(key: &SoftwareKey) -> Value {
    let members = jwk::members(&key.public_key()).into_iter();
    Value::Object(members.map(|(name, value)| (name.to_owned(), value.into())).collect())
}

/// An issuer, somebody with a receipt, and a token for it.
fn scene() -> (House, IssuerProcess, Given, String) {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let _receipt = ada.receipt(&issuer);
    let token = issuer.token(&issuer.offer(&ada.consent, &ada.customer.key));
    (house, issuer, ada, token)
}

#[test]
fn proofs_that_do_not_hold_are_refused_and_none_is_taken_twice() {
    let (_house, issuer, ada, access) = scene();
    let key = &ada.customer.key;
    let url = issuer.url();
    let header = json!({"alg": "EdDSA", "typ": "openid4vci-proof+jwt", "kid": key.did().key_method()});
    let claims = || json!({"aud": url, "iat": now().unix(), "nonce": issuer.nonce()});
    let with = |base: &Value, name: &str, value: Value| {
        let mut changed = base.clone();
        changed[name] = value;
        changed
    };
    let stranger = SoftwareKey::ed25519_from_seed(&bytes_of("stranger"));
    let p256 = SoftwareKey::p256_from_scalar(&bytes_of("p256")).unwrap();
    let without = |base: &Value, name: &str| {
        let mut changed = base.clone();
        changed.as_object_mut().unwrap().remove(name);
        changed
    };
    let mut none = token(&with(&header, "alg", json!("none")), &claims(), key);
    none.truncate(none.rfind('.').unwrap() + 1);
    // The public key taken for a secret: what a library does that lets the token choose the algorithm.
    let hmac = token(&with(&header, "alg", json!("HS256")), &claims(), key);
    let private = with(&jwk_of(key), "d", json!(Base64UrlUnpadded::encode_string(&[7; 32])));
    let embedded = |extra: Value| {
        let mut header = without(&header, "kid");
        for (name, value) in extra.as_object().unwrap() {
            header[name] = value.clone();
        }
        token(&header, &claims(), key)
    };
    let huge = "x".repeat(9000);
    let cases = [
        (
            "another audience",
            token(&header, &with(&claims(), "aud", json!("https://other.example")), key),
            "invalid_proof",
        ),
        (
            "two audiences",
            token(
                &header,
                &with(&claims(), "aud", json!([url, "https://other.example"])),
                key,
            ),
            "invalid_proof",
        ),
        (
            "no audience",
            token(&header, &without(&claims(), "aud"), key),
            "invalid_proof",
        ),
        (
            "long ago",
            token(&header, &with(&claims(), "iat", json!(now().unix() - 1000)), key),
            "invalid_proof",
        ),
        (
            "expired",
            token(&header, &with(&claims(), "exp", json!(now().unix() - 1)), key),
            "invalid_proof",
        ),
        (
            "no time",
            token(&header, &without(&claims(), "iat"), key),
            "invalid_proof",
        ),
        (
            "no nonce",
            token(&header, &without(&claims(), "nonce"), key),
            "invalid_nonce",
        ),
        (
            "a made-up nonce",
            token(&header, &with(&claims(), "nonce", json!("made up")), key),
            "invalid_nonce",
        ),
        (
            "another type",
            token(&with(&header, "typ", json!("JWT")), &claims(), key),
            "invalid_proof",
        ),
        ("no algorithm", none, "invalid_proof"),
        ("a symmetric algorithm", hmac, "invalid_proof"),
        (
            "the algorithm of another key",
            token(&with(&header, "alg", json!("ES256")), &claims(), key),
            "invalid_proof",
        ),
        (
            "signed by another key",
            token(&header, &claims(), &stranger),
            "invalid_proof",
        ),
        (
            "by a key that may hold nothing",
            proof(&stranger, &url, &issuer.nonce()),
            "invalid_proof",
        ),
        ("by another such", proof(&p256, &url, &issuer.nonce()), "invalid_proof"),
        (
            "a private key inside",
            embedded(json!({"jwk": private})),
            "invalid_proof",
        ),
        (
            "two keys inside",
            embedded(json!({"jwk": jwk_of(key), "kid": key.did().key_method()})),
            "invalid_proof",
        ),
        (
            "a certificate inside",
            embedded(json!({"jwk": jwk_of(key), "x5c": ["AA=="]})),
            "invalid_proof",
        ),
        (
            "a link to keys",
            embedded(json!({"jwk": jwk_of(key), "jku": "https://evil.example/keys"})),
            "invalid_proof",
        ),
        (
            "critical members",
            embedded(json!({"jwk": jwk_of(key), "crit": ["b64"], "b64": false})),
            "invalid_proof",
        ),
        ("no key", embedded(json!({})), "invalid_proof"),
        (
            "a did:web",
            token(&with(&header, "kid", json!("did:web:evil.example#key")), &claims(), key),
            "invalid_proof",
        ),
        ("two parts", "a.b".to_owned(), "invalid_proof"),
        ("no text", String::new(), "invalid_proof"),
        ("too long", huge, "invalid_proof"),
        (
            "a claim twice",
            twice(&header, key, &url, &issuer.nonce()),
            "invalid_proof",
        ),
    ];
    for (what, proof, expected) in cases {
        let answer = issuer.ask(&access, LDP_VC, &[proof]);
        assert_eq!(error(&answer), (400, expected.to_owned()), "{what}");
    }
    // The right one, with the key in the header, and the same again.
    let right = embedded(json!({"jwk": jwk_of(key)}));
    assert_eq!(issuer.ask(&access, LDP_VC, std::slice::from_ref(&right)).status, 200);
    assert_eq!(
        error(&issuer.ask(&access, LDP_VC, &[right])),
        (400, "invalid_nonce".to_owned())
    );
    // One that was refused used its nonce up.
    let nonce = issuer.nonce();
    let wrong = proof(&stranger, &url, &nonce);
    assert_eq!(error(&issuer.ask(&access, LDP_VC, &[wrong])).1, "invalid_proof");
    let right = proof(key, &url, &nonce);
    assert_eq!(error(&issuer.ask(&access, LDP_VC, &[right])).1, "invalid_nonce");
}

/// A member that comes twice: one reader takes the first, another the last.
fn twice(header: &Value, key: &SoftwareKey, url: &str, nonce: &str) -> String {
    use placet_kernel::sign::Signer as _;
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let iat = now().unix();
    let claims = format!(r#"{{"aud":"https://other.example","aud":"{url}","iat":{iat},"nonce":"{nonce}"}}"#);
    let signed = format!("{}.{}", part(&header.to_string()), part(&claims));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
}

#[test]
fn requests_that_make_no_sense_are_refused_with_the_protocols_errors() {
    let (_house, issuer, ada, access) = scene();
    let key = &ada.customer.key;
    let fresh = || proof(key, &issuer.url(), &issuer.nonce());
    let cases = [
        (
            "another configuration",
            json!({"credential_configuration_id": "x", "proofs": {"jwt": [fresh()]}}),
            "unknown_credential_configuration",
        ),
        (
            "an identifier",
            json!({"credential_identifier": "x", "proofs": {"jwt": [fresh()]}}),
            "unknown_credential_identifier",
        ),
        (
            "no configuration",
            json!({"proofs": {"jwt": [fresh()]}}),
            "invalid_credential_request",
        ),
        (
            "no proof",
            json!({"credential_configuration_id": LDP_VC}),
            "invalid_proof",
        ),
        (
            "other proofs",
            json!({"credential_configuration_id": LDP_VC, "proofs": {"di_vp": [{}]}}),
            "invalid_proof",
        ),
        (
            "too many proofs",
            json!({"credential_configuration_id": LDP_VC, "proofs": {"jwt": vec![fresh(); 9]}}),
            "invalid_proof",
        ),
        ("the same key twice", twin(key, &issuer), "invalid_proof"),
        (
            "encryption",
            json!({"credential_configuration_id": LDP_VC, "proofs": {"jwt": [fresh()]}, "credential_response_encryption": {"enc": "A256GCM"}}),
            "invalid_encryption_parameters",
        ),
        ("an array", json!([]), "invalid_credential_request"),
    ];
    let post = |token: &str, body: &[u8]| {
        let mut caller = Caller::with_token(issuer.url().strip_prefix("http://").unwrap(), token);
        caller.call("POST", "/openid/credential", body).unwrap()
    };
    for (what, body, expected) in cases {
        let answer = post(&access, body.to_string().as_bytes());
        assert_eq!(error(&answer), (400, expected.to_owned()), "{what}");
    }
    for (what, body, status) in [
        ("no JSON", b"{".to_vec(), 400),
        ("too large", vec![b' '; 90 * 1024], 413),
        ("deep", "[".repeat(10_000).into_bytes(), 400),
    ] {
        let answer = post(&access, &body);
        assert_eq!(
            error(&answer),
            (status, "invalid_credential_request".to_owned()),
            "{what}"
        );
    }
    for token in ["", "x", &"x".repeat(1000), "a b"] {
        let answer = post(token, b"{}");
        assert_eq!(error(&answer), (401, "invalid_token".to_owned()), "{token}");
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer error=\"invalid_token\"")
        );
    }
}

fn twin(key: &SoftwareKey, issuer: &IssuerProcess) -> Value {
    let nonce = issuer.nonce();
    let proofs = [0, 1].map(|_| proof(key, &issuer.url(), &nonce));
    json!({"credential_configuration_id": LDP_VC, "proofs": {"jwt": proofs}})
}

#[test]
fn a_code_is_redeemed_once_and_with_the_transaction_code_alone() {
    let (_house, issuer, ada, _access) = scene();
    let offered = issuer.offer(&ada.consent, &ada.customer.key);
    let code = offered.offer["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
        .as_str()
        .unwrap();
    let form = |tx_code: &str| {
        issuer.redeem(&[
            ("grant_type", PRE_AUTHORIZED),
            ("pre-authorized_code", code),
            ("tx_code", tx_code),
        ])
    };
    let grant = (400, "invalid_grant".to_owned());
    let wrong = if offered.tx_code == "000000" {
        "000001"
    } else {
        "000000"
    };
    assert_eq!(error(&form(wrong)), grant);
    assert_eq!(
        error(&issuer.redeem(&[("grant_type", PRE_AUTHORIZED), ("pre-authorized_code", code)])),
        grant
    );
    assert_eq!(form(&offered.tx_code).status, 200);
    assert_eq!(error(&form(&offered.tx_code)), grant, "once");

    // Who guesses has five tries, and then the right one is of no use either.
    let offered = issuer.offer(&ada.consent, &ada.customer.key);
    let code = offered.offer["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
        .as_str()
        .unwrap();
    let form = |tx_code: &str| {
        issuer.redeem(&[
            ("grant_type", PRE_AUTHORIZED),
            ("pre-authorized_code", code),
            ("tx_code", tx_code),
        ])
    };
    for _ in 0..5 {
        assert_eq!(error(&form("x")), grant);
    }
    assert_eq!(error(&form(&offered.tx_code)), grant);
}

#[test]
fn token_requests_that_make_no_sense_are_refused() {
    let (_house, issuer, ..) = scene();
    for (what, form, expected) in [
        ("nothing", vec![], "invalid_request"),
        (
            "another grant",
            vec![("grant_type", "password")],
            "unsupported_grant_type",
        ),
        ("no code", vec![("grant_type", PRE_AUTHORIZED)], "invalid_request"),
        (
            "a made-up code",
            vec![("grant_type", PRE_AUTHORIZED), ("pre-authorized_code", "x")],
            "invalid_grant",
        ),
        (
            "a code twice",
            vec![
                ("grant_type", PRE_AUTHORIZED),
                ("pre-authorized_code", "x"),
                ("pre-authorized_code", "y"),
            ],
            "invalid_request",
        ),
    ] {
        assert_eq!(error(&issuer.redeem(&form)), (400, expected.to_owned()), "{what}");
    }
    let mut caller = issuer.caller();
    let answer = caller.call("POST", "/oauth/token", b"{}").unwrap();
    assert_eq!(error(&answer), (400, "invalid_request".to_owned()), "JSON");
    let long = "x".repeat(20_000);
    let answer = issuer.redeem(&[("grant_type", PRE_AUTHORIZED), ("pre-authorized_code", &long)]);
    assert_eq!(error(&answer), (413, "invalid_request".to_owned()), "too long");
    let answer = issuer.redeem(&[("grant_type", PRE_AUTHORIZED), ("pre-authorized_code", &long[..300])]);
    assert_eq!(error(&answer), (400, "invalid_request".to_owned()), "long");
}

#[test]
fn an_offer_is_for_whoever_holds_the_key_of_the_consent() {
    let (house, issuer, ada, _access) = scene();
    let key = &ada.customer.key;
    let ask = |spoil: &dyn Fn(&mut OfferClaims), typ: &str, key: &SoftwareKey| {
        let mut claims = OfferClaims {
            aud: p(&issuer.url()),
            iat: now().unix(),
            nonce: issuer.nonce(),
            consent: ada.consent,
        };
        spoil(&mut claims);
        let method = key.did().key_method().unwrap();
        let jws = jws::sign(&strict::to_jcs(&claims).unwrap(), typ, &method, key).unwrap();
        let body = serde_json::to_vec(&AskOffer {
            jws,
            configurations: None,
        });
        let body = body.unwrap();
        error(&issuer.caller().call("POST", "/v1/offers", &body).unwrap())
    };
    let stranger = SoftwareKey::ed25519_from_seed(&bytes_of("stranger"));
    let said = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(ask(&|_| {}, OFFER_TYP, &stranger), said(404, "consent_unknown"));
    assert_eq!(
        ask(&|claims| claims.consent = p(&"0".repeat(64)), OFFER_TYP, key),
        said(404, "consent_unknown")
    );
    assert_eq!(
        ask(&|claims| claims.aud = p("https://other.example"), OFFER_TYP, key),
        said(401, "bad_jws")
    );
    assert_eq!(ask(&|claims| claims.iat -= 1000, OFFER_TYP, key), said(401, "bad_jws"));
    assert_eq!(
        ask(&|claims| claims.nonce = "made up".to_owned(), OFFER_TYP, key),
        said(401, "challenge_unknown")
    );
    // A token that she signed for the ledger is none for the issuer.
    assert_eq!(ask(&|_| {}, "placet-session+jwt", key), said(401, "bad_jws"));
    assert_eq!(ask(&|_| {}, OFFER_TYP, key), (201, "none".to_owned()));
    drop(house);
}

#[test]
fn wallets_are_told_what_is_offered_and_where() {
    let (_house, issuer, ..) = scene();
    let url = issuer.url();
    let metadata: Value =
        serde_json::from_slice(&issuer.caller().get("/.well-known/openid-credential-issuer")).unwrap();
    assert_eq!(metadata["credential_issuer"], url);
    let server: Value =
        serde_json::from_slice(&issuer.caller().get("/.well-known/oauth-authorization-server")).unwrap();
    assert_eq!(
        (&server["issuer"], &server["token_endpoint"]),
        (&json!(url), &json!(format!("{url}/oauth/token")))
    );
    // Signed, for whoever asks for that: by a key that the issuer's keys name.
    let mut caller = issuer.caller();
    let accept = [("accept", "application/jwt")];
    let signed = caller
        .call_with("GET", "/.well-known/openid-credential-issuer", &accept, &[])
        .unwrap();
    assert_eq!(signed.content_type, "application/jwt");
    let keys: Value = serde_json::from_slice(&issuer.caller().get("/.well-known/jwt-vc-issuer")).unwrap();
    assert_eq!(keys["issuer"], url);
    let known = |method: &placet_schemas::id::DidUrl| {
        let key = keys["jwks"]["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["kid"] == method.as_str())?;
        let text = key.to_string();
        jwk::read(strict::parse(text.as_bytes(), text.len()).unwrap().root()).unwrap()
    };
    let signed = String::from_utf8(signed.body).unwrap();
    let typ = "openidvci-issuer-metadata+jwt";
    let (_, payload) = jws::verify_within(&signed, typ, 64 * 1024, known).unwrap();
    let mut payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload["sub"], url);
    for claim in ["sub", "iat"] {
        assert!(payload.as_object_mut().unwrap().remove(claim).is_some(), "{claim}");
    }
    // No `iss`: wallets want it to be the DID of the `kid`.
    assert_eq!(payload, metadata);
    // It is its own key, so there is no document.
    assert_eq!(
        issuer
            .caller()
            .call("GET", "/.well-known/did.json", &[])
            .unwrap()
            .status,
        404
    );
}

#[test]
fn a_wallet_says_what_became_of_a_receipt() {
    let (_house, issuer, ada, access) = scene();
    let proof = proof(&ada.customer.key, &issuer.url(), &issuer.nonce());
    let answer = issuer.ask(&access, LDP_VC, &[proof]).expect(200, "credential");
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let id = answer["notification_id"].as_str().unwrap();
    let mut caller = Caller::with_token(issuer.url().strip_prefix("http://").unwrap(), &access);
    let mut say = |body: Value| {
        caller
            .call("POST", "/openid/notification", body.to_string().as_bytes())
            .unwrap()
    };
    assert_eq!(
        say(json!({"notification_id": id, "event": "credential_accepted"})).status,
        204
    );
    assert!((issuer.metric("notifications_total") - 1.0).abs() < f64::EPSILON);
    assert_eq!(
        error(&say(json!({"notification_id": id, "event": "x"}))).1,
        "invalid_notification_request"
    );
    assert_eq!(
        error(&say(json!({"notification_id": "", "event": "credential_accepted"}))).1,
        "invalid_notification_id"
    );
    assert_eq!(
        error(&issuer.caller().call("POST", "/openid/notification", b"{}").unwrap()).0,
        401
    );
}
