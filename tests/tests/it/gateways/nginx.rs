//! nginx itself, with the very configuration that the documentation shows, between clients and a shop.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use placet_kernel::decision::{self, SignedDecision};
use placet_tests::process::built;
use placet_tests::verifier::{VerifierOrder, VerifierProcess, started};
use tempfile::TempDir;

use super::wire::{Message, SampleShop, call};
use crate::interop::tools::ready;
use crate::verifier::house::{House, SOON};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/nginx.conf");
const ADA: &str = "/customers/C-10042/newsletter";
const TOKEN: &str = "a token of 29 characters here";

/// nginx as an ordinary person runs it: in a folder of its own, in the foreground, one process that ends with the test.
struct Nginx {
    process: Child,
    folder: TempDir,
    address: String,
}

impl Nginx {
    fn start(binary: &Path, verifier: &str, shop: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Nobody else takes a port that was just given back.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut text = fs::read_to_string(EXAMPLE).unwrap();
        for (example, ours) in [
            ("server 127.0.0.1:8439;", format!("server {verifier};")),
            ("server 127.0.0.1:3000;", format!("server {shop};")),
            ("listen 8088;", format!("listen {address};")),
        ] {
            assert_eq!(text.matches(example).count(), 1, "{example}");
            text = text.replace(example, &ours);
        }
        fs::write(folder.path().join("nginx.conf"), text).unwrap();
        let token = format!("proxy_set_header Authorization \"Bearer {TOKEN}\";\n");
        fs::write(folder.path().join("placet-token.conf"), token).unwrap();
        let process = Command::new(binary)
            .args([
                "-e",
                "stderr",
                "-g",
                "daemon off; master_process off;",
                "-c",
                "nginx.conf",
                "-p",
            ])
            .arg(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self {
            process,
            folder,
            address,
        };
        let began = started();
        while TcpStream::connect(&nginx.address).is_err() {
            assert!(nginx.process.try_wait().unwrap().is_none(), "nginx ended");
            assert!(began.elapsed() < SOON, "nginx does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        nginx
    }

    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Message {
        call(&self.address, "GET", target, headers)
    }

    /// The signed decision of an evaluation, from the file that the example has nginx keep; judged without any network.
    fn kept(&self, evaluation: &str) -> SignedDecision {
        let began = started();
        loop {
            let log = fs::read_to_string(self.folder.path().join("decisions.log")).unwrap();
            if let Some(line) = log.lines().find(|line| line.contains(evaluation)) {
                return decision::read(line.rsplit(' ').next().unwrap()).unwrap();
            }
            // nginx writes the line when the answer has gone out.
            assert!(began.elapsed() < SOON, "{evaluation} is not in {log}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks until the status is this one, and gives the answer.
    fn await_status(&self, target: &str, status: u16) -> Message {
        let began = started();
        loop {
            let answer = self.get(target, &[]);
            if answer.status() == status {
                return answer;
            }
            assert!(began.elapsed() < SOON, "{answer:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Where nginx is; installed first where this machine lets us.
fn nginx() -> Option<PathBuf> {
    let find = || {
        let places = [
            "/usr/sbin/nginx",
            "/usr/local/sbin/nginx",
            "/usr/bin/nginx",
            "/opt/homebrew/bin/nginx",
        ];
        places.map(PathBuf::from).into_iter().find(|path| path.exists())
    };
    let install = || {
        let done = Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends", "nginx-light"])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .output();
        match done {
            Ok(output) if output.status.success() => find(),
            _ => None,
        }
    };
    ready(
        find()
            .or_else(install)
            .ok_or_else(|| "nginx is not there and cannot be installed".to_owned()),
    )
}

fn refused(answer: &Message, code: &str) {
    assert_eq!(answer.status(), 403, "{answer:?}");
    assert_eq!(answer.header("x-placet-reasons"), Some(code));
    assert!(
        answer.body.starts_with(&format!("Denied by consent: {code}\n")),
        "{}",
        answer.body
    );
    // The code is for programs; a person reads why and what to do.
    assert!(answer.body.lines().nth(1).unwrap().contains(' '), "{}", answer.body);
}

#[test]
fn nginx_denies_permits_after_the_yes_and_denies_within_a_second_after_the_withdrawal() {
    let Some(binary) = nginx() else { return };
    let (house, shop) = (House::open(), SampleShop::open());
    let verifier = house.verifier();
    verifier.await_ready(true, SOON);
    let nginx = Nginx::start(&binary, verifier.address(), &shop.address);
    let judged = |answer: &Message| {
        let decision = nginx.kept(answer.header("x-placet-evaluation").unwrap());
        assert_eq!(decision.signer, verifier.did);
        decision.statement
    };

    let answer = nginx.get(ADA, &[]);
    refused(&answer, "customer_unknown");
    assert!(!judged(&answer).decision);
    let invitation = house.invite(&verifier, "C-10042");
    let answer = nginx.get(ADA, &[]);
    refused(&answer, "no_record");
    assert!(!judged(&answer).decision);
    assert!(shop.asked().is_empty(), "the shop was asked before anybody said yes");

    let given = house.yes("ada", &invitation);
    let answer = nginx.await_status(&format!("{ADA}?page=2"), 200);
    assert_eq!(answer.body, "the newsletter");
    let asked = shop.asked().pop().unwrap();
    assert_eq!(asked.first, format!("GET {ADA}?page=2 HTTP/1.1"));
    let permit = nginx.kept(asked.header("x-placet-evaluation").unwrap());
    assert!(permit.statement.decision && permit.signer == verifier.did);
    assert_eq!(permit.statement.reasons[0].consent, Some(given.consent));
    shop.asked().clear();

    let withdrawal = house.withdrawal(&given);
    house.shop.caller(&house.node).post("/v1/records", &withdrawal);
    let accepted = started();
    let answer = nginx.await_status(ADA, 403);
    assert!(accepted.elapsed() < Duration::from_secs(1), "{:?}", accepted.elapsed());
    refused(&answer, "withdrawn");
    assert!(!judged(&answer).decision);
}

#[test]
fn without_a_verifier_nginx_lets_nothing_through() {
    let Some(binary) = nginx() else { return };
    let (house, shop) = (House::open(), SampleShop::open());
    let verifier = house.verifier();
    let invitation = house.invite(&verifier, "C-10042");
    let _ = house.yes("ada", &invitation);
    let nginx = Nginx::start(&binary, verifier.address(), &shop.address);
    let _ = nginx.await_status(ADA, 200);
    shop.asked().clear();

    verifier.kill();
    for _ in 0..5 {
        let answer = nginx.get(ADA, &[]);
        assert_eq!(answer.status(), 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(answer.body.contains("the answer is no"), "{answer:?}");
    }
    // Somebody who takes the connection and never answers is no better than nobody.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nginx = Nginx::start(&binary, &silent.local_addr().unwrap().to_string(), &shop.address);
    assert_eq!(nginx.get(ADA, &[]).status(), 503);
    assert!(shop.asked().is_empty(), "the shop was asked without a decision");
}

#[test]
fn a_client_that_speaks_for_the_gateway_gains_nothing() {
    let Some(binary) = nginx() else { return };
    let (house, shop) = (House::open(), SampleShop::open());
    let verifier = house.verifier();
    let invitation = house.invite(&verifier, "C-10042");
    let _ = house.yes("ada", &invitation);
    let nginx = Nginx::start(&binary, verifier.address(), &shop.address);
    let _ = nginx.await_status(ADA, 200);
    shop.asked().clear();

    // The customer of whom nobody knows anything stays so, whatever the client calls her.
    let claims = [
        ("x-placet-customer", "C-10042"),
        ("X-Placet-Customer", "C-10042"),
        ("x_placet_customer", "C-10042"),
        (
            "x-placet-person",
            "did:key:z6MkoTHsgNNrby8JzCNQ1iRLyW5QQ6R8Xuu6AA8igGrMVPUM",
        ),
        ("x-placet-purpose", "https://brand.example/purposes#another"),
        ("x-placet-categories", "pd:Interest"),
        ("x-placet-action", "dpv:Store"),
        ("x-placet-delivery", "in-vault"),
        ("x-placet-third-party", "https://broker.example/"),
        ("x-placet-decision", "permit"),
        ("x-placet-signed", "forged"),
        ("x-placet-evaluation", "urn:uuid:00000000-0000-4000-8000-000000000000"),
        ("x-original-uri", ADA),
        ("authorization", "Bearer of bad news"),
    ];
    refused(&nginx.get("/customers/C-666/newsletter", &claims), "customer_unknown");
    for target in [
        "/customers/C-10042/../C-666/newsletter",
        "/customers/C-10042/%2e%2e/C-666/newsletter",
        "//customers//C-666/newsletter",
        "/customers/C-666/newsletter?/customers/C-10042/newsletter",
        "/customers/C-666/newsletter#/customers/C-10042/newsletter",
    ] {
        refused(&nginx.get(target, &[]), "customer_unknown");
    }
    // Neither what the configuration does not name nor the verifier itself is to be had through nginx.
    for target in [
        "/",
        "/customers/C-10042",
        "/placet/ask",
        "/access/v1/auth_request",
        "/customers/a%2fb/newsletter",
    ] {
        assert_eq!(nginx.get(target, &[]).status(), 404, "{target}");
    }
    assert!(shop.asked().is_empty(), "a client talked nginx into something");

    // Where there is a yes, the shop hears the verifier and not the client, about the customer that was asked about.
    let answer = nginx.get("/customers/C-666/%2e%2e/C-10042/newsletter", &claims);
    assert_eq!(answer.status(), 200, "{answer:?}");
    let asked = shop.asked().pop().unwrap();
    assert_eq!(asked.first, format!("GET {ADA} HTTP/1.1"));
    let placet: Vec<&str> = asked
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| name.contains("placet"))
        .collect();
    assert_eq!(placet, ["x-placet-evaluation"]);
    assert!(
        nginx
            .kept(asked.header("x-placet-evaluation").unwrap())
            .statement
            .decision
    );
}

#[test]
fn nginx_shows_the_verifier_its_token_and_a_wrong_one_is_nobodys_yes() {
    let Some(binary) = nginx() else { return };
    let (house, shop) = (House::open(), SampleShop::open());
    let (placet, file) = (built(), house.dir.path().join("access.token"));
    let start = |token: &str, name: &str| {
        fs::write(&file, token).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&file, mode).unwrap();
        let (folder, more) = (
            house.dir.path().join(name),
            ["--access-token-file", file.to_str().unwrap()],
        );
        let order = VerifierOrder {
            more: &more,
            ..VerifierOrder::of(&placet, &house.node, &folder)
        };
        VerifierProcess::start(&order, &house.shop)
    };
    let (ours, other) = (start(TOKEN, "ours"), start("another token altogether", "other"));
    ours.await_ready(true, SOON);
    other.await_ready(true, SOON);
    let nginx = Nginx::start(&binary, ours.address(), &shop.address);
    refused(&nginx.get(ADA, &[]), "customer_unknown");
    let nginx = Nginx::start(&binary, other.address(), &shop.address);
    let answer = nginx.get(ADA, &[("authorization", "Bearer another token altogether")]);
    assert_eq!(answer.status(), 503, "{answer:?}");
    assert!(shop.asked().is_empty());
}
