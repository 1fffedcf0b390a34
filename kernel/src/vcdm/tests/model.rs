//! The data model: each rule with what keeps it and what breaks it.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384};

use super::super::{Code, Draft, MAX_DOCUMENT_BYTES, MAX_URL_BYTES, Version};
use super::{PUBLISHED, Party, RESOURCE, V1, V2, World, bytes, credential, fault, old_credential};

/// What a credential with this member is refused for.
fn with(member: &str, value: Value) -> Option<(Code, String)> {
    let mut document = credential(&Party::new(1));
    document[member] = value;
    fault(&document)
}

fn without(member: &str) -> Option<(Code, String)> {
    let mut document = credential(&Party::new(1));
    document.as_object_mut().unwrap().remove(member);
    fault(&document)
}

fn malformed(pointer: &str) -> Option<(Code, String)> {
    Some((Code::Malformed, pointer.to_owned()))
}

#[test]
fn both_data_models_are_read() {
    let issuer = Party::new(1);
    for (document, version) in [
        (credential(&issuer), Version::V2),
        (old_credential(&issuer), Version::V1),
    ] {
        let draft = Draft::parse(&bytes(&document), &World::default()).unwrap();
        assert_eq!((draft.version(), draft.issuer()), (version, issuer.did.as_str()));
    }
    assert_eq!(fault(&json!([])), malformed(""));
    assert_eq!(with("proof", json!({})), malformed("/proof"));
}

#[test]
fn the_first_context_is_the_data_models() {
    assert_eq!(with("@context", json!([V2])), None);
    assert_eq!(with("@context", json!([V2, "https://example.org/more", {}])), None);
    assert_eq!(without("@context"), malformed("/@context"));
    for context in [json!(V2), json!([]), json!({})] {
        assert_eq!(with("@context", context), malformed("/@context"));
    }
    for first in [
        json!(["https://example.org/more", V2]),
        json!(["no url", V2]),
        json!([{}, V2]),
    ] {
        assert_eq!(with("@context", first), malformed("/@context/0"));
    }
    for second in [
        json!([V2, "https ://a"]),
        json!([V2, 1]),
        json!([V2, V2]),
        json!([V2, [V2]]),
    ] {
        assert_eq!(with("@context", second), malformed("/@context/1"));
    }
    assert_eq!(with("@context", json!([V2, V1])), malformed("/@context"));
}

#[test]
fn what_has_no_meaning_is_refused_and_a_direction_has_one() {
    assert_eq!(with("meaningless", json!(1)), malformed("/meaningless"));
    let text = json!({"@value": "عنوان", "@language": "ar", "@direction": "rtl"});
    assert_eq!(with("name", text), None);
}

#[test]
fn types_are_strings_and_one_says_credential() {
    assert_eq!(with("type", json!("VerifiableCredential")), None);
    assert_eq!(
        with("type", json!(["https://example.org/A", "VerifiableCredential"])),
        None
    );
    assert_eq!(without("type"), malformed("/type"));
    assert_eq!(with("type", json!([])), malformed("/type"));
    assert_eq!(with("type", json!("Alumni")), malformed("/type"));
    assert_eq!(with("type", json!(["VerifiableCredential", 1])), malformed("/type/1"));
    assert_eq!(with("type", json!(["VerifiableCredential", ""])), malformed("/type/1"));
}

#[test]
fn an_id_is_one_url() {
    assert_eq!(without("id"), None);
    let long = format!("https://{}", "a".repeat(MAX_URL_BYTES));
    for id in [
        json!("a"),
        json!(null),
        json!(1),
        json!(["urn:a:b", "urn:a:c"]),
        json!(long),
    ] {
        assert_eq!(with("id", id), malformed("/id"));
    }
}

