//! Decisions by a receipt that is presented: never more than what is shown, nor than what whoever knows the consent permits.

use placet_kernel::bundle::Verdict::{CannotTell, Fails, Holds};
use placet_kernel::decision::PurposePolicy;
use placet_kernel::receipt::{Challenge, PresentedReport, verify_presented};
use placet_kernel::sd_jwt;
use placet_schemas::authzen::{self, Asked, Question, ReasonCode};
use placet_schemas::id::Did;
use placet_schemas::record::consent::Strength;
use placet_schemas::scope::Clause;
use placet_tests::brand::Brand;
use placet_tests::bytes_of;
use placet_tests::desk::{Desk, question};
use placet_tests::log::trust;
use placet_tests::offer::{newsletter, recommendations, seats};
use placet_tests::p;
use placet_tests::receipts::Issuer;
use placet_tests::scene::Scene;
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use super::only;

const ASKED: Challenge<'static> = Challenge {
    audience: "https://cinema.example",
    nonce: "n",
};

/// The receipt of the scene's consent, of which these clauses are shown, as it is while its bit is not set.
fn shown(scene: &mut Scene, clauses: &[Clause]) -> PresentedReport {
    scene.publish();
    let issuer = Issuer::named("issuer.example");
    let holder = SoftwareKey::p256_from_scalar(&bytes_of("holder")).unwrap();
    let issued = issuer.sd_receipt(scene, 7, &holder);
    let wanted: Vec<Value> = clauses.iter().map(|clause| json!(clause)).collect();
    let choose = |name: Option<&str>, value: &Value| name == Some("salt") || wanted.contains(value);
    let asked = (ASKED.audience, ASKED.nonce);
    let text = sd_jwt::present(&issued, choose, asked, scene.clock, &holder).unwrap();
    let trust = trust(&issuer.trusted(scene.trust_file()));
    let mut report = verify_presented(&text, None, Some(ASKED), Some(&trust), scene.clock).unwrap();
    assert_eq!((report.issued, report.recorded, report.bound), (Holds, Holds, Holds));
    report.in_force = Holds;
    report
}

fn asked(body: &Value) -> Asked {
    let Question { asked, .. } = authzen::evaluation(body.to_string().as_bytes())
        .unwrap()
        .question
        .unwrap();
    asked
}

/// Every question that can be made of the words of the offers.
fn questions() -> Vec<Value> {
    let mut all = Vec::new();
    for purpose in ["newsletter", "recommendations", "seats"] {
        for category in ["pd:EmailAddress", "pd:Interest", "pd:Purchase", "pd:Disability"] {
            for processing in ["dpv:Use", "dpv:Analyse", "dpv:Store", "dpv:Share"] {
                for delivery in ["copy", "in-vault"] {
                    let mut body = question(purpose, &[category], processing);
                    body["action"]["properties"]["delivery"] = delivery.into();
                    all.push(body);
                }
            }
        }
    }
    all
}

#[test]
fn a_receipt_permits_no_more_than_it_shows() {
    let all = [newsletter(), recommendations()];
    let until = Scene::new().clock.plus_seconds(3600);
    for part in [&all[..], &all[..1], &all[1..], &[]] {
        let mut scene = Scene::new();
        scene.grant_for(&all, until);
        let report = shown(&mut scene, part);
        let desk = Desk::open(&scene);
        let mut permits = 0;
        for body in questions() {
            let (by_receipt, known) = (desk.decide_presented(&asked(&body), &report), desk.answer(&body));
            assert!(!by_receipt.decision || known.decision, "{body}");
            let purpose = &body["context"]["purpose"];
            let is_shown = part.iter().any(|clause| json!(clause.purpose.id) == *purpose);
            assert_eq!(
                by_receipt.decision,
                known.decision && is_shown,
                "{body}: {:?}",
                by_receipt.reasons
            );
            if by_receipt.decision {
                permits += 1;
                assert_eq!(by_receipt.obligations, known.obligations);
                assert_eq!(by_receipt.valid_until, known.valid_until);
                assert_eq!(by_receipt.reasons[0].consent, known.reasons[0].consent);
            }
        }
        assert_eq!(permits > 0, !part.is_empty());
    }
}

