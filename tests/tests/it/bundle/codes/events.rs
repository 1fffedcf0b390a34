//! Cases in which a record should not be where it is.

use placet_kernel::bundle::Report;
use placet_kernel::sign::Algorithm;
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::MAX_CHAIN;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::consent::{Act, Patterns};
use placet_tests::brand::Brand;
use placet_tests::desk::Desk;
use placet_tests::log::TestLog;
use placet_tests::offer::{clause, newsletter, offer, recommendations, seats};
use placet_tests::p;
use placet_tests::scene::{ORIGIN, Scene};

use super::said::{choices, ended, erasure_body, holding, narrowing, renewal, scope_of};
use super::setting::{asked, asked_for, beside, followed_by, sound, without_grant};

/// A batch of access reports in the name of the brand, which never authorised its signer.
pub(in crate::bundle) fn bad_authorization() -> Report {
    beside(|scene| {
        let mut desk = Desk::open(scene);
        desk.brand.key = scene.person.clone();
        desk.batch(&["a decision".to_owned()], scene.clock).0
    })
}

pub(in crate::bundle) fn bad_signature() -> Report {
    followed_by(|scene| scene.brand_claim(ended(scene)).sign(&scene.person))
}

pub(in crate::bundle) fn chain_full() -> Report {
    let mut scene = Scene::new();
    scene.grant();
    for _ in 0..MAX_CHAIN - 1 {
        scene.renew(scene.clock.plus(p("P1Y")));
    }
    let until = scene.clock.plus(p("P1Y"));
    let renewal = renewal(&scene, |_| {});
    let mut claim = scene.claim(renewal);
    claim.until = Some(until);
    scene.record(claim.sign(&scene.person));
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn consent_ended() -> Report {
    let mut scene = sound();
    scene.withdraw();
    scene.withdraw_with_code();
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

/// Nothing is left of which a receipt could be held.
pub(in crate::bundle) fn held_after_the_end() -> Report {
    let mut scene = sound();
    scene.withdraw();
    let record = scene.claim(holding(&scene)).sign(&scene.person);
    scene.record(record);
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn consent_expired() -> Report {
    let mut scene = sound();
    scene.clock = scene.state().valid_until;
    let record = scene.claim(narrowing(&scene, |_| {})).sign(&scene.person);
    scene.record(record);
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn consent_unknown() -> Report {
    let mut scene = sound();
    scene.erase();
    scene.publish();
    without_grant(&scene)
}

pub(in crate::bundle) fn controller_keys_missing() -> Report {
    followed_by(|scene| {
        let festival = Brand::festival();
        let mut claim = scene.brand_claim(ended(scene));
        (claim.issuer, claim.method) = (festival.did.clone(), Some(festival.method.clone()));
        claim.sign(&festival.key)
    })
}

pub(in crate::bundle) fn explicit_act_missing() -> Report {
    let brand = Brand::cinema();
    let mut scene = Scene::set(TestLog::new(ORIGIN), brand.clone(), offer(&[&brand], vec![seats()], 0));
    scene.grant_explicit(&[seats()]);
    let body = renewal(&scene, |renewal| renewal.shown.choices[0].act = Act::Selected);
    let mut claim = scene.claim(body);
    claim.until = Some(scene.clock.plus(p("P1Y6M")));
    scene.record(claim.sign(&scene.person));
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn grant_outside_request() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(renewal(scene, |_| {}));
        claim.until = Some(scene.clock.plus(p("P2Y1D")));
        claim.sign(&scene.person)
    })
}

pub(in crate::bundle) fn guardian_unsupported() -> Report {
    asked(|request| request.audience.may_include_children = true)
}

pub(in crate::bundle) fn illegal_transition() -> Report {
    let mut scene = sound();
    let first = scene.state.clone();
    scene.use_curve(Algorithm::P256);
    let other = scene.grant();
    scene.state = first;
    let size = scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.push(scene.log.opening(other, size));
    let grant = &scene
        .log
        .entries
        .iter()
        .find(|entry| entry.index == other)
        .unwrap()
        .record;
    let anchor = grant.body.anchor().unwrap();
    evidence.anchors.push(scene.log.anchor_evidence(anchor.size, size));
    scene.judge(&evidence, None)
}

pub(in crate::bundle) fn narrowing_matches_nothing() -> Report {
    followed_by(|scene| {
        let value = Value::Category(p("pd:Disability"));
        let pattern = Pattern::Value { purpose: None, value };
        let body = narrowing(scene, |n| n.removed = Patterns::try_from(vec![pattern]).unwrap());
        scene.claim(body).sign(&scene.person)
    })
}

pub(in crate::bundle) fn narrowing_nothing_remains() -> Report {
    followed_by(|scene| {
        let all = scene.state().scope.clauses().iter();
        let patterns: Vec<Pattern> = all.map(|clause| Pattern::Clause(Box::new(clause.clone()))).collect();
        let body = narrowing(scene, |n| n.removed = Patterns::try_from(patterns).unwrap());
        scene.claim(body).sign(&scene.person)
    })
}

pub(in crate::bundle) fn previous_forked() -> Report {
    followed_by(|scene| {
        let body = narrowing(scene, |n| n.previous = Digest::of(b"no record"));
        scene.claim(body).sign(&scene.person)
    })
}

pub(in crate::bundle) fn previous_stale() -> Report {
    let mut scene = sound();
    let before = scene.consent();
    scene.narrow();
    let clause = Pattern::Clause(Box::new(newsletter()));
    let body = narrowing(&scene, |n| {
        n.previous = before;
        n.removed = Patterns::try_from(vec![clause]).unwrap();
    });
    scene.record(scene.claim(body).sign(&scene.person));
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn remaining_differs() -> Report {
    followed_by(|scene| {
        let body = narrowing(scene, |n| n.remaining = scene.state().scope.digest());
        scene.claim(body).sign(&scene.person)
    })
}

pub(in crate::bundle) fn renewal_not_later() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(renewal(scene, |_| {}));
        claim.until = Some(scene.state().valid_until);
        claim.sign(&scene.person)
    })
}

