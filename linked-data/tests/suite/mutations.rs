//! Documents and contexts with anything in any place: no panic, and what has a canonical form has it for good.

use placet_linked_data::{Contexts, HashAlgorithm, canonical, canonical_quads};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::nquads;

/// Words that JSON-LD listens to.
const WORDS: [&str; 30] = [
    "@id",
    "@type",
    "@value",
    "@list",
    "@set",
    "@graph",
    "@language",
    "@context",
    "@vocab",
    "@json",
    "@none",
    "@container",
    "@protected",
    "@propagate",
    "@prefix",
    "@version",
    "@reverse",
    "@included",
    "@nest",
    "@index",
    "id",
    "type",
    "proof",
    "name",
    "t",
    "urn:a",
    "t:x",
    "_:b",
    "VerifiableCredential",
    "https://www.w3.org/ns/credentials/v2",
];

fn base() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", {
            "t": {"@id": "urn:t:", "@prefix": true, "@container": "@set", "@context": {"u": {"@id": "urn:u", "@type": "@id"}}},
            "l": {"@id": "t:l", "@container": "@list", "@type": "t:d"},
            "m": {"@id": "t:m", "@container": "@language"},
            "g": {"@id": "t:g", "@container": "@graph"},
            "T": {"@id": "t:T", "@context": {"v": {"@id": "t:v", "@type": "@vocab"}}},
        }],
        "id": "urn:x", "type": ["VerifiableCredential", "T"], "issuer": {"id": "did:web:a", "name": "n"}, "v": "T",
        "t": [{"u": "urn:y"}, {"u": ["urn:z", "_:b"]}], "l": [1, 2.5, [true]], "m": {"en": ["a", "b"], "@none": "c"},
        "g": {"l": [], "t:q": {"@value": {"a": [1]}, "@type": "@json"}}, "t:r": {"@graph": [{"id": "_:b", "t:s": "s"}]},
    })
}

fn atom() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        (-9i64..9).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    atom().prop_recursive(3, 12, 3, |inner| {
        let key = prop::sample::select(WORDS.to_vec());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..3).prop_map(|members| Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

/// All places of a value, outermost first.
fn places(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| places(element, visit)),
        Value::Object(members) => members.values_mut().for_each(|member| places(member, visit)),
        _ => {}
    }
}

fn put(document: &mut Value, at: prop::sample::Index, new: &Value, key: Option<&str>) {
    let mut count = 0;
    places(document, &mut |_| count += 1);
    let (wanted, mut seen) = (at.index(count), 0);
    places(document, &mut |place| {
        if seen == wanted {
            match (key, place.as_object_mut()) {
                (Some(key), Some(members)) => {
                    members.insert(key.to_owned(), new.clone());
                }
                _ => *place = new.clone(),
            }
        }
        seen += 1;
    });
}

#[test]
fn the_document_that_is_changed_is_sound() {
    canonical(base().to_string().as_bytes(), Contexts::bundled()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn anything_in_any_place(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), value(), prop::option::of(prop::sample::select(WORDS.to_vec()))), 1..3,
        ),
    ) {
        let mut document = base();
        for (at, new, key) in changes {
            put(&mut document, at, &new, key);
        }
        if let Ok(form) = canonical(document.to_string().as_bytes(), Contexts::bundled()) {
            let (quads, _) = nquads::parse(&form);
            prop_assert_eq!(canonical_quads(&quads, HashAlgorithm::Sha256).unwrap().n_quads, form);
        }
    }

    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = canonical(&bytes, Contexts::bundled());
    }
}
