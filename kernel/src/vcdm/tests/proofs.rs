//! Proofs: sets, chains, expiry, purpose, and whose keys they are by.

use serde_json::{Value, json};

use super::super::json::{changed, parse};
use super::super::proofs::signing_input;
use super::super::{
    Code, Draft, MAX_CREDENTIALS, MAX_PROOFS, Policy, Purpose, Suite, verify_credential, verify_presentation,
};
use super::{Party, V2, World, bytes, credential, fault, judge, judge_in, now, old_credential, policy, signed};
use crate::sign::{Signer as _, proof_value};

/// A proof with these options over what the document has, as its maker would make it.
fn proof(document: &Value, by: &Party, options: &Value) -> Value {
    let mut options = options.clone();
    for (member, value) in [
        ("type", json!("DataIntegrityProof")),
        ("cryptosuite", json!("eddsa-jcs-2022")),
        ("verificationMethod", json!(by.method)),
        ("proofPurpose", json!("assertionMethod")),
    ] {
        options.as_object_mut().unwrap().entry(member).or_insert(value);
    }
    let suite = Suite::named(options["cryptosuite"].as_str().unwrap()).unwrap();
    let [document, config] = [document, &options].map(|value| {
        let bytes = bytes(value);
        changed(parse(&bytes).unwrap().root(), &[], &[])
    });
    let input = signing_input(suite, &document, &config, &World::default()).unwrap();
    let value = proof_value(&by.sign(&input).unwrap()).unwrap();
    options["proofValue"] = json!(value.as_str());
    options
}

/// A credential with a proof that has these options.
fn proven(options: &Value) -> Value {
    let issuer = Party::new(1);
    let mut document = credential(&issuer);
    document["proof"] = proof(&document, &issuer, options);
    document
}

fn unproven(pointer: &str) -> Result<super::Verdict, (Code, String)> {
    Err((Code::Unproven, pointer.to_owned()))
}

#[test]
fn both_suites_hold_for_both_data_models_and_for_nothing_else() {
    let issuer = Party::new(1);
    for document in [credential(&issuer), old_credential(&issuer)] {
        for suite in [Suite::EddsaJcs2022, Suite::EddsaRdfc2022] {
            let whole = signed(&document, &issuer, suite);
            assert_eq!(judge(&whole).unwrap().by.as_deref(), Some(issuer.did.as_str()));
            let mut other = whole.clone();
            other["evidence"] = json!({"type": "Thing"});
            assert_eq!(judge(&other), unproven("/proof/proofValue"));
            other = whole.clone();
            other["proof"]["created"] = json!("2020-01-01T00:00:00Z");
            assert_eq!(judge(&other), unproven("/proof/proofValue"));
            other = whole.clone();
            let another = if suite == Suite::EddsaJcs2022 {
                Suite::EddsaRdfc2022
            } else {
                Suite::EddsaJcs2022
            };
            other["proof"]["cryptosuite"] = json!(another.as_str());
            assert!(judge(&other).is_err());
        }
    }
    assert_eq!(Suite::named("ecdsa-rdfc-2019"), None);
}

#[test]
fn a_document_gains_no_context_after_it_was_signed() {
    let issuer = Party::new(1);
    let whole = signed(&credential(&issuer), &issuer, Suite::EddsaJcs2022);
    let mut more = whole.clone();
    more["@context"]
        .as_array_mut()
        .unwrap()
        .push(json!("https://example.org/more"));
    assert_eq!(judge(&more), unproven("/@context"));
    let mut other = whole.clone();
    other["@context"][1] = json!("https://example.org/more");
    assert_eq!(judge(&other), unproven("/@context"));
    // A proof that says nothing of contexts is over those that the document has.
    assert!(judge(&proven(&json!({}))).is_ok());
}

#[test]
fn a_proof_has_all_that_a_proof_has() {
    assert!(judge(&proven(&json!({}))).is_ok());
    for (member, code) in [
        ("type", Code::Malformed),
        ("cryptosuite", Code::Malformed),
        ("verificationMethod", Code::Malformed),
        ("proofPurpose", Code::Malformed),
        ("proofValue", Code::Malformed),
    ] {
        let mut document = proven(&json!({}));
        document["proof"].as_object_mut().unwrap().remove(member);
        assert_eq!(judge(&document), Err((code, format!("/proof/{member}"))));
        document["proof"][member] = json!("other");
        let code = match member {
            "proofPurpose" | "proofValue" => Code::Unproven,
            _ => Code::Unknown,
        };
        assert_eq!(judge(&document), Err((code, format!("/proof/{member}"))));
    }
    let mut document = proven(&json!({}));
    for (proof, pointer) in [
        (json!(null), "/proof"),
        (json!([]), "/proof"),
        (json!(["z"]), "/proof/0"),
        (json!(vec![json!({}); MAX_PROOFS + 1]), "/proof"),
    ] {
        document["proof"] = proof;
        assert_eq!(judge(&document), Err((Code::Malformed, pointer.to_owned())));
    }
    document.as_object_mut().unwrap().remove("proof");
    assert_eq!(judge(&document), Err((Code::Malformed, "/proof".to_owned())));
}

