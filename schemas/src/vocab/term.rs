//! The three kinds of term. A value of these types is in the pinned table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::UnknownTerm;
use super::sensitivity::Sensitivity;
use super::table::{Entry, entries, position};

/// Longest term that is looked at, in bytes. The longest in the table has 49;
/// the rest is room for a full IRI, which gets a hint.
pub const MAX_TERM_BYTES: usize = 96;

/// Which of the three tables a term belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    /// A purpose ([`PurposeTerm`]).
    Purpose,
    /// A category of personal data ([`CategoryTerm`]).
    Category,
    /// A kind of processing ([`ProcessingTerm`]).
    Processing,
}

impl TermKind {
    /// Stable name, as in the kind column of the tables.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Purpose => "purpose",
            Self::Category => "category",
            Self::Processing => "processing",
        }
    }
}

impl fmt::Display for TermKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

macro_rules! term {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $(#[$all_doc:meta])* $all:ident) => {
        $(#[$doc])*
        ///
        /// `Copy`, and ordered as its term string is, byte by byte. In JSON it
        /// is that string; any other string is refused with [`UnknownTerm`].
        // The index into the table, which is sorted by term: so the derived
        // order is the order of the strings.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub struct $name(usize);

        impl $name {
            /// The prefixed term, such as `dpv:Purpose`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.entry().term
            }

            /// The English label of DPV.
            #[must_use]
            pub fn label(self) -> &'static str {
                self.entry().label
            }

            /// The terms directly above, in order; DPV allows several.
            pub fn parents(self) -> impl ExactSizeIterator<Item = Self> {
                self.entry().parents.iter().map(|&index| Self(index))
            }

            /// All terms above, in order, each once, without the term itself.
            pub fn ancestors(self) -> impl ExactSizeIterator<Item = Self> {
                self.entry().ancestors.iter().map(|&index| Self(index))
            }

            /// Whether the term is `other` or below it.
            #[must_use]
            pub fn is_a(self, other: Self) -> bool {
                self == other || self.entry().ancestors.binary_search(&other.0).is_ok()
            }

            /// The mark on the term or on a term above it, the strictest if
            /// several. A mark on a term below says nothing here.
            #[must_use]
            pub fn sensitivity(self) -> Option<Sensitivity> {
                self.entry().sensitivity
            }

            fn entry(self) -> &'static Entry {
                &entries($kind)[self.0]
            }
        }

        $(#[$all_doc])*
        pub fn $all() -> impl ExactSizeIterator<Item = $name> {
            (0..entries($kind).len()).map($name)
        }

        impl FromStr for $name {
            type Err = UnknownTerm;

            fn from_str(given: &str) -> Result<Self, UnknownTerm> {
                position($kind, given)
                    .map(Self)
                    .ok_or_else(|| UnknownTerm::new($kind, given))
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownTerm;

            fn try_from(given: String) -> Result<Self, UnknownTerm> {
                given.parse()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = UnknownTerm;

            fn try_from(given: &str) -> Result<Self, UnknownTerm> {
                given.parse()
            }
        }

        impl From<$name> for &'static str {
            fn from(term: $name) -> Self {
                term.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

term!(
    /// A purpose, such as `dpv:DirectMarketing`.
    PurposeTerm,
    TermKind::Purpose,
    /// All purposes, in order.
    purposes
);

term!(
    /// A category of data, such as `pd:Interest`. DPV keeps terms here that
    /// are not personal data (`dpv:NonPersonalData`); those that are, are
    /// [`is_a`](Self::is_a) `dpv:PersonalData`.
    CategoryTerm,
    TermKind::Category,
    /// All categories, in order.
    categories
);

term!(
    /// A kind of processing, such as `dpv:Store`.
    ProcessingTerm,
    TermKind::Processing,
    /// All kinds of processing, in order.
    processing
);

impl PurposeTerm {
    /// Whether the term is no specific purpose (Art. 6(1)(a)): Marketing,
    /// Personalisation, ServiceProvision, all that is above one of them, and
    /// Sector, which DPV keeps here although it is no purpose. Terms below
    /// them are specific, unless so marked themselves.
    #[must_use]
    pub fn is_too_general(self) -> bool {
        self.entry().too_general
    }
}
