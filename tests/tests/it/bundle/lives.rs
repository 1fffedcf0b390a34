//! Honest bundles of consents that live differently: all of them are recorded.

use placet_kernel::bundle::{Question, Report, Verdict};
use placet_kernel::sign::Algorithm;
use placet_schemas::lifecycle::{Effective, Phase};
use placet_schemas::record::{Cryptosuite, Kind};
use placet_tests::brand::Brand;
use placet_tests::log::TestLog;
use placet_tests::offer::{newsletter, offer, recommendations};
use placet_tests::p;
use placet_tests::scene::{ORIGIN, Scene};
use placet_wallet::keys::SoftwareKey;

use super::{against, answers, eventful};

#[test]
fn a_consent_that_was_given_and_witnessed_holds() {
    let mut scene = Scene::new();
    let given = scene.clock;
    scene.grant();
    let witnessed = scene.clock;
    scene.publish();
    let report = scene.judge(&scene.evidence(), None);
    assert_eq!(report.findings, []);
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::Holds));
    assert_eq!(report.at, Some(witnessed));
    assert_eq!(report.trust.origin, Some(scene.log.origin.clone()));
    assert_eq!(report.trust.quorum.as_deref(), Some("some"));
    assert!(report.disclaimers[0].contains("does not say that consent was freely given"));

    let story = report.story.unwrap();
    assert_eq!(story.consent, scene.consent());
    assert_eq!(
        (story.subject, story.controller),
        (scene.person.did(), scene.brand.did.clone())
    );
    assert_eq!(story.legal_name, scene.brand.legal_name);
    assert_eq!((story.existed_by, story.fresh_at), (Some(witnessed), Some(witnessed)));
    assert_eq!((story.size, story.effective), (scene.log.size(), Effective::Given));
    let [event] = story.events.as_slice() else {
        panic!("one event")
    };
    assert_eq!(
        (event.kind, event.claimed, event.existed_by),
        (Kind::ConsentGrant, given, Some(witnessed))
    );
}

#[test]
fn a_long_life_holds_and_is_told_in_order() {
    let scene = eventful();
    let report = scene.judge(&scene.evidence(), None);
    assert_eq!(report.findings, []);
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::Holds));
    let story = report.story.unwrap();
    let kinds: Vec<Kind> = story.events.iter().map(|event| event.kind).collect();
    let expected = [Kind::ConsentGrant, Kind::Narrowing, Kind::Renewal, Kind::ErasureRequest];
    assert_eq!(kinds, expected);
    assert!(story.events.windows(2).all(|pair| pair[0].index < pair[1].index));
    assert_eq!(story.state, *scene.state());
}

/// It is an event of the consent, and says nothing about what may be done with data.
#[test]
fn a_word_about_holders_changes_nothing_and_is_counted() {
    let mut scene = Scene::new();
    scene.grant();
    let before = scene.state().clone();
    let wallet = SoftwareKey::ed25519_from_seed(&[9; 32]).did();
    let given = scene.authorize_holders(&[wallet]);
    scene.authorize_holders(&[]);
    scene.publish();
    assert_eq!(*scene.state(), before);
    let evidence = scene.evidence();
    let report = scene.judge(&evidence, None);
    assert_eq!(report.findings, []);
    assert_eq!(answers(&report), (Verdict::Holds, Verdict::Holds));
    let kinds: Vec<Kind> = report.story.unwrap().events.iter().map(|event| event.kind).collect();
    let hold = Kind::HolderKeyAuthorization;
    assert_eq!(kinds, [Kind::ConsentGrant, hold, hold]);

    let mut fewer = evidence;
    fewer.openings.retain(|opening| opening.index != given);
    let report = scene.judge(&fewer, None);
    assert!(against(&report, Question::InForce).contains("events_omitted"));
    assert_eq!(report.in_force, Verdict::CannotTell);
}

