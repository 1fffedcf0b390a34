//! P5, P6, P7, P8, P10: what a larger log costs.
//!
//! The same node, with the same real brand, request and grants, over 2^14, 2^24 and 2^24 - 1 leaves. P5: see `p5.rs`, on this log. P6: the proof of a
//! record over HTTP, on a kept connection, of the oldest and the newest records by turns. P7: the node's anonymous memory
//! (`RssAnon`) after the same load. P8: from the start of the process until it listens. P10: `placet fsck` of the log's
//! files, against hashing the same leaves and nodes with as many threads and doing nothing else. Two sizes in between are for
//! the picture and for what is said of 2^34.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::thread;

use placet_kernel::leaf::LEAF_BYTES;
use placet_kernel::merkle::{Hash, leaf_hash, node_hash};
use placet_schemas::id::{Digest, Origin};
use placet_tests::caller::Caller;
use placet_tests::p;
use placet_tests::process::NodeProcess;

use crate::Orders;
use crate::clock::{median, seconds, time};
use crate::large;
use crate::p4::{load, prepare};
use crate::p5;
use crate::plot::{self, Line};
use crate::report::{Bar, Figure};

const ORIGIN: &str = "large.example/log";
const SMALL: u64 = 1 << 14;
const LARGE: u64 = 1 << 24;
/// Only for the picture.
const BETWEEN: [u64; 2] = [1 << 17, 1 << 20];
/// What nobody has measured.
const ON_PAPER: u64 = 1 << 34;
/// With `--quick`.
const QUICK_LARGE: u64 = 1 << 17;
const GRANTS: usize = 1000;
/// For P5.
const ARRIVALS: usize = 1500;
const PROOFS: usize = 4000;
const STARTS: usize = 7;
const AUDITS: usize = 3;
const MICROS: f64 = 1e6;
const MILLIS: f64 = 1e3;

/// What was measured at one size.
struct Seen {
    size: u64,
    proof: f64,
    memory: f64,
    start: f64,
    audit: f64,
    hashing: f64,
    latency: Vec<Figure>,
}

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let large = if orders.quick { QUICK_LARGE } else { LARGE };
    let between = BETWEEN.into_iter().filter(|size| *size < large);
    let sizes = [SMALL].into_iter().chain(between).chain([large - 1, large]);
    let mut seen: Vec<Seen> = sizes.map(|size| at(orders, size)).collect();
    let latencies: Vec<Figure> = seen
        .iter_mut()
        .flat_map(|seen| std::mem::take(&mut seen.latency))
        .collect();
    let [small, .., before, last] = seen.as_slice() else {
        return Vec::new();
    };
    on_paper(small, last);
    let picture = orders.out.with_file_name("bench-sizes.svg");
    fs::write(&picture, plot::draw(&lines(small, &seen))).unwrap();
    println!("drawn in {}", picture.display());
    let mut figures = latencies;
    for other in [before, last] {
        let name = |id: &str| format!("{id} n={}", other.size);
        let figure = |id: &str, ours, reference, unit, bar| Figure {
            id: name(id),
            ours,
            reference,
            unit,
            bar: Bar::AtMost(bar),
        };
        figures.push(figure("P6", other.proof * MICROS, small.proof * MICROS, "µs", 2.0));
        figures.push(figure("P7", other.memory, small.memory, "KiB", 1.3));
        figures.push(figure("P8", other.start * MILLIS, small.start * MILLIS, "ms", 1.5));
        figures.push(figure("P10", other.audit * MILLIS, other.hashing * MILLIS, "ms", 2.0));
    }
    figures
}

/// What each would cost with 2^34 leaves. A proof, the memory and a start depend on the height of the tree alone, so by the
/// slope for each level, where there is one above the noise; an audit reads everything, so by the slope for each leaf.
fn on_paper(small: &Seen, large: &Seen) {
    let levels = |from: u64, to: u64| (to as f64).log2() - (from as f64).log2();
    let by_height = |of: fn(&Seen) -> f64| {
        let slope = ((of(large) - of(small)) / levels(small.size, large.size)).max(0.0);
        of(large) + slope * levels(large.size, ON_PAPER)
    };
    println!(
        "on paper, 2^34: proof {:.0} µs, memory {:.0} KiB, start {:.0} ms, audit {:.0} min",
        by_height(|seen| seen.proof) * MICROS,
        by_height(|seen| seen.memory),
        by_height(|seen| seen.start) * MILLIS,
        large.audit / large.size as f64 * ON_PAPER as f64 / 60.0
    );
}

