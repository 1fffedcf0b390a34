//! A receipt in a wallet: claimed from an issuer, checked by somebody else's library, shown to a verifier that knows nothing of
//! the consent, and refused by both once it is over.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::brand::{Joined, LUMEN};
use super::library::{Library, Said};
use super::node::Node;
use super::opening::OPERATOR_TOKEN;
use super::person::Person;
use super::process::Ran;
use super::story::{Story, TRUST, expect, until};
use crate::system;

const WALLET: &str = "cora.wallet.json";
const CUSTOMER: &str = "card-4713";
const PURPOSE: &str = "https://kino-lumen.example/purposes/newsletter";
/// The issuer's folder.
const ISSUER: &str = "issuer";
const ISSUER_TOKEN: &str = "issuer.token";
/// The trust file of whoever believes the issuer too.
const PINNED: &str = "trust-issuer.json";
/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Who takes part.
struct Cast {
    issuer: Node,
    verifier: Node,
    library: Option<Library>,
    cora: Person,
    consent: String,
}

impl Story<'_> {
    pub(super) fn a_receipt_in_the_wallet(&mut self, cinema: &Joined) -> Result<()> {
        self.teller.act("A receipt that any wallet can hold")?;
        self.teller.say(
            "An issuer follows the feeds and gives people receipts of what they agreed to, by OpenID4VCI. A receipt can be \
             checked by whoever has a library for SD-JWT and a list; and be shown, clause by clause, to who never saw the \
             consent.",
        )?;
        let issuer = self.open_issuer()?;
        let (cora, consent) = self.cora_says_yes(cinema)?;
        self.she_claims(&cora, &consent, &issuer)?;
        let library = self.library()?;
        let verifier = self.second_verifier()?;
        let cast = Cast {
            issuer,
            verifier,
            library,
            cora,
            consent,
        };
        self.while_it_is_in_force(&cast)?;
        self.once_it_is_over(&cast)?;
        cast.verifier.stop()?;
        // It goes on: what is destroyed later is destroyed there too.
        self.issuer = Some(cast.issuer);
        Ok(())
    }

    fn open_issuer(&mut self) -> Result<Node> {
        let made = self.run(&["keygen", "issuer", "--dir", ISSUER, "--json"])?;
        let key = made.text("/key")?;
        let token = ["token", "service", "--all-kinds", "--key", &key, "--out", ISSUER_TOKEN];
        self.run(&[token.as_slice(), &["--token-file", OPERATOR_TOKEN]].concat())?;
        self.pin(&made.json()?["methods"])?;
        let log = self.dir.join("issuer.log");
        let issuer = Node::issuer(&self.shell, ISSUER, ISSUER_TOKEN, &log)?;
        self.teller.command(&format!(
            "placet issuer --dir {ISSUER} --token-file {ISSUER_TOKEN} --listen 127.0.0.1:0"
        ))?;
        self.teller
            .done("the issuer is up, a process of its own", issuer.url(), issuer.took)?;
        Ok(issuer)
    }

    /// The second verifier believes this issuer: so it says in its trust file.
    fn pin(&self, methods: &Value) -> Result<()> {
        let text = fs::read(self.dir.join(TRUST)).context("the trust file is gone")?;
        let mut trust: Value = serde_json::from_slice(&text)?;
        let log = trust["logs"][0]["origin"].clone();
        let methods = methods.as_array().context("the issuer has no methods")?.iter();
        trust["issuers"] = methods
            .map(|method| {
                json!({"log": log, "method": method["method"], "publicKeyMultibase": method["publicKeyMultibase"],
                    "sizes": {"from": 0}})
            })
            .collect();
        fs::write(self.dir.join(PINNED), trust.to_string()).context("cannot write the trust file")
    }

    fn cora_says_yes(&mut self, cinema: &Joined) -> Result<(Person, String)> {
        let (link, _) = LUMEN.invite(&self.shell, &cinema.request, &LUMEN.path("token"), CUSTOMER)?;
        let (cora, _) = Person::with_new_wallet(&self.shell, WALLET)?;
        let given = cora
            .wallet(&["grant", &link, "--yes", "1", "--language", "en", "--json"])?
            .ok()?;
        self.teller.command(given.line())?;
        let index = given.number("/index")?;
        self.leaf(index, "YES");
        self.teller.done(
            "Cora says yes to the programme",
            &format!("log index {index}"),
            given.took,
        )?;
        Ok((cora, given.text("/consent")?))
    }

    fn she_claims(&mut self, cora: &Person, consent: &str, issuer: &Node) -> Result<()> {
        let place = ["--issuer", issuer.url()];
        // The issuer hears of the consent a moment after the log has it.
        let offer = until(|| {
            let ran = cora.receipt(&[&["offer", consent, "--json"], &place[..]].concat())?;
            Ok((ran.code == 0).then_some(ran))
        })?;
        self.teller.command(offer.line())?;
        let link = offer.text("/link")?;
        self.teller.quote([format!("{}…", &link[..link.len().min(70)])])?;
        let what = "the issuer offers her a receipt: a link, and a code that goes another way";
        self.teller.done(what, "for any wallet", offer.took)?;
        let code = offer.text("/txCode")?;
        let accepted = cora
            .receipt(&["accept", &link, "--tx-code", &code, "--format", "dc+sd-jwt"])?
            .ok()?;
        self.teller.command(accepted.line())?;
        self.teller.done(
            "her wallet claims it, and judges it before it keeps it",
            "kept",
            accepted.took,
        )?;
        let shown = cora.receipt(&["show", consent])?.ok()?;
        fs::write(self.receipt(), shown.stdout.trim()).context("cannot write the receipt")
    }

    fn receipt(&self) -> PathBuf {
        self.dir.join("cora.receipt.sd-jwt")
    }

    fn library(&mut self) -> Result<Option<Library>> {
        let start = system::instant();
        match Library::install(&self.dir)? {
            Ok(library) => {
                self.teller.command("npm ci   # docs/examples/verify-receipt")?;
                self.teller.done(
                    "a library of other people is installed",
                    "@sd-jwt/sd-jwt-vc, no code of Placet's",
                    start.elapsed(),
                )?;
                Ok(Some(library))
            }
            Err(why) => {
                let why =
                    format!("{why}, so no library of other people is asked; `cargo xtask test interop` does that.");
                self.teller.say(&why)?;
                Ok(None)
            }
        }
    }

    /// Another of the cinema's verifiers, which cannot reach the ledger: it has no replica of anything.
    fn second_verifier(&mut self) -> Result<Node> {
        let shell = self.shell.with("PLACET_URL", NOWHERE).with("PLACET_TRUST", PINNED);
        let (token, key) = (LUMEN.path("token"), LUMEN.path("key.json"));
        let log = self.dir.join(LUMEN.path("verifier-2.log"));
        let verifier = Node::asking_verifier(&shell, &LUMEN.path("verifier-2"), LUMEN.did, [&token, &key], &log)?;
        self.teller
            .command("placet verifier --request-key lumen/key.json … # without a way to the ledger")?;
        let what = "a second verifier of the cinema is up; it has no replica";
        self.teller.done(what, verifier.url(), verifier.took)?;
        Ok(verifier)
    }

    fn while_it_is_in_force(&mut self, cast: &Cast) -> Result<()> {
        if let Some(said) = self.foreign(cast)? {
            expect(said.believes, "the library refuses a receipt that holds")?;
            self.teller.quote([&said.words])?;
            self.teller.done(
                "somebody else's library checks the receipt",
                "genuine and in force",
                said.took,
            )?;
        }
        let (decided, presented) = self.present(cast)?;
        self.teller.command(presented.line())?;
        expect(
            decided["decision"] == true,
            "the second verifier denies what she agreed to",
        )?;
        let what = "she shows that one clause to the second verifier";
        self.teller.done(what, "permit", presented.took)
    }

    fn once_it_is_over(&mut self, cast: &Cast) -> Result<()> {
        let withdrawn = cast.cora.wallet(&["withdraw", &cast.consent, "--json"])?.ok()?;
        self.teller.command(withdrawn.line())?;
        let index = withdrawn.number("/index")?;
        self.leaf(index, "end");
        self.teller
            .done("Cora takes it back", &format!("log index {index}"), withdrawn.took)?;
        let began = system::instant();
        let decided = until(|| {
            let (decided, _) = self.present(cast)?;
            Ok((decided["decision"] == false).then_some(decided))
        })?;
        let code = decided["reasons"][0]["code"].as_str().unwrap_or_default().to_owned();
        expect(code == "withdrawn", &format!("the second verifier says {code}"))?;
        let what = "the same receipt, shown again";
        self.teller.done(what, "deny (withdrawn)", began.elapsed())?;
        if let Some(said) = self.foreign(cast)? {
            expect(!said.believes, "the library believes a receipt that is over")?;
            self.teller.quote([&said.words])?;
            self.teller.done("the same library", "refused", said.took)?;
        }
        Ok(())
    }

    fn foreign(&self, cast: &Cast) -> Result<Option<Said>> {
        let library = cast.library.as_ref();
        library
            .map(|library| library.judge(&self.receipt(), cast.issuer.url()))
            .transpose()
    }

    /// The verifier asks, she shows, it decides.
    fn present(&self, cast: &Cast) -> Result<(Value, Ran)> {
        let url = format!("{}/v1/presentations", cast.verifier.url());
        let asked = json!({"asked": {"purpose": PURPOSE, "categories": ["pd:EmailAddress"], "processing": "dpv:Use",
            "delivery": "copy"}});
        let asked = self.http.post(&url, &asked.to_string())?.json()?;
        let (id, link) = (asked["id"].as_str(), asked["link"].as_str());
        let (id, link) = id.zip(link).context("the verifier does not ask")?;
        let presented = cast.cora.receipt(&["present", link, "--yes"])?.ok()?;
        let answer = self.http.get(&format!("{url}/{id}"))?.json()?;
        Ok((answer["decided"].clone(), presented))
    }
}
