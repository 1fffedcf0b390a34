//! Each finding's code, by a bundle that has this one fault and no other.

use std::collections::BTreeSet;

use placet_kernel::bundle::{self, AnchorEvidence, Evidence, Question, Report, Verdict, Weight};
use placet_kernel::checkpoint::Checkpoint;
use placet_kernel::leaf::Salt;
use placet_kernel::merkle::leaf_hash;
use placet_schemas::id::Digest;
use placet_schemas::lifecycle::MAX_CHAIN;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::Body;
use placet_schemas::record::consent::{
    Act, Anchor, Choice, EndedByController, ErasureRequest, Initial, Narrowing, Patterns, Renewal, Shown, Strength,
    Withdrawal,
};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::scope::{Clause, Scope};
use placet_schemas::version::Version;
use placet_tests::brand::Brand;
use placet_tests::log::{TestLog, trust};
use placet_tests::offer::{canonical, clause, newsletter, notice, offer, recommendations, seats};
use placet_tests::p;
use placet_tests::scene::{ORIGIN, Scene};

use super::{against, source};

/// A code that no bundle can show, and why.
const NEVER: [(&str, &str); 2] = [
    (
        "controller_unknown",
        "it is told as controller_keys_missing, since a bundle may lack what the log has",
    ),
    ("time_implausible", "a judge was not there when the record arrived"),
];

