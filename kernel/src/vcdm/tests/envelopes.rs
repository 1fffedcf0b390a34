//! Credentials and presentations in envelopes.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};

use super::super::{Code, Draft, Policy, envelop, verify_presentation};
use super::{Party, V2, World, bytes, credential, judge, now, old_credential, policy};
use crate::sign::Signer as _;

fn token(header: &Value, payload: &Value, by: &Party) -> String {
    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = by.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn header(by: &Party) -> Value {
    json!({"alg": "EdDSA", "kid": by.method, "typ": "vc+jwt"})
}

fn enveloped(kind: &str, media_type: &str, token: &str) -> Value {
    json!({"@context": V2, "type": kind, "id": format!("data:{media_type},{token}")})
}

fn of(header: &Value, payload: &Value, by: &Party) -> Result<super::Verdict, (Code, String)> {
    let token = token(header, payload, by);
    judge(&enveloped(
        "EnvelopedVerifiableCredential",
        "application/vc+jwt",
        &token,
    ))
}

fn refused(code: Code) -> Result<super::Verdict, (Code, String)> {
    Err((code, "/id".to_owned()))
}

#[test]
fn a_credential_in_an_envelope_is_by_its_issuer() {
    let (issuer, other) = (Party::new(1), Party::new(2));
    let document = credential(&issuer);
    let draft = Draft::parse(&bytes(&document), &World::default()).unwrap();
    let whole: Value = serde_json::from_slice(&envelop(&draft, &issuer.method, &issuer).unwrap()).unwrap();
    assert_eq!(judge(&whole).unwrap().by.as_deref(), Some(issuer.did.as_str()));
    assert!(of(&header(&issuer), &document, &issuer).is_ok());
    assert_eq!(of(&header(&other), &document, &other), refused(Code::Unproven));
    assert_eq!(of(&header(&issuer), &document, &other), refused(Code::Unproven));
    let old = Draft::parse(&bytes(&old_credential(&issuer)), &World::default()).unwrap();
    assert!(envelop(&old, &issuer.method, &issuer).is_err());
}

#[test]
fn an_envelope_is_what_it_says() {
    let issuer = Party::new(1);
    let document = credential(&issuer);
    let draft = Draft::parse(&bytes(&document), &World::default()).unwrap();
    let whole: Value = serde_json::from_slice(&envelop(&draft, &issuer.method, &issuer).unwrap()).unwrap();
    let with = |member: &str, value: Value| {
        let mut whole = whole.clone();
        whole[member] = value;
        judge(&whole)
    };
    let malformed = |pointer: &str| Err((Code::Malformed, pointer.to_owned()));
    assert_eq!(with("@context", json!([])), malformed("/@context"));
    assert_eq!(with("@context", json!("https://example.org/")), malformed("/@context"));
    assert_eq!(
        with("type", json!(["EnvelopedVerifiableCredential", "B"])),
        malformed("/type")
    );
    assert!(with("type", json!("VerifiableCredential")).is_err());
    let id = whole["id"].as_str().unwrap();
    let token = id.split_once(',').unwrap().1;
    for id in [
        token.to_owned(),
        format!("data:text/plain,{token}"),
        "data:application/vc+jwt".to_owned(),
    ] {
        assert_eq!(with("id", json!(id)), malformed("/id"));
    }
    for id in [
        format!("{id}."),
        format!("{id}A"),
        format!("{id}="),
        "data:application/vc+jwt,a.b".to_owned(),
    ] {
        assert_eq!(with("id", json!(id)), refused(Code::Unproven));
    }
}

#[test]
fn a_header_brings_no_key_and_no_rules() {
    let issuer = Party::new(1);
    let document = credential(&issuer);
    for (member, value) in [
        ("jwk", json!({})),
        ("crit", json!(["b64"])),
        ("typ", json!("other")),
        ("alg", json!("none")),
        ("alg", json!("ES256")),
    ] {
        let mut header = header(&issuer);
        header[member] = value;
        assert_eq!(of(&header, &document, &issuer), refused(Code::Unproven), "{member}");
    }
    assert_eq!(of(&json!({"alg": "EdDSA"}), &document, &issuer), refused(Code::Unknown));
    assert!(of(&json!({"alg": "Ed25519", "kid": issuer.method}), &document, &issuer).is_ok());
}

#[test]
fn claims_are_the_issuers_and_in_time() {
    let issuer = Party::new(1);
    let with = |member: &str, value: Value| {
        let mut document = credential(&issuer);
        document[member] = value;
        of(&header(&issuer), &document, &issuer)
    };
    assert!(with("iss", json!(issuer.did)).is_ok());
    assert_eq!(with("iss", json!("did:example:a")), refused(Code::Unproven));
    assert!(with("exp", json!(now().unix())).is_ok());
    assert_eq!(with("exp", json!(now().unix() - 1)), refused(Code::NotInForce));
    assert_eq!(with("nbf", json!(now().unix() + 100)), refused(Code::NotInForce));
    assert_eq!(with("nbf", json!("a")), refused(Code::Malformed));
    assert!(with("sub", json!("did:example:a")).is_ok());
    assert_eq!(with("sub", json!("did:example:b")), refused(Code::Unproven));
    assert_eq!(with("jti", json!("urn:a:b")), refused(Code::Unproven));
    // What is no claim of a token is a word of the credential, and has to have a meaning.
    assert_eq!(with("meaningless", json!(1)), refused(Code::Malformed));
    // The older claim has its own media type only.
    assert_eq!(with("vc", json!({})), refused(Code::Malformed));
    let old = token(
        &json!({"alg": "EdDSA", "kid": issuer.method, "typ": "JWT"}),
        &json!({"vc": credential(&issuer)}),
        &issuer,
    );
    assert!(judge(&enveloped("EnvelopedVerifiableCredential", "application/jwt", &old)).is_ok());
}

#[test]
fn a_presentation_in_an_envelope_answers_what_was_asked() {
    let (issuer, holder) = (Party::new(1), Party::new(2));
    let draft = Draft::parse(&bytes(&credential(&issuer)), &World::default()).unwrap();
    let inner: Value = serde_json::from_slice(&envelop(&draft, &issuer.method, &issuer).unwrap()).unwrap();
    let judge = |aud: &str, nonce: &str, holder_did: &str| {
        let payload = json!({
            "@context": [V2], "type": "VerifiablePresentation", "holder": holder_did, "verifiableCredential": [inner],
            "aud": aud, "nonce": nonce,
        });
        let token = token(
            &json!({"alg": "EdDSA", "kid": holder.method, "typ": "vp+jwt"}),
            &payload,
            &holder,
        );
        let world = World::default();
        let policy = Policy {
            domain: Some("a.example"),
            challenge: Some("c"),
            ..policy(&world)
        };
        let document = enveloped("EnvelopedVerifiablePresentation", "application/vp+jwt", &token);
        verify_presentation(&bytes(&document), &policy)
            .map(|_| ())
            .map_err(|refusal| refusal.code)
    };
    let own = holder.did.as_str();
    assert_eq!(judge("a.example", "c", own), Ok(()));
    assert_eq!(judge("b.example", "c", own), Err(Code::Unproven));
    assert_eq!(judge("a.example", "d", own), Err(Code::Unproven));
    assert_eq!(judge("a.example", "c", issuer.did.as_str()), Err(Code::Unproven));
}

/// Whoever has a key sign credentials of any content could have it sign what looks like its holder's presentation.
#[test]
fn a_credential_is_no_presentation_whatever_it_says() {
    let issuer = Party::new(1);
    let mut both = credential(&issuer);
    both["type"] = json!(["VerifiableCredential", "VerifiablePresentation"]);
    let refusal = Draft::parse(&bytes(&both), &World::default()).unwrap_err();
    assert_eq!((refusal.code, refusal.pointer.as_str()), (Code::Malformed, "/type"));

    let claims = json!({"@context": [V2], "type": "VerifiablePresentation", "holder": issuer.did});
    let (world, kind) = (World::default(), "EnvelopedVerifiablePresentation");
    let judge = |typ: &str, media_type: &str| {
        let header = json!({"alg": "EdDSA", "kid": issuer.method, "typ": typ});
        let document = enveloped(kind, media_type, &token(&header, &claims, &issuer));
        verify_presentation(&bytes(&document), &policy(&world)).map_err(|refusal| refusal.code)
    };
    assert!(judge("vp+jwt", "application/vp+jwt").is_ok());
    assert_eq!(judge("vc+jwt", "application/vp+jwt"), Err(Code::Unproven));
    assert_eq!(judge("vp+jwt", "application/vc+jwt"), Err(Code::Malformed));
    // Nor is a presentation a credential.
    let header = json!({"alg": "EdDSA", "kid": issuer.method, "typ": "vp+jwt"});
    assert_eq!(of(&header, &credential(&issuer), &issuer), refused(Code::Unproven));
}
