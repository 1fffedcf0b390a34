//! The published JSON Schemas: each is a schema, closed, takes every fixture of its kind and no other, and agrees with
//! the Rust types about every scalar.

use std::path::PathBuf;

use jsonschema::{Draft, Registry, Validator};
use placet_schemas::id::{Country, Did, DidUrl, Digest, Iri, Language, Origin, RecordId};
use placet_schemas::multikey::is_signing_key;
use placet_schemas::record::access::CompactJws;
use placet_schemas::record::holders::Holders;
use placet_schemas::record::{Invitation, ProofValue};
use placet_schemas::text::Text;
use placet_schemas::time::{Period, Timestamp};
use placet_schemas::vocab::{categories, processing, purposes};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::cinema::notice;
use crate::common::records::{all, lines, statements};

const BASE: &str = "https://w3id.org/placet/schemas/v1/";

/// The schema that a fixture of this name is to match.
pub(crate) fn schema_of(fixture: &str) -> String {
    let mut names: Vec<_> = files().into_iter().map(|(name, _)| name).collect();
    names.retain(|name| fixture.starts_with(name.trim_end_matches(".schema.json")));
    names.pop().unwrap_or_else(|| panic!("no schema for {fixture}"))
}

/// The fixtures of records, statements, notices and access lines.
pub(crate) fn documents() -> Vec<(&'static str, Value)> {
    let notices = ["en", "de"].map(|language| placet_schemas::json::to_jcs(&notice(language)).unwrap());
    let notices = ["notice-en", "notice-de"].into_iter().zip(notices);
    let documents = all().into_iter().chain(statements()).chain(notices).chain(lines());
    documents
        .map(|(name, bytes)| (name, serde_json::from_slice(&bytes).unwrap()))
        .collect()
}

fn files() -> Vec<(String, Value)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/json"));
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// A validator of a file, or of one definition in it (`common.schema.json#/$defs/text`). Nothing is fetched.
pub(crate) fn validator(reference: &str) -> Validator {
    let mut registry = Registry::new();
    for (name, schema) in files() {
        registry = registry.add(format!("{BASE}{name}"), schema).unwrap();
    }
    let registry = registry.prepare().unwrap();
    let schema = json!({"$ref": format!("{BASE}{reference}")});
    let options = jsonschema::options().with_draft(Draft::Draft202012).offline();
    options
        .with_registry(&registry)
        .build(&schema)
        .unwrap_or_else(|fault| panic!("{reference}: {fault}"))
}

