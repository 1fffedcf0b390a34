//! Whole bundles with decisions: what holds, what does not, and nothing by a flipped bit.

use std::thread;

use placet_kernel::bundle::{self, Report, Verdict};
use placet_kernel::trust::Trust;
use placet_schemas::authzen::ReasonCode;
use placet_schemas::json::FaultCode;
use placet_schemas::time::Timestamp;
use placet_tests::desk::covered;
use placet_tests::log::{trust, trust_file};
use placet_tests::p;
use placet_tests::scene::Scene;
use placet_wallet::keys::SoftwareKey;
use serde_json::json;

use super::cases::between;
use super::{Decided, answers, changed, notes};

#[test]
fn a_permit_with_all_its_proofs_holds_and_says_since_when_it_is_there() {
    let mut decided = Decided::permit();
    let published = decided.scene.clock.plus_seconds(60);
    let report = decided.judged();
    assert_eq!(
        answers(&report),
        (Verdict::Holds, Verdict::Holds, Verdict::Holds),
        "{:#?}",
        report.findings
    );
    assert_eq!(report.existed_by, Some(published));
    assert_eq!(report.signer, Some(decided.desk.key.did()));
    assert_eq!(report.decision.as_deref(), Some(&decided.said));
    assert_eq!(report.place, "/decisions/0");
    assert_eq!(notes(&report), ["other_consents_unseen", "policy_unseen"].into());
}

#[test]
fn a_head_between_two_checkpoints_is_proven_by_its_own_consistency() {
    let mut decided = between();
    let size = decided.desk.head.as_ref().unwrap().statement.size;
    let mut evidence = decided.evidence();
    let head = decided.scene.log.size();
    evidence.decisions[0].consistency = decided.scene.log.tree.consistency(size, head);
    let report = decided.judge(&evidence);
    assert_eq!(report.verdict(), Verdict::Holds, "{:#?}", report.findings);
}

/// Each is judged by itself, and the worst of them is what counts.
#[test]
fn several_decisions_are_judged_each_by_itself() {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    decided.said.valid_until = Some(decided.said.evaluated_at);
    let mut second = evidence.decisions[0].clone();
    second.decision = decided.desk.sign(&decided.said);
    second.batch = None;
    let mut third = second.clone();
    decided.said.reasons[0].record = decided.desk.head.as_ref().map(|head| head.statement.root);
    third.decision = decided.desk.sign(&decided.said);
    evidence.decisions.extend([second, third]);
    let report = decided.scene.judge(&evidence, None);
    let verdicts: Vec<Verdict> = report.decisions.iter().map(|one| one.verdict()).collect();
    assert_eq!(verdicts, [Verdict::Holds, Verdict::Holds, Verdict::Fails]);
    assert_eq!(report.decisions[1].anchored, Verdict::CannotTell);
    assert_eq!(report.decisions_verdict(), Verdict::Fails);
    // What is said of decisions says nothing about the consent.
    assert_eq!((report.recorded, report.in_force), (Verdict::Holds, Verdict::Holds));
}

#[test]
fn a_bundle_without_decisions_has_no_such_member() {
    let decided = Decided::permit();
    let bytes = decided.scene.evidence().to_bytes().unwrap();
    assert!(!String::from_utf8(bytes.clone()).unwrap().contains("decisions"));
    let report = decided.scene.judge_bytes(&bytes, None);
    assert_eq!(
        (report.decisions.len(), report.decisions_verdict()),
        (0, Verdict::Holds)
    );
}

#[test]
fn what_is_not_recorded_makes_no_decision_right() {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    evidence.notices.clear();
    let report = decided.scene.judge(&evidence, None);
    assert_eq!(report.recorded, Verdict::CannotTell);
    let one = &report.decisions[0];
    assert_eq!(answers(one), (Verdict::Holds, Verdict::CannotTell, Verdict::Holds));
    assert!(one.findings.iter().any(|finding| finding.code == "bundle_not_recorded"));
}

#[test]
fn without_trust_the_signature_is_checked_and_nothing_else_told() {
    let mut decided = Decided::permit();
    let bytes = decided.evidence().to_bytes().unwrap();
    let report = bundle::verify(&bytes, None, decided.scene.clock, None).unwrap();
    let one = &report.decisions[0];
    assert_eq!(
        answers(one),
        (Verdict::CannotTell, Verdict::CannotTell, Verdict::CannotTell)
    );
    assert_eq!(one.signer, Some(decided.desk.key.did()));
    assert!(one.findings.iter().all(|finding| finding.code == "bundle_unjudged"));
}

