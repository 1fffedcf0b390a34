//! Random scopes and patterns over a small universe, against an oracle that knows only single questions.

use placet_schemas::narrowing::{NarrowingError, Pattern, Value};
use placet_schemas::scope::{Clause, Delivery, Query, Scope, Transfer};
use placet_schemas::text::{Set, SomeOf};
use placet_schemas::time::Period;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::common::{clause, deliveries, iri, p, queries, third_party};

const PURPOSES: [&str; 3] = ["a", "b", "c"];
const CATEGORIES: [&str; 3] = ["pd:EmailAddress", "pd:Interest", "pd:Name"];
const PROCESSING: [&str; 3] = ["dpv:Store", "dpv:Transfer", "dpv:Use"];
const PARTIES: [&str; 2] = ["https://one.example/", "https://two.example/"];
const COUNTRIES: [&str; 2] = ["IN", "US"];
const PERIODS: [&str; 4] = ["P30D", "P1M", "P1Y", "P2Y"];

fn any_clause() -> impl Strategy<Value = Clause> {
    (
        select(&PURPOSES[..]),
        subsequence(CATEGORIES.to_vec(), 1..=3),
        subsequence(PROCESSING.to_vec(), 1..=3),
        subsequence(vec![Delivery::Copy, Delivery::InVault], 1..=2),
        proptest::option::weighted(0.3, select(&PARTIES[..])),
        proptest::option::weighted(0.2, select(&COUNTRIES[..])),
        select(&PERIODS[..]),
    )
        .prop_map(
            |(name, categories, processing, delivery, party, country, retention)| Clause {
                delivery: deliveries(&delivery),
                third_party: party.and_then(|id| third_party(id, "A party")),
                transfer: country.map(|country| Transfer { country: p(country) }),
                retention: p(retention),
                ..clause(name, "dpv:DirectMarketing", &categories, &processing)
            },
        )
}

/// Clauses that make a scope: of random ones, those that overlap no earlier one.
fn any_clauses() -> impl Strategy<Value = Vec<Clause>> {
    proptest::collection::vec(any_clause(), 1..8).prop_map(|clauses| {
        clauses.into_iter().fold(Vec::new(), |mut kept, clause| {
            kept.push(clause);
            if Scope::new(kept.clone()).is_err() {
                kept.pop();
            }
            kept
        })
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(&CATEGORIES[..]).prop_map(|term| Value::Category(p(term))),
        3 => select(&PROCESSING[..]).prop_map(|term| Value::Processing(p(term))),
        1 => select(vec![Delivery::Copy, Delivery::InVault]).prop_map(Value::Delivery),
        1 => select(&PARTIES[..]).prop_map(|id| Value::ThirdParty(p(id))),
        1 => select(&COUNTRIES[..]).prop_map(|country| Value::Transfer(p(country))),
    ]
}

/// A scope's clauses and one to four patterns, some of which meet nothing.
fn any_narrowing() -> impl Strategy<Value = (Vec<Clause>, Vec<Pattern>)> {
    any_clauses().prop_flat_map(|clauses| {
        let whole = select(clauses.clone()).prop_map(|clause| Pattern::Clause(Box::new(clause)));
        let purpose = proptest::option::of(select(&PURPOSES[..]).prop_map(iri));
        let value = (purpose, any_value()).prop_map(|(purpose, value)| Pattern::Value { purpose, value });
        let pattern = prop_oneof![1 => whole, 3 => value];
        (Just(clauses), proptest::collection::vec(pattern, 1..5))
    })
}

/// A scope and its patterns, each shuffled as well.
fn shuffled() -> impl Strategy<Value = [(Vec<Clause>, Vec<Pattern>); 2]> {
    any_narrowing().prop_flat_map(|(clauses, patterns)| {
        let original = Just((clauses.clone(), patterns.clone()));
        [
            original.boxed(),
            (Just(clauses).prop_shuffle(), Just(patterns).prop_shuffle()).boxed(),
        ]
    })
}

/// Whether the pattern takes this one question away. A whole clause does if it grants it, and it is in the scope.
fn takes(pattern: &Pattern, query: &Query<'_>) -> bool {
    match pattern {
        Pattern::Clause(clause) => Scope::new(vec![(**clause).clone()]).unwrap().granting(query).is_some(),
        Pattern::Value { purpose, value } => {
            purpose.as_ref().is_none_or(|iri| iri == query.purpose)
                && match value {
                    Value::Category(term) => *term == query.category,
                    Value::Processing(term) => *term == query.processing,
                    Value::Delivery(delivery) => *delivery == query.delivery,
                    Value::ThirdParty(id) => Some(id) == query.third_party,
                    Value::Transfer(country) => Some(country) == query.transfer,
                }
        }
    }
}

/// A part of each of some clauses, for no longer.
fn lesser(scope: Scope) -> impl Strategy<Value = Scope> {
    let part = |clause: &Clause| {
        let (whole, retention) = (clause.clone(), clause.retention);
        let shorter = PERIODS.iter().map(|text| p::<Period>(text));
        let shorter: Vec<_> = shorter.filter(|period| period.at_most(retention)).collect();
        (
            part_of(&clause.categories),
            part_of(&clause.processing),
            part_of(&clause.delivery),
            select(shorter),
        )
            .prop_map(move |(categories, processing, delivery, retention)| Clause {
                categories,
                processing,
                delivery,
                retention,
                ..whole.clone()
            })
    };
    let parts: Vec<_> = scope.clauses().iter().map(part).collect();
    let count = parts.len();
    parts
        .prop_flat_map(move |parts| subsequence(parts, 1..=count))
        .prop_map(|parts| Scope::new(parts).unwrap())
}

fn part_of<T: Ord + Clone + std::fmt::Debug + 'static>(set: &SomeOf<T>) -> impl Strategy<Value = SomeOf<T>> + use<T> {
    let members = set.to_vec();
    let count = members.len();
    subsequence(members, 1..=count).prop_map(|members| SomeOf::new(Set::from_members(members)).unwrap())
}

