//! What a record may not be as a credential and as a text, each with the JSON pointer of the fault and its stable code.

use placet_schemas::json::FaultCode::{self, *};
use placet_schemas::record::{CanonicalRecord, MAX_RECORD_BYTES};
use serde_json::{Value, json};

use crate::common::records::all;

pub(crate) fn fixture(name: &str) -> Value {
    let (_, bytes) = all().into_iter().find(|(fixture, _)| *fixture == name).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

pub(crate) fn refused(text: &str) -> (String, FaultCode) {
    let fault = CanonicalRecord::parse(text.as_bytes()).unwrap_err();
    (fault.pointer, fault.code)
}

/// Puts a value at a pointer, or takes it away; a `-` as the last part appends.
pub(crate) fn set(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    let parent = document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("nothing at {pointer}"));
    match (parent, value) {
        (Value::Object(members), Some(value)) => drop(members.insert(last.replace("~1", "/"), value)),
        (Value::Object(members), None) => assert!(members.remove(last).is_some(), "nothing at {pointer}"),
        (Value::Array(elements), Some(value)) if last == "-" => elements.push(value),
        (Value::Array(elements), Some(value)) => elements[last.parse::<usize>().unwrap()] = value,
        (Value::Array(elements), None) => drop(elements.remove(last.parse().unwrap())),
        (other, _) => panic!("{pointer} leads into {other}"),
    }
}

/// Changes one place and expects the fault at `at`.
pub(crate) fn check(name: &str, pointer: &str, value: Option<Value>, at: &str, code: FaultCode) {
    let mut document = fixture(name);
    set(&mut document, pointer, value.clone());
    assert_eq!(
        refused(&document.to_string()),
        (at.to_owned(), code),
        "{name} with {value:?} at {pointer}"
    );
}

pub(crate) fn put(name: &str, pointer: &str, value: Value, code: FaultCode) {
    check(name, pointer, Some(value), pointer, code);
}

#[test]
fn one_proof_without_expiry_of_its_own() {
    let proof = fixture("withdrawal")["proof"].clone();
    put("withdrawal", "/proof", json!([proof]), WrongType);
    put("withdrawal", "/proof", json!([]), WrongType);
    put("withdrawal", "/proof", json!("x"), WrongType);
    put(
        "withdrawal",
        "/proof/expires",
        json!("2030-01-01T00:00:00Z"),
        UnknownMember,
    );
    put("withdrawal", "/proof/nonce", json!("x"), UnknownMember);
    put("withdrawal", "/proof/previousProof", json!("urn:x"), UnknownMember);
    put("withdrawal", "/proof/type", json!("Ed25519Signature2020"), InvalidValue);
    put(
        "withdrawal",
        "/proof/proofPurpose",
        json!("authentication"),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/cryptosuite",
        json!("eddsa-rdfc-2022"),
        InvalidValue,
    );
    put("withdrawal", "/proof/domain", json!(["placet.example/log"]), WrongType);
    put(
        "withdrawal",
        "/proof/domain",
        json!("placet.example/log +x"),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/verificationMethod",
        json!("did:web:cinema.example"),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/created",
        json!("2027-03-01T12:00:00+00:00"),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/proofValue",
        json!(format!("z{}", "0".repeat(87))),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/proofValue",
        json!(format!("z{}", "5".repeat(89))),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/proofValue",
        json!(format!("u{}", "5".repeat(86))),
        InvalidValue,
    );
    put(
        "withdrawal",
        "/proof/@context",
        json!(["https://www.w3.org/ns/credentials/v2"]),
        InvalidValue,
    );
}

#[test]
fn the_credential_is_exactly_this() {
    put(
        "withdrawal",
        "/@context",
        json!("https://www.w3.org/ns/credentials/v2"),
        WrongType,
    );
    put(
        "withdrawal",
        "/@context",
        json!(["https://w3id.org/placet/v1", "https://www.w3.org/ns/credentials/v2"]),
        InvalidValue,
    );
    check(
        "withdrawal",
        "/@context/-",
        Some(json!("https://evil.example/")),
        "/@context/2",
        InvalidValue,
    );
    check(
        "withdrawal",
        "/@context/0",
        Some(json!("https://www.w3.org/2018/credentials/v1")),
        "/@context",
        InvalidValue,
    );
    check("withdrawal", "/type/1", Some(json!("Pardon")), "/type", InvalidValue);
    check(
        "withdrawal",
        "/type/0",
        Some(json!("Withdrawal")),
        "/type/0",
        InvalidValue,
    );
    check(
        "withdrawal",
        "/type/-",
        Some(json!("Narrowing")),
        "/type/2",
        InvalidValue,
    );
    check("withdrawal", "/type", Some(json!("Withdrawal")), "/type", InvalidValue);
    put(
        "withdrawal",
        "/issuer",
        json!({"id": "did:web:cinema.example"}),
        WrongType,
    );
    put("withdrawal", "/issuer", json!("did:ion:abc"), InvalidValue);
    put(
        "withdrawal",
        "/id",
        json!("https://cinema.example/records/1"),
        InvalidValue,
    );
    put("withdrawal", "/validFrom", json!("2027-03-01"), InvalidValue);
    put("withdrawal", "/credentialSubject", json!([{}]), WrongType);
    put("withdrawal", "/credentialStatus", json!({}), UnknownMember);
    put("withdrawal", "/name", json!("My withdrawal"), UnknownMember);
}

