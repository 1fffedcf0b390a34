//! V1, V2: what a replica of many consents takes.
//!
//! The consents are real ones: signed, recorded by a node, and followed by a verifier's process from the first. V1 is the
//! verifier's anonymous memory for each of them, with the customer's row in its book, after a start; V2 the time of that start,
//! until it listens, against reading the bytes of its database once. `--consents 1000000` makes it a million.

use std::fs;
use std::hint::black_box;
use std::thread;
use std::time::Duration;

use placet_schemas::api::{ImportCustomers, InvitedCustomer, MAX_IMPORT};
use placet_schemas::id::Origin;
use placet_tests::brand::Brand;
use placet_tests::p;
use placet_tests::process::NodeProcess;
use placet_tests::shop::Shop;
use placet_tests::verifier::{VerifierOrder, VerifierProcess, started};

use crate::Orders;
use crate::clock::{median, seconds, time};
use crate::p4::load;
use crate::p4::prepare::{Stall, signed, stalls};
use crate::report::{Bar, Figure};
use crate::sizes::anonymous_memory;

/// Consents where nobody says how many.
pub(crate) const CONSENTS: usize = 20_000;
/// So many that no request meets its limit of grants per second.
const REQUESTS: usize = 36;
/// Grants that are signed and posted at once: what is waiting to be posted is in memory.
const PART: usize = 20_000;
const CALLERS: usize = 64;
/// How long the verifier may be behind once everything is recorded.
const BEHIND: Duration = Duration::from_secs(3_600);
const STARTS: usize = 5;
const KIB: f64 = 1024.0;

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let origin: Origin = p("bench.example/log");
    let dir = tempfile::tempdir().unwrap();
    let node = NodeProcess::start(&orders.placet, &origin, &dir.path().join("node"), &[]);
    let shops = [Shop::open(&node, &origin, Brand::cinema())];
    let folder = dir.path().join("verifier");
    let start = || VerifierProcess::start(&VerifierOrder::of(&orders.placet, &node, &folder), &shops[0]);
    let verifier = start();
    let empty = anonymous_memory(verifier.id());
    let stalls = stalls(&node, &shops, REQUESTS);
    let (took, ()) = time(|| {
        for from in (0..orders.consents).step_by(PART) {
            record(&node, &verifier, &stalls, from, PART.min(orders.consents - from));
            println!(
                "V1: {} of {} consents recorded",
                from + PART.min(orders.consents - from),
                orders.consents
            );
        }
    });
    println!(
        "V1: recorded in {} s; {} followed",
        took.as_secs(),
        verifier.metric("consents")
    );
    let began = started();
    while verifier.metric("consents") < count(orders.consents) {
        assert!(began.elapsed() < BEHIND, "the verifier does not follow");
        thread::sleep(Duration::from_millis(100));
    }
    println!("V1: followed {} s later", began.elapsed().as_secs());
    let after = anonymous_memory(verifier.id());
    drop(verifier);
    let database = folder.join("replica.db");
    let (mut starts, mut reads, mut memory) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..STARTS {
        let (took, verifier) = time(start);
        memory = anonymous_memory(verifier.id());
        drop(verifier);
        starts.push(took);
        reads.push(time(|| drop(black_box(fs::read(&database).unwrap()))).0);
    }
    let length = fs::metadata(&database).unwrap().len();
    println!(
        "V2: the database has {length} bytes; memory empty {empty} KiB, having followed {after} KiB, started {memory} KiB"
    );
    let figure = |id: String, ours, reference, unit, bar| Figure {
        id,
        ours,
        reference,
        unit,
        bar: Bar::AtMost(bar),
    };
    let each = (memory - empty) * KIB / count(orders.consents);
    let millis = |times: &[Duration]| median(seconds(times)) * 1e3;
    let of = format!("{} consents", orders.consents);
    vec![
        figure(format!("V1, {of}"), each, KIB, "bytes", 1.0),
        figure(format!("V2, {of}"), millis(&starts), millis(&reads), "ms", 10.0),
    ]
}

/// Signs and records grants, and tells the verifier whose they are.
fn record(node: &NodeProcess, verifier: &VerifierProcess, stalls: &[Stall<'_>], from: usize, grants: usize) {
    let (invitations, grants) = signed(node, stalls, grants);
    let mut caller = verifier.caller();
    for (part, invitations) in invitations.chunks(MAX_IMPORT).enumerate() {
        let row = |(at, digest)| InvitedCustomer {
            invitation: digest,
            customer: p(&format!("C-{}", from + part * MAX_IMPORT + at)),
        };
        let body = ImportCustomers {
            invitations: invitations.iter().copied().enumerate().map(row).collect(),
        };
        let body = serde_json::to_vec(&body).unwrap();
        let _imported = caller
            .call("POST", "/v1/customers/import", &body)
            .unwrap()
            .expect(200, "import");
    }
    load::post(node.address(), "/v1/records", CALLERS, &grants, 201);
}

#[expect(clippy::cast_precision_loss, reason = "a count of consents")]
const fn count(consents: usize) -> f64 {
    consents as f64
}
