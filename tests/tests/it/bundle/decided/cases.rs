//! Each code about a decision, by a bundle with this one fault and no other.

use std::collections::BTreeSet;

use placet_kernel::bundle::{DecisionReport, Evidence, Question, Verdict, Weight, bare_decision};
use placet_kernel::decision;
use placet_schemas::authzen::ReasonCode;
use placet_schemas::id::Digest;
use placet_schemas::record::Body;
use placet_schemas::record::consent::Withdrawal;
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::desk::{Desk, covered, head, question};
use placet_tests::p;
use placet_tests::scene::Scene;
use placet_wallet::keys::SoftwareKey;

use super::{Decided, against, answers, notes};

/// The question that the fault bears on, its code, what cannot but come with it elsewhere, and the case.
type Case = (Question, &'static str, &'static [&'static str], fn() -> DecisionReport);

const CASES: &[Case] = &[
    (Question::Signed, "decision_invalid", &["decision_invalid"], invalid),
    (Question::Signed, "decision_unauthorized", &[], unauthorized),
    (
        Question::Signed,
        "authorization_invalid",
        &[],
        authorized_for_another_time,
    ),
    (
        Question::Signed,
        "authorization_keys_missing",
        &["decision_other_controller", "decision_unanchored"],
        keys_missing,
    ),
    (Question::Right, "decision_other_log", &[], other_log),
    (
        Question::Right,
        "decision_other_controller",
        &["decision_unanchored"],
        other_controller,
    ),
    (Question::Right, "head_missing", &[], head_missing),
    (Question::Right, "head_invalid", &[], head_of_nobody),
    (Question::Right, "head_inconsistent", &[], head_inconsistent),
    (Question::Right, "head_forked", &[], head_forked),
    (Question::Right, "head_unproven", &[], head_unproven),
    (Question::Right, "events_unattested", &[], unattested),
    (Question::Right, "permit_stale", &[], stale),
    (Question::Right, "permit_elsewhere", &[], elsewhere),
    (Question::Right, "permit_wrong", &[], withdrawn_before),
    (Question::Right, "deny_wrong", &[], deny_of_what_was_granted),
    (Question::Right, "deny_elsewhere", &[], deny_by_policy),
    (Question::Anchored, "decision_unanchored", &[], unanchored),
    (Question::Anchored, "batch_invalid", &[], batch_of_another),
    (Question::Anchored, "decision_not_in_batch", &[], not_in_batch),
    (Question::Anchored, "batch_untimed", &[], untimed),
    (Question::Anchored, "decision_time_contradicted", &[], dated_ahead),
];

/// Of a bundle, or of what came alone: they bear on all three questions, and are tested by themselves below.
const WHOLE: [&str; 3] = ["bundle_not_recorded", "bundle_unjudged", "decision_alone"];
const NOTES: [&str; 4] = [
    "deny_otherwise",
    "other_consents_unseen",
    "policy_unseen",
    "withdrawn_meanwhile",
];

pub(in crate::bundle) fn codes() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|(_, code, ..)| *code).chain(WHOLE).chain(NOTES)
}

#[test]
fn each_code_about_a_decision_is_found_alone() {
    for (question, code, with_it, case) in CASES {
        let report = case();
        assert_eq!(
            against(&report, *question),
            BTreeSet::from([*code]),
            "{:#?}",
            report.findings
        );
        let all = [Question::Signed, Question::Right, Question::Anchored];
        let others = all.into_iter().filter(|one| one != question);
        let others: BTreeSet<&str> = others.flat_map(|other| against(&report, other)).collect();
        assert_eq!(
            others,
            with_it.iter().copied().collect(),
            "{code}: {:#?}",
            report.findings
        );
        let found = report.findings.iter().filter(|finding| finding.code == *code);
        let weight = found.clone().map(|finding| finding.weight).max().unwrap();
        let expected = if weight == Weight::False {
            Verdict::Fails
        } else {
            Verdict::CannotTell
        };
        let (signed, right, anchored) = answers(&report);
        let answer = match question {
            Question::Signed => signed,
            Question::Right => right,
            _ => anchored,
        };
        assert_eq!(answer, expected, "{code}");
        let excused = *question == Question::Anchored && expected == Verdict::CannotTell;
        assert_eq!(
            report.verdict(),
            if excused { Verdict::Holds } else { expected },
            "{code}"
        );
        for finding in found {
            assert!(finding.place.starts_with("/decisions/0"), "{code}: {}", finding.place);
            assert!(!finding.why.is_empty() && !finding.help.is_empty(), "{code}");
        }
    }
}

