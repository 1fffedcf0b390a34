//! A brand checks before it touches data: its verifier, and nginx where this machine has it.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::brand::{Joined, LUMEN};
use super::gate::{GOODS, Gate};
use super::http::Answer;
use super::node::Node;
use super::opening::ORIGIN;
use super::person::Person;
use super::regulator;
use super::story::{Story, TRUST, expect};
use crate::system;

/// The cinema's own reference of another customer. It never leaves the cinema.
const CUSTOMER: &str = "card-4712";
const WALLET: &str = "ben.wallet.json";
const PURPOSE: &str = "https://kino-lumen.example/purposes/newsletter";
/// Promise 2 of Placet: every connected verifier denies within a second.
const A_SECOND: Duration = Duration::from_secs(1);
/// How long a new state may take to arrive before the story is given up.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(5);
const OK: u16 = 200;
const CREATED: u16 = 201;
const FORBIDDEN: u16 = 403;

/// The verifier, and what stands in front of the shop.
struct Checkpost {
    verifier: Node,
    did: String,
    gate: Option<Gate>,
    /// The answers, in the order in which they were given.
    kept: Vec<Decision>,
}

/// What the verifier said.
struct Decision {
    permit: bool,
    code: String,
    why: String,
    signed: String,
    id: String,
    at: String,
    took: Duration,
}

