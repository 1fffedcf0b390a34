//! Words for people, and sets with one spelling.

use core::ops::Deref;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{IdError, Language, string_id};

/// Longest single text, in bytes.
pub const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Most members of a set.
pub const MAX_SET: usize = 256;

/// Words for a person to read: 1 to 16,384 bytes, no control character but the line feed. Bidirectional overrides
/// (U+202A to U+202E, U+2066 to U+2069) are refused: they can make a notice read otherwise than it is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

impl Text {
    fn check(text: &str) -> Result<(), IdError> {
        if text.trim().is_empty() {
            return Err(IdError::new("the text is empty"));
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(IdError::new("the text is longer than 16384 bytes"));
        }
        let forbidden =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        // A notice has thousands of characters, most of them plain: only where a byte is not, a character is decoded.
        let plain = |b: u8| matches!(b, b' '..=b'~' | b'\n');
        let mut others = text.bytes().enumerate().filter(|(_, b)| !plain(*b));
        if others.any(|(at, _)| {
            text.get(at..)
                .and_then(|rest| rest.chars().next())
                .is_some_and(forbidden)
        }) {
            return Err(IdError::new("the text has a control or direction-override character"));
        }
        Ok(())
    }
}
string_id!(Text);

/// A text per language.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Language, Text>", into = "BTreeMap<Language, Text>")]
pub struct Texts(BTreeMap<Language, Text>);

impl Texts {
    /// The text in `language`, else in the first language there is.
    #[must_use]
    pub fn in_language(&self, language: &str) -> &str {
        let exact = self.0.iter().find(|(tag, _)| tag.as_str() == language);
        exact
            .or_else(|| self.0.first_key_value())
            .map_or("", |(_, text)| text.as_str())
    }

    /// The languages, sorted.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.0.keys()
    }
}

impl TryFrom<BTreeMap<Language, Text>> for Texts {
    type Error = IdError;
    fn try_from(texts: BTreeMap<Language, Text>) -> Result<Self, IdError> {
        if texts.is_empty() || texts.len() > MAX_SET {
            return Err(IdError::new("a text is given in 1 to 256 languages"));
        }
        Ok(Self(texts))
    }
}

impl From<Texts> for BTreeMap<Language, Text> {
    fn from(texts: Texts) -> Self {
        texts.0
    }
}

/// A set of 0 to 256 members. On the wire it is an array in ascending order without repetition: one set, one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(
        deserialize = "T: Ord + Clone + Deserialize<'de>",
        serialize = "T: Ord + Clone + Serialize"
    )
)]
pub struct Set<T>(Vec<T>);

impl<T: Ord> Set<T> {
    /// The set of the given members, in any order and repeated or not.
    #[must_use]
    pub fn from_members(members: impl IntoIterator<Item = T>) -> Self {
        let mut members: Vec<T> = members.into_iter().collect();
        members.sort();
        members.dedup();
        Self(members)
    }

    /// Whether every member is also in `other`.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|member| other.has(member))
    }

    /// Whether some member is also in `other`.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().any(|member| other.has(member))
    }

    /// Whether `member` is in the set.
    #[must_use]
    pub fn has(&self, member: &T) -> bool {
        self.0.binary_search(member).is_ok()
    }
}

impl<T> Deref for Set<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Ord> TryFrom<Vec<T>> for Set<T> {
    type Error = IdError;
    fn try_from(members: Vec<T>) -> Result<Self, IdError> {
        if members.len() > MAX_SET {
            return Err(IdError::new("a set has at most 256 members"));
        }
        if members.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(IdError::new("a set is written in ascending order without repetition"));
        }
        Ok(Self(members))
    }
}

impl<T> From<Set<T>> for Vec<T> {
    fn from(set: Set<T>) -> Self {
        set.0
    }
}

/// A [`Set`] with at least one member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(
        deserialize = "T: Ord + Clone + Deserialize<'de>",
        serialize = "T: Ord + Clone + Serialize"
    )
)]
pub struct SomeOf<T>(Set<T>);

impl<T: Ord> SomeOf<T> {
    /// The set, unless it is empty.
    #[must_use]
    pub fn new(set: Set<T>) -> Option<Self> {
        if set.is_empty() { None } else { Some(Self(set)) }
    }

    /// The set without one member; `None` when nothing would be left.
    #[must_use]
    pub fn without(&self, member: &T) -> Option<Self>
    where
        T: Clone,
    {
        Self::new(Set(self.0.iter().filter(|m| *m != member).cloned().collect()))
    }
}

impl<T> Deref for SomeOf<T> {
    type Target = Set<T>;
    fn deref(&self) -> &Set<T> {
        &self.0
    }
}

impl<T: Ord> TryFrom<Vec<T>> for SomeOf<T> {
    type Error = IdError;
    fn try_from(members: Vec<T>) -> Result<Self, IdError> {
        Self::new(Set::try_from(members)?).ok_or(IdError::new("the set is empty"))
    }
}

impl<T> From<SomeOf<T>> for Vec<T> {
    fn from(set: SomeOf<T>) -> Self {
        set.0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_refuse_what_deceives() {
        for bad in ["", "  ", "a\u{202e}b", "a\u{0}b", "a\rb", "a\u{1b}[2Jb"] {
            assert!(bad.parse::<Text>().is_err(), "{bad:?}");
        }
        assert!("two\nlines".parse::<Text>().is_ok());
        assert!("x".repeat(MAX_TEXT_BYTES + 1).parse::<Text>().is_err());
    }

    #[test]
    fn sets_have_one_spelling() {
        assert!(Set::try_from(vec![1, 2]).is_ok());
        assert!(Set::try_from(vec![2, 1]).is_err());
        assert!(Set::try_from(vec![1, 1]).is_err());
        assert!(SomeOf::<u8>::try_from(vec![]).is_err());
        assert_eq!(Set::from_members([3, 1, 3]).to_vec(), [1, 3]);
        assert!(SomeOf::try_from(vec![1]).unwrap().without(&1).is_none());
    }
}
