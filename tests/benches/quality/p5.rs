//! P5: from POST to acknowledgement, at Poisson arrivals of a tenth of what the node can take.
//!
//! The bound is made of the tick and of the time that this disk takes to make 4 KiB durable, in the folder of the same node
//! just before: a commit makes two databases durable.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use placet_schemas::id::Origin;
use placet_tests::p;
use placet_tests::process::NodeProcess;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::Orders;
use crate::clock::{seconds, time};
use crate::p4::{load, prepare};
use crate::report::{Bar, Figure};

const ORIGIN: &str = "latency.example/log";
/// The node's default, in seconds.
const TICK: f64 = 0.1;
/// Arrivals per second: a tenth of P4's grants on the machine of docs/PERFORMANCE.md, as measured before each run.
const SHARE: f64 = 0.1;
const WARM_UP: usize = 3000;
const ARRIVALS: usize = 4000;
const QUICK_ARRIVALS: usize = 800;
const CONNECTIONS: usize = 1000;
const SYNCS: usize = 400;
const MILLIS: f64 = 1e3;

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let arrivals = if orders.quick { QUICK_ARRIVALS } else { ARRIVALS };
    let (origin, home): (Origin, _) = (p(ORIGIN), tempfile::tempdir().unwrap());
    let node = NodeProcess::start(&orders.placet, &origin, home.path(), &[]);
    let market = prepare::Market::open(&node, &origin, WARM_UP + arrivals);
    let (first, rest) = market.grants.split_at(WARM_UP);
    let most = load::post(node.address(), "/v1/records", CONNECTIONS, first, 201);
    println!("P5: {arrivals} arrivals, a tenth of {most:.0} per second");
    arrivals_of(&node, home.path(), rest, most, "")
}

/// What becomes of these grants, at a tenth of the `most` that the node takes per second. `name` tells the figures from others.
pub(crate) fn arrivals_of(node: &NodeProcess, folder: &Path, grants: &[Vec<u8>], most: f64, name: &str) -> Vec<Figure> {
    let syncs = syncs(folder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let took = runtime.block_on(arrive(node.address(), grants, SHARE * most));
    let (ours, disk) = (sorted(seconds(&took)), sorted(seconds(&syncs)));
    let figure = |id: &str, at: f64, reference: f64| Figure {
        id: format!("{id}{name}"),
        ours: quantile(&ours, at) * MILLIS,
        reference: reference * MILLIS,
        unit: "ms",
        bar: Bar::AtMost(1.0),
    };
    vec![
        figure("P5 p50", 0.5, 0.5 * TICK + 4.0 * quantile(&disk, 0.5)),
        figure("P5 p99", 0.99, TICK + 6.0 * quantile(&disk, 0.99)),
    ]
}

/// Times of making 4 KiB durable.
fn syncs(folder: &Path) -> Vec<Duration> {
    let mut file = File::create(folder.join("sync")).unwrap();
    let sync = |_| {
        time(|| {
            file.write_all(&[0; 4096]).unwrap();
            file.sync_data().unwrap();
        })
        .0
    };
    (0..SYNCS).map(sync).collect()
}

/// Posts each at its moment, whatever has become of those before.
async fn arrive(address: &str, bodies: &[Vec<u8>], rate: f64) -> Vec<Duration> {
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    let streams = Arc::new(Mutex::new(streams));
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut calls = JoinSet::new();
    let mut at = tokio::time::Instant::now();
    for body in bodies {
        // Exponential waiting times make a Poisson process. SplitMix64 as in the kill tests.
        dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let uniform = ((mixed >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
        at += Duration::from_secs_f64(-uniform.min(1.0).ln() / rate);
        tokio::time::sleep_until(at).await;
        let call = load::call(address, "/v1/records", body);
        let streams = Arc::clone(&streams);
        calls.spawn(async move {
            // With more calls under way than connections the node is far beyond the bar.
            let mut stream = streams.lock().await.pop().unwrap();
            // From the moment at which it arrived: a caller that starts late counts against the node.
            stream.write_all(&call).await.unwrap();
            let mut buffer = vec![0; load::BUFFER];
            let mut filled = 0;
            while !load::is_whole(&buffer[..filled]) {
                let read = stream.read(&mut buffer[filled..]).await.unwrap();
                assert!(read > 0, "the server closed a connection");
                filled += read;
            }
            let took = at.elapsed();
            assert!(buffer.starts_with(b"HTTP/1.1 201 "));
            streams.lock().await.push(stream);
            took
        });
    }
    calls.join_all().await
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn quantile(sorted: &[f64], at: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * at) as usize]
}