#[test]
fn what_a_receipt_does_not_tell_is_not_there() {
    let mut scene = Scene::new();
    scene.grant_explicit(&[seats()]);
    let report = shown(&mut scene, &[seats()]);
    let desk = Desk::open(&scene);
    let body = question("seats", &["pd:Disability"], "dpv:Use");
    assert_eq!(only(&desk.answer(&body)), ReasonCode::Permitted);
    let said = desk.decide_presented(&asked(&body), &report);
    assert_eq!(only(&said), ReasonCode::ExplicitConsentMissing);

    let mut scene = Scene::new();
    scene.grant();
    let report = shown(&mut scene, &[newsletter()]);
    let body = question("newsletter", &["pd:EmailAddress"], "dpv:Use");
    let mut desk = Desk::open(&scene);
    assert_eq!(
        only(&desk.decide_presented(&asked(&body), &report)),
        ReasonCode::Permitted
    );
    for (rule, code) in [
        (
            PurposePolicy {
                explicit: true,
                min_strength: None,
            },
            ReasonCode::ExplicitConsentMissing,
        ),
        (
            PurposePolicy {
                explicit: false,
                min_strength: Some(Strength::SubjectKey),
            },
            ReasonCode::StrengthTooLow,
        ),
    ] {
        let purpose = p("https://brand.example/purposes#newsletter");
        desk.policy.purposes.insert(purpose, rule);
        assert_eq!(only(&desk.decide_presented(&asked(&body), &report)), code);
    }
}

#[test]
fn what_does_not_hold_of_a_receipt_permits_nothing() {
    let mut scene = Scene::new();
    scene.grant();
    let report = shown(&mut scene, &[newsletter()]);
    let mut desk = Desk::open(&scene);
    let asked = asked(&question("newsletter", &["pd:EmailAddress"], "dpv:Use"));
    let spoilt = |spoil: &dyn Fn(&mut PresentedReport)| {
        let mut report = report.clone();
        spoil(&mut report);
        only(&desk.decide_presented(&asked, &report))
    };
    for verdict in [Fails, CannotTell] {
        assert_eq!(spoilt(&|report| report.issued = verdict), ReasonCode::ProofInvalid);
        assert_eq!(spoilt(&|report| report.recorded = verdict), ReasonCode::ProofInvalid);
        assert_eq!(spoilt(&|report| report.bound = verdict), ReasonCode::ProofInvalid);
    }
    assert_eq!(spoilt(&|report| report.in_force = Fails), ReasonCode::Withdrawn);
    assert_eq!(spoilt(&|report| report.in_force = CannotTell), ReasonCode::StateStale);
    // Somebody else's, or nobody says whose.
    let her = scene.person.did();
    let of = |subject: &Did, spoil: &dyn Fn(&mut PresentedReport)| {
        let mut report = report.clone();
        spoil(&mut report);
        only(&desk.decide_presented_of(Some(subject), &asked, &report))
    };
    let other = SoftwareKey::ed25519_from_seed(&bytes_of("other")).did();
    assert_eq!(
        of(&her, &|report| report.receipt.sub = Some(her.clone())),
        ReasonCode::Permitted
    );
    assert_eq!(
        of(&other, &|report| report.receipt.sub = Some(her.clone())),
        ReasonCode::NoRecord
    );
    assert_eq!(of(&her, &|report| report.receipt.sub = None), ReasonCode::NoRecord);
    // A replica that was caught with wrong evidence permits nothing at all; one that is merely old does not matter.
    desk.silent_for = 1_000_000;
    assert_eq!(only(&desk.decide_presented(&asked, &report)), ReasonCode::Permitted);
    desk.broken = true;
    assert_eq!(only(&desk.decide_presented(&asked, &report)), ReasonCode::ProofInvalid);
    // Another brand that was shown it is not named in it.
    let mut desk = Desk::open(&scene);
    desk.brand = Brand::gym();
    assert_eq!(
        only(&desk.decide_presented(&asked, &report)),
        ReasonCode::ControllerUnknown
    );
}

#[test]
fn a_receipt_of_a_request_that_was_replaced_materially_permits_nothing() {
    let mut scene = Scene::new();
    scene.grant();
    let report = shown(&mut scene, &[newsletter()]);
    let mut desk = Desk::open(&scene);
    let asked = asked(&question("newsletter", &["pd:EmailAddress"], "dpv:Use"));
    let mut next = match &scene.request.record.body {
        placet_schemas::record::Body::ConsentRequest(request) => (**request).clone(),
        _ => panic!("a request"),
    };
    next.supersedes = Some(placet_schemas::record::request::Supersedes {
        request: scene.request.record.digest(),
        material: true,
    });
    desk.requests.add(placet_schemas::id::Digest::of(b"next"), &next);
    assert_eq!(
        only(&desk.decide_presented(&asked, &report)),
        ReasonCode::NoticeSuperseded
    );
}
