//! What the judge says about what it found, and what it must not say.

use std::collections::BTreeSet;

use placet_kernel::bundle::{CheckpointEvidence, Question, Verdict, Weight};
use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::merkle::leaf_hash;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::record::Body;
use placet_schemas::record::consent::{Anchor, Withdrawal};
use placet_schemas::version::Version;
use placet_tests::p;
use placet_wallet::records;

use super::codes::{NOTES, attestation_contradicted, erasure_body, no_trust, sound};
use super::{against, answers};

/// A withdrawal is never kept out: what is odd about it is told, and it counts.
#[test]
fn a_withdrawal_with_odd_anchor_domain_and_time_holds_with_notes() {
    let mut scene = sound();
    let body = Body::Withdrawal(Withdrawal {
        version: Version,
        consent: scene.consent(),
        anchor: Some(Anchor {
            size: 1 << 40,
            root: Digest::of(b"another log"),
        }),
        relayed: None,
    });
    let mut claim = scene.claim(body);
    claim.domain = p("other.example/log");
    claim.from = p("1999-01-01T00:00:00Z");
    scene.record(claim.sign(&scene.person));
    scene.publish();
    let report = scene.judge(&scene.evidence(), None);
    assert_eq!(report.recorded, Verdict::Holds, "{:#?}", report.findings);
    let notes: BTreeSet<&str> = report
        .findings
        .iter()
        .filter(|f| f.weight == Weight::Note)
        .map(|f| f.code)
        .collect();
    assert_eq!(notes, NOTES.into());
    assert_eq!(report.in_force, Verdict::Fails);
}

/// Two trees of one size in one log: the wallet that signed the anchor saw the other one.
#[test]
fn an_anchor_in_another_tree_of_a_known_size_is_impossible() {
    let mut scene = sound();
    let size = scene.checkpoints[0].size;
    let record = scene.claim(erasure_body(
        &scene,
        Anchor {
            size,
            root: Digest::of(b"another view"),
        },
    ));
    scene.record(record.sign(&scene.person));
    scene.publish();
    let report = scene.judge(&scene.evidence(), None);
    assert_eq!(against(&report, Question::Recorded), ["anchor_impossible"].into());
}

/// Whoever adds a record that the log never took must not thereby make the operator look like a liar.
#[test]
fn a_forged_opening_accuses_nobody() {
    let scene = sound();
    let mut forged = scene.evidence();
    let built = records::withdraw(scene.state(), None, &scene.pen()).unwrap();
    let mut opening = forged.openings.last().unwrap().clone();
    opening.index += 1;
    opening.record = built.bytes;
    forged.openings.push(opening);
    let report = scene.judge(&forged, None);
    assert_eq!(against(&report, Question::Recorded), ["not_included"].into());
    assert!(
        report
            .findings
            .iter()
            .all(|finding| !finding.why.contains("misbehaviour"))
    );
}

#[test]
fn a_contradicted_attestation_is_called_misbehaviour() {
    let report = attestation_contradicted();
    let finding = report
        .findings
        .iter()
        .find(|f| f.code == "attestation_contradicted")
        .unwrap();
    assert!(finding.why.contains("proof of misbehaviour"), "{}", finding.why);
}

#[test]
fn without_trust_the_fingerprints_are_told() {
    let scene = sound();
    let report = no_trust();
    let vkeys = scene.log.keys().checkpoint_keys.into_iter().map(|sized| sized.vkey);
    let vkeys: Vec<String> = vkeys
        .chain(scene.witnesses.iter().map(|witness| witness.vkey()))
        .collect();
    for vkey in vkeys {
        let parts: Vec<&str> = vkey.splitn(3, '+').collect();
        let fingerprint = format!("{}+{}", parts[0], parts[1]);
        assert!(report.trust.fingerprints.contains(&fingerprint), "{fingerprint}");
    }
    assert!(
        report
            .trust
            .fingerprints
            .contains(&scene.log.operator.did().to_string())
    );
    assert_eq!(report.trust.quorum, None);
    assert!(report.story.is_none());
}

#[test]
fn a_bundle_of_a_newer_version_is_not_called_false() {
    let scene = sound();
    let mut bundle: serde_json::Value = serde_json::from_slice(&scene.evidence().to_bytes().unwrap()).unwrap();
    bundle["version"] = 2.into();
    let report = scene.judge_bytes(&json::to_jcs(&bundle).unwrap(), None);
    assert_eq!(answers(&report), (Verdict::CannotTell, Verdict::CannotTell));
    assert_eq!(against(&report, Question::Recorded), ["unsupported_version"].into());
}

/// A second head of the same size, signed by the same log: no proof can tie both.
#[test]
fn a_checkpoint_of_another_tree_is_inconsistent() {
    let scene = sound();
    let mut evidence = scene.evidence();
    let size = scene.checkpoints[0].size + 1;
    let fork = Checkpoint::new(scene.log.origin.clone(), size, leaf_hash(b"a fork")).unwrap();
    let note = scene.log.publish_head(&fork, &[]).note;
    let consistency = scene.log.tree.consistency(size, scene.log.size());
    let at = evidence.checkpoints.len() - 1;
    evidence
        .checkpoints
        .insert(at, CheckpointEvidence { note, consistency });
    let report = scene.judge(&evidence, None);
    assert_eq!(against(&report, Question::Recorded), ["checkpoint_inconsistent"].into());
}
