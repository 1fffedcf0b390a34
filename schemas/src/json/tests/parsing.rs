use std::borrow::Cow;

use super::super::{FaultCode, MAX_DEPTH, MAX_INTEGER, Value, parse};
use super::{MAX_BYTES, assert_refused, read, refused};

#[test]
fn values_and_their_spans() {
    let text = " { \"a\" : [ true , -12 ,\t\"x\\ny\" ] ,\r\n\"b\" : { } , \"c\" : null } ";
    let document = read(text);
    let root = document.root();
    assert_eq!(document.bytes(), text.as_bytes());
    let slice = |ptr: &str| &text[root.pointer(ptr).unwrap().span()];
    assert_eq!(slice(""), text.trim());
    assert_eq!(slice("/a/0"), "true");
    assert_eq!(slice("/a/1"), "-12");
    assert_eq!(slice("/a/2"), "\"x\\ny\"");
    assert_eq!(slice("/b"), "{ }");
    assert_eq!(slice("/c"), "null");
    assert_eq!(root.pointer("/a/0").unwrap().as_bool(), Some(true));
    assert_eq!(root.pointer("/a/1").unwrap().as_integer(), Some(-12));
    assert_eq!(root.pointer("/a/2").unwrap().as_str(), Some("x\ny"));
    assert_eq!(root.get("b").unwrap().as_object().unwrap().len(), 0);
    assert_eq!(root.get("a").unwrap().as_array().unwrap().len(), 3);
    assert_eq!(root.get("c").unwrap().value, Value::Null);
    let member = &root.as_object().unwrap()[1];
    assert_eq!(&text[member.span()], "\"b\" : { }");
}

#[test]
fn accessors_answer_for_their_own_type_only() {
    let values = ["null", "true", "1", "\"s\"", "[]", "{}"];
    for (at, text) in values.iter().enumerate() {
        let document = read(text);
        let root = document.root();
        assert_eq!(root.as_bool().is_some(), at == 1, "{text}");
        assert_eq!(root.as_integer().is_some(), at == 2, "{text}");
        assert_eq!(root.as_str().is_some(), at == 3, "{text}");
        assert_eq!(root.as_array().is_some(), at == 4, "{text}");
        assert_eq!(root.as_object().is_some(), at == 5, "{text}");
        assert!(root.get("a").is_none(), "{text}");
    }
}