fn ladder() -> impl Strategy<Value = [Scope; 3]> {
    let wide = any_clauses().prop_map(|clauses| Scope::new(clauses).unwrap());
    let two = wide.prop_flat_map(|wide| (Just(wide.clone()), lesser(wide)));
    two.prop_flat_map(|(wide, middle)| (Just(wide), Just(middle.clone()), lesser(middle)))
        .prop_map(|(wide, middle, narrow)| [wide, middle, narrow])
}

proptest! {
    /// The order of clauses and their repetition never matter, and what is in order stays as it is.
    #[test]
    fn normal_form((clauses, order) in any_clauses().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle()))) {
        let scope = Scope::new(clauses.clone()).unwrap();
        prop_assert_eq!(&Scope::new(order.clone()).unwrap(), &scope);
        prop_assert_eq!(&Scope::new([clauses, order].concat()).unwrap(), &scope);
        prop_assert_eq!(&Scope::new(scope.clauses().to_vec()).unwrap(), &scope);
        prop_assert_eq!(&Scope::try_from(scope.clauses().to_vec()).unwrap(), &scope);
        let bytes = placet_schemas::json::to_jcs(&scope).unwrap();
        let document = placet_schemas::json::parse_canonical(&bytes, bytes.len()).unwrap();
        prop_assert_eq!(placet_schemas::json::decode::<Scope>(document.root()).unwrap(), scope);
    }

    /// Each question is granted by one clause at most: else removing that one would not remove it.
    #[test]
    fn no_question_is_granted_twice(clauses in any_clauses()) {
        let scope = Scope::new(clauses).unwrap();
        for query in queries(&scope) {
            let granting = |c: &&Clause| Scope::new(vec![(*c).clone()]).unwrap().granting(&query).is_some();
            prop_assert_eq!(scope.clauses().iter().filter(granting).count(), 1);
        }
    }

    /// What remains is what no pattern takes: no question more, none less; and it is strictly less than before.
    #[test]
    fn what_remains_is_what_no_pattern_takes((clauses, patterns) in any_narrowing()) {
        let scope = Scope::new(clauses).unwrap();
        let before = queries(&scope);
        let idle = |pattern: &Pattern| !before.iter().any(|query| takes(pattern, query));
        let after: Vec<_> = before.iter().filter(|q| !patterns.iter().any(|pattern| takes(pattern, q))).collect();
        match scope.without(&patterns) {
            Ok(left) => {
                prop_assert!(!patterns.iter().any(idle));
                prop_assert!(queries(&left).iter().all(|query| scope.granting(query).is_some()));
                for query in &before {
                    prop_assert_eq!(left.granting(query).is_some(), after.contains(&query));
                }
                prop_assert!(after.len() < before.len());
                prop_assert!(left.is_within(&scope) && !scope.is_within(&left));
            }
            Err(NarrowingError::MatchesNothing(at)) => prop_assert_eq!(patterns.iter().position(idle), Some(at)),
            Err(NarrowingError::NothingRemains) => prop_assert!(after.is_empty() && !patterns.iter().any(idle)),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// Neither the order of the clauses nor that of the patterns matters.
    #[test]
    fn order_does_not_matter([(clauses, patterns), (other_clauses, other_patterns)] in shuffled()) {
        let one = Scope::new(clauses).unwrap().without(&patterns);
        let other = Scope::new(other_clauses).unwrap().without(&other_patterns);
        match (one, other) {
            // Which of several idle patterns is named does depend on their order.
            (Err(NarrowingError::MatchesNothing(_)), Err(NarrowingError::MatchesNothing(_))) => {}
            (one, other) => prop_assert_eq!(one, other),
        }
    }

    #[test]
    fn is_within_is_a_partial_order([wide, middle, narrow] in ladder()) {
        for scope in [&wide, &middle, &narrow] {
            prop_assert!(scope.is_within(scope));
        }
        prop_assert!(middle.is_within(&wide) && narrow.is_within(&middle));
        prop_assert!(narrow.is_within(&wide));
        prop_assert!(middle == wide || !wide.is_within(&middle));
        for query in queries(&middle) {
            prop_assert!(wide.granting(&query).is_some());
        }
    }

    /// A scope that is not made from another is within it only if it grants nothing that the other does not.
    #[test]
    fn is_within_never_widens([one, other] in [any_clauses(), any_clauses()]) {
        let (one, other) = (Scope::new(one).unwrap(), Scope::new(other).unwrap());
        let extra = queries(&one).iter().any(|query| other.granting(query).is_none());
        prop_assert!(!(extra && one.is_within(&other)));
    }
}
