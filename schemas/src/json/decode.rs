//! From nodes to types: a `serde::Deserializer` whose errors know where they are.

use std::fmt::Display;

use serde::de::{
    self, Deserialize, DeserializeSeed, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::{Fault, FaultCode, Member, Node, Value};

/// Reads a value of a type from a node. Strings borrow from the node.
///
/// Stricter than `serde_json`: null is refused for an `Option` (absence has one form: the member
/// is left out), an array for a struct, an object for a unit variant, and null for any type that
/// is not unit. Derive `deny_unknown_fields` to refuse unknown members.
///
/// Pointers are exact for everything that serde reads directly. What it buffers first (`flatten`,
/// internally tagged and untagged enums) is reported at the buffered object; a record should not
/// use those forms, which also let serde take an array for an object.
///
/// # Errors
///
/// [`FaultCode::UnknownMember`] at that member, [`FaultCode::MissingMember`] where it should be,
/// [`FaultCode::WrongType`], and [`FaultCode::InvalidValue`] for what a type's own `Deserialize`
/// refuses.
pub fn decode<'de, T: Deserialize<'de>>(node: &'de Node<'_>) -> Result<T, Fault> {
    T::deserialize(Decoder { node }).map_err(|refusal| refusal.0)
}

/// A fault on its way out; each level puts its own token in front of the pointer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Refusal(Fault);

impl Refusal {
    fn new(code: FaultCode, message: impl Into<String>) -> Self {
        Self(Fault::new("", code, message))
    }

    fn under(self, token: &str) -> Self {
        Self(self.0.under(token))
    }
}

impl de::Error for Refusal {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(FaultCode::InvalidValue, message.to_string())
    }

    // serde's own messages for the next four would repeat the value, which may be personal data
    // and ends in logs.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = format!("{expected} is expected, not {}", kind(&found));
        Self::new(FaultCode::WrongType, message)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(FaultCode::InvalidValue, format!("{expected} is expected"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let message = format!("one of these is expected: {}", expected.join(", "));
        Self::new(FaultCode::InvalidValue, message)
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new(FaultCode::UnknownMember, "no such member").under(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(FaultCode::MissingMember, "the member is missing").under(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(FaultCode::DuplicateMember, "the member occurs twice").under(field)
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Str(_) => "a string",
        Unexpected::Unit => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "this",
    }
}

fn found<'a>(node: &'a Node<'_>) -> Unexpected<'a> {
    match &node.value {
        Value::Null => Unexpected::Unit,
        Value::Bool(truth) => Unexpected::Bool(*truth),
        Value::Integer(number) => Unexpected::Signed(*number),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

struct Decoder<'de, 'a> {
    node: &'de Node<'a>,
}

impl<'de, 'a> Decoder<'de, 'a> {
    fn array<V: Visitor<'de>>(elements: &'de [Node<'a>], visitor: V) -> Result<V::Value, Refusal> {
        let mut access = Elements {
            rest: elements.iter().enumerate(),
        };
        let value = visitor.visit_seq(&mut access)?;
        match access.rest.next() {
            None => Ok(value),
            Some((index, _)) => {
                let refusal = Refusal::new(FaultCode::InvalidValue, "the array is too long");
                Err(refusal.under(&index.to_string()))
            }
        }
    }

    fn object<V: Visitor<'de>>(members: &'de [Member<'a>], visitor: V) -> Result<V::Value, Refusal> {
        let mut access = Members {
            rest: members.iter(),
            value: None,
        };
        let value = visitor.visit_map(&mut access)?;
        match access.rest.next() {
            None => Ok(value),
            Some(member) => Err(<Refusal as de::Error>::unknown_field(&member.key, &[])),
        }
    }

    fn wrong_type<T>(&self, expected: &dyn Expected) -> Result<T, Refusal> {
        Err(de::Error::invalid_type(found(self.node), expected))
    }
}

impl<'de> de::Deserializer<'de> for Decoder<'de, '_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.node.value {
            // serde buffers some types as `Content`, in which null would pass for an absent
            // `Option`.
            Value::Null => self.wrong_type(&visitor),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Integer(number) => match u64::try_from(*number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_i64(*number),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => Self::array(elements, visitor),
            Value::Object(members) => Self::object(members, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.node.value {
            Value::Null => Err(Refusal::new(
                FaultCode::WrongType,
                "null is refused: leave the member out",
            )),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.node.value {
            Value::Null => visitor.visit_unit(),
            _ => self.wrong_type(&visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    // A derived struct would also take an array of its fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match &self.node.value {
            Value::Object(members) => Self::object(members, visitor),
            _ => self.wrong_type(&visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let (name, content) = match &self.node.value {
            Value::String(text) => (text, None),
            Value::Object(members) => match &members[..] {
                [only] => (&only.key, Some(&only.value)),
                _ => {
                    let message = "an object with one member is expected";
                    return Err(Refusal::new(FaultCode::InvalidValue, message));
                }
            },
            _ => return self.wrong_type(&visitor),
        };
        visitor.visit_enum(Variant { name, content })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map identifier
    }
}

struct Elements<'de, 'a> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Node<'a>>>,
}

impl<'de> SeqAccess<'de> for &mut Elements<'de, '_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        let Some((index, node)) = self.rest.next() else {
            return Ok(None);
        };
        let value = seed.deserialize(Decoder { node });
        value.map(Some).map_err(|refusal| refusal.under(&index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Members<'de, 'a> {
    rest: std::slice::Iter<'de, Member<'a>>,
    /// The member whose key was read last.
    value: Option<&'de Member<'a>>,
}

impl<'de> MapAccess<'de> for &mut Members<'de, '_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        self.value = self.rest.next();
        let Some(member) = self.value else {
            return Ok(None);
        };
        let key = seed.deserialize(Name(&member.key));
        key.map(Some).map_err(|refusal: Refusal| {
            // An unknown member already carries its name.
            match refusal.0.code {
                FaultCode::UnknownMember => refusal,
                _ => refusal.under(&member.key),
            }
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let Some(member) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let node = &member.value;
        seed.deserialize(Decoder { node })
            .map_err(|refusal| refusal.under(&member.key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A member name or the name of a variant. It differs from serde's own string deserializers in
/// that newtypes can be made from it.
struct Name<'de>(&'de str);

impl<'de> de::Deserializer<'de> for Name<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let name = self.0;
        visitor.visit_enum(Variant { name, content: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An externally tagged enum: the name alone, or an object with the name as its one member.
struct Variant<'de, 'a> {
    name: &'de str,
    content: Option<&'de Node<'a>>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'de, 'a> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        match (seed.deserialize(Name(self.name)), self.content) {
            (Ok(variant), _) => Ok((variant, self)),
            (Err(refusal), None) => Err(refusal),
            (Err(refusal), Some(_)) => Err(refusal.under(self.name)),
        }
    }
}

impl<'de, 'a> Variant<'de, 'a> {
    fn content(&self) -> Result<Decoder<'de, 'a>, Refusal> {
        let node = self.content.ok_or_else(|| {
            let message = "this variant is an object with one member, not a string";
            Refusal::new(FaultCode::WrongType, message)
        })?;
        Ok(Decoder { node })
    }
}

impl<'de> VariantAccess<'de> for Variant<'de, '_> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(Refusal::new(
                FaultCode::WrongType,
                "this variant is a string, not an object",
            )),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        let content = self.content()?;
        seed.deserialize(content).map_err(|refusal| refusal.under(self.name))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Refusal> {
        let content = self.content()?;
        de::Deserializer::deserialize_seq(content, visitor).map_err(|refusal| refusal.under(self.name))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Refusal> {
        let content = self.content()?;
        de::Deserializer::deserialize_struct(content, "", fields, visitor).map_err(|refusal| refusal.under(self.name))
    }
}
