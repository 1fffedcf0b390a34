//! Why a document has no canonical form, or its proof does not count.

use core::fmt;

use placet_schemas::json::OneLine;

/// What is wrong, and where: the RFC 6901 pointer of the fault in the JSON text that was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {} (at {})", .code.as_str(), OneLine(.message), OneLine(if .pointer.is_empty() { "the document itself" } else { .pointer }))]
pub struct LinkedError {
    /// Where.
    pub pointer: String,
    /// The stable code.
    pub code: ErrorCode,
    /// What, and how to mend it.
    pub message: String,
}

impl LinkedError {
    pub(crate) fn new(pointer: impl Into<String>, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            message: message.into(),
        }
    }
}

/// The stable code of a [`LinkedError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Not JSON, a member twice, or a number that JavaScript would round.
    Json,
    /// Over one of this crate's limits of size, depth or number.
    TooLarge,
    /// A context that is not bundled. Nothing is ever fetched.
    UnknownContext,
    /// A context that JSON-LD 1.1 does not allow.
    InvalidContext,
    /// A context gives another meaning to a term that is protected.
    ProtectedTerm,
    /// A member, type or value that no context gives a meaning: it would not be signed.
    UndefinedTerm,
    /// Neither an absolute IRI nor a blank node: it would not be signed.
    InvalidIri,
    /// A value that JSON-LD drops: it would not be signed.
    Dropped,
    /// A value that JSON-LD 1.1 does not allow.
    InvalidValue,
    /// Legal JSON-LD that this crate does not know.
    Unsupported,
    /// So symmetric that giving it a canonical form costs too much.
    TooComplex,
    /// The proof, or what was given for its options, is none of `eddsa-rdfc-2022`.
    InvalidProof,
    /// No proof of `eddsa-rdfc-2022` is by the method that was asked for.
    NoProof,
    /// The signature does not hold.
    BadSignature,
}

impl ErrorCode {
    /// The code as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "linked_data_json",
            Self::TooLarge => "linked_data_too_large",
            Self::UnknownContext => "linked_data_unknown_context",
            Self::InvalidContext => "linked_data_invalid_context",
            Self::ProtectedTerm => "linked_data_protected_term",
            Self::UndefinedTerm => "linked_data_undefined_term",
            Self::InvalidIri => "linked_data_invalid_iri",
            Self::Dropped => "linked_data_dropped",
            Self::InvalidValue => "linked_data_invalid_value",
            Self::Unsupported => "linked_data_unsupported",
            Self::TooComplex => "linked_data_too_complex",
            Self::InvalidProof => "linked_data_invalid_proof",
            Self::NoProof => "linked_data_no_proof",
            Self::BadSignature => "linked_data_bad_signature",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A fault of which the caller knows the place.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn at(self, pointer: impl Into<String>) -> LinkedError {
        LinkedError::new(pointer, self.code, self.message)
    }
}
