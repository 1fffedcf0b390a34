//! One record judged by itself: each ground of refusal, and what keeps nobody from withdrawing.

mod desk;

use placet_kernel::arrival::{self, Finding, Refusal, TIME_TOLERANCE_SECONDS};
use placet_kernel::sign::{Algorithm, Signer};
use placet_schemas::id::{Did, Digest};
use placet_schemas::json::to_jcs;
use placet_schemas::lifecycle::TransitionError;
use placet_schemas::record::keys::DidDocument;
use placet_schemas::record::{Body, CanonicalRecord, Cryptosuite, MAX_RECORD_BYTES};
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, offer};
use placet_tests::p;
use placet_tests::report::Verifier;
use placet_wallet::keys::SoftwareKey;

use desk::{Desk, base58, secured};

fn code(result: Result<Vec<Finding>, Refusal>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn what_is_no_record_is_malformed_and_says_where() {
    let code = |bytes: &[u8]| Refusal::from(CanonicalRecord::parse(bytes).unwrap_err()).code();
    assert_eq!(code(b"{}"), "malformed");
    assert_eq!(code(b"no JSON"), "malformed");
    assert_eq!(code(&vec![b' '; MAX_RECORD_BYTES + 1]), "oversize");
    let desk = Desk::new();
    let newer = String::from_utf8(desk.scene.log.entries[0].bytes.clone()).unwrap();
    let newer = newer.replace("\"version\":1}", "\"version\":2}");
    assert_eq!(code(newer.as_bytes()), "unsupported_version");
    let refusal = Refusal::from(CanonicalRecord::parse(b"{}").unwrap_err());
    assert!(matches!(refusal, Refusal::Malformed(fault) if !fault.message.is_empty()));
}

#[test]
fn codes_of_rules_and_of_the_lifecycle_are_passed_on() {
    assert_eq!(Refusal::from(TransitionError::ConsentEnded).code(), "consent_ended");
    let desk = Desk::new();
    let mut request = offer(&[&desk.scene.brand], vec![newsletter()], 0).request;
    request.audience.may_include_children = true;
    let record = desk.scene.brand_claim(Body::ConsentRequest(Box::new(request)));
    let record = record.sign(&desk.scene.brand.key).record;
    assert_eq!(
        code(desk.check(&record, Some(&desk.scene.brand.keys()))),
        "guardian_unsupported"
    );
}

#[test]
fn each_kind_has_its_signers() {
    let desk = Desk::new();
    let Desk { scene, .. } = &desk;
    let festival = Brand::festival();
    let stranger = SoftwareKey::ed25519_from_seed(&[9; 32]);
    let by = |body: Body, brand: &Brand| {
        let mut claim = scene.brand_claim(body);
        (claim.issuer, claim.method) = (brand.did.clone(), Some(brand.method.clone()));
        let record = claim.sign(&brand.key).record;
        code(desk.check(&record, Some(&brand.keys())))
    };
    let request = offer(&[&scene.brand], vec![newsletter()], 0).request;
    assert_eq!(
        by(Body::ConsentRequest(Box::new(request)), &festival),
        "wrong_signer",
        "for another brand"
    );
    assert_eq!(
        by(desk.erasure(), &scene.brand),
        "wrong_signer",
        "a brand in the person's place"
    );
    assert_eq!(
        by(desk.holding(&[]), &scene.brand),
        "wrong_signer",
        "a brand about her wallet"
    );
    let keys = Body::ControllerKeys(Box::new(scene.brand.keys()));
    assert_eq!(by(keys.clone(), &scene.brand), "wrong_signer", "a brand about itself");
    let mut claim = scene.claim(keys);
    claim.issuer = stranger.did();
    assert_eq!(
        code(desk.check(&claim.sign(&stranger).record, None)),
        "wrong_signer",
        "no operator"
    );

    let grant = scene
        .log
        .entries
        .iter()
        .find(|entry| entry.record.digest() == scene.consent())
        .unwrap();
    let Body::ConsentGrant(grant) = &grant.record.body else {
        panic!()
    };
    let mut own = grant.clone();
    own.controller = stranger.did();
    let mut claim = scene.claim(Body::ConsentGrant(own));
    claim.issuer = stranger.did();
    claim.until = Some(scene.clock.plus(p("P1Y")));
    claim.challenge = Some(placet_schemas::record::Invitation::from_random([1; 16]));
    assert_eq!(
        code(desk.check(&claim.sign(&stranger).record, None)),
        "wrong_signer",
        "a yes to itself"
    );
}

#[test]
fn a_holder_is_a_key_that_a_receipt_can_be_bound_to() {
    let desk = Desk::new();
    let scene = &desk.scene;
    let judged = |holders: &[Did]| desk.check(&scene.claim(desk.holding(holders)).sign(&scene.person).record, None);
    let wallets = [
        SoftwareKey::ed25519_from_seed(&[9; 32]).did(),
        SoftwareKey::p256_from_scalar(&[9; 32]).unwrap().did(),
    ];
    assert_eq!(judged(&wallets), Ok(vec![]));
    assert_eq!(judged(&[]), Ok(vec![]));
    // The right shape, and small order: its own forger.
    let weak = base58(&[&[0xed, 0x01, 1], &[0; 31][..]].concat());
    let Err(Refusal::Malformed(fault)) = judged(&[p(&format!("did:key:z{weak}"))]) else {
        panic!("a weak key may hold nothing");
    };
    assert_eq!(fault.pointer, "/credentialSubject/holders/0");
}

#[test]
fn a_brand_signs_by_the_keys_that_are_registered() {
    let desk = Desk::new();
    let Desk { scene, .. } = &desk;
    let brand = &scene.brand;
    let record = scene.brand_claim(desk.ended()).sign(&brand.key).record;
    assert_eq!(desk.check(&record, Some(&brand.keys())), Ok(vec![]));
    assert_eq!(code(desk.check(&record, None)), "controller_unknown");
    assert_eq!(
        code(desk.check(&record, Some(&Brand::festival().keys()))),
        "controller_unknown"
    );

    let mut rotated = brand.clone();
    rotated.rotate(SoftwareKey::ed25519_from_seed(&[9; 32]), "key-1");
    assert_eq!(
        code(desk.check(&record, Some(&rotated.keys()))),
        "bad_signature",
        "the same name, another key"
    );
    rotated.rotate(brand.key.clone(), "key-2");
    assert_eq!(
        code(desk.check(&record, Some(&rotated.keys()))),
        "bad_signature",
        "the same key, another name"
    );
    let relayed = scene.brand_claim(desk.withdrawal(true)).sign(&brand.key).record;
    assert_eq!(code(desk.check(&relayed, None)), "controller_unknown");
}

#[test]
fn a_brand_that_is_its_own_key_must_be_registered_too() {
    let gym = Brand::gym();
    let desk = Desk::new();
    let mut claim = desk.scene.claim(desk.ended());
    (claim.issuer, claim.method) = (gym.did.clone(), Some(gym.method.clone()));
    let record = claim.clone().sign(&gym.key).record;
    assert_eq!(code(desk.check(&record, None)), "controller_unknown");
    assert_eq!(desk.check(&record, Some(&gym.keys())), Ok(vec![]));

    // An operator cannot put another key under a name that is a key.
    let thief = SoftwareKey::ed25519_from_seed(&[9; 32]);
    let mut forged = gym.keys();
    let mut method = forged.document.methods()[0].clone();
    method.public_key_multibase = thief.public_key().to_multibase();
    forged.document = DidDocument::new(gym.did.clone(), vec![method]).unwrap();
    let stolen = claim.sign(&thief).record;
    assert_eq!(code(desk.check(&stolen, Some(&forged))), "bad_signature");
    assert_eq!(desk.check(&record, Some(&forged)), Ok(vec![]));
}

#[test]
fn the_proof_is_by_the_issuers_own_method_and_suite() {
    let desk = Desk::new();
    let person = desk.scene.person.clone();
    let (did, method) = (person.did(), person.did().key_method().unwrap());
    let stranger = SoftwareKey::ed25519_from_seed(&[9; 32]);
    let theirs = stranger.did().key_method().unwrap();
    let forged = |method, suite, key| desk.forged(did.clone(), method, suite, desk.erasure(), key);
    let suite = Cryptosuite::EddsaJcs2022;
    assert_eq!(desk.check(&forged(method.clone(), suite, &person), None), Ok(vec![]));
    assert_eq!(
        code(desk.check(&forged(theirs, suite, &stranger), None)),
        "bad_signature",
        "another's method"
    );
    assert_eq!(
        code(desk.check(&forged(method.clone(), suite, &stranger), None)),
        "bad_signature"
    );
    let other = Cryptosuite::EcdsaJcs2019;
    assert_eq!(
        code(desk.check(&forged(method, other, &person), None)),
        "bad_signature",
        "Ed25519 by ECDSA's rules"
    );

    let p256 = SoftwareKey::p256_from_uniform(&[5; 48]);
    let forged = |suite| {
        let method = p256.did().key_method().unwrap();
        desk.forged(p256.did(), method, suite, desk.erasure(), &p256)
    };
    assert_eq!(desk.check(&forged(other), None), Ok(vec![]));
    assert_eq!(
        code(desk.check(&forged(suite), None)),
        "bad_signature",
        "P-256 by EdDSA's rules"
    );

    let brand = &desk.scene.brand;
    let method = p("did:web:festival.example#key-1");
    let record = desk.forged(brand.did.clone(), method, suite, desk.ended(), &Brand::festival().key);
    assert_eq!(
        code(desk.check(&record, Some(&brand.keys()))),
        "bad_signature",
        "another brand's method"
    );
}

#[test]
fn a_did_that_is_no_key_signs_nothing() {
    let desk = Desk::new();
    let person = &desk.scene.person;
    // Base58 of bytes that begin like no key, and of an Ed25519 key of small order.
    let weak = [&[0xed, 0x01, 1][..], &[0; 31]].concat();
    for multibase in ["z111".to_owned(), format!("z{}", base58(&weak))] {
        let did: Did = p(&format!("did:key:{multibase}"));
        let method = did.key_method().unwrap();
        let record = desk.forged(did, method, Cryptosuite::EddsaJcs2022, desk.erasure(), person);
        assert_eq!(code(desk.check(&record, None)), "bad_signature", "{multibase}");
    }
}

/// Phones' secure hardware makes signatures with a high s; they are good, and the record they are in is another record.
#[test]
fn both_forms_of_a_p256_signature_are_accepted() {
    let desk = Desk::new();
    let key = SoftwareKey::p256_from_uniform(&[5; 48]);
    assert_eq!(key.algorithm(), Algorithm::P256);
    let method = key.did().key_method().unwrap();
    let (draft, config) = desk.parts(key.did(), method, Cryptosuite::EcdsaJcs2019, desk.erasure());
    let signature = key.sign(&draft.signing_input(&config).unwrap()).unwrap();
    let (r, s) = p256::ecdsa::Signature::from_slice(&signature).unwrap().split_scalars();
    let negated = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let other: [u8; 64] = negated.to_bytes().into();
    assert_ne!(signature, other);
    let records = [signature, other].map(|signature| secured(&draft, &config, &signature));
    for record in &records {
        assert_eq!(desk.check(record, None), Ok(vec![]));
    }
    assert_eq!(records[0].id, records[1].id);
    assert_ne!(records[0].digest(), records[1].digest());
}

#[test]
fn domain_and_time_keep_every_record_out_but_a_withdrawal() {
    let desk = Desk::new();
    let Desk { scene, .. } = &desk;
    let elsewhere = |body| {
        let mut claim = scene.claim(body);
        claim.domain = p("other.example/log");
        claim.sign(&scene.person).record
    };
    assert_eq!(code(desk.check(&elsewhere(desk.erasure()), None)), "wrong_domain");
    assert_eq!(
        desk.check(&elsewhere(desk.withdrawal(false)), None),
        Ok(vec![Finding::WrongDomain])
    );

    let now = scene.clock;
    let erasure = scene.claim(desk.erasure()).sign(&scene.person).record;
    let withdrawal = scene.claim(desk.withdrawal(false)).sign(&scene.person).record;
    let near = [
        now.minus_seconds(TIME_TOLERANCE_SECONDS),
        now.plus_seconds(TIME_TOLERANCE_SECONDS),
    ];
    for clock in near {
        assert_eq!(desk.check_at(&erasure, None, Some(clock)), Ok(vec![]));
        assert_eq!(desk.check_at(&withdrawal, None, Some(clock)), Ok(vec![]));
    }
    let far = [
        near[0].minus_seconds(1),
        near[1].plus_seconds(1),
        p("1970-01-01T00:00:00Z"),
    ];
    for clock in far {
        let refusal = desk.check_at(&erasure, None, Some(clock)).unwrap_err();
        assert_eq!(refusal.code(), "time_implausible");
        assert!(matches!(
            refusal,
            Refusal::TimeImplausible {
                pointer: "/validFrom",
                ..
            }
        ));
        let found = desk.check_at(&withdrawal, None, Some(clock));
        assert_eq!(found, Ok(vec![Finding::TimeImplausible]));
    }
    assert_eq!(
        desk.check_at(&erasure, None, None),
        Ok(vec![]),
        "an auditor has no clock for arrivals"
    );
    let both = elsewhere(desk.withdrawal(false));
    let found = desk.check_at(&both, None, Some(far[0])).unwrap();
    assert_eq!(found, [Finding::WrongDomain, Finding::TimeImplausible]);
    assert_eq!([found[0].code(), found[1].code()], ["wrong_domain", "time_implausible"]);
}

#[test]
fn the_time_of_the_proof_counts_as_well_as_that_of_the_act() {
    let desk = Desk::new();
    let person = desk.scene.person.clone();
    let method = person.did().key_method().unwrap();
    let (draft, mut config) = desk.parts(person.did(), method, Cryptosuite::EddsaJcs2022, desk.erasure());
    config.created = desk.scene.clock.plus_seconds(TIME_TOLERANCE_SECONDS + 1);
    let signature = person.sign(&draft.signing_input(&config).unwrap()).unwrap();
    let refusal = desk.check(&secured(&draft, &config, &signature), None).unwrap_err();
    assert!(matches!(
        refusal,
        Refusal::TimeImplausible {
            pointer: "/proof/created",
            ..
        }
    ));
}

#[test]
fn a_withdrawal_needs_a_signature_that_holds() {
    let desk = Desk::new();
    let Desk { scene, .. } = &desk;
    let stranger = SoftwareKey::ed25519_from_seed(&[9; 32]);
    let forged = scene.claim(desk.withdrawal(false)).sign(&stranger).record;
    assert_eq!(code(desk.check(&forged, None)), "bad_signature");
    let by_code = SoftwareKey::withdrawal(&scene.code);
    let mut claim = scene.claim(desk.withdrawal(false));
    claim.issuer = by_code.did();
    assert_eq!(desk.check(&claim.sign(&by_code).record, None), Ok(vec![]));
}

/// Every byte of a record is under its signature or is the signature.
#[test]
fn a_flipped_bit_of_a_record_is_refused() {
    let desk = Desk::new();
    let record = desk.scene.claim(desk.erasure()).sign(&desk.scene.person);
    let check =
        |bytes: &[u8]| CanonicalRecord::parse(bytes).is_ok_and(|record| desk.check(&record.record, None).is_ok());
    assert!(check(&record.bytes));
    let mut bytes = record.bytes.clone();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            assert!(!check(&bytes), "bit {bit} of byte {at}");
            bytes[at] ^= 1 << bit;
        }
    }
    assert_eq!(
        to_jcs(&serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()).unwrap(),
        record.bytes
    );
}

