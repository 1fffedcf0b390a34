//! Only a request of the brand that it names, under keys that the operator registered, is shown.

use placet_kernel::sign::{Algorithm, Signer};
use placet_schemas::id::Digest;
use placet_schemas::record::request::{ConsentRequest, Notices};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_wallet::brand;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::offer::{self, Offer};

use crate::world::{CINEMA, NOW, World, asking, films, letters, p, person};

fn asked(world: &World) -> CanonicalRecord {
    let (request, notice) = asking(&[films(), letters()]);
    brand::request(request, &[notice], world.brand(), &world.pen(&world.brand_key, NOW)).unwrap()
}

fn open(world: &World, wanted: Digest, request: &[u8], keys: &[u8]) -> Result<Offer, &'static str> {
    offer::open(wanted, request, keys, &world.trust()).map_err(|error| error.code())
}

#[test]
fn a_brands_own_request_is_shown() {
    let world = World::new();
    let asked = asked(&world);
    let keys = world.registration(&world.operator);
    let offer = open(&world, asked.record.digest(), &asked.bytes, &keys).unwrap();
    assert_eq!(*offer.record(), asked.record);
    assert_eq!(offer.request().clauses.clauses().len(), 2);
    assert_eq!(offer.registration().legal_name.as_str(), "Example Cinema plc");
    let (_, notice) = asking(&[films(), letters()]);
    assert_eq!(offer.notice(&p("en"), &notice.bytes), Ok(notice));
}

#[test]
fn a_request_of_anyone_else_is_not() {
    let world = World::new();
    let asked = asked(&world);
    let digest = asked.record.digest();
    let keys = world.registration(&world.operator);
    assert_eq!(
        open(&world, Digest::of(b"?"), &asked.bytes, &keys),
        Err("request_differs")
    );
    assert_eq!(open(&world, digest, &asked.bytes[1..], &keys), Err("malformed"));
    assert_eq!(open(&world, digest, &keys, &keys), Err("request_differs"));

    // Changed on the way: its digest tells, and if that was changed too, its signature.
    let changed = String::from_utf8(asked.bytes.clone())
        .unwrap()
        .replace("Films that suit you.", "A free trip to Rome.");
    assert_eq!(open(&world, digest, changed.as_bytes(), &keys), Err("request_differs"));
    let changed_digest = Digest::of(changed.as_bytes());
    assert_eq!(
        open(&world, changed_digest, changed.as_bytes(), &keys),
        Err("bad_signature")
    );

    // By somebody in the brand's name.
    let mallory = SoftwareKey::p256_from_scalar(&[66; 32]).unwrap();
    let (request, notice) = asking(&[letters()]);
    let forged = brand::request(request, &[notice], world.brand(), &world.pen(&mallory, NOW)).unwrap();
    assert_eq!(
        open(&world, forged.record.digest(), &forged.bytes, &keys),
        Err("bad_signature")
    );

    // With the brand's own keys, registered by nobody, by somebody else, or for another brand.
    let unregistered = world.registration(&mallory);
    assert_eq!(open(&world, digest, &asked.bytes, &unregistered), Err("wrong_signer"));
    assert_eq!(open(&world, digest, &asked.bytes, &asked.bytes), Err("wrong_kind"));
    assert_eq!(open(&world, Digest::of(&keys), &keys, &keys), Err("wrong_kind"));
    let mut other = World::new();
    other.cinema = p("did:web:other.example");
    other.method = p("did:web:other.example#key-1");
    let other_keys = other.registration(&world.operator);
    assert_eq!(
        open(&world, digest, &asked.bytes, &other_keys),
        Err("controller_unknown")
    );
}

#[test]
fn a_request_that_breaks_a_rule_or_is_for_another_log_is_not() {
    let world = World::new();
    let keys = world.registration(&world.operator);
    let (mut request, _) = asking(&[letters()]);
    request.audience.may_include_children = true;
    let body = Body::ConsentRequest(Box::new(request));
    let bytes = world.force(body, &p(CINEMA), Some(world.method.clone()), &world.brand_key);
    assert_eq!(
        open(&world, Digest::of(&bytes), &bytes, &keys),
        Err("guardian_unsupported")
    );

    let mut elsewhere = World::new();
    elsewhere.origin = p("other.example/log");
    let foreign = asked(&elsewhere);
    assert_eq!(
        open(&world, foreign.record.digest(), &foreign.bytes, &keys),
        Err("wrong_domain")
    );
}

#[test]
fn a_notice_is_the_requests_own_and_agrees() {
    let world = World::new();
    let asked = asked(&world);
    let keys = world.registration(&world.operator);
    let offer = open(&world, asked.record.digest(), &asked.bytes, &keys).unwrap();
    let judge = |offer: &Offer, language: &str, bytes: &[u8]| offer.notice(&p(language), bytes).unwrap_err().code();
    let (request, other) = asking(&[letters()]);
    assert_eq!(judge(&offer, "en", &other.bytes), "notice_differs");
    assert_eq!(judge(&offer, "fr", &other.bytes), "notice_unknown");
    assert_eq!(judge(&offer, "en", b"{}"), "malformed");

    // A request that names a notice which says something else.
    let (_, wider) = asking(&[films(), letters()]);
    let named = [(p("en"), wider.digest())]
        .into_iter()
        .collect::<std::collections::BTreeMap<_, _>>();
    let body = ConsentRequest {
        notices: Notices::try_from(named).unwrap(),
        ..request
    };
    let body = Body::ConsentRequest(Box::new(body));
    let bytes = world.force(body, &p(CINEMA), Some(world.method.clone()), &world.brand_key);
    let offer = open(&world, Digest::of(&bytes), &bytes, &keys).unwrap();
    assert_eq!(judge(&offer, "en", &wider.bytes), "notice_disagrees");
}

#[test]
fn brand_and_person_may_use_either_curve() {
    // The fixtures' brand signs with P-256; here with Ed25519.
    let mut world = World::new();
    world.brand_key = SoftwareKey::ed25519_from_seed(&[3; 32]);
    assert_eq!(world.brand_key.algorithm(), Algorithm::Ed25519);
    let asked = asked(&world);
    let keys = world.registration(&world.operator);
    let offer = open(&world, asked.record.digest(), &asked.bytes, &keys).unwrap();
    let built = world.consent(offer.record(), &person(Algorithm::P256));
    world.arrive(&built.bytes, p(NOW));
}
