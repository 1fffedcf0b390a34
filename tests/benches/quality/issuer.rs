//! P11 and P12: what a receipt costs, and how many wallets can claim one.
//!
//! P11 signs one receipt, in this process, by each suite; the reference is `@digitalbazaar/vc` in Node, which signs the same
//! document in turns with it. P12 is whole exchanges of OpenID4VCI with an issuer in a process of its own: an offer with its
//! nonce, a token, a nonce, a proof by a P-256 key, a receipt. Its bound is made of what these calls would cost if they did
//! nothing, of one P-256 check, one signature, and one durable commit.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use placet_kernel::credential;
use placet_kernel::sign::{Algorithm, Signer as _};
use placet_linked_data::Contexts;
use placet_schemas::credential::{CredentialProof, Suite};
use placet_schemas::id::{Digest, Origin};
use placet_schemas::json;
use placet_tests::brand::Brand;
use placet_tests::bytes_of;
use placet_tests::issuer::{IssuerOrder, IssuerProcess, LDP_VC};
use placet_tests::offer::newsletter;
use placet_tests::p;
use placet_tests::process::NodeProcess;
use placet_tests::receipts::Issuer;
use placet_tests::scene::Scene;
use placet_tests::shop::Shop;
use placet_wallet::keys::{Seed, SoftwareKey};
use placet_wallet::sight::Sight;
use serde_json::{Value, json};

use crate::Orders;
use crate::clock::{median, seconds, time};
use crate::report::{Bar, Figure};

/// Rounds of P11, and what is signed in each.
const ROUNDS: usize = 31;
const QUICK_ROUNDS: usize = 5;
const PER_ROUND: usize = 100;
/// Wallets of P12 at once, and what each claims.
const WALLETS: usize = 16;
const CLAIMS: usize = 60;
const QUICK_CLAIMS: usize = 10;
const P12_ROUNDS: usize = 5;
/// Requests of one exchange: a nonce, the offer, the token, a nonce, the receipt.
const REQUESTS: f64 = 5.0;
const SYNCS: usize = 400;
const MICROS: f64 = 1e6;
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) fn measure(orders: &Orders) -> Vec<Figure> {
    let wanted = |id: &str| orders.only.is_empty() || orders.only.iter().any(|only| only == id);
    let mut figures = Vec::new();
    if wanted("P11") {
        figures.extend(p11(if orders.quick { QUICK_ROUNDS } else { ROUNDS }));
    }
    if wanted("P12") {
        figures.push(p12(&orders.placet, if orders.quick { QUICK_CLAIMS } else { CLAIMS }));
    }
    figures
}

fn p11(rounds: usize) -> [Figure; 2] {
    println!("P11: {rounds} rounds of {PER_ROUND} receipts by each suite");
    let mut scene = Scene::new();
    scene.grant();
    scene.publish();
    let (issuer, key) = (Issuer::by_key(), SoftwareKey::ed25519_from_seed(&bytes_of("P11")));
    let receipt = issuer.receipt(&scene, 7);
    let method = key.did().key_method().unwrap();
    let document: Value = serde_json::from_slice(&json::to_jcs(&receipt).unwrap()).unwrap();
    let mut node = Node::start(&document);
    let figures = [
        ("P11 jcs", Suite::EddsaJcs2022, 0.04),
        ("P11 rdfc", Suite::EddsaRdfc2022, 0.7),
    ];
    figures.map(|(id, suite, bar)| {
        let sign = || {
            let proof = CredentialProof::new(suite, scene.clock, method.clone());
            let signed = credential::secure(receipt.clone(), proof, &key, Contexts::bundled()).unwrap();
            drop(black_box(json::to_jcs(&signed).unwrap()));
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(time(|| (0..PER_ROUND).for_each(|_| sign())).0);
            theirs.push(node.sign(suite));
        }
        let each = |times: Vec<f64>| median(times) / PER_ROUND as f64 * MICROS;
        Figure {
            id: id.to_owned(),
            ours: each(seconds(&ours)),
            reference: each(theirs),
            unit: "µs",
            bar: Bar::AtMost(bar),
        }
    })
}

/// The other library, in a process that signs whenever it is told to.
struct Node {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
    _folder: tempfile::TempDir,
}

