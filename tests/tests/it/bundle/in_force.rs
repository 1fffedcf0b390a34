//! Was it in force at that moment?

use placet_kernel::bundle::{self, Question, Verdict};
use placet_schemas::time::Timestamp;
use placet_tests::log::{Witness, trust, trust_file};
use placet_tests::p;
use placet_tests::scene::{BEGINNING, Scene};
use proptest::prelude::*;

use super::{against, answers};

/// Given at minute 2, witnessed at 3, something happens at `then`, witnessed a minute later.
struct Between {
    scene: Scene,
    first: Timestamp,
    second: Timestamp,
}

fn between(act: fn(&mut Scene) -> u64) -> Between {
    let mut scene = Scene::new();
    scene.grant();
    let first = scene.clock;
    scene.publish();
    scene.pass(3600);
    act(&mut scene);
    scene.pass(3600);
    let second = scene.clock;
    scene.publish();
    Between { scene, first, second }
}

fn at(between: &Between, as_of: Timestamp) -> (Verdict, Vec<&'static str>) {
    let report = between.scene.judge(&between.scene.evidence(), Some(as_of));
    assert_eq!(report.recorded, Verdict::Holds, "{:#?}", report.findings);
    assert_eq!(report.at, Some(as_of));
    let codes = against(&report, Question::InForce).into_iter().collect();
    (report.in_force, codes)
}

#[test]
fn a_withdrawn_consent_was_in_force_before_is_not_after_and_nobody_knows_between() {
    for end in [Scene::withdraw, Scene::withdraw_with_code, Scene::end] {
        let life = between(end);
        let before = life.first.minus_seconds(1);
        assert_eq!(at(&life, before), (Verdict::CannotTell, vec!["not_shown_before"]));
        assert_eq!(at(&life, life.first), (Verdict::Holds, vec![]));
        let unknown = [life.first.plus_seconds(1), life.second.minus_seconds(1)];
        for moment in unknown {
            assert_eq!(at(&life, moment), (Verdict::CannotTell, vec!["ended_between"]));
        }
        assert_eq!(at(&life, life.second), (Verdict::Fails, vec!["not_in_force"]));
        assert_eq!(
            at(&life, life.second.plus_seconds(1)),
            (Verdict::CannotTell, vec!["not_shown_after"])
        );
    }
}

#[test]
fn what_ends_nothing_leaves_no_doubt() {
    for act in [Scene::narrow, Scene::erase, Scene::register, renewed] {
        let life = between(act);
        for moment in [
            life.first,
            life.first.plus_seconds(1),
            life.second.minus_seconds(1),
            life.second,
        ] {
            assert_eq!(at(&life, moment), (Verdict::Holds, vec![]));
        }
    }
}

fn renewed(scene: &mut Scene) -> u64 {
    scene.renew(scene.clock.plus(p("P1Y")))
}

/// The grant ran out between the checkpoints, and a renewal may have come in time or not.
#[test]
fn a_renewal_that_is_witnessed_late_leaves_a_gap_in_which_nobody_knows() {
    let mut scene = Scene::new();
    let expiry = scene.clock.plus_seconds(7200);
    scene.grant_for(&[placet_tests::offer::newsletter()], expiry);
    let first = scene.clock;
    scene.publish();
    scene.pass(3600);
    let renewed = scene.clock.plus(p("P1Y"));
    scene.renew(renewed);
    scene.clock = expiry.plus_seconds(3600);
    let second = scene.clock;
    scene.publish();
    let life = Between { scene, first, second };
    assert_eq!(at(&life, expiry.minus_seconds(1)), (Verdict::Holds, vec![]));
    assert_eq!(at(&life, expiry), (Verdict::CannotTell, vec!["ended_between"]));
    assert_eq!(at(&life, life.second), (Verdict::Holds, vec![]));
}

#[test]
fn an_expired_consent_is_not_in_force_from_the_second_of_its_expiry() {
    let mut scene = Scene::new();
    let expiry = scene.clock.plus_seconds(3600);
    scene.grant_for(&[placet_tests::offer::newsletter()], expiry);
    scene.publish();
    scene.clock = expiry.plus_seconds(3600);
    scene.publish();
    let ask = |moment| {
        let report = scene.judge(&scene.evidence(), Some(moment));
        (report.recorded, report.in_force)
    };
    assert_eq!(ask(expiry.minus_seconds(1)), (Verdict::Holds, Verdict::Holds));
    assert_eq!(ask(expiry), (Verdict::Holds, Verdict::Fails));
    assert_eq!(
        answers(&scene.judge(&scene.evidence(), None)),
        (Verdict::Holds, Verdict::Fails)
    );
}

/// A grant that claims to be given later than the log and the witnesses already have it.
#[test]
fn a_consent_is_not_in_force_before_the_time_that_its_grant_claims() {
    let mut scene = Scene::new();
    let now = scene.clock;
    scene.pass(300);
    let claimed = scene.clock;
    scene.grant();
    scene.clock = now.plus_seconds(10);
    scene.publish();
    scene.clock = claimed.plus_seconds(300);
    scene.publish();
    let ask = |moment| scene.judge(&scene.evidence(), Some(moment)).in_force;
    assert_eq!(ask(claimed.minus_seconds(1)), Verdict::Fails);
    assert_eq!(ask(claimed), Verdict::Holds);
}

