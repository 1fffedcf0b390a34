//! Random lives of a consent: whatever comes, in whatever order, by whomever.
//!
//! A failure is: an ended consent that is not ended any more, a withdrawal that is refused, a scope that grows, a chain
//! that loses or gains more than its newest record, or an erasure request or a word about holders that changes something.

use placet_schemas::lifecycle::{Effective, Phase, State, apply, effective};
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::{Body, Record};
use placet_schemas::scope::Scope;
use placet_schemas::time::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::common::cinema::request;
use crate::common::records::{ended, erasure, grant, holding, narrowing, renewal, withdrawal};
use crate::common::{CINEMA, CODE, DURING, GIVEN, STRANGER, SUBJECT, VERIFIER, draft, p, secured};
use crate::lifecycle_table::given;

const SIGNERS: [&str; 4] = [SUBJECT, CODE, CINEMA, STRANGER];

/// What may be tried next. The signer is mostly the right one, so that lives get long.
#[derive(Debug, Clone)]
struct Step {
    kind: &'static str,
    signer: &'static str,
    /// Days since the step before; a year and more leads beyond the expiry.
    days: u64,
    pick: Index,
    honest: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        5 => Just("narrow"),
        5 => Just("renew"),
        2 => Just("erase"),
        2 => Just("hold"),
        1 => select(vec!["withdraw", "relay", "end", "grant"]),
    ];
    let days = prop_oneof![6 => 0u64..60, 1 => 300u64..800];
    let signer = proptest::option::weighted(0.2, select(&SIGNERS[..]));
    let honest = proptest::bool::weighted(0.9);
    (kind, signer, days, any::<Index>(), honest).prop_map(|(kind, signer, days, pick, honest)| {
        let usual = if matches!(kind, "relay" | "end") {
            CINEMA
        } else {
            SUBJECT
        };
        Step {
            kind,
            signer: signer.unwrap_or(usual),
            days,
            pick,
            honest,
        }
    })
}

/// The event that a step makes of a state; `None` where there is nothing to take away any more.
fn event(step: &Step, state: &State, now: Timestamp) -> Option<Record> {
    let previous = if step.honest {
        *state.chain.last()?
    } else {
        *step.pick.get(&state.chain)
    };
    let body = match step.kind {
        "narrow" => {
            let (patterns, _) = taking(&state.scope, &step.pick)?;
            Body::Narrowing(Box::new(narrowing(&state.scope, patterns, state.consent, previous)))
        }
        "renew" => {
            // Less than now, or (which must be refused) all that was granted first.
            let less = taking(&state.scope, &step.pick).map_or_else(|| state.scope.clone(), |(_, left)| left);
            let scope = if step.honest { less } else { given().scope };
            Body::Renewal(Box::new(renewal(scope, state.consent, previous)))
        }
        "withdraw" => Body::Withdrawal(withdrawal(state.consent, false)),
        "relay" => Body::Withdrawal(withdrawal(state.consent, true)),
        "end" => Body::EndedByController(ended(state.consent)),
        "erase" => Body::ErasureRequest(erasure(state.consent, step.honest)),
        "hold" => Body::HolderKeyAuthorization(holding(state.consent, &[VERIFIER][usize::from(step.honest)..])),
        _ => Body::ConsentGrant(Box::new(grant(state.scope.clone()))),
    };
    Some(said(step.signer, now, body))
}

fn said(signer: &str, at: Timestamp, body: Body) -> Record {
    let expires = matches!(body, Body::ConsentGrant(_) | Body::Renewal(_));
    let bytes = secured(&draft(signer, at, expires.then(|| at.plus(p("P2Y"))), body));
    placet_schemas::record::CanonicalRecord::parse(&bytes).unwrap().record
}

