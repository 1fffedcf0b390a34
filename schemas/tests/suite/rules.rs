//! Rules 1 to 5 of the scope: a test for each trap.

use placet_schemas::id::Digest;
use placet_schemas::rules::{Demand, Ground, RuleError, check_request, check_scope, demand};
use placet_schemas::scope::{Clause, Query, Scope, ScopeError, Transfer};
use placet_schemas::vocab::{PurposeTerm, purposes};

use crate::common::cinema::{self, advertising, discount, newsletter, overseas, recommendations, request, seats};
use crate::common::{clause, iri, p, queries, scope, some, texts, third_party};

fn plain(is_a: &str) -> Clause {
    clause("x", is_a, &["pd:Interest"], &["dpv:Use"])
}

fn verdict(clause: Clause) -> Result<(), RuleError> {
    check_scope(&scope([clause]))
}

fn code(clause: Clause) -> &'static str {
    verdict(clause).map_or_else(|fault| fault.code(), |()| "allowed")
}

#[test]
fn the_fixture_breaks_no_rule() {
    assert_eq!(check_request(&request()), Ok(()));
    assert_eq!(check_request(&cinema::joint_request()), Ok(()));
}

/// Rule 1. In DPV each right-hand term is below the left-hand one; agreeing to the upper must say nothing about the
/// lower, nor the other way round, even where the brand's IRIs look alike.
#[test]
fn rule_1_no_purpose_inherits() {
    for (above, below) in [
        ("dpv:Marketing", "dpv:PoliticalCampaign"),
        ("dpv:Personalisation", "dpv:TargetedAdvertising"),
        ("dpv:ServiceProvision", "dpv:SellDataToThirdParties"),
    ] {
        assert!(
            p::<PurposeTerm>(below).is_a(p(above)),
            "{below} is no longer below {above}"
        );
        let upper = clause("upper", above, &["pd:Interest"], &["dpv:Use"]);
        let lower = clause("upper/lower", below, &["pd:Interest"], &["dpv:Use"]);
        for (granted, asked) in [(&upper, &lower), (&lower, &upper)] {
            let granted = scope([granted.clone()]);
            let other = scope([asked.clone()]);
            assert!(queries(&granted).iter().all(|query| granted.granting(query).is_some()));
            assert!(queries(&other).iter().all(|query| granted.granting(query).is_none()));
            // The DPV term itself is no purpose that anyone agreed to.
            let mut query = queries(&granted).remove(0);
            let term = p(asked.purpose.is_a.as_str());
            query.purpose = &term;
            assert_eq!(granted.granting(&query), None);
            assert!(!other.is_within(&granted), "{below} within {above}");
        }
    }
}

#[test]
fn rule_1_no_category_and_no_processing_inherits() {
    let granted = scope([clause("x", "dpv:DirectMarketing", &["pd:Contact"], &["dpv:Use"])]);
    let purpose = iri("x");
    let ask = |category: &str, processing: &str| {
        let query = Query {
            purpose: &purpose,
            category: p(category),
            processing: p(processing),
            delivery: placet_schemas::scope::Delivery::Copy,
            third_party: None,
            transfer: None,
        };
        granted.granting(&query).is_some()
    };
    assert!(ask("pd:Contact", "dpv:Use"));
    assert!(!ask("pd:EmailAddress", "dpv:Use"), "EmailAddress is below Contact");
    assert!(!ask("pd:Tracking", "dpv:Use"), "Tracking is above Contact");
    assert!(!ask("pd:Contact", "dpv:Analyse"), "Analyse is below Use");
    assert!(!ask("pd:Contact", "dpv:Processing"), "Processing is above Use");
}

/// What is disclosed to a third party, or abroad, is a choice of its own: each way round.
#[test]
fn rule_1_a_third_party_and_a_transfer_match_exactly() {
    let offered = cinema::offered();
    let (studio, america) = (p(cinema::STUDIO), p("US"));
    let own = scope([recommendations()]);
    for mut query in queries(&own) {
        assert!(offered.granting(&query).is_some());
        query.third_party = Some(&studio);
        assert_eq!(offered.granting(&query), None);
        query.third_party = None;
        query.transfer = Some(&america);
        assert_eq!(offered.granting(&query), None);
    }
    let disclosed = scope([cinema::studio(), overseas()]);
    for mut query in queries(&disclosed) {
        assert!(offered.granting(&query).is_some());
        (query.third_party, query.transfer) = (None, None);
        assert_eq!(offered.granting(&query), None);
    }
}

