//! What the claims of a record may not be, each with the JSON pointer of the fault and its stable code.

use placet_schemas::json::FaultCode::InvalidValue;
use placet_schemas::json::FaultCode::WrongType;
use placet_schemas::record::CanonicalRecord;
use serde_json::{Value, json};

use crate::refusals::{fixture, put, refused, set};

/// A box that was ticked beforehand is no consent (recital 32), and each choice stands beside its clause.
#[test]
fn choices_start_at_off_and_follow_the_clauses() {
    for name in ["consent-grant", "renewal"] {
        let choices = "/credentialSubject/shown/choices";
        put(name, &format!("{choices}/0/initial"), json!("on"), InvalidValue);
        put(name, &format!("{choices}/0/initial"), json!(true), WrongType);
        put(name, &format!("{choices}/0/act"), json!("none"), InvalidValue);
        let list = fixture(name).pointer(choices).unwrap().as_array().unwrap().clone();
        let mut swapped = list.clone();
        swapped.swap(0, 1);
        let twice = [&list[..], &list[..1]].concat();
        for wrong in [swapped, list[1..].to_vec(), twice, Vec::new()] {
            put(name, choices, json!(wrong), InvalidValue);
        }
        let mut other = fixture(name);
        set(&mut other, &format!("{choices}/0/clause"), Some(json!("00".repeat(32))));
        assert_eq!(refused(&other.to_string()), (choices.to_owned(), InvalidValue));
    }
}

#[test]
fn only_consent_can_be_asked_for() {
    let at = "/credentialSubject/lawfulBasis";
    for basis in ["eu-gdpr:A6-1-b", "eu-gdpr:A6-1-f", "eu-gdpr:A9-2-a", "dpv:Consent", ""] {
        put("consent-request", at, json!(basis), InvalidValue);
    }
    let other = "/credentialSubject/otherBases/0/basis";
    put("consent-request-joint", other, json!("eu-gdpr:A6-1-a"), InvalidValue);
    // None is written in one way: the member is left out.
    let all = "/credentialSubject/otherBases";
    let basis = fixture("consent-request-joint").pointer(all).unwrap()[0].clone();
    put("consent-request-joint", all, json!([]), InvalidValue);
    put("consent-request-joint", all, json!([basis, basis]), InvalidValue);
}

#[test]
fn controllers_are_sole_or_all_joint_and_named_once() {
    let at = "/credentialSubject/controllers";
    let list = fixture("consent-request-joint")
        .pointer(at)
        .unwrap()
        .as_array()
        .unwrap()
        .clone();
    let sole = fixture("consent-request").pointer(at).unwrap()[0].clone();
    for wrong in [
        json!([]),
        json!([list[0]]),
        json!([sole, list[1]]),
        json!([list[0], list[0]]),
        json!([sole, sole]),
    ] {
        put("consent-request-joint", at, wrong, InvalidValue);
    }
    let many: Vec<Value> = (0..17)
        .map(|n| {
            let mut controller = list[0].clone();
            controller["id"] = json!(format!("did:web:c{n}.example"));
            controller
        })
        .collect();
    put("consent-request-joint", at, json!(many), InvalidValue);
    let mut fits = fixture("consent-request-joint");
    set(&mut fits, at, Some(json!(many[..16])));
    assert!(CanonicalRecord::parse(fits.to_string().as_bytes()).is_ok());
}

#[test]
fn a_key_document_speaks_for_its_own_did_alone() {
    let at = "/credentialSubject/document";
    let document = fixture("controller-keys").pointer(at).unwrap().clone();
    let changed = |pointer: &str, value: Value| {
        let mut document = document.clone();
        set(&mut document, pointer, Some(value));
        document
    };
    for wrong in [
        changed("/verificationMethod/0/controller", json!("did:web:evil.example")),
        changed("/verificationMethod/0/id", json!("did:web:evil.example#key-1")),
        changed("/verificationMethod/1", document["verificationMethod"][0].clone()),
        changed("/verificationMethod", json!([])),
        changed("/assertionMethod", json!([])),
        changed("/assertionMethod/0", json!("did:web:cinema.example#key-3")),
        changed("/id", json!("did:web:evil.example")),
    ] {
        put("controller-keys", at, wrong, InvalidValue);
    }
    let type_at = "/credentialSubject/document/verificationMethod/0/type";
    put("controller-keys", type_at, json!("JsonWebKey"), InvalidValue);
}

#[test]
fn a_withdrawal_key_is_a_key() {
    let at = "/credentialSubject/withdrawalKey";
    put("consent-grant", at, json!("did:web:cinema.example"), InvalidValue);
    put("consent-grant", at, json!("did:key:z6MkO"), InvalidValue);
}

#[test]
fn sets_and_scopes_have_one_order() {
    let at = "/credentialSubject/clauses";
    let clauses = fixture("consent-request")
        .pointer(at)
        .unwrap()
        .as_array()
        .unwrap()
        .clone();
    let mut swapped = clauses.clone();
    swapped.swap(0, 1);
    let twice = [&clauses[..1], &clauses[..]].concat();
    for wrong in [swapped, twice, Vec::new()] {
        put("consent-request", at, json!(wrong), InvalidValue);
    }
    let at = "/credentialSubject/jurisdictions";
    for wrong in [json!(["IE", "AT"]), json!(["AT", "AT"]), json!([])] {
        put("consent-request", at, wrong, InvalidValue);
    }
    put(
        "erasure-request",
        "/credentialSubject/categories",
        json!([]),
        InvalidValue,
    );
    put(
        "erasure-request",
        "/credentialSubject/categories",
        json!(["pd:Purchase", "pd:Interest"]),
        InvalidValue,
    );
    put("narrowing", "/credentialSubject/removed", json!([]), InvalidValue);
}

/// A list that could be read in two ways, that is too long, or that names what cannot hold a receipt.
#[test]
fn holders_are_few_keys_in_order_and_not_the_grants_own() {
    let (name, at) = ("holder-key-authorization", "/credentialSubject/holders");
    let list = fixture(name).pointer(at).unwrap().as_array().unwrap().clone();
    let own = fixture(name)["issuer"].clone();
    let many: Vec<Value> = (0..8)
        .map(|n| json!(format!("did:key:z6Mk{}{}", "a".repeat(43), n + 1)))
        .collect();
    put(name, at, json!([list[1], list[0]]), InvalidValue);
    put(name, at, json!([list[0], list[0]]), InvalidValue);
    put(name, at, json!([own]), InvalidValue);
    put(name, at, json!(many), InvalidValue);
    put(name, at, json!(["did:web:cinema.example"]), InvalidValue);
    put(
        name,
        at,
        json!(["did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"]),
        InvalidValue,
    );
    let mut most = fixture(name);
    set(&mut most, at, Some(json!(many[..7])));
    assert!(CanonicalRecord::parse(most.to_string().as_bytes()).is_ok());
}
