//! `placet wallet`: the person's side. Her keys and consents are in one file, sealed under a passphrase.
//!
//! Every record is checked before it is signed, stored before it is sent, and believed only when the log's answer holds;
//! all three by the wallet's and the kernel's own functions. Here is what they cannot have: files, a terminal, a network.

mod accesses;
mod ask;
mod backup;
mod book;
mod decline;
mod erase;
mod evidence;
mod grant;
mod meet;
mod narrow;
mod new;
mod page;
mod passphrase;
mod pattern;
pub(crate) mod receipt;
mod renew;
mod report;
mod restore;
mod seal;
mod send;
mod session;
mod show;
mod store;
mod target;
mod watch;
mod withdraw;
mod words;

use std::path::PathBuf;

use anyhow::Result;

use crate::output::Output;
use store::Wallet;

/// The consents of a person: give, narrow, renew, withdraw, see
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(subcommand)]
    command: Command,
}

/// Which file, and how it opens.
#[derive(Debug, clap::Args)]
struct FileArgs {
    /// The wallet's file
    #[arg(
        long,
        env = "PLACET_WALLET",
        default_value = "wallet.json",
        global = true,
        value_name = "FILE"
    )]
    wallet: PathBuf,
    /// A file whose first line is the passphrase; without it PLACET_PASSPHRASE counts, or you are asked
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(new::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Grant(grant::Args),
    Decline(decline::Args),
    Narrow(narrow::Args),
    Renew(renew::Args),
    Withdraw(withdraw::Args),
    Erase(erase::Args),
    Show(show::Args),
    Accesses(accesses::Args),
}

impl FileArgs {
    /// Opens the wallet.
    fn open(&self) -> Result<Wallet> {
        let passphrase = passphrase::ask(self.passphrase_file.as_deref())?;
        Wallet::open(&self.wallet, &passphrase)
    }
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let Args { file, command } = args;
    match command {
        Command::New(args) => new::run(&args, &file, out),
        Command::Backup(args) => backup::run(&args, &file, out),
        Command::Restore(args) => restore::run(args, &file, out).await,
        Command::Grant(args) => grant::run(args, &file, out).await,
        Command::Decline(args) => decline::run(args, out).await,
        Command::Narrow(args) => narrow::run(args, &file, out).await,
        Command::Renew(args) => renew::run(args, &file, out).await,
        Command::Withdraw(args) => withdraw::run(args, &file, out).await,
        Command::Erase(args) => erase::run(args, &file, out).await,
        Command::Show(args) => show::run(args, &file, out).await,
        Command::Accesses(args) => accesses::run(args, &file, out).await,
    }
}