#[test]
fn rule_2_refuses_what_is_too_general_and_allows_what_is_below() {
    for general in [
        "dpv:Marketing",
        "dpv:Personalisation",
        "dpv:ServiceProvision",
        "dpv:Purpose",
    ] {
        let refused = verdict(plain(general));
        assert_eq!(
            refused,
            Err(RuleError::NotSpecific {
                clause: 0,
                term: p::<PurposeTerm>(general).as_str()
            })
        );
    }
    for specific in [
        "dpv:DirectMarketing",
        "dpv:SocialMediaMarketing",
        "dpv:UserInterfacePersonalisation",
        "dpv:ProvideProductRecommendations",
        "dpv:RequestedServiceProvision",
        "dpv:SearchFunctionalities",
    ] {
        assert_eq!(code(plain(specific)), "allowed", "{specific}");
    }
    // Nothing below a refused term is refused for being general, and whatever is above one is.
    let general: Vec<_> = purposes()
        .filter(|term| code(plain(term.as_str())) == "scope_not_specific")
        .collect();
    for term in &general {
        assert!(term.ancestors().all(|above| general.contains(&above)), "{term}");
    }
    assert!(general.len() < 10, "{general:?}");
}

/// Rule 3, Article 9. DPV marks what is below pd:Ethnicity, not the term itself: the overlay does.
#[test]
fn rule_3_special_categories_need_an_express_statement() {
    for category in [
        "pd:Ethnicity",
        "pd:SkinTone",
        "pd:EthnicOrigin",
        "pd:Disability",
        "dpv:SensitivePersonalData",
    ] {
        let asked = clause("x", "dpv:RequestedServiceProvision", &[category], &["dpv:Use"]);
        assert_eq!(demand(&asked), Demand::Explicit, "{category}");
        assert_eq!(code(asked), "allowed", "{category}");
    }
}

#[test]
fn rule_3_says_what_each_clause_demands() {
    for (asked, expected) in [
        (recommendations(), Demand::Ordinary),
        (newsletter(), Demand::Ordinary),
        (cinema::studio(), Demand::Ordinary),
        (seats(), Demand::Explicit),
        (discount(), Demand::Explicit),
        (overseas(), Demand::Explicit),
        (advertising(), Demand::Separate),
        (plain("dpv:SellDataToThirdParties"), Demand::Separate),
        (plain("dpv:SellInsightsFromData"), Demand::Separate),
        (plain("dpv:PoliticalCampaign"), Demand::Separate),
        (plain("dpv:PersonalisedAdvertising"), Demand::Separate),
        (plain("dpv:CustomerSolvencyMonitoring"), Demand::Separate),
        (
            Clause {
                processing: some(&["dpv:Profiling"]),
                ..plain("dpv:DirectMarketing")
            },
            Demand::Separate,
        ),
        (plain("dpv:Advertising"), Demand::Ordinary),
        (plain("dpv:SellProducts"), Demand::Ordinary),
        (plain("dpv:SellProductsToDataSubject"), Demand::Ordinary),
    ] {
        assert_eq!(demand(&asked), expected, "{}", asked.purpose.is_a);
        assert_eq!(code(asked), "allowed");
    }
}

#[test]
fn rule_3_nothing_sensitive_shares_a_clause() {
    let service = "dpv:RequestedServiceProvision";
    let us = Some(Transfer { country: p("US") });
    let asked = |is_a: &str, categories: &[&str], processing: &[&str]| clause("x", is_a, categories, processing);
    for (what, crowded, ground) in [
        (
            "with an ordinary category",
            asked(service, &["pd:Disability", "pd:Name"], &["dpv:Use"]),
            Ground::SpecialCategory,
        ),
        (
            "two special ones",
            asked(service, &["pd:Disability", "pd:Religion"], &["dpv:Use"]),
            Ground::SpecialCategory,
        ),
        (
            "a decision with another operation",
            asked(service, &["pd:Name"], &["dpv:AutomatedDecisionMaking", "dpv:Store"]),
            Ground::AutomatedDecision,
        ),
        (
            "profiling with another",
            asked(service, &["pd:Name"], &["dpv:Profiling", "dpv:Store"]),
            Ground::Profiling,
        ),
        (
            "special and sold",
            asked("dpv:SellDataToThirdParties", &["pd:Health"], &["dpv:Use"]),
            Ground::Sale,
        ),
        (
            "special and decided",
            asked(service, &["pd:Health"], &["dpv:AutomatedDecisionMaking"]),
            Ground::SpecialCategory,
        ),
        (
            "special and abroad",
            Clause {
                transfer: us.clone(),
                ..seats()
            },
            Ground::SpecialCategory,
        ),
        (
            "advertising and abroad",
            Clause {
                transfer: us,
                ..advertising()
            },
            Ground::Advertising,
        ),
        (
            "advertising by profile",
            asked("dpv:TargetedAdvertising", &["pd:Name"], &["dpv:Profiling"]),
            Ground::Advertising,
        ),
        (
            "political by profile",
            asked("dpv:PoliticalCampaign", &["pd:Name"], &["dpv:Profiling"]),
            Ground::Political,
        ),
    ] {
        assert_eq!(
            verdict(crowded),
            Err(RuleError::NotSeparate { clause: 0, ground }),
            "{what}"
        );
    }
}

