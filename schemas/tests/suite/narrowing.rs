//! Taking a part back: what each pattern takes, and that it takes no less and leaves no more.

use placet_schemas::narrowing::{NarrowingError, Pattern, Value};
use placet_schemas::scope::{Clause, Delivery, Scope};

use crate::common::cinema::{self, newsletter, offered, overseas, recommendations, studio};
use crate::common::{clause, deliveries, iri, p, queries, scope, some};

fn everywhere(value: Value) -> Pattern {
    Pattern::Value { purpose: None, value }
}

fn within(name: &str, value: Value) -> Pattern {
    Pattern::Value {
        purpose: Some(iri(name)),
        value,
    }
}

fn category(term: &str) -> Value {
    Value::Category(p(term))
}

fn processing(term: &str) -> Value {
    Value::Processing(p(term))
}

fn whole(clause: Clause) -> Pattern {
    Pattern::Clause(Box::new(clause))
}

#[test]
fn a_whole_clause_goes() {
    let left = offered().without(&[whole(newsletter())]).unwrap();
    assert_eq!(left.clauses().len(), offered().clauses().len() - 1);
    assert!(!left.clauses().contains(&newsletter()));
}

#[test]
fn a_value_goes_in_one_purpose_or_in_all() {
    let both = scope([
        clause(
            "a",
            "dpv:DirectMarketing",
            &["pd:EmailAddress", "pd:Name"],
            &["dpv:Use"],
        ),
        clause(
            "b",
            "dpv:DirectMarketing",
            &["pd:EmailAddress", "pd:Name"],
            &["dpv:Use"],
        ),
    ]);
    let lesser = |name| clause(name, "dpv:DirectMarketing", &["pd:Name"], &["dpv:Use"]);
    let one = both.without(&[within("a", category("pd:EmailAddress"))]).unwrap();
    assert!(one.clauses().contains(&lesser("a")) && !one.clauses().contains(&lesser("b")));
    let all = both.without(&[everywhere(category("pd:EmailAddress"))]).unwrap();
    assert_eq!(all, scope([lesser("a"), lesser("b")]));
}

/// No pattern inherits either: pd:Contact is above pd:EmailAddress, and takes nothing of it away.
#[test]
fn a_pattern_matches_exactly() {
    let given = scope([newsletter()]);
    for value in [
        category("pd:Contact"),
        processing("dpv:Processing"),
        Value::Delivery(Delivery::InVault),
    ] {
        assert_eq!(
            given.without(&[everywhere(value)]),
            Err(NarrowingError::MatchesNothing(0))
        );
    }
}

#[test]
fn a_clause_whose_dimension_is_empty_vanishes() {
    let both = scope([newsletter(), recommendations()]);
    let rest = scope([recommendations()]);
    for value in [category("pd:EmailAddress"), processing("dpv:Use")] {
        assert_eq!(both.without(&[everywhere(value)]), Ok(rest.clone()));
    }
    let vault = Clause {
        delivery: deliveries(&[Delivery::InVault]),
        ..recommendations()
    };
    assert_eq!(
        both.without(&[everywhere(Value::Delivery(Delivery::Copy))]),
        Ok(scope([vault]))
    );
    // Two patterns that together empty a dimension.
    let patterns = ["pd:Interest", "pd:Purchase"].map(|term| everywhere(category(term)));
    assert_eq!(both.without(&patterns), Ok(scope([newsletter()])));
}

#[test]
fn nothing_left_is_a_withdrawal() {
    let given = scope([newsletter(), recommendations()]);
    for patterns in [
        vec![whole(newsletter()), whole(recommendations())],
        vec![
            everywhere(Value::Delivery(Delivery::Copy)),
            everywhere(Value::Delivery(Delivery::InVault)),
        ],
        vec![everywhere(processing("dpv:Use")), whole(recommendations())],
    ] {
        assert_eq!(given.without(&patterns), Err(NarrowingError::NothingRemains));
    }
    let fault = NarrowingError::NothingRemains.to_string();
    assert!(fault.contains("withdraw instead"), "{fault}");
}

/// A disclosure is what its clause was agreed to for. What would be left, use of that data by the cinema itself, was
/// never asked, and here not even granted for that operation.
#[test]
fn a_third_party_takes_its_whole_clause_along() {
    let given = scope([recommendations(), studio()]);
    for purpose in [None, Some(iri("recommendations"))] {
        let pattern = Pattern::Value {
            purpose,
            value: Value::ThirdParty(p(cinema::STUDIO)),
        };
        let left = given.without(&[pattern]).unwrap();
        assert_eq!(left, scope([recommendations()]));
        for mut query in queries(&scope([studio()])) {
            assert_eq!(left.granting(&query), None);
            query.third_party = None;
            assert_eq!(left.granting(&query), None, "the disclosure became first-party use");
        }
    }
    // The clause that names no third party stands on its own.
    assert_eq!(given.without(&[whole(recommendations())]), Ok(scope([studio()])));
}

#[test]
fn a_transfer_takes_its_whole_clause_along() {
    let given = scope([overseas(), newsletter()]);
    let left = given.without(&[everywhere(Value::Transfer(p("US")))]).unwrap();
    assert_eq!(left, scope([newsletter()]));
    let elsewhere = everywhere(Value::Transfer(p("IN")));
    assert_eq!(given.without(&[elsewhere]), Err(NarrowingError::MatchesNothing(0)));
}

