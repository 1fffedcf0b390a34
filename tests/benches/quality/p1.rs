//! P1: the kernel judges a bundle of k Ed25519 signatures.
//!
//! Cold: every judgement gets bytes that were never read before, in memory of their own, and the kernel keeps nothing
//! from one call to the next. The reference is k strict verifications of 64 bytes under keys that are decoded already:
//! the least that anyone could do, and less than a judge must, who has to decode the keys too.

use std::hint::black_box;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use placet_kernel::bundle::{self, Verdict};
use placet_tests::bytes_of;
use placet_tests::sample::{Sample, sample_bundle};

use crate::Orders;
use crate::clock::{median, seconds, time};
use crate::report::{Bar, Figure};

/// Records in the bundles: a short life, a usual one, the longest that a bundle may tell.
const RECORDS: [usize; 3] = [3, 24, 256];
/// Judgements of each bundle.
const ROUNDS: usize = 301;
const QUICK_ROUNDS: usize = 31;
/// Microseconds in a second.
const MICROS: f64 = 1e6;

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    RECORDS
        .map(|records| measure_one(records, if orders.quick { QUICK_ROUNDS } else { ROUNDS }))
        .into()
}

fn measure_one(records: usize, rounds: usize) -> Figure {
    let sample = sample_bundle(records);
    let k = sample.signatures;
    println!(
        "P1: a bundle of {} bytes with {k} signatures, {rounds} rounds",
        sample.bytes.len()
    );
    let signed = Signed::make(k);
    let (mut ours, mut reference) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        ours.push(judge(&sample));
        reference.push(time(|| signed.verify()).0);
    }
    Figure {
        id: format!("P1 k={k}"),
        ours: median(seconds(&ours)) * MICROS,
        reference: median(seconds(&reference)) * MICROS,
        unit: "µs",
        bar: Bar::AtMost(1.5),
    }
}

fn judge(sample: &Sample) -> std::time::Duration {
    let fresh = sample.bytes.clone();
    let (took, report) = time(|| bundle::verify(black_box(&fresh), Some(&sample.trust), sample.now, None));
    let report = report.unwrap();
    assert_eq!(
        (report.recorded, report.in_force),
        (Verdict::Holds, Verdict::Holds),
        "{:?}",
        report.findings
    );
    took
}

/// What an Ed25519 check is given.
struct Signed(Vec<(VerifyingKey, [u8; 64], Signature)>);

impl Signed {
    /// `count` signatures, each by another key.
    fn make(count: usize) -> Self {
        let one = |number| {
            let key = SigningKey::from_bytes(&bytes_of(&format!("key {number}")));
            let (first, second): ([u8; 32], [u8; 32]) =
                (bytes_of(&format!("a {number}")), bytes_of(&format!("b {number}")));
            let message: [u8; 64] = [first, second].concat().try_into().unwrap();
            (key.verifying_key(), message, key.sign(&message))
        };
        Self((0..count).map(one).collect())
    }

    fn verify(&self) {
        for (key, message, signature) in &self.0 {
            key.verify_strict(black_box(message), signature).unwrap();
        }
    }
}
