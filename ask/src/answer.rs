//! What comes back, and whether it counts.

use core::fmt;

use placet_kernel::decision::{self, DisclosedHead, MAX_DECISION_BYTES};
use placet_schemas::api::problem::Problem;
use placet_schemas::authzen::{Asked, EvaluationAnswer, EvaluationsAnswer, Obligation, Question, Reason, ReasonCode};
use placet_schemas::id::{Did, RecordId};
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::body::Request;
use crate::error::AskError;

/// Permit or deny. There is nothing between.
#[derive(Debug)]
#[must_use]
pub enum Decision {
    /// The data may be used, for what was asked, now.
    Permit(Permit),
    /// It may not.
    Deny(Denial),
}

impl Decision {
    /// Whether it is a permit.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self, Self::Permit(_))
    }
}

/// A verifier's permit, for this access and no later one.
#[derive(Debug)]
pub struct Permit(Box<EvaluationAnswer>);

impl Permit {
    /// Its name, for the report of the access.
    #[must_use]
    pub const fn evaluation_id(&self) -> &RecordId {
        &self.0.context.evaluation_id
    }

    /// Until when it may be used, by the verifier's clock: at most a second after it was made.
    #[must_use]
    pub const fn valid_until(&self) -> Option<Timestamp> {
        self.0.context.valid_until
    }

    /// What it permits.
    #[must_use]
    pub const fn scope(&self) -> Option<&Asked> {
        self.0.context.scope.as_ref()
    }

    /// What it obliges to.
    #[must_use]
    pub fn obligations(&self) -> &[Obligation] {
        &self.0.context.obligations
    }

    /// The whole answer, with its signed form to be kept as evidence.
    #[must_use]
    pub const fn answer(&self) -> &EvaluationAnswer {
        &self.0
    }
}

/// Why the data may not be used.
#[derive(Debug)]
pub enum Denial {
    /// The verifier says so.
    Answered(Box<EvaluationAnswer>),
    /// There is no answer that counts.
    Failed(AskError),
}

impl Denial {
    /// The first reason's code of the verifier's answer, or [`AskError::code`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Answered(answer) => first(answer)
                .map_or(ReasonCode::RequestMalformed, |reason| reason.code)
                .as_str(),
            Self::Failed(error) => error.code(),
        }
    }

    /// The verifier's reasons; none when there is no answer.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Answered(answer) => &answer.context.reasons,
            Self::Failed(_) => &[],
        }
    }
}

/// What it means and what to do, for a person.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(answer) => f.write_str(first(answer).map_or("", |reason| reason.why.as_str())),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl From<Result<EvaluationAnswer, AskError>> for Decision {
    fn from(answer: Result<EvaluationAnswer, AskError>) -> Self {
        match answer {
            Ok(answer) if answer.decision => Self::Permit(Permit(Box::new(answer))),
            Ok(answer) => Self::Deny(Denial::Answered(Box::new(answer))),
            Err(error) => Self::Deny(Denial::Failed(error)),
        }
    }
}

/// Reads the answer to one request.
pub(crate) fn one(
    bytes: &[u8],
    most: usize,
    request: &Request,
    question: &Question,
    pinned: Option<&Did>,
) -> Result<EvaluationAnswer, AskError> {
    checked(read(bytes, most)?, request, question, pinned)
}

/// Reads the answers to several requests; there may be fewer, when the first of a kind ends it.
pub(crate) fn several(
    bytes: &[u8],
    most: usize,
    requests: &[(Request, &Question)],
    pinned: Option<&Did>,
) -> Result<Vec<EvaluationAnswer>, AskError> {
    let EvaluationsAnswer { evaluations } = read(bytes, most)?;
    if evaluations.len() > requests.len() {
        return Err(AskError::Other("there are more answers than questions"));
    }
    evaluations
        .into_iter()
        .zip(requests)
        .map(|(answer, (request, question))| checked(answer, request, question, pinned))
        .collect()
}

/// Reads a body of a type.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8], most: usize) -> Result<T, AskError> {
    let document = json::parse(bytes, most)?;
    Ok(json::decode(document.root())?)
}

/// What a call was refused for; whatever stands between may refuse it too, in words of its own.
pub(crate) fn refusal(status: u16, bytes: &[u8]) -> AskError {
    match read::<Problem>(bytes, MAX_DECISION_BYTES) {
        Ok(Problem { code, detail, .. }) => AskError::Refused { status, code, detail },
        Err(_) => AskError::Refused {
            status,
            code: String::new(),
            detail: "it does not say why".to_owned(),
        },
    }
}

fn first(answer: &EvaluationAnswer) -> Option<&Reason> {
    answer.context.reasons.first()
}

/// Only what the verifier signed counts, and only as the answer to this request: the plain members could be anyone's.
fn checked(
    answer: EvaluationAnswer,
    request: &Request,
    question: &Question,
    pinned: Option<&Did>,
) -> Result<EvaluationAnswer, AskError> {
    let signed = decision::read(&answer.context.signed)?;
    if pinned.is_some_and(|pinned| *pinned != signed.signer) {
        return Err(AskError::Signer { signer: signed.signer });
    }
    let statement = signed.statement;
    if statement.request != request.digest {
        return Err(AskError::Other("it is to another request"));
    }
    if statement.nonce.as_ref().map(|nonce| nonce.as_str()) != Some(&*request.nonce) {
        return Err(AskError::Other("it repeats another nonce"));
    }
    // A permit of another brand's verifier, or of something narrower, is none of this.
    if statement.decision
        && (statement.controller != question.controller || statement.asked.as_ref() != Some(&question.asked))
    {
        return Err(AskError::Other("it permits something else"));
    }
    let token = answer.context.signed.clone();
    let mut said = answer.clone();
    said.context.evidence.bundle = None;
    let head = signed.head.as_ref().map(DisclosedHead::head);
    if EvaluationAnswer::new(statement, head, token) != said {
        return Err(AskError::Other("it says something else than what is signed"));
    }
    Ok(answer)
}
