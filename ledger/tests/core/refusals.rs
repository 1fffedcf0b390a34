//! Every ground on which the ledger itself refuses, each by its stable code. What a single record is refused for is tested
//! in the kernel.

use std::time::Duration;

use placet_ledger::SubmitError;
use placet_schemas::api::MAX_INVITATION_SECONDS;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::Body;
use placet_schemas::record::consent::Anchor;
use placet_schemas::time::MAX_TIMESTAMP;
use placet_wallet::brand as brands;
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{Built, GrantChoice, grant, narrow, withdraw};

use crate::offers::{clause, offer};
use crate::world::{Brand, ORIGIN, World, p, person, refusal, showing};
use placet_kernel::code::WithdrawalCode;

async fn stage() -> (World, Brand, placet_schemas::record::Record) {
    let world = World::empty().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films")]).await;
    (world, brand, request)
}

#[tokio::test]
async fn what_is_no_record_is_malformed_with_its_place() {
    let (world, ..) = stage().await;
    let refused = world.ledger.submit(br#"{"a": 1, "a": 2}"#).await;
    let Err(SubmitError::Refused { code, pointer, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((code, pointer.as_deref()), ("malformed", Some("/a")));
    assert_eq!(refusal(world.ledger.submit(&[b' '; 70_000]).await), "oversize");
}

#[tokio::test]
async fn one_name_for_two_records_is_a_conflict() {
    let (world, _, request) = stage().await;
    let (ada, origin) = (person("ada"), p(ORIGIN));
    let granted = world.consent(&ada, &request).await;
    let mut pen = world.pen(&ada, &origin);
    pen.random = [7; 16];
    let patterns = |name| {
        vec![Pattern::Value {
            purpose: None,
            value: Value::Category(p(name)),
        }]
    };
    let first = narrow(&granted.state, patterns("pd:Interest"), world.anchor(), &pen).unwrap();
    let other = narrow(&granted.state, patterns("pd:Purchase"), world.anchor(), &pen).unwrap();
    world.ledger.submit(&first.bytes).await.unwrap();
    assert_eq!(world.refusal(&other.bytes).await, "id_conflict");
    // Another signer's record may have the name; and a withdrawal may come under any name.
    let mut pen = world.pen(&ada, &origin);
    pen.random = [7; 16];
    let withdrawn = withdraw(&first.state, None, &pen).unwrap();
    world.ledger.submit(&withdrawn.bytes).await.unwrap();
}

#[tokio::test]
async fn a_did_serves_one_brand() {
    let (world, _, request) = stage().await;
    let other = world
        .ask(&Brand::named("festival.example"), vec![clause("films")])
        .await;
    let ada = person("ada");
    world.consent(&ada, &request).await;
    let elsewhere = world.yes(&ada, &other).await;
    assert_eq!(world.refusal(&elsewhere.bytes).await, "did_reused");
    // A second consent at the same brand is hers to give.
    world.consent(&ada, &request).await;
    // The refused grant did not spend its invitation.
    let invitation = elsewhere.record.proof.challenge.clone().unwrap();
    assert_eq!(world.ledger.resolve(&invitation).await.unwrap().request, other.digest());
}

#[tokio::test]
async fn a_withdrawal_key_serves_one_consent() {
    let (world, _, request) = stage().await;
    let code = WithdrawalCode::from_random([5; 16]);
    let invitations = [world.invite(&request).await, world.invite(&request).await];
    let first = world.yes_with(&person("ada"), &request, &invitations[0], &code);
    let second = world.yes_with(&person("bob"), &request, &invitations[1], &code);
    world.ledger.submit(&first.bytes).await.unwrap();
    assert_eq!(world.refusal(&second.bytes).await, "did_reused");
}

#[tokio::test]
async fn an_invitation_is_known_unspent_and_in_time() {
    let (world, brand, request) = stage().await;
    let other = world.ask_again(&brand, vec![clause("plays")], None).await;
    let never_made = placet_schemas::record::Invitation::from_random([1; 16]);
    assert_eq!(refusal(world.ledger.resolve(&never_made).await), "invitation_unknown");
    let unknown = world.yes_by(&person("ada"), &request, &never_made);
    assert_eq!(world.refusal(&unknown.bytes).await, "invitation_unknown");
    let for_other = world.yes_by(&person("ada"), &request, &world.invite(&other).await);
    assert_eq!(world.refusal(&for_other.bytes).await, "invitation_unknown");

    let invitation = world.invite(&request).await;
    let granted = world.yes_by(&person("ada"), &request, &invitation);
    world.ledger.submit(&granted.bytes).await.unwrap();
    assert_eq!(refusal(world.ledger.resolve(&invitation).await), "invitation_spent");
    let spent = world.yes_by(&person("bob"), &request, &invitation);
    assert_eq!(world.refusal(&spent.bytes).await, "invitation_spent");

    let invitation = world.invite(&request).await;
    world.clock.pass(3600);
    assert_eq!(refusal(world.ledger.resolve(&invitation).await), "invitation_expired");
    let late = world.yes_by(&person("bob"), &request, &invitation);
    assert_eq!(world.refusal(&late.bytes).await, "invitation_expired");
}

#[tokio::test]
async fn invitations_are_made_within_limits() {
    let (world, _, request) = stage().await;
    let (digest, hour) = (request.digest(), Duration::from_secs(3600));
    let too_long = Duration::from_secs(MAX_INVITATION_SECONDS + 1);
    assert_eq!(
        refusal(world.ledger.invite(&digest, too_long, 1).await),
        "invitation_ttl"
    );
    assert_eq!(refusal(world.ledger.invite(&digest, hour, 0).await), "invitation_count");
    assert_eq!(
        refusal(world.ledger.invite(&digest, hour, 1001).await),
        "invitation_count"
    );
    assert_eq!(
        refusal(world.ledger.invite(&Digest::of(b"none"), hour, 1).await),
        "request_unknown"
    );
    let made = world
        .ledger
        .invite(&digest, Duration::from_secs(MAX_INVITATION_SECONDS), 1000)
        .await
        .unwrap();
    let hashes: std::collections::BTreeSet<Digest> = made.iter().map(|invited| invited.invitation.digest()).collect();
    assert_eq!(hashes.len(), 1000);
    assert!(made.iter().all(|invited| invited.expires.unix() < MAX_TIMESTAMP));
}

#[tokio::test]
async fn an_anchor_is_a_beginning_of_this_log() {
    let (world, _, request) = stage().await;
    let invitation = world.invite(&request).await;
    let with = |anchor: Anchor| anchored(&world, &request, &invitation, anchor);
    let root = Digest::of(b"another root");
    for size in [0, 1, 2, 3] {
        assert_eq!(
            world.refusal(&with(Anchor { size, root }).bytes).await,
            "anchor_unknown",
            "size {size}"
        );
    }
    // Every size that was is known: 1 and 2 as checkpoints, and the empty tree.
    let nothing = Anchor {
        size: 0,
        root: Digest::of(b""),
    };
    world.ledger.submit(&with(nothing).bytes).await.unwrap();
}

fn anchored(
    world: &World,
    request: &placet_schemas::record::Record,
    invitation: &placet_schemas::record::Invitation,
    anchor: Anchor,
) -> Built {
    let (origin, language, page, ada) = (p(ORIGIN), p("en"), p("test 1"), person("ada"));
    let selected: Vec<Digest> = crate::world::clauses_of(request)
        .iter()
        .map(|clause| clause.digest())
        .collect();
    let choice = GrantChoice {
        showing: showing(request, &language, &page, anchor),
        invitation,
        selected: &selected,
    };
    grant(
        &choice,
        &WithdrawalCode::from_random(world.fresh()),
        &world.pen(&ada, &origin),
    )
    .unwrap()
}

#[tokio::test]
async fn a_request_needs_its_notices_and_their_agreement() {
    let (world, brand, _) = stage().await;
    let origin = p(ORIGIN);
    let (body, notices) = offer(&brand, vec![clause("concerts")]);
    let sign = |body| brands::request(body, &notices, brand.signer(), &world.pen(&brand.key, &origin)).unwrap();
    assert_eq!(world.refusal(&sign(body.clone()).bytes).await, "notice_unknown");

    // A stored notice that speaks of another request. No builder signs that, so it is signed by hand.
    let (other, others) = offer(&brand, vec![clause("circus")]);
    world.ledger.add_notice(&others[0].bytes).await.unwrap();
    let mut disagreeing = body.clone();
    disagreeing.notices = other.notices;
    let signed = by_hand(&world, &brand, Body::ConsentRequest(Box::new(disagreeing)));
    assert_eq!(world.refusal(&signed).await, "notice_disagrees");

    world.ledger.add_notice(&notices[0].bytes).await.unwrap();
    let mut of_nobody = body.clone();
    let earlier = placet_schemas::record::request::Supersedes {
        request: Digest::of(b"none"),
        material: false,
    };
    of_nobody.supersedes = Some(earlier);
    assert_eq!(world.refusal(&sign(of_nobody).bytes).await, "request_unknown");
    world.ledger.submit(&sign(body).bytes).await.unwrap();
}

#[tokio::test]
async fn a_brand_replaces_only_its_own_requests() {
    let (world, _, request) = stage().await;
    let festival = Brand::named("festival.example");
    world.register(&festival).await;
    let thief = world
        .request(&festival, vec![clause("films")], Some(request.digest()))
        .await;
    assert_eq!(world.refusal(&thief.bytes).await, "request_unknown");
}

#[tokio::test]
async fn who_has_not_registered_asks_nothing() {
    let (world, ..) = stage().await;
    let stranger = Brand::named("stranger.example");
    let request = world.request(&stranger, vec![clause("films")], None).await;
    assert_eq!(world.refusal(&request.bytes).await, "controller_unknown");
}

#[tokio::test]
async fn the_lifecycle_decides_what_may_follow() {
    let (world, brand, request) = stage().await;
    let (ada, origin) = (person("ada"), p(ORIGIN));
    let granted = world.consent(&ada, &request).await;
    let patterns = |name| {
        vec![Pattern::Value {
            purpose: None,
            value: Value::Category(p(name)),
        }]
    };
    let narrowed = narrow(
        &granted.state,
        patterns("pd:Interest"),
        world.anchor(),
        &world.pen(&ada, &origin),
    )
    .unwrap();
    world.ledger.submit(&narrowed.bytes).await.unwrap();
    let stale = narrow(
        &granted.state,
        patterns("pd:Purchase"),
        world.anchor(),
        &world.pen(&ada, &origin),
    )
    .unwrap();
    assert_eq!(world.refusal(&stale.bytes).await, "previous_stale");

    let bob = person("bob");
    let mut of_bob = narrowed.state.clone();
    of_bob.subject = bob.did();
    let stolen = withdraw(&of_bob, None, &world.pen(&bob, &origin)).unwrap();
    // The same as for a consent that is not there: whose it is, is nobody else's business.
    assert_eq!(world.refusal(&stolen.bytes).await, "consent_unknown");
    let mut nowhere = narrowed.state.clone();
    nowhere.consent = request.digest();
    let unknown = withdraw(&nowhere, None, &world.pen(&ada, &origin)).unwrap();
    assert_eq!(world.refusal(&unknown.bytes).await, "consent_unknown");

    let end = brands::end(
        granted.state.consent,
        p("over"),
        brand.signer(),
        &world.pen(&brand.key, &origin),
    )
    .unwrap();
    world.ledger.submit(&end.bytes).await.unwrap();
    let withdrawn = withdraw(&narrowed.state, None, &world.pen(&ada, &origin)).unwrap();
    assert_eq!(world.refusal(&withdrawn.bytes).await, "consent_ended");
}

#[tokio::test]
async fn a_grant_answers_a_request_that_is_here() {
    let (world, _, request) = stage().await;
    let elsewhere = World::empty().await;
    let unknown = elsewhere
        .ask(&Brand::named("cinema.example"), vec![clause("operas")])
        .await;
    let invitation = world.invite(&request).await;
    let granted = world.yes_by(&person("ada"), &unknown, &invitation);
    assert_eq!(world.refusal(&granted.bytes).await, "request_unknown");
}

#[tokio::test]
async fn a_registration_is_of_the_brand_itself_with_keys_that_work() {
    let (world, brand, _) = stage().await;
    let mut registration = brand.registration();
    registration.did = p("did:web:other.example");
    assert_eq!(
        refusal(world.ledger.register_controller(registration).await),
        "malformed"
    );
    let mut registration = brand.registration();
    let mut method = registration.document.methods()[0].clone();
    method.public_key_multibase = "z6Mkother".to_owned();
    registration.document = placet_schemas::record::keys::DidDocument::new(brand.did.clone(), vec![method]).unwrap();
    assert_eq!(
        refusal(world.ledger.register_controller(registration).await),
        "malformed"
    );
    assert_eq!(world.ledger.size(), 2);
}

#[tokio::test]
async fn a_notice_is_refused_with_its_place() {
    let (world, brand, _) = stage().await;
    let (_, notices) = offer(&brand, vec![clause("films")]);
    let mut value: serde_json::Value = serde_json::from_slice(&notices[0].bytes).unwrap();
    value["rights"]["more"] = true.into();
    let refused = world.ledger.add_notice(&serde_json::to_vec(&value).unwrap()).await;
    let Err(SubmitError::Refused { code, pointer, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((code, pointer.as_deref()), ("malformed", Some("/rights/more")));
    let spelled = serde_json::to_vec_pretty(&serde_json::from_slice::<serde_json::Value>(&notices[0].bytes).unwrap());
    let digest = world.ledger.add_notice(&spelled.unwrap()).await.unwrap();
    assert_eq!(digest, CanonicalNotice::parse(&notices[0].bytes).unwrap().digest());
    assert_eq!(world.ledger.notice(&digest).await.unwrap().unwrap(), notices[0].bytes);
}

/// Signs what a builder would not.
fn by_hand(world: &World, brand: &Brand, body: Body) -> Vec<u8> {
    use placet_kernel::sign::{ProofChoices, secure};
    let now = world.now();
    let draft = placet_schemas::record::Draft {
        id: placet_schemas::id::RecordId::from_random(world.fresh()),
        issuer: brand.did.clone(),
        valid_from: now,
        valid_until: None,
        body,
    };
    let method = Some(brand.method.clone());
    let choices = ProofChoices {
        domain: p(ORIGIN),
        created: now,
        challenge: None,
        method,
    };
    let key: &SoftwareKey = &brand.key;
    let bytes = secure(&draft, choices, key).unwrap();
    assert!(json::parse_canonical(&bytes, bytes.len()).is_ok());
    bytes
}
