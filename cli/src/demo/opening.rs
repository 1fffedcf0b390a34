//! The first acts: keys, a node, two brands.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::brand::{Brand, HERZSCHLAG, Joined, LUMEN};
use super::node::Node;
use super::story::{Story, TRUST, expect};

/// The log's name.
pub(super) const ORIGIN: &str = "demo.example/log";
/// The node's folder.
pub(super) const NODE: &str = "node";
/// The token that its first start makes.
pub(super) const OPERATOR_TOKEN: &str = "node/operator.token";
/// Names of the witnesses.
const WITNESSES: [&str; 2] = ["north.witness.example", "south.witness.example"];

impl Story<'_> {
    pub(super) fn keys_before_anything(&mut self) -> Result<()> {
        self.teller.act("Keys first, then the node")?;
        self.teller.say(
            "Whoever is to judge must know the log's keys before there is anything to judge. So the keys are made and the \
             trust file is put aside while the node has never run.",
        )?;
        let made = self.run(&["keygen", "--dir", NODE, "--origin", ORIGIN, "--json"])?;
        let pinned = self.dir.join(TRUST);
        fs::copy(self.dir.join(NODE).join(TRUST), &pinned).context("cannot put the trust file aside")?;
        self.teller
            .done("keys made, trust.json pinned", "before the first start", made.took)?;
        self.settings = self.two_witnesses()?;
        let node = Node::start(&self.shell, NODE, &self.settings, &self.dir.join("node.log"))?;
        self.teller
            .command("placet serve --dir node --listen 127.0.0.1:0 --witness 'VKEY URL' --witness 'VKEY URL'")?;
        let url = node.url().to_owned();
        self.teller
            .done("the node is up, a process of its own", &url, node.took)?;
        let shown = self.http.get(&format!("{url}/v1/log"))?;
        let trust: Value = serde_json::from_slice(&fs::read(&pinned).context("the trust file is gone")?)?;
        let same = trust.pointer("/logs/0/checkpointKeys/0/vkey") == shown.json()?.pointer("/checkpointKey")
            && trust.pointer("/logs/0/operatorKeys/0/key") == shown.json()?.pointer("/operatorKey");
        expect(same, "the node shows other keys than those that were pinned")?;
        self.teller
            .done("GET /v1/log shows the very keys that were pinned", ORIGIN, shown.took)?;
        self.shell = self.shell.with("PLACET_URL", url).with("PLACET_TRUST", TRUST);
        self.node = Some(node);
        Ok(())
    }

    /// Two processes that nobody who runs the log needs to run. Gives the settings by which a node asks them.
    fn two_witnesses(&mut self) -> Result<Vec<String>> {
        self.teller.say(
            "Two witnesses who are not the operator cosign what they see of the log, and only what continues what they saw \
             before. Whoever judges will ask for both of them.",
        )?;
        let trust: Value = serde_json::from_slice(&fs::read(self.dir.join(TRUST)).context("the trust file is gone")?)?;
        let vkey = trust.pointer("/logs/0/checkpointKeys/0/vkey").and_then(Value::as_str);
        let log_key = format!("{ORIGIN}={}", vkey.context("the trust file has no checkpoint key")?);
        let mut settings = Vec::new();
        let mut pin = vec!["trust".to_owned(), TRUST.to_owned()];
        for name in WITNESSES {
            let folder = name.replace('.', "-");
            let log = self.dir.join(format!("{folder}.log"));
            let witness = Node::witness(&self.shell, &folder, name, &log_key, &log)?;
            let vkey = witness.said.iter().find_map(|line| line.strip_prefix("vkey "));
            let vkey = vkey.context("the witness does not say its key")?.to_owned();
            settings.push(format!("{vkey} {}", witness.url()));
            self.teller
                .done(&format!("the witness {name} is up"), witness.url(), witness.took)?;
            pin.extend(["--witness".to_owned(), vkey]);
            self.witnesses.push(witness);
        }
        pin.extend(["--quorum", "2", "--json"].map(str::to_owned));
        let pinned = self.run(&pin.iter().map(String::as_str).collect::<Vec<_>>())?;
        let asks = pinned.json()?["witnesses"].as_array().map_or(0, Vec::len);
        expect(asks == WITNESSES.len(), "the trust file does not name both witnesses")?;
        self.teller.done(
            "both are pinned in trust.json",
            "a time counts when both signed",
            pinned.took,
        )?;
        Ok(settings)
    }

    pub(super) fn two_brands(&mut self) -> Result<[Joined; 2]> {
        self.teller.act("Two brands ask")?;
        self.teller.say(
            "A cinema in Vienna and a fitness cooperative in Graz prove to the operator that they hold their keys, and sign \
             what they ask for: purposes with an example each, and a notice in English and in German.",
        )?;
        let cinema = self.brand(&LUMEN)?;
        let fitness = self.brand(&HERZSCHLAG)?;
        Ok([cinema, fitness])
    }

    fn brand(&mut self, brand: &Brand) -> Result<Joined> {
        brand.prepare(&self.shell, &self.dir)?;
        let joined = brand.join(&self.shell, OPERATOR_TOKEN, &brand.path("token"))?;
        let [added, published] = &joined.lines;
        self.teller.command(added)?;
        let place = format!("log index {}", joined.keys_index);
        self.teller.done(
            &format!("{} is registered", brand.legal_name),
            &place,
            joined.registering,
        )?;
        self.teller.command(published)?;
        let place = format!("log index {}", joined.request_index);
        self.teller
            .done("its request and both notices are public", &place, joined.publishing)?;
        let request = self
            .http
            .get(&format!("{}/v1/requests/{}", self.node()?.url(), joined.request))?
            .json()?;
        for language in ["en", "de"] {
            let digest = request["credentialSubject"]["notices"][language]
                .as_str()
                .context("no notice")?;
            let notice = self
                .http
                .get(&format!("{}/v1/notices/{digest}", self.node()?.url()))?
                .json()?;
            self.teller
                .quote([format!("{language}  {}", notice["title"].as_str().unwrap_or_default())])?;
        }
        self.leaf(joined.keys_index, "keys");
        self.leaf(joined.request_index, "asks");
        Ok(joined)
    }
}
