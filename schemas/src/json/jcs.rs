//! The canonical form of RFC 8785, written from parsed nodes and from `serde::Serialize` types.

use std::cmp::Ordering;
use std::fmt::Display;

use serde::ser::{self, Serialize};

use super::serializer::Writer;
use super::{MAX_DEPTH, Node, Value};

/// Bytes of a string that are looked at together.
const LOOKED_AT: usize = 16;

/// The RFC 8785 bytes of a value.
///
/// `None` is written as null, which [`decode`](super::decode) refuses: leave such members out with
/// `skip_serializing_if`.
///
/// # Errors
///
/// For what [`parse`](super::parse) would not take back: floats, integers beyond ±[`MAX_INTEGER`](super::MAX_INTEGER), a member
/// twice, nesting over [`MAX_DEPTH`]; for member names that are no strings and for byte strings;
/// and whatever error the type itself raises.
pub fn to_jcs<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JcsError> {
    let mut out = Vec::new();
    value.serialize(Writer::new(&mut out))?;
    Ok(out)
}

/// Why a value has no canonical form here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JcsError {
    /// A float, of whatever value.
    #[error("floats are refused")]
    Float,
    /// An integer beyond ±(2^53 - 1).
    #[error("the integer is beyond 2^53 - 1")]
    IntegerRange,
    /// A member name that is no string.
    #[error("a member name must be a string")]
    KeyNotString,
    /// A member name twice in one object.
    #[error("the member {0:?} occurs twice")]
    DuplicateMember(String),
    /// Arrays and objects nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// Something that JSON has no form for.
    #[error("{0} cannot be written")]
    Unsupported(&'static str),
    /// An error that the type's own `Serialize` raised.
    #[error("{0}")]
    Custom(String),
}

impl JcsError {
    /// The stable code, in snake case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::IntegerRange => "integer_range",
            Self::KeyNotString => "key_not_string",
            Self::DuplicateMember(_) => "duplicate_member",
            Self::TooDeep => "too_deep",
            Self::Unsupported(_) => "unsupported",
            Self::Custom(_) => "custom",
        }
    }
}

impl ser::Error for JcsError {
    fn custom<T: Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}

/// The order of member names, by UTF-16 code units (RFC 8785 section 3.2.3).
///
/// UTF-8 sorts by code point, which differs in one way only: UTF-16 puts U+10000 and above, being
/// surrogates, before U+E000 to U+FFFF. Those begin with the bytes 0xEE and 0xEF in UTF-8, which
/// occur as first bytes only and are lifted above all others here.
pub(super) fn utf16_order(a: &str, b: &str) -> Ordering {
    let differing = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    let lift = |byte: u8| {
        if matches!(byte, 0xee | 0xef) { byte + 0x10 } else { byte }
    };
    match differing {
        Some((a, b)) => lift(a).cmp(&lift(b)),
        None => a.len().cmp(&b.len()),
    }
}

pub(super) fn write_node(node: &Node<'_>, out: &mut Vec<u8>) {
    match &node.value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => write_bool(*truth, out),
        Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_node(element, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|a, b| utf16_order(&a.key, &b.key));
            out.push(b'{');
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(&member.key, out);
                out.push(b':');
                write_node(&member.value, out);
            }
            out.push(b'}');
        }
    }
}

pub(super) fn write_bool(truth: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if truth { b"true" } else { b"false" });
}

/// The first byte that is not written as it is.
fn escaped(text: &[u8]) -> Option<usize> {
    let is_escaped = |byte: &u8| matches!(byte, 0x00..0x20 | b'"' | b'\\');
    // Without a way out in the middle the compiler looks at many bytes at once.
    let clean = |part: &[u8]| !part.iter().fold(false, |found, byte| found | is_escaped(byte));
    let passed = text.chunks(LOOKED_AT).take_while(|part| clean(part)).count() * LOOKED_AT;
    let rest = text.get(passed..)?;
    Some(passed + rest.iter().position(is_escaped)?)
}

/// RFC 8785 section 3.2.2.2.
pub(super) fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    // Most strings have nothing to escape, so what lies between escapes is copied as a whole.
    let mut rest = text.as_bytes();
    while let Some(at) = escaped(rest) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            byte => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
