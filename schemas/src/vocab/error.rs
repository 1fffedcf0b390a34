//! The refusal of a term that is not in the table, with a hint.

use std::fmt;

use super::table::entries;
use super::term::{MAX_TERM_BYTES, TermKind};

/// A hint is given if at most one letter in this many is wrong.
const HINT_LETTERS_PER_FAULT: usize = 3;

/// A string that is no term of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} term {given:?}{}", Hint(*.closest))]
pub struct UnknownTerm {
    kind: TermKind,
    given: String,
    closest: Option<&'static str>,
}

impl UnknownTerm {
    /// `given` may be as long as a hostile record is: at most
    /// [`MAX_TERM_BYTES`] of it are kept, and a longer one gets no hint, since
    /// a comparison with each term costs the product of the lengths.
    pub(super) fn new(kind: TermKind, given: &str) -> Self {
        let kept = given.floor_char_boundary(MAX_TERM_BYTES);
        let whole = kept == given.len();
        Self {
            kind,
            given: given[..kept].to_owned(),
            closest: if whole { closest(kind, given) } else { None },
        }
    }

    /// Stable code: `unknown_term`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "unknown_term"
    }

    /// What kind of term was expected.
    #[must_use]
    pub const fn kind(&self) -> TermKind {
        self.kind
    }

    /// What was given, cut to [`MAX_TERM_BYTES`].
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The term of the expected kind that is nearest in spelling, if one is
    /// near enough to be meant.
    #[must_use]
    pub const fn closest(&self) -> Option<&'static str> {
        self.closest
    }
}

struct Hint(Option<&'static str>);

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(term) => write!(f, " (did you mean {term}?)"),
            None => Ok(()),
        }
    }
}

/// Compares names without prefix and case: the usual faults are a wrong
/// prefix, none, or the full IRI (`https://w3id.org/dpv/pd#Interest`).
fn closest(kind: TermKind, given: &str) -> Option<&'static str> {
    let wanted = name(given).to_ascii_lowercase();
    entries(kind)
        .iter()
        .map(|entry| {
            let candidate = name(entry.term).to_ascii_lowercase();
            (distance(wanted.as_bytes(), candidate.as_bytes()), entry.term)
        })
        .min()
        .filter(|(faults, _)| faults * HINT_LETTERS_PER_FAULT <= wanted.len())
        .filter(|_| !wanted.is_empty())
        .map(|(_, term)| term)
}

fn name(term: &str) -> &str {
    term.rsplit([':', '#']).next().unwrap_or(term)
}

/// Levenshtein's distance, one row at a time.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        for (left, right, faults) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("marketing", "marketting", 1),
            ("abc", "acb", 2),
        ] {
            assert_eq!(distance(left.as_bytes(), right.as_bytes()), faults);
            assert_eq!(distance(right.as_bytes(), left.as_bytes()), faults);
        }
    }
}
