//! Why a document does not count.

use core::fmt;

use placet_schemas::json::{Fault, FaultCode, OneLine};

/// What is wrong, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind.
    pub code: Code,
    /// RFC 6901 pointer into the document.
    pub pointer: String,
    /// For people. It repeats no personal data.
    pub message: String,
}

/// The kinds of refusals; each is a problem type of the HTTP interfaces too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// It breaks a rule of the data model.
    Malformed,
    /// It is too large or too deep.
    TooLarge,
    /// It rests on something that is not known here.
    Unknown,
    /// No proof counts, or one does not hold.
    Unproven,
    /// It is not yet valid, not any more, or its status says so.
    NotInForce,
}

impl Refusal {
    /// A refusal of the document as a whole or of a part of it.
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            pointer: pointer.into(),
            message: message.into(),
        }
    }

    /// The same, of a document that is part of another.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        self.pointer.insert_str(0, parent);
        self
    }

    pub(super) fn malformed(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::Malformed, pointer, message)
    }

    pub(super) fn unproven(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::Unproven, pointer, message)
    }

    pub(super) fn unknown(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::Unknown, pointer, message)
    }
}

impl Code {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "vc_malformed",
            Self::TooLarge => "oversize",
            Self::Unknown => "vc_unknown",
            Self::Unproven => "vc_unproven",
            Self::NotInForce => "vc_not_in_force",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() {
            "the document itself"
        } else {
            &self.pointer
        };
        let (place, message) = (OneLine(place), OneLine(&self.message));
        write!(f, "{}: {message} (at {place})", self.code.as_str())
    }
}

impl core::error::Error for Refusal {}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let code = match fault.code {
            FaultCode::Oversize => Code::TooLarge,
            _ => Code::Malformed,
        };
        Self::new(code, fault.pointer.clone(), fault.message)
    }
}