#[test]
fn an_expired_proof_does_not_count() {
    assert!(judge(&proven(&json!({"expires": now()}))).is_ok());
    let expired = proven(&json!({"expires": now().minus_seconds(1)}));
    assert_eq!(judge(&expired), unproven("/proof/expires"));
    for member in ["created", "expires"] {
        let wrong = proven(&json!({member: "invalidDate"}));
        assert_eq!(judge(&wrong), Err((Code::Malformed, format!("/proof/{member}"))));
    }
}

#[test]
fn a_credential_counts_in_its_period_only() {
    let issuer = Party::new(1);
    let later = now().plus_seconds(1).to_string();
    let before = now().minus_seconds(1).to_string();
    for (member, value) in [("validFrom", later), ("validUntil", before)] {
        let mut document = credential(&issuer);
        document[member] = json!(value);
        let whole = signed(&document, &issuer, Suite::EddsaJcs2022);
        assert_eq!(judge(&whole), Err((Code::NotInForce, format!("/{member}"))));
    }
}

#[test]
fn one_proof_is_by_the_issuer_and_every_proof_of_a_set_holds() {
    let (issuer, other) = (Party::new(1), Party::new(2));
    let document = credential(&issuer);
    let own = proof(&document, &issuer, &json!({}));
    let others = proof(&document, &other, &json!({}));
    let with = |proofs: Value| {
        let mut document = document.clone();
        document["proof"] = proofs;
        judge(&document)
    };
    assert!(with(json!([others, own])).is_ok());
    assert_eq!(with(json!([others])), unproven("/proof"));
    let mut forged = others.clone();
    forged["created"] = json!("2020-01-01T00:00:00Z");
    assert_eq!(with(json!([own, forged])), unproven("/proof/1/proofValue"));
    // A key of one is no key of another.
    let mut named = others.clone();
    named["verificationMethod"] = json!(issuer.method);
    assert_eq!(with(json!([own, named])), unproven("/proof/1/proofValue"));
    let foreign = json!({"type": "DataIntegrityProof", "cryptosuite": "ecdsa-rdfc-2019"});
    assert_eq!(
        with(json!([own, foreign])),
        Err((Code::Unknown, "/proof/1/cryptosuite".to_owned()))
    );
}

#[test]
fn a_chain_holds_with_the_proofs_that_it_is_over() {
    let (issuer, first) = (Party::new(1), Party::new(2));
    for suite in ["eddsa-jcs-2022", "eddsa-rdfc-2022"] {
        for several in [false, true] {
            let document = credential(&issuer);
            let before = proof(&document, &first, &json!({"id": "urn:x:1", "cryptosuite": suite}));
            let previous = if several { json!(["urn:x:1"]) } else { json!("urn:x:1") };
            let mut over = document.clone();
            over["proof"] = json!([before]);
            let after = proof(
                &over,
                &issuer,
                &json!({"previousProof": previous, "cryptosuite": suite}),
            );
            let with = |proofs: Value| {
                let mut document = document.clone();
                document["proof"] = proofs;
                judge(&document)
            };
            assert!(with(json!([before, after])).is_ok());
            assert!(with(json!([after, before])).is_ok());
            // Made over the document alone, it is no link of the chain.
            let loose = proof(
                &document,
                &issuer,
                &json!({"previousProof": previous, "cryptosuite": suite}),
            );
            assert_eq!(with(json!([before, loose])), unproven("/proof/1/proofValue"));
            assert_eq!(with(json!([after])), unproven("/proof/0/previousProof"));
            // What comes before has to hold itself.
            let mut broken = before.clone();
            broken["created"] = json!("2020-01-01T00:00:00Z");
            assert!(with(json!([broken, after])).is_err());
            assert_eq!(
                with(json!([before, before, after])),
                Err((Code::Malformed, "/proof/1/id".to_owned()))
            );
        }
    }
}

