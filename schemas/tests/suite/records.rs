//! Records from draft to bytes and back: one value, one spelling, one digest.

use placet_schemas::id::Digest;
use placet_schemas::record::consent::Strength;
use placet_schemas::record::{Body, CanonicalRecord, Context, Cryptosuite, Draft, Kind, Proof, ProofConfig, Record};
use placet_schemas::{json, record as records};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::common::records::{all, grant, granted};
use crate::common::{EXPIRY, GIVEN, SUBJECT, draft, p, proof, secured, signature};

fn parsed(bytes: &[u8]) -> CanonicalRecord {
    CanonicalRecord::parse(bytes).unwrap_or_else(|fault| panic!("{fault}"))
}

/// What the record was before its proof.
fn undone(record: &Record) -> (Draft, ProofConfig) {
    let draft = Draft {
        id: record.id.clone(),
        issuer: record.issuer.clone(),
        valid_from: record.valid_from,
        valid_until: record.valid_until,
        body: record.body.clone(),
    };
    let Proof {
        cryptosuite,
        created,
        verification_method,
        domain,
        challenge,
        ..
    } = record.proof.clone();
    (
        draft,
        ProofConfig {
            cryptosuite,
            created,
            verification_method,
            domain,
            challenge,
        },
    )
}

#[test]
fn every_kind_comes_back_as_it_was() {
    let mut seen = Vec::new();
    for (name, bytes) in all() {
        let CanonicalRecord { record, bytes: kept } = parsed(&bytes);
        assert_eq!(kept, bytes, "{name} was not canonical");
        let (draft, config) = undone(&record);
        assert_eq!(
            draft.secure(&config, &record.proof.proof_value).unwrap(),
            bytes,
            "{name}"
        );
        assert_eq!(draft.signing_input(&config).unwrap(), *record.signing_input(), "{name}");
        assert_eq!(record.digest(), Digest::of(&bytes), "{name}");
        let pretty = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&bytes).unwrap()).unwrap();
        assert_eq!(
            parsed(&pretty),
            CanonicalRecord {
                record: record.clone(),
                bytes
            },
            "{name}"
        );
        seen.push(record.kind());
    }
    assert!(Kind::ALL.iter().all(|kind| seen.contains(kind)), "{seen:?}");
}

/// The signing input, made by hand as the JCS cryptosuites say: hash of the proof less its value, then hash of the
/// document less its proof.
#[test]
fn the_signing_input_is_what_the_cryptosuites_say() {
    for (name, bytes) in all() {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        let mut proof = document.as_object_mut().unwrap().remove("proof").unwrap();
        proof.as_object_mut().unwrap().remove("proofValue");
        // serde_json's maps are sorted by bytes, as RFC 8785 sorts ASCII names, and it escapes no more than JCS does.
        let hash = |value: &Value| Sha256::digest(serde_json::to_vec(value).unwrap());
        let expected = [hash(&proof), hash(&document)].concat();
        assert_eq!(parsed(&bytes).record.signing_input()[..], expected, "{name}");
    }
}

#[test]
fn kinds_say_what_they_are() {
    for (name, bytes) in all() {
        let record = parsed(&bytes).record;
        let kind = record.kind();
        assert!(name.starts_with(&kebab(kind.as_str())), "{name} is a {kind}");
        let public = matches!(kind, Kind::ConsentRequest | Kind::ControllerKeys);
        assert_eq!(kind.is_public(), public);
        let expected = match kind {
            Kind::ConsentGrant => Some(record.digest()),
            _ => record.body.consent(),
        };
        // A destruction is no event of the consent whose leaves it names, and names no consent. A batch is about many.
        let of_none = public || matches!(kind, Kind::Destruction | Kind::AccessBatch);
        assert_eq!(
            (record.consent(), record.consent().is_none()),
            (expected, of_none),
            "{name}"
        );
    }
}

fn kebab(name: &str) -> String {
    let dash = |c: char| {
        if c.is_uppercase() {
            format!("-{}", c.to_lowercase())
        } else {
            c.to_string()
        }
    };
    name.chars()
        .map(dash)
        .collect::<String>()
        .trim_start_matches('-')
        .to_owned()
}

/// Whoever signs without the context in the proof (the suites' "Create Proof" puts it there, older software does not)
/// signs other bytes, and is read as well.
#[test]
fn the_context_in_the_proof_may_be_absent() {
    let (_, bytes) = all().remove(2);
    let mut document: Value = serde_json::from_slice(&bytes).unwrap();
    document["proof"].as_object_mut().unwrap().remove("@context");
    let without = parsed(&serde_json::to_vec(&document).unwrap()).record;
    let with = parsed(&bytes).record;
    assert_eq!((with.proof.context, without.proof.context), (Some(Context), None));
    assert_eq!(with.body, without.body);
    assert_ne!(with.digest(), without.digest());
    assert_ne!(with.signing_input()[..32], without.signing_input()[..32]);
    assert_eq!(with.signing_input()[32..], without.signing_input()[32..]);
}