/// Whoever signs a pattern that takes nothing believes something false about what she had granted.
#[test]
fn a_pattern_that_matches_nothing_is_refused_by_its_place() {
    let given = scope([newsletter(), recommendations()]);
    let good = everywhere(category("pd:Purchase"));
    let changed = Clause {
        retention: p("P1Y"),
        ..newsletter()
    };
    for (bad, why) in [
        (whole(studio()), "no such clause"),
        (whole(changed), "the clause as it is not"),
        (within("newsletter", category("pd:Purchase")), "in another purpose only"),
        (within("nothing", category("pd:Purchase")), "no such purpose"),
        (everywhere(Value::ThirdParty(p(cinema::STUDIO))), "no such party"),
    ] {
        assert_eq!(
            given.without(&[good.clone(), bad]),
            Err(NarrowingError::MatchesNothing(1)),
            "{why}"
        );
    }
    assert_eq!(given.without(&[]), Err(NarrowingError::Empty));
}

/// Two patterns for one thing are one, whichever comes first: each meets the scope as it was.
#[test]
fn overlapping_patterns_do_not_disturb_each_other() {
    let given = scope([newsletter(), recommendations()]);
    let twice = everywhere(category("pd:EmailAddress"));
    let patterns = [whole(newsletter()), twice.clone(), twice];
    let left = given.without(&patterns).unwrap();
    assert_eq!(left, scope([recommendations()]));
    let reversed: Vec<_> = patterns.into_iter().rev().collect();
    assert_eq!(given.without(&reversed), Ok(left));
}

#[test]
fn what_is_left_keeps_its_words_and_its_retention() {
    let left = scope([recommendations()])
        .without(&[everywhere(category("pd:Purchase"))])
        .unwrap();
    let expected = Clause {
        categories: some(&["pd:Interest"]),
        ..recommendations()
    };
    assert_eq!(left, scope([expected]));
}

#[test]
fn patterns_have_two_forms_and_no_third() {
    let read = |text: &str| {
        let document = placet_schemas::json::parse(text.as_bytes(), 10_000).unwrap();
        placet_schemas::json::decode::<Pattern>(document.root())
    };
    for (legal, expected) in [
        (
            r#"{"purpose":"*","dimension":"delivery","value":"in-vault"}"#,
            everywhere(Value::Delivery(Delivery::InVault)),
        ),
        (
            r#"{"purpose":"*","dimension":"categories","value":"pd:Name"}"#,
            everywhere(category("pd:Name")),
        ),
        (
            r#"{"purpose":"*","dimension":"processing","value":"dpv:Use"}"#,
            everywhere(processing("dpv:Use")),
        ),
        (
            r#"{"purpose":"x:y","dimension":"transfer","value":"US"}"#,
            Pattern::Value {
                purpose: Some(p("x:y")),
                value: Value::Transfer(p("US")),
            },
        ),
        (
            r#"{"purpose":"*","dimension":"thirdParty","value":"x:y"}"#,
            everywhere(Value::ThirdParty(p("x:y"))),
        ),
    ] {
        assert_eq!(read(legal), Ok(expected), "{legal}");
    }
    for illegal in [
        // Retention cannot be taken away: only its clause can.
        r#"{"purpose":"*","dimension":"retention","value":"P1Y"}"#,
        r#"{"purpose":"*","dimension":"channels","value":"email"}"#,
        r#"{"purpose":"*","dimension":"purpose","value":"x:y"}"#,
        r#"{"purpose":"*","dimension":"delivery","value":"*"}"#,
        r#"{"purpose":"*","dimension":"categories","value":"dpv:Use"}"#,
        r#"{"purpose":"*","dimension":"processing","value":"pd:Name"}"#,
        r#"{"purpose":"*","dimension":"transfer","value":"us"}"#,
        r#"{"purpose":"**","dimension":"delivery","value":"copy"}"#,
        r#"{"dimension":"delivery","value":"copy"}"#,
        r#"{"purpose":"*","value":"copy"}"#,
        r#"{"purpose":"*","dimension":"delivery"}"#,
        r#"{"purpose":"*","dimension":"delivery","value":"copy","also":"x"}"#,
        r#"{}"#,
        r#""*""#,
        r#"[]"#,
    ] {
        assert!(read(illegal).is_err(), "{illegal}");
    }
    let wire = |pattern: &Pattern| String::from_utf8(placet_schemas::json::to_jcs(pattern).unwrap()).unwrap();
    let clause = wire(&whole(newsletter()));
    assert_eq!(read(&clause), Ok(whole(newsletter())));
    let also = clause.replacen('{', r#"{"purpose":"*","#, 1);
    assert!(read(&also).is_err(), "both forms at once");
}

/// A scope is written in one order only: else one consent would have several digests.
#[test]
fn a_scope_out_of_order_is_refused() {
    let mut clauses = offered().clauses().to_vec();
    assert!(Scope::try_from(clauses.clone()).is_ok());
    clauses.swap(0, 1);
    assert_eq!(
        Scope::try_from(clauses.clone()),
        Err(placet_schemas::scope::ScopeError::NotSorted)
    );
    assert_eq!(Scope::new(clauses), Ok(offered()));
}
