//! Random changes to the JSON of a bundle: the judge always answers, and nothing new holds.

use placet_kernel::bundle::{self, MAX_BUNDLE_BYTES, MAX_OPENINGS, MAX_PARTS, Verdict};
use placet_schemas::json::{self, FaultCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{eventful, says_nothing_new};

/// One change at a random place.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    CopyFrom(prop::sample::Index),
    Nudge,
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Value::from),
        Just(json!(0)),
        "[ -~]{0,44}".prop_map(Value::from),
        "[0-9a-f]{64}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[], {}, "", 0])),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any_value().prop_map(Change::Replace),
        Just(Change::Remove),
        any::<prop::sample::Index>().prop_map(Change::CopyFrom),
        Just(Change::Nudge),
    ]
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (key, item) in members {
                places(
                    item,
                    &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        _ => {}
    }
}

fn apply(bundle: &mut Value, place: &prop::sample::Index, change: &Change) {
    let mut pointers = Vec::new();
    places(bundle, "", &mut pointers);
    let pointer = place.get(&pointers).clone();
    match change {
        Change::Replace(value) => *bundle.pointer_mut(&pointer).unwrap() = value.clone(),
        Change::CopyFrom(other) => {
            let copy = bundle.pointer(&pointers[other.index(pointers.len())]).unwrap().clone();
            *bundle.pointer_mut(&pointer).unwrap() = copy;
        }
        Change::Nudge => match bundle.pointer_mut(&pointer).unwrap() {
            Value::Number(number) => {
                let nudged = number.as_i64().unwrap_or_default().saturating_add(1);
                *bundle.pointer_mut(&pointer).unwrap() = nudged.into();
            }
            Value::String(text) => text.push('0'),
            Value::Array(items) => items.reverse(),
            _ => {}
        },
        Change::Remove => {
            let Some((parent, last)) = pointer.rsplit_once('/') else {
                return;
            };
            match bundle.pointer_mut(parent).unwrap() {
                Value::Array(items) => {
                    items.remove(last.parse().unwrap());
                }
                Value::Object(members) => {
                    members.remove(&last.replace("~1", "/").replace("~0", "~"));
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_change_of_structure_is_answered_and_makes_nothing_new_hold(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_change()), 1..4),
    ) {
        let scene = eventful();
        let original: Value = serde_json::from_slice(&scene.evidence().to_bytes().unwrap()).unwrap();
        let mut changed = original.clone();
        for (place, change) in &changes {
            apply(&mut changed, place, change);
        }
        let Ok(bytes) = json::to_jcs(&changed) else { return Ok(()) };
        for trust in [Some(&scene.trust()), None] {
            let Ok(report) = bundle::verify(&bytes, trust, scene.clock, None) else { continue };
            prop_assert!(report.recorded != Verdict::Holds || says_nothing_new(&original, &changed));
        }
    }

    #[test]
    fn whatever_is_no_bundle_is_refused_or_answered(value in any_value(), depth in 0usize..40) {
        let nested = (0..depth).fold(value, |inner, _| json!([inner]));
        let scene = eventful();
        if let Ok(bytes) = json::to_jcs(&nested) {
            prop_assert!(bundle::verify(&bytes, Some(&scene.trust()), scene.clock, None).is_err());
        }
    }
}

#[test]
fn each_limit_has_its_fault() {
    let scene = eventful();
    let original: Value = serde_json::from_slice(&scene.evidence().to_bytes().unwrap()).unwrap();
    let verify = |bytes: &[u8]| bundle::verify(bytes, Some(&scene.trust()), scene.clock, None);
    let lists = [
        ("openings", MAX_OPENINGS),
        ("checkpoints", MAX_PARTS),
        ("anchors", MAX_PARTS),
        ("attestations", MAX_PARTS),
        ("notices", MAX_PARTS),
    ];
    for (list, most) in lists {
        let mut changed = original.clone();
        changed[list] = vec![json!(0); most + 1].into();
        let fault = verify(&json::to_jcs(&changed).unwrap()).unwrap_err();
        assert_eq!(
            (fault.code, fault.pointer.as_str()),
            (FaultCode::Oversize, &*format!("/{list}"))
        );
    }
    let mut changed = original.clone();
    changed["openings"][0]["proof"] = vec![json!("x"); bundle::MAX_PROOF + 1].into();
    let fault = verify(&json::to_jcs(&changed).unwrap()).unwrap_err();
    assert_eq!(
        (fault.code, fault.pointer.as_str()),
        (FaultCode::Oversize, "/openings/0/proof")
    );
    let fault = verify(&vec![b' '; MAX_BUNDLE_BYTES + 1]).unwrap_err();
    assert_eq!(fault.code, FaultCode::Oversize);
}

#[test]
fn each_fault_of_form_has_its_place() {
    let scene = eventful();
    let original: Value = serde_json::from_slice(&scene.evidence().to_bytes().unwrap()).unwrap();
    let hash = original["openings"][0]["proof"][0].as_str().unwrap().to_owned();
    let salt = original["openings"][0]["salt"].as_str().unwrap().to_owned();
    let cases: [(&str, Value, FaultCode); 12] = [
        ("/consent", json!("00"), FaultCode::InvalidValue),
        ("/origin", json!("a b"), FaultCode::InvalidValue),
        ("/type", json!("Bundle"), FaultCode::InvalidValue),
        ("/openings", json!({}), FaultCode::WrongType),
        ("/openings/0/index", json!(-1), FaultCode::InvalidValue),
        (
            "/openings/0/salt",
            json!(salt.trim_end_matches('=')),
            FaultCode::InvalidValue,
        ),
        ("/openings/0/salt", json!("AAAA"), FaultCode::InvalidValue),
        (
            "/openings/0/proof/0",
            json!(hash.trim_end_matches('=')),
            FaultCode::InvalidValue,
        ),
        ("/openings/0/proof/0", json!(1), FaultCode::InvalidValue),
        ("/checkpoints/0/note", json!(1), FaultCode::WrongType),
        ("/anchors/0/root", json!("00"), FaultCode::InvalidValue),
        ("/attestations/0/signature", json!("z"), FaultCode::InvalidValue),
    ];
    for (pointer, value, code) in cases {
        let mut changed = original.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let bytes = json::to_jcs(&changed).unwrap();
        let fault = bundle::verify(&bytes, Some(&scene.trust()), scene.clock, None).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.code), (pointer, code));
    }
}
