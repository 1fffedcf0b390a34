//! The decisions of a bundle: who signed each, whether it was right by what the log had at its head, and since when it is in
//! the log.
//!
//! A decision is right if its head is a true state of this log, and the consent, as the records below that head tell it,
//! permits or denies as it says. What rests on the brand's policy, on its register, on the verifier's own state or on other
//! consents of the person is not in the bundle: it is told apart, and never taken for proven.

mod anchored;
mod right;

use std::collections::BTreeSet;

use placet_schemas::id::Did;

use super::chain::Chain;
use super::checkpoints::Seen;
use super::format::{DecisionPart, Unverified};
use super::place;
use super::verdict::{DecisionReport, Findings, Question, Verdict};
use crate::authorization::{self, AuthorizationError};
use crate::decision::{self, SignedDecision};
use crate::trust::Log;

/// What is known of the log and the consent when decisions are judged.
pub(super) struct Judge<'a, 'b> {
    pub(super) bundle: &'a Unverified<'b>,
    pub(super) log: &'a Log,
    pub(super) chain: &'a Chain,
    pub(super) seen: &'a [Seen],
    pub(super) head: &'a Seen,
    /// The checkpoints, by position, whose last event of the consent is attested and in the bundle.
    pub(super) attested: &'a BTreeSet<usize>,
    pub(super) recorded: Verdict,
}

/// Judges a decision that came alone: its signature, and nothing else can be told.
#[must_use]
pub fn bare_decision(compact: &str) -> DecisionReport {
    alone(
        compact.trim_end_matches(['\n', '\r']),
        String::new(),
        "decision_alone",
        "the decision came without the bundle of its consent",
        "ask the brand, or its verifier, for the bundle that it belongs to",
    )
}

/// The decisions of a bundle in which nothing can be judged.
pub(super) fn unjudged(bundle: &Unverified<'_>) -> Vec<DecisionReport> {
    let one = |(at, part): (usize, &DecisionPart<'_>)| {
        alone(
            part.decision,
            place("decisions", at),
            "bundle_unjudged",
            "the bundle that it stands in could not be judged",
            "see what is said of the bundle",
        )
    };
    bundle.decisions.iter().enumerate().map(one).collect()
}

fn alone(compact: &str, place: String, code: &'static str, why: &str, help: &'static str) -> DecisionReport {
    let mut findings = Findings::default();
    let read = read(compact, &place, &mut findings);
    for question in [Question::Signed, Question::Right, Question::Anchored] {
        findings.missing(question, code, place.clone(), why, help);
    }
    report(place, read, findings, None)
}

fn read(compact: &str, place: &str, findings: &mut Findings) -> Option<SignedDecision> {
    let fault = match decision::read(compact) {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    let place = format!("{place}/decision");
    findings.wrong(Question::Signed, "decision_invalid", place, fault.to_string());
    None
}

impl Judge<'_, '_> {
    pub(super) fn all(&self) -> Vec<DecisionReport> {
        let parts = self.bundle.decisions.iter().enumerate();
        parts.map(|(at, part)| self.one(place("decisions", at), part)).collect()
    }

    fn one(&self, place: String, part: &DecisionPart<'_>) -> DecisionReport {
        let mut findings = Findings::default();
        let Some(read) = read(part.decision, &place, &mut findings) else {
            let why = "a decision that nobody signed says nothing";
            for question in [Question::Right, Question::Anchored] {
                findings.missing(
                    question,
                    "decision_invalid",
                    place.clone(),
                    why,
                    "ask for the decision as it was signed",
                );
            }
            return report(place, None, findings, None);
        };
        self.check_signer(&read, part, &place, &mut findings);
        let statement = &read.statement;
        if statement.origin == self.bundle.origin {
            right::check(self, &read, part, &place, &mut findings);
        } else {
            let why = format!("it was made by what another log says: {}", statement.origin);
            findings.wrong(Question::Right, "decision_other_log", place.clone(), why);
        }
        let existed_by = anchored::check(self, &read, part, &place, &mut findings);
        if self.recorded != Verdict::Holds {
            let help = "see what is said of the bundle";
            let why = "what the bundle says of the consent is not shown to be recorded";
            findings.missing(Question::Right, "bundle_not_recorded", place.clone(), why, help);
        }
        report(place, Some(read), findings, existed_by)
    }

    /// That the brand had authorised the signer for this log at that time, by the keys that were in force at the head.
    fn check_signer(&self, read: &SignedDecision, part: &DecisionPart<'_>, place: &str, findings: &mut Findings) {
        let SignedDecision { statement, signer, .. } = read;
        let (origin, controller) = (&statement.origin, &statement.controller);
        let keys = self.chain.keys_below(controller, size_of_head(read));
        let place = format!("{place}/authorization");
        match authorization::verify(part.authorization, origin, controller, keys, statement.evaluated_at) {
            Ok(authorized) if authorized.verifier() == signer => {}
            Ok(authorized) => {
                let why = format!("the brand authorised {}, and {signer} signed", authorized.verifier());
                findings.wrong(Question::Signed, "decision_unauthorized", place, why);
            }
            Err(AuthorizationError::ControllerUnknown(did)) => findings.missing(
                Question::Signed,
                "authorization_keys_missing",
                place,
                format!("the keys of {did} at the decision's head are not in the bundle"),
                "ask for a bundle with the ControllerKeys record",
            ),
            Err(error) => findings.wrong(Question::Signed, "authorization_invalid", place, error.to_string()),
        }
    }

    /// The registered controller of the consent.
    fn controller(&self) -> Option<&Did> {
        Some(&self.chain.state_at(u64::MAX)?.controller)
    }
}

/// The tree size that the decision rests on; a deny may rest on none.
fn size_of_head(read: &SignedDecision) -> u64 {
    read.head.as_ref().map_or(u64::MAX, |head| head.head().size)
}

fn report(
    place: String,
    read: Option<SignedDecision>,
    findings: Findings,
    existed_by: Option<placet_schemas::time::Timestamp>,
) -> DecisionReport {
    let (signer, decision, head) = match read {
        Some(read) => (Some(read.signer), Some(Box::new(read.statement)), read.head),
        None => (None, None, None),
    };
    DecisionReport {
        place,
        signed: findings.verdict(Question::Signed),
        right: findings.verdict(Question::Right),
        anchored: findings.verdict(Question::Anchored),
        existed_by,
        signer,
        decision,
        head: head.map(|head| Box::new(head.head().clone())),
        findings: findings.0,
    }
}
