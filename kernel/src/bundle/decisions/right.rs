//! Whether a decision was right, by what the log had at its head.

use placet_schemas::authzen::{Asked, DecisionStatement, Reason, ReasonCode};
use placet_schemas::record::Kind;

use super::{Judge, size_of_head};
use crate::bundle::format::DecisionPart;
use crate::bundle::verdict::{Findings, Question};
use crate::decision::{DisclosedHead, Freshness, MAX_STALENESS_SECONDS, Past, SignedDecision};
use crate::merkle::{self, Hash};
use crate::pinned;

const RIGHT: Question = Question::Right;
const SEE_POLICY: &str = "ask the brand for the policy and register of that hash";

pub(super) fn check(
    judge: &Judge<'_, '_>,
    read: &SignedDecision,
    part: &DecisionPart<'_>,
    place: &str,
    findings: &mut Findings,
) {
    let statement = &read.statement;
    let place = format!("{place}/decision");
    let place = place.as_str();
    let sound = check_head(judge, read, part, place, findings);
    let other = judge
        .controller()
        .is_none_or(|controller| *controller != statement.controller);
    if other {
        let why = format!(
            "it was made for {}, which is not the consent's controller",
            statement.controller
        );
        findings.missing(
            RIGHT,
            "decision_other_controller",
            place,
            why,
            "ask for the bundle that it belongs to",
        );
    }
    findings.note_on(
        RIGHT,
        "other_consents_unseen",
        place,
        "what she gave or took back in other consents, and requests that replaced hers since, are not in this bundle",
    );
    if !sound || other {
        return;
    }
    let size = size_of_head(read);
    let records = judge
        .chain
        .told_below(size)
        .map(|opened| (opened.index, &opened.record));
    let Ok(past) = Past::of(records) else {
        // What cannot follow is not among the chain's events, so this says the same as `bundle_not_recorded`.
        return;
    };
    let told = Told {
        judge,
        read,
        statement,
        past,
        place,
    };
    if statement.decision {
        told.check_permit(findings);
    } else {
        told.check_deny(findings);
    }
}

/// That the head is the operator's, about this brand's feed, of this log's tree, and old enough to have every event shown.
fn check_head(
    judge: &Judge<'_, '_>,
    read: &SignedDecision,
    part: &DecisionPart<'_>,
    place: &str,
    findings: &mut Findings,
) -> bool {
    let before = findings.0.len();
    let Some(signed) = read.head.as_ref().map(DisclosedHead::signed) else {
        let why = "the verifier had no head of the log yet, so nothing says what it knew";
        findings.missing(
            RIGHT,
            "head_missing",
            place,
            why,
            "nothing: this decision rests on nothing that was recorded",
        );
        return false;
    };
    let head = &signed.statement;
    let of_this = head.origin == judge.bundle.origin && head.controller == read.statement.controller;
    if !of_this || !matches!(pinned::check_statement(signed, head.size, judge.log), Some(Ok(()))) {
        let why = "its head is not by this log's operator, or of another feed";
        findings.wrong(RIGHT, "head_invalid", place, why);
        return false;
    }
    let root = Hash::new(*head.root.as_bytes());
    if let Some(proof) = &part.consistency {
        let tied = merkle::verify_append(head.size, &root, judge.head.size, &judge.head.root, proof);
        if let Err(error) = tied {
            findings.wrong(RIGHT, "head_inconsistent", place, error.to_string());
            return false;
        }
    }
    match judge.seen.iter().find(|seen| seen.size == head.size) {
        Some(seen) if seen.root != root => findings.wrong(
            RIGHT,
            "head_forked",
            place,
            "the operator signed another tree of that size here than in the checkpoint: this is proof of misbehaviour",
        ),
        None if part.consistency.is_none() => findings.missing(
            RIGHT,
            "head_unproven",
            place,
            format!(
                "nothing shows that its head, of size {}, is of this log's tree",
                head.size
            ),
            "ask for a bundle with a checkpoint of that size, or with a consistency proof from it",
        ),
        _ => {}
    }
    let sound = findings.0.len() == before;
    let shows_all = |at: &usize| judge.seen[*at].size >= head.size;
    if sound && !judge.attested.iter().any(shows_all) {
        // What is shown is there all the same: an ending below the head is one, whatever else is left out.
        let why = "no attestation shows that every event below its head is here: a withdrawal could be left out";
        let help = "ask for a bundle with an attested checkpoint at least as large as the head";
        findings.missing(RIGHT, "events_unattested", place, why, help);
    }
    sound
}

/// A decision and the consent as its head had it.
struct Told<'a> {
    judge: &'a Judge<'a, 'a>,
    read: &'a SignedDecision,
    statement: &'a DecisionStatement,
    past: Past,
    place: &'a str,
}