#[test]
fn every_file_is_a_schema_with_its_own_address() {
    for (name, schema) in files() {
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        assert_eq!(schema["$id"], format!("{BASE}{name}"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(schema["title"].is_string(), "{name}");
        validator(&name);
    }
}

/// An object that is open would let a typing error pass as an unknown member.
#[test]
fn every_object_is_closed_and_described() {
    fn walk(schema: &Value, at: &str) {
        match schema {
            Value::Object(members) => {
                if members.get("type") == Some(&json!("object")) {
                    assert!(members.contains_key("additionalProperties"), "{at} is open");
                    assert!(
                        members.contains_key("description") || members.contains_key("title"),
                        "{at} says nothing"
                    );
                }
                members
                    .iter()
                    .for_each(|(key, value)| walk(value, &format!("{at}/{key}")));
            }
            Value::Array(elements) => elements.iter().for_each(|value| walk(value, at)),
            _ => {}
        }
    }
    files().iter().for_each(|(name, schema)| walk(schema, name));
}

#[test]
fn each_fixture_matches_its_schema_and_no_other() {
    let documents = documents();
    let whole: Vec<_> = files().into_iter().map(|(name, _)| name).collect();
    let parts = ["common.schema.json", "scope.schema.json", "vocabulary.schema.json"];
    let mut used = std::collections::BTreeSet::new();
    for name in whole.iter().filter(|name| !parts.contains(&name.as_str())) {
        let validator = validator(name);
        for (fixture, document) in &documents {
            let expected = schema_of(fixture) == *name;
            let faults: Vec<_> = validator.iter_errors(document).map(|fault| fault.to_string()).collect();
            assert_eq!(faults.is_empty(), expected, "{fixture} by {name}: {faults:?}");
            if expected {
                used.insert(name.clone());
            }
        }
    }
    assert_eq!(
        used.len() + parts.len(),
        whole.len(),
        "a schema without a fixture: {used:?}"
    );
}

#[test]
fn the_vocabulary_is_the_pinned_one() {
    let (_, schema) = files()
        .into_iter()
        .find(|(name, _)| name == "vocabulary.schema.json")
        .unwrap();
    let terms = |kind: &str| schema["$defs"][kind]["enum"].clone();
    assert_eq!(
        terms("purpose"),
        json!(purposes().map(|term| term.as_str()).collect::<Vec<_>>())
    );
    assert_eq!(
        terms("category"),
        json!(categories().map(|term| term.as_str()).collect::<Vec<_>>())
    );
    assert_eq!(
        terms("processing"),
        json!(processing().map(|term| term.as_str()).collect::<Vec<_>>())
    );
}

type Scalar = (&'static str, fn(&str) -> bool);

/// Each scalar type with its definition.
const SCALARS: [Scalar; 16] = [
    ("digest", |t| t.parse::<Digest>().is_ok()),
    ("did", |t| t.parse::<Did>().is_ok()),
    ("signingKey", is_signing_key),
    ("holder", |t| {
        Holders::try_from(t.parse().into_iter().collect::<Vec<Did>>()).is_ok_and(|h| h.as_slice().len() == 1)
    }),
    ("didUrl", |t| t.parse::<DidUrl>().is_ok()),
    ("recordId", |t| t.parse::<RecordId>().is_ok()),
    ("iri", |t| t.parse::<Iri>().is_ok()),
    ("origin", |t| t.parse::<Origin>().is_ok()),
    ("language", |t| t.parse::<Language>().is_ok()),
    ("country", |t| t.parse::<Country>().is_ok()),
    ("timestamp", |t| t.parse::<Timestamp>().is_ok()),
    ("period", |t| t.parse::<Period>().is_ok()),
    ("text", |t| t.parse::<Text>().is_ok()),
    ("proofValue", |t| t.parse::<ProofValue>().is_ok()),
    ("invitation", |t| t.parse::<Invitation>().is_ok()),
    ("jws", |t| t.parse::<CompactJws>().is_ok()),
];

/// What a pattern cannot say; here the types alone decide.
fn beyond_patterns(name: &str, text: &str) -> bool {
    match name {
        // Whether a month has a 31st, or a 29th in this year.
        "timestamp" => matches!(text.get(8..10), Some("29" | "30" | "31")),
        // A schema counts characters, the limit is in bytes.
        "text" => text.len() > 16_384 && text.chars().count() <= 16_384,
        // The length of the DID within the URL.
        "didUrl" => text.split_once('#').is_some_and(|(did, _)| did.len() > 512),
        _ => false,
    }
}

fn disagreements(texts: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, rust) in SCALARS {
        let validator = validator(&format!("common.schema.json#/$defs/{name}"));
        for text in texts {
            let (by_type, by_schema) = (rust(text), validator.is_valid(&json!(text)));
            if by_type != by_schema && !(by_schema && beyond_patterns(name, text)) {
                found.push(format!("{name}: {text:?} is {by_type} by type, {by_schema} by schema"));
            }
        }
    }
    found
}

/// At least one legal text per scalar, and texts at and beyond every limit.
fn samples() -> Vec<String> {
    let long = |head: &str, fill: &str, count: usize| format!("{head}{}", fill.repeat(count));
    let mut samples: Vec<String> = [
        "",
        " ",
        "a",
        "A",
        "0",
        "*",
        "\n",
        "a\nb",
        "a\tb",
        "a\rb",
        "\u{feff}",
        "\u{a0}",
        "\u{3000}",
        "\u{200b}",
        "a\u{7f}",
        "a\u{9f}",
        "a\u{2028}b",
        "a\u{202a}",
        "a\u{202e}",
        "a\u{202f}",
        "a\u{2066}",
        "a\u{2069}",
        "a\u{206a}",
        "😀",
        "P",
        "P0D",
        "P1D",
        "P1Y",
        "P12M",
        "P11M",
        "P1Y12M",
        "P99Y11M",
        "P100Y",
        "P100Y1M",
        "P100Y1D",
        "P101Y",
        "P36525D",
        "P36526D",
        "P36600D",
        "P40000D",
        "P100000D",
        "P01D",
        "P1M1Y",
        "P1Y1M1D",
        "P1W",
        "PT1H",
        "P-1D",
        "p1d",
        "P1D ",
        "2026-11-22T05:00:00Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-13-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2028-02-29T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:60:00Z",
        "2026-11-22T23:59:60Z",
        "2026-11-22t05:00:00z",
        "2026-11-22T05:00:00+00:00",
        "2026-11-22 05:00:00Z",
        "2026-11-22T05:00:00.0Z",
        "2026-11-22T05:00:00Z\n",
        "en",
        "eng",
        "engl",
        "e",
        "EN",
        "de-AT",
        "de-",
        "de--AT",
        "de-abcdefghi",
        "de_AT",
        "x-y",
        "US",
        "us",
        "USA",
        "U1",
        "U",
        "did:key:z",
        "did:key:z6Mk",
        "did:key:z0",
        "did:key:zO",
        "did:key:y6",
        "did:web:",
        "did:web:a",
        "did:web:a:b",
        "did:web:a::b",
        "did:web:a/b",
        "did:web:a%3A80:b",
        "did:web:a#b",
        "did:web:a#",
        "did:web:a#b#c",
        "did:web:a#b c",
        "did:key:z6Mk#z6Mk",
        "did:key:z6Mk#z6Ml",
        "did:key:z6Mk#key-1",
        "did:ion:a",
        "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ22",
        "z6LkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
        "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
        "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU216",
        "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU216l",
        "urn:uuid:ffffffff-ffff-4fff-bfff-ffffffffffff",
        "urn:uuid:FFFFFFFF-ffff-4fff-bfff-ffffffffffff",
        "urn:uuid:ffffffff-ffff-4fff-bfff-fffffffffff",
        "a:",
        ":a",
        "a:b",
        "1a:b",
        "a+.-:b",
        "a b:c",
        "http://a/b?c#d",
        "a:<",
        "a:>",
        "a:\"",
        "a:\\",
        "a:^",
        "a:`",
        "a:{",
        "a:|",
        "a:}",
        "a:é",
        "a:[]",
        "a:%zz",
        "a.b/c~d:e_f-g",
        "a/b?c",
        "AAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAAAg",
        "AAAAAAAAAAAAAAAAAAAAA+",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "_-AAAAAAAAAAAAAAAAAAAw",
        "a.b.c",
        "a.b",
        "a.b.c.d",
        "a..c",
        "a.b.c=",
    ]
    .map(str::to_owned)
    .to_vec();
    for count in [63, 64, 65, 88, 89] {
        samples.push(long("", "a", count));
        samples.push(long("z", "5", count));
        samples.push(long("z", "l", count));
    }
    for (head, fill, limit) in [
        ("did:web:", "a", 512),
        ("did:key:z", "a", 512),
        ("a:", "b", 1024),
        ("", "a", 255),
        ("de", "-abcdefgh", 34),
        ("", "x", 16_384),
        ("a.b.", "c", 8192),
    ] {
        let fits = (limit - head.len()) / fill.len();
        samples.extend([fits, fits + 1].map(|count| long(head, fill, count)));
    }
    samples.extend([8192, 8193].map(|count| "é".repeat(count)));
    samples.extend([512, 513].map(|count| long("did:web:a#", "b", count)));
    samples.extend([504, 505].map(|count| format!("{}#b", long("did:web:", "a", count))));
    samples.push("de-abcdefgh-abcdefgh-abcdefgh-abcdef".to_owned());
    samples
}

#[test]
fn types_and_schema_agree_about_every_scalar() {
    let samples = samples();
    let found = disagreements(&samples);
    assert!(found.is_empty(), "{found:#?}");
    for (name, rust) in SCALARS {
        let (legal, illegal) = samples.iter().partition::<Vec<_>, _>(|text| rust(text));
        assert!(
            !legal.is_empty() && !illegal.is_empty(),
            "{name} is not tested both ways"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// The same for texts that are one change away from the samples.
    #[test]
    fn types_and_schema_agree_near_the_samples(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), any::<char>(), 0..4_u8), 400)
    ) {
        let samples = samples();
        let changed = |(which, place, other, how): (proptest::sample::Index, proptest::sample::Index, char, u8)| {
            let mut chars: Vec<char> = which.get(&samples).chars().collect();
            let at = place.index(chars.len() + 1);
            match how {
                0 => chars.insert(at, other),
                1 => chars.insert(at, char::from((other as u32 % 0x5f) as u8 + 0x20)),
                2 if at < chars.len() => drop(chars.remove(at)),
                _ if at < chars.len() => chars[at] = char::from((other as u32 % 0x5f) as u8 + 0x20),
                _ => {}
            }
            chars.into_iter().collect::<String>()
        };
        let changed: Vec<String> = changes.into_iter().map(changed).collect();
        let found = disagreements(&changed);
        prop_assert!(found.is_empty(), "{found:#?}");
    }
}