#[test]
fn only_grants_and_renewals_expire_and_only_grants_answer_an_invitation() {
    for (name, _) in all() {
        let expires = name.starts_with("consent-grant") || name == "renewal";
        let until = json!("2029-01-01T00:00:00Z");
        if expires {
            check(name, "/validUntil", None, "/validUntil", MissingMember);
            let from = fixture(name)["validFrom"].clone();
            put(name, "/validUntil", from, InvalidValue);
        } else {
            put(name, "/validUntil", until, UnknownMember);
        }
        if name.starts_with("consent-grant") {
            check(name, "/proof/challenge", None, "/proof/challenge", MissingMember);
            for bad in [
                "",
                "AAAAAAAAAAAAAAAAAAAAA",
                "AAAAAAAAAAAAAAAAAAAAAB",
                "AAAAAAAAAAAAAAAAAAAAA=",
                "AAAAAAAAAAAAAAAAAAAAAA==",
            ] {
                put(name, "/proof/challenge", json!(bad), InvalidValue);
            }
        } else {
            put(name, "/proof/challenge", json!("AAAAAAAAAAAAAAAAAAAAAA"), UnknownMember);
        }
    }
}

/// Each member of each object: gone where it is needed, unknown where it is not known. Keys that are data (languages)
/// are not members.
#[test]
fn every_object_is_closed() {
    for (name, _) in all() {
        let mut pointers = Vec::new();
        objects(&fixture(name), "", &mut pointers);
        assert!(pointers.len() >= 3, "{name}");
        for pointer in pointers {
            let extra = format!("{pointer}/placetExtra");
            let expected = if pointer.ends_with("/notices") || is_text(&fixture(name), &pointer) {
                // A language tag is expected here.
                InvalidValue
            } else {
                UnknownMember
            };
            let mut document = fixture(name);
            set(&mut document, &extra, Some(json!("x")));
            let (found, code) = refused(&document.to_string());
            assert_eq!((found.as_str(), code), (extra.as_str(), expected), "{name}");
        }
    }
}

fn objects(value: &Value, pointer: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            out.push(pointer.to_owned());
            for (key, value) in members {
                objects(value, &format!("{pointer}/{}", key.replace('/', "~1")), out);
            }
        }
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                objects(element, &format!("{pointer}/{at}"), out);
            }
        }
        _ => {}
    }
}

fn is_text(document: &Value, pointer: &str) -> bool {
    let members = document.pointer(pointer).and_then(Value::as_object).unwrap();
    members.keys().all(|key| key == "en" || key == "de")
}

#[test]
fn missing_members_are_named() {
    for (name, pointer) in [
        ("withdrawal", "/proof"),
        ("withdrawal", "/proof/proofValue"),
        ("withdrawal", "/proof/domain"),
        ("withdrawal", "/proof/created"),
        ("withdrawal", "/id"),
        ("withdrawal", "/issuer"),
        ("withdrawal", "/validFrom"),
        ("withdrawal", "/@context"),
        ("withdrawal", "/credentialSubject"),
        ("withdrawal", "/credentialSubject/version"),
        ("withdrawal", "/credentialSubject/consent"),
        ("withdrawal-relayed", "/credentialSubject/relayed/receivedAt"),
        ("ended-by-controller", "/credentialSubject/reason"),
        ("erasure-request", "/credentialSubject/anchor"),
        ("holder-key-authorization", "/credentialSubject/holders"),
        ("narrowing", "/credentialSubject/removed"),
        ("narrowing", "/credentialSubject/previous"),
        ("renewal", "/credentialSubject/request"),
        ("consent-grant", "/credentialSubject/withdrawalKey"),
        ("consent-grant", "/credentialSubject/shown/choices"),
        ("consent-grant", "/credentialSubject/shown/choices/1/initial"),
        ("consent-grant", "/credentialSubject/scope/0/retention"),
        ("consent-request", "/credentialSubject/lawfulBasis"),
        ("consent-request", "/credentialSubject/open"),
        ("consent-request", "/credentialSubject/benefit/withoutConsent"),
        ("consent-request", "/credentialSubject/audience/mayIncludeChildren"),
        ("consent-request", "/credentialSubject/clauses/0/purpose/text"),
        ("consent-request-joint", "/credentialSubject/supersedes/material"),
        ("controller-keys", "/credentialSubject/document/assertionMethod"),
        ("destruction", "/credentialSubject/ground"),
        ("destruction", "/credentialSubject/leaves"),
        ("destruction-ordered", "/credentialSubject/orderHash"),
    ] {
        check(name, pointer, None, pointer, MissingMember);
    }
    check("withdrawal", "/type", None, "/type", InvalidValue);
}

