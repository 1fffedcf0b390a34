//! Clauses of special kinds: third parties, transfers, categories that need an express statement.

use placet_schemas::authzen::{Obligation, ReasonCode};
use placet_schemas::scope::{Clause, ThirdParty};
use placet_tests::brand::Brand;
use placet_tests::desk::{Desk, question};
use placet_tests::log::TestLog;
use placet_tests::offer::{clause, offer, seats};
use placet_tests::p;
use placet_tests::scene::{ORIGIN, Scene};
use serde_json::json;

use super::only;

const MAILER: &str = "https://mailer.example/";

fn mailing() -> Clause {
    let mut mailing = clause("mailing", "dpv:DirectMarketing", &["pd:EmailAddress"], &["dpv:Use"]);
    mailing.third_party = Some(ThirdParty {
        id: p(MAILER),
        legal_name: p("Mailer Ltd"),
    });
    mailing
}

fn scene(clauses: Vec<Clause>) -> Scene {
    let brand = Brand::cinema();
    let asked = offer(&[&brand], clauses, 0);
    Scene::set(TestLog::new(ORIGIN), brand, asked)
}

#[test]
fn a_clause_with_a_recipient_is_a_choice_of_its_own_both_ways() {
    let mut scene = scene(vec![mailing()]);
    scene.grant_for(&[mailing()], scene.clock.plus_seconds(3600));
    let desk = Desk::open(&scene);
    let mut body = question("mailing", &["pd:EmailAddress"], "dpv:Use");
    assert_eq!(only(&desk.answer(&body)), ReasonCode::ThirdPartyNotNamed);
    body["action"]["properties"]["thirdParty"] = json!(MAILER);
    let said = desk.answer(&body);
    assert_eq!(only(&said), ReasonCode::Permitted);
    assert!(!said.obligations.contains(&Obligation::NoOnwardDisclosure));
    body["action"]["properties"]["thirdParty"] = json!("https://other.example/");
    assert_eq!(only(&desk.answer(&body)), ReasonCode::ThirdPartyNotNamed);
}

#[test]
fn what_law_asks_a_statement_for_is_permitted_with_one() {
    let mut scene = Scene::new();
    scene.grant_explicit(&[seats()]);
    let said = Desk::open(&scene).answer(&question("seats", &["pd:Disability"], "dpv:Use"));
    assert_eq!(only(&said), ReasonCode::Permitted);
}

/// A narrowing takes a part of what she stated expressly; what is left is still what she stated.
#[test]
fn a_statement_survives_a_narrowing_and_so_does_its_absence() {
    for (explicit, code) in [
        (true, ReasonCode::Permitted),
        (false, ReasonCode::ExplicitConsentMissing),
    ] {
        let mut scene = Scene::new();
        let tips = placet_tests::offer::recommendations();
        match explicit {
            true => scene.grant_explicit(&[tips]),
            false => scene.grant_for(&[tips], scene.clock.plus_seconds(3600)),
        };
        scene.narrow();
        let mut desk = Desk::open(&scene);
        let rule = placet_kernel::decision::PurposePolicy {
            explicit: true,
            min_strength: None,
        };
        let purpose = p("https://brand.example/purposes#recommendations");
        desk.policy.purposes.insert(purpose, rule);
        let body = question("recommendations", &["pd:Interest"], "dpv:Store");
        assert_eq!(only(&desk.answer(&body)), code, "{explicit}");
    }
}

#[test]
fn a_broader_or_narrower_term_is_another_term() {
    let mut scene = Scene::new();
    scene.grant();
    let desk = Desk::open(&scene);
    for (category, processing, code) in [
        ("pd:Contact", "dpv:Use", ReasonCode::CategoryNotCovered),
        ("pd:EmailAddress", "dpv:Processing", ReasonCode::ProcessingNotCovered),
        ("pd:EmailAddress", "dpv:Analyse", ReasonCode::ProcessingNotCovered),
    ] {
        let said = desk.answer(&question("newsletter", &[category], processing));
        assert_eq!(only(&said), code, "{category} {processing}");
    }
}
