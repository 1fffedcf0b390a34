//! Each finding's code, by a bundle that has this one fault and no other.

mod events;
mod parts;
mod said;
mod setting;

use std::collections::BTreeSet;

use placet_kernel::bundle::{Question, Report, Verdict, Weight};

use super::{against, decided, source};

pub(super) use parts::{attestation_contradicted, no_trust};
pub(super) use said::erasure_body;
pub(super) use setting::sound;

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
    ("anchor_impossible", &[], parts::anchor_impossible),
    ("anchor_invalid", &[], parts::anchor_invalid),
    ("anchor_repeated", &[], parts::anchor_repeated),
    ("anchor_unproven", &[], parts::anchor_unproven),
    ("anchor_unused", &[], parts::anchor_unused),
    ("as_of_in_future", &[], parts::as_of_in_future),
    ("attestation_contradicted", &[], parts::attestation_contradicted),
    ("attestation_contradicted", &[], parts::events_miscounted),
    ("attestation_invalid", &[], parts::attestation_invalid),
    ("bad_authorization", &[], events::bad_authorization),
    ("bad_signature", &[], events::bad_signature),
    ("chain_full", &[], events::chain_full),
    ("checkpoint_inconsistent", &[], parts::checkpoint_inconsistent),
    ("checkpoint_invalid", &["no_checkpoint"], parts::checkpoint_invalid),
    ("consent_ended", &[], events::consent_ended),
    ("consent_ended", &[], events::held_after_the_end),
    ("consent_expired", &[], events::consent_expired),
    ("consent_unknown", &["grant_missing"], events::consent_unknown),
    ("controller_keys_missing", &[], events::controller_keys_missing),
    ("ended_between", &[], parts::ended_between),
    ("ended_since", &[], parts::ended_since),
    ("events_omitted", &["not_shown_after"], parts::events_omitted),
    ("events_omitted", &["not_shown_after"], parts::withdrawal_omitted),
    ("explicit_act_missing", &[], events::explicit_act_missing),
    ("grant_missing", &[], parts::grant_missing),
    ("grant_outside_request", &[], events::grant_outside_request),
    ("guardian_unsupported", &[], events::guardian_unsupported),
    ("illegal_transition", &[], events::illegal_transition),
    ("log_untrusted", &[], parts::log_untrusted),
    ("narrowing_matches_nothing", &[], events::narrowing_matches_nothing),
    ("narrowing_nothing_remains", &[], events::narrowing_nothing_remains),
    ("no_checkpoint", &[], parts::no_checkpoint),
    ("no_quorum", &[], parts::no_quorum),
    ("no_trust", &[], parts::no_trust),
    ("not_in_force", &[], parts::not_in_force),
    ("not_included", &[], parts::not_included),
    ("not_shown_after", &[], parts::not_shown_after),
    ("not_shown_before", &[], parts::not_shown_before),
    ("notice_invalid", &[], parts::notice_invalid),
    ("notice_missing", &[], parts::notice_missing),
    ("notice_repeated", &[], parts::notice_repeated),
    ("openings_unordered", &[], parts::openings_unordered),
    ("previous_forked", &[], events::previous_forked),
    ("previous_stale", &[], events::previous_stale),
    ("record_malformed", &[], parts::record_malformed),
    ("remaining_differs", &[], events::remaining_differs),
    ("renewal_not_later", &[], events::renewal_not_later),
    ("renewal_widens", &[], events::renewal_widens),
    ("request_repeated", &[], parts::request_repeated),
    ("request_unknown", &[], events::request_unknown),
    ("scope_criminal_category", &[], events::scope_criminal_category),
    ("scope_not_separate", &[], events::scope_not_separate),
    ("scope_not_specific", &[], events::scope_not_specific),
    ("time_in_future", &[], parts::time_in_future),
    ("unexpected_opening", &[], parts::unexpected_opening),
    ("unsupported_version", &[], parts::unsupported_version),
    ("vocabulary_unknown", &[], events::vocabulary_unknown),
    ("wrong_domain", &[], events::wrong_domain),
    ("wrong_signer", &[], events::wrong_signer),
];

/// Codes of notes, which bear on no answer: shown by a withdrawal that counts all the same.
pub(super) const NOTES: [&str; 3] = ["anchor_unknown", "time_contradicted", "wrong_domain"];

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
    covered.extend(decided::codes().map(str::to_owned));
    covered.extend(NEVER.map(|(code, _)| code.to_owned()));
    let missing: Vec<String> = source::codes().difference(&covered).cloned().collect();
    assert_eq!(missing, [""; 0], "codes in the source without a case");
}
