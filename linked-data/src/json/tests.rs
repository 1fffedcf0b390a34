use proptest::prelude::*;

use super::*;

fn again(text: &str) -> String {
    let mut out = String::new();
    canonical(&parse(text.as_bytes()).unwrap(), &mut out);
    out
}

#[test]
fn texts_that_readers_disagree_on_are_refused() {
    for text in [
        "",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"\\u0061\":1}",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "NaN",
        "1e999",
        "-",
        "9007199254740992",
        "-1e300",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800\\u0061\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\n\"",
        "\"",
        "nul",
        "1 2",
        "{1:2}",
        "\u{feff}1",
    ] {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(parse(b"\"\xff\"").is_err());
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(
        parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err().code,
        ErrorCode::TooLarge
    );
    assert_eq!(
        parse("[".repeat(1 << 20).as_bytes()).unwrap_err().code,
        ErrorCode::TooLarge
    );
}

#[test]
fn numbers_are_written_as_ecmascript_does() {
    // RFC 8785 appendix B, as far as the reader takes them.
    for (text, written) in [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("5e-324", "5e-324"),
        ("-5e-324", "-5e-324"),
        ("9007199254740991", "9007199254740991"),
        ("4.50", "4.5"),
        ("2e-3", "0.002"),
        ("0.000000000000000000000000001", "1e-27"),
        ("333333333.3333332", "333333333.3333332"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("-0.0000033333333333333333", "-0.0000033333333333333333"),
        ("1e3", "1000"),
        ("1.25e-9", "1.25e-9"),
        ("123.5", "123.5"),
    ] {
        assert_eq!(again(text), written, "{text}");
    }
}

#[test]
fn the_canonical_form_is_the_rfcs() {
    // RFC 8785 section 3.2.3, and the characters of section 3.2.2.2.
    assert_eq!(
        again(
            r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#
        ),
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
    assert_eq!(
        again(r#""\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/""#),
        "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""
    );
}

proptest! {
    #[test]
    fn strings_and_numbers_come_back(text in any::<String>(), number in any::<f64>()) {
        let written = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(parse(written.as_bytes()).unwrap(), Json::String(text));
        if number.is_finite() && !(number.fract() == 0.0 && number.abs() > MAX_INTEGER) {
            let written = super::number(number);
            prop_assert_eq!(written.parse::<f64>().unwrap(), number);
        }
    }

    #[test]
    fn what_is_accepted_serde_json_accepts_too(text in "[\\[\\]{},:0-9.eE+\\-\"a\\\\u ]{0,12}") {
        if parse(text.as_bytes()).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