#[test]
fn another_version_is_told_apart_from_a_fault() {
    for (name, _) in all() {
        let at = "/credentialSubject/version";
        for version in [json!(2), json!(0), json!(-1), json!(9_007_199_254_740_991_u64)] {
            put(name, at, version, UnsupportedVersion);
        }
        put(name, at, json!("1"), WrongType);
        // Even when the rest would be a fault, in this version.
        let mut newer = fixture(name);
        set(&mut newer, at, Some(json!(2)));
        set(&mut newer, "/credentialSubject/news", Some(json!("x")));
        assert_eq!(refused(&newer.to_string()), (at.to_owned(), UnsupportedVersion));
    }
}

/// Before any type looks at it.
#[test]
fn json_itself_is_strict() {
    let text = fixture("withdrawal-relayed").to_string();
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        refused(&text.replacen(from, to, 1))
    };
    let at = |pointer: &str, code| (pointer.to_owned(), code);
    assert_eq!(
        changed(r#""version":1"#, r#""version":1.0"#),
        at("/credentialSubject/version", Float)
    );
    assert_eq!(
        changed(r#""version":1"#, r#""version":1e0"#),
        at("/credentialSubject/version", Float)
    );
    assert_eq!(
        changed(r#""version":1"#, r#""version":null"#),
        at("/credentialSubject/version", WrongType)
    );
    assert_eq!(
        changed(r#""version":1"#, r#""version":9007199254740992"#),
        at("/credentialSubject/version", IntegerRange)
    );
    assert_eq!(
        changed(r#""version":1"#, r#""version":1,"version":1"#),
        at("/credentialSubject/version", DuplicateMember)
    );
    assert_eq!(
        changed(r#""channel":"phone""#, r#""channel":"\ud800""#),
        at("/credentialSubject/relayed/channel", LoneSurrogate)
    );
    assert_eq!(
        changed(r#""channel":"phone""#, r#""channel":null"#),
        at("/credentialSubject/relayed/channel", WrongType)
    );
    assert_eq!(refused(&format!("{text}{text}")).1, Syntax);
    assert_eq!(refused(""), at("", Syntax));
    assert_eq!(refused("[]"), at("/type", InvalidValue));
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let (pointer, code) = changed(r#""channel":"phone""#, &format!(r#""channel":{deep}"#));
    assert_eq!(code, TooDeep);
    assert!(
        pointer.starts_with("/credentialSubject/relayed/channel/0/0/"),
        "{pointer}"
    );
    // An optional member is left out, never null.
    put("withdrawal", "/credentialSubject/relayed", Value::Null, WrongType);
    put("withdrawal", "/validUntil", Value::Null, WrongType);
    put(
        "consent-request",
        "/credentialSubject/otherBases",
        Value::Null,
        WrongType,
    );
}

#[test]
fn a_record_has_at_most_65536_bytes() {
    let mut text = fixture("withdrawal").to_string();
    let room = MAX_RECORD_BYTES - text.len();
    text.push_str(&" ".repeat(room));
    assert!(CanonicalRecord::parse(text.as_bytes()).is_ok());
    text.push(' ');
    assert_eq!(refused(&text), (String::new(), Oversize));
    // Each text within its limit, and the record too long all the same.
    let mut long = fixture("consent-request");
    for pointer in [
        "/benefit/withConsent",
        "/benefit/withoutConsent",
        "/audience/description",
    ] {
        let words = json!({"de": "x".repeat(16_000), "en": "x".repeat(16_000)});
        set(&mut long, &format!("/credentialSubject{pointer}"), Some(words));
    }
    assert_eq!(refused(&long.to_string()), (String::new(), Oversize));
}

#[test]
fn what_could_deceive_a_reader_is_refused() {
    for bad in [
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{7}b",
        "a\tb",
        "a\u{85}b",
        "",
        " \n ",
        "\u{2003}",
    ] {
        put(
            "ended-by-controller",
            "/credentialSubject/reason",
            json!(bad),
            InvalidValue,
        );
    }
    put(
        "ended-by-controller",
        "/credentialSubject/reason",
        json!("x".repeat(16_385)),
        InvalidValue,
    );
    put(
        "ended-by-controller",
        "/credentialSubject/reason",
        json!("é".repeat(8_193)),
        InvalidValue,
    );
}
