//! Why there is no answer.

use placet_kernel::decision::DecisionError;
use placet_schemas::id::Did;
use placet_schemas::json::Fault;

/// Why there is no answer that counts. [`AskError::code`] is stable. None of them is a permit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The verifier's address is none that this client speaks to.
    #[error("{url:?} is no address of a verifier: {why}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The system gives no random bytes for a nonce.
    #[error("the operating system gives no random bytes")]
    Random,
    /// The verifier cannot be reached, or broke off.
    #[error("the verifier cannot be reached: {0}")]
    Unreachable(#[source] Box<ureq::Error>),
    /// It did not answer in time. A permit is good for a second, so a later one would be of no use.
    #[error("the verifier did not answer in time")]
    Slow,
    /// The call is larger than it may be.
    #[error("at most {most} at once")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// The question has no canonical form.
    #[error("the question cannot be written")]
    Unwritable,
    /// The verifier refused the call.
    #[error("the verifier refused: {status} {code}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's stable code; empty when it named none.
        code: String,
        /// What it said.
        detail: String,
    },
    /// The answer is larger than any can be.
    #[error("the answer has more than {most} bytes")]
    TooLong {
        /// How many there may be.
        most: u64,
    },
    /// The answer is none.
    #[error("the answer is malformed: {0}")]
    Malformed(#[from] Fault),
    /// What is signed does not hold.
    #[error("the answer's signature: {0}")]
    Signature(#[from] DecisionError),
    /// Somebody else signed.
    #[error("the answer is signed by {signer}, not by the verifier that is pinned")]
    Signer {
        /// Who signed.
        signer: Did,
    },
    /// What is signed is not the answer to what was asked.
    #[error("the answer is not to this question: {0}")]
    Other(&'static str),
}

impl AskError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "address",
            Self::Random => "random",
            Self::Unreachable(_) => "unreachable",
            Self::Slow => "slow",
            Self::TooMany { .. } => "too_many",
            Self::Unwritable => "unwritable",
            Self::Refused { .. } => "refused",
            Self::TooLong { .. } => "too_long",
            Self::Malformed(_) => "malformed",
            Self::Signature(error) => error.code(),
            Self::Signer { .. } => "signer",
            Self::Other(_) => "other_question",
        }
    }
}
