//! Files that prove nothing, or nothing yet: each code once, and nothing that is no file at all.

use placet_kernel::bundle::{Verdict, Weight};
use placet_kernel::misbehaviour::{
    self, Accusation, Claim, Difference, Event, FeedDifference, Gap, Opening, Statement,
};
use placet_kernel::trust::Sizes;
use placet_schemas::id::Digest;
use placet_schemas::json::FaultCode;
use placet_schemas::statement::FeedHead;
use placet_tests::history::{History, digest};
use placet_tests::log::{trust, trust_file};
use placet_tests::scene::Scene;

use super::{ORIGIN, cinema, codes, event, gym, judge, judge_by, now, public, record};

/// A log, and another that its operator signed with the same keys.
fn forked() -> (History, Accusation) {
    let [one, other] = ["one", "other"].map(|name| {
        let mut history = History::new(ORIGIN);
        history.batch(&[public("request"), event("grant", "grant"), public(name)]);
        history
    });
    let accusation = Accusation {
        origin: one.origin.clone(),
        claim: fork(&one, &other),
    };
    (one, accusation)
}

fn fork(one: &History, other: &History) -> Claim {
    Claim::Fork {
        views: Box::new([
            Statement::Checkpoint(one.checkpoint(3)),
            Statement::FeedHead(other.sign(other.head(&cinema(), 3, now()))),
        ]),
        ground: Difference::Prefix {
            root: other.tree.root(3),
            consistency: Vec::new(),
        },
    }
}

fn bytes(accusation: &Accusation) -> String {
    String::from_utf8(accusation.to_bytes().unwrap()).unwrap()
}

#[test]
fn without_a_trusted_key_nothing_can_be_told() {
    let (history, accusation) = forked();
    let bytes = accusation.to_bytes().unwrap();
    let report = misbehaviour::verify(&bytes, None, now()).unwrap();
    assert_eq!((report.proved, codes(&report)), (Verdict::CannotTell, vec!["no_trust"]));
    assert_eq!(report.trust.fingerprints.len(), 2, "{:?}", report.trust.fingerprints);
    assert!(report.trust.fingerprints.contains(&history.operator.did().to_string()));

    let other = History::new("other.example/log").trust();
    let report = misbehaviour::verify(&bytes, Some(&other), now()).unwrap();
    assert_eq!(
        (report.proved, codes(&report)),
        (Verdict::CannotTell, vec!["log_untrusted"])
    );
    assert!(report.said.is_empty() && report.contradiction.is_none());
    for finding in report.findings {
        assert!(!finding.help.is_empty() && finding.weight == Weight::Missing);
    }
}