#[test]
fn a_chain_has_no_cycle() {
    let issuer = Party::new(1);
    let mut document = credential(&issuer);
    let link = |id: &str, previous: Value| proof(&document, &issuer, &json!({"id": id, "previousProof": previous}));
    let proofs = json!([
        link("urn:x:1", json!("urn:x:2")),
        link("urn:x:2", json!(["urn:x:3"])),
        link("urn:x:3", json!("urn:x:1"))
    ]);
    let own = json!([link("urn:x:1", json!("urn:x:1"))]);
    let empty = json!([link("urn:x:1", json!([]))]);
    let number = json!([link("urn:x:1", json!([1]))]);
    document["proof"] = proofs;
    assert_eq!(judge(&document), unproven("/proof/0/previousProof"));
    document["proof"] = own;
    assert_eq!(judge(&document), unproven("/proof/0/previousProof"));
    document["proof"] = empty;
    assert_eq!(
        judge(&document),
        Err((Code::Malformed, "/proof/0/previousProof".to_owned()))
    );
    document["proof"] = number;
    assert_eq!(
        judge(&document),
        Err((Code::Malformed, "/proof/0/previousProof/0".to_owned()))
    );
}

#[test]
fn a_method_is_what_its_did_document_says_it_is() {
    let issuer = Party::web(1);
    let whole = signed(&credential(&issuer), &issuer, Suite::EddsaJcs2022);
    let at = "/proof/verificationMethod".to_owned();
    assert_eq!(judge(&whole), Err((Code::Unknown, at.clone())));
    let method = json!({"id": issuer.method, "type": "Multikey", "controller": issuer.did, "publicKeyMultibase": issuer.multibase()});
    let document = json!({"id": issuer.did, "verificationMethod": [method], "assertionMethod": [issuer.method]});
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document = document.clone();
        change(&mut document);
        let world = World {
            documents: [(issuer.did.to_string(), document)].into(),
            ..World::default()
        };
        judge_in(&world, &whole)
    };
    assert!(with(&|_| ()).is_ok());
    assert!(with(&|document| document["assertionMethod"] = json!([method])).is_ok());
    let refused = Err((Code::Unproven, at));
    // For another purpose, by another controller, of another kind, another's document.
    assert_eq!(with(&|document| document["assertionMethod"] = json!([])), refused);
    assert_eq!(with(&|document| document["verificationMethod"] = json!([])), refused);
    assert_eq!(
        with(&|document| document["verificationMethod"][0]["controller"] = json!("did:web:b.example")),
        refused
    );
    assert_eq!(
        with(&|document| document["verificationMethod"][0]["type"] = json!("JsonWebKey")),
        refused
    );
    assert_eq!(
        with(&|document| document["verificationMethod"][0]["publicKeyMultibase"] = json!("z6Mk")),
        refused
    );
    assert_eq!(with(&|document| document["id"] = json!("did:web:b.example")), refused);
    let another = Party::new(2).multibase();
    assert_eq!(
        with(&|document| document["verificationMethod"][0]["publicKeyMultibase"] = json!(another)),
        unproven("/proof/proofValue")
    );
}

/// A presentation, signed for a domain and a challenge.
fn presented(holder: &Party, credentials: &Value, options: &Value) -> Value {
    let mut document = json!({
        "@context": [V2], "type": "VerifiablePresentation", "holder": holder.did, "verifiableCredential": credentials,
    });
    let mut all = json!({"proofPurpose": "authentication", "domain": ["a.example", "b.example"], "challenge": "c"});
    for (member, value) in options.as_object().unwrap() {
        all[member] = value.clone();
    }
    document["proof"] = proof(&document, holder, &all);
    document
}

fn judge_presented(document: &Value) -> Result<(), (Code, String)> {
    let world = World::default();
    let policy = Policy {
        domain: Some("a.example"),
        challenge: Some("c"),
        ..policy(&world)
    };
    let verdict = verify_presentation(&bytes(document), &policy);
    verdict.map(|_| ()).map_err(|refusal| (refusal.code, refusal.pointer))
}

