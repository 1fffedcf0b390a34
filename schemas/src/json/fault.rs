//! Where a document is at fault, and why.

use std::fmt;

/// Why a JSON document is refused, and where.
///
/// `Display` is one line, `<pointer>: <message>`, whatever the document holds: a member name may
/// contain a line break, and a log must not gain a forged line from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", OneLine(.pointer), OneLine(.message))]
pub struct Fault {
    /// RFC 6901 pointer to the value or member at fault; empty for the whole document.
    pub pointer: String,
    /// The stable reason.
    pub code: FaultCode,
    /// An explanation for people. It repeats no string value of the document, since those may be
    /// personal data; only what a type's own `Deserialize` says is passed on as it is.
    pub message: String,
}

impl Fault {
    /// A fault at an RFC 6901 pointer.
    pub fn new(pointer: impl Into<String>, code: FaultCode, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            message: message.into(),
        }
    }

    /// The same fault seen from one level further out: `token`, a member name or an array index
    /// in decimal, is escaped and put in front of the pointer.
    #[must_use]
    pub fn under(mut self, token: &str) -> Self {
        self.go_under(token);
        self
    }

    /// Makes it the fault as seen from one level further out.
    pub(super) fn go_under(&mut self, token: &str) {
        let escaped = token.replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{escaped}{}", self.pointer);
    }
}

/// The reasons for refusing a JSON document. [`FaultCode::as_str`] is part of the public interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultCode {
    /// Not UTF-8, or outside the grammar of RFC 8259, or something follows the value.
    Syntax,
    /// A member name occurs twice in one object (RFC 7493 section 2.3).
    DuplicateMember,
    /// A number with a fraction or an exponent, or minus zero.
    Float,
    /// An integer beyond ±(2^53 - 1) (RFC 7493 section 2.2).
    IntegerRange,
    /// An escaped surrogate without its other half (RFC 7493 section 2.1).
    LoneSurrogate,
    /// Arrays and objects nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    TooDeep,
    /// More bytes than the caller allows.
    Oversize,
    /// A member that the type does not have.
    UnknownMember,
    /// A member that the type must have.
    MissingMember,
    /// A value of another JSON type than the one asked for, or an explicit null.
    WrongType,
    /// A value of the right JSON type that the type does not accept.
    InvalidValue,
    /// A version that this implementation does not know.
    UnsupportedVersion,
    /// Not the RFC 8785 form of its value.
    NotCanonical,
}

impl FaultCode {
    /// The stable code, in snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::DuplicateMember => "duplicate_member",
            Self::Float => "float",
            Self::IntegerRange => "integer_range",
            Self::LoneSurrogate => "lone_surrogate",
            Self::TooDeep => "too_deep",
            Self::Oversize => "oversize",
            Self::UnknownMember => "unknown_member",
            Self::MissingMember => "missing_member",
            Self::WrongType => "wrong_type",
            Self::InvalidValue => "invalid_value",
            Self::UnsupportedVersion => "unsupported_version",
            Self::NotCanonical => "not_canonical",
        }
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that somebody else chose, on one line: what could end the line or drive a terminal is written as an escape.
#[derive(Debug, Clone, Copy)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            // U+2028 and U+2029 are no control characters, yet many viewers break the line there.
            if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                write!(f, "{}", c.escape_unicode())
            } else {
                fmt::Write::write_char(f, c)
            }
        })
    }
}
