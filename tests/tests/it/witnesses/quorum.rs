//! What readers get of a log whose checkpoints witnesses cosign.

use std::thread;
use std::time::Duration;

use placet_kernel::bundle::{self, Report, Verdict};
use placet_kernel::trust::Trust;
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;
use placet_tests::process::{NodeProcess, now};
use placet_tests::watch::quorum;

use super::{Town, file, published, signatures, size_of, soon};

/// The evidence of a consent.
fn evidence(town: &Town, node: &NodeProcess, consent: &Digest, as_of: Option<Timestamp>) -> Vec<u8> {
    let query = as_of.map(|time| format!("?as_of={time}")).unwrap_or_default();
    town.shop
        .caller(node)
        .get(&format!("/v1/consents/{consent}/evidence{query}"))
}

fn judge(evidence: &[u8], trust: &Trust, as_of: Option<Timestamp>) -> Report {
    let report = bundle::verify(evidence, Some(trust), now().plus_seconds(2), as_of).unwrap();
    assert_eq!(report.recorded, Verdict::Holds, "{:?}", report.findings);
    report
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn evidence_is_in_force_a_moment_ago_by_a_quorum_of_two_witnesses() {
    let town = Town::new();
    let (one, two) = (town.witness("w1.example"), town.witness("w2.example"));
    let node = town.node(&[&one.setting(), &two.setting()], &[]);
    let (customer, grant) = town.given(&node, "Ada");
    let consent = grant.state.consent;
    let both = quorum(&town.trust, &[&one.vkey, &two.vkey], 2);

    let asked = now();
    let given = evidence(&town, &node, &consent, None);
    let report = judge(&given, &both, None);
    assert_eq!(report.in_force, Verdict::Holds, "{:?}", report.findings);
    let at = report.at.unwrap();
    assert!(at.unix() + 3 >= asked.unix(), "in force at {at}, asked at {asked}");

    // The proof of a record, and the published checkpoint, have the log's own two signatures and both witnesses'.
    let proof = town.shop.caller(&node).get(&format!("/v1/records/{consent}/proof"));
    assert_eq!(signatures(str::from_utf8(&proof).unwrap()), 4);
    soon("the published checkpoint is cosigned", || {
        signatures(&published(&node)) == 4
    });
    soon("so is the file", || file(&town.path("node")) == published(&node));

    // Afterwards, in one bundle: in force before the withdrawal, and not after it.
    thread::sleep(Duration::from_millis(2100));
    town.shop
        .caller(&node)
        .post("/v1/records", &town.withdrawal(&customer, &grant));
    thread::sleep(Duration::from_millis(2100));
    let later = evidence(&town, &node, &consent, Some(at));
    assert_eq!(judge(&later, &both, Some(at)).in_force, Verdict::Holds);
    let ended = judge(&evidence(&town, &node, &consent, None), &both, None);
    assert_eq!((ended.in_force, codes(&ended)), (Verdict::Fails, vec!["not_in_force"]));
}

#[test]
fn a_missing_witness_is_missing_evidence_and_the_nodes_own_cosigner_is_no_substitute() {
    let town = Town::new();
    let (one, two) = (town.witness("w1.example"), town.witness("w2.example"));
    let settings = [one.setting(), two.setting()];
    let second = two.vkey.clone();
    two.kill();
    let node = town.node(&[&settings[0], &settings[1]], &[]);
    let (_, grant) = town.given(&node, "Ada");
    let given = evidence(&town, &node, &grant.state.consent, None);

    let of_both = judge(&given, &quorum(&town.trust, &[&one.vkey, &second], 2), None);
    assert_eq!(
        (of_both.in_force, codes(&of_both)),
        (Verdict::CannotTell, vec!["no_quorum"])
    );
    let of_one = judge(&given, &quorum(&town.trust, &[&one.vkey, &second], 1), None);
    assert_eq!(of_one.in_force, Verdict::Holds);
}

#[test]
fn evidence_is_stripped_for_a_reader_who_pins_fewer_witnesses() {
    let town = Town::new();
    let (one, two) = (town.witness("w1.example"), town.witness("w2.example"));
    let node = town.node(&[&one.setting(), &two.setting()], &[]);
    let (_, grant) = town.given(&node, "Ada");
    let given = evidence(&town, &node, &grant.state.consent, None);

    let first = quorum(&town.trust, &[&one.vkey], 1);
    let whole = bundle::verify(&given, Some(&first), now().plus_seconds(2), None).unwrap();
    assert_eq!(
        whole.recorded,
        Verdict::Fails,
        "a signature that nobody can check is refused"
    );
    let stripped = bundle::strip(&given, &first).unwrap();
    assert_eq!(judge(&stripped, &first, None).in_force, Verdict::Holds);
    assert_eq!(bundle::strip(&stripped, &first).unwrap(), stripped);
    let both = quorum(&town.trust, &[&one.vkey, &two.vkey], 2);
    assert_eq!(
        bundle::strip(&given, &both).unwrap(),
        given,
        "nothing is left out for who pins both"
    );
    let none = Trust::parse(&serde_json::to_vec(&town.trust).unwrap()).unwrap();
    assert_eq!(
        judge(&bundle::strip(&given, &none).unwrap(), &none, None).in_force,
        Verdict::Holds
    );
}

#[test]
fn an_idle_log_is_cosigned_again_and_one_that_was_never_cosigned_starts_at_once() {
    let town = Town::new();
    let witness = town.witness("w1.example");
    // The first submission is of a tree that grew before the witness knew it.
    let node = town.node(&[&witness.setting()], &[]);
    soon("the head is cosigned", || signatures(&published(&node)) == 3);
    assert_eq!(size_of(&published(&node)), 2);
    let (_, grant) = town.given(&node, "Ada");
    let first = judge(
        &evidence(&town, &node, &grant.state.consent, None),
        &quorum(&town.trust, &[&witness.vkey], 1),
        None,
    );
    thread::sleep(Duration::from_secs(4));
    let again = judge(
        &evidence(&town, &node, &grant.state.consent, None),
        &quorum(&town.trust, &[&witness.vkey], 1),
        None,
    );
    assert!(
        again.at > first.at,
        "evidence asks for a fresh cosignature: {:?} {:?}",
        first.at,
        again.at
    );
}
