//! Changes to a JSON document: of each place, to values of every type and to texts that are legal elsewhere.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The places of a document. Of places that differ in an index or a language only, and hold the same members, the
/// first stands for all.
pub(crate) fn places(value: &Value, pointer: &str, shape: &str, seen: &mut BTreeSet<String>, out: &mut Vec<String>) {
    let members = value
        .as_object()
        .map(|o| o.keys().cloned().collect::<Vec<_>>().join(","));
    if seen.insert(format!("{shape} {}", members.unwrap_or_default())) {
        out.push(pointer.to_owned());
    }
    match value {
        // The inside of a clause has targets of its own, smaller ones; here its order and digest would hide the rest.
        Value::Object(members) if !shape.is_empty() && members.contains_key("retention") => {}
        Value::Object(members) => {
            for (key, value) in members {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                let data = ["/text", "/notices", "/periods"].iter().any(|end| shape.ends_with(end));
                let step = if data { "*" } else { &escaped };
                places(
                    value,
                    &format!("{pointer}/{escaped}"),
                    &format!("{shape}/{step}"),
                    seen,
                    out,
                );
            }
        }
        Value::Array(elements) => {
            for (at, value) in elements.iter().enumerate() {
                // Two fixed places, as in `type`, may hold different things.
                let step = if elements.len() == 2 {
                    at.to_string()
                } else {
                    "#".to_owned()
                };
                places(value, &format!("{pointer}/{at}"), &format!("{shape}/{step}"), seen, out);
            }
        }
        _ => {}
    }
}

/// Values of every type, and texts that are legal somewhere.
pub(crate) fn pool() -> Vec<Value> {
    let mut pool = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1),
        json!(1.0),
        json!(2),
    ];
    pool.extend([
        json!(1.5),
        json!([]),
        json!({}),
        json!([""]),
        json!([{}]),
        json!({"en": "x"}),
        json!({"x": {}}),
    ]);
    pool.push(json!(9_007_199_254_740_991_u64));
    let texts = [
        "",
        "x",
        "*",
        "P1D",
        "P2M",
        "P400Y",
        "en",
        "US",
        "us",
        "copy",
        "in-vault",
        "email",
        "pd:Name",
        "pd:EmailAddress",
        "dpv:Use",
        "dpv:Store",
        "dpv:DirectMarketing",
        "dpv:Marketing",
        "eu-gdpr:A6-1-a",
        "eu-gdpr:A6-1-b",
        "eu-gdpr:JustificationA17ObjectA21",
        "selected",
        "off",
        "on",
        "sole",
        "joint",
        "fetched",
        "page-key",
        "subject-key",
        "did:web:a",
        "did:web:a#b",
        "https://a/",
        "2026-01-01T00:00:00Z",
        "2027-02-30T00:00:00Z",
        "2029-01-01T00:00:00Z",
        "ConsentGrant",
        "Withdrawal",
        "VerifiableCredential",
        "Multikey",
        "DataIntegrityProof",
        "assertionMethod",
        "eddsa-jcs-2022",
        "ecdsa-jcs-2019",
        "a\u{202e}b",
        "categories",
        "delivery",
        "thirdParty",
        "FeedHead",
        "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "AAAAAAAAAAAAAAAAAAAAAA",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "urn:uuid:00000000-0000-4000-8000-000000000000",
    ];
    pool.extend(texts.map(Value::from));
    pool
}

/// All that is done to the value at one place.
pub(crate) fn changes(value: &Value, pool: &[Value]) -> Vec<Value> {
    let mut changes: Vec<Value> = pool.iter().filter(|other| *other != value).cloned().collect();
    match value {
        Value::String(text) => {
            changes.extend(
                [
                    format!("{text}x"),
                    format!(" {text}"),
                    format!("{text}\n"),
                    text.to_uppercase(),
                    text.to_lowercase(),
                ]
                .map(Value::from),
            );
            changes.extend([
                json!([text]),
                json!({"@value": text}),
                json!({"id": text}),
                json!("é".repeat(8_193)),
            ]);
            let mut short = text.clone();
            short.pop();
            changes.push(short.into());
        }
        Value::Array(elements) => {
            let reversed: Vec<_> = elements.iter().rev().cloned().collect();
            let twice = [&elements[..], &elements[..1.min(elements.len())]].concat();
            let many = elements
                .first()
                .map(|first| vec![first.clone(); 257])
                .unwrap_or_default();
            changes.extend([reversed, twice, many, elements.iter().skip(1).cloned().collect()].map(Value::from));
            for extra in pool {
                changes.push([&elements[..], std::slice::from_ref(extra)].concat().into());
            }
        }
        Value::Object(members) => {
            for key in members.keys() {
                let mut without = members.clone();
                without.remove(key);
                changes.push(without.into());
            }
            for key in [
                "placetExtra",
                "en",
                "zz",
                "x:y",
                "@context",
                "@id",
                "validUntil",
                "expires",
                "challenge",
                "clause",
                "dpo",
                "thirdParty",
            ] {
                let with = |extra: Value| {
                    let mut with: Map<_, _> = members.clone();
                    with.insert(key.to_owned(), extra);
                    Value::from(with)
                };
                changes.extend([with(json!("x")), with(json!({})), with(json!([]))]);
            }
        }
        _ => {}
    }
    changes.retain(|change| change != value);
    changes
}
