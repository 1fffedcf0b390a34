//! The person, and what she does with her wallet.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::process::{Ran, Shell};

/// The passphrase of every wallet here. It is printed in this source, so it is none; it stands for one.
const PASSPHRASE: &str = "a passphrase for the demo";
/// What the wallets' commands read it from.
const PASSPHRASE_VARIABLE: &str = "PLACET_PASSPHRASE";

/// Somebody with a wallet.
pub(super) struct Person {
    shell: Shell,
    file: &'static str,
}

impl Person {
    /// Makes a wallet in this file.
    pub(super) fn with_new_wallet(shell: &Shell, file: &'static str) -> Result<(Self, Ran)> {
        let person = Self {
            shell: shell.with(PASSPHRASE_VARIABLE, PASSPHRASE),
            file,
        };
        let made = person.wallet(&["new"])?.ok()?;
        Ok((person, made))
    }

    /// Makes a wallet from the words in a file.
    pub(super) fn restored(shell: &Shell, file: &'static str, words: &str, url: &str) -> Result<(Self, Ran)> {
        let person = Self {
            shell: shell.with(PASSPHRASE_VARIABLE, PASSPHRASE),
            file,
        };
        let made = person
            .wallet(&["restore", "--words", words, "--node", url, "--json"])?
            .ok()?;
        Ok((person, made))
    }

    /// Runs `placet wallet …` on her file.
    pub(super) fn wallet(&self, args: &[&str]) -> Result<Ran> {
        let (command, rest) = args.split_first().context("no command")?;
        self.shell
            .run(&[&["wallet", command], rest, &["--wallet", self.file]].concat())
    }

    /// Runs `placet receipt …` on her file.
    pub(super) fn receipt(&self, args: &[&str]) -> Result<Ran> {
        let (command, rest) = args.split_first().context("no command")?;
        self.shell
            .run(&[&["receipt", command], rest, &["--wallet", self.file]].concat())
    }

    /// The bytes of the record that started a consent, and the log's answer to it.
    pub(super) fn grant_record(&self, consent: &str) -> Result<(String, Value)> {
        let shown = self.wallet(&["show", consent, "--json"])?.ok()?.json()?;
        let first = shown
            .pointer("/records/0")
            .context("the wallet kept no record of the consent")?;
        // Keys are sorted and no number has a fraction, so this is the form that was signed (RFC 8785).
        Ok((first["record"].to_string(), first["answer"].clone()))
    }

    /// Loses the wallet: its file is gone for good.
    pub(super) fn lose(&self, dir: &Path) -> Result<()> {
        let path = dir.join(self.file);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        if path.exists() {
            bail!("{} is still there", path.display());
        }
        Ok(())
    }

    /// Her wallet's file.
    pub(super) const fn file(&self) -> &'static str {
        self.file
    }
}
