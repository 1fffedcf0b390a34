//! The `serde::Serializer` behind [`to_jcs`](super::to_jcs): it writes into one buffer and puts the
//! members of an object in order when the object ends.

use std::borrow::Cow;
use std::ops::Range;

use serde::ser::{self, Serialize};

use super::jcs::{utf16_order, write_bool, write_string};
use super::{FaultCode, JcsError, MAX_DEPTH, MAX_INTEGER, parse};

/// How `serde_json::Number` names itself when that crate's `arbitrary_precision` feature is on
/// anywhere in the build: as a struct with the digits in its one member.
const NUMBER: &str = "$serde_json::private::Number";

/// How `serde_json::value::RawValue` names itself.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// For how many members room is made beforehand, whatever a type says that it has.
const MAX_EXPECTED: usize = 32;

pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    depth: usize,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, depth: 0 }
    }

    fn array(self) -> Result<Array<'o>, JcsError> {
        let depth = deeper(self.depth)?;
        self.out.push(b'[');
        Ok(Array {
            out: self.out,
            depth,
            empty: true,
            close: b"]",
        })
    }

    fn object(self, members: usize) -> Result<Object<'o>, JcsError> {
        let depth = deeper(self.depth)?;
        self.out.push(b'{');
        Ok(Object {
            start: self.out.len(),
            out: self.out,
            depth,
            key: Cow::Borrowed(""),
            members: Vec::with_capacity(members.min(MAX_EXPECTED)),
            number: false,
            close: b"}",
        })
    }

    /// The `{"variant":` of an externally tagged variant, whose `}` the content writes.
    fn variant(self, variant: &str) -> Result<Self, JcsError> {
        let depth = deeper(self.depth)?;
        self.out.push(b'{');
        write_string(variant, self.out);
        self.out.push(b':');
        Ok(Writer { out: self.out, depth })
    }
}

fn deeper(depth: usize) -> Result<usize, JcsError> {
    if depth == MAX_DEPTH {
        return Err(JcsError::TooDeep);
    }
    Ok(depth + 1)
}

impl<'o> ser::Serializer for Writer<'o> {
    type Ok = ();
    type Error = JcsError;
    type SerializeSeq = Array<'o>;
    type SerializeTuple = Array<'o>;
    type SerializeTupleStruct = Array<'o>;
    type SerializeTupleVariant = Array<'o>;
    type SerializeMap = Object<'o>;
    type SerializeStruct = Object<'o>;
    type SerializeStructVariant = Object<'o>;

    fn serialize_bool(self, v: bool) -> Result<(), JcsError> {
        write_bool(v, self.out);
        Ok(())
    }
    fn serialize_i8(self, v: i8) -> Result<(), JcsError> {
        self.serialize_i64(v.into())
    }
    fn serialize_i16(self, v: i16) -> Result<(), JcsError> {
        self.serialize_i64(v.into())
    }
    fn serialize_i32(self, v: i32) -> Result<(), JcsError> {
        self.serialize_i64(v.into())
    }
    fn serialize_i64(self, v: i64) -> Result<(), JcsError> {
        if !(-MAX_INTEGER..=MAX_INTEGER).contains(&v) {
            return Err(JcsError::IntegerRange);
        }
        self.out.extend_from_slice(v.to_string().as_bytes());
        Ok(())
    }
    fn serialize_i128(self, v: i128) -> Result<(), JcsError> {
        self.serialize_i64(i64::try_from(v).map_err(|_| JcsError::IntegerRange)?)
    }
    fn serialize_u8(self, v: u8) -> Result<(), JcsError> {
        self.serialize_i64(v.into())
    }
    fn serialize_u16(self, v: u16) -> Result<(), JcsError> {
        self.serialize_i64(v.into())
    }
    fn serialize_u32(self, v: u32) -> Result<(), JcsError> {
        self.serialize_i64(v.into())
    }
    fn serialize_u64(self, v: u64) -> Result<(), JcsError> {
        self.serialize_i64(i64::try_from(v).map_err(|_| JcsError::IntegerRange)?)
    }
    fn serialize_u128(self, v: u128) -> Result<(), JcsError> {
        self.serialize_i64(i64::try_from(v).map_err(|_| JcsError::IntegerRange)?)
    }
    fn serialize_f32(self, _: f32) -> Result<(), JcsError> {
        Err(JcsError::Float)
    }
    fn serialize_f64(self, _: f64) -> Result<(), JcsError> {
        Err(JcsError::Float)
    }
    fn serialize_char(self, v: char) -> Result<(), JcsError> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, v: &str) -> Result<(), JcsError> {
        write_string(v, self.out);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), JcsError> {
        Err(JcsError::Unsupported("a byte string"))
    }
    fn serialize_none(self) -> Result<(), JcsError> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JcsError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), JcsError> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JcsError> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), JcsError> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), JcsError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JcsError> {
        let inner = self.variant(variant)?;
        value.serialize(Writer {
            out: &mut *inner.out,
            depth: inner.depth,
        })?;
        inner.out.push(b'}');
        Ok(())
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Array<'o>, JcsError> {
        self.array()
    }
    fn serialize_tuple(self, _: usize) -> Result<Array<'o>, JcsError> {
        self.array()
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Array<'o>, JcsError> {
        self.array()
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Array<'o>, JcsError> {
        let array = self.variant(variant)?.array()?;
        Ok(Array { close: b"]}", ..array })
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Object<'o>, JcsError> {
        self.object(length.unwrap_or_default())
    }
    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Object<'o>, JcsError> {
        if name == RAW_VALUE {
            return Err(JcsError::Unsupported("raw JSON"));
        }
        let object = self.object(length)?;
        Ok(Object {
            number: name == NUMBER,
            ..object
        })
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Object<'o>, JcsError> {
        let object = self.variant(variant)?.object(length)?;
        Ok(Object { close: b"}}", ..object })
    }
}