#[test]
fn a_newer_format_is_told_apart_from_a_broken_one() {
    let (history, accusation) = forked();
    let text = bytes(&accusation).replace(r#""version":1}"#, r#""version":2}"#);
    // The first is the head's own version, the second the file's.
    assert_eq!(text.matches(r#""version":2}"#).count(), 2, "{text}");
    let report = misbehaviour::verify(text.as_bytes(), Some(&history.trust()), now()).unwrap();
    assert_eq!(
        (report.proved, codes(&report)),
        (Verdict::CannotTell, vec!["unsupported_version"])
    );
    assert_eq!(report.kind, None);
}

#[test]
fn what_is_no_misbehaviour_file_is_refused_with_its_place() {
    let (history, accusation) = forked();
    let good = bytes(&accusation);
    for (from, to, pointer, code) in [
        (
            r#""type":"Misbehaviour""#,
            r#""type":"Misconduct""#,
            "/type",
            FaultCode::InvalidValue,
        ),
        (
            r#""kind":"fork""#,
            r#""kind":"spoon""#,
            "/kind",
            FaultCode::InvalidValue,
        ),
        (
            r#""kind":"fork""#,
            r#""kind":"feedFork""#,
            "/statements",
            FaultCode::InvalidValue,
        ),
        (
            r#""is":"prefix""#,
            r#""is":"shrunk""#,
            "/ground/is",
            FaultCode::InvalidValue,
        ),
        (
            r#""consistency":[]"#,
            r#""consistency":["AA=="]"#,
            "/ground/consistency/0",
            FaultCode::InvalidValue,
        ),
        (r#"{"ground""#, r#"{"an":1,"ground""#, "/an", FaultCode::UnknownMember),
        (
            r#""is":"prefix""#,
            r#""is":"prefix","no":1"#,
            "/ground/no",
            FaultCode::UnknownMember,
        ),
        (r#""kind":"fork","#, "", "/kind", FaultCode::MissingMember),
        (
            r#""type":"FeedHead""#,
            r#""type":"FeedTail""#,
            "/statements/1",
            FaultCode::InvalidValue,
        ),
        (
            r#"{"note":"#,
            r#"{"note":1,"text":"#,
            "/statements/0/text",
            FaultCode::UnknownMember,
        ),
        (r#","origin""#, r#", "origin""#, "", FaultCode::NotCanonical),
    ] {
        assert_ne!(good, good.replacen(from, to, 1), "{from} is not there");
        let broken = good.replacen(from, to, 1);
        let fault = misbehaviour::verify(broken.as_bytes(), Some(&history.trust()), now()).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.code), (pointer, code), "{from} -> {to}");
    }
    let huge = vec![b' '; misbehaviour::MAX_MISBEHAVIOUR_BYTES + 1];
    assert!(misbehaviour::verify(&huge, None, now()).is_err());
}

#[test]
fn files_are_recognised_by_their_type_in_any_version() {
    let (_, accusation) = forked();
    let good = bytes(&accusation);
    assert!(misbehaviour::is_misbehaviour(good.as_bytes()));
    assert!(misbehaviour::is_misbehaviour(br#"{"type":"Misbehaviour","version":7}"#));
    for other in ["", "[]", r#"{"type":"EvidenceBundle"}"#, r#"{"kind":"fork"}"#] {
        assert!(!misbehaviour::is_misbehaviour(other.as_bytes()), "{other}");
    }
}

/// A key accuses only for the sizes that the trust file gives it.
#[test]
fn keys_count_for_their_sizes_only() {
    let (history, accusation) = forked();
    let range = |from, to| Sizes { from, to };
    for (checkpoint, operator, expected) in [
        (Sizes::ALL, Sizes::ALL, vec![]),
        (range(3, Some(3)), range(3, Some(3)), vec![]),
        (range(4, None), Sizes::ALL, vec!["checkpoint_invalid"]),
        (range(0, Some(2)), Sizes::ALL, vec!["checkpoint_invalid"]),
        (Sizes::ALL, range(4, None), vec!["signer_untrusted"]),
        (
            range(4, None),
            range(0, Some(2)),
            vec!["checkpoint_invalid", "signer_untrusted"],
        ),
    ] {
        let mut keys = history.keys();
        keys.checkpoint_keys[0].sizes = checkpoint;
        keys.operator_keys[0].sizes = operator;
        let report = judge_by(&trust(&trust_file(keys, &[], 0)), &history, accusation.claim.clone());
        assert_eq!(codes(&report), expected);
        let verdict = if expected.is_empty() {
            Verdict::Holds
        } else {
            Verdict::Fails
        };
        assert_eq!(report.proved, verdict);
        assert_eq!(report.said.len(), 2 - expected.len());
    }
}

#[test]
fn what_was_not_signed_by_this_operator_accuses_nobody() {
    let (history, accusation) = forked();
    let Claim::Fork { views, ground } = &accusation.claim else {
        panic!("it is a fork")
    };
    let Statement::FeedHead(head) = &views[1] else {
        panic!("it is a head")
    };
    let with = |second: Statement| Claim::Fork {
        views: Box::new([views[0].clone(), second]),
        ground: ground.clone(),
    };
    let mut forged = head.clone();
    forged.statement.time = now().plus_seconds(1);
    let stranger = placet_wallet::keys::SoftwareKey::ed25519_from_seed(&[1; 32]);
    let strange = placet_kernel::sign::sign_statement(head.statement.clone(), &stranger).unwrap();
    let mut named = strange.clone();
    named.signed_by = history.operator.did();
    let mut elsewhere = history.head(&cinema(), 3, now());
    elsewhere.origin = placet_tests::p("other.example/log");
    let note = |text: String| Statement::Checkpoint(text);
    for (second, code) in [
        (Statement::FeedHead(forged), "signature_invalid"),
        (Statement::FeedHead(strange), "signer_untrusted"),
        (Statement::FeedHead(named), "signature_invalid"),
        (Statement::FeedHead(history.sign(elsewhere)), "other_log"),
        (note(History::new("other.example/log").checkpoint(0)), "other_log"),
        (note(String::new()), "other_log"),
        (
            note(history.checkpoint(3).replace("\n3\n", "\n2\n")),
            "checkpoint_invalid",
        ),
    ] {
        let report = judge(&history, with(second));
        assert_eq!((report.proved, codes(&report)), (Verdict::Fails, vec![code]));
        assert_eq!(report.said.len(), 1, "the other statement is told all the same");
    }
}

#[test]
fn what_fits_together_or_not_at_all_proves_nothing() {
    let (one, accusation) = forked();
    let Claim::Fork { views, .. } = accusation.claim else {
        panic!("it is a fork")
    };
    let head = |head: FeedHead| Box::new(one.sign(head));
    let ours = one.head(&cinema(), 3, now());
    let shorter = FeedHead {
        feed_size: 2,
        ..ours.clone()
    };
    let theirs = FeedHead {
        controller: gym(),
        ..shorter.clone()
    };
    let acknowledgement = || Box::new(one.sign(one.acknowledgement(2)));
    let gap = |head| Claim::AcknowledgementAgainstHead {
        acknowledgement: acknowledgement(),
        head,
        ground: Gap::Missing,
    };
    let feeds = |first: &FeedHead, second: &FeedHead| Claim::FeedFork {
        heads: Box::new([one.sign(first.clone()), one.sign(second.clone())]),
        ground: FeedDifference::Shrunk,
    };
    let smaller_second = Claim::Fork {
        views: Box::new([views[0].clone(), Statement::Checkpoint(one.checkpoint(2))]),
        ground: Difference::Prefix {
            root: one.tree.root(2),
            consistency: one.tree.consistency(2, 3),
        },
    };
    let proofless = Claim::Fork {
        views: Box::new([Statement::Checkpoint(one.checkpoint(2)), views[1].clone()]),
        ground: Difference::Prefix {
            root: one.tree.root(2),
            consistency: Vec::new(),
        },
    };
    let consents = |first: u64, second: u64| Claim::AttestationAgainstEvent {
        attestation: Box::new(Statement::Acknowledgement(one.sign(one.acknowledgement(first)))),
        event: Box::new(Event::Stated(Statement::Acknowledgement(
            one.sign(one.acknowledgement(second)),
        ))),
    };
    for (claim, code) in [
        (feeds(&ours, &theirs), "other_controller"),
        (gap(head(theirs)), "other_controller"),
        (feeds(&shorter, &ours), "no_contradiction"),
        (gap(head(ours.clone())), "no_contradiction"),
        (smaller_second, "statements_order"),
        (proofless, "proof_invalid"),
        (consents(0, 1), "other_consent"),
        (consents(1, 0), "other_consent"),
        (consents(1, 1), "no_contradiction"),
    ] {
        let report = judge(&one, claim);
        assert_eq!((report.proved, codes(&report)), (Verdict::Fails, vec![code]));
        assert!(!report.findings[0].help.is_empty());
    }
    let later = FeedHead {
        time: now().plus_seconds(601),
        ..shorter
    };
    let report = judge(&one, gap(head(later)));
    assert_eq!(
        (report.proved, codes(&report)),
        (Verdict::Holds, vec!["time_in_future"])
    );
}

#[test]
fn an_opened_record_that_cannot_be_read_proves_nothing_and_a_newer_one_nothing_yet() {
    let mut scene = Scene::new();
    let grant = scene.grant();
    scene.withdraw();
    let size = scene.log.size();
    let said = scene.log.statement(scene.consent(), size, grant, scene.consent());
    let opening = scene.log.opening(grant + 1, size);
    let text = String::from_utf8(opening.record.clone()).unwrap();
    for (from, to, expected) in [
        (
            r#""version":1"#,
            r#""version":2"#,
            (Verdict::CannotTell, "unsupported_version"),
        ),
        (r#""@context""#, r#""@Context""#, (Verdict::Fails, "record_malformed")),
    ] {
        assert!(text.contains(from), "{text}");
        let claim = Claim::AttestationAgainstEvent {
            attestation: Box::new(Statement::StateAttestation(scene.log.sign(said.clone()))),
            event: Box::new(Event::Opened {
                opening: Opening {
                    index: opening.index,
                    salt: opening.salt.clone(),
                    record: text.replace(from, to).into_bytes(),
                    proof: opening.proof.clone(),
                },
                view: None,
            }),
        };
        let origin = scene.log.origin.clone();
        let bytes = Accusation { origin, claim }.to_bytes().unwrap();
        let report = misbehaviour::verify(&bytes, Some(&scene.trust()), scene.clock).unwrap();
        assert_eq!((report.proved, codes(&report)), (expected.0, vec![expected.1]));
    }
    assert_ne!(digest(&scene.log.tree.root(size)), Digest::of(b""));
    assert_eq!(record("a"), Digest::of(b"a"));
}
