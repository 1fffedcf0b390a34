//! Requests and answers that nobody in between can read (OpenID4VCI section 10): only in a program with the feature `jwe`.

use placet_tests::caller::{Answer, Caller};
use placet_tests::issuer::{IssuerProcess, LDP_VC, proof};
use serde_json::Value;

use super::house::House;

fn metadata(issuer: &IssuerProcess) -> Value {
    serde_json::from_slice(&issuer.caller().get("/.well-known/openid-credential-issuer")).unwrap()
}

/// Sends what a wallet encrypted.
fn post_sealed(issuer: &IssuerProcess, token: &str, body: &str) -> Answer {
    let mut caller = Caller::with_token(issuer.url().strip_prefix("http://").unwrap(), token);
    let headers = [("content-type", "application/jwt")];
    caller
        .call_with("POST", "/openid/credential", &headers, body.as_bytes())
        .unwrap()
}

fn error(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body["error"].as_str().unwrap_or("none").to_owned())
}

#[cfg(not(feature = "jwe"))]
#[test]
fn a_program_without_encryption_promises_and_takes_none() {
    let house = House::open();
    let issuer = house.issuer();
    let ada = house.yes("Ada");
    let _receipt = ada.receipt(&issuer);
    let said = metadata(&issuer);
    assert_eq!(said["credential_request_encryption"], Value::Null);
    assert_eq!(said["credential_response_encryption"], Value::Null);
    let token = issuer.token(&issuer.offer(&ada.consent, &ada.customer.key));
    let answer = post_sealed(&issuer, &token, "a.b.c.d.e");
    assert_eq!(error(&answer), (400, "invalid_credential_request".to_owned()));
    // The same token is good for a plain one.
    let proof = proof(&ada.customer.key, &issuer.url(), &issuer.nonce());
    assert_eq!(issuer.ask(&token, LDP_VC, &[proof]).status, 200);
}

#[cfg(feature = "jwe")]
mod with_openssl {
    use placet_service::jwe::{self, DecryptionKey, ENCRYPTIONS};
    use serde_json::json;

    use super::*;
    use crate::issuer::house::Given;

    struct Scene {
        issuer: IssuerProcess,
        ada: Given,
        token: String,
        /// The key of the issuer's metadata.
        key: Value,
        _house: House,
    }

    impl Scene {
        fn set() -> Self {
            let house = House::open();
            let issuer = house.issuer();
            let ada = house.yes("Ada");
            let _receipt = ada.receipt(&issuer);
            Self {
                token: issuer.token(&issuer.offer(&ada.consent, &ada.customer.key)),
                key: metadata(&issuer)["credential_request_encryption"]["jwks"]["keys"][0].clone(),
                ada,
                issuer,
                _house: house,
            }
        }

        /// What a wallet asks for that names this for its answer.
        fn request(&self, nonce: &str, encryption: &Value) -> Value {
            let proof = proof(&self.ada.customer.key, &self.issuer.url(), nonce);
            let mut request = json!({"credential_configuration_id": LDP_VC, "proofs": {"jwt": [proof]}});
            if !encryption.is_null() {
                request["credential_response_encryption"] = encryption.clone();
            }
            request
        }

        fn sealed(&self, request: &Value) -> Answer {
            let sealed = jwe::encrypt(request.to_string().as_bytes(), &self.key, "A256GCM").unwrap();
            post_sealed(&self.issuer, &self.token, &sealed)
        }

        fn open(&self, request: &Value) -> Answer {
            let mut caller = Caller::with_token(self.issuer.url().strip_prefix("http://").unwrap(), &self.token);
            caller
                .call("POST", "/openid/credential", request.to_string().as_bytes())
                .unwrap()
        }
    }

