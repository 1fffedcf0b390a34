//! The same from what a person shows of her consent, to somebody who knows nothing of it: her receipt, judged by
//! [`crate::receipt::verify_presented`].
//!
//! A receipt tells less than a replica knows. It does not say how strongly the person was known, nor whether she made an
//! express statement, so where either is needed the answer is a deny. It speaks of one consent: what she took back in another
//! is not in it. And what she did not disclose is not granted.

use placet_schemas::authzen::{Asked, DecisionStatement, Reason, ReasonCode};
use placet_schemas::id::{Did, Digest, RecordId};
use placet_schemas::json::{self, JcsError};
use placet_schemas::rules::{Demand, demand};
use placet_schemas::scope::{Clause, Scope};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_schemas::vocab::CategoryTerm;

use super::judge::{CATEGORIES, Covered, PURPOSE, covering};
use super::policy::Policy;
use super::state::{Granted, State};
use super::{elsewhere, permit, reason};
use crate::bundle::{Question, Verdict, Weight};
use crate::receipt::PresentedReport;

/// Decides by a receipt that was presented to the brand of `state`. Of the state, what the brand itself says counts: its
/// register, its policy, its requests. How old its replica is does not matter, as nothing of the person is taken from it; that
/// a request was replaced materially since is the issuer's to say, who voids what answered it.
///
/// Where `subject` is said, that person's receipt is the only one that is any good.
///
/// # Errors
/// When the question has no canonical form.
pub fn decide_presented(
    (asked, subject): (&Asked, Option<&Did>),
    shown: &PresentedReport,
    state: &State<'_>,
    policy: &Policy,
    now: Timestamp,
    id: RecordId,
) -> Result<DecisionStatement, JcsError> {
    // Clauses that cannot stand beside each other are nobody's yes.
    let granted = Scope::new(shown.receipt.scope.clone()).ok().map(|scope| Granted {
        explicit: vec![false; scope.clauses().len()],
        scope,
    });
    let outcome =
        founded((asked, subject), shown, state).and_then(|()| judge_all(asked, shown, granted.as_ref(), policy, now));
    let decision = outcome.is_ok();
    let (reasons, obligations, until) = match outcome {
        Ok(covered) => {
            let permit = permit(covered, policy, now);
            (permit.reasons, permit.obligations, Some(permit.until))
        }
        Err(reasons) => (reasons, Vec::new(), None),
    };
    Ok(DecisionStatement {
        version: Version,
        evaluation_id: id,
        evaluated_at: now,
        valid_until: until,
        origin: shown.trust.origin.clone().unwrap_or_else(|| state.origin.clone()),
        controller: state.controller.clone(),
        request: Digest::of(&json::to_jcs(asked)?),
        nonce: None,
        asked: Some(asked.clone()),
        decision,
        reasons,
        obligations,
        head: None,
        policy: state.rules,
    })
}

/// Whether the receipt is one by which anything can be decided for this brand.
fn founded(
    (asked, subject): (&Asked, Option<&Did>),
    shown: &PresentedReport,
    state: &State<'_>,
) -> Result<(), Vec<Reason>> {
    let whole = |code, path| Err(vec![reason(code, path)]);
    if state.broken {
        return whole(ReasonCode::ProofInvalid, "");
    }
    let verdicts = [
        (Question::Issued, shown.issued),
        (Question::Recorded, shown.recorded),
        (Question::Bound, shown.bound),
        (Question::InForce, shown.in_force),
    ];
    if let Some((question, verdict)) = verdicts.into_iter().find(|(_, verdict)| *verdict != Verdict::Holds) {
        return Err(vec![unfounded(shown, question, verdict)]);
    }
    if subject.is_some() && shown.receipt.sub.as_ref() != subject {
        return whole(ReasonCode::NoRecord, "/subject");
    }
    if !shown.names(state.controller) {
        return whole(ReasonCode::ControllerUnknown, "/controllers");
    }
    let elsewhere = elsewhere(asked, state);
    if !elsewhere.is_empty() {
        return Err(elsewhere);
    }
    let known = state.requests.get(&shown.receipt.request);
    if known.is_some_and(|request| request.superseded.is_some()) {
        return whole(ReasonCode::NoticeSuperseded, PURPOSE);
    }
    Ok(())
}

fn judge_all<'a>(
    asked: &Asked,
    shown: &PresentedReport,
    granted: Option<&'a Granted>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<Covered<'a>>, Vec<Reason>> {
    let granted = granted.ok_or_else(|| vec![reason(ReasonCode::PurposeNotNamed, PURPOSE)])?;
    let receipt = &shown.receipt;
    let until = Timestamp::from_unix(receipt.exp).unwrap_or(now);
    let (mut permitted, mut denied) = (Vec::new(), Vec::new());
    for category in asked.categories.iter() {
        match held(asked, *category, granted, policy) {
            Ok(clause) => permitted.push(Covered {
                reason: Reason {
                    category: Some(*category),
                    record: Some(receipt.record),
                    consent: Some(receipt.consent),
                    article: Some("6(1)(a)".to_owned()),
                    ..reason(ReasonCode::Permitted, CATEGORIES)
                },
                clause,
                valid_until: until,
            }),
            Err((code, path)) => denied.push(Reason {
                category: Some(*category),
                record: Some(receipt.record),
                consent: Some(receipt.consent),
                ..reason(code, path)
            }),
        }
    }
    if denied.is_empty() { Ok(permitted) } else { Err(denied) }
}

/// The clause that is shown and grants what is asked.
fn held<'a>(
    asked: &Asked,
    category: CategoryTerm,
    granted: &'a Granted,
    policy: &Policy,
) -> Result<&'a Clause, (ReasonCode, &'static str)> {
    let (clause, explicit) = covering(granted, asked, category)?;
    let rule = policy.of(&asked.purpose);
    if (demand(clause) == Demand::Explicit || rule.explicit) && !explicit {
        return Err((ReasonCode::ExplicitConsentMissing, PURPOSE));
    }
    if rule.min_strength.is_some() {
        return Err((ReasonCode::StrengthTooLow, PURPOSE));
    }
    Ok(clause)
}

/// What a receipt is worth nothing for, in the words of whoever judged it.
fn unfounded(shown: &PresentedReport, question: Question, verdict: Verdict) -> Reason {
    let mut found = shown.findings.iter().filter(|found| found.question == question);
    let found = found.find(|found| found.weight != Weight::Note);
    let code = match (question, verdict, found.map(|found| found.code)) {
        (Question::InForce, Verdict::Fails, Some("receipt_expired")) => ReasonCode::Expired,
        (Question::InForce, Verdict::Fails, _) => ReasonCode::Withdrawn,
        (Question::InForce, ..) => ReasonCode::StateStale,
        _ => ReasonCode::ProofInvalid,
    };
    let mut reason = reason(code, "");
    if let Some(found) = found {
        reason.path.clone_from(&found.place);
        reason.why = format!("{}: {}: {}", reason.why, found.code, found.why);
    }
    reason.consent = Some(shown.receipt.consent);
    reason
}