pub(super) struct Array<'o> {
    out: &'o mut Vec<u8>,
    depth: usize,
    empty: bool,
    close: &'static [u8],
}

impl Array<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JcsError> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        value.serialize(Writer {
            out: &mut *self.out,
            depth: self.depth,
        })
    }

    fn finish(self) {
        self.out.extend_from_slice(self.close);
    }
}

impl ser::SerializeSeq for Array<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JcsError> {
        self.element(value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTuple for Array<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JcsError> {
        self.element(value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTupleStruct for Array<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JcsError> {
        self.element(value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTupleVariant for Array<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JcsError> {
        self.element(value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish();
        Ok(())
    }
}

pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    depth: usize,
    /// Where the members begin in `out`, after the opening brace.
    start: usize,
    /// The key whose value comes next.
    key: Cow<'static, str>,
    members: Vec<(Cow<'static, str>, Range<usize>)>,
    /// Whether this is no object but [`NUMBER`].
    number: bool,
    close: &'static [u8],
}

impl Object<'_> {
    fn member<T: Serialize + ?Sized>(&mut self, key: Cow<'static, str>, value: &T) -> Result<(), JcsError> {
        if !self.members.is_empty() {
            self.out.push(b',');
        }
        let start = self.out.len();
        write_string(&key, self.out);
        self.out.push(b':');
        value.serialize(Writer {
            out: &mut *self.out,
            depth: self.depth,
        })?;
        self.members.push((key, start..self.out.len()));
        Ok(())
    }

    fn finish(self) -> Result<(), JcsError> {
        if self.number {
            return self.finish_number();
        }
        let ascending = |m: &[(Cow<'_, str>, _)]| utf16_order(&m[0].0, &m[1].0).is_lt();
        if !self.members.windows(2).all(ascending) {
            let mut members = self.members;
            members.sort_by(|a, b| utf16_order(&a.0, &b.0));
            if let Some(pair) = members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(JcsError::DuplicateMember(pair[0].0.to_string()));
            }
            let written = self.out.split_off(self.start);
            for (at, (_, range)) in members.iter().enumerate() {
                if at > 0 {
                    self.out.push(b',');
                }
                self.out
                    .extend_from_slice(&written[range.start - self.start..range.end - self.start]);
            }
        }
        self.out.extend_from_slice(self.close);
        Ok(())
    }

    /// Replaces `{"<NUMBER>":"<digits>"}` by the digits, read as any other integer is.
    fn finish_number(self) -> Result<(), JcsError> {
        const MALFORMED: JcsError = JcsError::Unsupported("a malformed number");
        let [(_, member)] = &self.members[..] else {
            return Err(MALFORMED);
        };
        let text = &self.out[member.start + NUMBER.len() + r#""":"#.len()..];
        let text = parse(text, text.len()).map_err(|_| MALFORMED)?;
        let digits = text.root().as_str().ok_or(MALFORMED)?;
        let number = parse(digits.as_bytes(), digits.len()).map_err(|fault| match fault.code {
            FaultCode::Float => JcsError::Float,
            FaultCode::IntegerRange => JcsError::IntegerRange,
            _ => MALFORMED,
        })?;
        let number = number.root().as_integer().ok_or(MALFORMED)?;
        self.out.truncate(self.start - 1);
        self.out.extend_from_slice(number.to_string().as_bytes());
        Ok(())
    }
}

impl ser::SerializeMap for Object<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JcsError> {
        // A key is written as a value would be and read back, so that newtypes, characters and
        // unit variants serve as keys without a second serializer.
        let mut text = Vec::new();
        key.serialize(Writer::new(&mut text))?;
        let key = parse(&text, text.len()).map_err(|_| JcsError::KeyNotString)?;
        let key = key.root().as_str().ok_or(JcsError::KeyNotString)?;
        self.key = Cow::Owned(key.to_owned());
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JcsError> {
        let key = std::mem::take(&mut self.key);
        self.member(key, value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish()
    }
}

impl ser::SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), JcsError> {
        self.member(Cow::Borrowed(key), value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish()
    }
}

impl ser::SerializeStructVariant for Object<'_> {
    type Ok = ();
    type Error = JcsError;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), JcsError> {
        self.member(Cow::Borrowed(key), value)
    }
    fn end(self) -> Result<(), JcsError> {
        self.finish()
    }
}