#[test]
fn every_way_to_end_a_consent_ends_it() {
    type End = fn(&mut Scene) -> u64;
    let ways: [(End, Phase); 4] = [
        (Scene::withdraw, Phase::Withdrawn),
        (Scene::withdraw_with_code, Phase::Withdrawn),
        (Scene::relay_withdrawal, Phase::Withdrawn),
        (Scene::end, Phase::EndedByController),
    ];
    for (end, phase) in ways {
        let mut scene = Scene::new();
        scene.grant();
        scene.publish();
        end(&mut scene);
        scene.publish();
        let report = scene.judge(&scene.evidence(), None);
        assert_eq!(answers(&report), (Verdict::Holds, Verdict::Fails), "{phase:?}");
        assert_eq!(against(&report, Question::InForce), ["not_in_force"].into());
        assert_eq!(report.story.unwrap().state.phase, phase);
    }
}

#[test]
fn a_person_with_a_p256_key_is_believed_as_well() {
    let mut scene = Scene::new();
    scene.use_curve(Algorithm::P256);
    scene.grant();
    scene.narrow();
    scene.publish();
    let evidence = scene.evidence();
    assert_eq!(answers(&scene.judge(&evidence, None)), (Verdict::Holds, Verdict::Holds));
    let suites = scene.log.entries.iter().map(|entry| entry.record.proof.cryptosuite);
    assert!(suites.filter(|suite| *suite == Cryptosuite::EcdsaJcs2019).count() == 2);
}

#[test]
fn a_brand_whose_did_is_its_key_registers_like_any_other() {
    let gym = Brand::gym();
    let asked = offer(&[&gym], vec![newsletter(), recommendations()], 0);
    let mut scene = Scene::set(TestLog::new(ORIGIN), gym, asked);
    scene.grant();
    scene.publish();
    let evidence = scene.evidence();
    assert_eq!(answers(&scene.judge(&evidence, None)), (Verdict::Holds, Verdict::Holds));

    let mut unregistered = evidence.clone();
    unregistered.openings.remove(0);
    let report = scene.judge(&unregistered, None);
    assert_eq!(report.recorded, Verdict::CannotTell, "its keys are not in the bundle");
    assert!(against(&report, Question::Recorded).contains("controller_keys_missing"));
}

#[test]
fn joint_controllers_are_named_and_only_the_first_owns_the_consent() {
    let (cinema, festival) = (Brand::cinema(), Brand::festival());
    let asked = offer(&[&cinema, &festival], vec![newsletter(), recommendations()], 0);
    let mut scene = Scene::set(TestLog::new(ORIGIN), cinema, asked);
    scene.grant();
    scene.publish();
    assert_eq!(
        answers(&scene.judge(&scene.evidence(), None)),
        (Verdict::Holds, Verdict::Holds)
    );

    // The other one registers, and tries to end the consent as if it were its own.
    let cinema = std::mem::replace(&mut scene.brand, festival);
    let keys = scene.register();
    scene.end();
    scene.brand = cinema;
    let size = scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.push(scene.log.opening(keys, size));
    let report = scene.judge(&evidence, None);
    assert_eq!(report.recorded, Verdict::Fails);
    assert_eq!(
        against(&report, Question::Recorded),
        ["wrong_signer", "unexpected_opening"].into()
    );
}

#[test]
fn a_signature_is_judged_by_the_keys_in_force_at_its_index() {
    let rotated = || SoftwareKey::ed25519_from_seed(&[0x42; 32]);
    let life = |before: bool, fragment: &str| -> Report {
        let mut scene = Scene::new();
        scene.grant();
        scene.publish();
        let old = scene.brand.clone();
        scene.brand.rotate(rotated(), fragment);
        if before {
            scene.register();
        } else {
            let new = std::mem::replace(&mut scene.brand, old.clone());
            scene.end();
            scene.brand = new;
            scene.register();
            scene.publish();
            return scene.judge(&scene.evidence(), None);
        }
        scene.brand = old;
        scene.end();
        scene.publish();
        scene.judge(&scene.evidence(), None)
    };
    for fragment in ["key-1", "key-2"] {
        assert_eq!(
            life(false, fragment).recorded,
            Verdict::Holds,
            "signed before the rotation"
        );
        let late = life(true, fragment);
        assert_eq!(
            late.recorded,
            Verdict::Fails,
            "signed by the old key after the rotation"
        );
        assert_eq!(against(&late, Question::Recorded), ["bad_signature"].into());
    }
}

