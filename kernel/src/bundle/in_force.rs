//! Was the consent in force at a moment T?
//!
//! It was, if a checkpoint that existed by T contains the grant, if a checkpoint that was the log's newest at T or later
//! comes with the operator's attestation of the consent's last event in it, and if the consent is given, and not expired at
//! T, in both. What lies between the two checkpoints happened before T or after it, and no one can tell which.
//!
//! Who names no moment asks about the newest that the bundle can speak of. Its head may be newer than what a quorum has
//! signed by now; a head that shows an ending is then not passed over.

use std::collections::BTreeSet;

use placet_schemas::lifecycle::{Effective, effective};
use placet_schemas::time::Timestamp;

use super::chain::Chain;
use super::checkpoints::Seen;
use super::verdict::{Findings, Question};
use crate::arrival::TIME_TOLERANCE_SECONDS;

/// Judges, and gives the moment that was judged.
pub(super) fn judge(
    chain: &Chain,
    seen: &[Seen],
    attested: &BTreeSet<usize>,
    now: Timestamp,
    as_of: Option<Timestamp>,
    findings: &mut Findings,
) -> Option<Timestamp> {
    let mut missing = |code, why: &str, help| findings.missing(Question::InForce, code, "/checkpoints", why, help);
    // The head may be newer than what the witnesses have signed by now.
    let Some(fresh) = seen
        .iter()
        .filter_map(|seen| seen.times)
        .map(|times| times.fresh_at)
        .max()
    else {
        missing(
            "no_quorum",
            "no quorum of the trusted witnesses cosigned any checkpoint",
            "ask for a newer bundle, with cosignatures by witnesses that you trust",
        );
        return as_of;
    };
    if fresh.unix() > now.unix().saturating_add(TIME_TOLERANCE_SECONDS) {
        missing(
            "time_in_future",
            "the cosignatures are from the future of this machine's clock",
            "set the clock, or distrust the witnesses",
        );
        return as_of;
    }
    let at = as_of.unwrap_or(fresh);
    if at > now.max(fresh) {
        missing(
            "as_of_in_future",
            "the moment that is asked about has not come yet",
            "ask about a moment that has passed",
        );
        return Some(at);
    }
    let before = seen
        .iter()
        .filter(|s| s.times.is_some_and(|t| t.existed_by <= at))
        .map(|s| s.size)
        .max();
    let Some(before) = before.filter(|size| chain.state_at(*size).is_some()) else {
        missing(
            "not_shown_before",
            "no checkpoint that existed by then contains the grant",
            "ask for a bundle made for that moment (as_of)",
        );
        return Some(at);
    };
    let after = (0..seen.len())
        .filter(|n| attested.contains(n) && seen[*n].size >= before && seen[*n].times.is_some_and(|t| t.fresh_at >= at))
        .map(|n| seen[n].size)
        .min();
    let Some(after) = after else {
        missing(
            "not_shown_after",
            "no attested checkpoint was fresh at or after that moment",
            "ask for a newer bundle, or one made for that moment (as_of)",
        );
        return Some(at);
    };
    let states = [before, after].map(|size| {
        chain
            .state_at(size)
            .map(|state| (effective(state, at), state.given_at <= at))
    });
    match states {
        [Some((Effective::Given, true)), Some((Effective::Given, true))]
            if as_of.is_none() && ended_since(chain, seen, at) =>
        {
            missing(
                "ended_since",
                "it was in force at that moment, but a newer checkpoint, which no quorum has cosigned yet, shows that it ended",
                "name the moment (as_of), or ask for a bundle whose newest checkpoint is cosigned",
            );
        }
        [Some((Effective::Given, true)), Some((Effective::Given, true))] => {}
        [Some((Effective::Given, true)), Some((ended, _))] if ended != Effective::Given => {
            missing(
                "ended_between",
                "an event between the two checkpoints ended or changed the consent; it may be before or after that moment",
                "ask for a bundle with checkpoints nearer to that moment",
            );
        }
        [Some((first, _)), Some((Effective::Given, true))] if first != Effective::Given => {
            missing(
                "ended_between",
                "an event between the two checkpoints renewed the consent; it may be before or after that moment",
                "ask for a bundle with checkpoints nearer to that moment",
            );
        }
        [_, last] => {
            let why = match last {
                Some((Effective::Withdrawn, _)) => "the person had withdrawn it",
                Some((Effective::EndedByController, _)) => "the controller had ended it",
                Some((Effective::Expired, _)) => "it had expired",
                Some((Effective::Given, _)) | None => "it was not given yet, by the grant's own time",
            };
            findings.refuted("not_in_force", "/openings", why);
        }
    }
    Some(at)
}

/// Whether the head shows that the consent ended, whenever that was.
fn ended_since(chain: &Chain, seen: &[Seen], at: Timestamp) -> bool {
    let head = seen.last().and_then(|head| chain.state_at(head.size));
    head.is_none_or(|state| effective(state, at) != Effective::Given)
}
