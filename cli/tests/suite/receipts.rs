//! `placet issuer` and `placet receipt`: from a token to a receipt in the wallet, and to its end.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Node, Said, ask, home, invite, register, run, say_yes};

/// How often a test looks again.
const LOOKS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Stage {
    pub(crate) home: tempfile::TempDir,
    pub(crate) node: Node,
    pub(crate) issuer: Node,
    pub(crate) consent: String,
    /// What `keygen issuer` said.
    pub(crate) keys: Value,
}

/// A node with a brand, somebody who said yes, and an issuer.
pub(crate) fn stage() -> Stage {
    let home = home();
    let node = Node::start(home.path(), &[]);
    register(&node);
    let request = ask(&node);
    let keys = run(home.path(), &["--json", "keygen", "issuer", "--dir", "issuer"]).json();
    let key = keys["key"].as_str().unwrap().to_owned();
    let key = key.as_str();
    assert_eq!(keys["issuer"], key);
    let token = ["token", "service", "--all-kinds", "--key", key, "--out", "issuer.token"];
    node.run(&token).ok();
    let issuer = [
        "issuer",
        "--dir",
        "issuer",
        "--listen",
        "127.0.0.1:0",
        "--url",
        &node.url,
        "--trust",
        "node/trust.json",
        "--token-file",
        "issuer.token",
    ];
    let issuer = Node::service(home.path(), &issuer);
    assert_eq!(issuer.first_words, [format!("issuer {key}")]);
    let consent = say_yes(&node, &invite(&node, &request, "customer"));
    Stage {
        home,
        keys,
        node,
        issuer,
        consent,
    }
}

impl Stage {
    /// Runs a command until it succeeds: the issuer hears of a consent a moment after the ledger has it.
    pub(crate) fn soon(&self, line: &[&str]) -> String {
        self.until(line, |said| said.code == 0).ok()
    }

    pub(crate) fn until(&self, line: &[&str], is: impl Fn(&Said) -> bool) -> Said {
        for _ in 0..LOOKS {
            let said = self.node.run(line);
            if is(&said) {
                return said;
            }
            thread::sleep(PAUSE);
        }
        panic!("{line:?}: {:?}", self.node.run(line))
    }
}

#[test]
fn a_receipt_is_claimed_shown_and_void_after_the_withdrawal() {
    let stage = stage();
    let (node, consent, issuer) = (&stage.node, stage.consent.as_str(), stage.issuer.url.as_str());
    assert!(node.run(&["receipt", "list"]).ok().contains("no receipts yet"));
    let said = stage.soon(&["receipt", "claim", consent, "--issuer", issuer]);
    assert!(
        said.contains("Kept the receipt") && said.contains("Example Cinema plc"),
        "{said}"
    );
    let receipt: Value = node.run(&["--json", "receipt", "show", &consent[..8]]).json();
    assert_eq!(receipt["credentialSubject"]["consent"], consent);
    let listed = node.run(&["--json", "receipt", "list"]).json();
    assert_eq!(
        (&listed[0]["issued"], &listed[0]["recorded"], &listed[0]["inForce"]),
        (&"Holds".into(), &"Holds".into(), &"Holds".into())
    );
    // By another suite, which takes the place of what was kept: the judge knows both.
    let set = ["receipt", "claim", consent, "--issuer", issuer, "--suite", "both"];
    node.run(&set).ok();
    let proofs = node.run(&["--json", "receipt", "show", consent]).json()["proof"].clone();
    assert_eq!(proofs.as_array().map(Vec::len), Some(2));
    let rdfc = [
        "receipt",
        "claim",
        consent,
        "--issuer",
        issuer,
        "--suite",
        "eddsa-rdfc-2022",
    ];
    node.run(&rdfc).ok();
    let shown = node.run(&["--json", "receipt", "show", consent]).json();
    assert_eq!(shown["proof"]["cryptosuite"], "eddsa-rdfc-2022");
    let listed = node.run(&["--json", "receipt", "list"]).json();
    assert_eq!((&listed[0]["issued"], listed[1].is_null()), (&"Holds".into(), true));
    // Offline nobody can tell.
    let offline = node.run(&["--json", "receipt", "list", "--offline"]).json();
    assert_eq!(offline[0]["inForce"], "CannotTell");
    node.run(&["wallet", "withdraw", consent]).ok();
    let line = ["--json", "receipt", "list"];
    stage.until(&line, |said| {
        let listed: Value = serde_json::from_str(&said.out).unwrap();
        listed[0]["inForce"] == "Fails"
    });
    assert!(
        node.run(&["receipt", "list"])
            .ok()
            .lines()
            .last()
            .unwrap()
            .trim_end()
            .ends_with("no")
    );
    let refused = node.run(&["receipt", "claim", consent, "--issuer", issuer]).refusal(1);
    assert!(refused.contains("consent_unknown"), "{refused}");
}

