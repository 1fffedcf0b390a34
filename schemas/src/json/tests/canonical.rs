use super::super::{Fault, FaultCode, Node, parse_canonical, without};
use super::{MAX_BYTES, read};

/// RFC 8785 section 3.2.3, with the code points that are not printable written as escapes.
const RFC_SORTING: &str = r#"{
  "\u20ac": "Euro Sign",
  "\r": "Carriage Return",
  "\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One",
  "\ud83d\ude00": "Emoji: Grinning Face",
  "\u0080": "Control",
  "\u00f6": "Latin Small Letter O With Diaeresis"
}"#;

fn jcs(text: &str) -> String {
    String::from_utf8(read(text).root().to_jcs()).unwrap()
}

fn departure(text: &str) -> Fault {
    let document = read(text);
    assert!(!document.is_canonical(), "{text}");
    parse_canonical(text.as_bytes(), MAX_BYTES).unwrap_err()
}

#[test]
fn the_sorting_example_of_rfc_8785() {
    let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
        \"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\
        \"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
    assert_eq!(jcs(RFC_SORTING), expected);
    let fault = departure(RFC_SORTING);
    assert_eq!((fault.code, &*fault.pointer), (FaultCode::NotCanonical, ""));
    assert!(read(expected).is_canonical());
}

#[test]
fn the_string_and_literals_of_rfc_8785() {
    // Section 3.2.2, without the floats.
    let text = r#"{
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"#;
    let expected = r#"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
    assert_eq!(jcs(text), expected);
    assert!(read(expected).is_canonical());
}

#[test]
fn canonical_texts() {
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9007199254740991",
        r#""""#,
        "[]",
        "{}",
        r#"[{},[],"",{"":[]}]"#,
        r#"{"":1,"A":2,"B":3,"a":4,"aa":5,"b":6}"#,
        r#"{"1":0,"10":0,"2":0}"#,
        r#""\"\\\b\t\n\f\r\u0000\u0001\u0007\u000b\u000e\u001f""#,
        "\"/\u{7f}\u{80}é€\u{2028}\u{ffff}😀\u{10ffff}\"",
        "{\"\u{d7ff}\":1,\"\u{10000}\":2,\"\u{10ffff}\":3,\"\u{e000}\":4,\"\u{ffff}\":5}",
    ];
    for text in texts {
        let document = parse_canonical(text.as_bytes(), MAX_BYTES).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert!(document.is_canonical());
        assert_eq!(document.root().to_jcs(), text.as_bytes());
    }
}

