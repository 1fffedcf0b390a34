//! Properties over arbitrary values, their many spellings, and arbitrary bytes.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Deserialize, Serialize};

use super::super::jcs::utf16_order;
use super::super::{FaultCode, MAX_INTEGER, Node, Value, decode, parse, parse_canonical, to_jcs, without};
use super::MAX_BYTES;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    String(String),
    Array(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

impl Tree {
    fn of(node: &Node<'_>) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Integer(number) => Self::Integer(*number),
            Value::String(text) => Self::String(text.to_string()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::of).collect()),
            Value::Object(members) => {
                let members = members.iter().map(|m| (m.key.to_string(), Self::of(&m.value)));
                Self::Object(members.collect())
            }
        }
    }

    /// RFC 8785 said again in the plainest way: sorted by `encode_utf16`, and `serde_json`'s
    /// escapes, which happen to be those of the RFC.
    fn plain_jcs(&self) -> String {
        match self {
            Self::Array(elements) => {
                let parts: Vec<_> = elements.iter().map(Self::plain_jcs).collect();
                format!("[{}]", parts.join(","))
            }
            Self::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(key, _)| key.encode_utf16().collect::<Vec<_>>());
                let part = |(key, value): &(&String, &Tree)| {
                    format!("{}:{}", serde_json::to_string(key).unwrap(), value.plain_jcs())
                };
                let parts: Vec<_> = members.iter().map(part).collect();
                format!("{{{}}}", parts.join(","))
            }
            scalar => serde_json::to_string(scalar).unwrap(),
        }
    }
}

/// Spells a tree in some way that a JSON text may; the choices come from a list that is used
/// round and round.
struct Speller {
    choices: Vec<u8>,
    at: usize,
}

impl Speller {
    fn choose(&mut self, ways: u8) -> u8 {
        self.at += 1;
        self.choices[self.at % self.choices.len()] % ways
    }

    fn space(&mut self) -> &'static str {
        ["", "", "", " ", "\n", "\t\r", "  \n"][usize::from(self.choose(7))]
    }

    fn string(&mut self, text: &str) -> String {
        let mut out = String::from('"');
        for char in text.chars() {
            match (self.choose(4), char) {
                (0, _) => {
                    let units = &mut [0; 2];
                    for unit in char.encode_utf16(units) {
                        out += &format!("\\u{unit:04x}");
                    }
                }
                (1, _) => {
                    let units = &mut [0; 2];
                    for unit in char.encode_utf16(units) {
                        out += &format!("\\u{unit:04X}");
                    }
                }
                (2, '/') => out += "\\/",
                _ => out += serde_json::to_string(&char).unwrap().trim_matches_one('"'),
            }
        }
        out + "\""
    }

    fn spell(&mut self, tree: &Tree) -> String {
        let before = self.space();
        let text = match tree {
            Tree::String(text) => self.string(text),
            Tree::Array(elements) => {
                let parts: Vec<_> = elements.iter().map(|e| self.spell(e)).collect();
                format!("[{}{}]", self.space(), parts.join(","))
            }
            Tree::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                for index in 1..members.len() {
                    let other = usize::from(self.choose(u8::MAX)) % (index + 1);
                    members.swap(index, other);
                }
                let mut parts = Vec::new();
                for (key, value) in members {
                    let (key, value) = (self.string(key), self.spell(value));
                    parts.push(format!("{}{key}{}:{value}", self.space(), self.space()));
                }
                format!("{{{}{}}}", self.space(), parts.join(","))
            }
            scalar => scalar.plain_jcs(),
        };
        format!("{before}{text}{}", self.space())
    }
}

trait TrimOne {
    /// Without the first and the last character, which must be this one.
    fn trim_matches_one(&self, quote: char) -> &str;
}

impl TrimOne for String {
    fn trim_matches_one(&self, quote: char) -> &str {
        self.strip_prefix(quote).and_then(|s| s.strip_suffix(quote)).unwrap()
    }
}

fn text() -> impl Strategy<Value = String> {
    let special = "\0\u{1}\u{8}\t\n\u{b}\u{c}\r\u{1f} \"\\/~aAb1\u{7f}\u{80}é€\u{d7ff}\u{e000}\
        \u{fb33}\u{feff}\u{ffff}\u{10000}😀\u{10ffff}";
    let special: Vec<char> = special.chars().collect();
    let char = prop_oneof![select(special), any::<char>()];
    vec(char, 0..5).prop_map(|chars| chars.into_iter().collect())
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::Bool),
        (-20_i64..20).prop_map(Tree::Integer),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Tree::Integer),
        text().prop_map(Tree::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Tree::Array),
            btree_map(text(), inner, 0..6).prop_map(Tree::Object),
        ]
    })
}

/// Pieces of JSON and near-JSON, which joined at random are often a text and often just not.
const TOKENS: [&str; 24] = [
    "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "\"a\":1", "\\", "\\n", "\\u00", "\\ud83d", "1", "0", "-",
    ".5", "e1", " ", "null", "true", "é", "\n",
];