fn lines(small: &Seen, seen: &[Seen]) -> Vec<Line> {
    let line = |name, bar, of: &dyn Fn(&Seen) -> f64| Line {
        name,
        bar,
        points: seen.iter().map(|seen| (seen.size, of(seen))).collect(),
    };
    vec![
        line("P6 proof", 2.0, &|seen| seen.proof / small.proof),
        line("P7 memory", 1.3, &|seen| seen.memory / small.memory),
        line("P8 start", 1.5, &|seen| seen.start / small.start),
        line("P10 audit / hashing", 2.0, &|seen| seen.audit / seen.hashing),
    ]
}

fn at(orders: &Orders, size: u64) -> Seen {
    println!("P6, P7, P8, P10: loading {size} leaves");
    let (origin, home): (Origin, _) = (p(ORIGIN), tempfile::tempdir().unwrap());
    let folder = home.path();
    let start = || NodeProcess::start(&orders.placet, &origin, folder, &[]);
    let node = start();
    let market = prepare::Market::open(&node, &origin, 2 * GRANTS + ARRIVALS);
    let (before, behind) = market.grants.split_at(GRANTS);
    let (after, arriving) = behind.split_at(GRANTS);
    load::post(node.address(), "/v1/records", 64, before, 201);
    node.kill();
    // The others go behind the dummies, and are part of the size.
    large::load(folder, &origin, size - behind.len() as u64);
    large::check(&orders.placet, folder);
    let node = start();
    let most = load::post(node.address(), "/v1/records", 64, after, 201);
    let proof = proofs(&node, &market);
    // Before so many connections are opened that nothing else shows.
    let memory = anonymous_memory(node.id());
    let latency = p5::arrivals_of(&node, folder, arriving, most, &format!(" n={size}"));
    node.kill();
    let starts: Vec<_> = (0..STARTS)
        .map(|_| {
            let (took, node) = time(start);
            node.kill();
            took
        })
        .collect();
    let (audit, hashing) = audits(orders, folder, size);
    let seen = Seen {
        size,
        proof,
        memory,
        start: median(seconds(&starts)),
        audit,
        hashing,
        latency,
    };
    println!(
        "n = {size}: proof {:.0} µs, memory {:.0} KiB, start {:.0} ms, audit {:.0} ms, bare hashing {:.0} ms",
        seen.proof * MICROS,
        seen.memory,
        seen.start * MILLIS,
        seen.audit * MILLIS,
        seen.hashing * MILLIS
    );
    seen
}

/// Median time of a proof, warm.
fn proofs(node: &NodeProcess, market: &prepare::Market) -> f64 {
    let digests: Vec<Digest> = market.requests.iter().map(|request| request.record.digest()).collect();
    let mut caller = Caller::new(node.address());
    let mut times = Vec::with_capacity(PROOFS);
    for number in 0..2 * PROOFS {
        let path = format!("/v1/records/{}/proof", digests[number % digests.len()]);
        let (took, proof) = time(|| caller.get(&path));
        black_box(proof);
        // The first half is for the caches.
        if number >= PROOFS {
            times.push(took);
        }
    }
    median(seconds(&times))
}

/// KiB, by the operating system (proc_pid_status(5), RssAnon).
pub(crate) fn anonymous_memory(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Median times of an audit and of the bare hashing.
fn audits(orders: &Orders, folder: &Path, size: u64) -> (f64, f64) {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..AUDITS {
        ours.push(time(|| large::check(&orders.placet, folder)).0);
        bare.push(time(|| hash_all(size)).0);
    }
    // What a process costs that finds nothing to do.
    let idle = time(|| Command::new(&orders.placet).arg("--version").output().unwrap()).0;
    (median(seconds(&ours)) - idle.as_secs_f64(), median(seconds(&bare)))
}

/// As many leaf and node hashes as a log of this size has.
fn hash_all(size: u64) {
    let threads = thread::available_parallelism().unwrap().get() as u64;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(move || {
                let leaf = [1; LEAF_BYTES];
                let mut hash = Hash::new([0; 32]);
                for _ in 0..size / threads {
                    let made = leaf_hash(black_box(&leaf));
                    hash = node_hash(&made, black_box(&hash));
                }
                black_box(hash);
            });
        }
    });
}