#[test]
fn strings_without_escapes_borrow() {
    let document = read(r#"{"kéy":"välue","\u006b":"\\"}"#);
    let members = document.root().as_object().unwrap();
    assert!(matches!(members[0].key, Cow::Borrowed("kéy")));
    assert!(matches!(members[0].value.value, Value::String(Cow::Borrowed("välue"))));
    assert_eq!(members[1].key, "k");
    assert_eq!(members[1].value.as_str(), Some("\\"));
}

#[test]
fn all_escapes() {
    let document = read(r#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\ude00\u0000""#);
    let expected = "\"\\/\u{8}\u{c}\n\r\tAé€😀\0";
    assert_eq!(document.root().as_str(), Some(expected));
}

#[test]
fn pointers_follow_rfc_6901() {
    // The examples of RFC 6901 section 5.
    let document =
        read(r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#);
    let root = document.root();
    let integer = |ptr: &str| root.pointer(ptr).and_then(|node| node.as_integer());
    assert_eq!(root.pointer(""), Some(root));
    assert_eq!(root.pointer("/foo/0").unwrap().as_str(), Some("bar"));
    let found = ["/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/k\"l", "/ ", "/m~0n"];
    for (number, ptr) in (0..).zip(found) {
        assert_eq!(integer(ptr), Some(number), "{ptr}");
    }
    let nowhere = [
        "foo",
        "/foo/2",
        "/foo/00",
        "/foo/01",
        "/foo/+1",
        "/foo/-",
        "/foo/",
        "/foo/0/x",
        "/x",
        "/m~n",
        "/m~2n",
        "/m~",
        "/foo/99999999999999999999999",
    ];
    for ptr in nowhere {
        assert!(root.pointer(ptr).is_none(), "{ptr}");
    }
}

#[test]
fn syntax_faults() {
    assert_refused(
        FaultCode::Syntax,
        &[
            ("", ""),
            (" ", ""),
            ("\u{feff}1", ""),
            ("\u{a0}1", ""),
            ("1 2", ""),
            ("{}}", ""),
            ("[1]]", ""),
            ("[1", ""),
            ("[1,", "/1"),
            ("[1,]", "/1"),
            ("[,1]", "/0"),
            ("[1 2]", ""),
            ("[[1,2],[3,x]]", "/1/1"),
            ("{", ""),
            ("{\"a\"", "/a"),
            ("{\"a\" 1}", "/a"),
            ("{\"a\":", "/a"),
            ("{\"a\":1", ""),
            ("{\"a\":1,", ""),
            ("{\"a\":1,}", ""),
            ("{,}", ""),
            ("{a:1}", ""),
            ("{1:1}", ""),
            ("{'a':1}", ""),
            ("{\"a\":{\"b\":[1,}]}}", "/a/b/1"),
            ("{\"a/b\":{\"~\":!}}", "/a~1b/~0"),
            ("nul", ""),
            ("[tru]", "/0"),
            ("[fals]", "/0"),
            ("True", ""),
            ("nullx", ""),
            ("NaN", ""),
            ("[Infinity]", "/0"),
            ("[-Infinity]", "/0"),
            ("[-]", "/0"),
            ("+1", ""),
            (".5", ""),
            ("01", ""),
            ("-01", ""),
            ("00", ""),
            ("0x10", ""),
            ("1_000", ""),
            ("/* c */ 1", ""),
            ("[\"", "/0"),
            ("[\"\\", "/0"),
            ("[\"\\\"]", "/0"),
            ("[\"\n\"]", "/0"),
            ("[\"\u{0}\"]", "/0"),
            ("[\"\u{1f}\"]", "/0"),
            ("[\"a\\n\u{1f}\"]", "/0"),
            ("[\"\\x41\"]", "/0"),
            ("[\"\\U0041\"]", "/0"),
            ("[\"\\'\"]", "/0"),
            ("[\"\\u\"]", "/0"),
            ("[\"\\u12\"]", "/0"),
            ("[\"\\u12g4\"]", "/0"),
            ("[\"\\u+123\"]", "/0"),
            ("[\"\\ud83d\\u12\"]", "/0"),
            ("{\"a\\q\":1}", ""),
        ],
    );
}

#[test]
fn utf8_faults() {
    let cases: [&[u8]; 6] = [
        b"\"\xff\"",
        b"\"\xc0\xaf\"",         // overlong
        b"\"\xed\xa0\x80\"",     // a surrogate
        b"\"\xf4\x90\x80\x80\"", // beyond U+10FFFF
        b"\"\xe2\x82\"",         // cut off
        b"\xef\xbb\xbf{}",       // a byte order mark
    ];
    for bytes in cases {
        let fault = parse(bytes, MAX_BYTES).unwrap_err();
        assert_eq!((fault.code, &*fault.pointer), (FaultCode::Syntax, ""), "{bytes:x?}");
    }
}

#[test]
fn duplicate_members() {
    assert_refused(
        FaultCode::DuplicateMember,
        &[
            (r#"{"a":1,"a":1}"#, "/a"),
            (r#"{"a":1,"b":2,"a":3}"#, "/a"),
            (r#"{"b":1,"a":2,"c":3,"b":4}"#, "/b"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"{"\u0061":1,"b":1,"a":2}"#, "/a"),
            (r#"{"":1,"":2}"#, "/"),
            (r#"[0,{"x":{"a/b~":1,"a/b~":2}}]"#, "/1/x/a~1b~0"),
            (r#"{"😀":1,"ﬀ":1,"\ud83d\ude00":2}"#, "/😀"),
        ],
    );
    // One name in two objects is no duplicate, and Unicode normalisation is none of our business.
    read(r#"{"a":{"a":1},"b":{"a":1}}"#);
    read("{\"\u{e9}\":1,\"e\u{301}\":2}");
}

#[test]
fn floats() {
    assert_refused(
        FaultCode::Float,
        &[
            ("1.0", ""),
            ("1.5", ""),
            ("-0", ""),
            ("-0.0", ""),
            ("0.0", ""),
            ("1e2", ""),
            ("1E2", ""),
            ("1e400", ""),
            ("12345678901234567890.5", ""),
            (r#"{"a":[0,{"b":-0}]}"#, "/a/1/b"),
        ],
    );
}

#[test]
fn integer_range() {
    for number in [0, 1, -1, 10, MAX_INTEGER, -MAX_INTEGER] {
        assert_eq!(read(&number.to_string()).root().as_integer(), Some(number));
    }
    assert_refused(
        FaultCode::IntegerRange,
        &[
            ("9007199254740992", ""),
            ("-9007199254740992", ""),
            ("9223372036854775807", ""),
            ("9223372036854775808", ""),
            ("-9223372036854775808", ""),
            ("18446744073709551617", ""),
            ("[1,100000000000000000000000000000000000000000000000000]", "/1"),
        ],
    );
}

#[test]
fn lone_surrogates() {
    assert_refused(
        FaultCode::LoneSurrogate,
        &[
            (r#""\ud800""#, ""),
            (r#""\uDFFF""#, ""),
            (r#""\ud83dx""#, ""),
            (r#""\ud83d\n""#, ""),
            (r#""\ud83d\ud83d""#, ""),
            (r#""\ud83d\u0041""#, ""),
            (r#""\ude00\ud83d""#, ""),
            (r#"{"a":["\udead"]}"#, "/a/0"),
            (r#"{"a":{"\udead":1}}"#, "/a"),
        ],
    );
}

#[test]
fn depth() {
    let nest = |open: &str, inner: &str, close: &str, depth: usize| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    read(&nest("[", "1", "]", MAX_DEPTH));
    read(&nest("{\"a\":", "1", "}", MAX_DEPTH));
    // Siblings do not add up.
    read(&format!("[{}1]", "[[]],{\"a\":{}},".repeat(100)));
    let fault = refused(&nest("[", "", "]", MAX_DEPTH + 1));
    assert_eq!(fault.code, FaultCode::TooDeep);
    assert_eq!(fault.pointer, "/0".repeat(MAX_DEPTH));
    let fault = refused(&nest("{\"a\":", "{}", "}", MAX_DEPTH));
    assert_eq!(fault.code, FaultCode::TooDeep);
    assert_eq!(fault.pointer, "/a".repeat(MAX_DEPTH));
    // Neither the stack nor the time depends on how much more there is.
    assert_eq!(refused(&"[".repeat(500_000)).code, FaultCode::TooDeep);
}

#[test]
fn size() {
    assert!(parse(b"[1,2]", 5).is_ok());
    let fault = parse(b"[1,2]", 4).unwrap_err();
    assert_eq!((fault.code, &*fault.pointer), (FaultCode::Oversize, ""));
    // Size comes before everything else, so that nothing of a long input is looked at.
    assert_eq!(parse(b"\xff\xff", 1).unwrap_err().code, FaultCode::Oversize);
}

#[test]
fn a_fault_is_one_line_without_the_value() {
    let fault = refused("{\"a\\nb\\u2028c\":[\"secret\",x]}");
    assert_eq!(fault.pointer, "/a\nb\u{2028}c/1");
    assert_eq!(
        fault.to_string(),
        "/a\\u{a}b\\u{2028}c/1: a value is expected (byte 25)"
    );
}

#[test]
fn codes_are_stable_and_distinct() {
    let codes = [
        (FaultCode::Syntax, "syntax"),
        (FaultCode::DuplicateMember, "duplicate_member"),
        (FaultCode::Float, "float"),
        (FaultCode::IntegerRange, "integer_range"),
        (FaultCode::LoneSurrogate, "lone_surrogate"),
        (FaultCode::TooDeep, "too_deep"),
        (FaultCode::Oversize, "oversize"),
        (FaultCode::UnknownMember, "unknown_member"),
        (FaultCode::MissingMember, "missing_member"),
        (FaultCode::WrongType, "wrong_type"),
        (FaultCode::InvalidValue, "invalid_value"),
        (FaultCode::UnsupportedVersion, "unsupported_version"),
        (FaultCode::NotCanonical, "not_canonical"),
    ];
    for (code, text) in codes {
        assert_eq!(code.as_str(), text);
        assert_eq!(code.to_string(), text);
    }
}