/// What every input must meet, whatever it is.
fn check_any(bytes: &[u8]) {
    let ours = parse(bytes, MAX_BYTES);
    let theirs: Result<serde_json::Value, _> = serde_json::from_slice(bytes);
    let shown = String::from_utf8_lossy(bytes);
    match (&ours, &theirs) {
        (Ok(document), Ok(value)) => {
            let jcs = document.root().to_jcs();
            assert_eq!(document.is_canonical(), jcs == bytes, "{shown}");
            assert_eq!(parse_canonical(bytes, MAX_BYTES).is_ok(), jcs == bytes, "{shown}");
            assert_eq!(&serde_json::to_value(Tree::of(document.root())).unwrap(), value);
        }
        (Ok(_), Err(error)) => panic!("accepted against serde_json ({error}): {shown}"),
        (Err(fault), Ok(_)) => {
            use FaultCode::{DuplicateMember, Float, IntegerRange};
            let stricter = [DuplicateMember, Float, IntegerRange].contains(&fault.code);
            assert!(stricter, "refused against serde_json ({fault}): {shown}");
        }
        (Err(_), Err(_)) => {}
    }
}

#[test]
fn all_short_token_sequences_agree_with_serde_json() {
    let mut accepted = 0;
    for number in 0..TOKENS.len().pow(4) {
        let digit = |place: u32| TOKENS[number / TOKENS.len().pow(place) % TOKENS.len()];
        let text = [digit(0), digit(1), digit(2), digit(3)].concat();
        check_any(text.as_bytes());
        accepted += usize::from(parse(text.as_bytes(), MAX_BYTES).is_ok());
    }
    assert!(accepted > 500, "only {accepted} texts were accepted");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    names: BTreeMap<String, Vec<(i64, bool)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    choice: Result<u32, String>,
}

proptest! {
    #[test]
    fn to_jcs_is_canonical_and_round_trips(tree in tree()) {
        let bytes = to_jcs(&tree).unwrap();
        prop_assert_eq!(&bytes, &tree.plain_jcs().into_bytes());
        let document = parse_canonical(&bytes, MAX_BYTES).unwrap();
        prop_assert_eq!(document.root().to_jcs(), &bytes[..]);
        prop_assert_eq!(Tree::of(document.root()), tree);
    }

    #[test]
    fn every_spelling_has_one_canonical_form(tree in tree(), choices in vec(any::<u8>(), 1..64)) {
        let spelled = Speller { choices, at: 0 }.spell(&tree);
        check_any(spelled.as_bytes());
        let document = parse(spelled.as_bytes(), MAX_BYTES).unwrap();
        prop_assert_eq!(document.root().to_jcs(), tree.plain_jcs().into_bytes());
    }

    #[test]
    fn without_equals_removal(members in btree_map(text(), tree(), 1..6)) {
        let bytes = to_jcs(&members).unwrap();
        let document = parse_canonical(&bytes, MAX_BYTES).unwrap();
        for key in members.keys() {
            let mut rest = members.clone();
            rest.remove(key);
            let parts = without(&bytes, document.root(), key).unwrap();
            prop_assert_eq!(parts.concat(), to_jcs(&rest).unwrap());
        }
    }

    #[test]
    fn types_round_trip(
        names in btree_map(text(), vec((-MAX_INTEGER..=MAX_INTEGER, any::<bool>()), 0..3), 0..4),
        note in proptest::option::of(text()),
        choice in prop_oneof![any::<u32>().prop_map(Ok), text().prop_map(Err)],
    ) {
        let sample = Sample { names, note, choice };
        let bytes = to_jcs(&sample).unwrap();
        let document = parse_canonical(&bytes, MAX_BYTES).unwrap();
        prop_assert_eq!(decode::<Sample>(document.root()).unwrap(), sample);
    }

    #[test]
    fn random_tokens(tokens in vec(select(&TOKENS[..]), 0..24)) {
        check_any(tokens.concat().as_bytes());
    }

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..64)) {
        check_any(&bytes);
    }

    #[test]
    fn mutated_texts(
        tree in tree(),
        mutations in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
    ) {
        let mut bytes = to_jcs(&tree).unwrap();
        for (index, byte, kind) in mutations {
            let at = index.index(bytes.len() + 1);
            match (kind, bytes.get_mut(at)) {
                (0, Some(old)) => *old = byte,
                (1, Some(_)) => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        check_any(&bytes);
    }

    #[test]
    fn any_flipped_bit_is_seen(tree in tree(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        // A canonical text that changes in one bit is another value or no canonical text.
        let mut bytes = to_jcs(&tree).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(document) = parse_canonical(&bytes, MAX_BYTES) {
            prop_assert_ne!(Tree::of(document.root()), tree);
        }
    }

    #[test]
    fn order_is_that_of_utf16(a in text(), b in text()) {
        prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        let (x, y) = (format!("{a}{b}"), format!("{a}{b}{a}"));
        prop_assert_eq!(utf16_order(&x, &y), x.encode_utf16().cmp(y.encode_utf16()));
    }
}