    #[test]
    fn an_answer_is_for_the_key_that_an_encrypted_request_names() {
        let scene = Scene::set();
        let said = metadata(&scene.issuer);
        assert_eq!(
            said["credential_response_encryption"]["alg_values_supported"],
            json!(["ECDH-ES"])
        );
        assert_eq!(said["credential_response_encryption"]["encryption_required"], false);
        assert!(
            scene.key["kid"].is_string() && scene.key["alg"] == "ECDH-ES",
            "{}",
            scene.key
        );
        for enc in ENCRYPTIONS {
            let own = DecryptionKey::generate("wallet").unwrap();
            let encryption = json!({"jwk": own.public(), "enc": enc});
            let answer = scene.sealed(&scene.request(&scene.issuer.nonce(), &encryption));
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-type"), Some("application/jwt"));
            let text = str::from_utf8(&answer.body).unwrap();
            assert!(!text.contains("credential"), "{text}");
            let content: Value = serde_json::from_slice(&own.decrypt(text).unwrap()).unwrap();
            let receipt = &content["credentials"][0]["credential"];
            assert_eq!(receipt["credentialSubject"]["consent"], scene.ada.consent.to_string());
            assert!(content["notification_id"].is_string());
            assert!(DecryptionKey::generate("other").unwrap().decrypt(text).is_err());
        }
        // A request may be encrypted though its answer need not be.
        let answer = scene.sealed(&scene.request(&scene.issuer.nonce(), &Value::Null));
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer.status == 200 && body["credentials"][0]["credential"].is_object());
    }

    #[test]
    fn a_key_that_anybody_could_have_put_there_is_not_encrypted_to() {
        let scene = Scene::set();
        let own = DecryptionKey::generate("wallet").unwrap().public();
        let good = json!({"jwk": own, "enc": "A256GCM"});
        let nonce = scene.issuer.nonce();
        let refused = (400, "invalid_encryption_parameters".to_owned());
        assert_eq!(error(&scene.open(&scene.request(&nonce, &good))), refused);
        let with = |name: &str, value: Value| {
            let mut changed = good.clone();
            changed[name] = value;
            changed
        };
        let jwk = |name: &str, value: Value| {
            let mut changed = own.clone();
            changed[name] = value;
            with("jwk", changed)
        };
        for (what, wrong) in [
            ("compressed", with("zip", json!("DEF"))),
            ("no enc", json!({"jwk": own})),
            ("another enc", with("enc", json!("A128CBC-HS256"))),
            ("no alg", jwk("alg", Value::from("none"))),
            ("another alg", jwk("alg", json!("RSA-OAEP-256"))),
            ("a private key", jwk("d", json!("AA"))),
            ("another curve", jwk("crv", json!("P-384"))),
            ("off the curve", jwk("y", own["x"].clone())),
            ("no key", with("jwk", json!({}))),
        ] {
            assert_eq!(error(&scene.sealed(&scene.request(&nonce, &wrong))), refused, "{what}");
        }
        // None of that used the nonce up.
        assert_eq!(scene.sealed(&scene.request(&nonce, &good)).status, 200);
        // A refusal is never encrypted: now the nonce is used.
        let answer = scene.sealed(&scene.request(&nonce, &good));
        assert_eq!(error(&answer), (400, "invalid_nonce".to_owned()));
    }

    #[test]
    fn what_is_not_encrypted_to_the_issuer_is_refused_by_the_name_of_the_protocol() {
        let scene = Scene::set();
        let request = scene.request(&scene.issuer.nonce(), &Value::Null).to_string();
        let other = DecryptionKey::generate("other").unwrap().public();
        let refused = |body: &str| error(&post_sealed(&scene.issuer, &scene.token, body));
        let wrong = (400, "invalid_credential_request".to_owned());
        let to_another = jwe::encrypt(request.as_bytes(), &other, "A128GCM").unwrap();
        assert_eq!(refused(&to_another), wrong);
        for content in ["{", "[]", "{\"a\":1,\"a\":2}", &"[".repeat(5000)] {
            let sealed = jwe::encrypt(content.as_bytes(), &scene.key, "A128GCM").unwrap();
            assert_eq!(refused(&sealed), wrong, "{}", &content[..1]);
        }
        for text in ["", "x", "a.b.c", &request] {
            assert_eq!(refused(text), wrong, "{text}");
        }
        let huge = "x".repeat(200 * 1024);
        assert_eq!(refused(&huge), (413, "invalid_credential_request".to_owned()));
        // Without a token nothing is decrypted.
        let sealed = jwe::encrypt(request.as_bytes(), &scene.key, "A128GCM").unwrap();
        let answer = post_sealed(&scene.issuer, "x", &sealed);
        assert_eq!(error(&answer), (401, "invalid_token".to_owned()));
    }
}
