//! The whole life of a consent, on both curves, each record judged as a ledger judges it.

use placet_kernel::code::WithdrawalCode;
use placet_kernel::sign::Algorithm;
use placet_schemas::lifecycle::{Effective, Phase, State, apply, effective};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::consent::{Act, ErasureGround};
use placet_schemas::record::holders::Holders;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Record};
use placet_wallet::acknowledgement::check_acknowledgement;
use placet_wallet::brand;
use placet_wallet::records::{
    self, Built, Erasure, GrantChoice, authorize_holders, erase, grant, narrow, renew, withdraw, withdraw_with_code,
};
use placet_wallet::sight::{Order, Sight};

use crate::world::{NOW, World, code, films, invitation, letters, p, person, scope, seats};

fn request_of(record: &Record) -> &ConsentRequest {
    match &record.body {
        Body::ConsentRequest(request) => request,
        other => panic!("{:?} is no request", other.kind()),
    }
}

/// What the ledger does with a record: arrival, then the lifecycle. The wallet must have foreseen the same state.
fn recorded(world: &World, built: &Built, before: Option<&State>, request: Option<&Record>, now: &str) -> State {
    let record = world.arrive(&built.bytes, p(now));
    assert_eq!(record, built.record);
    let state = apply(before, &record, request.map(request_of)).unwrap();
    assert_eq!(state, built.state);
    state
}

#[test]
fn a_life_from_grant_to_erasure() {
    for curve in [Algorithm::Ed25519, Algorithm::P256] {
        let mut world = World::new();
        let key = person(curve);
        let request = world.request(&[films(), letters(), seats()]);
        let selected = [seats().digest(), films().digest(), letters().digest()];
        let explicit = [seats().digest()];
        let choice = GrantChoice {
            showing: world.showing(&request, &explicit),
            invitation: &invitation(),
            selected: &selected,
        };
        let given = grant(&choice, &code(), &world.pen(&key, NOW)).unwrap();
        let mut state = recorded(&world, &given, None, Some(&request), NOW);
        assert_eq!(
            (state.subject.clone(), state.consent),
            (key.did(), given.record.digest())
        );
        assert_eq!(
            state.valid_until,
            p("2028-11-22T05:00:00Z"),
            "as long as the request allows"
        );
        assert_eq!(given.record.proof.challenge, Some(invitation()));
        let Body::ConsentGrant(body) = &given.record.body else {
            panic!("no grant")
        };
        let explicit: Vec<_> = body
            .shown
            .choices
            .iter()
            .filter(|c| c.act == Act::ExplicitStatement)
            .collect();
        assert!(explicit.len() == 1 && explicit[0].clause == seats().digest());

        let mut sight = Sight::default();
        let answer = world.answer(&given.record, 2);
        let believed = check_acknowledgement(&given.bytes, &answer, &world.trust(), &sight).unwrap();
        assert_eq!((believed.order, believed.overtaken_by), (Order::First, None));
        sight.advance(believed.head, &[]).unwrap();
        assert_eq!(sight.anchor(), world.anchor());

        let when = "2027-01-01T00:00:00Z";
        let gone = vec![Pattern::Value {
            purpose: None,
            value: Value::Category(p("pd:Purchase")),
        }];
        let less = narrow(&state, gone, sight.anchor(), &world.pen(&key, when)).unwrap();
        assert_eq!(less.record.body.anchor(), Some(sight.anchor()));
        state = recorded(&world, &less, Some(&state), None, when);

        // A newer request, which drops the letters and keeps the rest.
        let newer = world.request(&[films(), seats()]);
        let kept: Vec<_> = state
            .scope
            .clauses()
            .iter()
            .filter(|c| c.purpose.id != letters().purpose.id)
            .cloned()
            .collect();
        let explicit = [seats().digest()];
        let when = "2028-01-01T00:00:00Z";
        let longer = renew(
            &state,
            Some(scope(&kept)),
            &world.showing(&newer, &explicit),
            &world.pen(&key, when),
        )
        .unwrap();
        state = recorded(&world, &longer, Some(&state), Some(&newer), when);
        assert_eq!((state.valid_until, state.chain.len()), (p("2030-01-01T00:00:00Z"), 3));

        let wallet = [p("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")];
        for holders in [Holders::from_members(wallet).unwrap(), Holders::default()] {
            let said = authorize_holders(&state, holders, &world.pen(&key, when)).unwrap();
            assert_eq!(recorded(&world, &said, Some(&state), None, when), state);
        }

        // After the expiry she may still withdraw, and ask for erasure after that.
        let when = "2031-06-01T00:00:00Z";
        assert_eq!(effective(&state, p(when)), Effective::Expired);
        let ended = withdraw(&state, Some(sight.anchor()), &world.pen(&key, when)).unwrap();
        state = recorded(&world, &ended, Some(&state), None, when);
        assert_eq!(state.phase, Phase::Withdrawn);
        let erasure = Erasure {
            ground: Some(ErasureGround::ConsentWithdrawn),
            categories: None,
        };
        let asked = erase(&state, erasure, sight.anchor(), &world.pen(&key, when)).unwrap();
        assert_eq!(recorded(&world, &asked, Some(&state), None, when), state);
    }
}