pub(in crate::bundle) fn renewal_widens() -> Report {
    let mut scene = Scene::new();
    scene.grant_for(&[newsletter()], scene.clock.plus(p("P1Y")));
    let wider = scope_of(&[newsletter(), recommendations()]);
    let body = renewal(&scene, |renewal| {
        renewal.shown.choices = choices(&wider);
        renewal.scope = wider;
    });
    let mut claim = scene.claim(body);
    claim.until = Some(scene.clock.plus(p("P1Y6M")));
    scene.record(claim.sign(&scene.person));
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn request_unknown() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(renewal(scene, |renewal| renewal.request = Digest::of(b"no request")));
        claim.until = Some(scene.clock.plus(p("P1Y6M")));
        claim.sign(&scene.person)
    })
}

pub(in crate::bundle) fn scope_criminal_category() -> Report {
    asked_for(clause(
        "checks",
        "dpv:RequestedServiceProvision",
        &["pd:CriminalConviction"],
        &["dpv:Use"],
    ))
}

pub(in crate::bundle) fn scope_not_separate() -> Report {
    asked_for(clause(
        "seats",
        "dpv:RequestedServiceProvision",
        &["pd:Disability", "pd:Interest"],
        &["dpv:Use"],
    ))
}

pub(in crate::bundle) fn scope_not_specific() -> Report {
    asked_for(clause("anything", "dpv:Marketing", &["pd:Interest"], &["dpv:Use"]))
}

pub(in crate::bundle) fn vocabulary_unknown() -> Report {
    asked(|request| request.vocabulary = Digest::of(b"another table"))
}

pub(in crate::bundle) fn wrong_domain() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(erasure_body(scene, scene.anchor()));
        claim.domain = p("other.example/log");
        claim.sign(&scene.person)
    })
}

pub(in crate::bundle) fn wrong_signer() -> Report {
    followed_by(|scene| {
        let stranger = TestLog::new("other.example/log").operator;
        scene.brand.keys_record(&scene.log.origin, &stranger, scene.clock)
    })
}