#[test]
fn names_are_texts_with_language_and_direction() {
    for member in ["name", "description"] {
        let text = json!({"@value": "Hund", "@language": "de-CH"});
        assert_eq!(with(member, json!([text, {"@value": "Dog", "@language": "en"}])), None);
        let at = malformed(&format!("/{member}"));
        for bad in [
            json!(1),
            json!({"@language": "de"}),
            json!({"@value": 1}),
            json!({"@value": "a", "@language": "d e"}),
            json!({"@value": "a", "@direction": "up"}),
            json!({"@value": "a", "url": "https://a.example"}),
        ] {
            assert_eq!(with(member, bad), at);
        }
        assert_eq!(with(member, json!(["a", "b"])), malformed(&format!("/{member}/0")));
    }
    let named = |name: Value| with("issuer", json!({"id": "did:example:a", "name": name}));
    assert_eq!(named(json!("an issuer")), None);
    assert_eq!(named(json!({"@value": "a", "x": 1})), malformed("/issuer/name"));
}

#[test]
fn an_issuer_is_a_url_or_has_one() {
    assert_eq!(with("issuer", json!("https://issuer.example")), None);
    assert_eq!(with("issuer", json!({"id": "did:example:a"})), None);
    assert_eq!(without("issuer"), malformed("/issuer"));
    for issuer in [json!(null), json!("issuer"), json!([]), json!(1)] {
        assert_eq!(with("issuer", issuer), malformed("/issuer"));
    }
    for issuer in [json!({}), json!({"id": null}), json!({"id": "issuer"})] {
        assert_eq!(with("issuer", issuer), malformed("/issuer/id"));
    }
}

#[test]
fn a_subject_says_something() {
    assert_eq!(
        with("credentialSubject", json!([{"alumniOf": "a"}, {"id": "urn:a:b"}])),
        None
    );
    assert_eq!(without("credentialSubject"), malformed("/credentialSubject"));
    assert_eq!(with("credentialSubject", json!([])), malformed("/credentialSubject"));
    assert_eq!(with("credentialSubject", json!({})), malformed("/credentialSubject"));
    assert_eq!(with("credentialSubject", json!("a")), malformed("/credentialSubject"));
    assert_eq!(
        with("credentialSubject", json!([{"a": 1}, {}])),
        malformed("/credentialSubject/1")
    );
    assert_eq!(
        with("credentialSubject", json!({"id": "a"})),
        malformed("/credentialSubject/id")
    );
}

#[test]
fn moments_have_a_zone_and_are_in_order() {
    for member in ["validFrom", "validUntil"] {
        assert_eq!(without(member), None);
        for bad in [json!("yesterday"), json!("2026-06-01T00:00:00"), json!(1)] {
            assert_eq!(with(member, bad), malformed(&format!("/{member}")));
        }
    }
    // The same moment in another zone, then a nanosecond before it.
    assert_eq!(with("validUntil", json!("2026-01-01T01:00:00+01:00")), None);
    assert_eq!(
        with("validUntil", json!("2025-12-31T23:59:59.999999999Z")),
        malformed("/validUntil")
    );
    let mut old = old_credential(&Party::new(1));
    old["expirationDate"] = json!("2025-01-01T00:00:00Z");
    assert_eq!(fault(&old), malformed("/expirationDate"));
    old.as_object_mut().unwrap().remove("issuanceDate");
    assert_eq!(fault(&old), malformed("/issuanceDate"));
}

