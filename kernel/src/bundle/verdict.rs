//! What a judge says, and why.

use placet_schemas::authzen::DecisionStatement;
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::lifecycle::{Effective, State};
use placet_schemas::record::Kind;
use placet_schemas::statement::FeedHead;
use placet_schemas::time::Timestamp;
use serde::Serialize;

/// The answer to one question. Missing evidence is not invalid evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verdict {
    /// Proven.
    Holds,
    /// Not proven, and not refuted: something is missing.
    CannotTell,
    /// Refuted, or something in the evidence is false.
    Fails,
}

/// How a finding bears on an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Weight {
    /// Good to know.
    Note,
    /// Something is missing.
    Missing,
    /// Something is false.
    False,
}

/// One thing that the judge noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable code.
    pub code: &'static str,
    /// Which of the questions it bears on.
    pub question: Question,
    /// How it bears on it.
    pub weight: Weight,
    /// Where: a JSON pointer into the bundle.
    pub place: String,
    /// Why, in one sentence.
    pub why: String,
    /// What would help, where something would.
    pub help: &'static str,
}

/// What is asked: two questions of a bundle, three of each decision in it, and three of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Question {
    /// Were these events recorded in this log, by these signers, in this order?
    Recorded,
    /// Was the consent in force at the moment asked about?
    InForce,
    /// Did a verifier of the brand sign the decision?
    Signed,
    /// Was it right, by what its head had?
    Right,
    /// Was it in the log, and by when?
    Anchored,
    /// Did the issuer sign the receipt?
    Issued,
    /// Does whoever presents the receipt hold its key, and mean whoever asks?
    Bound,
}

/// What the verdict always says about itself.
pub const DISCLAIMERS: [&str; 3] = [
    "This is about what was recorded. It does not say that consent was freely given, informed or valid in law.",
    "What a record says was shown to the person, and how strongly she authorised her act, are the signer's statements.",
    "Keys count because the trust file names them; whoever pinned it answers for that.",
];

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Were these events recorded in this log, by these signers, in this order?
    pub recorded: Verdict,
    /// Was the consent in force at [`Self::at`]?
    pub in_force: Verdict,
    /// The moment that `in_force` is about; absent when there is none to speak about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Where the trust came from.
    pub trust: TrustSource,
    /// The decisions of the bundle, each judged by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<DecisionReport>,
    /// What the bundle tells, as far as `recorded` holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<Story>,
    /// What the judge noticed.
    pub findings: Vec<Finding>,
    /// What the verdict is not about.
    pub disclaimers: [&'static str; 3],
}

/// What there is to say of one decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionReport {
    /// Where it is: a JSON pointer into the bundle; empty for one that came alone.
    pub place: String,
    /// Did a verifier that the brand had authorised sign it?
    pub signed: Verdict,
    /// Was it right, by what the log had at its head?
    pub right: Verdict,
    /// Was it in the log, and by when? Of one that is not there yet nothing is known but what its signer says.
    pub anchored: Verdict,
    /// By when it existed, where `anchored` holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existed_by: Option<Timestamp>,
    /// Who signed it; absent when its signature does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Did>,
    /// What it says; absent when its signature does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<DecisionStatement>>,
    /// The head that it rests on, and discloses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<Box<FeedHead>>,
    /// What the judge noticed.
    pub findings: Vec<Finding>,
}

impl DecisionReport {
    /// The answer in one word: what is signed and right holds, whether it is anchored or not; what is anchored wrongly does not.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let anchored = match self.anchored {
            Verdict::Fails => Verdict::Fails,
            Verdict::Holds | Verdict::CannotTell => Verdict::Holds,
        };
        self.signed.max(self.right).max(anchored)
    }
}

impl Report {
    /// The worst of what is said of the decisions; `Holds` when there are none.
    #[must_use]
    pub fn decisions_verdict(&self) -> Verdict {
        self.decisions
            .iter()
            .map(DecisionReport::verdict)
            .max()
            .unwrap_or(Verdict::Holds)
    }
}

/// Where the trust came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustSource {
    /// The log that the bundle speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The quorum of witnesses that was asked for; `none`: times are the operator's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quorum: Option<String>,
    /// Keys that the bundle uses, `name+key id` or did:key. Compare them with what you know before you pin them.
    pub fingerprints: Vec<String>,
}

/// What happened, in the log's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The consent.
    pub consent: Digest,
    /// The person's pairwise DID.
    pub subject: Did,
    /// The brand.
    pub controller: Did,
    /// The brand's name in law, as it registered.
    pub legal_name: String,
    /// The events.
    pub events: Vec<StoryEvent>,
    /// The state after the last event.
    pub state: State,
    /// The same at the moment that is spoken about, with expiry taken into account.
    pub effective: Effective,
    /// Tree size of the newest checkpoint.
    pub size: u64,
    /// The two times of the newest checkpoint, where a quorum gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existed_by: Option<Timestamp>,
    /// See `existed_by`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh_at: Option<Timestamp>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoryEvent {
    /// Its place in the log.
    pub index: u64,
    /// Its kind.
    pub kind: Kind,
    /// Its digest.
    pub digest: Digest,
    /// Who signed it.
    pub signer: Did,
    /// When, by the signer's claim.
    pub claimed: Timestamp,
    /// The earliest checkpoint of the bundle that contains it existed by then, where a quorum says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existed_by: Option<Timestamp>,
}

/// Collects findings and what they make of the two answers.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    pub(crate) fn wrong(
        &mut self,
        question: Question,
        code: &'static str,
        place: impl Into<String>,
        why: impl Into<String>,
    ) {
        self.add(
            question,
            Weight::False,
            code,
            place,
            why,
            "ask the one who made the bundle for a new one, and keep this one: it may prove a fault",
        );
    }

    /// The evidence is sound and answers the question with no.
    pub(crate) fn refuted(&mut self, code: &'static str, place: impl Into<String>, why: impl Into<String>) {
        let help = "the evidence is sound; do not use the data on this consent's ground for that moment";
        self.add(Question::InForce, Weight::False, code, place, why, help);
    }

    pub(crate) fn missing(
        &mut self,
        question: Question,
        code: &'static str,
        place: impl Into<String>,
        why: impl Into<String>,
        help: &'static str,
    ) {
        self.add(question, Weight::Missing, code, place, why, help);
    }

    pub(crate) fn note(&mut self, code: &'static str, place: impl Into<String>, why: impl Into<String>) {
        self.note_on(Question::Recorded, code, place, why);
    }

    pub(crate) fn note_on(
        &mut self,
        question: Question,
        code: &'static str,
        place: impl Into<String>,
        why: impl Into<String>,
    ) {
        self.add(question, Weight::Note, code, place, why, "");
    }

    pub(crate) fn verdict(&self, question: Question) -> Verdict {
        let weights = self
            .0
            .iter()
            .filter(|finding| finding.question == question)
            .map(|finding| finding.weight);
        match weights.max() {
            Some(Weight::False) => Verdict::Fails,
            Some(Weight::Missing) => Verdict::CannotTell,
            Some(Weight::Note) | None => Verdict::Holds,
        }
    }

    fn add(
        &mut self,
        question: Question,
        weight: Weight,
        code: &'static str,
        place: impl Into<String>,
        why: impl Into<String>,
        help: &'static str,
    ) {
        self.0.push(Finding {
            code,
            question,
            weight,
            place: place.into(),
            why: why.into(),
            help,
        });
    }
}
