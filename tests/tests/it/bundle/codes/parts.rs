//! Cases in which a part of the bundle is at fault.

use placet_kernel::bundle::{self, AnchorEvidence, Report};
use placet_kernel::leaf::Salt;
use placet_schemas::record::Body;
use placet_tests::brand::Brand;
use placet_tests::log::{TestLog, trust};
use placet_tests::offer::{canonical, notice};
use placet_tests::p;
use placet_tests::scene::Scene;

use super::said::erasure;
use super::setting::{beside, followed_by, sound, spoilt, without_grant};

pub(in crate::bundle) fn anchor_impossible() -> Report {
    followed_by(|scene| erasure(scene, scene.log.anchor(scene.log.size()), 1))
}

pub(in crate::bundle) fn anchor_invalid() -> Report {
    spoilt(|scene, evidence| {
        let size = evidence.anchors[0].size + 1;
        let mut anchor = scene.log.anchor_evidence(size, scene.log.size());
        anchor.consistency.pop();
        evidence.anchors.push(anchor);
    })
}

pub(in crate::bundle) fn anchor_repeated() -> Report {
    spoilt(|scene, evidence| {
        let size = scene.log.size();
        evidence.anchors.push(scene.log.anchor_evidence(size, size));
    })
}

pub(in crate::bundle) fn anchor_unproven() -> Report {
    let mut scene = Scene::new();
    scene.log.strangers(1);
    scene.seen = scene.log.size();
    scene.grant();
    scene.publish();
    let mut evidence = scene.evidence();
    evidence.anchors.clear();
    scene.judge(&evidence, None)
}

pub(in crate::bundle) fn anchor_unused() -> Report {
    spoilt(|scene, evidence| {
        let AnchorEvidence { size, .. } = evidence.anchors[0];
        evidence
            .anchors
            .push(scene.log.anchor_evidence(size + 1, scene.log.size()));
    })
}

pub(in crate::bundle) fn as_of_in_future() -> Report {
    let scene = sound();
    scene.judge(&scene.evidence(), Some(scene.clock.plus_seconds(1)))
}

pub(in crate::bundle) fn attestation_contradicted() -> Report {
    let mut scene = sound();
    let grant = scene.state().chain[0];
    let index = scene
        .log
        .entries
        .iter()
        .find(|entry| entry.record.digest() == grant)
        .unwrap()
        .index;
    scene.withdraw();
    let size = scene.publish();
    let mut evidence = scene.evidence();
    let lie = scene.log.statement(scene.consent(), size, index, grant);
    *evidence.attestations.last_mut().unwrap() = scene.log.sign(lie);
    scene.judge(&evidence, None)
}

pub(in crate::bundle) fn attestation_invalid() -> Report {
    spoilt(|scene, evidence| {
        let statement = evidence.attestations[0].statement.clone();
        evidence.attestations[0] = placet_kernel::sign::sign_statement(statement, &scene.person).unwrap();
    })
}

pub(in crate::bundle) fn checkpoint_inconsistent() -> Report {
    spoilt(|_, evidence| {
        evidence.checkpoints[0].consistency.pop();
        evidence.attestations.remove(0);
    })
}

pub(in crate::bundle) fn checkpoint_invalid() -> Report {
    spoilt(|scene, evidence| {
        let stranger = TestLog::new("other.example/log");
        let head = scene.log.head(scene.log.size());
        let note = placet_kernel::checkpoint::sign_checkpoint(&head, &stranger.checkpoint_key).unwrap();
        evidence.checkpoints.last_mut().unwrap().note = note;
    })
}

pub(in crate::bundle) fn ended_between() -> Report {
    let mut scene = sound();
    let between = scene.clock;
    scene.pass(60);
    scene.withdraw();
    scene.publish();
    scene.judge(&scene.evidence(), Some(between))
}

pub(in crate::bundle) fn events_omitted() -> Report {
    let mut scene = sound();
    let last = scene.erase();
    scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.retain(|opening| opening.index != last);
    evidence.anchors.truncate(1);
    scene.judge(&evidence, None)
}

/// A withdrawal can be followed by an erasure request, which does not name it.
pub(in crate::bundle) fn withdrawal_omitted() -> Report {
    let mut scene = sound();
    let withdrawal = scene.withdraw_with_code();
    scene.erase();
    scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.retain(|opening| opening.index != withdrawal);
    scene.judge(&evidence, None)
}

