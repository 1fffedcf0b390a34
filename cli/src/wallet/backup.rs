//! `placet wallet backup`.

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use super::{FileArgs, passphrase, store, words};
use crate::output::Output;

/// Show the seed as 24 words for paper, or write a sealed copy of the whole wallet
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write a copy of the wallet, with its consents and codes, to this file instead; it must not exist
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A file with another passphrase for the copy; without it, the wallet's own
    #[arg(long, value_name = "FILE", requires = "out")]
    new_passphrase_file: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase", untagged)]
enum Report<'a> {
    Words { words: Vec<&'a str> },
    Copy { backup: String },
}

pub(super) fn run(args: &Args, file: &FileArgs, out: &Output) -> Result<()> {
    let secret = passphrase::ask(file.passphrase_file.as_deref())?;
    let wallet = store::Wallet::open(&file.wallet, &secret)?;
    if let Some(path) = &args.out {
        let secret = match &args.new_passphrase_file {
            Some(new) => passphrase::choose(Some(new))?,
            None => secret,
        };
        store::write_copy(path, &secret, &wallet.book)?;
        let report = Report::Copy {
            backup: path.display().to_string(),
        };
        return out.result(&report, |_| {
            format!("A sealed copy of the wallet is in {}.", path.display())
        });
    }
    let phrase = words::of_seed(&wallet.book.seed()?)?;
    let report = Report::Words {
        words: phrase.split(' ').collect(),
    };
    out.result(&report, |_| on_paper(&phrase))
}

/// Six rows of four numbered words.
fn on_paper(phrase: &str) -> String {
    let all: Vec<&str> = phrase.split(' ').collect();
    let mut text = "Write these words on paper, in this order, and show them to nobody:\n\n".to_owned();
    for (row, four) in all.chunks(4).enumerate() {
        for (at, word) in four.iter().enumerate() {
            text.push_str(&format!("{:>4}. {word:<9}", row * 4 + at + 1));
        }
        text.push('\n');
    }
    text.push_str("\nThey bring back the keys and find the consents; withdrawal codes they do not bring back.");
    text
}
