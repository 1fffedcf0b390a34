//! Parts taken away, repeated, moved, exchanged: nothing holds that is not there, and nothing comes to be in force.

use placet_kernel::bundle::{self, Evidence, Report, Verdict};
use placet_kernel::trust::Trust;
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use placet_tests::brand::Brand;
use placet_tests::log::TestLog;
use placet_tests::offer::{newsletter, offer, recommendations};
use placet_tests::scene::{ORIGIN, Scene};
use serde_json::Value;

use super::{answers, eventful, says_nothing_new};

/// A bundle, and what it is judged by.
struct Judged {
    original: Value,
    trust: Trust,
    now: Timestamp,
}

impl Judged {
    fn new(scene: &Scene) -> Self {
        Self {
            original: serde_json::from_slice(&scene.evidence().to_bytes().unwrap()).unwrap(),
            trust: scene.trust(),
            now: scene.clock,
        }
    }

    /// Judges a changed bundle; `None` when it is no bundle any more.
    fn judge(&self, changed: &Value) -> Option<Report> {
        bundle::verify(&json::to_jcs(changed).unwrap(), Some(&self.trust), self.now, None).ok()
    }

    /// What holds after a change was there before.
    fn check(&self, changed: &Value, what: &str) {
        let Some(report) = self.judge(changed) else { return };
        if report.recorded == Verdict::Holds {
            assert!(says_nothing_new(&self.original, changed), "{what} holds");
        }
    }
}