impl Node {
    fn start(document: &Value) -> Self {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/js");
        let folder = tempfile::tempdir().unwrap();
        for name in ["package.json", "package-lock.json", "bench-sign.mjs"] {
            fs::copy(from.join(name), folder.path().join(name)).unwrap();
        }
        let contexts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/contexts/v1.jsonld");
        fs::copy(contexts, folder.path().join("placet-v1.jsonld")).unwrap();
        fs::write(folder.path().join("receipt.json"), document.to_string()).unwrap();
        let installed = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .current_dir(folder.path())
            .status();
        assert!(installed.unwrap().success(), "P11 needs Node and npm");
        let mut process = Command::new("node")
            .arg("bench-sign.mjs")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            said,
            _folder: folder,
        }
    }

    /// The seconds that a round takes it, by its own clock.
    fn sign(&mut self, suite: Suite) -> f64 {
        let order = json!({"suite": suite, "count": PER_ROUND});
        writeln!(self.process.stdin.as_mut().unwrap(), "{order}").unwrap();
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Somebody with a consent, by a P-256 key.
struct Wallet {
    key: SoftwareKey,
    consent: Digest,
}

fn p12(placet: &Path, claims: usize) -> Figure {
    println!("P12: {P12_ROUNDS} rounds of {claims} exchanges by each of {WALLETS} wallets");
    let dir = tempfile::tempdir().unwrap();
    let origin: Origin = p("placet.test/log");
    let node = NodeProcess::start(placet, &origin, &dir.path().join("node"), &[]);
    let shop = Shop::open(&node, &origin, Brand::cinema());
    let wallets = yeses(&node, &shop);
    let mut order = IssuerOrder::new(placet, &node, &dir.path().join("issuer"));
    "warn".clone_into(&mut order.log_filter);
    let issuer = order.start(&dir.path().join("issuer.log"));
    for wallet in &wallets {
        while issuer.ask_offer(&wallet.consent, &wallet.key).status != 201 {
            thread::sleep(PAUSE);
        }
    }
    let (mut exchanges, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..P12_ROUNDS {
        let took = at_once(&wallets, |wallet| {
            (0..claims).for_each(|_| drop(issuer.claim(LDP_VC, &wallet.consent, &wallet.key)));
        });
        exchanges.push((WALLETS * claims) as f64 / took);
        let calls = claims * REQUESTS as usize;
        let took = at_once(&wallets, |_| (0..calls).for_each(|_| healthz(&issuer)));
        idle.push((WALLETS * calls) as f64 / took);
    }
    let (verify, sign) = signatures();
    let commit = median(seconds(&syncs(&dir.path().join("issuer"))));
    let bound = 1.0 / (REQUESTS / median(idle) + verify + sign + commit);
    Figure {
        id: "P12".to_owned(),
        ours: median(exchanges),
        reference: bound,
        unit: "exchanges/s",
        bar: Bar::AtLeast(0.3),
    }
}

fn yeses(node: &NodeProcess, shop: &Shop) -> Vec<Wallet> {
    let clauses = [newsletter()];
    let request = shop.ask(node, "newsletter", clauses.to_vec());
    let invitations = shop.invite(node, &request, WALLETS as u32);
    let one = |(number, invitation)| {
        let name = format!("wallet {number}");
        let mut customer = shop.customer(&name);
        let seed = Seed::from_bytes(bytes_of(&name));
        customer.key = seed.pairwise(&shop.origin, &shop.brand.did, Algorithm::P256, 0);
        let grant = customer.grant(shop, &request, invitation, &clauses, Sight::default().anchor());
        shop.caller(node).post("/v1/records", &grant.bytes);
        Wallet {
            key: customer.key,
            consent: grant.record.digest(),
        }
    };
    invitations.iter().enumerate().map(one).collect()
}

/// How long it takes until all of them have done it, in seconds.
fn at_once(wallets: &[Wallet], work: impl Fn(&Wallet) + Sync) -> f64 {
    let (took, ()) = time(|| {
        thread::scope(|scope| {
            for wallet in wallets {
                scope.spawn(|| work(wallet));
            }
        });
    });
    took.as_secs_f64()
}

/// A call that does nothing, over a connection of its own as every call of a wallet here.
fn healthz(issuer: &IssuerProcess) {
    let answer = issuer.caller().call("GET", "/healthz", &[]).unwrap();
    assert_eq!(answer.status, 200);
}

/// Seconds of a P-256 check, and of an Ed25519 signature.
fn signatures() -> (f64, f64) {
    let (message, rounds) = ([7; 64], 201);
    let p256 = SoftwareKey::p256_from_scalar(&bytes_of("reference")).unwrap();
    let signature = p256.sign(&message).unwrap();
    let (public, ed25519) = (
        p256.public_key(),
        SoftwareKey::ed25519_from_seed(&bytes_of("reference")),
    );
    let check = (0..rounds).map(|_| time(|| public.verify(black_box(&message), &signature).unwrap()).0);
    let check: Vec<Duration> = check.collect();
    let sign = (0..rounds).map(|_| time(|| drop(black_box(ed25519.sign(black_box(&message))))).0);
    let sign: Vec<Duration> = sign.collect();
    (median(seconds(&check)), median(seconds(&sign)))
}

/// Times of making 4 KiB durable where the issuer's database is.
fn syncs(folder: &Path) -> Vec<Duration> {
    let mut file = File::create(folder.join("sync")).unwrap();
    let sync = |_| {
        let done = time(|| {
            file.write_all(&[0; 4096]).unwrap();
            file.sync_data().unwrap();
        });
        done.0
    };
    (0..SYNCS).map(sync).collect()
}
