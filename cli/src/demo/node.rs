//! A node, a witness, a verifier or an issuer: a process of its own, started as an operator would.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::process::Shell;
use crate::system;

/// How long a node may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);
/// What it says when it is up.
const READY: &str = "listening on ";

/// A running node, witness, verifier or issuer. It is stopped when this is dropped.
pub(super) struct Node {
    child: Child,
    url: String,
    /// What it said before it was up.
    pub(super) said: Vec<String>,
    /// How long it took until it answered.
    pub(super) took: Duration,
}

impl Node {
    /// Starts a node on a free port of this machine; its own log goes to `log`.
    pub(super) fn start(shell: &Shell, dir: &str, witnesses: &[String], log: &Path) -> Result<Self> {
        let mut args = vec!["serve", "--dir", dir, "--listen", "127.0.0.1:0", "--log", "warn"];
        witnesses.iter().for_each(|witness| args.extend(["--witness", witness]));
        Self::run(shell, &args, log)
    }

    /// Starts a node that must not come up. Gives why it does not, in its own words, and how long it took to say so.
    pub(super) fn refused(shell: &Shell, dir: &str, witnesses: &[String], log: &Path) -> Result<(String, Duration)> {
        let start = system::instant();
        if Self::start(shell, dir, witnesses, log).is_ok() {
            bail!("not as written: the node in {dir} came up");
        }
        let took = start.elapsed();
        let said = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
        let why = said.lines().find_map(|line| line.strip_prefix("placet: "));
        let why = why.with_context(|| format!("the node in {dir} does not say why it did not come up"))?;
        Ok((why.to_owned(), took))
    }

    /// Starts a witness of a log, likewise.
    pub(super) fn witness(shell: &Shell, dir: &str, name: &str, log_key: &str, log: &Path) -> Result<Self> {
        let place = ["witness", "--dir", dir, "--listen", "127.0.0.1:0"];
        let more = ["--name", name, "--log", log_key, "--log-filter", "warn"];
        Self::run(shell, &[place.as_slice(), &more].concat(), log)
    }

    /// Starts a brand's verifier, likewise; which ledger it follows and whom it believes the shell knows.
    pub(super) fn verifier(
        shell: &Shell,
        dir: &str,
        brand: &str,
        [token, word]: [&str; 2],
        log: &Path,
    ) -> Result<Self> {
        let place = ["verifier", "--dir", dir, "--listen", "127.0.0.1:0"];
        let more = ["--did", brand, "--token-file", token, "--authorization", word];
        let quiet = ["--log-filter", "warn"];
        Self::run(shell, &[place.as_slice(), &more, &quiet].concat(), log)
    }

    /// The same, asking for receipts with the brand's key.
    pub(super) fn asking_verifier(
        shell: &Shell,
        dir: &str,
        brand: &str,
        [token, key]: [&str; 2],
        log: &Path,
    ) -> Result<Self> {
        let place = ["verifier", "--dir", dir, "--listen", "127.0.0.1:0"];
        let more = ["--did", brand, "--token-file", token, "--request-key", key];
        let quiet = ["--status-private", "--log-filter", "error"];
        Self::run(shell, &[place.as_slice(), &more, &quiet].concat(), log)
    }

    /// Starts an issuer, likewise.
    pub(super) fn issuer(shell: &Shell, dir: &str, token: &str, log: &Path) -> Result<Self> {
        let place = ["issuer", "--dir", dir, "--listen", "127.0.0.1:0"];
        let more = ["--token-file", token, "--name", "Demo receipts", "--log-filter", "warn"];
        Self::run(shell, &[place.as_slice(), &more].concat(), log)
    }

    fn run(shell: &Shell, args: &[&str], log: &Path) -> Result<Self> {
        let start = system::instant();
        let errors = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = shell.command(args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .context("it does not start")?;
        let lines = lines(&mut child);
        let mut node = Self {
            child,
            url: String::new(),
            said: Vec::new(),
            took: Duration::ZERO,
        };
        loop {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let Ok(line) = lines.recv_timeout(left) else {
                bail!("`placet {}` did not come up; its log is {}", args[0], log.display());
            };
            if let Some(url) = line.strip_prefix(READY) {
                url.trim().clone_into(&mut node.url);
                node.took = start.elapsed();
                return Ok(node);
            }
            node.said.push(line);
        }
    }

    /// Its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Asks it to finish what it is doing and to end, and waits for that.
    pub(super) fn stop(mut self) -> Result<()> {
        self.ask()?;
        let start = system::instant();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().context("cannot wait for the node")? {
                if !status.success() {
                    bail!("the node ended with {status}");
                }
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        bail!("the node does not end")
    }

    fn ask(&self) -> Result<()> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        sent.context("cannot send the node a signal")?;
        Ok(())
    }
}

impl Drop for Node {
    /// A fault in the story must not leave a process behind. Killing it loses nothing that was answered.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// The lines that it prints. They are read to the end, so that it never waits for a reader.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody listens any more once it is up.
                drop(sender.send(line));
            }
        });
    }
    receiver
}
