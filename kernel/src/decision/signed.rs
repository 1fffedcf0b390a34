//! Signed decisions: compact JWS over a [`DecisionStatement`], `alg` Ed25519, `typ` `placet-decision+jwt`.

use placet_schemas::authzen::{DECISION_TYP, DecisionStatement};
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json::{self, Fault};

use crate::jws::{self, JwsError};
use crate::keys::PublicKey;
use crate::sign::{SignError, Signer};

/// Longest signed decision, in bytes: one reason for each category of the longest question.
pub const MAX_DECISION_BYTES: usize = 64 * 1024;

/// A decision whose signature holds. Whose key it is, the key does not say.
#[derive(Debug, Clone)]
pub struct SignedDecision {
    /// What was decided.
    pub statement: DecisionStatement,
    /// The verifier's did:key.
    pub signer: Did,
}

/// Why a signed decision does not count. [`DecisionError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// The token does not hold.
    #[error("the decision does not hold: {0}")]
    Token(#[from] JwsError),
    /// The payload is none.
    #[error("the decision's payload: {0}")]
    Payload(#[from] Fault),
    /// The signer is no did:key.
    #[error("the decision is signed by {0}, which is no did:key")]
    Signer(DidUrl),
}

impl DecisionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Payload(_) => "decision_malformed",
            Self::Signer(_) => "decision_signer",
        }
    }
}

/// Signs a decision with a verifier's key; `method` is that key's own method.
///
/// # Errors
/// When the signer fails.
pub fn sign(statement: &DecisionStatement, method: &DidUrl, signer: &dyn Signer) -> Result<String, SignError> {
    jws::sign(&json::to_jcs(statement)?, DECISION_TYP, method, signer)
}

/// Reads a signed decision and checks its signature by the key that it names.
///
/// # Errors
/// See [`DecisionError`].
pub fn read(compact: &str) -> Result<SignedDecision, DecisionError> {
    let own_key = |method: &DidUrl| {
        let did: Did = method.did_str().parse().ok()?;
        PublicKey::from_multibase(did.key_multibase()?).ok()
    };
    let (method, payload) = match jws::verify_within(compact, DECISION_TYP, MAX_DECISION_BYTES, own_key) {
        Err(JwsError::UnknownKey(method)) => return Err(DecisionError::Signer(method)),
        checked => checked?,
    };
    let document = json::parse(&payload, MAX_DECISION_BYTES)?;
    let statement = json::decode(document.root())?;
    let signer = method
        .did_str()
        .parse()
        .map_err(|_| DecisionError::Signer(method.clone()))?;
    Ok(SignedDecision { statement, signer })
}
