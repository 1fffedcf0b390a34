//! Where the passphrase comes from: a file, the environment, or the person at the terminal.

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use zeroize::Zeroizing;

use crate::files;

/// The environment variable that may hold it.
pub(super) const VARIABLE: &str = "PLACET_PASSPHRASE";
/// Fewest characters of a new one. Argon2id makes each guess dear; it cannot make "cat" a secret.
pub(super) const MIN_CHARS: usize = 8;

/// Longest passphrase file, in bytes.
const MAX_FILE_BYTES: usize = 4096;

/// The passphrase of a file that exists.
pub(super) fn ask(file: Option<&Path>) -> Result<Zeroizing<String>> {
    match given(file)? {
        Some(passphrase) => Ok(passphrase),
        None => prompt("Passphrase of the wallet: "),
    }
}

/// A new passphrase; at the terminal it is typed twice.
pub(super) fn choose(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let passphrase = match given(file)? {
        Some(passphrase) => passphrase,
        None => {
            let first = prompt("New passphrase for the wallet: ")?;
            if *prompt("The same again: ")? != *first {
                bail!("the two passphrases differ; nothing was written");
            }
            first
        }
    };
    if passphrase.chars().count() < MIN_CHARS {
        bail!("a passphrase has at least {MIN_CHARS} characters");
    }
    Ok(passphrase)
}

fn given(file: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    if let Some(path) = file {
        let text = Zeroizing::new(files::read_secret(path, MAX_FILE_BYTES)?);
        // Editors end a file with a newline that nobody means as part of the passphrase.
        let first = text.lines().next().unwrap_or_default();
        return Ok(Some(Zeroizing::new(first.to_owned())));
    }
    match env::var(VARIABLE) {
        Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase))),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => bail!("{VARIABLE} is not UTF-8"),
    }
}

fn prompt(question: &str) -> Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask for the passphrase: set {VARIABLE}, or give --passphrase-file FILE");
    }
    let typed = rpassword::prompt_password(question).context("cannot read the passphrase from the terminal")?;
    Ok(Zeroizing::new(typed))
}