#[test]
fn things_say_what_they_are() {
    for (member, needs_id) in [
        ("credentialStatus", false),
        ("credentialSchema", true),
        ("refreshService", false),
        ("termsOfUse", false),
        ("evidence", false),
    ] {
        let good = json!({"id": "https://example.org/1", "type": "Thing"});
        assert_eq!(with(member, good.clone()), None);
        assert_eq!(
            with(member, json!([good, {"id": "urn:a:b", "type": ["Thing", "Other"]}])),
            None
        );
        let id = malformed(&format!("/{member}/id"));
        assert_eq!(with(member, json!({"type": "Thing"})), id.clone().filter(|_| needs_id));
        assert_eq!(with(member, json!({"id": "a", "type": "Thing"})), id);
        assert_eq!(
            with(member, json!({"id": "urn:a:b"})),
            malformed(&format!("/{member}/type"))
        );
        assert_eq!(
            with(member, json!({"id": "urn:a:b", "type": 2})),
            malformed(&format!("/{member}/type"))
        );
        for bad in [json!([]), json!({}), json!("https://example.org/1")] {
            assert_eq!(with(member, bad), malformed(&format!("/{member}")));
        }
        assert_eq!(
            with(member, json!(vec![json!({"type": "A", "id": "urn:a:b"}); 65])),
            malformed(&format!("/{member}"))
        );
    }
    let mut old = old_credential(&Party::new(1));
    old["credentialStatus"] = json!({"type": "Thing"});
    assert_eq!(fault(&old), malformed("/credentialStatus/id"));
}

#[test]
fn related_resources_have_the_digests_of_what_is_published() {
    let sri = format!("sha384-{}", Base64::encode_string(&Sha384::digest(PUBLISHED)));
    let raw = format!("u{}", Base64UrlUnpadded::encode_string(&Sha256::digest(PUBLISHED)));
    let multihash = [&[0x12, 0x20], Sha256::digest(PUBLISHED).as_slice()].concat();
    let multihash = format!("z{}", bs58::encode(multihash).into_string());
    let related = |value: Value| with("relatedResource", value);
    let of = |member: &str, digest: &str| related(json!({"id": RESOURCE, member: digest}));
    assert_eq!(of("digestSRI", &sri), None);
    assert_eq!(of("digestMultibase", &raw), None);
    assert_eq!(of("digestMultibase", &multihash), None);
    // Of several functions the strongest counts.
    assert_eq!(of("digestSRI", &format!("sha256-AAAA {sri}")), None);
    let bad = |member: &str| Some((Code::Unproven, format!("/relatedResource/{member}")));
    assert_eq!(of("digestSRI", &format!("{sri} sha512-AAAA")), bad("digestSRI"));
    assert_eq!(of("digestSRI", &sri.replace("sha384", "sha256")), bad("digestSRI"));
    for digest in ["", "u", "uAAAA", "mAAAA", &raw[1..], &"u".repeat(600)] {
        assert_eq!(of("digestMultibase", digest), bad("digestMultibase"));
    }
    assert_eq!(
        related(json!({"id": RESOURCE})),
        malformed("/relatedResource/digestSRI")
    );
    assert_eq!(related(json!({"digestSRI": sri})), malformed("/relatedResource/id"));
    assert_eq!(related(json!([RESOURCE])), malformed("/relatedResource/0"));
    let one = json!({"id": RESOURCE, "digestSRI": sri, "mediaType": "text/plain"});
    assert_eq!(related(json!([one])), None);
    assert_eq!(related(json!([one, one])), malformed("/relatedResource/1/id"));
    let mut typed = one.clone();
    typed["mediaType"] = json!(1);
    assert_eq!(related(typed), malformed("/relatedResource/mediaType"));
    // What cannot be compared is not taken on trust.
    let elsewhere = json!({"id": "https://elsewhere.example", "digestSRI": sri});
    assert_eq!(
        related(elsewhere),
        Some((Code::Unknown, "/relatedResource/id".to_owned()))
    );
}

#[test]
fn what_is_too_large_or_too_deep_is_cut_off() {
    let large = "a".repeat(MAX_DOCUMENT_BYTES);
    assert!(matches!(
        with("credentialSubject", json!({"a": large})),
        Some((Code::TooLarge, _))
    ));
    let deep = (0..100).fold(json!("a"), |inner, _| json!({"a": inner}));
    assert!(matches!(with("credentialSubject", deep), Some((Code::Malformed, _))));
}
