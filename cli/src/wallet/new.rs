//! `placet wallet new`.

use anyhow::Result;
use placet_wallet::keys::Seed;
use serde::Serialize;

use super::book::Book;
use super::store::Wallet;
use super::{FileArgs, passphrase};
use crate::output::Output;
use crate::system;

/// Make a wallet with a new seed
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

#[derive(Serialize)]
struct Report {
    wallet: String,
}

pub(super) fn run(_: &Args, file: &FileArgs, out: &Output) -> Result<()> {
    let passphrase = passphrase::choose(file.passphrase_file.as_deref())?;
    let book = Book::new(&Seed::from_bytes(system::random()?));
    Wallet::create(&file.wallet, &passphrase, book)?;
    let report = Report {
        wallet: file.wallet.display().to_string(),
    };
    out.result(&report, |report| {
        format!(
            "The wallet is {}. Whoever has it and the passphrase is you, at every brand.\n\
             Write its seed down now: placet wallet backup",
            report.wallet
        )
    })
}
