use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::{JcsError, MAX_DEPTH, MAX_INTEGER, parse_canonical, to_jcs};
use super::MAX_BYTES;

#[derive(Serialize)]
enum Form {
    Unit,
    Newtype(u8),
    Tuple(u8, bool),
    Struct { z: u8, a: u8 },
}

#[derive(Serialize)]
struct Everything {
    zeta: (u8, i64, bool),
    alpha: Vec<Form>,
    #[serde(rename = "€")]
    euro: BTreeMap<String, Option<char>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    #[serde(flatten)]
    more: BTreeMap<&'static str, ()>,
}

/// Writes these members in this order, as no sorted map would.
struct Members<K>(Vec<K>);

impl<K: Serialize> Serialize for Members<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (number, key) in self.0.iter().enumerate() {
            map.serialize_entry(key, &number)?;
        }
        map.end()
    }
}

fn written<T: Serialize>(value: T) -> String {
    let bytes = to_jcs(&value).unwrap();
    assert!(parse_canonical(&bytes, MAX_BYTES).is_ok());
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_form_of_type() {
    let form = Form::Struct { z: 1, a: 2 };
    let value = Everything {
        zeta: (1, -2, true),
        alpha: vec![Form::Unit, Form::Newtype(7), Form::Tuple(8, false), form],
        euro: BTreeMap::from([("\u{ff5e}".into(), Some('\n')), ("😀".into(), None)]),
        left_out: None,
        more: BTreeMap::from([("beta", ()), ("", ())]),
    };
    let expected = "{\"\":null,\"alpha\":[\"Unit\",{\"Newtype\":7},{\"Tuple\":[8,false]},\
        {\"Struct\":{\"a\":2,\"z\":1}}],\"beta\":null,\"zeta\":[1,-2,true],\
        \"€\":{\"😀\":null,\"\u{ff5e}\":\"\\n\"}}";
    assert_eq!(written(value), expected);
    assert_eq!(written(Vec::<u8>::new()), "[]");
    assert_eq!(written(BTreeMap::<&str, u8>::new()), "{}");
    assert_eq!(written("a\u{1f}"), r#""a\u001f""#);
}

#[test]
fn members_are_sorted_by_utf16() {
    let keys = vec!["\u{20ac}", "\r", "\u{fb33}", "1", "\u{1f600}", "\u{80}", "\u{f6}"];
    let expected = "{\"\\r\":1,\"1\":3,\"\u{80}\":5,\"ö\":6,\"€\":0,\"😀\":4,\"\u{fb33}\":2}";
    assert_eq!(written(Members(keys)), expected);
}

#[test]
fn integers() {
    assert_eq!(written(MAX_INTEGER), "9007199254740991");
    assert_eq!(written(-MAX_INTEGER), "-9007199254740991");
    assert_eq!(written((0_u8, -1_i8, 2_u16, -3_i16, 4_u32, -5_i32)), "[0,-1,2,-3,4,-5]");
    assert_eq!(written((6_u64, -7_i64, 8_u128, -9_i128)), "[6,-7,8,-9]");
    let beyond = Err(JcsError::IntegerRange);
    assert_eq!(to_jcs(&(MAX_INTEGER + 1)), beyond);
    assert_eq!(to_jcs(&(-MAX_INTEGER - 1)), beyond);
    assert_eq!(to_jcs(&i64::MIN), beyond);
    assert_eq!(to_jcs(&u64::MAX), beyond);
    assert_eq!(to_jcs(&u128::MAX), beyond);
    assert_eq!(to_jcs(&i128::MIN), beyond);
}

#[test]
fn refusals() {
    assert_eq!(to_jcs(&1.0_f64), Err(JcsError::Float));
    assert_eq!(to_jcs(&[1.5_f32]), Err(JcsError::Float));
    assert_eq!(to_jcs(&Members(vec![1])), Err(JcsError::KeyNotString));
    assert_eq!(to_jcs(&Members(vec![Some(()); 1])), Err(JcsError::KeyNotString));
    assert_eq!(
        to_jcs(&Members(vec!["b", "a", "b"])),
        Err(JcsError::DuplicateMember("b".into()))
    );
    assert_eq!(
        to_jcs(&Members(vec!["a", "a"])),
        Err(JcsError::DuplicateMember("a".into()))
    );
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(b"x")
        }
    }
    assert!(matches!(to_jcs(&Bytes), Err(JcsError::Unsupported(_))));
    struct Refusing;
    impl Serialize for Refusing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    assert_eq!(to_jcs(&Refusing), Err(JcsError::Custom("no".into())));
}

#[test]
fn keys_from_other_types() {
    assert_eq!(written(Members(vec!['b', 'a'])), r#"{"a":1,"b":0}"#);
    assert_eq!(written(Members(vec![Form::Unit])), r#"{"Unit":0}"#);
    assert_eq!(to_jcs(&Members(vec![Form::Newtype(1)])), Err(JcsError::KeyNotString));
}

#[test]
fn depth() {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Nest {
        Leaf(u8),
        Array(Vec<Nest>),
        Object { a: Box<Nest> },
        Tagged(Tagged),
    }
    #[derive(Serialize)]
    enum Tagged {
        A(Box<Nest>),
    }
    let wraps: [fn(Nest) -> Nest; 3] = [
        |nest| Nest::Array(vec![nest]),
        |nest| Nest::Object { a: Box::new(nest) },
        |nest| Nest::Tagged(Tagged::A(Box::new(nest))),
    ];
    for wrap in wraps {
        let deep = (0..MAX_DEPTH).fold(Nest::Leaf(1), |nest, _| wrap(nest));
        let bytes = to_jcs(&deep).unwrap();
        assert!(parse_canonical(&bytes, MAX_BYTES).is_ok());
        assert_eq!(to_jcs(&wrap(deep)), Err(JcsError::TooDeep));
    }
}

/// What `serde_json` hands to a serializer when its `arbitrary_precision` feature is on.
#[test]
fn numbers_of_any_serde_json_build() {
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::Number")]
    struct Number<'a> {
        #[serde(rename = "$serde_json::private::Number")]
        digits: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Raw {}
    let number = |digits| Number { digits };
    let object = BTreeMap::from([("b", number("12")), ("a", number("-7"))]);
    assert_eq!(written([object]), r#"[{"a":-7,"b":12}]"#);
    assert_eq!(to_jcs(&number("1.5")), Err(JcsError::Float));
    assert_eq!(to_jcs(&number("9007199254740992")), Err(JcsError::IntegerRange));
    for malformed in ["", "x", "\"1\"", "[1]"] {
        let error = to_jcs(&number(malformed)).unwrap_err();
        assert_eq!(error.code(), "unsupported", "{malformed}");
    }
    assert_eq!(to_jcs(&Raw {}).unwrap_err().code(), "unsupported");
    let value = serde_json::json!({"b": [1, null, true], "a": {"é": "x"}});
    assert_eq!(written(value), r#"{"a":{"é":"x"},"b":[1,null,true]}"#);
}

#[test]
fn codes_are_stable() {
    let errors = [
        (JcsError::Float, "float"),
        (JcsError::IntegerRange, "integer_range"),
        (JcsError::KeyNotString, "key_not_string"),
        (JcsError::DuplicateMember(String::new()), "duplicate_member"),
        (JcsError::TooDeep, "too_deep"),
        (JcsError::Unsupported(""), "unsupported"),
        (JcsError::Custom(String::new()), "custom"),
    ];
    for (error, code) in errors {
        assert_eq!(error.code(), code);
    }
}