/// As many events are opened as the operator says that there are, and one more.
pub(in crate::bundle) fn events_miscounted() -> Report {
    let mut scene = sound();
    scene.withdraw_with_code();
    scene.erase();
    scene.publish();
    let mut evidence = scene.evidence();
    let mut lie = evidence.attestations.last().unwrap().statement.clone();
    lie.events -= 1;
    *evidence.attestations.last_mut().unwrap() = scene.log.sign(lie);
    scene.judge(&evidence, None)
}

pub(in crate::bundle) fn grant_missing() -> Report {
    let mut scene = sound();
    scene.register();
    scene.publish();
    without_grant(&scene)
}

pub(in crate::bundle) fn log_untrusted() -> Report {
    let scene = sound();
    let mut file = scene.trust_file();
    file.logs = vec![TestLog::new("other.example/log").keys()];
    let bytes = scene.evidence().to_bytes().unwrap();
    bundle::verify(&bytes, Some(&trust(&file)), scene.clock, None).unwrap()
}

pub(in crate::bundle) fn no_checkpoint() -> Report {
    spoilt(|_, evidence| evidence.checkpoints.clear())
}

pub(in crate::bundle) fn no_quorum() -> Report {
    let mut scene = Scene::new();
    scene.grant();
    let one = scene.witnesses[0].clone();
    scene.publish_by(&[(&one, scene.clock)]);
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn ended_since() -> Report {
    let mut scene = sound();
    scene.withdraw();
    let one = scene.witnesses[0].clone();
    scene.publish_by(&[(&one, scene.clock)]);
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn no_trust() -> Report {
    let scene = sound();
    bundle::verify(&scene.evidence().to_bytes().unwrap(), None, scene.clock, None).unwrap()
}

pub(in crate::bundle) fn not_in_force() -> Report {
    let mut scene = sound();
    scene.withdraw();
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn not_included() -> Report {
    spoilt(|_, evidence| evidence.openings.last_mut().unwrap().salt = Salt::from_bytes([7; 32]))
}

pub(in crate::bundle) fn not_shown_after() -> Report {
    spoilt(|_, evidence| evidence.attestations.clear())
}

pub(in crate::bundle) fn not_shown_before() -> Report {
    let scene = sound();
    scene.judge(&scene.evidence(), Some(p("2026-11-22T05:00:00Z")))
}

pub(in crate::bundle) fn notice_invalid() -> Report {
    spoilt(|scene, evidence| {
        let Body::ConsentRequest(request) = &scene.request.record.body else {
            panic!()
        };
        evidence.notices.push(canonical(&notice(request, &p("fr"), "")).bytes);
    })
}

pub(in crate::bundle) fn notice_missing() -> Report {
    spoilt(|_, evidence| evidence.notices.clear())
}

pub(in crate::bundle) fn notice_repeated() -> Report {
    spoilt(|_, evidence| evidence.notices.push(evidence.notices[0].clone()))
}

pub(in crate::bundle) fn openings_unordered() -> Report {
    spoilt(|_, evidence| evidence.openings.push(evidence.openings.last().unwrap().clone()))
}

pub(in crate::bundle) fn record_malformed() -> Report {
    spoilt(|_, evidence| evidence.openings.last_mut().unwrap().record = b"{}".to_vec())
}

pub(in crate::bundle) fn request_repeated() -> Report {
    let mut scene = sound();
    scene.record(scene.request.clone());
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

pub(in crate::bundle) fn time_in_future() -> Report {
    let scene = sound();
    let bytes = scene.evidence().to_bytes().unwrap();
    bundle::verify(&bytes, Some(&scene.trust()), scene.clock.minus_seconds(3600), None).unwrap()
}

pub(in crate::bundle) fn unexpected_opening() -> Report {
    beside(|scene| Brand::festival().keys_record(&scene.log.origin, &scene.log.operator, scene.clock))
}

pub(in crate::bundle) fn unsupported_version() -> Report {
    spoilt(|_, evidence| {
        let record = &mut evidence.openings.last_mut().unwrap().record;
        let text = String::from_utf8(record.clone()).unwrap();
        assert!(text.contains("\"version\":1}"));
        *record = text.replace("\"version\":1}", "\"version\":2}").into_bytes();
    })
}
