//! Any flipped bit, and any other damage to the bytes, is noticed.

use std::thread;

use placet_kernel::bundle::{self, Verdict};
use placet_kernel::trust::Trust;
use placet_schemas::time::Timestamp;
use placet_tests::brand::Brand;
use placet_tests::log::{TestLog, trust, trust_file};
use placet_tests::offer::{newsletter, offer};
use placet_tests::p;
use placet_tests::scene::{ORIGIN, Scene};
use proptest::prelude::*;

use super::{eventful, says_nothing_new};
use crate::damage;

/// Bytes, and what they are judged by.
struct Judged {
    bytes: Vec<u8>,
    trust: Trust,
    now: Timestamp,
}

impl Judged {
    fn holds(&self, bytes: &[u8]) -> bool {
        let report = bundle::verify(bytes, Some(&self.trust), self.now, None);
        report.is_ok_and(|report| report.recorded == Verdict::Holds)
    }
}

/// A small bundle with every kind of part: one witness, one language, two checkpoints, an anchor, an attestation.
fn small() -> Judged {
    let brand = Brand::cinema();
    let asked = offer(&[&brand], vec![newsletter()], 0);
    let mut scene = Scene::set(TestLog::new(ORIGIN), brand, asked);
    let witness = scene.witnesses[0].clone();
    scene.notices.truncate(1);
    scene.grant_for(&[newsletter()], scene.clock.plus(p("P1Y")));
    scene.log.strangers(2);
    scene.publish_by(&[(&witness, scene.clock)]);
    scene.log.strangers(1);
    scene.publish_by(&[(&witness, scene.clock)]);
    let mut evidence = scene.evidence();
    evidence.attestations.remove(0);
    Judged {
        bytes: evidence.to_bytes().unwrap(),
        trust: trust(&trust_file(scene.log.keys(), &[witness], 1)),
        now: scene.clock,
    }
}

#[test]
fn no_flipped_bit_anywhere_holds() {
    let judged = small();
    assert!(judged.holds(&judged.bytes));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for first in 0..threads {
            let judged = &judged;
            scope.spawn(move || {
                let mut bytes = judged.bytes.clone();
                for at in (first..bytes.len()).step_by(threads) {
                    for bit in 0..8 {
                        bytes[at] ^= 1 << bit;
                        assert!(!judged.holds(&bytes), "bit {bit} of byte {at}");
                        bytes[at] ^= 1 << bit;
                    }
                }
            });
        }
    });
}

fn damaged(judged: &Judged, changed: &[u8]) -> Result<(), TestCaseError> {
    if changed == judged.bytes || !judged.holds(changed) {
        return Ok(());
    }
    let [before, after] = [&judged.bytes, &changed.to_vec()].map(|bytes| serde_json::from_slice(bytes).unwrap());
    prop_assert!(says_nothing_new(&before, &after));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bytes_changed_inserted_deleted_or_cut_off_make_nothing_new_hold(
        edits in damage::edits(),
    ) {
        let judged = {
            let scene = eventful();
            let bytes = scene.evidence().to_bytes().unwrap();
            Judged { bytes, trust: scene.trust(), now: scene.clock }
        };
        let changed = damage::damaged(&judged.bytes, &edits);
        damaged(&judged, &changed)?;
    }

    #[test]
    fn a_beginning_of_a_bundle_is_no_bundle(index: prop::sample::Index) {
        let judged = small();
        let cut = &judged.bytes[..index.index(judged.bytes.len())];
        prop_assert!(bundle::verify(cut, Some(&judged.trust), judged.now, None).is_err());
    }
}