fn invalid() -> DecisionReport {
    let mut decided = Decided::permit();
    let evidence = decided.evidence();
    let mut other = evidence.clone();
    let signature = other.decisions[0].decision.rfind('.').unwrap() + 1;
    let flipped = if other.decisions[0].decision[signature..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    other.decisions[0]
        .decision
        .replace_range(signature..=signature, flipped);
    decided.judge(&other)
}

fn unauthorized() -> DecisionReport {
    let mut decided = Decided::permit();
    let key = decided.desk.key.clone();
    let mut evidence = decided.evidence();
    decided.desk.key = SoftwareKey::ed25519_from_seed(&[7; 32]);
    evidence.decisions[0].authorization = decided.desk.authorization();
    decided.desk.key = key;
    decided.judge(&evidence)
}

fn authorized_for_another_time() -> DecisionReport {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    decided.desk.now = decided.desk.now.plus_seconds(10 * 86_400);
    evidence.decisions[0].authorization = decided.desk.authorization();
    decided.judge(&evidence)
}

/// The decision is a brand's of which the bundle has no keys.
fn keys_missing() -> DecisionReport {
    by_another(Brand::festival())
}

/// The gym's DID is its key, so its word for a verifier needs no record.
fn other_controller() -> DecisionReport {
    by_another(Brand::gym())
}

fn by_another(brand: Brand) -> DecisionReport {
    let mut decided = Decided::permit();
    let (log, now) = (&decided.scene.log, decided.desk.now);
    let theirs = head(log, &brand.did, log.size(), now, &log.operator);
    decided.desk.rest_on(&mut decided.said, theirs);
    decided.said.controller = brand.did.clone();
    decided.desk.brand = brand;
    let decision = decided.desk.sign(&decided.said);
    let authorization = decided.desk.authorization();
    decided.desk.brand = decided.scene.brand.clone();
    let mut evidence = decided.evidence_of(decision);
    evidence.decisions[0].authorization = authorization;
    evidence.decisions[0].batch = None;
    decided.judge(&evidence)
}

/// Everything is as it should be, in another log.
fn other_log() -> DecisionReport {
    let mut decided = Decided::permit();
    let origin = std::mem::replace(&mut decided.desk.origin, p("other.example/log"));
    decided.said.origin = decided.desk.origin.clone();
    let authorization = decided.desk.authorization();
    decided.desk.origin = origin;
    let mut evidence = decided.evidence();
    evidence.decisions[0].authorization = authorization;
    decided.judge(&evidence)
}

fn head_missing() -> DecisionReport {
    let mut decided = Decided::permit();
    decided.desk.head = None;
    decided.said = decided.desk.answer(&covered());
    decided.judged()
}

fn head_of_nobody() -> DecisionReport {
    let mut decided = Decided::permit();
    let (log, clock) = (&decided.scene.log, decided.desk.now);
    let nobodys = head(log, &decided.scene.brand.did, log.size(), clock, &decided.desk.key);
    decided.desk.rest_on(&mut decided.said, nobodys);
    decided.judged()
}

fn head_inconsistent() -> DecisionReport {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    evidence.decisions[0].consistency = vec![placet_kernel::merkle::leaf_hash(b"anything")];
    decided.judge(&evidence)
}

/// The operator signed two trees of one size: a checkpoint, and the head of a feed.
fn head_forked() -> DecisionReport {
    let mut decided = Decided::permit();
    let mut signed = decided.desk.head.clone().unwrap();
    signed.statement.root = Digest::of(b"another tree");
    let signed = placet_kernel::sign::sign_statement(signed.statement, &decided.scene.log.operator).unwrap();
    decided.desk.rest_on(&mut decided.said, signed);
    decided.judged()
}

/// The verifier's head is of a size of which the bundle has no checkpoint.
fn head_unproven() -> DecisionReport {
    let mut decided = between();
    let mut evidence = decided.evidence();
    assert_eq!(evidence.decisions.len(), 1);
    evidence.decisions[0].consistency.clear();
    decided.judge(&evidence)
}

/// A decision by a head of a size between the checkpoints.
pub(super) fn between() -> Decided {
    let mut decided = Decided::permit();
    decided.scene.log.strangers(3);
    decided.desk = Desk::open(&decided.scene);
    decided.said = decided.desk.answer(&covered());
    decided.scene.log.strangers(2);
    decided
}

fn unattested() -> DecisionReport {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    evidence.attestations.clear();
    decided.judge(&evidence)
}

/// No policy may permit by a state that is an hour old.
fn stale() -> DecisionReport {
    let mut decided = Decided::permit();
    let later = decided.said.evaluated_at.plus_seconds(decision::MAX_STALENESS_SECONDS);
    decided.said.valid_until = Some(later.plus_seconds(1));
    decided.said.evaluated_at = later;
    decided.scene.pass(decision::MAX_STALENESS_SECONDS);
    decided.judged()
}

/// The permit rests on a later consent of hers than the one that the bundle is about.
fn elsewhere() -> DecisionReport {
    let mut scene = Scene::new();
    scene.grant();
    let first = scene.state().clone();
    scene.grant();
    scene.publish();
    let desk = Desk::open(&scene);
    let said = desk.answer(&covered());
    assert_eq!(said.reasons[0].consent, Some(scene.consent()));
    scene.state = Some(first);
    Decided { scene, desk, said }.judged()
}

/// The withdrawal was in the log below the head: the verifier knew, or should have.
fn withdrawn_before() -> DecisionReport {
    let mut decided = Decided::permit();
    let permit = decided.said.clone();
    decided.scene.withdraw();
    decided.scene.publish();
    decided.desk = Desk::open(&decided.scene);
    let honest = decided.desk.answer(&covered());
    assert!(!honest.decision);
    decided.said.head = honest.head;
    decided.said.evaluated_at = honest.evaluated_at;
    decided.said.valid_until = Some(honest.evaluated_at);
    assert_eq!(decided.said.reasons, permit.reasons);
    decided.judged()
}

fn deny_of_what_was_granted() -> DecisionReport {
    let mut decided = Decided::permit();
    let consent = decided.said.reasons[0].consent;
    decided.said = decided
        .desk
        .answer(&question("newsletter", &["pd:EmailAddress"], "dpv:Store"));
    decided.said.asked.as_mut().unwrap().processing = p("dpv:Use");
    assert_eq!(decided.said.reasons[0].consent, consent);
    decided.judged()
}

fn deny_by_policy() -> DecisionReport {
    let mut decided = Decided::permit();
    decided.said.decision = false;
    decided.said.valid_until = None;
    decided.said.obligations.clear();
    decided.said.reasons[0].code = ReasonCode::StrengthTooLow;
    decided.judged()
}

fn unanchored() -> DecisionReport {
    let mut decided = Decided::permit();
    let evidence = decided.unanchored();
    decided.judge(&evidence)
}

/// The batch is another verifier's of the same brand.
fn batch_of_another() -> DecisionReport {
    let mut decided = Decided::permit();
    let decision = decided.desk.sign(&decided.said);
    let own = decided.desk.authorization();
    decided.desk.key = SoftwareKey::ed25519_from_seed(&[7; 32]);
    let mut evidence = decided.evidence_of(decision);
    evidence.decisions[0].authorization = own;
    decided.judge(&evidence)
}

fn not_in_batch() -> DecisionReport {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    evidence.decisions[0].batch.as_mut().unwrap().seq = 1;
    decided.judge(&evidence)
}

/// The newest checkpoint, the only one with the batch, has too few cosignatures.
fn untimed() -> DecisionReport {
    let mut decided = Decided::permit();
    let mut evidence = decided.evidence();
    let size = decided.scene.log.size();
    let note = decided.scene.log.publish(size, &[]).note;
    evidence.checkpoints.last_mut().unwrap().note = note;
    decided.judge(&evidence)
}

fn dated_ahead() -> DecisionReport {
    let mut decided = Decided::permit();
    let later = decided.said.evaluated_at.plus_seconds(900);
    decided.said.evaluated_at = later;
    decided.said.valid_until = Some(later);
    decided.judged()
}

impl Decided {
    /// The bundle without the batch.
    fn unanchored(&mut self) -> Evidence {
        let mut evidence = self.evidence();
        evidence.decisions[0].batch = None;
        evidence
    }
}

#[test]
fn a_decision_that_came_alone_is_read_and_nothing_more_is_told() {
    let decided = Decided::permit();
    let compact = decided.desk.sign(&decided.said);
    for text in [compact.clone(), format!("{compact}\n")] {
        let report = bare_decision(&text);
        assert_eq!(
            answers(&report),
            (Verdict::CannotTell, Verdict::CannotTell, Verdict::CannotTell)
        );
        assert_eq!(report.signer, Some(decided.desk.key.did()));
        assert_eq!(report.decision.as_deref(), Some(&decided.said));
        assert_eq!(against(&report, Question::Signed), ["decision_alone"].into());
    }
    let report = bare_decision(&compact[1..]);
    assert_eq!(report.signed, Verdict::Fails);
    assert_eq!((report.signer, report.decision), (None, None));
}

#[test]
fn a_withdrawal_after_the_head_and_before_the_decision_is_noted_and_leaves_it_right() {
    let mut decided = Decided::permit();
    decided.scene.withdraw();
    decided.scene.publish();
    // A verifier that had not heard of it by then, within what policies allow.
    let later = decided.scene.clock;
    decided.said.evaluated_at = later;
    decided.said.valid_until = Some(later.plus_seconds(1));
    let report = decided.judged();
    assert_eq!(
        answers(&report),
        (Verdict::Holds, Verdict::Holds, Verdict::Holds),
        "{:#?}",
        report.findings
    );
    assert!(notes(&report).contains("withdrawn_meanwhile"));
    // One that came after the decision is no matter of it.
    let mut decided = Decided::permit();
    decided.scene.pass(60);
    let body = Body::Withdrawal(Withdrawal {
        version: Version,
        consent: decided.scene.consent(),
        anchor: None,
        relayed: None,
    });
    let record = decided.scene.claim(body).sign(&decided.scene.person);
    decided.scene.record(record);
    let report = decided.judged();
    assert_eq!(report.verdict(), Verdict::Holds);
    assert!(!notes(&report).contains("withdrawn_meanwhile"));
}
