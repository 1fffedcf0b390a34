//! Whoever watches: every decision is kept until it can be judged, and judged by what the log said at the head that it names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use placet_kernel::decision::{self, DisclosedHead};
use placet_schemas::authzen::{DecisionStatement, Evaluation};
use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;
use placet_verifier::{Decided, Decision};

use super::model::{Allowed, Truth, Use};
use super::questions::Asked;
use super::seat::Seat;

/// Seconds after which the default policy takes a head for stale.
const MAX_STALENESS: u64 = 60;
/// Seconds that a head may be ahead of the verifier's clock.
const MAX_AHEAD: u64 = 10;

/// What was decided, and what was known of it outside.
struct Judged {
    verifier: usize,
    uses: Vec<Use>,
    invitations: Vec<Digest>,
    handed: BTreeSet<Digest>,
    statement: DecisionStatement,
    head: Option<Arc<DisclosedHead>>,
}

/// The watcher.
#[derive(Default)]
pub(super) struct Watch {
    waiting: Vec<Judged>,
    /// Records that were acknowledged, by their index.
    acknowledged: BTreeMap<u64, Digest>,
    counts: BTreeMap<&'static str, usize>,
}

impl Watch {
    /// Notes that something happened.
    pub(super) fn count(&mut self, what: &'static str, times: usize) {
        *self.counts.entry(what).or_default() += times;
    }

    /// How often what happened.
    pub(super) fn counts(&self) -> &BTreeMap<&'static str, usize> {
        &self.counts
    }

    /// Notes that the ledger acknowledged a record.
    pub(super) fn acknowledged(&mut self, index: u64, record: Digest) {
        let before = self.acknowledged.insert(index, record);
        assert!(
            before.is_none_or(|before| before == record),
            "index {index} was given twice"
        );
    }

    /// A signed decision, judged as who reads it offline does.
    pub(super) fn signed(&mut self, decided: &Decided, verifier: &Did, evaluation: &Evaluation) {
        let read = decision::read(&decided.signed).unwrap();
        let Decision { statement, head } = &decided.decision;
        assert_eq!((&read.statement, &read.signer), (statement, verifier));
        assert_eq!(read.head.as_ref(), head.as_deref());
        assert_eq!(read.statement.request, evaluation.digest);
        self.count("signed", 1);
    }

    /// Takes a decision that was made just now: judges its age, and keeps it until the log is known.
    pub(super) fn decided(&mut self, seat: &mut Seat, verifier: usize, question: &Asked, decision: Decision) {
        let Decision { statement, head } = decision;
        let now = seat.now();
        assert_eq!(
            statement.evaluated_at, now,
            "a decision is of the time of its verifier's clock"
        );
        if let Some(head) = head.as_deref().map(DisclosedHead::head) {
            let runs = seat.clock.runs();
            let first = *seat.seen.entry((head.size, head.time)).or_insert(runs);
            if statement.decision {
                let age = now.unix().saturating_sub(head.time.unix());
                assert!(age < MAX_STALENESS, "a permit by a head of {age} s: {statement:?}");
                let here = runs - first;
                assert!(
                    here < MAX_STALENESS,
                    "a permit by a head that has been here for {here} s: {statement:?}"
                );
                let ahead = head.time.unix().saturating_sub(now.unix());
                assert!(ahead <= MAX_AHEAD, "a permit by a head {ahead} s ahead: {statement:?}");
            }
        }
        assert!(
            !statement.decision || head.is_some(),
            "a permit by no head: {statement:?}"
        );
        self.count(if statement.decision { "permits" } else { "denials" }, 1);
        self.waiting.push(Judged {
            verifier,
            uses: question.uses(),
            invitations: seat.invitations(&question.customer),
            handed: seat.handed.clone(),
            statement,
            head,
        });
    }

    /// Judges what waits, as far as the log is known. `whole` says that all that was committed is known.
    pub(super) fn judge(&mut self, seats: &mut [Seat], truth: &Truth, copy: Option<&Truth>, whole: bool) {
        for (index, record) in &self.acknowledged {
            let there = truth.record_at(*index);
            assert!(!whole || there.is_some(), "what was acknowledged at {index} is lost");
            // One that was destroyed before anybody looked says no more what it was.
            let same = there.flatten().is_none_or(|there| there == *record);
            assert!(same, "another record than was acknowledged is at {index}");
        }
        let mut known: HashMap<(bool, u64, Vec<Digest>), Allowed> = HashMap::new();
        for judged in std::mem::take(&mut self.waiting) {
            let Some(head) = judged.head.as_deref().map(DisclosedHead::head) else {
                continue;
            };
            let here = truth.root(head.size) == Some(head.root);
            let there = copy.is_some_and(|copy| copy.root(head.size) == Some(head.root));
            if !here && !there {
                assert!(!whole, "no ledger has a head of {} records with this root", head.size);
                self.waiting.push(judged);
                continue;
            }
            if here != there {
                let seat = &mut seats[judged.verifier];
                assert!(
                    here || seat.misled,
                    "a head of a ledger that the verifier never spoke to"
                );
                assert!(
                    copy.is_none() || *seat.side.get_or_insert(there) == there || !judged.statement.decision,
                    "verifier {} believes two ledgers that contradict each other",
                    judged.verifier
                );
            }
            if judged.statement.decision {
                let of = if here { Some(truth) } else { copy }.unwrap();
                let allowed = known
                    .entry((here, head.size, judged.invitations.clone()))
                    .or_insert_with(|| of.allows(head.size, &judged.invitations));
                permitted(&judged, of, head.size, allowed.clone());
            }
        }
    }
}

/// That a permit is right.
fn permitted(judged: &Judged, truth: &Truth, size: u64, mut allowed: Allowed) {
    let statement = &judged.statement;
    truth.end_handed(&mut allowed, size, &judged.invitations, &judged.handed);
    for (one, reason) in judged.uses.iter().zip(&statement.reasons) {
        let by = allowed.get(one);
        let holds = by.is_some_and(|(consent, until)| {
            Some(*consent) == reason.consent && statement.evaluated_at < *until && outlives(statement, *until)
        });
        assert!(
            holds,
            "verifier {} permits {one:?}, which is allowed by {by:?} (handed: {:?}): {statement:?}",
            judged.verifier, judged.handed
        );
    }
}

/// That a permit ends no later than the consent.
fn outlives(statement: &DecisionStatement, until: Timestamp) -> bool {
    statement.valid_until.is_some_and(|end| end <= until)
}