impl Story<'_> {
    pub(super) fn a_brand_checks_first(&mut self, cinema: &Joined) -> Result<()> {
        self.teller.act("A brand checks before it touches data")?;
        self.teller.say(
            "The cinema runs a verifier beside its own services. It follows the cinema's feed, checks every proof once, and \
             answers from memory: each answer is signed, and what it does not know is a deny.",
        )?;
        let mut post = self.checkpost()?;
        let link = self.before_the_yes(&mut post, cinema)?;
        let code = self.after_the_yes(&mut post, &link)?;
        self.after_the_withdrawal(&mut post, &code)?;
        self.each_decision_holds(&post)?;
        // nginx first: it must not ask a verifier that has gone.
        drop(post.gate);
        post.verifier.stop()
    }

    fn checkpost(&mut self) -> Result<Checkpost> {
        let (folder, token) = (LUMEN.path("verifier"), LUMEN.path("token"));
        let log = self.dir.join(LUMEN.path("verifier.log"));
        let word = self.authorize(&folder)?;
        let verifier = Node::verifier(&self.shell, &folder, LUMEN.did, [&token, &word], &log)?;
        self.teller.command(&format!(
            "placet verifier --dir {folder} --did {} --token-file {token} --authorization {word} --listen 127.0.0.1:0",
            LUMEN.did
        ))?;
        let did = verifier.said.iter().find_map(|line| line.strip_prefix("verifier "));
        let did = did.context("the verifier does not say who it is")?.to_owned();
        self.teller.done(
            "the verifier is up, a process of its own",
            verifier.url(),
            verifier.took,
        )?;
        let gate = self.gate(&verifier)?;
        Ok(Checkpost {
            verifier,
            did,
            gate,
            kept: Vec::new(),
        })
    }

    /// The brand says whose key decides in its name; gives the file of its word.
    fn authorize(&mut self, folder: &str) -> Result<String> {
        let made = self.shell.run(&["keygen", "verifier", "--dir", folder])?.ok()?;
        let (did, key, word) = (made.stdout.trim(), LUMEN.path("key.json"), LUMEN.path("verifier.word"));
        let line = [
            "brand",
            "authorize-verifier",
            "--verifier",
            did,
            "--origin",
            ORIGIN,
            "--key",
            &key,
            "--out",
            &word,
        ];
        let signed = self.shell.run(&line)?.ok()?;
        self.teller.command(signed.line())?;
        Ok(word)
    }

    /// nginx, where this machine has one that runs.
    fn gate(&mut self, verifier: &Node) -> Result<Option<Gate>> {
        if !Gate::is_here() {
            self.teller
                .say("nginx is not on this machine, so the verifier's own answer to it is shown instead.")?;
            return Ok(None);
        }
        let start = system::instant();
        let gate = match Gate::open(&self.dir, verifier.url(), PURPOSE) {
            Ok(gate) => gate,
            // Somebody's own nginx may lack a module; that is no fault of the story.
            Err(why) => {
                self.teller.say(&format!(
                    "The verifier's own answer to nginx is shown instead of it: {why:#}."
                ))?;
                return Ok(None);
            }
        };
        self.teller
            .command("nginx -p lumen/gate -c nginx.conf   # docs/examples/nginx.conf")?;
        let what = "nginx stands before the cinema's shop";
        self.teller
            .done(what, "it asks the verifier before each call", start.elapsed())?;
        Ok(Some(gate))
    }

    /// Gives the link by which he is invited.
    fn before_the_yes(&mut self, post: &mut Checkpost, cinema: &Joined) -> Result<String> {
        let order = json!({"request": cinema.request, "customer": CUSTOMER});
        let url = format!("{}/v1/customers/invitations", post.verifier.url());
        let invited = self.http.post(&url, &order.to_string())?;
        expect(invited.status == CREATED, "the verifier invites nobody")?;
        let link = invited.json()?["link"].as_str().context("there is no link")?.to_owned();
        let what = format!("{CUSTOMER}, whose name is Ben, is invited");
        self.teller
            .done(&what, "who he is stays with the verifier", invited.took)?;
        let decision = self.until(post, false, "no_record")?;
        self.teller.quote([format!("{}: {}", decision.code, decision.why)])?;
        let what = "may it send him its programme? POST /access/v1/evaluation";
        self.teller.done(what, "deny (no_record)", decision.took)?;
        post.kept.push(decision);
        self.at_the_gate(post, false, "no_record")?;
        Ok(link)
    }

    /// Gives the code on his paper.
    fn after_the_yes(&mut self, post: &mut Checkpost, link: &str) -> Result<String> {
        let (ben, _) = Person::with_new_wallet(&self.shell, WALLET)?;
        let given = ben
            .wallet(&["grant", link, "--yes", "1", "--language", "en", "--json"])?
            .ok()?;
        self.teller.command(given.line())?;
        let index = given.number("/index")?;
        self.leaf(index, "YES");
        self.teller.done(
            "Ben says yes to the programme",
            &format!("log index {index}"),
            given.took,
        )?;
        let decision = self.until(post, true, "permitted")?;
        self.teller.done("the same question", "permit", decision.took)?;
        post.kept.push(decision);
        self.at_the_gate(post, true, "permitted")?;
        given.text("/withdrawalCode")
    }

    fn after_the_withdrawal(&mut self, post: &mut Checkpost, code: &str) -> Result<()> {
        let url = self.node()?.url().to_owned();
        // The log records it at some moment while the command runs, and the command ends after the log's answer.
        let began = system::instant();
        let withdrawn = self.run(&["wallet", "withdraw", "--code", code, "--node", &url, "--json"])?;
        match &post.gate {
            Some(gate) => self.await_refusal(gate)?,
            None => drop(self.until(post, false, "withdrawn")?),
        }
        let first = began.elapsed();
        let after = first.saturating_sub(withdrawn.took);
        expect(after < A_SECOND, "the verifier permits a second after a withdrawal")?;
        let index = withdrawn.number("/index")?;
        self.leaf(index, "end");
        self.teller
            .done("Ben takes it back", &format!("log index {index}"), withdrawn.took)?;
        let decision = self.until(post, false, "withdrawn")?;
        self.teller.quote([format!("{}: {}", decision.code, decision.why)])?;
        let outcome = format!("deny, at most {} ms after the log recorded that", first.as_millis());
        self.teller.done("the same question", &outcome, first)?;
        post.kept.push(decision);
        self.at_the_gate(post, false, "withdrawn")
    }

    /// Asks nginx until it refuses.
    fn await_refusal(&self, gate: &Gate) -> Result<()> {
        let start = system::instant();
        while start.elapsed() < PATIENCE {
            if self.http.get(&gate.newsletter(CUSTOMER))?.status == FORBIDDEN {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        bail!("not as written: nginx lets calls through although the consent was withdrawn")
    }

    /// What a client of the shop gets.
    fn at_the_gate(&mut self, post: &Checkpost, permit: bool, code: &str) -> Result<()> {
        let (what, answer) = match &post.gate {
            Some(gate) => (
                "GET of his page through nginx",
                self.http.get(&gate.newsletter(CUSTOMER))?,
            ),
            None => ("GET /access/v1/auth_request, as nginx asks it", self.as_nginx(post)?),
        };
        let status = if permit { OK } else { FORBIDDEN };
        expect(answer.status == status, "the gateway is told something else")?;
        expect(
            answer.body.contains(GOODS) == (permit && post.gate.is_some()),
            "the shop's answer is another",
        )?;
        expect(permit || answer.body.contains(code), "the refusal does not say why")?;
        if post.gate.is_some() {
            self.teller.quote(answer.body.lines().take(2))?;
        }
        self.teller.done(what, &status.to_string(), answer.took)
    }

    fn as_nginx(&self, post: &Checkpost) -> Result<Answer> {
        let url = format!("{}/access/v1/auth_request", post.verifier.url());
        let headers = [
            ("x-placet-customer", CUSTOMER),
            ("x-placet-purpose", PURPOSE),
            ("x-placet-categories", "pd:EmailAddress"),
        ];
        self.http.get_with(&url, &headers)
    }

    /// Asks until the answer is this one: a replica learns of what happens a moment later than the log.
    fn until(&self, post: &Checkpost, permit: bool, code: &str) -> Result<Decision> {
        let start = system::instant();
        loop {
            let decision = self.ask(post)?;
            if decision.permit == permit && decision.code == code {
                return Ok(decision);
            }
            if start.elapsed() > PATIENCE {
                bail!("not as written: the verifier says {}", decision.code);
            }
            thread::sleep(PAUSE);
        }
    }

    fn ask(&self, post: &Checkpost) -> Result<Decision> {
        let question = json!({
            "subject": {"type": "controller", "id": LUMEN.did},
            "action": {"name": "dpv:Use", "properties": {"delivery": "copy"}},
            "resource": {"type": "customer", "id": CUSTOMER, "properties": {"categories": ["pd:EmailAddress"]}},
            "context": {"purpose": PURPOSE},
        });
        let url = format!("{}/access/v1/evaluation", post.verifier.url());
        let answer = self.http.post(&url, &question.to_string())?;
        let said = answer.json()?;
        let text = |pointer: &str| super::process::text(&said, pointer);
        Ok(Decision {
            permit: said["decision"].as_bool().context("there is no decision")?,
            code: text("/context/reasons/0/code")?,
            why: text("/context/reasons/0/why")?,
            signed: text("/context/signed")?,
            id: text("/context/evaluation_id")?,
            at: text("/context/evaluated_at")?,
            took: answer.took,
        })
    }

    /// The signed answers, in the hands of somebody without a network.
    fn each_decision_holds(&mut self, post: &Checkpost) -> Result<()> {
        let by_nginx = post.gate.as_ref().map_or_else(|| Ok(Vec::new()), Gate::decisions)?;
        let signed = post.kept.iter().map(|decision| &decision.signed).chain(&by_nginx);
        let (mut permits, mut denies, mut took) = (0, 0, Duration::ZERO);
        for (at, signed) in signed.enumerate() {
            let file = LUMEN.path(&format!("decision-{at}.sd-jwt"));
            fs::write(self.dir.join(&file), signed).with_context(|| format!("cannot write {file}"))?;
            let judged = regulator::judge(&self.shell, &file, TRUST)?;
            expect(
                judged.report["signer"] == post.did.as_str(),
                "a decision is not the verifier's",
            )?;
            match &judged.report["decision"]["decision"] {
                Value::Bool(true) => permits += 1,
                Value::Bool(false) => denies += 1,
                _ => bail!("not as written: {file} says neither yes nor no"),
            }
            if at == 0 {
                self.teller.command(&judged.line)?;
            }
            took += judged.took;
        }
        let sources = if post.gate.is_some() { 2 } else { 1 };
        expect(permits == sources && denies == 2 * sources, "a decision was not kept")?;
        let outcome = format!("{permits} permit, {denies} deny, each with the verifier's signature");
        self.teller
            .done("every decision that was kept, offline", &outcome, took)?;
        self.each_was_right(post)
    }

    /// What rests on his consent is proved by what the log had, with his consent's bundle; that there was none yet cannot be.
    fn each_was_right(&mut self, post: &Checkpost) -> Result<()> {
        let mut took = Duration::ZERO;
        for decision in post.kept.iter().filter(|decision| decision.code != "no_record") {
            let file = LUMEN.path(&format!("{}.evidence.json", decision.code));
            let fetched = self.shell.run(&[
                "brand",
                "evidence",
                &decision.id,
                &decision.at,
                "--verifier",
                post.verifier.url(),
                "--out",
                &file,
            ])?;
            let fetched = fetched.ok()?;
            let judged = regulator::judge(&self.shell, &file, TRUST)?;
            let said = &judged.report["decisions"][0];
            expect(
                said["signed"] == "Holds" && said["right"] == "Holds",
                &format!("a decision ({}) is not shown to be right", decision.code),
            )?;
            if decision.permit {
                self.teller.command(fetched.line())?;
                self.teller.command(&judged.line)?;
            }
            took += judged.took;
        }
        let outcome = "the brand's own verifier, and right by what the log had";
        self.teller
            .done("the permit and the last deny, with their evidence", outcome, took)
    }
}
