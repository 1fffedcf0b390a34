//! P2, P3, P9: what a decision costs, and how soon a withdrawal counts.
//!
//! P2 asks a verifier in this process, from the bytes of the question on. P3 asks one in a process of its own, over one
//! connection that is kept, and counts the processor time that the system booked to it; what `/healthz` costs the same way is
//! taken off. P9 is the time from sending a withdrawal to the ledger to the first deny of the verifier's process, while a
//! hundred other streams of feeds are open and read.

use std::fs;
use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey};
use placet_client::Server;
use placet_schemas::authzen;
use placet_schemas::record::CanonicalRecord;
use placet_schemas::scope::Clause;
use placet_tests::brand::Brand;
use placet_tests::bytes_of;
use placet_tests::offer::newsletter;
use placet_tests::process::NodeProcess;
use placet_tests::shop::Shop;
use placet_tests::verifier::{VerifierOrder, VerifierProcess};
use placet_verifier::{Settings, Verifier};
use placet_wallet::records;
use placet_wallet::sight::Sight;
use sha2::{Digest as _, Sha256};

use crate::Orders;
use crate::clock::{median, seconds, time};
use crate::report::{Bar, Figure};

/// Rounds of P2, and what is done in each.
const ROUNDS: usize = 201;
const QUICK_ROUNDS: usize = 21;
const PER_ROUND: usize = 200;
/// Calls of P3.
const CALLS: usize = 20_000;
const QUICK_CALLS: usize = 2_000;
/// Withdrawals of P9.
const WITHDRAWALS: usize = 200;
const QUICK_WITHDRAWALS: usize = 20;
/// Other streams that are open meanwhile, and how many each brand has.
const STREAMS: usize = 100;
const STREAMS_OF_A_BRAND: usize = 50;
const MICROS: f64 = 1e6;
const SOON: Duration = Duration::from_secs(20);

struct Scene {
    dir: tempfile::TempDir,
    node: NodeProcess,
    shop: Shop,
    request: CanonicalRecord,
    clause: Clause,
}

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let wanted = |id: &str| orders.only.is_empty() || orders.only.iter().any(|only| only == id);
    let scene = Scene::open(&orders.placet);
    let mut figures = Vec::new();
    if wanted("P2") {
        figures.extend(scene.p2(if orders.quick { QUICK_ROUNDS } else { ROUNDS }));
    }
    if wanted("P3") {
        figures.push(scene.p3(&orders.placet, if orders.quick { QUICK_CALLS } else { CALLS }));
    }
    if wanted("P9") {
        figures.push(scene.p9(
            &orders.placet,
            if orders.quick { QUICK_WITHDRAWALS } else { WITHDRAWALS },
        ));
    }
    figures
}

impl Scene {
    fn open(placet: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let origin = "placet.test/log".parse().unwrap();
        let node = NodeProcess::start(placet, &origin, &dir.path().join("node"), &[]);
        let shop = Shop::open(&node, &origin, Brand::cinema());
        let clause = newsletter();
        let request = shop.ask(&node, "newsletter", vec![clause.clone()]);
        Self {
            dir,
            node,
            shop,
            request,
            clause,
        }
    }

    fn verifier(&self, placet: &Path, name: &str) -> VerifierProcess {
        let folder = self.dir.path().join(name);
        VerifierProcess::start(&VerifierOrder::of(placet, &self.node, &folder), &self.shop)
    }

    /// Somebody's yes; gives what will end it.
    fn yes(&self, verifier: &VerifierProcess, name: &str) -> Vec<u8> {
        let invitation = self.shop.invite(&self.node, &self.request, 1).remove(0);
        verifier.knows(name, &invitation.digest());
        let customer = self.shop.customer(name);
        let clauses = [self.clause.clone()];
        let grant = customer.grant(
            &self.shop,
            &self.request,
            &invitation,
            &clauses,
            Sight::default().anchor(),
        );
        self.shop.caller(&self.node).post("/v1/records", &grant.bytes);
        records::withdraw_unseen(grant.record.digest(), &customer.pen(&self.shop, "withdrawal"))
            .unwrap()
            .bytes
    }

