//! What happens to a record that is right.

use placet_kernel::code::WithdrawalCode;
use placet_schemas::lifecycle::{Effective, Phase};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::Kind;
use placet_schemas::record::consent::Anchor;
use placet_schemas::record::holders::Holders;
use placet_wallet::brand as brands;
use placet_wallet::records::{Built, Erasure, authorize_holders, erase, narrow, renew, withdraw, withdraw_with_code};

use crate::naive;
use crate::offers::clause;
use crate::world::{Brand, ORIGIN, World, answer_of, p, person, showing};
use placet_ledger::Party;

fn without_interests() -> Vec<Pattern> {
    vec![Pattern::Value {
        purpose: None,
        value: Value::Category(p("pd:Interest")),
    }]
}

#[tokio::test]
async fn a_consent_from_first_to_last_and_every_answer_holds() {
    let mut world = World::empty().await;
    let (brand, ada, origin) = (Brand::named("cinema.example"), person("ada"), p(ORIGIN));
    let request = world.ask(&brand, vec![clause("films"), clause("plays")]).await;
    let invitation = world.invite(&request).await;
    let resolved = world.ledger.resolve(&invitation).await.unwrap();
    assert_eq!(resolved.request, request.digest());

    let granted = world.yes_by(&ada, &request, &invitation);
    let recorded = world.ledger.submit(&granted.bytes).await.unwrap();
    let acknowledged = world.check(&recorded);
    assert_eq!((recorded.index, acknowledged.statement.seq), (2, 2));
    assert_eq!(acknowledged.overtaken_by, None);
    acknowledged.concerns(&granted.state).unwrap();
    assert!(!recorded.replay);

    let narrowed = narrow(
        &granted.state,
        without_interests(),
        world.anchor(),
        &world.pen(&ada, &origin),
    )
    .unwrap();
    let (language, page) = (p("en"), p("test 1"));
    let renewed = |world: &World, state| {
        let showing = showing(&request, &language, &page, world.anchor());
        renew(state, None, &showing, &world.pen(&ada, &origin)).unwrap()
    };
    for built in [narrowed.clone()] {
        world
            .check(&world.ledger.submit(&built.bytes).await.unwrap())
            .concerns(&granted.state)
            .unwrap();
    }
    world.clock.pass(3600);
    let renewed = renewed(&world, &narrowed.state);
    world.check(&world.ledger.submit(&renewed.bytes).await.unwrap());
    let erased = erase(
        &renewed.state,
        Erasure::default(),
        world.anchor(),
        &world.pen(&ada, &origin),
    )
    .unwrap();
    world.check(&world.ledger.submit(&erased.bytes).await.unwrap());
    let who = Party::Subject(ada.did());
    let view = world
        .ledger
        .consent(&who, &granted.state.consent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (view.state.clone(), view.effective),
        (erased.state.clone(), Effective::Given)
    );

    let wallet = Holders::from_members([person("a wallet").did()]).unwrap();
    let held = authorize_holders(&erased.state, wallet, &world.pen(&ada, &origin)).unwrap();
    let recorded = world.check(&world.ledger.submit(&held.bytes).await.unwrap());
    recorded.concerns(&granted.state).unwrap();
    assert_eq!(recorded.statement.seq, 6, "it is an item of the brand's feed");

    let ended = withdraw(&erased.state, Some(world.anchor()), &world.pen(&ada, &origin)).unwrap();
    world.check(&world.ledger.submit(&ended.bytes).await.unwrap());
    let view = world
        .ledger
        .consent(&who, &granted.state.consent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((view.state.phase, view.index), (Phase::Withdrawn, 2));
    let kinds: Vec<Kind> = view.events.iter().map(|event| event.kind).collect();
    use Kind::{ConsentGrant, ErasureRequest, HolderKeyAuthorization, Narrowing, Renewal, Withdrawal};
    assert_eq!(
        kinds,
        [
            ConsentGrant,
            Narrowing,
            Renewal,
            ErasureRequest,
            HolderKeyAuthorization,
            Withdrawal
        ]
    );
    assert_eq!(view.events[5].digest, ended.record.digest());
    let late = placet_wallet::Pen {
        random: [9; 16],
        ..world.pen(&ada, &origin)
    };
    let late = authorize_holders(&erased.state, Holders::default(), &late).unwrap();
    assert_eq!(world.refusal(&late.bytes).await, "consent_ended");
    assert_eq!(naive::check(&mut world).await.size, 8);
}

#[tokio::test]
async fn a_code_on_paper_ends_its_consent_after_narrowings_and_only_its_own() {
    let world = World::empty().await;
    let (brand, ada, origin) = (Brand::named("cinema.example"), person("ada"), p(ORIGIN));
    let request = world.ask(&brand, vec![clause("films")]).await;
    let [hers, other] = [1, 2].map(|byte| WithdrawalCode::from_random([byte; 16]));
    let invitations = [world.invite(&request).await, world.invite(&request).await];
    let first = world.yes_with(&ada, &request, &invitations[0], &hers);
    let second = world.yes_with(&person("bob"), &request, &invitations[1], &other);
    world.ledger.submit(&first.bytes).await.unwrap();
    world.ledger.submit(&second.bytes).await.unwrap();
    let narrowed = narrow(
        &first.state,
        without_interests(),
        world.anchor(),
        &world.pen(&ada, &origin),
    )
    .unwrap();
    world.ledger.submit(&narrowed.bytes).await.unwrap();

    let recorded = world.ledger.withdraw_by_code(&hers).await.unwrap();
    world.check(&recorded).concerns(&narrowed.state).unwrap();
    let controller = Party::Controller(brand.did.clone());
    let of = async |built: &Built| {
        world
            .ledger
            .consent(&controller, &built.state.consent)
            .await
            .unwrap()
            .unwrap()
            .state
            .phase
    };
    assert_eq!(of(&first).await, Phase::Withdrawn);
    assert_eq!(of(&second).await, Phase::Given);
    let unknown = WithdrawalCode::from_random([3; 16]);
    assert_eq!(
        crate::world::refusal(world.ledger.withdraw_by_code(&unknown).await),
        "consent_unknown"
    );
    let again = world.ledger.withdraw_by_code(&hers).await.unwrap();
    assert!(again.replay, "the first answer, not a second withdrawal");
    assert_eq!((again.index, &again.answer), (recorded.index, &recorded.answer));
}

#[tokio::test]
async fn a_brand_ends_a_consent_and_relays_a_withdrawal() {
    let world = World::empty().await;
    let (brand, origin) = (Brand::named("cinema.example"), p(ORIGIN));
    let request = world.ask(&brand, vec![clause("films")]).await;
    let [first, second] = [
        world.consent(&person("ada"), &request).await,
        world.consent(&person("bob"), &request).await,
    ];
    let pen = world.pen(&brand.key, &origin);
    let ended = brands::end(
        first.state.consent,
        p("the product was discontinued"),
        brand.signer(),
        &pen,
    )
    .unwrap();
    world.check(&world.ledger.submit(&ended.bytes).await.unwrap());
    let pen = world.pen(&brand.key, &origin);
    let relayed =
        brands::relay_withdrawal(second.state.consent, p("phone"), world.now(), brand.signer(), &pen).unwrap();
    world.check(&world.ledger.submit(&relayed.bytes).await.unwrap());
    let controller = Party::Controller(brand.did.clone());
    let page = world.ledger.consents(&controller, None, 10).await.unwrap();
    let effective: Vec<Effective> = page.items.iter().map(|item| item.effective).collect();
    assert_eq!(effective, [Effective::EndedByController, Effective::Withdrawn]);
}

#[tokio::test]
async fn nothing_but_its_signature_stands_before_a_withdrawal() {
    let world = World::empty().await;
    let (brand, ada) = (Brand::named("cinema.example"), person("ada"));
    let request = world.ask(&brand, vec![clause("films")]).await;
    let granted = world.consent(&ada, &request).await;
    // Another log, a time two years off, an anchor that never was, and a name that the grant has already.
    let origin = p("elsewhere.example/log");
    let mut pen = world.pen(&ada, &origin);
    pen.now = world.now().minus_seconds(2 * 365 * 86_400);
    pen.random = granted_random(&granted);
    let anchor = Anchor {
        size: 1_000_000,
        root: placet_schemas::id::Digest::of(b"no root"),
    };
    let withdrawn = withdraw(&granted.state, Some(anchor), &pen).unwrap();
    assert_eq!(withdrawn.record.id, granted.record.id);
    let recorded = world.ledger.submit(&withdrawn.bytes).await.unwrap();
    world.check(&recorded);
    assert_eq!(
        answer_of(&recorded).findings,
        ["wrong_domain", "time_implausible", "anchor_unknown"]
    );
    let view = world
        .ledger
        .consent(&Party::Subject(ada.did()), &granted.state.consent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        view.events[1].findings,
        ["wrong_domain", "time_implausible", "anchor_unknown"]
    );
}

/// The random bytes that a record's name was made of, less the six bits that a UUID fixes.
fn granted_random(built: &Built) -> [u8; 16] {
    let hex: String = built.record.id.as_str()["urn:uuid:".len()..].replace('-', "");
    u128::from_str_radix(&hex, 16).unwrap().to_be_bytes()
}

#[tokio::test]
async fn a_withdrawal_comes_after_expiry_too() {
    let world = World::empty().await;
    let (brand, ada, origin) = (Brand::named("cinema.example"), person("ada"), p(ORIGIN));
    let request = world.ask(&brand, vec![clause("films")]).await;
    let granted = world.consent(&ada, &request).await;
    world.clock.pass(3 * 366 * 86_400);
    let code_owner = Party::Subject(ada.did());
    let view = world
        .ledger
        .consent(&code_owner, &granted.state.consent)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(view.effective, Effective::Expired);
    let withdrawn = withdraw(&granted.state, None, &world.pen(&ada, &origin)).unwrap();
    world.check(&world.ledger.submit(&withdrawn.bytes).await.unwrap());
}

#[tokio::test]
async fn the_same_bytes_get_the_same_answer_for_ever() {
    let mut world = World::empty().await;
    let (brand, ada) = (Brand::named("cinema.example"), person("ada"));
    let request = world.ask(&brand, vec![clause("films")]).await;
    let granted = world.yes(&ada, &request).await;
    let first = world.ledger.submit(&granted.bytes).await.unwrap();
    world.consent(&person("bob"), &request).await;

    let again = world.ledger.submit(&granted.bytes).await.unwrap();
    assert!(again.replay);
    assert_eq!(
        (&again.answer, again.index, again.digest),
        (&first.answer, first.index, first.digest)
    );
    // In another spelling of the same JSON.
    let spelled = [b" ".as_slice(), &granted.bytes, b"\n"].concat();
    assert_eq!(world.ledger.submit(&spelled).await.unwrap().answer, first.answer);
    // By another process, a year later, when no such record would be accepted any more.
    world.reopen().await;
    world.clock.pass(365 * 86_400);
    let late = world.ledger.submit(&granted.bytes).await.unwrap();
    assert_eq!((late.answer, late.replay), (first.answer, true));
    assert_eq!(world.ledger.size(), 4);
}

#[tokio::test]
async fn a_withdrawal_by_code_is_a_record_that_anyone_could_have_made_with_the_code() {
    let world = World::empty().await;
    let (brand, code, origin) = (
        Brand::named("cinema.example"),
        WithdrawalCode::from_random([9; 16]),
        p(ORIGIN),
    );
    let request = world.ask(&brand, vec![clause("films")]).await;
    let invitation = world.invite(&request).await;
    let granted = world.yes_with(&person("ada"), &request, &invitation, &code);
    world.ledger.submit(&granted.bytes).await.unwrap();
    let record = withdraw_with_code(granted.state.consent, &code, &origin, world.fresh(), world.now()).unwrap();
    world.check(&world.ledger.submit(&record.bytes).await.unwrap());
}

#[tokio::test]
async fn new_keys_of_a_brand_count_from_their_index_on() {
    let world = World::empty().await;
    let brand = Brand::named("cinema.example");
    let request = world.ask(&brand, vec![clause("films")]).await;
    let rotated = brand.rotated("key-2");
    world.register(&rotated).await;
    let [by_old, by_new] = [
        world.request(&brand, vec![clause("plays")], None).await,
        world
            .request(&rotated, vec![clause("plays")], Some(request.digest()))
            .await,
    ];
    assert_eq!(world.refusal(&by_old.bytes).await, "bad_signature");
    world.check(&world.ledger.submit(&by_new.bytes).await.unwrap());
    let row = world.ledger.controller(&brand.did).await.unwrap().unwrap();
    assert_eq!((row.id, row.keys_index, row.feed_size), (0, 2, 4));
    // What was signed with the old key and recorded before is still answered.
    assert!(world.ledger.request(&request.digest()).await.unwrap().is_some());
}