#[test]
fn an_offer_is_a_link_and_a_code_and_both_are_needed() {
    let stage = stage();
    let (node, consent, issuer) = (&stage.node, stage.consent.as_str(), stage.issuer.url.as_str());
    let offer = stage.soon(&["--json", "receipt", "offer", consent, "--issuer", issuer]);
    let offer: Value = serde_json::from_str(&offer).unwrap();
    let (link, code) = (offer["link"].as_str().unwrap(), offer["txCode"].as_str().unwrap());
    assert!(
        link.starts_with("openid-credential-offer://?credential_offer="),
        "{link}"
    );
    assert!(!link.contains(code));
    // Each format once, unless somebody asks for something else.
    let named = |link: &str| link.matches("ConsentReceiptCredential").count();
    assert_eq!(named(link), 2);
    let line = [
        "--json", "receipt", "offer", consent, "--issuer", issuer, "--suite", "both",
    ];
    let both = node.run(&line).json();
    let both = both["link"].as_str().unwrap();
    assert!(named(both) == 1 && both.contains("proof-set"), "{both}");
    let refused = node.run(&["receipt", "accept", link]).refusal(1);
    assert!(refused.contains("--tx-code"), "{refused}");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = node.run(&["receipt", "accept", link, "--tx-code", wrong]).refusal(1);
    assert!(refused.contains("invalid_grant"), "{refused}");
    node.run(&["receipt", "accept", link, "--tx-code", code]).ok();
    let refused = node.run(&["receipt", "accept", link, "--tx-code", code]).refusal(1);
    assert!(refused.contains("invalid_grant"), "{refused}");
    // As a picture, for a wallet on a phone.
    let shown = node
        .run(&["receipt", "offer", consent, "--issuer", issuer, "--qr"])
        .ok();
    assert!(shown.contains('█') || shown.contains('▀'), "{shown}");
}

#[test]
fn another_wallets_key_is_authorised_by_the_person() {
    let stage = stage();
    let (node, consent) = (&stage.node, stage.consent.as_str());
    let key = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";
    let said = node.run(&["receipt", "authorize", consent, "--key", key]).ok();
    assert!(said.contains("Said who may hold receipts"), "{said}");
    node.run(&["receipt", "authorize", consent, "--none"]).ok();
    let refused = node.run(&["receipt", "authorize", consent]).refusal(64);
    assert!(refused.contains("--key"), "{refused}");
    let refused = node
        .run(&["receipt", "authorize", consent, "--key", "did:web:a.example"])
        .refusal(1);
    assert!(refused.contains("did:key"), "{refused}");
}

#[test]
fn what_makes_no_sense_is_refused_in_one_line() {
    let stage = stage();
    let (node, consent) = (&stage.node, stage.consent.as_str());
    for (line, words) in [
        (vec!["receipt", "show", consent], "no receipt"),
        (vec!["receipt", "show", "ffffff"], "no consent"),
        (vec!["receipt", "accept", "https://x/i#y"], "no link of an offer"),
        (
            vec!["receipt", "claim", consent, "--issuer", "http://issuer.example"],
            "public URL",
        ),
        (
            vec!["receipt", "claim", consent, "--issuer", "http://127.0.0.1:9"],
            "no answer",
        ),
        // A ledger is no issuer.
        (
            vec!["receipt", "claim", consent, "--issuer", node.url.as_str()],
            "not_found",
        ),
    ] {
        let refused = node.run(&line).refusal(1);
        assert!(refused.contains(words), "{line:?}: {refused}");
    }
    let home = home();
    let line = ["issuer", "--dir", "issuer", "--trust", "node/trust.json"];
    let refused = run(home.path(), &line).refusal(1);
    assert!(refused.contains("token is needed"), "{refused}");
}
