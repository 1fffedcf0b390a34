//! The acts in the middle: a yes, a change of mind, three endings.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::brand::{HERZSCHLAG, Joined, LUMEN};
use super::opening::NODE;
use super::person::Person;
use super::process::Ran;
use super::regulator;
use super::story::{ANSWER, Backup, COPIES, Given, Story, TRUST, WORDS, expect};
use crate::system;

const WALLET: &str = "anna.wallet.json";
/// The evidence while the consent is in force.
const EARLY_EVIDENCE: &str = "evidence-in-force.json";
/// How long the first consent is given for: half of what the cinema asks, so that there is something to renew.
const FIRST_SECONDS: u64 = 180 * 24 * 60 * 60;

impl Story<'_> {
    pub(super) fn she_says_yes(&mut self, cinema: &Joined, fitness: &Joined) -> Result<Given> {
        self.teller.act("Anna says yes")?;
        self.teller.say(
            "Her wallet is one file, sealed under a passphrase; its seed goes on paper as 24 words. At each brand she has \
             another DID, so nothing in two brands' records is equal.",
        )?;
        let anna = self.her_wallet()?;
        let (link, consent) = self.yes_to_the_cinema(&anna, cinema)?;
        let url = self.node()?.url().to_owned();
        let german = [
            "grant",
            &fitness.request,
            "--node",
            &url,
            "--explicit",
            "2",
            "--language",
            "de",
        ];
        let german = [german.as_slice(), &["--curve", "p256", "--json"]].concat();
        let plan = self.give(
            &anna,
            &german,
            "health data, by an express statement, in German, with a P-256 key",
        )?;
        let plan_code = plan.text("/withdrawalCode")?;
        self.teller
            .quote([format!("withdrawal code, for a drawer: {plan_code}")])?;
        let courses = ["grant", &fitness.request, "--node", &url, "--yes", "1", "--json"];
        let courses = self.give(&anna, &courses, "messages about free places, as a consent of its own")?;
        Ok(Given {
            anna,
            link,
            cinema: consent,
            plan: plan.text("/consent")?,
            plan_code,
            courses: courses.text("/consent")?,
        })
    }

    /// The operator does what every operator should. It is of use to it later in an unexpected way.
    pub(super) fn a_backup(&mut self) -> Result<Backup> {
        self.teller
            .say("Meanwhile the operator makes a backup. The node goes on serving.")?;
        let [main, keyring] = ["main", "keyring"].map(|name| format!("{COPIES}/{name}"));
        let made = self.run(&[
            "backup",
            "--dir",
            NODE,
            "--to",
            &main,
            "--keyring-to",
            &keyring,
            "--json",
        ])?;
        let outcome = format!("{} records, in {COPIES}", made.number("/size")?);
        self.teller.done(
            "the databases are copied, each to a place of its own",
            &outcome,
            made.took,
        )?;
        Ok(Backup {
            main: made.text("/main")?,
            keyring: made.text("/keyring")?,
        })
    }

    fn her_wallet(&mut self) -> Result<Person> {
        let (anna, made) = Person::with_new_wallet(&self.shell, WALLET)?;
        self.teller.command(made.line())?;
        let words = anna.wallet(&["backup", "--json"])?.ok()?;
        let words = words.json()?["words"]
            .as_array()
            .context("the backup has no words")?
            .clone();
        expect(words.len() == 24, "the backup is not 24 words")?;
        let text: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        crate::files::write_new(&self.dir.join(WORDS), text.join(" ").as_bytes(), crate::files::SECRET)?;
        self.teller.done("a wallet, and its words on paper", WORDS, made.took)?;
        Ok(anna)
    }

    /// Gives the link, which is used then, and the consent.
    fn yes_to_the_cinema(&mut self, anna: &Person, cinema: &Joined) -> Result<(String, String)> {
        let (link, invited) = LUMEN.invite(&self.shell, &cinema.request, &LUMEN.path("token"), "club card 4711")?;
        self.teller.command(invited.line())?;
        self.teller.done(
            "the cinema invites her by a link that works once",
            "who she is stays with it",
            invited.took,
        )?;
        let until = system::now()?.plus_seconds(FIRST_SECONDS).to_string();
        let yes = ["grant", &link, "--yes", "1,2,3", "--language", "en", "--until", &until];
        let granted = anna.wallet(&yes)?.ok()?;
        self.teller.command(granted.line())?;
        self.teller.quote(choices(&granted.stdout))?;
        let consent = self.first_consent(anna)?;
        self.teller.done(
            "three choices, each of which was off",
            "signed, recorded, acknowledged",
            granted.took,
        )?;
        Ok((link, consent))
    }

    fn give(&mut self, anna: &Person, args: &[&str], what: &str) -> Result<Ran> {
        let given = anna.wallet(args)?.ok()?;
        self.teller.command(given.line())?;
        let index = given.number("/index")?;
        self.leaf(index, "YES");
        self.teller.done(what, &format!("log index {index}"), given.took)?;
        Ok(given)
    }

    /// The one consent that the wallet has, and its place in the log.
    fn first_consent(&mut self, anna: &Person) -> Result<String> {
        let listed = anna.wallet(&["show", "--json"])?.ok()?;
        let consent = listed.text("/consents/0/consent")?;
        let shown = anna.wallet(&["show", &consent, "--json"])?.ok()?;
        self.leaf(shown.number("/records/0/index")?, "YES");
        Ok(consent)
    }

    pub(super) fn she_changes_her_mind(&mut self, given: &Given) -> Result<()> {
        self.teller.act("She changes her mind, a little")?;
        self.teller
            .say("The film distributor was a step too far. The rest may go on, and for longer than she first said.")?;
        let consent = given.cinema.as_str();
        self.event(
            given,
            &["narrow", consent, "--remove", "clause 3"],
            "the distributor is out",
            "less",
        )?;
        self.event(
            given,
            &["renew", consent, "--yes"],
            "what is left may go on for a year",
            "more",
        )?;
        let fetched = given
            .anna
            .wallet(&["show", consent, "--evidence", EARLY_EVIDENCE])?
            .ok()?;
        self.teller.command(fetched.line())?;
        let judged = regulator::judge(&self.shell, EARLY_EVIDENCE, TRUST)?;
        expect(
            judged.answers() == ("Holds", "Holds"),
            "the evidence of a consent in force does not hold",
        )?;
        self.teller.done(
            "her evidence at this moment",
            "recorded Holds, in force Holds",
            judged.took,
        )
    }

    pub(super) fn it_ends_in_three_ways(&mut self, given: &Given) -> Result<()> {
        self.teller.act("It ends, in three ways")?;
        self.teller.say("By her own key:")?;
        self.event(given, &["withdraw", &given.cinema], "withdrawn from the cinema", "end")?;
        self.she_keeps_the_answer(given)?;
        self.event(
            given,
            &["erase", &given.cinema, "--ground", "consent-withdrawn"],
            "she asks the cinema to erase her data (Article 17)",
            "del",
        )?;

        self.by_telephone(given)?;
        self.by_paper(given)
    }

    /// What the log signed for her, for whoever may doubt it one day.
    fn she_keeps_the_answer(&self, given: &Given) -> Result<()> {
        let shown = given.anna.wallet(&["show", &given.cinema, "--json"])?.ok()?.json()?;
        let records = shown["records"].as_array().context("the wallet has no records")?;
        let last = records.last().context("the wallet has no records")?;
        expect(
            last["record"]["type"][1] == "Withdrawal",
            "the wallet's last record is not her withdrawal",
        )?;
        crate::files::write_new(
            &self.dir.join(ANSWER),
            last["answer"].to_string().as_bytes(),
            crate::files::SECRET,
        )
    }

    fn by_telephone(&mut self, given: &Given) -> Result<()> {
        self.teller
            .say("By telephone: she tells the cooperative, and it passes that on under its own key.")?;
        let key = HERZSCHLAG.path("key.json");
        let relayed = self.run(&[
            "brand",
            "relay-withdrawal",
            "--consent",
            &given.courses,
            "--channel",
            "telephone",
            "--key",
            &key,
            "--json",
        ])?;
        let index = relayed.number("/index")?;
        self.leaf(index, "end");
        self.teller
            .done("relayed by the brand", &format!("log index {index}"), relayed.took)
    }

    fn by_paper(&mut self, given: &Given) -> Result<()> {
        self.teller
            .say("With nothing but paper: her wallet is gone, the code of the training plan is in a drawer.")?;
        given.anna.lose(&self.dir)?;
        self.teller.command(&format!("rm {}", given.anna.file()))?;
        let url = self.node()?.url().to_owned();
        let by_code = self.run(&[
            "wallet",
            "withdraw",
            "--code",
            &given.plan_code,
            "--node",
            &url,
            "--json",
        ])?;
        expect(
            by_code.text("/consent")? == given.plan,
            "the code ended another consent",
        )?;
        let index = by_code.number("/index")?;
        self.leaf(index, "end");
        self.teller.done(
            "withdrawn by code, without any key of hers",
            &format!("log index {index}"),
            by_code.took,
        )
    }
}

/// The first lines of the choices on the page that the wallet showed.
fn choices(page: &str) -> Vec<&str> {
    let mut shown = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        inside = line.starts_with('[') || (inside && !line.starts_with("    Purpose"));
        if inside && !line.is_empty() {
            shown.push(line);
        }
    }
    shown
}