/// The place that an error names is the place in the normal form, not in the order of writing.
#[test]
fn rule_3_names_the_clause() {
    let bad = clause(
        "x",
        "dpv:RequestedServiceProvision",
        &["pd:Disability", "pd:Name"],
        &["dpv:Use"],
    );
    let both = scope([recommendations(), bad.clone(), newsletter()]);
    let place = both.clauses().iter().position(|clause| *clause == bad).unwrap();
    let fault = check_scope(&both).unwrap_err();
    assert_eq!(
        fault,
        RuleError::NotSeparate {
            clause: place,
            ground: Ground::SpecialCategory
        }
    );
    assert_eq!(fault.code(), "scope_not_separate");
}

#[test]
fn rule_3_refuses_what_is_about_crimes() {
    let service = "dpv:RequestedServiceProvision";
    for category in [
        "pd:Criminal",
        "pd:CriminalConviction",
        "pd:CriminalCharge",
        "pd:CriminalPardon",
    ] {
        for categories in [&[category] as &[&str], &[category, "pd:Name"], &[category, "pd:Health"]] {
            assert_eq!(
                code(clause("x", service, categories, &["dpv:Use"])),
                "scope_criminal_category"
            );
        }
    }
    assert_eq!(
        code(plain("dpv:RecruitmentApplicantCriminalBackgroundCheck")),
        "scope_criminal_category"
    );
    assert_eq!(code(plain("dpv:RecruitmentApplicantBackgroundCheck")), "allowed");
}

#[test]
fn rule_4_refuses_children() {
    let mut asked = request();
    asked.audience.may_include_children = true;
    let refused = check_request(&asked).unwrap_err();
    assert_eq!(
        (refused.code(), refused),
        ("guardian_unsupported", RuleError::GuardianUnsupported)
    );
}

#[test]
fn rule_5_pins_the_vocabulary() {
    let mut asked = request();
    asked.vocabulary = Digest::of(b"dpv-2.4");
    let refused = check_request(&asked).unwrap_err();
    assert_eq!(refused.code(), "vocabulary_unknown");
    assert!(
        refused.to_string().contains(placet_schemas::vocab::VOCABULARY_HASH_HEX),
        "{refused}"
    );
}

#[test]
fn a_scope_has_no_two_clauses_for_one_thing() {
    let wide = clause(
        "x",
        "dpv:DirectMarketing",
        &["pd:EmailAddress", "pd:Name"],
        &["dpv:Store", "dpv:Use"],
    );
    let within = clause("x", "dpv:DirectMarketing", &["pd:Name"], &["dpv:Use"]);
    let overlap = Err(ScopeError::Overlap(iri("x")));
    assert_eq!(Scope::new(vec![wide.clone(), within.clone()]), overlap);
    assert_eq!(Scope::new(vec![within.clone(), wide.clone()]), overlap);
    // A longer retention does not make it another thing.
    let longer = Clause {
        retention: p("P2Y"),
        ..within.clone()
    };
    assert_eq!(Scope::new(vec![within.clone(), longer]), overlap);
    // Nor does another name of the same third party.
    let party = |name| Clause {
        third_party: third_party(cinema::STUDIO, name),
        ..within.clone()
    };
    assert_eq!(Scope::new(vec![party("A Ltd"), party("B Ltd")]), overlap);
    // The same clause twice is one; a disclosure is another thing, and so is a transfer.
    assert_eq!(
        Scope::new(vec![within.clone(), within.clone()])
            .unwrap()
            .clauses()
            .len(),
        1
    );
    let abroad = |country| Clause {
        transfer: Some(Transfer { country: p(country) }),
        ..within.clone()
    };
    let three = Scope::new(vec![within.clone(), party("A Ltd"), abroad("US"), abroad("IN")]);
    assert_eq!(three.unwrap().clauses().len(), 4);
    assert_eq!(Scope::new(vec![]), Err(ScopeError::Empty));
}

#[test]
fn a_purpose_iri_has_one_meaning() {
    let first = clause("x", "dpv:DirectMarketing", &["pd:Name"], &["dpv:Use"]);
    let ambiguous = Err(ScopeError::PurposeAmbiguous(iri("x")));
    let elsewhere = |change: fn(&mut Clause)| {
        let mut other = clause("x", "dpv:DirectMarketing", &["pd:EmailAddress"], &["dpv:Use"]);
        change(&mut other);
        Scope::new(vec![first.clone(), other])
    };
    assert!(elsewhere(|_| {}).is_ok());
    assert_eq!(elsewhere(|c| c.purpose.is_a = p("dpv:SocialMediaMarketing")), ambiguous);
    assert_eq!(
        elsewhere(|c| c.purpose.text = texts("Other words.", "Andere Worte.")),
        ambiguous
    );
    assert_eq!(
        elsewhere(|c| c.purpose.channels = recommendations().purpose.channels),
        ambiguous
    );
}

#[test]
fn a_scope_has_at_most_128_clauses() {
    let many = |count: usize| {
        let each = |n| clause(&format!("x{n}"), "dpv:DirectMarketing", &["pd:Name"], &["dpv:Use"]);
        Scope::new((0..count).map(each).collect())
    };
    assert_eq!(many(128).unwrap().clauses().len(), 128);
    assert_eq!(many(129), Err(ScopeError::TooMany));
}