#[test]
fn without_attestation_or_quorum_nobody_can_tell() {
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let honest = scene.evidence();
    let mut silent = honest.clone();
    silent.attestations.clear();
    let report = scene.judge(&silent, None);
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::CannotTell));
    assert_eq!(against(&report, Question::InForce), ["not_shown_after"].into());

    let bytes = honest.to_bytes().unwrap();
    let ask = |threshold, witnesses: &[Witness]| {
        let trust = trust(&trust_file(scene.log.keys(), witnesses, threshold));
        bundle::verify(&bytes, Some(&trust), scene.clock, None).unwrap()
    };
    for threshold in 1..=3 {
        assert_eq!(ask(threshold, &scene.witnesses).in_force, Verdict::Holds);
    }
    let absent: Vec<Witness> = scene.witnesses.iter().cloned().chain([Witness::new("w4")]).collect();
    let report = ask(4, &absent);
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::CannotTell));
    assert_eq!(against(&report, Question::InForce), ["no_quorum"].into());
}

/// Two of three: existed-by is the second to sign, fresh-at the first of those two, so that one checkpoint alone can show
/// no moment at which it had existed and was still fresh.
#[test]
fn with_cosignatures_apart_a_moment_needs_two_checkpoints() {
    let mut scene = Scene::new();
    scene.grant();
    let start = scene.clock;
    let [w1, w2, w3] = ["w1", "w2", "w3"].map(Witness::new);
    let round = |from: Timestamp| [(&w1, from), (&w2, from.plus_seconds(10)), (&w3, from.plus_seconds(20))];
    scene.publish_by(&round(start));
    scene.pass(60);
    let alone = scene.judge(&scene.evidence(), None);
    assert_eq!(against(&alone, Question::InForce), ["not_shown_before"].into());
    assert_eq!(alone.at, Some(start));

    let later = scene.clock;
    scene.publish_by(&round(later));
    scene.pass(60);
    let report = scene.judge(&scene.evidence(), None);
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::Holds));
    assert_eq!(report.at, Some(later));
    let story = report.story.unwrap();
    assert_eq!(
        (story.existed_by, story.fresh_at),
        (Some(later.plus_seconds(10)), Some(later))
    );
    assert_eq!(story.events[0].existed_by, Some(start.plus_seconds(10)));
    let ask = |moment| scene.judge(&scene.evidence(), Some(moment)).in_force;
    assert_eq!(ask(start.plus_seconds(9)), Verdict::CannotTell);
    assert_eq!(ask(start.plus_seconds(10)), Verdict::Holds);
}

#[test]
fn the_own_cosigner_counts_only_when_no_witness_is_asked_for() {
    let mut scene = Scene::new();
    scene.grant();
    let own = scene.log.cosigner.clone();
    let time = scene.clock;
    scene.publish_by(&[(&own, time)]);
    let bytes = scene.evidence().to_bytes().unwrap();
    let ask = |threshold| {
        let trust = trust(&trust_file(scene.log.keys(), &scene.witnesses, threshold));
        bundle::verify(&bytes, Some(&trust), scene.clock, None).unwrap()
    };
    let word = ask(0);
    assert_eq!(answers(&word), (Verdict::Holds, Verdict::Holds));
    assert_eq!((word.at, word.trust.quorum.as_deref()), (Some(time), Some("none")));
    for threshold in 1..=3 {
        let report = ask(threshold);
        assert_eq!(
            answers(&report),
            (Verdict::Holds, Verdict::CannotTell),
            "quorum of {threshold}"
        );
    }

    let mut unsigned = Scene::new();
    unsigned.grant();
    unsigned.publish();
    let trust = trust(&trust_file(unsigned.log.keys(), &unsigned.witnesses, 0));
    let bytes = unsigned.evidence().to_bytes().unwrap();
    let report = bundle::verify(&bytes, Some(&trust), unsigned.clock, None).unwrap();
    assert_eq!(
        against(&report, Question::InForce),
        ["no_quorum"].into(),
        "no witness counts with quorum none"
    );
}

#[test]
fn cosignatures_from_the_future_are_not_believed() {
    let mut scene = Scene::new();
    scene.grant();
    let fresh = scene.clock;
    scene.publish();
    let bytes = scene.evidence().to_bytes().unwrap();
    let ask = |now: Timestamp| bundle::verify(&bytes, Some(&scene.trust()), now, None).unwrap();
    assert_eq!(
        ask(fresh.minus_seconds(600)).in_force,
        Verdict::Holds,
        "clocks differ a little"
    );
    let report = ask(fresh.minus_seconds(601));
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::CannotTell));
    assert_eq!(against(&report, Question::InForce), ["time_in_future"].into());
    assert_eq!(report.at, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Once the evidence is fresh, the judge's clock changes nothing.
    #[test]
    fn the_answer_does_not_depend_on_when_it_is_asked(later in 0u64..5_000_000_000, ended: bool) {
        let mut scene = Scene::new();
        scene.grant();
        scene.publish();
        if ended {
            scene.withdraw();
        }
        let fresh = scene.clock;
        scene.publish();
        let bytes = scene.evidence().to_bytes().unwrap();
        let ask = |now, as_of| bundle::verify(&bytes, Some(&scene.trust()), now, as_of).unwrap();
        let now = fresh.plus_seconds(later);
        prop_assert_eq!(ask(fresh, None), ask(now, None));
        let moment = Some(p::<Timestamp>(BEGINNING).plus_seconds(later % 600)).filter(|moment| *moment <= fresh);
        prop_assert_eq!(ask(fresh, moment), ask(now, moment));
    }
}