#[test]
fn paper_alone_ends_a_consent_after_narrowing_and_renewal() {
    let world = World::new();
    let key = person(Algorithm::P256);
    let request = world.request(&[films(), letters()]);
    let mut state = world.consent(&request, &key).state;
    let gone = vec![Pattern::Clause(Box::new(letters()))];
    state = narrow(&state, gone, world.anchor(), &world.pen(&key, NOW))
        .unwrap()
        .state;
    state = renew(&state, None, &world.showing(&request, &[]), &world.pen(&key, NOW))
        .unwrap()
        .state;

    let typed: WithdrawalCode = p(&code().to_string().to_lowercase().replace('-', " "));
    let paper = withdraw_with_code(state.consent, &typed, &world.origin, world.random(), p(NOW)).unwrap();
    let record = world.arrive(&paper.bytes, p(NOW));
    assert_eq!(record.issuer, state.withdrawal_key);
    assert_ne!(record.issuer, state.subject);
    assert_eq!(apply(Some(&state), &record, None).unwrap().phase, Phase::Withdrawn);

    // Any other code is another key.
    let other = WithdrawalCode::from_random([7; 16]);
    let paper = withdraw_with_code(state.consent, &other, &world.origin, world.random(), p(NOW)).unwrap();
    assert_eq!(
        apply(Some(&state), &paper.record, None).unwrap_err().code(),
        "consent_unknown"
    );
}

#[test]
fn a_restored_seed_ends_a_consent_that_the_wallet_has_forgotten() {
    let world = World::new();
    let request = world.request(&[films(), letters()]);
    let state = world.consent(&request, &person(Algorithm::Ed25519)).state;
    let restored = person(Algorithm::Ed25519);
    let built = records::withdraw_unseen(state.consent, &world.pen(&restored, NOW)).unwrap();
    let record = world.arrive(&built.bytes, p(NOW));
    assert_eq!(apply(Some(&state), &record, None).unwrap().phase, Phase::Withdrawn);
}

#[test]
fn a_brand_passes_a_withdrawal_on_and_ends_a_consent() {
    let world = World::new();
    let request = world.request(&[films(), letters()]);
    let state = world.consent(&request, &person(Algorithm::Ed25519)).state;
    let pen = world.pen(&world.brand_key, NOW);
    let relayed = brand::relay_withdrawal(
        state.consent,
        p("phone"),
        p("2026-11-22T04:58:00Z"),
        world.brand(),
        &pen,
    )
    .unwrap();
    let record = world.arrive(&relayed.bytes, p(NOW));
    assert_eq!(apply(Some(&state), &record, None).unwrap().phase, Phase::Withdrawn);

    let pen = world.pen(&world.brand_key, NOW);
    let ended = brand::end(state.consent, p("the programme was discontinued"), world.brand(), &pen).unwrap();
    let record = world.arrive(&ended.bytes, p(NOW));
    assert_eq!(
        apply(Some(&state), &record, None).unwrap().phase,
        Phase::EndedByController
    );
}

#[test]
fn nothing_that_two_brands_hold_is_equal() {
    // One person, one seed, the same answer at two brands: the members that could be joined on all differ.
    let world = World::new();
    let request = world.request(&[films(), letters()]);
    let seed = placet_wallet::keys::Seed::from_bytes([9; 32]);
    let records: Vec<Built> = ["did:web:a.example", "did:web:b.example"]
        .iter()
        .enumerate()
        .map(|(at, brand)| {
            let key = seed.pairwise(&world.origin, &p(brand), Algorithm::Ed25519, 0);
            let choice = GrantChoice {
                showing: world.showing(&request, &[]),
                invitation: &placet_schemas::record::Invitation::from_random([at as u8; 16]),
                selected: &[letters().digest()],
            };
            let code = WithdrawalCode::from_random(world.random());
            grant(&choice, &code, &world.pen(&key, NOW)).unwrap()
        })
        .collect();
    let personal = |built: &Built| {
        let record = &built.record;
        let Body::ConsentGrant(body) = &record.body else {
            panic!("no grant")
        };
        let proof = &record.proof;
        [
            record.id.to_string(),
            record.issuer.to_string(),
            proof.verification_method.to_string(),
            proof.proof_value.to_string(),
            proof.challenge.as_ref().unwrap().to_string(),
            body.withdrawal_key.to_string(),
            record.digest().to_string(),
        ]
    };
    for (a, b) in personal(&records[0]).iter().zip(personal(&records[1])) {
        assert_ne!(*a, b);
    }
}