/// The withdrawal was below the head, and whoever made the bundle left it out.
#[test]
fn a_withdrawal_that_is_left_out_makes_no_permit_right() {
    let mut decided = Decided::permit();
    let permit = decided.said.clone();
    decided.scene.withdraw_with_code();
    decided.scene.publish();
    decided.desk = placet_tests::desk::Desk::open(&decided.scene);
    decided.said = permit;
    let honest = decided.desk.answer(&covered());
    assert_eq!(honest.reasons[0].code, ReasonCode::Withdrawn);
    decided.said.head = honest.head;
    decided.said.evaluated_at = honest.evaluated_at;
    decided.said.valid_until = Some(honest.evaluated_at);
    let mut evidence = decided.evidence();
    evidence.openings.pop();
    let report = decided.scene.judge(&evidence, None);
    assert_eq!(report.recorded, Verdict::Holds, "{:#?}", report.findings);
    let one = &report.decisions[0];
    assert_eq!(one.right, Verdict::CannotTell, "{:#?}", one.findings);
}

/// An erasure request may follow a withdrawal and does not name it: only the number of events tells that one is left out.
#[test]
fn a_withdrawal_that_is_left_out_before_an_erasure_request_makes_no_permit_right() {
    for (withdrawn, right) in [(true, Verdict::CannotTell), (false, Verdict::Holds)] {
        let mut decided = Decided::permit();
        let hidden = withdrawn.then(|| decided.scene.withdraw_with_code());
        decided.scene.erase();
        decided.scene.publish();
        let (scene, clock) = (&decided.scene, decided.scene.clock);
        let (log, brand) = (&scene.log, &scene.brand.did);
        let head = placet_tests::desk::head(log, brand, log.size(), clock, &log.operator);
        decided.desk.rest_on(&mut decided.said, head);
        decided.said.evaluated_at = clock;
        decided.said.valid_until = Some(clock);
        let mut evidence = decided.evidence();
        evidence.openings.retain(|opening| Some(opening.index) != hidden);
        let report = decided.scene.judge(&evidence, None);
        assert_eq!(report.recorded, Verdict::Holds, "{:#?}", report.findings);
        assert_eq!(report.in_force, right, "{:#?}", report.findings);
        assert_eq!(report.decisions[0].right, right, "{withdrawn}");
    }
}

/// A word about holders is an event like any other for whoever counts them, and none for whoever decides.
#[test]
fn a_permit_is_right_whoever_may_hold_the_receipt() {
    let mut decided = Decided::permit();
    let wallet = SoftwareKey::ed25519_from_seed(&[9; 32]).did();
    decided.scene.authorize_holders(&[wallet]);
    decided.scene.publish();
    let (scene, clock) = (&decided.scene, decided.scene.clock);
    let (log, brand) = (&scene.log, &scene.brand.did);
    let head = placet_tests::desk::head(log, brand, log.size(), clock, &log.operator);
    decided.desk.rest_on(&mut decided.said, head);
    decided.said.evaluated_at = clock;
    decided.said.valid_until = Some(clock);
    let evidence = decided.evidence();
    let report = decided.scene.judge(&evidence, None);
    assert_eq!(report.decisions[0].right, Verdict::Holds, "{:#?}", report.decisions);
}

#[test]
fn a_permit_that_says_more_than_the_records_is_wrong() {
    type Spoil = fn(&mut Decided);
    let spoilt: [Spoil; 5] = [
        |one| one.said.asked.as_mut().unwrap().processing = p("dpv:Store"),
        |one| one.said.asked.as_mut().unwrap().third_party = Some(p("https://mailer.example/")),
        |one| one.said.asked.as_mut().unwrap().purpose = p("https://brand.example/purposes#seats"),
        |one| one.said.reasons[0].record = Some(one.scene.request.record.digest()),
        |one| {
            // As of a head that did not have the grant yet.
            let (log, clock) = (&one.scene.log, one.desk.now);
            let size = one.scene.checkpoints[0].size;
            let head = placet_tests::desk::head(log, &one.scene.brand.did, size, clock, &log.operator);
            one.desk.rest_on(&mut one.said, head);
        },
    ];
    for (at, spoil) in spoilt.into_iter().enumerate() {
        let mut decided = Decided::permit();
        spoil(&mut decided);
        let mut evidence = decided.evidence();
        if at == 4 {
            let size = decided.scene.checkpoints[0].size;
            evidence.decisions[0].consistency = decided.scene.log.tree.consistency(size, decided.scene.log.size());
        }
        let report = decided.judge(&evidence);
        assert_eq!(report.right, Verdict::Fails, "case {at}: {:#?}", report.findings);
        assert!(
            report.findings.iter().any(|finding| finding.code == "permit_wrong"),
            "case {at}"
        );
    }
}

