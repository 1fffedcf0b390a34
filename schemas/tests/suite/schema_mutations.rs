//! Every fixture, changed in every place: the types and the JSON Schema must say the same, but for a short list of
//! checks that no schema can make.

use std::collections::BTreeSet;

use jsonschema::Validator;
use placet_schemas::access::AccessLine;
use placet_schemas::json::{self, Fault, FaultCode};
use placet_schemas::narrowing::Pattern;
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::scope::{Clause, Scope};
use placet_schemas::statement::{Acknowledgement, FeedHead, Signed, StateAttestation};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::common::records::patterns;
use crate::common::{cinema, scope};
use crate::json_schema::{documents, schema_of, validator};
use crate::mutations::{changes, places, pool};

/// A check that only the types can make, known by the words of its refusal.
struct Beyond {
    words: &'static str,
    because: &'static str,
}

const BEYOND: &[Beyond] = &[
    Beyond {
        words: "a set is written in ascending order",
        because: "no keyword compares the elements of an array",
    },
    Beyond {
        words: "clauses are written in ascending order",
        because: "as for sets, and by canonical bytes",
    },
    Beyond {
        words: "grant the same thing",
        because: "it compares clauses by five dimensions",
    },
    Beyond {
        words: "is described in two ways",
        because: "it compares the purposes of several clauses",
    },
    Beyond {
        words: "choices has one entry per clause",
        because: "it needs digests of clauses",
    },
    Beyond {
        words: "the expiry is after validFrom",
        because: "no keyword compares two members",
    },
    Beyond {
        words: "a batch ends after it began",
        because: "as for the expiry",
    },
    Beyond {
        words: "a batch is signed after it ended",
        because: "as for the expiry",
    },
    Beyond {
        words: "a time is RFC 3339",
        because: "the days of a month, 29 February above all",
    },
    Beyond {
        words: "the text is longer than 16384 bytes",
        because: "maxLength counts characters",
    },
    Beyond {
        words: "may have no fraction",
        because: "1.0 is an integer to a schema, and another text to a hash",
    },
    Beyond {
        words: "a controller is named twice",
        because: "uniqueItems compares whole elements",
    },
    Beyond {
        words: "each pair of category and basis once",
        because: "as for controllers",
    },
    Beyond {
        words: "the grant's own key may hold receipts anyway",
        because: "it compares the list with the signer",
    },
    Beyond {
        words: "every method belongs to",
        because: "it compares members of different objects",
    },
    Beyond {
        words: "assertionMethod lists each method",
        because: "it compares two arrays",
    },
    Beyond {
        words: "at most 65536 are allowed",
        because: "a schema sees no bytes",
    },
];

type Read = fn(&[u8]) -> Result<(), Fault>;

fn record(bytes: &[u8]) -> Result<(), Fault> {
    CanonicalRecord::parse(bytes).map(drop)
}

fn notice(bytes: &[u8]) -> Result<(), Fault> {
    CanonicalNotice::parse(bytes).map(drop)
}

fn value<T: DeserializeOwned>(bytes: &[u8]) -> Result<(), Fault> {
    json::decode::<T>(json::parse(bytes, bytes.len())?.root()).map(drop)
}

fn reader(name: &str) -> Read {
    match name.split('-').next().unwrap() {
        "acknowledgement" => value::<Signed<Acknowledgement>>,
        "state" => value::<Signed<StateAttestation>>,
        "feed" => value::<Signed<FeedHead>>,
        "notice" => notice,
        _ if name.starts_with("access-line") => value::<AccessLine>,
        _ => record,
    }
}

/// What to change: whole documents, and parts that in a document are under a digest or an order, which would refuse
/// any change whatever the part itself says.
fn targets() -> Vec<(String, String, Value, Read)> {
    let whole = documents().into_iter().filter(|(name, _)| *name != "notice-de");
    let mut targets: Vec<_> = whole
        .map(|(name, document)| (name.to_owned(), schema_of(name), document, reader(name)))
        .collect();
    let part = |value: Vec<u8>| serde_json::from_slice::<Value>(&value).unwrap();
    for clause in [cinema::recommendations(), cinema::studio(), cinema::overseas()] {
        let clause = part(json::to_jcs(&clause).unwrap());
        targets.push((
            "clause".into(),
            "scope.schema.json#/$defs/clause".into(),
            clause,
            value::<Clause>,
        ));
    }
    for pattern in patterns() {
        let pattern = part(json::to_jcs(&pattern).unwrap());
        targets.push((
            "pattern".into(),
            "scope.schema.json#/$defs/pattern".into(),
            pattern,
            value::<Pattern>,
        ));
    }
    let small = part(json::to_jcs(&scope([cinema::newsletter()])).unwrap());
    targets.push(("scope".into(), "scope.schema.json".into(), small, value::<Scope>));
    targets
}