#[test]
fn what_the_new_key_signs_after_the_rotation_holds() {
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    scene.brand.rotate(SoftwareKey::p256_from_uniform(&[0x42; 48]), "key-2");
    let snapshot = scene.register();
    scene.end();
    scene.publish();
    let evidence = scene.evidence();
    assert_eq!(scene.judge(&evidence, None).recorded, Verdict::Holds);

    let mut without = evidence;
    without.openings.retain(|opening| opening.index != snapshot);
    let report = scene.judge(&without, None);
    assert_eq!(against(&report, Question::Recorded), ["bad_signature"].into());
}

#[test]
fn keys_count_for_the_sizes_that_the_trust_file_gives_them() {
    use placet_kernel::trust::Sizes;
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    scene.erase();
    scene.publish();
    let bytes = scene.evidence().to_bytes().unwrap();
    let sizes: Vec<u64> = scene.checkpoints.iter().map(|published| published.size).collect();
    let judge = |spoil: &dyn Fn(&mut placet_kernel::trust::LogKeys)| {
        let mut file = scene.trust_file();
        spoil(&mut file.logs[0]);
        let trust = placet_tests::log::trust(&file);
        placet_kernel::bundle::verify(&bytes, Some(&trust), scene.clock, None).unwrap()
    };
    let (last, before) = (sizes[2], sizes[2] - 1);
    let range = |from, to| Sizes { from, to };
    let exact = judge(&|keys| keys.checkpoint_keys[0].sizes = range(sizes[1], Some(last)));
    assert_eq!(answers(&exact), (Verdict::Holds, Verdict::Holds));
    for sizes in [range(0, Some(before)), range(sizes[1] + 1, None)] {
        let report = judge(&|keys| keys.checkpoint_keys[0].sizes = sizes);
        assert!(
            against(&report, Question::Recorded).contains("checkpoint_invalid"),
            "{sizes:?}"
        );
    }
    let report = judge(&|keys| keys.operator_keys[0].sizes = range(0, Some(before)));
    assert_eq!(
        against(&report, Question::Recorded),
        ["attestation_invalid"].into(),
        "its attestation about the last checkpoint does not count"
    );
    let report = judge(&|keys| keys.operator_keys[0].sizes = range(2, None));
    assert!(
        against(&report, Question::Recorded).contains("wrong_signer"),
        "its record of the brand's keys at index 0 does not count"
    );
}

#[test]
fn a_bundle_of_another_log_with_the_same_name_does_not_hold() {
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let mut other = scene.log.keys();
    let impostor = TestLog::new("impostor.example/log").keys();
    other.operator_keys = impostor.operator_keys;
    let mut file = scene.trust_file();
    file.logs = vec![other];
    let trust = placet_tests::log::trust(&file);
    let bytes = scene.evidence().to_bytes().unwrap();
    let report = placet_kernel::bundle::verify(&bytes, Some(&trust), scene.clock, None).unwrap();
    assert_eq!(report.recorded, Verdict::Fails);
    assert!(report.story.is_none_or(|story| story.events.is_empty()));
}

#[test]
fn the_sample_for_measurements_holds() {
    for records in [3, 4, 9] {
        let sample = placet_tests::sample::sample_bundle(records);
        let report = placet_kernel::bundle::verify(&sample.bytes, Some(&sample.trust), sample.now, None).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(answers(&report), (Verdict::Holds, Verdict::Holds));
        let bundle: serde_json::Value = serde_json::from_slice(&sample.bytes).unwrap();
        let count = |list: &str| bundle[list].as_array().unwrap().len();
        let notes = bundle["checkpoints"].as_array().unwrap().iter();
        let lines: usize = notes
            .map(|c| c["note"].as_str().unwrap().matches('\u{2014}').count())
            .sum();
        assert_eq!(sample.signatures, count("openings") + lines + count("attestations"));
        assert_eq!((count("openings"), report.story.unwrap().size), (records, 1 << 24));
        assert!(
            bundle["notices"]
                .as_array()
                .unwrap()
                .iter()
                .all(|n| n.to_string().len() >= 8192)
        );
        assert!(p::<placet_schemas::id::Origin>(ORIGIN).as_str() == bundle["origin"]);
    }
}
