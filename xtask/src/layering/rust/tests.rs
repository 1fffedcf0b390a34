use super::*;

fn source(text: &str) -> SourceFile {
    SourceFile::new("placet-kernel", "kernel/src/lib.rs", text)
}

fn names(text: &str) -> Vec<String> {
    source(text)
        .tokens
        .iter()
        .filter_map(|token| token.name().map(str::to_owned))
        .collect()
}

fn paths(text: &str) -> Vec<String> {
    source(text)
        .paths()
        .into_iter()
        .map(|(path, _)| path.join("::"))
        .filter(|path| path.contains("::"))
        .collect()
}

#[test]
fn comments_numbers_characters_and_lifetimes_are_no_names() {
    let text = "//! std::fs\n/* a /* nested */ std::net */ fn f<'life>(x: &'life str) { '\\''; '{'; 0x1f_u8; b'x'; }";
    assert_eq!(names(text), ["fn", "f", "x", "str", "b"]);
}

#[test]
fn string_literals_are_texts() {
    let text = r###"f("a \" b", r#"c " d"#, b"e", br"f", "g\\"); h"###;
    let texts: Vec<Kind> = source(text)
        .tokens
        .into_iter()
        .map(|token| token.kind)
        .filter(|kind| matches!(kind, Kind::Text(_)))
        .collect();
    let expected = ["a \\\" b", "c \" d", "e", "f", "g\\\\"].map(|text| Kind::Text(text.to_owned()));
    assert_eq!(texts, expected);
    assert_eq!(names(text), ["f", "h"]);
}

#[test]
fn lines_are_counted_through_comments_and_strings() {
    let source = source("/* 1\n2 */ \"3\n4\" // 5\n here");
    assert_eq!(source.tokens.last().unwrap().line, 4);
}

#[test]
fn use_groups_are_spelt_out() {
    assert_eq!(
        paths("use std::{fs, io::{self, Read}, time::*}; let x = core::mem::size_of::<u8>();"),
        [
            "std::fs",
            "std::io::self",
            "std::io::Read",
            "std::time::*",
            "core::mem::size_of"
        ],
    );
}

#[test]
fn test_code_is_left_out() {
    let text = "
        use a;
        #[cfg(test)]
        #[allow(x)]
        mod tests { use std::fs; fn g() { {} } }
        #[cfg(all(test, unix))]
        fn h<A, B>(a: A) -> B { std::process::exit(1) }
        struct S { #[cfg(test)] field: Vec<u8>, kept: u8 }
        #[cfg(any(test, feature = \"x\"))] fn both() {}
        #[cfg(not(test))] fn real() {}
        #[cfg(all(unix, not(test)))] fn real_too() {}";
    let names = names(text);
    assert!(
        !names
            .iter()
            .any(|name| matches!(name.as_str(), "fs" | "exit" | "h" | "field"))
    );
    for kept in ["a", "kept", "both", "real", "real_too"] {
        assert!(names.iter().any(|name| name == kept), "{kept}");
    }
}

#[test]
fn a_file_that_is_test_code_as_a_whole_is_empty() {
    assert_eq!(names("#![cfg(test)]\nuse std::fs;"), [""; 0]);
}

#[test]
fn files_of_test_modules_are_dropped() {
    let kept = drop_test_files(vec![
        SourceFile::new("p", "p/src/lib.rs", "mod a; #[cfg(test)] pub(crate) mod fixtures;"),
        SourceFile::new("p", "p/src/fixtures.rs", ""),
        SourceFile::new("p", "p/src/fixtures/deep.rs", ""),
        SourceFile::new("p", "p/src/a.rs", "#[cfg(test)] mod tests;"),
        SourceFile::new("p", "p/src/a/tests.rs", ""),
        SourceFile::new("p", "p/src/tests.rs", ""),
    ]);
    let paths: Vec<&str> = kept.iter().map(|source| source.path.as_str()).collect();
    assert_eq!(paths, ["p/src/lib.rs", "p/src/a.rs", "p/src/tests.rs"]);
}
