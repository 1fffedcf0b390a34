//! Signed decisions: SD-JWTs (RFC 9901) over the RFC 8785 bytes of a [`DecisionStatement`], by an Ed25519 key, `typ`
//! `placet-decision+sd-jwt`. The only thing that is disclosed beside the signature is the head that a decision rests on, and it
//! always is: `<JWT>~<head>~`, or `<JWT>~` where there was none.

use placet_schemas::authzen::{DECISION_TYP, DecisionStatement, ReasonCode};
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json::{self, Fault};

use super::disclosed::DisclosedHead;
use super::policy::MAX_VALID_FOR_SECONDS;
use crate::jws::{self, JwsError, Protected};
use crate::keys::PublicKey;
use crate::sign::{Algorithm, SignError, Signer};

/// Longest signed decision, in bytes: one reason for each category of the longest question.
pub const MAX_DECISION_BYTES: usize = 64 * 1024;
/// What ends the token, and each disclosure.
const TILDE: char = '~';

/// A decision whose signature holds. Whose key it is, the key does not say.
#[derive(Debug, Clone)]
pub struct SignedDecision {
    /// What was decided.
    pub statement: DecisionStatement,
    /// The head that it rests on. Whether it is the operator's, this does not say.
    pub head: Option<DisclosedHead>,
    /// The verifier's did:key.
    pub signer: Did,
}

/// Why a signed decision does not count. [`DecisionError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// It is not in the form of an SD-JWT without key binding.
    #[error(
        "the decision is not a token and the head that it rests on, each with a tilde (~) after it: keep it as it was given"
    )]
    Form,
    /// The token does not hold.
    #[error("the decision does not hold: {0}")]
    Token(#[from] JwsError),
    /// The payload is none.
    #[error("the decision's payload: {0}")]
    Payload(#[from] Fault),
    /// The signer is no did:key of an Ed25519 key.
    #[error("the decision is signed by {0}, which is no did:key of an Ed25519 key")]
    Signer(DidUrl),
    /// The head is not as it should be.
    #[error("the head beside the decision: {0}")]
    Head(Fault),
    /// The head is not there, or is another one, or there should be none.
    #[error("the head beside the decision is not the one that it rests on: keep the decision as it was given")]
    OtherHead,
    /// It says two things at once.
    #[error("the decision contradicts itself: {0}")]
    Contradiction(&'static str),
}

impl DecisionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form => "decision_form",
            Self::Token(error) => error.code(),
            Self::Head(_) => "decision_head_malformed",
            Self::OtherHead => "decision_head_other",
            Self::Payload(_) => "decision_malformed",
            Self::Signer(_) => "decision_signer",
            Self::Contradiction(_) => "decision_contradictory",
        }
    }
}

/// The header of all decisions of a verifier; `method` is its key's own method.
///
/// # Errors
/// When it has no canonical form.
pub fn header(method: &DidUrl) -> Result<Protected, SignError> {
    Protected::new(DECISION_TYP, method, Algorithm::Ed25519)
}

/// Signs a decision with a verifier's key, under its [`header`], and puts the head beside it that it names.
///
/// # Errors
/// When the signer fails.
pub fn sign(
    statement: &DecisionStatement,
    head: Option<&DisclosedHead>,
    header: &Protected,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let mut decision = header.sign(&json::to_jcs(statement)?, signer)?;
    decision.push(TILDE);
    if let Some(head) = head {
        decision.push_str(head.text());
        decision.push(TILDE);
    }
    Ok(decision)
}

/// Reads a signed decision and checks its signature by the key that it names.
///
/// # Errors
/// See [`DecisionError`].
pub fn read(decision: &str) -> Result<SignedDecision, DecisionError> {
    if decision.len() > MAX_DECISION_BYTES {
        return Err(JwsError::Oversize.into());
    }
    let (token, disclosed) = split(decision).ok_or(DecisionError::Form)?;
    let own_key = |method: &DidUrl| {
        let key = PublicKey::from_did(&method.did_str().parse().ok()?).ok()?;
        (key.algorithm() == Algorithm::Ed25519).then_some(key)
    };
    let (method, payload) = match jws::verify_within(token, DECISION_TYP, MAX_DECISION_BYTES, own_key) {
        Err(JwsError::UnknownKey(method)) => return Err(DecisionError::Signer(method)),
        checked => checked?,
    };
    let document = json::parse_canonical(&payload, MAX_DECISION_BYTES)?;
    let statement: DecisionStatement = json::decode(document.root())?;
    check(&statement).map_err(DecisionError::Contradiction)?;
    let head = disclosed
        .map(DisclosedHead::read)
        .transpose()
        .map_err(DecisionError::Head)?;
    if head.as_ref().map(DisclosedHead::digest) != statement.head.as_ref().map(|[digest]| digest) {
        return Err(DecisionError::OtherHead);
    }
    let signer = method
        .did_str()
        .parse()
        .map_err(|_| DecisionError::Signer(method.clone()))?;
    Ok(SignedDecision {
        statement,
        head,
        signer,
    })
}

/// The token and the disclosure.
fn split(decision: &str) -> Option<(&str, Option<&str>)> {
    let (token, rest) = decision.split_once(TILDE)?;
    if rest.is_empty() {
        return Some((token, None));
    }
    let disclosed = rest.strip_suffix(TILDE)?;
    Some((token, Some(disclosed)))
}

/// A permit says what is permitted, by which consent for each category, until when and as of which head; a deny says why, and
/// nothing that could be taken for a permit.
fn check(statement: &DecisionStatement) -> Result<(), &'static str> {
    let DecisionStatement { reasons, asked, .. } = statement;
    let permits = |at: usize| reasons[at].code == ReasonCode::Permitted;
    if !statement.decision {
        let bare = statement.valid_until.is_none() && statement.obligations.is_empty();
        let denied = !reasons.is_empty() && !(0..reasons.len()).any(permits);
        return match (bare, denied) {
            (false, _) => Err("a deny has no end and obliges to nothing"),
            (_, false) => Err("a deny has reasons, and none of them is permitted"),
            _ => Ok(()),
        };
    }
    let Some(asked) = asked else {
        return Err("a permit says what it permits");
    };
    let each = reasons.len() == asked.categories.len()
        && asked
            .categories
            .iter()
            .zip(reasons)
            .enumerate()
            .all(|(at, (category, reason))| {
                permits(at) && reason.category == Some(*category) && reason.consent.is_some() && reason.record.is_some()
            });
    if !each {
        return Err("a permit names for each category, in their order, the consent and record that permit it");
    }
    let latest = statement.evaluated_at.plus_seconds(MAX_VALID_FOR_SECONDS);
    match (statement.valid_until, &statement.head) {
        (Some(until), _) if until < statement.evaluated_at || until > latest => {
            Err("a permit is good for at most a second")
        }
        (None, _) => Err("a permit says until when"),
        (_, None) => Err("a permit says as of which head"),
        _ => Ok(()),
    }
}
