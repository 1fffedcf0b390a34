//! What a brand's verifier reports, and `placet wallet accesses`.

use std::fs;

use placet_kernel::access::{BatchTree, entry_hash};
use placet_kernel::sign::{ProofChoices, did_key, secure};
use placet_schemas::access::AccessLine;
use placet_schemas::api::{PostAccessLines, PostedLine};
use placet_schemas::id::{Digest, Origin, RecordId};
use placet_schemas::json as jcs;
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::{Body, CanonicalRecord, Draft};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use crate::harness::{Node, ask, home, http, invite, register, run as run_in, say_yes};
use crate::proxy::lying;

/// What somebody posts to a node; gives status and body.
fn post(node: &Node, path: &str, token: Option<&str>, body: &[u8]) -> (u16, String) {
    http(node, ("POST", path, "application/json"), token, body)
}

/// A verifier with the brand's word for it.
struct Verifier {
    key: SoftwareKey,
    origin: Origin,
    authorization: String,
    now: Timestamp,
}

impl Verifier {
    fn authorized(node: &Node) -> Self {
        let key = SoftwareKey::ed25519_from_seed(&[7; 32]);
        let origin = origin(node);
        let verifier = did_key(&key).unwrap().to_string();
        let line = [
            "--json",
            "brand",
            "authorize-verifier",
            "--verifier",
            &verifier,
            "--origin",
            origin.as_str(),
        ];
        let report = node.run(&line).json();
        let from: Timestamp = report["from"].as_str().unwrap().parse().unwrap();
        Self {
            key,
            origin,
            authorization: report["authorization"].as_str().unwrap().to_owned(),
            now: from.plus_seconds(600),
        }
    }

    fn line(&self, consent: &str, n: u8, evaluation: bool) -> AccessLine {
        let mut line = json!({
            "version": 1, "type": "AccessLine", "id": RecordId::from_random([n; 16]).as_str(),
            "controller": "did:web:cinema.example", "consent": consent, "at": self.now.to_string(),
            "service": "film tips", "purpose": "https://cinema.example/purposes#newsletter",
            "categories": ["pd:EmailAddress"], "processing": "dpv:Use", "delivery": "copy",
        });
        if evaluation {
            line["evaluation"] = json!(RecordId::from_random([n + 100; 16]).as_str());
        }
        serde_json::from_value(line).unwrap()
    }

    /// Records a batch of these lines and hands them in.
    fn tell(&self, node: &Node, lines: Vec<AccessLine>) -> Value {
        let tree = BatchTree::new(lines.iter().map(|line| entry_hash(&line.to_bytes())).collect()).unwrap();
        let batch = AccessBatch {
            version: Version,
            controller: "did:web:cinema.example".parse().unwrap(),
            authorization: self.authorization.parse().unwrap(),
            from: self.now.minus_seconds(60),
            until: self.now,
            entries: tree.entries(),
            root: tree.root(),
        };
        let draft = Draft {
            id: RecordId::from_random([99; 16]),
            issuer: did_key(&self.key).unwrap(),
            valid_from: self.now,
            valid_until: None,
            body: Body::AccessBatch(Box::new(batch)),
        };
        let choices = ProofChoices {
            domain: self.origin.clone(),
            created: self.now,
            challenge: None,
            method: None,
        };
        let record = CanonicalRecord::parse(&secure(&draft, choices, &self.key).unwrap()).unwrap();
        let (status, said) = post(node, "/v1/records", None, &record.bytes);
        assert_eq!(status, 201, "{said}");
        let hashes = |seq| {
            tree.proof(seq)
                .unwrap()
                .into_iter()
                .map(|hash| Digest::from_bytes(*hash.as_bytes()))
        };
        let posted = |(seq, line)| PostedLine {
            seq,
            line,
            proof: hashes(seq).collect(),
        };
        let body = PostAccessLines {
            batch: record.record.digest(),
            lines: (0..).zip(lines).map(posted).collect(),
        };
        let token = fs::read_to_string(node.home.join("cinema.token")).unwrap();
        let (status, said) = post(
            node,
            "/v1/access-lines",
            Some(token.trim()),
            &jcs::to_jcs(&body).unwrap(),
        );
        assert_eq!(status, 200, "{said}");
        serde_json::from_str(&said).unwrap()
    }
}

