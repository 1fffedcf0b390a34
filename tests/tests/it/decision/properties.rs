//! Made-up lives of made-up consents: nothing that takes away ever permits, and whatever is permitted a second judge, who is
//! built otherwise, permits too.

mod model;
mod world;

use placet_schemas::lifecycle::Phase;
use placet_schemas::record::consent::Strength;
use placet_schemas::scope::Scope;
use proptest::prelude::*;
use proptest::sample::Index;

use world::{Act, Deed, questions, rules, worlds};

/// How much one act takes away.
#[derive(Debug, Clone)]
enum Loss {
    Clause,
    Category,
    Processing,
    Delivery,
    Statement,
    Strength,
    Time(u64),
}

fn losses() -> impl Strategy<Value = Loss> {
    prop_oneof![
        Just(Loss::Clause),
        Just(Loss::Category),
        Just(Loss::Processing),
        Just(Loss::Delivery),
        Just(Loss::Statement),
        Just(Loss::Strength),
        (1..2_000_u64).prop_map(Loss::Time),
    ]
}

/// The grant with one element less; `None` when nothing is left of it.
fn lessened(deed: &Deed, loss: &Loss, at: &Index) -> Option<Deed> {
    let mut less = deed.clone();
    let mut clauses = less.granted.scope.clauses().to_vec();
    let place = at.index(clauses.len());
    let one = clauses[place].clone();
    // A recipient or a country goes with its clause: without it, what is left was never asked.
    let left = match loss {
        Loss::Clause => None,
        Loss::Category => one
            .categories
            .without(&one.categories[at.index(one.categories.len())])
            .map(|categories| placet_schemas::scope::Clause {
                categories,
                ..one.clone()
            }),
        Loss::Processing => one
            .processing
            .without(&one.processing[at.index(one.processing.len())])
            .map(|processing| placet_schemas::scope::Clause {
                processing,
                ..one.clone()
            }),
        Loss::Delivery => one
            .delivery
            .without(&one.delivery[at.index(one.delivery.len())])
            .map(|delivery| placet_schemas::scope::Clause {
                delivery,
                ..one.clone()
            }),
        Loss::Statement => {
            less.granted.explicit[place] = false;
            return Some(less);
        }
        Loss::Strength => {
            less.strength = Strength::PageKey;
            return Some(less);
        }
        Loss::Time(seconds) => {
            less.valid_until = less.valid_until.minus_seconds(*seconds);
            return Some(less);
        }
    };
    let explicit = |scope: &Scope| {
        let was = |clause: &placet_schemas::scope::Clause| {
            let mut before = deed.granted.scope.clauses().iter().zip(&deed.granted.explicit);
            before.any(|(before, explicit)| *explicit && clause.is_within(before))
        };
        scope.clauses().iter().map(was).collect()
    };
    clauses.remove(place);
    clauses.extend(left);
    let scope = Scope::new(clauses).ok()?;
    less.granted.explicit = explicit(&scope);
    less.granted.scope = scope;
    Some(less)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_second_judge_says_the_same(world in worlds(4, 12), asked in questions(), rule in rules()) {
        let permitted = world.permits(&asked, rule);
        prop_assert_eq!(permitted, model::permits(&world, &asked, rule));
    }

    #[test]
    fn to_remove_any_element_of_a_grant_never_permits(
        mut world in worlds(1, 1),
        asked in questions(),
        rule in rules(),
        loss in losses(),
        at: Index,
    ) {
        let before = world.permits(&asked, rule);
        let grant = world.deeds.remove(0);
        world.deeds.extend(lessened(&grant, &loss, &at));
        prop_assert!(before || !world.permits(&asked, rule), "{loss:?}");
    }

    #[test]
    fn no_ending_of_any_consent_permits_and_the_one_that_permitted_is_no_more(
        mut world in worlds(4, 12),
        asked in questions(),
        rule in rules(),
        which: Index,
        how in 0..3_u8,
    ) {
        let (before, by) = world.decide(&asked, rule);
        let consent = which.index(world.consents());
        let ended = world.deeds.iter().any(|deed| deed.consent == consent && matches!(deed.act, Act::End(_)));
        match how {
            _ if ended => {}
            0 => world.end(consent, Phase::Withdrawn),
            1 => world.end(consent, Phase::EndedByController),
            _ => world.direct.push(consent),
        }
        let (after, _) = world.decide(&asked, rule);
        prop_assert!(before || !after);
        if by.contains(&consent) {
            prop_assert!(!after);
        }
    }

    #[test]
    fn to_narrow_any_consent_never_permits(
        mut world in worlds(4, 12),
        asked in questions(),
        rule in rules(),
        which: Index,
        loss in losses(),
        at: Index,
    ) {
        let before = world.permits(&asked, rule);
        let consent = which.index(world.consents());
        world.narrow(consent, |deed| match loss {
            Loss::Statement | Loss::Strength | Loss::Time(_) => None,
            _ => lessened(deed, &loss, &at),
        });
        prop_assert!(before || !world.permits(&asked, rule));
    }

    #[test]
    fn to_grow_older_never_permits(
        mut world in worlds(4, 8),
        asked in questions(),
        rule in rules(),
        seconds in 0..5_000_u64,
    ) {
        let before = world.permits(&asked, rule);
        world.now = world.now.plus_seconds(seconds);
        world.silent_for += seconds;
        prop_assert!(before || !world.permits(&asked, rule));
        // Nor with a head that is as young as ever.
        world.head_time = world.now;
        world.silent_for = 0;
        prop_assert!(before || !world.permits(&asked, rule));
    }
}

/// The questions are about what the worlds hold: else the properties would hold of nothing.
#[test]
fn what_is_made_up_is_permitted_often_enough_to_mean_something() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let all = (worlds(4, 12), questions(), rules());
    let permitted = (0..2_000).filter(|_| {
        let (world, asked, rule) = all.new_tree(&mut runner).unwrap().current();
        world.permits(&asked, rule)
    });
    let count = permitted.count();
    assert!((100..1_900).contains(&count), "{count} of 2,000");
}
