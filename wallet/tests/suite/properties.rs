//! For any choice: what the wallet builds, a ledger accepts, and what it does not build, a ledger would refuse.

use placet_kernel::sign::Algorithm;
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::{State, apply};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::Body;
use placet_wallet::keys::Seed;
use placet_wallet::records::{Built, Erasure, GrantChoice, erase, grant, narrow, renew, withdraw};
use proptest::prelude::*;

use crate::world::{World, code, films, invitation, letters, p, person, seats};

#[derive(Debug, Clone)]
enum Step {
    Narrow(Vec<usize>),
    Renew(u64),
    Withdraw,
    Erase,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::collection::vec(0..6_usize, 0..3).prop_map(Step::Narrow),
        3 => (1..1000_u64).prop_map(Step::Renew),
        1 => Just(Step::Withdraw),
        1 => Just(Step::Erase),
    ]
}

fn pattern(which: usize) -> Pattern {
    let value = |value| Pattern::Value { purpose: None, value };
    match which {
        0 => value(Value::Category(p("pd:Purchase"))),
        1 => value(Value::Category(p("pd:Interest"))),
        2 => value(Value::Processing(p("dpv:Store"))),
        3 => Pattern::Clause(Box::new(letters())),
        4 => Pattern::Clause(Box::new(seats())),
        _ => value(Value::Category(p("pd:EmailAddress"))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_built_is_accepted(
        p256 in any::<bool>(),
        picks in any::<[bool; 3]>(),
        statement in any::<bool>(),
        steps in proptest::collection::vec((step(), 0..200_u64), 0..8),
    ) {
        let world = World::new();
        let curve = if p256 { Algorithm::P256 } else { Algorithm::Ed25519 };
        let key = person(curve);
        let offered = [films(), letters(), seats()];
        let request = world.request(&offered);
        let Body::ConsentRequest(body) = &request.body else { unreachable!() };
        let selected: Vec<Digest> = offered.iter().zip(picks).filter(|(_, pick)| *pick).map(|(c, _)| c.digest()).collect();
        let explicit: Vec<Digest> = selected.iter().filter(|d| statement && **d == seats().digest()).copied().collect();
        let mut now: placet_schemas::time::Timestamp = p(crate::world::NOW);
        let choice = GrantChoice { showing: world.showing(&request, &explicit), invitation: &invitation(), selected: &selected };
        let given = grant(&choice, &code(), &world.pen(&key, &now.to_string()));
        // All that can be wrong with a choice: nothing chosen, or no express statement where one is needed.
        prop_assert_eq!(given.is_ok(), !selected.is_empty() && (!picks[2] || statement));
        let Ok(given) = given else { return Ok(()) };
        let accept = |built: &Built, before: Option<&State>, now| {
            let record = world.arrive(&built.bytes, now);
            assert_eq!(apply(before, &record, Some(body)).as_ref(), Ok(&built.state));
        };
        accept(&given, None, now);
        let mut state = given.state;
        for (step, days) in steps {
            now = now.plus_seconds(days * 86_400);
            let pen = world.pen(&key, &now.to_string());
            let built = match step {
                Step::Narrow(which) => narrow(&state, which.into_iter().map(pattern).collect(), world.anchor(), &pen),
                Step::Renew(days) => {
                    let has_seats = state.scope.clauses().contains(&seats());
                    let explicit: Vec<Digest> = has_seats.then(|| seats().digest()).into_iter().collect();
                    let mut showing = world.showing(&request, &explicit);
                    showing.valid_until = Some(now.plus_seconds(days * 86_400));
                    renew(&state, None, &showing, &pen)
                }
                Step::Withdraw => withdraw(&state, Some(world.anchor()), &pen),
                Step::Erase => erase(&state, Erasure::default(), world.anchor(), &pen),
            };
            if let Ok(built) = built {
                accept(&built, Some(&state), now);
                state = built.state;
            }
        }
    }

    #[test]
    fn a_seed_gives_another_key_for_each_place(
        seed in any::<[u8; 32]>(),
        a in ("[a-z]{1,12}(/[a-z]{1,6})?", "did:web:[a-z]{1,12}", any::<bool>(), 0..200_u32),
        b in ("[a-z]{1,12}(/[a-z]{1,6})?", "did:web:[a-z]{1,12}", any::<bool>(), 0..200_u32),
    ) {
        let key = |(origin, controller, p256, generation): &(String, String, bool, u32)| {
            let curve = if *p256 { Algorithm::P256 } else { Algorithm::Ed25519 };
            Seed::from_bytes(seed).pairwise(&p(origin), &p(controller), curve, *generation).did()
        };
        prop_assert_eq!(key(&a) == key(&b), a == b);
    }
}