/// JSON pointers to all arrays and objects of a document.
fn containers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            found.push(at.to_owned());
            for (index, item) in items.iter().enumerate() {
                containers(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            found.push(at.to_owned());
            for (key, item) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                containers(item, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn elements_removed_repeated_or_moved_make_nothing_new_hold() {
    let judged = Judged::new(&eventful());
    let mut pointers = Vec::new();
    containers(&judged.original, "", &mut pointers);
    let mut changes = 0;
    for pointer in &pointers {
        let Some(items) = judged.original.pointer(pointer).and_then(Value::as_array) else {
            continue;
        };
        for at in 0..items.len() {
            let mut removed = items.clone();
            removed.remove(at);
            let mut repeated = items.clone();
            repeated.insert(at, items[at].clone());
            let mut moved = items.clone();
            moved.swap(at, (at + 1) % items.len());
            for (change, list) in [("removed", removed), ("repeated", repeated), ("moved", moved)] {
                if list == *items {
                    continue;
                }
                let mut changed = judged.original.clone();
                *changed.pointer_mut(pointer).unwrap() = Value::Array(list);
                judged.check(&changed, &format!("{pointer}/{at} {change}"));
                changes += 1;
            }
        }
    }
    assert!(changes > 400, "{changes}");
}

#[test]
fn members_removed_added_or_renamed_make_nothing_new_hold() {
    let judged = Judged::new(&eventful());
    let mut pointers = Vec::new();
    containers(&judged.original, "", &mut pointers);
    for pointer in &pointers {
        let Some(members) = judged.original.pointer(pointer).and_then(Value::as_object) else {
            continue;
        };
        let change = |what: &str, edit: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let mut changed = judged.original.clone();
            edit(changed.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
            assert_ne!(
                judged.judge(&changed).map(|report| report.recorded),
                Some(Verdict::Holds),
                "{pointer}: {what}"
            );
        };
        change("added", &|members| {
            members.insert("zz".to_owned(), 1.into());
        });
        for key in members.keys() {
            change(key, &|members| {
                members.remove(key);
            });
            change(key, &|members| {
                let value = members.remove(key).unwrap();
                members.insert(format!("{key}z"), value);
            });
        }
    }
}

/// Salts, indexes, proofs and records exchanged between any two openings.
#[test]
fn openings_that_borrow_from_each_other_do_not_hold() {
    let judged = Judged::new(&eventful());
    let count = judged.original["openings"].as_array().unwrap().len();
    for (one, other) in (0..count).flat_map(|one| (0..one).map(move |other| (one, other))) {
        for member in ["index", "proof", "record", "salt"] {
            let mut changed = judged.original.clone();
            let theirs = changed["openings"][other][member].clone();
            changed["openings"][one][member] = theirs;
            if changed != judged.original {
                let report = judged.judge(&changed);
                assert_ne!(
                    report.map(|r| r.recorded),
                    Some(Verdict::Holds),
                    "{one} {other} {member}"
                );
            }
        }
    }
}

/// Evidence that comes from elsewhere: another person at the same brand, and another log.
#[test]
fn parts_of_other_bundles_do_not_hold() {
    let scene = eventful();
    let judged = Judged::new(&scene);
    let other_person = {
        let mut scene = eventful();
        scene.use_curve(placet_kernel::sign::Algorithm::P256);
        scene.grant();
        scene.publish();
        scene
    };
    let other_log = {
        let brand = Brand::cinema();
        let asked = offer(&[&brand], vec![newsletter(), recommendations()], 0);
        let mut scene = Scene::set(TestLog::new("other.example/log"), brand, asked);
        scene.grant();
        scene.publish();
        scene
    };
    for (name, foreign) in [("person", Judged::new(&other_person)), ("log", Judged::new(&other_log))] {
        for list in ["anchors", "attestations", "checkpoints", "notices", "openings"] {
            for part in foreign.original[list].as_array().unwrap() {
                let known = judged.original[list].as_array().unwrap();
                if known.contains(part) {
                    continue;
                }
                for at in 0..=known.len() {
                    let mut changed = judged.original.clone();
                    changed[list].as_array_mut().unwrap().insert(at, part.clone());
                    judged.check(&changed, &format!("another {name}'s {list} at {at}"));
                    if let Some(slot) = changed[list].as_array_mut().unwrap().get(at + 1).cloned() {
                        changed[list].as_array_mut().unwrap().retain(|kept| *kept != slot);
                        judged.check(&changed, &format!("another {name}'s {list} instead of {at}"));
                    }
                }
            }
        }
    }
}

/// Whoever hides the end of a consent, with all that speaks of it, gets no more than doubt.
#[test]
fn hiding_the_withdrawal_does_not_bring_the_consent_back() {
    let mut scene = Scene::new();
    scene.grant();
    let before = scene.clock;
    scene.publish();
    scene.withdraw();
    scene.publish();
    scene.publish();
    let evidence = scene.evidence();
    assert_eq!(answers(&scene.judge(&evidence, None)), (Verdict::Holds, Verdict::Fails));
    let attestations = evidence.attestations.len();
    // Every choice of attestations, with the opening of the withdrawal gone.
    for kept in 0..1u32 << attestations {
        let mut hidden: Evidence = evidence.clone();
        hidden.openings.pop();
        hidden.anchors.truncate(1);
        let mut at = 0;
        hidden.attestations.retain(|_| {
            at += 1;
            kept >> (at - 1) & 1 == 1
        });
        let report = scene.judge(&hidden, None);
        assert_eq!(answers(&report), (Verdict::Holds, Verdict::CannotTell), "{kept:b}");
        for seconds in 0..=240 {
            let moment = before.plus_seconds(seconds);
            let report = scene.judge(&hidden, Some(moment));
            let was = report.in_force == Verdict::Holds;
            assert!(!was || moment == before, "{kept:b} {seconds}");
        }
    }
}

#[test]
fn a_bundle_is_its_own_canonical_form() {
    let scene = eventful();
    let bytes = scene.evidence().to_bytes().unwrap();
    let judge = |bytes: &[u8]| bundle::verify(bytes, Some(&scene.trust()), scene.clock, None);
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(json::to_jcs(&value).unwrap(), bytes);
    let pretty = serde_json::to_vec_pretty(&value).unwrap();
    let fault = judge(&pretty).unwrap_err();
    assert_eq!(fault.code, json::FaultCode::NotCanonical);
    for around in ["", " ", "\n"] {
        let padded = [around.as_bytes(), &bytes, around.as_bytes()].concat();
        assert_eq!(judge(&padded).is_ok(), around.is_empty());
    }
    assert!(scene.log.origin.as_str() == ORIGIN);
}