/// The code, what cannot but come with it, and the case.
type Case = (&'static str, &'static [&'static str], fn() -> Report);

const CASES: &[Case] = &[
    ("anchor_impossible", &[], anchor_impossible),
    ("anchor_invalid", &[], anchor_invalid),
    ("anchor_repeated", &[], anchor_repeated),
    ("anchor_unproven", &[], anchor_unproven),
    ("anchor_unused", &[], anchor_unused),
    ("as_of_in_future", &[], as_of_in_future),
    ("attestation_contradicted", &[], attestation_contradicted),
    ("attestation_invalid", &[], attestation_invalid),
    ("bad_signature", &[], bad_signature),
    ("chain_full", &[], chain_full),
    ("checkpoint_inconsistent", &[], checkpoint_inconsistent),
    ("checkpoint_invalid", &["no_checkpoint"], checkpoint_invalid),
    ("consent_ended", &[], consent_ended),
    ("consent_expired", &[], consent_expired),
    ("consent_unknown", &["grant_missing"], consent_unknown),
    ("controller_keys_missing", &[], controller_keys_missing),
    ("ended_between", &[], ended_between),
    ("events_omitted", &["not_shown_after"], events_omitted),
    ("explicit_act_missing", &[], explicit_act_missing),
    ("grant_missing", &[], grant_missing),
    ("grant_outside_request", &[], grant_outside_request),
    ("guardian_unsupported", &[], guardian_unsupported),
    ("illegal_transition", &[], illegal_transition),
    ("log_untrusted", &[], log_untrusted),
    ("narrowing_matches_nothing", &[], narrowing_matches_nothing),
    ("narrowing_nothing_remains", &[], narrowing_nothing_remains),
    ("no_checkpoint", &[], no_checkpoint),
    ("no_quorum", &[], no_quorum),
    ("no_trust", &[], no_trust),
    ("not_in_force", &[], not_in_force),
    ("not_included", &[], not_included),
    ("not_shown_after", &[], not_shown_after),
    ("not_shown_before", &[], not_shown_before),
    ("notice_invalid", &[], notice_invalid),
    ("notice_missing", &[], notice_missing),
    ("notice_repeated", &[], notice_repeated),
    ("openings_unordered", &[], openings_unordered),
    ("previous_forked", &[], previous_forked),
    ("previous_stale", &[], previous_stale),
    ("record_malformed", &[], record_malformed),
    ("remaining_differs", &[], remaining_differs),
    ("renewal_not_later", &[], renewal_not_later),
    ("renewal_widens", &[], renewal_widens),
    ("request_repeated", &[], request_repeated),
    ("request_unknown", &[], request_unknown),
    ("scope_criminal_category", &[], scope_criminal_category),
    ("scope_not_separate", &[], scope_not_separate),
    ("scope_not_specific", &[], scope_not_specific),
    ("time_in_future", &[], time_in_future),
    ("unexpected_opening", &[], unexpected_opening),
    ("unsupported_version", &[], unsupported_version),
    ("vocabulary_unknown", &[], vocabulary_unknown),
    ("wrong_domain", &[], wrong_domain),
    ("wrong_signer", &[], wrong_signer),
];

/// Codes of notes, which bear on no answer: shown by a withdrawal that counts all the same.
const NOTES: [&str; 2] = ["anchor_unknown", "wrong_domain"];

#[test]
fn each_code_is_found_alone_where_its_fault_is() {
    for (code, with_it, case) in CASES {
        let report = case();
        let first = report.findings.iter().find(|finding| finding.code == *code);
        let question = first
            .unwrap_or_else(|| panic!("{code}: {:#?}", report.findings))
            .question;
        let mut expected: BTreeSet<&str> = with_it.iter().copied().collect();
        expected.insert(code);
        assert_eq!(against(&report, question), expected, "{:#?}", report.findings);
        if question == Question::InForce {
            assert_eq!(against(&report, Question::Recorded), BTreeSet::new(), "{code}");
        }
        let weight = report
            .findings
            .iter()
            .filter(|f| f.question == question)
            .map(|f| f.weight)
            .max();
        let answer = if question == Question::Recorded {
            report.recorded
        } else {
            report.in_force
        };
        let expected = if weight == Some(Weight::False) {
            Verdict::Fails
        } else {
            Verdict::CannotTell
        };
        assert_eq!(answer, expected, "{code}");
        assert_ne!(
            report.in_force,
            Verdict::Holds,
            "{code}: what is not recorded is not in force"
        );
        let finding = first.unwrap();
        assert!(
            finding.place.is_empty() || finding.place.starts_with('/'),
            "{code}: {}",
            finding.place
        );
        assert!(!finding.why.is_empty() && !finding.help.is_empty(), "{code}");
    }
}

#[test]
fn each_code_in_the_source_has_a_case() {
    let mut covered: BTreeSet<String> = CASES.iter().map(|(code, ..)| (*code).to_owned()).collect();
    covered.extend(NOTES.map(str::to_owned));
    covered.extend(NEVER.map(|(code, _)| code.to_owned()));
    let missing: Vec<String> = source::codes().difference(&covered).cloned().collect();
    assert_eq!(missing, [""; 0], "codes in the source without a case");
}

/// A consent that holds, and keys that nothing rests on at the end of the bundle: a place to put a fault.
fn sound() -> Scene {
    let mut scene = Scene::new();
    scene.grant();
    scene.log.strangers(3);
    scene.publish();
    scene.register();
    scene.publish();
    scene
}

/// The report on a sound consent's bundle, spoilt.
fn spoilt(spoil: impl FnOnce(&Scene, &mut Evidence)) -> Report {
    let scene = sound();
    let mut evidence = scene.evidence();
    spoil(&scene, &mut evidence);
    scene.judge(&evidence, None)
}

/// The report on a sound consent to whose log the last record is added.
fn followed_by(body: impl FnOnce(&Scene) -> placet_schemas::record::CanonicalRecord) -> Report {
    let mut scene = sound();
    let record = body(&scene);
    scene.record(record);
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

/// The same, where the record's opening has to be added by hand: it is about something else.
fn beside(body: impl FnOnce(&Scene) -> placet_schemas::record::CanonicalRecord) -> Report {
    let mut scene = sound();
    let record = body(&scene);
    let index = scene.record(record);
    let size = scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.push(scene.log.opening(index, size));
    scene.judge(&evidence, None)
}

fn anchor_impossible() -> Report {
    followed_by(|scene| erasure(scene, scene.log.anchor(scene.log.size()), 1))
}

fn anchor_invalid() -> Report {
    spoilt(|scene, evidence| {
        let size = evidence.anchors[0].size + 1;
        let mut anchor = scene.log.anchor_evidence(size, scene.log.size());
        anchor.consistency.pop();
        evidence.anchors.push(anchor);
    })
}

fn anchor_repeated() -> Report {
    spoilt(|scene, evidence| {
        let size = scene.log.size();
        evidence.anchors.push(scene.log.anchor_evidence(size, size));
    })
}

fn anchor_unproven() -> Report {
    let mut scene = Scene::new();
    scene.log.strangers(1);
    scene.seen = scene.log.size();
    scene.grant();
    scene.publish();
    let mut evidence = scene.evidence();
    evidence.anchors.clear();
    scene.judge(&evidence, None)
}

fn anchor_unused() -> Report {
    spoilt(|scene, evidence| {
        let AnchorEvidence { size, .. } = evidence.anchors[0];
        evidence
            .anchors
            .push(scene.log.anchor_evidence(size + 1, scene.log.size()));
    })
}

fn as_of_in_future() -> Report {
    let scene = sound();
    scene.judge(&scene.evidence(), Some(scene.clock.plus_seconds(1)))
}

fn attestation_contradicted() -> Report {
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

fn attestation_invalid() -> Report {
    spoilt(|scene, evidence| {
        let statement = evidence.attestations[0].statement.clone();
        evidence.attestations[0] = placet_kernel::sign::sign_statement(statement, &scene.person).unwrap();
    })
}

fn bad_signature() -> Report {
    followed_by(|scene| scene.brand_claim(ended(scene)).sign(&scene.person))
}

fn chain_full() -> Report {
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

fn checkpoint_inconsistent() -> Report {
    spoilt(|_, evidence| {
        evidence.checkpoints[0].consistency.pop();
        evidence.attestations.remove(0);
    })
}

fn checkpoint_invalid() -> Report {
    spoilt(|scene, evidence| {
        let stranger = TestLog::new("other.example/log");
        let head = scene.log.head(scene.log.size());
        let note = placet_kernel::checkpoint::sign_checkpoint(&head, &stranger.checkpoint_key).unwrap();
        evidence.checkpoints.last_mut().unwrap().note = note;
    })
}

fn consent_ended() -> Report {
    let mut scene = sound();
    scene.withdraw();
    scene.withdraw_with_code();
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

fn consent_expired() -> Report {
    let mut scene = sound();
    scene.clock = scene.state().valid_until;
    let record = scene.claim(narrowing(&scene, |_| {})).sign(&scene.person);
    scene.record(record);
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

fn consent_unknown() -> Report {
    let mut scene = sound();
    scene.erase();
    scene.publish();
    let mut evidence = scene.evidence();
    let grant = scene
        .log
        .entries
        .iter()
        .find(|entry| entry.record.digest() == scene.consent());
    let index = grant.unwrap().index;
    evidence.openings.retain(|opening| opening.index != index);
    scene.judge(&evidence, None)
}

fn controller_keys_missing() -> Report {
    followed_by(|scene| {
        let festival = Brand::festival();
        let mut claim = scene.brand_claim(ended(scene));
        (claim.issuer, claim.method) = (festival.did.clone(), Some(festival.method.clone()));
        claim.sign(&festival.key)
    })
}

fn ended_between() -> Report {
    let mut scene = sound();
    let between = scene.clock;
    scene.pass(60);
    scene.withdraw();
    scene.publish();
    scene.judge(&scene.evidence(), Some(between))
}

fn events_omitted() -> Report {
    let mut scene = sound();
    let last = scene.erase();
    scene.publish();
    let mut evidence = scene.evidence();
    evidence.openings.retain(|opening| opening.index != last);
    evidence.anchors.truncate(1);
    scene.judge(&evidence, None)
}

fn explicit_act_missing() -> Report {
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

fn grant_missing() -> Report {
    let mut scene = sound();
    scene.register();
    scene.publish();
    let mut evidence = scene.evidence();
    let grant = scene
        .log
        .entries
        .iter()
        .find(|entry| entry.record.digest() == scene.consent());
    let index = grant.unwrap().index;
    evidence.openings.retain(|opening| opening.index != index);
    scene.judge(&evidence, None)
}

fn grant_outside_request() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(renewal(scene, |_| {}));
        claim.until = Some(scene.clock.plus(p("P2Y1D")));
        claim.sign(&scene.person)
    })
}

fn guardian_unsupported() -> Report {
    asked(|request| request.audience.may_include_children = true)
}

fn illegal_transition() -> Report {
    let mut scene = sound();
    let first = scene.state.clone();
    scene.use_curve(placet_kernel::sign::Algorithm::P256);
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

fn log_untrusted() -> Report {
    let scene = sound();
    let mut file = scene.trust_file();
    file.logs = vec![TestLog::new("other.example/log").keys()];
    let bytes = scene.evidence().to_bytes().unwrap();
    bundle::verify(&bytes, Some(&trust(&file)), scene.clock, None).unwrap()
}

fn narrowing_matches_nothing() -> Report {
    followed_by(|scene| {
        let value = Value::Category(p("pd:Disability"));
        let pattern = Pattern::Value { purpose: None, value };
        let body = narrowing(scene, |n| n.removed = Patterns::try_from(vec![pattern]).unwrap());
        scene.claim(body).sign(&scene.person)
    })
}

fn narrowing_nothing_remains() -> Report {
    followed_by(|scene| {
        let all = scene.state().scope.clauses().iter();
        let patterns: Vec<Pattern> = all.map(|clause| Pattern::Clause(Box::new(clause.clone()))).collect();
        let body = narrowing(scene, |n| n.removed = Patterns::try_from(patterns).unwrap());
        scene.claim(body).sign(&scene.person)
    })
}

fn no_checkpoint() -> Report {
    spoilt(|_, evidence| evidence.checkpoints.clear())
}

fn no_quorum() -> Report {
    let mut scene = sound();
    let one = scene.witnesses[0].clone();
    scene.publish_by(&[(&one, scene.clock)]);
    scene.judge(&scene.evidence(), None)
}

fn no_trust() -> Report {
    let scene = sound();
    bundle::verify(&scene.evidence().to_bytes().unwrap(), None, scene.clock, None).unwrap()
}

fn not_in_force() -> Report {
    let mut scene = sound();
    scene.withdraw();
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

fn not_included() -> Report {
    spoilt(|_, evidence| evidence.openings.last_mut().unwrap().salt = Salt::from_bytes([7; 32]))
}

fn not_shown_after() -> Report {
    spoilt(|_, evidence| evidence.attestations.clear())
}

fn not_shown_before() -> Report {
    let scene = sound();
    scene.judge(&scene.evidence(), Some(p("2026-11-22T05:00:00Z")))
}

fn notice_invalid() -> Report {
    spoilt(|scene, evidence| {
        let Body::ConsentRequest(request) = &scene.request.record.body else {
            panic!()
        };
        evidence.notices.push(canonical(&notice(request, &p("fr"), "")).bytes);
    })
}

fn notice_missing() -> Report {
    spoilt(|_, evidence| evidence.notices.clear())
}

fn notice_repeated() -> Report {
    spoilt(|_, evidence| evidence.notices.push(evidence.notices[0].clone()))
}

fn openings_unordered() -> Report {
    spoilt(|_, evidence| evidence.openings.push(evidence.openings.last().unwrap().clone()))
}

fn previous_forked() -> Report {
    followed_by(|scene| {
        let body = narrowing(scene, |n| n.previous = Digest::of(b"no record"));
        scene.claim(body).sign(&scene.person)
    })
}

fn previous_stale() -> Report {
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

fn record_malformed() -> Report {
    spoilt(|_, evidence| evidence.openings.last_mut().unwrap().record = b"{}".to_vec())
}

fn remaining_differs() -> Report {
    followed_by(|scene| {
        let body = narrowing(scene, |n| n.remaining = scene.state().scope.digest());
        scene.claim(body).sign(&scene.person)
    })
}

fn renewal_not_later() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(renewal(scene, |_| {}));
        claim.until = Some(scene.state().valid_until);
        claim.sign(&scene.person)
    })
}

fn renewal_widens() -> Report {
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

fn request_repeated() -> Report {
    let mut scene = sound();
    scene.record(scene.request.clone());
    scene.publish();
    scene.judge(&scene.evidence(), None)
}

fn request_unknown() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(renewal(scene, |renewal| renewal.request = Digest::of(b"no request")));
        claim.until = Some(scene.clock.plus(p("P1Y6M")));
        claim.sign(&scene.person)
    })
}

fn scope_criminal_category() -> Report {
    asked_for(clause(
        "checks",
        "dpv:RequestedServiceProvision",
        &["pd:CriminalConviction"],
        &["dpv:Use"],
    ))
}

fn scope_not_separate() -> Report {
    asked_for(clause(
        "seats",
        "dpv:RequestedServiceProvision",
        &["pd:Disability", "pd:Interest"],
        &["dpv:Use"],
    ))
}

fn scope_not_specific() -> Report {
    asked_for(clause("anything", "dpv:Marketing", &["pd:Interest"], &["dpv:Use"]))
}

fn time_in_future() -> Report {
    let scene = sound();
    let bytes = scene.evidence().to_bytes().unwrap();
    bundle::verify(&bytes, Some(&scene.trust()), scene.clock.minus_seconds(3600), None).unwrap()
}

fn unexpected_opening() -> Report {
    beside(|scene| Brand::festival().keys_record(&scene.log.origin, &scene.log.operator, scene.clock))
}

fn unsupported_version() -> Report {
    spoilt(|_, evidence| {
        let record = &mut evidence.openings.last_mut().unwrap().record;
        let text = String::from_utf8(record.clone()).unwrap();
        assert!(text.contains("\"version\":1}"));
        *record = text.replace("\"version\":1}", "\"version\":2}").into_bytes();
    })
}

fn vocabulary_unknown() -> Report {
    asked(|request| request.vocabulary = Digest::of(b"another table"))
}

fn wrong_domain() -> Report {
    followed_by(|scene| {
        let mut claim = scene.claim(erasure_body(scene, scene.anchor()));
        claim.domain = p("other.example/log");
        claim.sign(&scene.person)
    })
}

fn wrong_signer() -> Report {
    followed_by(|scene| {
        let stranger = TestLog::new("other.example/log").operator;
        scene.brand.keys_record(&scene.log.origin, &stranger, scene.clock)
    })
}

/// A further request of the brand's, which breaks a rule; nothing answers it.
fn asked(spoil: impl FnOnce(&mut ConsentRequest)) -> Report {
    beside(|scene| {
        let mut request = offer(&[&scene.brand], vec![newsletter()], 0).request;
        spoil(&mut request);
        let body = Body::ConsentRequest(Box::new(request));
        scene.brand_claim(body).sign(&scene.brand.key)
    })
}

fn asked_for(clause: Clause) -> Report {
    asked(|request| request.clauses = scope_of(&[clause]))
}

fn scope_of(clauses: &[Clause]) -> Scope {
    Scope::new(clauses.to_vec()).unwrap()
}

fn choices(scope: &Scope) -> Vec<Choice> {
    let choice = |clause: &Clause| Choice {
        clause: clause.digest(),
        initial: Initial::Off,
        act: Act::Selected,
    };
    scope.clauses().iter().map(choice).collect()
}

fn ended(scene: &Scene) -> Body {
    Body::EndedByController(EndedByController {
        version: Version,
        consent: scene.consent(),
        reason: p("The club was closed."),
    })
}

fn erasure_body(scene: &Scene, anchor: Anchor) -> Body {
    Body::ErasureRequest(ErasureRequest {
        version: Version,
        consent: scene.consent(),
        ground: None,
        categories: None,
        anchor,
    })
}

/// An erasure request whose anchor's size is moved.
fn erasure(scene: &Scene, mut anchor: Anchor, by: u64) -> placet_schemas::record::CanonicalRecord {
    anchor.size += by;
    scene.claim(erasure_body(scene, anchor)).sign(&scene.person)
}

fn narrowing(scene: &Scene, spoil: impl FnOnce(&mut Narrowing)) -> Body {
    let state = scene.state();
    let value = Value::Category(p("pd:Interest"));
    let patterns = vec![Pattern::Value { purpose: None, value }];
    let mut narrowing = Narrowing {
        version: Version,
        consent: state.consent,
        previous: *state.chain.last().unwrap(),
        remaining: state
            .scope
            .without(&patterns)
            .map_or(Digest::of(b"nothing"), |scope| scope.digest()),
        removed: Patterns::try_from(patterns).unwrap(),
        anchor: scene.anchor(),
    };
    spoil(&mut narrowing);
    Body::Narrowing(Box::new(narrowing))
}

fn renewal(scene: &Scene, spoil: impl FnOnce(&mut Renewal)) -> Body {
    let state = scene.state();
    let mut renewal = Renewal {
        version: Version,
        consent: state.consent,
        previous: *state.chain.last().unwrap(),
        request: state.request,
        shown: Shown {
            notice: scene.notices[0].digest(),
            language: p("en"),
            page: p("page 1"),
            choices: choices(&state.scope),
        },
        scope: state.scope.clone(),
        strength: Strength::SubjectKey,
        anchor: scene.anchor(),
    };
    spoil(&mut renewal);
    Body::Renewal(Box::new(renewal))
}

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
    let built = placet_wallet::records::withdraw(scene.state(), None, &scene.pen()).unwrap();
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
    let report = scene.judge_bytes(&placet_schemas::json::to_jcs(&bundle).unwrap(), None);
    assert_eq!(super::answers(&report), (Verdict::CannotTell, Verdict::CannotTell));
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
        .insert(at, placet_kernel::bundle::CheckpointEvidence { note, consistency });
    let report = scene.judge(&evidence, None);
    assert_eq!(against(&report, Question::Recorded), ["checkpoint_inconsistent"].into());
}