#[test]
fn the_form_of_decisions_is_strict() {
    let mut decided = Decided::permit();
    let evidence = decided.evidence();
    type Change = fn(&mut serde_json::Value);
    let cases: [(Change, &str, FaultCode); 9] = [
        (
            |one| one["more"] = json!(1),
            "/decisions/0/more",
            FaultCode::UnknownMember,
        ),
        (
            |one| drop(one.as_object_mut().unwrap().remove("decision")),
            "/decisions/0/decision",
            FaultCode::MissingMember,
        ),
        (
            |one| one["decision"] = json!(1),
            "/decisions/0/decision",
            FaultCode::WrongType,
        ),
        (
            |one| one["authorization"] = json!([]),
            "/decisions/0/authorization",
            FaultCode::WrongType,
        ),
        (
            |one| one["consistency"] = json!([]),
            "/decisions/0/consistency",
            FaultCode::InvalidValue,
        ),
        (
            |one| one["consistency"] = json!(["x"]),
            "/decisions/0/consistency/0",
            FaultCode::InvalidValue,
        ),
        (
            |one| one["batch"]["more"] = json!(1),
            "/decisions/0/batch/more",
            FaultCode::UnknownMember,
        ),
        (
            |one| one["batch"]["seq"] = json!(-1),
            "/decisions/0/batch/seq",
            FaultCode::InvalidValue,
        ),
        (|one| *one = json!("ey"), "/decisions/0", FaultCode::WrongType),
    ];
    for (change, pointer, code) in cases {
        let fault = bundle::verify(&changed(&evidence, change), None, decided.scene.clock, None).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.code), (pointer, code));
    }
    let mut bundle: serde_json::Value = serde_json::from_slice(&evidence.to_bytes().unwrap()).unwrap();
    bundle["decisions"] = json!([]);
    let bytes = placet_schemas::json::to_jcs(&bundle).unwrap();
    let fault = bundle::verify(&bytes, None, decided.scene.clock, None).unwrap_err();
    assert_eq!(
        (fault.pointer.as_str(), fault.code),
        ("/decisions", FaultCode::InvalidValue)
    );
}

struct Judged {
    bytes: Vec<u8>,
    trust: Trust,
    now: Timestamp,
}

impl Judged {
    fn holds(&self, bytes: &[u8]) -> bool {
        let holds = |report: Report| report.recorded.max(report.decisions_verdict()) == Verdict::Holds;
        bundle::verify(bytes, Some(&self.trust), self.now, None).is_ok_and(holds)
    }
}

/// A small bundle with every part of a decision; the rest of a bundle is flipped elsewhere.
fn small() -> Judged {
    let mut scene = Scene::new();
    let witness = scene.witnesses[0].clone();
    scene.witnesses.truncate(1);
    scene.notices.truncate(1);
    scene.grant_for(&[placet_tests::offer::newsletter()], scene.clock.plus_seconds(86_400));
    scene.publish();
    scene.log.strangers(1);
    let desk = placet_tests::desk::Desk::open(&scene);
    let said = desk.answer(&covered());
    scene.log.strangers(1);
    let mut decided = Decided { scene, desk, said };
    let mut evidence = decided.evidence();
    let size = decided.desk.head.as_ref().unwrap().statement.size;
    evidence.decisions[0].consistency = decided.scene.log.tree.consistency(size, decided.scene.log.size());
    Judged {
        bytes: evidence.to_bytes().unwrap(),
        trust: trust(&trust_file(decided.scene.log.keys(), &[witness], 1)),
        now: decided.scene.clock,
    }
}

#[test]
fn no_flipped_bit_of_a_decision_or_its_proofs_holds() {
    let judged = small();
    assert!(judged.holds(&judged.bytes));
    let text = String::from_utf8(judged.bytes.clone()).unwrap();
    let (from, to) = (text.find("\"decisions\"").unwrap(), text.find("\"notices\"").unwrap());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for first in 0..threads {
            let judged = &judged;
            scope.spawn(move || {
                let mut bytes = judged.bytes.clone();
                for at in (from + first..to).step_by(threads) {
                    // One bit in turn, and the one between capital and small letters: most of this is base64 and hex.
                    for bit in [at % 8, 5] {
                        bytes[at] ^= 1 << bit;
                        assert!(!judged.holds(&bytes), "bit {bit} of byte {at}");
                        bytes[at] ^= 1 << bit;
                    }
                }
            });
        }
    });
}
