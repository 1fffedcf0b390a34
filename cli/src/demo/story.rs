//! The story itself, act by act.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::http::Http;
use super::node::Node;
use super::person::Person;
use super::process::{Ran, Shell};
use super::teller::Teller;
use super::{gallery, operator};
use crate::system;

/// The evidence that is left in the folder.
pub(super) const EVIDENCE: &str = "evidence.json";
/// The keys that were pinned before the node started.
pub(super) const TRUST: &str = "trust.json";

/// The words of her seed, on paper.
pub(super) const WORDS: &str = "anna.words.txt";

/// The log's answer to her withdrawal from the cinema, which she keeps.
pub(super) const ANSWER: &str = "anna.withdrawn.json";
/// What the cinema remembers of what the operator signed.
pub(super) const MEMORY: &str = "lumen/remembered.json";
/// Where the operator's backups are.
pub(super) const COPIES: &str = "copies";

/// How long what must come about may take, and how often it is looked for.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);

/// Everything that the acts share.
pub(super) struct Story<'a> {
    /// The folder.
    pub(super) dir: PathBuf,
    /// The narrator.
    pub(super) teller: Teller<'a>,
    /// An HTTP client.
    pub(super) http: Http,
    /// A shell in the folder, that knows the node once there is one.
    pub(super) shell: Shell,
    /// The node, once it runs.
    pub(super) node: Option<Node>,
    /// Its witnesses.
    pub(super) witnesses: Vec<Node>,
    /// The issuer of receipts, once it runs.
    pub(super) issuer: Option<Node>,
    /// The settings by which a node asks them.
    pub(super) settings: Vec<String>,
    /// What is at which index, for the picture.
    pub(super) leaves: Vec<(u64, &'static str)>,
}

/// What Anna has after her yes.
pub(super) struct Given {
    /// Her wallet.
    pub(super) anna: Person,
    /// The link to the cinema's request, used by now.
    pub(super) link: String,
    /// Her consent to the cinema.
    pub(super) cinema: String,
    /// Her consent to the training plan.
    pub(super) plan: String,
    /// The withdrawal code of that one.
    pub(super) plan_code: String,
    /// Her consent to messages about courses.
    pub(super) courses: String,
}

/// A backup of the node's databases.
pub(super) struct Backup {
    /// Copy of the main database.
    pub(super) main: String,
    /// Copy of the keyring.
    pub(super) keyring: String,
}

impl<'a> Story<'a> {
    /// Sets the stage.
    pub(super) fn begin(dir: PathBuf, teller: Teller<'a>) -> Result<Self> {
        let shell = Shell::new(&dir)?;
        teller.title("A yes, and what becomes of it", &dir)?;
        Ok(Self {
            dir,
            teller,
            http: Http::new(),
            shell,
            node: None,
            witnesses: Vec::new(),
            issuer: None,
            settings: Vec::new(),
            leaves: Vec::new(),
        })
    }

    /// The running node.
    pub(super) fn node(&self) -> Result<&Node> {
        self.node.as_ref().context("there is no node")
    }

    /// Tells everything.
    pub(super) fn tell(&mut self) -> Result<()> {
        self.keys_before_anything()?;
        let [cinema, fitness] = self.two_brands()?;
        let given = self.she_says_yes(&cinema, &fitness)?;
        let backup = self.a_backup()?;
        self.she_changes_her_mind(&given)?;
        self.it_ends_in_three_ways(&given)?;
        self.a_brand_checks_first(&cinema)?;
        self.a_receipt_in_the_wallet(&cinema)?;
        let (anna, evidence) = self.the_proof_survives(&given)?;
        self.a_regulator_looks()?;
        self.a_consent_is_destroyed(&given, &anna)?;
        gallery::attacks(self, &given, &evidence, &cinema, &fitness)?;
        operator::lies(self, &backup)?;
        self.the_log_in_a_picture()
    }

    /// Stops the node and its witnesses.
    pub(super) fn end(self) -> Result<()> {
        self.issuer.map_or(Ok(()), Node::stop)?;
        self.node.map_or(Ok(()), Node::stop)?;
        self.witnesses.into_iter().try_for_each(Node::stop)
    }

    /// Remembers what a leaf is, for the picture.
    pub(super) fn leaf(&mut self, index: u64, label: &'static str) {
        self.leaves.push((index, label));
    }

    /// Runs one of Anna's commands about a consent.
    pub(super) fn event(&mut self, given: &Given, args: &[&str], what: &str, label: &'static str) -> Result<()> {
        let done = given.anna.wallet(&[args, &["--json"]].concat())?.ok()?;
        self.teller.command(done.line())?;
        let index = done.number("/index")?;
        self.leaf(index, label);
        self.teller.done(what, &format!("log index {index}"), done.took)
    }

    /// Runs a command that must succeed.
    pub(super) fn run(&self, args: &[&str]) -> Result<Ran> {
        let ran = self.shell.run(args)?.ok()?;
        self.teller.command(ran.line())?;
        Ok(ran)
    }
}

/// Looks again and again until something is there.
pub(super) fn until<T>(mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = system::instant();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        expect(start.elapsed() < PATIENCE, "it does not come about")?;
        thread::sleep(PAUSE);
    }
}

/// Fails unless a step went as written.
pub(super) fn expect(as_written: bool, otherwise: &str) -> Result<()> {
    if as_written {
        Ok(())
    } else {
        bail!("not as written: {otherwise}")
    }
}
