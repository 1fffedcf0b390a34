//! What may stand for a thing in RDF.

/// Whether the text is an absolute IRI that N-Quads can hold: a scheme, then nothing that RFC 3987 forbids everywhere.
///
/// Stricter than the usual processors, which look at the scheme alone: an IRI with a `>` or a line feed would let one
/// document's N-Quads be another's.
pub(crate) fn is_absolute(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic())
        && letters.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && rest.chars().all(is_allowed)
        && rest.matches('#').count() <= 1
}

fn is_allowed(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && !"<>\"{}|\\^`".contains(c)
}

/// Whether the text is a language tag by the grammar of N-Quads, in subtags of at most 8 characters (RFC 5646).
pub(crate) fn is_language(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(at, subtag)| {
        (1..=8).contains(&subtag.len())
            && subtag
                .bytes()
                .all(|b| b.is_ascii_alphabetic() || at > 0 && b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_iris_that_n_quads_can_hold() {
        for iri in ["https://a.example/b?c#d", "did:key:z6Mk", "urn:uuid:1", "tag:é", "a:"] {
            assert!(is_absolute(iri), "{iri}");
        }
        for text in [
            "", "a", "/a", "#a", ":a", "1a:b", "a b:c", "a:b c", "a:<b>", "a:b\n", "a:\"", "a:{b}", "a:#b#c",
            "a:\u{7f}",
        ] {
            assert!(!is_absolute(text), "{text:?}");
        }
    }

    #[test]
    fn language_tags() {
        assert!(["en", "de-CH", "zh-Hant-tw", "x-a1"].iter().all(|tag| is_language(tag)));
        assert!(
            !["", "e n", "en-", "-en", "1n", "en@x", "toolongtag", "é"]
                .iter()
                .any(|tag| is_language(tag))
        );
    }
}
