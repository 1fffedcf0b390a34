//! A wallet of others answers a verifier that asks for a receipt and knows nothing of the consent: OpenID4VP 1.0.

use std::path::{Path, PathBuf};

use placet_tests::verifier::{VerifierOrder, VerifierProcess};
use serde::Deserialize;
use serde_json::{Value, json};

use super::foreign::{Wallet, text, until};
use super::stage::Stage;
use crate::interop::tools;

const NEWSLETTER: &str = "https://brand.example/purposes#newsletter";
/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// What `answer-verifier.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    client: String,
    satisfied: bool,
    status: Option<u16>,
    disclosed: Option<Vec<String>>,
}

/// A verifier without a way to the ledger, and who answers it.
struct Table {
    stage: Stage,
    verifier: VerifierProcess,
    brand: PathBuf,
    wallet: Wallet,
    receipt: PathBuf,
}

impl Table {
    fn set() -> Option<Self> {
        let stage = Stage::set()?;
        let wallet = stage.wallet("phone");
        stage.authorize(&wallet);
        let [_, receipt] = stage.receipts(&wallet).try_into().unwrap();
        let receipt = stage.file("issued", &receipt.text());
        let did = stage.running.shop.brand.did.as_str();
        let line = ["keygen", "brand", "--did", did, "--out", "brand.key.json"];
        stage.placet(&line).unwrap();
        let home = stage.home.path().to_owned();
        let key = home.join("brand.key.json");
        let (binary, folder) = (tools::placet(), home.join("verifier"));
        let order = VerifierOrder {
            ledger: NOWHERE.to_owned(),
            trust: stage.trust.clone(),
            more: &["--request-key", text(&key), "--status-private"],
            ..VerifierOrder::of(&binary, &stage.running.node, &folder)
        };
        Some(Self {
            verifier: VerifierProcess::start(&order, &stage.running.shop),
            brand: home.join("brand.did.json"),
            stage,
            wallet,
            receipt,
        })
    }

    /// The verifier asks; gives the request's name and link.
    fn ask(&self, purpose: &str) -> (String, String) {
        self.ask_by(purpose, "direct_post")
    }

    fn ask_by(&self, purpose: &str, mode: &str) -> (String, String) {
        let asked = json!({"asked": {"purpose": purpose, "categories": ["pd:EmailAddress"], "processing": "dpv:Use",
            "delivery": "copy"}, "responseMode": mode});
        let answer = self
            .verifier
            .caller()
            .call("POST", "/v1/presentations", asked.to_string().as_bytes());
        let said: Value = serde_json::from_slice(&answer.unwrap().expect(201, "a request")).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        (text("id"), text("link"))
    }

    fn answer(&self, link: &str, brand: &Path, more: &[&str]) -> Answered {
        let url = self.stage.issuer_url();
        let line = ["--wallet", text(&self.wallet.file), "--issuer", &url, "--link", link];
        let brand = ["--brand", text(brand)];
        let line = [&line[..], &brand, more, &[text(&self.receipt)]].concat();
        self.stage.foreign("answer-verifier.mjs", &line)
    }

    fn decided(&self, id: &str) -> Value {
        let said = self.verifier.caller().get(&format!("/v1/presentations/{id}"));
        serde_json::from_slice(&said).unwrap()
    }
}

#[test]
fn a_foreign_wallet_answers_a_verifier_that_knows_nothing_of_the_consent() {
    let Some(table) = Table::set() else {
        return;
    };
    let (id, link) = table.ask(NEWSLETTER);
    let answered = table.answer(&link, &table.brand, &[]);
    assert_eq!(answered.client, table.stage.running.shop.brand.did.as_str());
    assert_eq!((answered.satisfied, answered.status), (true, Some(200)));
    assert_eq!(
        answered.disclosed.map(|paths| paths.len()),
        Some(2),
        "one clause, and the salt"
    );
    let decided = table.decided(&id);
    assert_eq!(decided["decided"]["decision"], true, "{decided}");
    assert_eq!(decided["decided"]["consent"], table.stage.consent);

    // The library looks for what is asked, and finds nothing to show.
    let (_, link) = table.ask("https://brand.example/purposes#lottery");
    let answered = table.answer(&link, &table.brand, &[]);
    assert_eq!((answered.satisfied, answered.status), (false, None));

    // In answer to another question, and then to this one.
    let (id, link) = table.ask(NEWSLETTER);
    let answered = table.answer(&link, &table.brand, &["--nonce", "another"]);
    assert_eq!(answered.status, Some(400));
    assert_eq!(table.decided(&id)["state"], "waiting");
    assert_eq!(table.answer(&link, &table.brand, &[]).status, Some(200));

    table.stage.withdraw();
    let over = until("the list says that it is over", || {
        let (id, link) = table.ask(NEWSLETTER);
        assert_eq!(table.answer(&link, &table.brand, &[]).status, Some(200));
        let decided = table.decided(&id)["decided"].clone();
        (decided["decision"] == false).then_some(decided)
    });
    assert_eq!(over["reasons"][0]["code"], "withdrawn");
}

#[cfg(feature = "jwe")]
#[test]
fn a_foreign_wallet_encrypts_its_answer_to_the_key_of_the_request() {
    let Some(table) = Table::set() else {
        return;
    };
    let (id, link) = table.ask_by(NEWSLETTER, "direct_post.jwt");
    let answered = table.answer(&link, &table.brand, &["--nonce", "another"]);
    assert_eq!((answered.satisfied, answered.status), (true, Some(400)));
    let answered = table.answer(&link, &table.brand, &[]);
    assert_eq!((answered.satisfied, answered.status), (true, Some(200)));
    let decided = table.decided(&id);
    assert_eq!(decided["decided"]["decision"], true, "{decided}");
}
