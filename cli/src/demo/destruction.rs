//! A consent goes for good, and is looked for in the raw files.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::brand::HERZSCHLAG;
use super::opening::{NODE, OPERATOR_TOKEN, ORIGIN};
use super::person::Person;
use super::regulator;
use super::story::{Given, Story, TRUST, expect, until};
use crate::system;

/// What the leaves of a destroyed consent are called from then on, and the record that says that they are.
const GONE: &str = "gone";
const DESTRUCTION: &str = "wipe";
/// Status of what was there and is no more.
const GONE_STATUS: u16 = 410;
const LATE_EVIDENCE: &str = "evidence-after-destruction.json";

impl Story<'_> {
    pub(super) fn a_consent_is_destroyed(&mut self, given: &Given, anna: &Person) -> Result<()> {
        self.teller.act("A consent is destroyed")?;
        self.teller.say(
            "The log only ever grows, and yet a person must be able to disappear from it. The training plan was about her \
             health, and nobody needs the proof of it any more. The cooperative signs the order; the operator carries it out.",
        )?;
        let order = HERZSCHLAG.path("order.jws");
        let key = HERZSCHLAG.path("key.json");
        let ordered = self.run(&[
            "brand",
            "order-destruction",
            "--consent",
            &given.plan,
            "--ground",
            "no-longer-necessary",
            "--origin",
            ORIGIN,
            "--key",
            &key,
            "--out",
            &order,
        ])?;
        self.teller.done("the brand's signed order", &order, ordered.took)?;
        let leaves = self.destroyed_before_our_eyes(&order)?;
        self.asked_for_afterwards(&leaves)?;
        self.the_others_are_as_they_were(given, anna)
    }

    /// Gives the leaves that nobody can open any more.
    fn destroyed_before_our_eyes(&mut self, order: &str) -> Result<Vec<u64>> {
        self.teller.say(
            "Before and after, every raw file of the node is searched for pieces of that consent: its keys, look-ups and \
             sealed texts, its digests and her identifiers.",
        )?;
        let done = self.run(&[
            "destroy",
            "--order",
            order,
            "--look-through",
            NODE,
            "--token-file",
            OPERATOR_TOKEN,
            "--json",
        ])?;
        let report = done.json()?;
        let (before, after) = (&report["looked"]["before"], &report["looked"]["after"]);
        let places = before["places"].as_array().context("it was looked for nowhere")?;
        let places: Vec<&str> = places.iter().filter_map(|place| place["file"].as_str()).collect();
        let (had, has) = (before["pieces"].as_u64(), after["pieces"].as_u64());
        let gone = had > Some(0) && has == Some(0);
        expect(gone, "the consent is not gone from the raw files")?;
        self.teller.quote([
            format!("before: {} pieces in {}", before["pieces"], places.join(", ")),
            format!("after:  none in {} files", after["files"]),
        ])?;
        let leaves = report["leaves"].as_array().into_iter().flatten();
        let leaves: Vec<u64> = leaves.filter_map(Value::as_u64).collect();
        expect(leaves.len() == 2, "a yes and its withdrawal are not two leaves")?;
        for (index, label) in &mut self.leaves {
            if leaves.contains(index) {
                *label = GONE;
            }
        }
        let index = done.number("/index")?;
        self.leaf(index, DESTRUCTION);
        let outcome = format!("before: {} pieces; after: none", before["pieces"]);
        self.teller.done("gone from every raw file", &outcome, done.took)?;
        self.at_the_issuer_too(index)?;
        Ok(leaves)
    }

    /// Whoever follows the feed has to say that it has nothing left either.
    fn at_the_issuer_too(&mut self, index: u64) -> Result<()> {
        let began = system::instant();
        let told = until(|| {
            let told = self
                .shell
                .run(&["destructions", "--token-file", OPERATOR_TOKEN, "--json"])?;
            let all = told.ok()?.json()?;
            let mut all = all.as_array().into_iter().flatten();
            Ok(all
                .any(|one| one["index"] == index && one["state"] == "destroyed")
                .then_some(()))
        });
        told.context("the issuer keeps what was destroyed")?;
        let what = "gone at the issuer as well, which has told the node so";
        self.teller.done(what, "destroyed", began.elapsed())
    }

    fn asked_for_afterwards(&mut self, leaves: &[u64]) -> Result<()> {
        let index = leaves.first().context("there is no leaf")?;
        let path = format!("/log/public/{index}");
        let answer = self.http.get(&format!("{}{path}", self.node()?.url()))?;
        expect(
            answer.status == GONE_STATUS && answer.code() == "destroyed",
            "what was destroyed is not 410",
        )?;
        let outcome = format!("{GONE_STATUS} destroyed");
        self.teller
            .done(&format!("whoever asks for it, GET {path}"), &outcome, answer.took)?;
        self.teller.say(
            "What stays is a leaf that nobody can open, and a record that says so. (Her own copy, files that were handed \
             out and backups are beyond this node's reach: whoever has them deletes them.)",
        )
    }

    fn the_others_are_as_they_were(&mut self, given: &Given, anna: &Person) -> Result<()> {
        let fetched = anna
            .wallet(&["show", &given.cinema, "--evidence", LATE_EVIDENCE])?
            .ok()?;
        self.teller.command(fetched.line())?;
        let judged = regulator::judge(&self.shell, LATE_EVIDENCE, TRUST)?;
        expect(
            judged.code == 0 && judged.answers().0 == "Holds",
            "another consent cannot be proved any more",
        )?;
        self.teller
            .done("her other consent, under today's log", "recorded Holds", judged.took)
    }
}