impl Told<'_> {
    fn check_permit(&self, findings: &mut Findings) {
        let Self { statement, place, .. } = self;
        let Some((asked, head)) = statement.asked.as_ref().zip(self.read.head.as_ref()) else {
            return;
        };
        if self.is_stale() {
            let (signed, at) = (head.head().time, statement.evaluated_at);
            let why = format!("its head is of {signed}, and no policy may permit by it at {at}");
            findings.wrong(RIGHT, "permit_stale", *place, why);
        }
        let here = |reason: &&Reason| reason.consent == Some(self.judge.bundle.consent);
        let elsewhere = statement.reasons.iter().filter(|reason| !here(reason)).count();
        if elsewhere > 0 {
            let why = format!(
                "{elsewhere} of its {} categories rest on another consent",
                statement.reasons.len()
            );
            findings.missing(
                RIGHT,
                "permit_elsewhere",
                *place,
                why,
                "ask for the bundle of that consent too",
            );
        }
        for reason in statement.reasons.iter().filter(here) {
            if let Err(why) = self.permits(asked, reason) {
                findings.wrong(RIGHT, "permit_wrong", *place, why);
            }
        }
        let why = format!(
            "whether the brand's policy and register permitted it too is not shown; their hash is {}",
            statement.policy
        );
        findings.note_on(RIGHT, "policy_unseen", *place, why);
        self.note_later_ending(findings);
    }

    fn permits(&self, asked: &Asked, reason: &Reason) -> Result<(), String> {
        let category = reason.category.ok_or("it names no category")?;
        if !self.past.is_given() {
            return Err("the consent was not in the log at its head".to_owned());
        }
        let again = self.again(asked, category);
        let permitted = again.map_err(|denied| {
            format!(
                "by the records below its head it was to be denied: {} ({category})",
                denied.code.as_str()
            )
        })?;
        if permitted.record != reason.record {
            return Err(format!("the record that it names does not decide about {category}"));
        }
        if self
            .statement
            .valid_until
            .is_some_and(|until| until > permitted.valid_until)
        {
            return Err("it permits for longer than the consent lasts".to_owned());
        }
        Ok(())
    }

    fn check_deny(&self, findings: &mut Findings) {
        for reason in &self.statement.reasons {
            match self.confirms(reason) {
                Confirmed::Yes => {}
                Confirmed::Otherwise(found) => findings.note_on(
                    RIGHT,
                    "deny_otherwise",
                    self.place,
                    format!(
                        "by this consent alone the reason is {}, not {}",
                        found.as_str(),
                        reason.code.as_str()
                    ),
                ),
                Confirmed::No(why) => findings.wrong(RIGHT, "deny_wrong", self.place, why),
                Confirmed::Elsewhere(why) => {
                    let why = format!("{}: {why}", reason.code.as_str());
                    findings.missing(RIGHT, "deny_elsewhere", self.place, why, SEE_POLICY);
                }
            }
        }
    }

    fn confirms(&self, reason: &Reason) -> Confirmed {
        use ReasonCode as C;
        if reason.code == C::StateStale && self.is_stale() {
            return Confirmed::Yes;
        }
        if let Some(why) = elsewhere(reason.code) {
            return Confirmed::Elsewhere(why);
        }
        let (Some(asked), Some(category)) = (&self.statement.asked, reason.category) else {
            return Confirmed::Elsewhere("it does not say what was asked");
        };
        if reason.consent != Some(self.judge.bundle.consent) {
            return Confirmed::Elsewhere("it rests on other consents, or on there being none");
        }
        let found = self.again(asked, category).err().map(|denied| denied.code);
        match (reason.code, found) {
            (code, Some(found)) if code == found => Confirmed::Yes,
            (C::NoticeSuperseded, _) => Confirmed::Elsewhere("the request that replaced hers is not in the bundle"),
            (C::ExplicitConsentMissing, None) => Confirmed::Elsewhere("the brand's policy asks for a statement"),
            // The log's own ending would have been named; what the person gave to the brand is in no record yet.
            (C::Withdrawn, None) => Confirmed::Elsewhere(
                "the log had no withdrawal at its head; one that was given to the brand is not shown",
            ),
            (_, Some(found)) => Confirmed::Otherwise(found),
            (code, None) => Confirmed::No(format!(
                "by the records below its head {category} was to be permitted, and not denied: {}",
                code.as_str()
            )),
        }
    }

    fn is_stale(&self) -> bool {
        let head = self.read.head.as_ref();
        let age = head.and_then(|head| Freshness { head, silent_for: 0 }.age(self.statement.evaluated_at));
        age.is_none_or(|age| age >= MAX_STALENESS_SECONDS)
    }

    fn again(
        &self,
        asked: &Asked,
        category: placet_schemas::vocab::CategoryTerm,
    ) -> Result<crate::decision::Permitted, Box<Reason>> {
        let Self { statement, .. } = self;
        self.past.judge(
            &statement.origin,
            &statement.controller,
            asked,
            category,
            statement.evaluated_at,
        )
    }

    /// What a verifier could not know yet makes its permit no wrong one; whoever looks at it should know all the same.
    fn note_later_ending(&self, findings: &mut Findings) {
        let size = size_of_head(self.read);
        let endings = self.judge.chain.told_below(u64::MAX).filter(|opened| {
            opened.index >= size && matches!(opened.record.kind(), Kind::Withdrawal | Kind::EndedByController)
        });
        for ending in endings {
            let containing = self.judge.seen.iter().filter(|seen| seen.size > ending.index);
            let existed_by = containing
                .filter_map(|seen| seen.times)
                .map(|times| times.existed_by)
                .min();
            if existed_by.is_some_and(|time| time <= self.statement.evaluated_at) {
                let why = "an ending was in the log when it was made, and not yet in the head that the verifier had";
                findings.note_on(RIGHT, "withdrawn_meanwhile", self.place, why);
            }
        }
    }
}

/// What the records say of a deny.
enum Confirmed {
    Yes,
    /// Denied as well, for another reason: more than one may apply, and other consents may have decided.
    Otherwise(ReasonCode),
    No(String),
    Elsewhere(&'static str),
}

/// Why the records of one consent cannot tell, where they never can.
const fn elsewhere(code: ReasonCode) -> Option<&'static str> {
    use ReasonCode as C;
    Some(match code {
        C::StrengthTooLow => "it rests on the brand's policy",
        C::BasisNotConsent => "it rests on the brand's register",
        C::StateStale | C::ProofInvalid => "it rests on what the verifier had and not on the consent",
        C::ControllerUnknown | C::CustomerUnknown | C::RequestMalformed => {
            "it rests on the question and not on the consent"
        }
        C::NoRecord => "it says that there is no consent",
        _ => return None,
    })
}