    fn p2(&self, rounds: usize) -> [Figure; 2] {
        println!("P2: {rounds} rounds of {PER_ROUND} decisions");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let verifier = runtime.block_on(async {
            let verifier = Verifier::open(Settings {
                dir: self.dir.path().join("in process"),
                origin: self.shop.origin.clone(),
                controller: self.shop.brand.did.clone(),
                ledger: Server::new(&format!("http://{}", self.node.address()), false, None).unwrap(),
                token: self.shop.token.clone().into(),
                trust: self.node.trust(),
                authorization: None,
                policy: None,
                register: None,
                cool_down: placet_verifier::DEFAULT_COOL_DOWN,
                webhook: None,
            });
            let verifier = verifier.await.unwrap();
            verifier.start();
            verifier
        });
        let invitation = self.shop.invite(&self.node, &self.request, 1).remove(0);
        let known = [(invitation.digest(), "C-1".parse().unwrap())];
        runtime.block_on(verifier.import(&known)).unwrap();
        let customer = self.shop.customer("P2");
        let clauses = [self.clause.clone()];
        let grant = customer.grant(
            &self.shop,
            &self.request,
            &invitation,
            &clauses,
            Sight::default().anchor(),
        );
        self.shop.caller(&self.node).post("/v1/records", &grant.bytes);
        let question = self.question("C-1");
        let ask = || {
            verifier
                .decide(&authzen::evaluation(black_box(&question)).unwrap())
                .unwrap()
        };
        let sign = || {
            verifier
                .evaluate(&authzen::evaluation(black_box(&question)).unwrap())
                .unwrap()
        };
        while !ask().statement.decision {
            thread::sleep(Duration::from_millis(10));
        }
        let (kilobyte, key) = ([7; 1024], SigningKey::from_bytes(&bytes_of("reference")));
        let message = [7; 64];
        let mut times: [Vec<Duration>; 4] = Default::default();
        for _ in 0..rounds {
            times[0].push(time(|| (0..PER_ROUND).for_each(|_| drop(black_box(ask())))).0);
            times[1].push(time(|| (0..PER_ROUND).for_each(|_| drop(black_box(sign())))).0);
            times[2].push(
                time(|| {
                    (0..PER_ROUND).for_each(|_| {
                        let _digest = black_box(Sha256::digest(black_box(kilobyte)));
                    })
                })
                .0,
            );
            times[3].push(
                time(|| {
                    (0..PER_ROUND).for_each(|_| {
                        let _signature = black_box(key.sign(black_box(&message)));
                    })
                })
                .0,
            );
        }
        let [ask, signed, hash, sign] = times.map(|times| each(&times, PER_ROUND));
        runtime.block_on(verifier.close());
        let figure = |id: &str, ours, reference, bar| Figure {
            id: id.to_owned(),
            ours,
            reference,
            unit: "µs",
            bar: Bar::AtMost(bar),
        };
        [
            figure("P2 unsigned", ask, hash, 20.0),
            figure("P2 signed", signed, sign, 2.0),
        ]
    }

    fn p3(&self, placet: &Path, calls: usize) -> Figure {
        println!("P3: {calls} signed decisions over HTTP");
        let verifier = self.verifier(placet, "p3");
        let _withdrawal = self.yes(&verifier, "P3");
        let question: serde_json::Value = serde_json::from_slice(&self.question("P3")).unwrap();
        let _permit = verifier.await_decision(&question, true, SOON);
        let question = self.question("P3");
        let mut caller = verifier.caller();
        let mut cost = |method: &str, path: &str, body: &[u8]| {
            let before = cpu_seconds(verifier.id());
            for _ in 0..calls {
                let answer = caller.call(method, path, body).unwrap();
                assert_eq!(answer.status, 200);
            }
            #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
            let calls = calls as f64;
            (cpu_seconds(verifier.id()) - before) / calls * MICROS
        };
        // In turns, so that both see the same machine.
        let mut ours = Vec::new();
        for _ in 0..3 {
            let health = cost("GET", "/healthz", &[]);
            ours.push(cost("POST", "/access/v1/evaluation", &question) - health);
        }
        let key = SigningKey::from_bytes(&bytes_of("reference"));
        let signs: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                time(|| {
                    (0..PER_ROUND).for_each(|_| {
                        let _signature = black_box(key.sign(black_box(&[7; 64])));
                    })
                })
                .0
            })
            .collect();
        Figure {
            id: "P3".to_owned(),
            ours: median(ours),
            reference: each(&signs, PER_ROUND),
            unit: "µs",
            bar: Bar::AtMost(2.0),
        }
    }

    fn p9(&self, placet: &Path, withdrawals: usize) -> Figure {
        println!("P9: {withdrawals} withdrawals, {STREAMS} other streams");
        let brands = ["one.example", "two.example"].map(|name| Brand::web(name, "Another Brand Ltd"));
        let others = brands.map(|brand| Shop::open(&self.node, &self.shop.origin, brand));
        for shop in &others {
            for _ in 0..STREAMS_OF_A_BRAND {
                listen(self.node.address(), &shop.token);
            }
        }
        let verifier = self.verifier(placet, "p9");
        let mut times = Vec::new();
        for number in 0..withdrawals {
            let name = format!("P9 {number}");
            let withdrawal = self.yes(&verifier, &name);
            let question = serde_json::from_slice(&self.question(&name)).unwrap();
            let _permit = verifier.await_decision(&question, true, SOON);
            let (took, _deny) = time(|| {
                self.shop.caller(&self.node).post("/v1/records", &withdrawal);
                verifier.await_decision(&question, false, SOON)
            });
            times.push(took.as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        Figure {
            id: format!("P9, p99 of {withdrawals}"),
            ours: times[(times.len() * 99 / 100).min(times.len() - 1)] * 1e3,
            reference: 1000.0,
            unit: "ms",
            bar: Bar::AtMost(1.0),
        }
    }

    fn question(&self, customer: &str) -> Vec<u8> {
        let question = serde_json::json!({
            "subject": {"type": "controller", "id": self.shop.brand.did},
            "action": {"name": "dpv:Use", "properties": {"delivery": "copy"}},
            "resource": {"type": "customer", "id": customer, "properties": {"categories": ["pd:EmailAddress"]}},
            "context": {"purpose": self.clause.purpose.id, "nonce": "6c8f2d1e"},
        });
        serde_json::to_vec(&question).unwrap()
    }
}

/// Opens a stream of a feed and reads it for as long as the node lives.
fn listen(address: &str, token: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "GET /v1/feed/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200", "the stream is not opened");
    thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
}

/// Microseconds of one, by the median round.
fn each(rounds: &[Duration], per_round: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of repetitions")]
    let per_round = per_round as f64;
    median(seconds(rounds)) / per_round * MICROS
}

/// The processor time that the system booked to a process, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    /// Linux counts in hundredths of a second (`USER_HZ`).
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_ascii_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / TICKS
}