/// A pattern that leaves something, and what it leaves.
fn taking(scope: &Scope, pick: &Index) -> Option<(Vec<Pattern>, Scope)> {
    let whole = scope
        .clauses()
        .iter()
        .map(|clause| Pattern::Clause(Box::new(clause.clone())));
    let value = |clause: &placet_schemas::scope::Clause| {
        let purpose = Some(clause.purpose.id.clone());
        Pattern::Value {
            purpose,
            value: Value::Category(clause.categories[0]),
        }
    };
    let all = whole.chain(scope.clauses().iter().map(value));
    let legal: Vec<_> = all
        .filter_map(|pattern| {
            let patterns = vec![pattern];
            scope.without(&patterns).ok().map(|left| (patterns, left))
        })
        .collect();
    (!legal.is_empty()).then(|| pick.get(&legal).clone())
}

/// What holds of each step from a state to the next.
fn check_step(before: &State, after: &State, event: &Record) -> Result<(), TestCaseError> {
    prop_assert_eq!(before.phase, Phase::Given, "an ended consent moved");
    prop_assert!(after.scope.is_within(&before.scope), "the scope grew");
    let grown = matches!(event.body, Body::Narrowing(_) | Body::Renewal(_));
    prop_assert_eq!(&after.chain[..before.chain.len()], &before.chain[..]);
    prop_assert_eq!(
        &after.chain[before.chain.len()..],
        if grown { vec![event.digest()] } else { vec![] }
    );
    let constant = |s: &State| {
        (
            s.consent,
            s.subject.clone(),
            s.withdrawal_key.clone(),
            s.controller.clone(),
            s.given_at,
        )
    };
    prop_assert_eq!(constant(after), constant(before));
    prop_assert!(after.valid_until >= before.valid_until);
    if after.phase != Phase::Given {
        prop_assert_eq!(
            &State {
                phase: Phase::Given,
                ..after.clone()
            },
            before,
            "an end changes the phase alone"
        );
    }
    Ok(())
}

/// Whoever may withdraw can, now and at any later time.
fn check_withdrawable(state: &State, now: Timestamp) -> Result<(), TestCaseError> {
    for (signer, relayed) in [(SUBJECT, false), (CODE, false), (CINEMA, true)] {
        for at in [p(GIVEN), now, p("9999-12-31T23:59:59Z")] {
            let event = said(signer, at, Body::Withdrawal(withdrawal(state.consent, relayed)));
            let after = apply(Some(state), &event, None);
            match state.phase {
                Phase::Given => prop_assert_eq!(after.map(|s| s.phase), Ok(Phase::Withdrawn)),
                _ => prop_assert_eq!(after.unwrap_err().code(), "consent_ended"),
            }
        }
    }
    Ok(())
}

const fn rank(effective: Effective) -> u8 {
    match effective {
        Effective::Given => 0,
        Effective::Expired => 1,
        Effective::Withdrawn | Effective::EndedByController => 2,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_life_of_a_consent(steps in proptest::collection::vec(any_step(), 1..14)) {
        let request = request();
        let (mut state, mut now) = (given(), p::<Timestamp>(GIVEN));
        for step in &steps {
            now = now.plus_seconds(step.days * 86_400);
            let Some(event) = event(step, &state, now) else { continue };
            match apply(Some(&state), &event, Some(&request)) {
                Ok(after) if matches!(step.kind, "erase" | "hold") => prop_assert_eq!(&after, &state),
                Ok(after) => {
                    check_step(&state, &after, &event)?;
                    state = after;
                }
                Err(refusal) => prop_assert!(
                    !(matches!(step.kind, "withdraw" | "relay") && refusal.code() == "consent_ended"
                        && state.phase == Phase::Given),
                ),
            }
            check_withdrawable(&state, now)?;
        }
    }

    /// Time alone moves a given consent to expired, once, and an ended one nowhere.
    #[test]
    fn effective_is_monotone(phase in select(vec![Phase::Given, Phase::Withdrawn, Phase::EndedByController]),
                             times in proptest::collection::vec(0u64..400, 2..20)) {
        let state = State { phase, ..given() };
        let mut now = p::<Timestamp>(DURING);
        let mut before = effective(&state, now);
        for days in times {
            now = now.plus_seconds(days * 86_400);
            let after = effective(&state, now);
            prop_assert!(rank(after) >= rank(before));
            prop_assert_eq!(after == Effective::Expired, phase == Phase::Given && now >= state.valid_until);
            prop_assert!(phase == Phase::Given || after == before);
            before = after;
        }
    }
}