#[test]
fn a_presentation_is_for_this_domain_and_challenge_and_by_its_holder() {
    let (issuer, holder) = (Party::new(1), Party::new(2));
    let whole = signed(&credential(&issuer), &issuer, Suite::EddsaJcs2022);
    let of = |options: &Value| judge_presented(&presented(&holder, &json!([whole]), options));
    assert_eq!(of(&json!({})), Ok(()));
    assert_eq!(of(&json!({"domain": "a.example"})), Ok(()));
    let unproven = |pointer: &str| Err((Code::Unproven, pointer.to_owned()));
    assert_eq!(of(&json!({"domain": "b.example"})), unproven("/proof/domain"));
    assert_eq!(of(&json!({"challenge": "d"})), unproven("/proof/challenge"));
    assert_eq!(
        of(&json!({"challenge": ["c"]})),
        Err((Code::Malformed, "/proof/challenge".to_owned()))
    );
    assert_eq!(
        of(&json!({"proofPurpose": "assertionMethod"})),
        unproven("/proof/proofPurpose")
    );
    let mut stolen = presented(&holder, &json!([whole]), &json!({}));
    stolen.as_object_mut().unwrap().remove("proof");
    assert_eq!(judge_presented(&stolen), Err((Code::Malformed, "/proof".to_owned())));
    let options = json!({"proofPurpose": "authentication", "domain": "a.example", "challenge": "c"});
    stolen["proof"] = proof(&stolen, &issuer, &options);
    assert_eq!(judge_presented(&stolen), unproven("/holder"));
}

#[test]
fn every_credential_of_a_presentation_counts() {
    let (issuer, holder) = (Party::new(1), Party::new(2));
    let whole = signed(&credential(&issuer), &issuer, Suite::EddsaJcs2022);
    let of = |credentials: Value| judge_presented(&presented(&holder, &credentials, &json!({})));
    assert_eq!(of(whole.clone()), Ok(()));
    let mut forged = whole.clone();
    forged["name"] = json!("Another");
    let at = "/verifiableCredential/1/proof/proofValue".to_owned();
    assert_eq!(of(json!([whole, forged])), Err((Code::Unproven, at)));
    for (credentials, pointer) in [
        (json!("a"), "/verifiableCredential"),
        (json!([whole, "a"]), "/verifiableCredential/1"),
        (json!([]), "/verifiableCredential"),
        (json!(vec![json!({}); MAX_CREDENTIALS + 1]), "/verifiableCredential"),
    ] {
        assert_eq!(of(credentials), Err((Code::Malformed, pointer.to_owned())));
    }
    // Few of each may be many together.
    let mut many = whole.clone();
    many["proof"] = json!(vec![whole["proof"].clone(); MAX_PROOFS]);
    assert_eq!(of(json!([many, many])), Ok(()));
    let too_many = Err((Code::TooLarge, "/verifiableCredential".to_owned()));
    assert_eq!(of(json!([many, many, many])), too_many);
}

#[test]
fn no_changed_character_leaves_a_credential_that_counts() {
    let issuer = Party::new(1);
    let world = World::default();
    for suite in [Suite::EddsaJcs2022, Suite::EddsaRdfc2022] {
        let whole = bytes(&signed(&credential(&issuer), &issuer, suite));
        assert!(verify_credential(&whole, &policy(&world)).is_ok());
        for at in 0..whole.len() {
            for other in [b'0', b'"', b'}', whole[at] ^ 1, whole[at] ^ 0x20] {
                let mut changed = whole.clone();
                changed[at] = other;
                if changed != whole {
                    let verdict = verify_credential(&changed, &policy(&world));
                    assert!(verdict.is_err(), "{}", String::from_utf8_lossy(&changed));
                }
            }
            assert!(verify_credential(&whole[..at], &policy(&world)).is_err());
        }
    }
}

#[test]
fn a_presentation_keeps_the_data_model_too() {
    let holder = Party::new(2);
    let whole = presented(&holder, &json!({}), &json!({}));
    for (member, value) in [
        ("@context", json!(["https://example.org/"])),
        ("type", json!("VerifiableCredential")),
        ("id", json!("a")),
        ("holder", json!({"name": "a"})),
        ("termsOfUse", json!({"id": "urn:a:b"})),
        ("meaningless", json!(1)),
    ] {
        let mut document = whole.clone();
        document[member] = value;
        let (code, pointer) = judge_presented(&document).unwrap_err();
        assert!(
            code == Code::Malformed && pointer.starts_with(&format!("/{member}")),
            "{pointer}"
        );
    }
}

#[test]
fn a_draft_that_breaks_a_rule_is_not_signed() {
    let issuer = Party::new(1);
    let mut document = credential(&issuer);
    document["credentialSubject"] = json!({});
    assert!(fault(&document).is_some());
    assert!(Draft::parse(&bytes(&document), &World::default()).is_err());
    assert_eq!(Purpose::Assertion.as_str(), "assertionMethod");
}
