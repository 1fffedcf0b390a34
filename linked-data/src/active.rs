//! The active context: what terms mean at one place of a document (JSON-LD 1.1, section 4; JSON-LD API, section 4).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::iri;
use crate::json::Json;

/// What JSON-LD 1.1 reserves.
const KEYWORDS: [&str; 22] = [
    "@base",
    "@container",
    "@context",
    "@direction",
    "@graph",
    "@id",
    "@import",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
];
/// The one keyword that no document member can be.
const VOCAB: &str = "@vocab";

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Keyword(&'static str),
    /// An absolute IRI.
    Iri(String),
    /// A blank node, by its label.
    Blank(String),
    /// Nothing: the context says so, or nobody has given the word a meaning.
    Undefined,
}

/// How a term's strings are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TypeMapping {
    Id,
    Vocab,
    Json,
    None,
    Datatype(String),
}

/// How a term's values are held together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Containers {
    pub(crate) list: bool,
    pub(crate) set: bool,
    pub(crate) language: bool,
    pub(crate) graph: bool,
}

/// A term's definition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) name: Name,
    pub(crate) prefix: bool,
    pub(crate) protected: bool,
    pub(crate) mapping: Option<TypeMapping>,
    /// `Some(None)` when the term's strings have no language, whatever the default is.
    pub(crate) language: Option<Option<String>>,
    pub(crate) container: Containers,
    /// What holds within the term's values only.
    pub(crate) context: Option<Arc<Json>>,
}

/// What terms mean, here.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ActiveContext {
    pub(crate) terms: BTreeMap<Arc<str>, Arc<Term>>,
    pub(crate) vocab: Option<String>,
    pub(crate) language: Option<String>,
    /// What holds again in nodes below: a context that came with a type ends with its node.
    pub(crate) previous: Option<Arc<ActiveContext>>,
}

impl ActiveContext {
    pub(crate) fn is_initial(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn has_protected(&self) -> bool {
        self.terms.values().any(|term| term.protected)
    }

    /// Expands a text (JSON-LD API section 5.2): `vocab` when it is a member, a type or a value of a vocabulary. There is no
    /// base, so what is relative stands for nothing: a credential has no address that it could be relative to.
    pub(crate) fn expand(&self, text: &str, vocab: bool) -> Name {
        if let Some(keyword) = keyword(text) {
            return Name::Keyword(keyword);
        }
        if looks_like_keyword(text) {
            return Name::Undefined;
        }
        if let Some(term) = self.terms.get(text)
            && (vocab || matches!(term.name, Name::Keyword(_)))
        {
            return term.name.clone();
        }
        if let Some((prefix, suffix)) = split(text) {
            if prefix == "_" {
                return Name::Blank(suffix.to_owned());
            }
            if !suffix.starts_with("//")
                && let Some(term) = self.terms.get(prefix).filter(|term| term.prefix)
            {
                return match &term.name {
                    Name::Iri(iri) => absolute(format!("{iri}{suffix}")),
                    Name::Blank(label) => Name::Blank(format!("{label}{suffix}")),
                    Name::Keyword(_) | Name::Undefined => Name::Undefined,
                };
            }
            // A text with a colon that is no IRI, such as `a b:c`, falls through to the vocabulary.
            if iri::is_absolute(text) {
                return Name::Iri(text.to_owned());
            }
        }
        match (&self.vocab, vocab) {
            (Some(base), true) => absolute(format!("{base}{text}")),
            _ => Name::Undefined,
        }
    }
}

pub(crate) fn absolute(iri: String) -> Name {
    if iri::is_absolute(&iri) {
        Name::Iri(iri)
    } else {
        Name::Undefined
    }
}

/// Prefix and suffix of what may be a compact IRI: a colon that is not its first character.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(prefix, _)| !prefix.is_empty())
}

/// The keyword that the text is.
pub(crate) fn keyword(text: &str) -> Option<&'static str> {
    let known = KEYWORDS.iter().chain([&VOCAB]);
    known.copied().find(|keyword| *keyword == text)
}

/// `@` and letters: what JSON-LD keeps for keywords to come.
pub(crate) fn looks_like_keyword(text: &str) -> bool {
    text.strip_prefix('@')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}
