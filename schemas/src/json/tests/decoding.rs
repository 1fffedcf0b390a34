use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::{self, DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::super::{Fault, FaultCode, decode};
use super::read;

/// A type with rules of its own: a non-empty lower case name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.bytes().all(|b| b.is_ascii_lowercase()) && !text.is_empty() {
            true => Ok(Self(text)),
            false => Err(de::Error::custom("not a name")),
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Plain(String);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    kind: Kind,
    by_name: BTreeMap<Name, Vec<Entry>>,
    note: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    count: u8,
    #[serde(default)]
    pair: Option<(i64, bool)>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Kind {
    PageKey,
    Amount(u64),
    Span(i8, i8),
    Named { name: Name },
}

fn decoded<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    decode(read(text).root())
}

#[track_caller]
fn assert_fault<T: DeserializeOwned>(text: &str, code: FaultCode, pointer: &str) -> Fault {
    let Err(fault) = decoded::<T>(text) else {
        panic!("accepted: {text}");
    };
    assert_eq!((fault.code, &*fault.pointer), (code, pointer), "{text}: {fault}");
    fault
}

#[test]
fn a_whole_record() {
    let text = r#"{"kind":{"named":{"name":"x"}},"byName":{"a":[{"count":1},{"count":2,
        "pair":[-5,true]}],"b":[]},"note":"n"}"#;
    let entries = vec![
        Entry { count: 1, pair: None },
        Entry {
            count: 2,
            pair: Some((-5, true)),
        },
    ];
    let expected = Record {
        kind: Kind::Named { name: Name("x".into()) },
        by_name: BTreeMap::from([(Name("a".into()), entries), (Name("b".into()), vec![])]),
        note: Some("n".into()),
    };
    assert_eq!(decoded(text), Ok(expected));
}