/// The two halves of the signing input cover everything but the signature.
#[test]
fn every_member_of_draft_and_proof_is_signed() {
    let body = Body::ConsentGrant(Box::new(grant(granted())));
    let base = draft(SUBJECT, p(GIVEN), Some(p(EXPIRY)), body);
    let config = proof(&base.issuer, Kind::ConsentGrant, p(GIVEN));
    let input = base.signing_input(&config).unwrap();
    let mut other_body = grant(granted());
    other_body.strength = Strength::PageKey;
    let drafts = [
        Draft {
            id: p("urn:uuid:00000000-0000-4000-8000-000000000000"),
            ..base.clone()
        },
        Draft {
            issuer: p(crate::common::STRANGER),
            ..base.clone()
        },
        Draft {
            valid_from: base.valid_from.plus_seconds(1),
            ..base.clone()
        },
        Draft {
            valid_until: None,
            ..base.clone()
        },
        Draft {
            body: Body::ConsentGrant(Box::new(other_body)),
            ..base.clone()
        },
    ];
    for other in drafts {
        let changed = other.signing_input(&config).unwrap();
        assert!(
            changed[..32] == input[..32] && changed[32..] != input[32..],
            "{other:?}"
        );
    }
    let configs = [
        ProofConfig {
            cryptosuite: Cryptosuite::EcdsaJcs2019,
            ..config.clone()
        },
        ProofConfig {
            created: config.created.plus_seconds(1),
            ..config.clone()
        },
        ProofConfig {
            verification_method: p("did:web:a.example#b"),
            ..config.clone()
        },
        ProofConfig {
            domain: p("other.example/log"),
            ..config.clone()
        },
        ProofConfig {
            challenge: None,
            ..config
        },
    ];
    for other in configs {
        let changed = base.signing_input(&other).unwrap();
        assert!(
            changed[..32] != input[..32] && changed[32..] == input[32..],
            "{other:?}"
        );
    }
}

/// A record inside a larger canonical document, as in a bundle, is the same record.
#[test]
fn a_record_reads_the_same_inside_another_document() {
    for (name, bytes) in all() {
        let outer = [b"[{\"a\":1},{\"record\":".as_slice(), &bytes, b"}]"].concat();
        let document = json::parse_canonical(&outer, outer.len()).unwrap();
        let node = document.root().pointer("/1/record").unwrap();
        let inner = Record::from_canonical(document.bytes(), node).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(inner, parsed(&bytes).record, "{name}");
        assert_eq!(
            records::signing_input(document.bytes(), node),
            Some(*inner.signing_input())
        );
    }
}

/// Writes a value with its members in some order and with some white space, both drawn from `seed`, and each string
/// either plain or escaped.
fn scrawl(value: &Value, seed: &mut u64, out: &mut String) {
    let mut draw = |below: usize| {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap() % below
    };
    let gap = ["", " ", "\n", "\t\r\n  "][draw(4)];
    out.push_str(gap);
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            for at in (1..members.len()).rev() {
                members.swap(at, draw(at + 1));
            }
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                scrawl(&Value::String(key.clone()), seed, out);
                out.push(':');
                scrawl(value, seed, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                scrawl(element, seed, out);
            }
            out.push(']');
        }
        Value::String(text) if draw(2) == 0 => {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            out.push_str(&format!("\"{}\"", units.collect::<String>()));
        }
        other => out.push_str(&other.to_string()),
    }
    out.push_str(gap);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn spelling_changes_no_record(mut seed in any::<u64>(), pick in any::<proptest::sample::Index>()) {
        let fixtures = all();
        let (name, bytes) = pick.get(&fixtures);
        let mut text = String::new();
        scrawl(&serde_json::from_slice(bytes).unwrap(), &mut seed, &mut text);
        let same = CanonicalRecord::parse(text.as_bytes());
        prop_assert_eq!(same, Ok(parsed(bytes)), "{}", name);
    }

    /// Whatever byte is changed, the bytes are another record or none: nothing in a record is ignored.
    #[test]
    fn every_byte_counts(pick in any::<proptest::sample::Index>(), at in any::<proptest::sample::Index>(), to in 0x20u8..0x7f) {
        let fixtures = all();
        let (name, bytes) = pick.get(&fixtures);
        let mut other = bytes.clone();
        let at = at.index(other.len());
        prop_assume!(other[at] != to);
        other[at] = to;
        if let Ok(read) = CanonicalRecord::parse(&other) {
            prop_assert_ne!(read.record, parsed(bytes).record, "{} at {}", name, at);
        }
    }
}

#[test]
fn an_unsecured_draft_is_no_record() {
    let body = Body::ConsentGrant(Box::new(grant(granted())));
    let bytes = secured(&draft(SUBJECT, p(GIVEN), Some(p(EXPIRY)), body));
    let mut document: Value = serde_json::from_slice(&bytes).unwrap();
    document["proof"].as_object_mut().unwrap().remove("proofValue");
    let text = document.to_string();
    let fault = CanonicalRecord::parse(text.as_bytes()).unwrap_err();
    assert_eq!(fault.pointer, "/proof/proofValue");
    let node = json::parse(text.as_bytes(), text.len()).unwrap();
    assert_eq!(records::signing_input(text.as_bytes(), node.root()), None);
    assert!(String::from_utf8(bytes).unwrap().contains(signature().as_str()));
}