#[test]
fn each_departure_is_found() {
    let cases = [
        // White space, in each place and of each kind.
        (" 1", "", "1"),
        ("1\n", "", "1"),
        ("[ ]", "", "[]"),
        ("[\t1]", "", "[1]"),
        ("[1\r]", "", "[1]"),
        ("[1 ,2]", "", "[1,2]"),
        ("[1, 2]", "", "[1,2]"),
        ("{ }", "", "{}"),
        (r#"{ "a":1}"#, "", r#"{"a":1}"#),
        (r#"{"a" :1}"#, "/a", r#"{"a":1}"#),
        (r#"{"a": 1}"#, "/a", r#"{"a":1}"#),
        (r#"{"a":1 }"#, "", r#"{"a":1}"#),
        (r#"{"a":1, "b":2}"#, "", r#"{"a":1,"b":2}"#),
        (r#"{"a":{"b":[1,[ 2]]}}"#, "/a/b/1", r#"{"a":{"b":[1,[2]]}}"#),
        // Order.
        (r#"{"b":1,"a":2}"#, "/a", r#"{"a":2,"b":1}"#),
        (r#"{"aa":1,"a":2}"#, "/a", r#"{"a":2,"aa":1}"#),
        (r#"{"a":1,"B":2}"#, "/B", r#"{"B":2,"a":1}"#),
        (
            r#"[{"a":{"c":1,"d":2,"b":3}}]"#,
            "/0/a/b",
            r#"[{"a":{"b":3,"c":1,"d":2}}]"#,
        ),
        // The order of code points, which is not that of UTF-16.
        ("{\"\u{ff5e}\":1,\"😀\":2}", "/😀", "{\"😀\":2,\"\u{ff5e}\":1}"),
        // Escapes.
        (r#""\/""#, "", r#""/""#),
        (r#""\u0041""#, "", r#""A""#),
        (r#""\u00e9""#, "", r#""é""#),
        (r#""\ud83d\ude00""#, "", r#""😀""#),
        (r#""\u0022""#, "", r#""\"""#),
        (r#""\u005c""#, "", r#""\\""#),
        (r#""\u0008""#, "", r#""\b""#),
        (r#""\u0009""#, "", r#""\t""#),
        (r#""\u000a""#, "", r#""\n""#),
        (r#""\u000c""#, "", r#""\f""#),
        (r#""\u000d""#, "", r#""\r""#),
        (r#""\u000F""#, "", r#""\u000f""#),
        (r#""\u001B""#, "", r#""\u001b""#),
        (r#""\u007f""#, "", "\"\u{7f}\""),
        (r#"{"a":["ok","\u002f"]}"#, "/a/1", r#"{"a":["ok","/"]}"#),
        (r#"{"x":{"\u0061":1}}"#, "/x", r#"{"x":{"a":1}}"#),
    ];
    for (text, pointer, canonical) in cases {
        let fault = departure(text);
        let expected = (FaultCode::NotCanonical, pointer);
        assert_eq!((fault.code, &*fault.pointer), expected, "{text}: {fault}");
        assert_eq!(jcs(text), canonical, "{text}");
        assert!(read(canonical).is_canonical(), "{canonical}");
    }
}

#[test]
fn other_faults_come_before_departures() {
    let fault = parse_canonical(br#"{ "b":1,"a":1,"b":2}"#, MAX_BYTES).unwrap_err();
    assert_eq!(fault.code, FaultCode::DuplicateMember);
    let fault = parse_canonical(b" 1", 1).unwrap_err();
    assert_eq!(fault.code, FaultCode::Oversize);
}

fn cut(text: &str, ptr: &str, key: &str) -> Option<String> {
    let document = parse_canonical(text.as_bytes(), MAX_BYTES).unwrap();
    let object: &Node<'_> = document.root().pointer(ptr).unwrap();
    let parts = without(document.bytes(), object, key)?;
    Some(String::from_utf8(parts.concat()).unwrap())
}

#[test]
fn without_each_member() {
    let text = r#"{"a":[1,{"p":",}"}],"b\n":{},"c":"\"}"}"#;
    let cases = [
        ("a", r#"{"b\n":{},"c":"\"}"}"#),
        ("b\n", r#"{"a":[1,{"p":",}"}],"c":"\"}"}"#),
        ("c", r#"{"a":[1,{"p":",}"}],"b\n":{}}"#),
    ];
    for (key, rest) in cases {
        assert_eq!(cut(text, "", key).as_deref(), Some(rest));
        assert!(read(rest).is_canonical());
    }
    assert_eq!(cut(text, "/a/1", "p").as_deref(), Some("{}"));
    assert_eq!(cut(r#"{"only":1}"#, "", "only").as_deref(), Some("{}"));
    assert_eq!(cut(r#"{"a":1,"b":2}"#, "", "a").as_deref(), Some(r#"{"b":2}"#));
    assert_eq!(cut(r#"{"a":1,"b":2}"#, "", "b").as_deref(), Some(r#"{"a":1}"#));
}

#[test]
fn without_what_is_absent() {
    assert_eq!(cut(r#"{"a":{"b":1}}"#, "", "b"), None);
    assert_eq!(cut("{}", "", "a"), None);
    assert_eq!(cut(r#"["a"]"#, "", "a"), None);
    // Bytes that the node did not come from end in None and no panic.
    let document = read(r#"{"a":1,"b":2}"#);
    assert_eq!(without(b"{}", document.root(), "b"), None);
}

/// The W3C's vectors for eddsa-jcs-2022 carry the canonical document that was signed.
#[test]
fn the_canonical_documents_of_vc_di_eddsa() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/vc-di-eddsa");
    if !std::path::Path::new(folder).is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no vectors at {folder}");
        println!("skipped: no vectors at {folder}");
        return;
    }
    let file = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let expected = file("eddsa-jcs-2022/canonDocJCS.txt");
    assert_eq!(jcs(&file("unsigned.json")), expected);
    assert!(read(&expected).is_canonical());
}