fn origin(node: &Node) -> Origin {
    let trust: Value = serde_json::from_slice(&fs::read(node.home.join("node/trust.json")).unwrap()).unwrap();
    trust["logs"][0]["origin"].as_str().unwrap().parse().unwrap()
}

/// A node, its brand, and a wallet with one consent.
fn stage() -> (tempfile::TempDir, Node, String) {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let consent = say_yes(&node, &invite(&node, &request, "customer"));
    (home, node, consent)
}

#[test]
fn a_person_sees_what_a_brand_says_that_it_did() {
    let (_home, node, consent) = stage();
    let none = node.run(&["wallet", "accesses"]).ok();
    assert!(none.contains("No brand has reported an access"), "{none}");
    let verifier = Verifier::authorized(&node);
    let mut lines = vec![verifier.line(&consent, 1, true), verifier.line(&consent, 2, false)];
    lines[1].third_party = Some("https://studio.example".parse().unwrap());
    let answer = verifier.tell(&node, lines);
    assert_eq!(answer, json!({ "kept": 2, "refused": [] }));

    let shown = node.run(&["wallet", "accesses", "--consent", &consent[..12]]).ok();
    for words in [
        "Example Cinema plc",
        "film tips",
        "https://cinema.example/purposes#newsletter",
        "pd:EmailAddress",
        "dpv:Use",
        "https://studio.example",
        "none",
        &consent[..12],
        "what the brands say of themselves",
    ] {
        assert!(shown.contains(words), "{words} is not in {shown}");
    }
    let report = node.run(&["--json", "wallet", "accesses"]).json();
    let accesses = report["accesses"].as_array().unwrap();
    assert_eq!(accesses.len(), 2);
    assert!(
        accesses
            .iter()
            .all(|access| access["verdict"] == "Holds" && access["existedBy"].is_string())
    );
    assert_eq!(accesses[0]["verifier"], did_key(&verifier.key).unwrap().as_str());
    let refused = node
        .run(&["wallet", "accesses", "--consent", "000000000000"])
        .refusal(1);
    assert!(refused.contains("000000000000"), "{refused}");
}

/// A node that is under somebody else's control changes a line: the wallet says so, and the command fails.
#[test]
fn a_line_that_does_not_hold_is_told_and_fails() {
    let (_home, node, consent) = stage();
    let verifier = Verifier::authorized(&node);
    verifier.tell(
        &node,
        vec![verifier.line(&consent, 1, true), verifier.line(&consent, 2, true)],
    );
    let liar = lying(&node.url, "film tips", "bank loan");
    let said = node.run(&["--json", "wallet", "accesses", "--node", &liar]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("2 of 2 lines do not hold"), "{}", said.err);
    assert_eq!(report["accesses"][0]["fault"]["code"], "line_not_included");
    assert_eq!(report["accesses"][0]["verdict"], "Fails");
}

#[test]
fn an_authorization_is_written_once_and_not_for_longer_than_two_years() {
    let home = home();
    let run = |more: &[&str]| {
        let verifier = did_key(&SoftwareKey::ed25519_from_seed(&[7; 32])).unwrap().to_string();
        let line = [
            "brand",
            "authorize-verifier",
            "--verifier",
            &verifier,
            "--origin",
            "a.example/log",
            "--key",
            "k.json",
        ];
        run_in(home.path(), &[&line[..], more].concat())
    };
    let keygen = ["keygen", "brand", "--did", "did:web:cinema.example", "--out", "k.json"];
    run_in(home.path(), &keygen).ok();
    assert!(
        run(&["--out", "word.jws", "--until", "P2Y"])
            .ok()
            .contains("good until")
    );
    let word = fs::read_to_string(home.path().join("word.jws")).unwrap();
    assert_eq!(word.split('.').count(), 3);
    assert!(run(&["--out", "word.jws"]).refusal(1).contains("word.jws"));
    assert!(run(&["--until", "P2Y1D"]).refusal(1).contains("authorization_period"));
    assert_eq!(run(&[]).ok().trim().split('.').count(), 3);
}