/// A verifier is nobody but by its brand's word: the keys that count are the brand's, not its own.
#[test]
fn a_batch_is_judged_by_the_keys_of_the_brand_that_authorized_its_signer() {
    let desk = Desk::new();
    let Desk { scene, .. } = &desk;
    let (keys, others) = (scene.brand.keys(), Brand::festival().keys());
    let verifier = Verifier::of(&scene.brand, &scene.log.origin, scene.clock);
    let batch = |verifier: &Verifier| verifier.report(Vec::new(), scene.clock).record.record;
    let record = batch(&verifier);
    assert_eq!(arrival::answers_for(&record), &scene.brand.did);
    assert_eq!(desk.check(&record, Some(&keys)), Ok(vec![]));
    for unknown in [None, Some(&others)] {
        assert_eq!(code(desk.check(&record, unknown)), "controller_unknown");
    }
    let stranger = Verifier {
        key: SoftwareKey::ed25519_from_seed(&[9; 32]),
        ..verifier.clone()
    };
    assert_eq!(code(desk.check(&batch(&stranger), Some(&keys))), "wrong_signer");
    let late = Verifier::of(&scene.brand, &scene.log.origin, scene.clock.plus_seconds(1));
    assert_eq!(code(desk.check(&batch(&late), Some(&keys))), "bad_authorization");
    let mut web = verifier.batch(1, Digest::of(b"root"), scene.clock);
    (web.issuer, web.method) = (scene.brand.did.clone(), Some(scene.brand.method.clone()));
    let by_brand = web.sign(&scene.brand.key).record;
    assert_eq!(code(desk.check(&by_brand, Some(&keys))), "wrong_signer");
    let forged = verifier
        .batch(1, Digest::of(b"root"), scene.clock)
        .sign(&stranger.key)
        .record;
    assert_eq!(code(desk.check(&forged, Some(&keys))), "bad_signature");
}
