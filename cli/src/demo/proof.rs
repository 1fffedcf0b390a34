//! The last acts: the proof survives, a regulator looks, and what anyone sees.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::person::Person;
use super::story::{EVIDENCE, Given, Story, TRUST, WORDS, expect};
use super::{picture, regulator};

const RESTORED: &str = "anna.restored.json";

impl Story<'_> {
    /// Gives the bytes of the evidence.
    pub(super) fn the_proof_survives(&mut self, given: &Given) -> Result<String> {
        self.teller.act("The proof survives")?;
        self.teller.say(
            "From the 24 words she makes the wallet anew. It derives her DID for each registered brand and finds her \
             consents again; what it believes of them is the log's evidence, which it judges itself.",
        )?;
        let url = self.node()?.url().to_owned();
        let shell = self.shell.clone();
        let back = Person::restored(&shell, RESTORED, WORDS, &url)?;
        self.teller.command(back.1.line())?;
        let found = back.1.json()?["found"].as_array().map_or(0, Vec::len);
        expect(found == 3, "the restored wallet did not find three consents")?;
        self.teller
            .done("three consents found again", "both curves", back.1.took)?;
        let listed = back.0.wallet(&["show", "--json"])?.ok()?.json()?;
        let all = listed["consents"].as_array().context("no list")?;
        let ended = all.iter().all(|consent| consent["effective"] == "Withdrawn");
        expect(ended && all.len() == 3, "a consent is not shown as withdrawn")?;
        let fetched = back.0.wallet(&["show", &given.cinema, "--evidence", EVIDENCE])?.ok()?;
        self.teller.command(fetched.line())?;
        self.teller.done(
            "one file with everything about her yes to the cinema",
            "erasure of the data was asked for; the proof that it was lawful is here",
            fetched.took,
        )?;
        fs::read_to_string(self.dir.join(EVIDENCE)).context("there is no evidence")
    }

    pub(super) fn a_regulator_looks(&mut self) -> Result<()> {
        self.teller.act("A regulator looks, offline")?;
        let judged = regulator::judge(&self.shell, EVIDENCE, TRUST)?;
        self.teller.say(if judged.alone {
            "A separate process, in a network namespace without any interface: it has the file, the pinned keys, no more."
        } else {
            "A separate process with the file and the pinned keys. (This machine allows no empty network namespace, so \
             nothing but the program itself keeps it from the network.)"
        })?;
        self.teller.command(&judged.line)?;
        expect(judged.code == 0, "the judge did not say Holds by its exit status")?;
        expect(
            judged.answers() == ("Holds", "Fails"),
            "the verdict is not: recorded, and no longer in force",
        )?;
        let events = judged.events().join(", ");
        let wanted = "ConsentGrant, Narrowing, Renewal, Withdrawal, ErasureRequest";
        expect(events == wanted, "the events are not those of the story")?;
        self.teller.quote([events])?;
        let disclaimer = judged
            .report
            .pointer("/disclaimers/0")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.teller.quote([disclaimer])?;
        self.teller.done(
            "recorded: Holds. In force now: Fails, it was withdrawn",
            "exit status 0",
            judged.took,
        )?;

        let asked = [
            "brand",
            "consents",
            "--customers",
            "lumen/customers.json",
            "--token-file",
            "lumen/token",
            "--json",
        ];
        let seen = self.run(&asked)?;
        expect(
            seen.text("/consents/0/customer")? == "club card 4711",
            "the cinema cannot tell whose consent it is",
        )?;
        let (state, erasure) = (
            seen.text("/consents/0/effective")?,
            seen.json()?["consents"][0]["erasureRequested"].clone(),
        );
        expect(
            state == "Withdrawn" && erasure == true,
            "the cinema's feed does not show the end",
        )?;
        self.teller.done(
            "the cinema's own view, from its feed",
            "club card 4711: withdrawn, erase",
            seen.took,
        )
    }

    pub(super) fn the_log_in_a_picture(&mut self) -> Result<()> {
        self.teller.act("What anyone sees of all this")?;
        let checkpoint = self.http.get(&format!("{}/log/checkpoint", self.node()?.url()))?;
        let lines: Vec<&str> = checkpoint.body.lines().collect();
        let (Some(size), Some(root)) = (lines.get(1), lines.get(2)) else {
            bail!("the checkpoint has no three lines")
        };
        self.leaves.sort_unstable();
        let labels: Vec<&str> = self.leaves.iter().map(|(_, label)| *label).collect();
        expect(
            **size == labels.len().to_string(),
            "the log has another size than the story has records",
        )?;
        self.teller.say(&format!(
            "{size} leaves of 33 bytes, each a hiding commitment: no name, no time, no kind. The labels under them are known \
             to this demo, because it was there; whoever holds only the log sees the numbers."
        ))?;
        let root: String = "root ".chars().chain(root.chars().take(12)).chain(['…']).collect();
        self.teller.picture(&picture::tree(&labels, &root))?;
        self.teller
            .done("GET /log/checkpoint", &format!("{size} leaves"), checkpoint.took)
    }
}
