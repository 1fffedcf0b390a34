//! May this be done with this person's data, now? [`decide`] answers from what a verified replica knows.
//!
//! In scope: the question (AuthZEN, read by [`placet_schemas::authzen`]), what is known of the person's consents, the brand's
//! policy and register, the age of what is known. Out of scope: where it is known from ([`crate::feed`] verifies that), and
//! who may ask.
//!
//! Unknown is deny. The checks run from what makes every answer worthless to what is about one category alone:
//!
//! 1. the question can be understood (`request_malformed`);
//! 2. the evidence here holds (`proof_invalid`) and is young enough (`state_stale`);
//! 3. who asks is a controller of these consents (`controller_unknown`);
//! 4. consent is the basis of this processing (`basis_not_consent`);
//! 5. the customer is known (`customer_unknown`), and gave some consent (`no_record`);
//! 6. for each category: **the latest logged event about (purpose, category) decides, and what takes back beats every earlier
//!    yes**, whichever of her consents it is in. Then the consent of the latest yes is held against the question.
//!
//! An event is about (purpose, category) if it gives or restates it (grant, renewal), takes some of it away (narrowing, a
//! renewal of less), or ends a consent that granted it. What takes away decides about what it takes away and gives nothing: a
//! narrowing that brought an older yes back to life would let a person permit by taking back.

mod again;
mod disclosed;
mod history;
mod judge;
mod policy;
mod presented;
mod register;
mod signed;
mod state;

use placet_schemas::authzen::{Asked, DecisionStatement, Evaluation, Obligation, Reason, ReasonCode, Whom};
use placet_schemas::id::RecordId;
use placet_schemas::json::Fault;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_schemas::vocab::CategoryTerm;

pub(crate) use again::{Past, Permitted};
pub use disclosed::DisclosedHead;
pub use history::{History, Pool};
pub use policy::{MAX_STALENESS_SECONDS, MAX_VALID_FOR_SECONDS, Policy, PolicyError, PurposePolicy};
pub use presented::decide_presented;
pub use register::{
    Basis, MAX_REGISTER_BYTES, REGISTER_TYP, Register, RegisterEntry, RegisterError, RegisterStatement,
};
pub use signed::{DecisionError, MAX_DECISION_BYTES, SignedDecision, header, read, sign};
pub use state::{Consent, Direct, Event, Freshness, Granted, MAX_AHEAD_SECONDS, RequestFacts, Requests, State};

use judge::Covered;

/// Most of a fault that an answer repeats, of its place and of its message each.
const MAX_QUOTED_BYTES: usize = 512;

/// Decides. `id` is random: it makes the decision's hash unguessable, and names it in access reports.
#[must_use]
pub fn decide(
    evaluation: &Evaluation,
    state: &State<'_>,
    policy: &Policy,
    now: Timestamp,
    id: RecordId,
) -> DecisionStatement {
    let outcome = judge_all(evaluation, state, policy, now);
    let decision = outcome.is_ok();
    let (reasons, obligations, until) = match outcome {
        Ok(permit) => (permit.reasons, permit.obligations, Some(permit.until)),
        Err(reasons) => (reasons, Vec::new(), None),
    };
    DecisionStatement {
        version: Version,
        evaluation_id: id,
        evaluated_at: now,
        valid_until: until,
        origin: state.origin.clone(),
        controller: state.controller.clone(),
        request: evaluation.digest,
        nonce: evaluation.nonce.clone(),
        asked: evaluation.question.as_ref().ok().map(|question| question.asked.clone()),
        decision,
        reasons,
        obligations,
        head: state.freshness.map(|fresh| [fresh.head.digest().clone()]),
        policy: state.rules,
    }
}

struct Permit {
    reasons: Vec<Reason>,
    obligations: Vec<Obligation>,
    until: Timestamp,
}

fn judge_all(
    evaluation: &Evaluation,
    state: &State<'_>,
    policy: &Policy,
    now: Timestamp,
) -> Result<Permit, Vec<Reason>> {
    let question = evaluation.question.as_ref().map_err(|fault| vec![malformed(fault)])?;
    let whole = |code| Err(vec![reason(code, "")]);
    if state.broken {
        return whole(ReasonCode::ProofInvalid);
    }
    if state.is_stale(policy, now) {
        return whole(ReasonCode::StateStale);
    }
    if !state.has_controller(&question.controller) {
        return Err(vec![reason(ReasonCode::ControllerUnknown, "/subject/id")]);
    }
    let asked = &question.asked;
    let elsewhere = elsewhere(asked, state);
    if !elsewhere.is_empty() {
        return Err(elsewhere);
    }
    let consents = match (state.consents, &question.whom) {
        (Some(consents), _) => consents,
        (None, Whom::Customer(_)) => return Err(vec![reason(ReasonCode::CustomerUnknown, "/resource/id")]),
        // A pairwise DID says itself whose it is; that it gave nothing is all there is to know.
        (None, Whom::Person(_)) => &[],
    };
    let judged = asked
        .categories
        .iter()
        .map(|category| judge::category(question, *category, consents, state, policy, now));
    let (mut permitted, mut denied) = (Vec::new(), Vec::new());
    for outcome in judged {
        match outcome {
            Ok(covered) => permitted.push(covered),
            Err(reason) if !denied.contains(&*reason) => denied.push(*reason),
            Err(_) => {}
        }
    }
    if denied.is_empty() {
        Ok(permit(permitted, policy, now))
    } else {
        Err(denied)
    }
}

/// The categories for which the brand's register names another basis than consent.
fn elsewhere(asked: &Asked, state: &State<'_>) -> Vec<Reason> {
    let other = |category: &&CategoryTerm| {
        let register = state.register;
        register.is_some_and(|register| register.names_other(&asked.purpose, **category))
    };
    let reasons = asked.categories.iter().filter(other).map(|category| Reason {
        category: Some(*category),
        ..reason(ReasonCode::BasisNotConsent, "/context/purpose")
    });
    reasons.collect()
}

fn permit(covered: Vec<Covered<'_>>, policy: &Policy, now: Timestamp) -> Permit {
    let mut until = now.plus_seconds(policy.valid_for);
    let mut obligations = vec![Obligation::ReportAccess];
    let mut disclosed = false;
    for one in &covered {
        // A permit never outlives the consent.
        until = until.min(one.valid_until);
        disclosed |= one.clause.third_party.is_some();
        let delete = Obligation::DeleteAfter {
            period: one.clause.retention,
        };
        if !obligations.contains(&delete) {
            obligations.push(delete);
        }
    }
    if !disclosed {
        obligations.push(Obligation::NoOnwardDisclosure);
    }
    Permit {
        reasons: covered.into_iter().map(|one| one.reason).collect(),
        obligations,
        until,
    }
}

/// Whatever was asked, the answer has a length that can be read: the fault quotes the caller.
fn malformed(fault: &Fault) -> Reason {
    let mut path = fault.pointer.as_str();
    while path.len() > MAX_QUOTED_BYTES {
        path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    let mut reason = reason(ReasonCode::RequestMalformed, path);
    let quoted = fault.message.floor_char_boundary(MAX_QUOTED_BYTES);
    reason.why = format!("{}: {}", reason.why, &fault.message[..quoted]);
    reason
}

fn reason(code: ReasonCode, path: &str) -> Reason {
    Reason {
        code,
        path: path.to_owned(),
        category: None,
        record: None,
        consent: None,
        article: code.article().map(str::to_owned),
        why: code.explanation().to_owned(),
        ask: None,
    }
}
