//! Strict JSON: RFC 8259 narrowed to I-JSON (RFC 7493) without floats, with the canonical form of
//! RFC 8785 (JCS).
//!
//! A signature covers the canonical bytes, so any two readers must see the same value in them.
//! Whatever readers are known to disagree on (duplicate members, floats, integers beyond 2^53 - 1,
//! lone surrogates, explicit nulls) is refused here, before any type sees it, with the RFC 6901
//! pointer of the fault.
//!
//! - [`parse`] reads bytes into a [`Document`] that borrows from them and says whether they are
//!   already canonical; [`parse_canonical`] insists on it.
//! - [`decode`] turns a [`Node`] into any `serde::Deserialize` type.
//! - [`to_jcs`] and [`Node::to_jcs`] write canonical bytes; [`without`] gives the canonical bytes
//!   of an object less one member (a proof, usually) without copying.
//!
//! The parser and the writer are this module's own: `serde_json`'s cargo features, which any crate
//! in a build can switch on for all, change nothing here.

mod decode;
mod fault;
mod jcs;
mod parse;
mod serializer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use decode::decode;
pub use fault::{Fault, FaultCode, OneLine};
pub use jcs::{JcsError, to_jcs};
pub use parse::{parse, parse_canonical};

/// How deeply arrays and objects may nest; a scalar document has depth 0. The parser, the decoder
/// and the writer recurse, so this bounds their stack.
pub const MAX_DEPTH: usize = 32;

/// The largest magnitude of an integer: 2^53 - 1, beyond which JavaScript rounds (RFC 7493
/// section 2.2).
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A JSON value; strings without escapes borrow from the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; its magnitude is at most [`MAX_INTEGER`].
    Integer(i64),
    /// A string, with its escapes resolved.
    String(Cow<'a, str>),
    /// The elements in order.
    Array(Box<[Node<'a>]>),
    /// The members in the input's order; no two have the same key.
    Object(Box<[Member<'a>]>),
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    /// The value.
    pub value: Value<'a>,
    /// Its bytes in the input, from and to. A document has thousands of nodes, so they are kept small.
    span: (u32, u32),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The name, with its escapes resolved.
    pub key: Cow<'a, str>,
    /// The value.
    pub value: Node<'a>,
    /// Where the opening quote of the key stands.
    start: u32,
}

/// A parsed JSON text, which borrows from the bytes it was read from.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    bytes: &'a [u8],
    root: Node<'a>,
    canonical: bool,
}

impl<'a> Document<'a> {
    /// The input, whole.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The one value of the text.
    pub fn root(&self) -> &Node<'a> {
        &self.root
    }

    /// Whether the input is the RFC 8785 form of its value, byte for byte.
    pub fn is_canonical(&self) -> bool {
        self.canonical
    }
}

impl<'a> Node<'a> {
    /// Where its bytes are in the input.
    pub fn span(&self) -> Range<usize> {
        self.span.0 as usize..self.span.1 as usize
    }

    /// The value of a member; `None` when there is no such member or this is no object.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        let members = self.as_object()?;
        members.iter().find(|m| m.key == key).map(|m| &m.value)
    }

    /// The value that an RFC 6901 pointer names, seen from this node; `None` for a pointer that
    /// leads nowhere or is malformed.
    pub fn pointer(&self, ptr: &str) -> Option<&Node<'a>> {
        if ptr.is_empty() {
            return Some(self);
        }
        let mut tokens = ptr.strip_prefix('/')?.split('/');
        tokens.try_fold(self, |node, token| node.step(token))
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The RFC 8785 bytes of this value.
    pub fn to_jcs(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.span().len());
        jcs::write_node(self, &mut out);
        out
    }

    fn step(&self, token: &str) -> Option<&Node<'a>> {
        match &self.value {
            Value::Object(_) if token.contains('~') => self.get(&unescape(token)?),
            Value::Object(_) => self.get(token),
            Value::Array(elements) => elements.get(array_index(token)?),
            _ => None,
        }
    }
}

impl Member<'_> {
    /// From the opening quote of the key to the end of the value.
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.value.span().end
    }
}

/// The RFC 8785 bytes of an object without one of its members, as two slices of the input to be
/// concatenated. `bytes` is the input of the canonical document that `object` belongs to.
///
/// `None` when `object` has no such member, is no object, or does not lie in `bytes`.
pub fn without<'b>(bytes: &'b [u8], object: &Node<'_>, key: &str) -> Option<[&'b [u8]; 2]> {
    let members = object.as_object()?;
    let index = members.iter().position(|m| m.key == key)?;
    let member = members[index].span();
    // One comma goes with the member: the one before it, or for the first member the one after.
    let cut = match (index.checked_sub(1), members.get(index + 1)) {
        (Some(before), _) => members[before].span().end..member.end,
        (None, Some(next)) => member.start..next.span().start,
        (None, None) => member,
    };
    let object = object.span();
    Some([bytes.get(object.start..cut.start)?, bytes.get(cut.end..object.end)?])
}

/// RFC 6901 section 4: `~1` is `/`, `~0` is `~`, any other `~` is an error.
fn unescape(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut text = String::from(parts.next()?);
    for part in parts {
        text.push(match part.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        text.push_str(&part[1..]);
    }
    Some(text)
}

/// RFC 6901 section 4: digits without a leading zero.
fn array_index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = token.len() > 1 && token.starts_with('0');
    (digits && !leading_zero).then(|| token.parse().ok())?
}