#[test]
fn scalars_and_containers() {
    assert_eq!(decoded("true"), Ok(true));
    assert_eq!(decoded("-128"), Ok(-128_i8));
    assert_eq!(decoded("255"), Ok(255_u8));
    assert_eq!(decoded("9007199254740991"), Ok(9_007_199_254_740_991_u64));
    assert_eq!(decoded("-9007199254740991"), Ok(-9_007_199_254_740_991_i128));
    assert_eq!(decoded(r#""é""#), Ok('é'));
    assert_eq!(decoded(r#""s""#), Ok(String::from("s")));
    assert_eq!(decoded(r#""s""#), Ok(Plain("s".into())));
    assert_eq!(decoded("null"), Ok(()));
    assert_eq!(decoded("[[1],[],[2,3]]"), Ok(vec![vec![1], vec![], vec![2, 3]]));
    assert_eq!(decoded(r#"["a",1]"#), Ok((String::from("a"), 1_u8)));
    assert_eq!(decoded(r#"{"a":1}"#), Ok(BTreeMap::from([(Plain("a".into()), 1)])));
    assert_eq!(decoded(r#"{"page-key":1}"#), Ok(BTreeMap::from([(Kind::PageKey, 1)])));
    assert_eq!(decoded("7"), Ok(Some(7)));
    assert!(decoded::<IgnoredAny>(r#"[{"a":null}]"#).is_ok());
}

#[test]
fn externally_tagged_enums() {
    assert_eq!(decoded(r#""page-key""#), Ok(Kind::PageKey));
    assert_eq!(decoded(r#"{"amount":3}"#), Ok(Kind::Amount(3)));
    assert_eq!(decoded(r#"{"span":[-1,1]}"#), Ok(Kind::Span(-1, 1)));
    use FaultCode::{InvalidValue, MissingMember, UnknownMember, WrongType};
    assert_fault::<Kind>(r#""PageKey""#, InvalidValue, "");
    assert_fault::<Kind>(r#"{"other":1}"#, InvalidValue, "/other");
    assert_fault::<Kind>(r#"{"page-key":null}"#, WrongType, "");
    assert_fault::<Kind>(r#""amount""#, WrongType, "");
    assert_fault::<Kind>(r#""span""#, WrongType, "");
    assert_fault::<Kind>(r#""named""#, WrongType, "");
    assert_fault::<Kind>(r#"{"amount":-3}"#, InvalidValue, "/amount");
    assert_fault::<Kind>(r#"{"amount":"3"}"#, WrongType, "/amount");
    assert_fault::<Kind>(r#"{"span":[1,1000]}"#, InvalidValue, "/span/1");
    assert_fault::<Kind>(r#"{"span":{}}"#, WrongType, "/span");
    assert_fault::<Kind>(r#"{"named":["x"]}"#, WrongType, "/named");
    assert_fault::<Kind>(r#"{"named":{}}"#, MissingMember, "/named/name");
    assert_fault::<Kind>(r#"{"named":{"name":"x","y":1}}"#, UnknownMember, "/named/y");
    assert_fault::<Kind>(r#"{"amount":1,"span":[1,1]}"#, InvalidValue, "");
    assert_fault::<Kind>("{}", InvalidValue, "");
    assert_fault::<Kind>("0", WrongType, "");
}

#[test]
fn pointers_reach_into_arrays_and_maps() {
    use FaultCode::{InvalidValue, MissingMember, UnknownMember, WrongType};
    let record = |by_name: &str| format!(r#"{{"kind":"page-key","byName":{by_name}}}"#);
    let cases = [
        (
            r#"{"a":[{"count":1},{"count":256}]}"#,
            InvalidValue,
            "/byName/a/1/count",
        ),
        (r#"{"a":[{"count":1},{"count":"1"}]}"#, WrongType, "/byName/a/1/count"),
        (
            r#"{"a":[{"count":1},{"pair":[1,true]}]}"#,
            MissingMember,
            "/byName/a/1/count",
        ),
        (r#"{"a":[{"count":1,"x/y":0}]}"#, UnknownMember, "/byName/a/0/x~1y"),
        (r#"{"a":[{"count":1,"pair":[1]}]}"#, InvalidValue, "/byName/a/0/pair"),
        (r#"{"a":[{"count":1,"pair":[1,2]}]}"#, WrongType, "/byName/a/0/pair/1"),
        (
            r#"{"a":[{"count":1,"pair":[1,true,3]}]}"#,
            InvalidValue,
            "/byName/a/0/pair/2",
        ),
        (r#"{"a":[],"B~":[]}"#, InvalidValue, "/byName/B~0"),
        (r#"{"a":[[1]]}"#, WrongType, "/byName/a/0"),
        (r#"{"a":{}}"#, WrongType, "/byName/a"),
        ("[]", WrongType, "/byName"),
    ];
    for (by_name, code, pointer) in cases {
        assert_fault::<Record>(&record(by_name), code, pointer);
    }
    assert_fault::<Record>("{}", MissingMember, "/kind");
    assert_fault::<Record>(r#"{"kind":"page-key"}"#, MissingMember, "/byName");
    assert_fault::<Record>(r#"["page-key",{},"n"]"#, WrongType, "");
    assert_fault::<Record>(r#"{"kind":"page-key","byName":{},"Note":""}"#, UnknownMember, "/Note");
}

#[test]
fn an_explicit_null_is_no_absent_option() {
    let code = FaultCode::WrongType;
    let text = r#"{"kind":"page-key","byName":{},"note":null}"#;
    let fault = assert_fault::<Record>(text, code, "/note");
    assert_eq!(fault.message, "null is refused: leave the member out");
    assert_fault::<Entry>(r#"{"count":1,"pair":null}"#, code, "/pair");
    assert_fault::<Vec<Option<u8>>>("[1,null]", code, "/1");
    assert_fault::<Option<()>>("null", code, "");
    assert_fault::<String>("null", code, "");
    assert_fault::<Vec<u8>>("null", code, "");
    assert_fault::<Entry>("null", code, "");
    assert_fault::<Kind>("null", code, "");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Tagged {
    Item { note: Option<u8> },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flattened {
    #[serde(flatten)]
    entry: Entry,
}

#[test]
fn buffering_does_not_let_null_in() {
    let item = Tagged::Item { note: None };
    assert_eq!(decoded(r#"[{"type":"Item"}]"#), Ok(vec![item]));
    let code = FaultCode::WrongType;
    assert_fault::<Vec<Tagged>>(r#"[{"type":"Item","note":null}]"#, code, "/0/note");
    assert_fault::<Flattened>(r#"{"count":1,"pair":null}"#, code, "/pair");
    let text = r#"[{"type":"Item","note":1,"x":1}]"#;
    assert_fault::<Vec<Tagged>>(text, FaultCode::UnknownMember, "/0/x");
    assert_fault::<Vec<Flattened>>("[{}]", FaultCode::MissingMember, "/0/count");
}

#[test]
fn strings_borrow_from_the_document() {
    #[derive(Deserialize)]
    struct Borrowing<'a> {
        plain: &'a str,
        escaped: &'a str,
        #[serde(borrow)]
        cow: Cow<'a, str>,
    }
    let document = read(r#"{"plain":"p","escaped":"a\nb","cow":"c"}"#);
    let value: Borrowing<'_> = decode(document.root()).unwrap();
    assert_eq!((value.plain, value.escaped), ("p", "a\nb"));
    assert!(matches!(value.cow, Cow::Borrowed("c")));
}

#[test]
fn what_a_type_leaves_unread_is_refused() {
    /// Stops after the first element or member.
    #[derive(Debug)]
    struct First;
    impl<'de> Deserialize<'de> for First {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> de::Visitor<'de> for Visitor {
                type Value = First;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("something")
                }
                fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<First, A::Error> {
                    seq.next_element::<u8>().map(|_| First)
                }
                fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<First, A::Error> {
                    map.next_entry::<String, u8>().map(|_| First)
                }
            }
            deserializer.deserialize_any(Visitor)
        }
    }
    assert!(decoded::<First>("[1]").is_ok());
    assert!(decoded::<First>(r#"{"a":1}"#).is_ok());
    assert_fault::<First>("[1,2]", FaultCode::InvalidValue, "/1");
    assert_fault::<First>(r#"{"a":1,"b":2}"#, FaultCode::UnknownMember, "/b");
}

#[test]
fn messages_do_not_repeat_values() {
    let code = FaultCode::WrongType;
    let fault = assert_fault::<Vec<u8>>(r#"["mail@person.example"]"#, code, "/0");
    assert_eq!(fault.message, "u8 is expected, not a string");
    let fault = assert_fault::<Vec<Kind>>(r#"["secret"]"#, FaultCode::InvalidValue, "/0");
    assert!(!fault.message.contains("secret"), "{fault}");
    let fault = assert_fault::<char>(r#""secret""#, FaultCode::InvalidValue, "");
    assert!(!fault.message.contains("secret"), "{fault}");
}
