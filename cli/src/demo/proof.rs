//! The last acts: the proof survives, a regulator looks, and what anyone sees.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::person::Person;
use super::story::{EVIDENCE, Given, MEMORY, Story, TRUST, WORDS, expect};
use super::{leaves, picture, regulator};
use crate::system;

/// Bytes of a leaf, whatever it is of.
const LEAF_BYTES: usize = 33;
/// How often the checkpoint is asked for until it has everything, and how long to wait in between.
const PUBLISH_TRIES: usize = 50;
const PUBLISH_PAUSE: Duration = Duration::from_millis(100);
const RESTORED: &str = "anna.restored.json";

impl Story<'_> {
    /// Gives her with the new wallet, and the bytes of the evidence.
    pub(super) fn the_proof_survives(&mut self, given: &Given) -> Result<(Person, String)> {
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
        let evidence = fs::read_to_string(self.dir.join(EVIDENCE)).context("there is no evidence")?;
        Ok((back.0, evidence))
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
            "--state",
            MEMORY,
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
        self.leaves.sort_unstable();
        let labels: Vec<&str> = self.leaves.iter().map(|(_, label)| *label).collect();
        let start = system::instant();
        let root = self.published(labels.len())?;
        let path = format!("tile/entries/000.p/{}", labels.len());
        let bundle = self.http.get_bytes(&format!("{}/log/{path}", self.node()?.url()))?;
        let entries = leaves::entries(&bundle)?;
        let alike = entries.iter().all(|entry| entry.len() == LEAF_BYTES);
        expect(
            alike && entries.len() == labels.len(),
            "the entries are not one leaf for each record",
        )?;
        expect(
            leaves::root(&entries) == root,
            "the entries make another root than the signed one",
        )?;
        self.teller.say(&format!(
            "{} leaves of {LEAF_BYTES} bytes, each a hiding commitment: no name, no time, no kind. The labels under them are \
             known to this demo, because it was there; whoever holds only the log sees the numbers. Those marked gone nobody can \
             open any more, the demo included: they stay because the proofs of all others are made over them.",
            entries.len()
        ))?;
        let shown: String = "root ".chars().chain(root.chars().take(12)).chain(['…']).collect();
        self.teller.picture(&picture::tree(&labels, &shown))?;
        let what = format!("the root made anew from GET /log/{path}");
        self.teller.done(&what, "it is the signed one", start.elapsed())
    }

    /// The root of the checkpoint with so many leaves. A node answers first and publishes then, so it may take a moment.
    fn published(&self, leaves: usize) -> Result<String> {
        for _ in 0..PUBLISH_TRIES {
            let checkpoint = self.http.get(&format!("{}/log/checkpoint", self.node()?.url()))?.body;
            let mut lines = checkpoint.lines().skip(1);
            if let (Some(size), Some(root)) = (lines.next(), lines.next())
                && size == leaves.to_string()
            {
                return Ok(root.to_owned());
            }
            thread::sleep(PUBLISH_PAUSE);
        }
        bail!("not as written: the log has another size than the story has records")
    }
}