/// What both say about a document; `Err` tells of a disagreement that the list does not explain.
fn compare(document: &Value, read: Read, schema: &Validator) -> Result<Option<&'static str>, String> {
    match (read(document.to_string().as_bytes()), schema.is_valid(document)) {
        (Ok(()), true) | (Err(_), false) => Ok(None),
        (Ok(()), false) => {
            let faults: Vec<_> = schema
                .iter_errors(document)
                .map(|fault| format!("{} {fault}", fault.instance_path()))
                .collect();
            Err(format!("the schema alone refuses: {faults:?}"))
        }
        (Err(fault), true) => {
            let known = BEYOND.iter().find(|beyond| fault.message.contains(beyond.words));
            known
                .map(|beyond| Some(beyond.words))
                .ok_or_else(|| format!("the types alone refuse: {fault}"))
        }
    }
}

#[test]
fn types_and_schemas_agree_about_every_change() {
    let pool = pool();
    let mut explained = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut count = 0_usize;
    // Shapes that were seen are skipped across the fixtures of one schema.
    let mut seen: std::collections::BTreeMap<String, BTreeSet<String>> = std::collections::BTreeMap::new();
    for (name, reference, document, read) in targets() {
        let schema = validator(&reference);
        assert_eq!(compare(&document, read, &schema), Ok(None), "{name}");
        assert!(schema.is_valid(&document), "{name}");
        let mut pointers = Vec::new();
        let kind = if reference.contains('#') {
            format!("{name}{document}")
        } else {
            reference
        };
        places(&document, "", "", seen.entry(kind).or_default(), &mut pointers);
        for pointer in pointers {
            for change in changes(document.pointer(&pointer).unwrap(), &pool) {
                let mut changed = document.clone();
                *changed.pointer_mut(&pointer).unwrap() = change.clone();
                count += 1;
                match compare(&changed, read, &schema) {
                    Ok(beyond) => explained.extend(beyond),
                    Err(what) => wrong.push(format!("{name} with {change:.60} at {pointer}: {what:.300}")),
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(40)]
    );
    assert!(count > 20_000, "{count}");
    for beyond in BEYOND {
        let found = explained.contains(beyond.words) || explained_by_hand(beyond.words);
        assert!(
            found,
            "nothing needs the exception {:?} ({})",
            beyond.words, beyond.because
        );
    }
}

/// Exceptions that no single change of a fixture reaches.
fn explained_by_hand(words: &str) -> bool {
    let mut request = documents()
        .into_iter()
        .find(|(name, _)| *name == "consent-request-joint")
        .unwrap()
        .1;
    let subject = &mut request["credentialSubject"];
    match words {
        "grant the same thing" => {
            let mut longer = subject["clauses"][0].clone();
            longer["retention"] = json!("P3Y");
            subject["clauses"].as_array_mut().unwrap().push(longer);
        }
        "is described in two ways" => {
            let mut other = subject["clauses"][0].clone();
            other["purpose"]["text"] = json!({"en": "x"});
            subject["clauses"].as_array_mut().unwrap().push(other);
        }
        "a controller is named twice" => subject["controllers"][1]["id"] = subject["controllers"][0]["id"].clone(),
        "each pair of category and basis once" => {
            let mut again = subject["otherBases"][0].clone();
            again["explanation"] = json!({"en": "x"});
            subject["otherBases"].as_array_mut().unwrap().push(again);
        }
        "at most 65536 are allowed" => {
            let words = json!({"de": "x".repeat(16_000), "en": "x".repeat(16_000)});
            subject["benefit"] = json!({"withConsent": words, "withoutConsent": words});
            subject["audience"]["description"] = words;
        }
        _ => return false,
    }
    compare(&request, record, &validator("consent-request.schema.json")) == Ok(Some(words_of(words)))
}

fn words_of(words: &str) -> &'static str {
    BEYOND
        .iter()
        .find(|beyond| beyond.words == words)
        .map_or("", |beyond| beyond.words)
}

/// What JSON itself forbids never reaches a schema; the types refuse it before.
#[test]
fn faults_of_the_text_are_no_business_of_a_schema() {
    let (_, document) = documents().remove(6);
    let text = document.to_string();
    let twice = text.replacen("\"version\":1", "\"version\":1,\"version\":1", 1);
    assert!(validator("withdrawal.schema.json").is_valid(&serde_json::from_str(&twice).unwrap()));
    assert_eq!(record(twice.as_bytes()).unwrap_err().code, FaultCode::DuplicateMember);
}
