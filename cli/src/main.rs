//! `placet`: the node, a witness, the brand's tools, the person's wallet and the judge, in one program. See docs/ARCHITECTURE.md.

#![allow(
    rustdoc::broken_intra_doc_links,
    rustdoc::bare_urls,
    reason = "the comments of arguments are the words that --help prints"
)]

mod audit;
mod backup;
mod brand;
mod client;
mod demo;
mod destroy;
mod export;
mod files;
mod fsck;
mod ground;
mod inspect;
mod issuer;
mod keyfile;
mod keygen;
mod misconduct;
mod node;
mod openapi;
mod output;
mod pinned;
mod progress;
mod serve;
mod system;
mod token;
mod tokens;
mod trust;
mod verifier;
mod verify;
mod wallet;
mod witness;
mod words;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use output::Output;

/// Exit status of a command that was given wrong arguments (EX_USAGE of sysexits), apart from those of `placet verify`.
const USAGE: u8 = 64;
/// Exit status of a command that failed.
const FAILURE: u8 = 1;

/// A verifiable consent ledger
#[derive(Debug, Parser)]
#[command(name = "placet", version, about, max_term_width = 100)]
struct Arguments {
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Witness(witness::Args),
    Verifier(verifier::Args),
    Issuer(issuer::Args),
    Keygen(keygen::Args),
    Brand(brand::Args),
    Token(tokens::Args),
    Trust(trust::Args),
    Verify(verify::Args),
    Export(export::Args),
    Audit(audit::Args),
    Fsck(fsck::Args),
    Backup(backup::Args),
    Restore(backup::RestoreArgs),
    Destroy(destroy::Args),
    Destructions(destroy::ListArgs),
    Wallet(wallet::Args),
    Receipt(wallet::receipt::Args),
    Inspect(inspect::Args),
    Openapi(openapi::Args),
    Demo(demo::Args),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let out = Output::new(arguments.json);
    match run(arguments.command, &out) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&output::sentence(&error));
            ExitCode::from(FAILURE)
        }
    }
}

fn run(command: Command, out: &Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => done(wait(serve::run(args, out))),
        Command::Witness(args) => done(wait(witness::run(args, out))),
        Command::Verifier(args) => done(wait(verifier::run(args, out))),
        Command::Issuer(args) => done(wait(issuer::run(args, out))),
        Command::Keygen(args) => done(keygen::run(args, out)),
        Command::Brand(args) => wait(brand::run(args, out)),
        Command::Token(args) => done(wait(tokens::run(args, out))),
        Command::Backup(args) => done(wait(backup::run(args, out))),
        Command::Restore(args) => done(wait(backup::restore(args, out))),
        Command::Fsck(args) => Ok(fsck::run(&args, out)),
        Command::Audit(args) => done(wait(audit::run(args, out))),
        Command::Destroy(args) => done(wait(destroy::run(args, out))),
        Command::Destructions(args) => done(wait(destroy::list(args, out))),
        Command::Inspect(args) => done(inspect::run(&args, out)),
        Command::Openapi(args) => done(openapi::run(&args, out)),
        Command::Trust(args) => done(trust::run(&args, out)),
        Command::Export(args) => done(export::run(&args, out)),
        Command::Verify(args) => Ok(verify::run(&args, out)),
        Command::Wallet(args) => done(wait(wallet::run(args, out))),
        Command::Receipt(args) => done(wait(wallet::receipt::run(args, out))),
        Command::Demo(args) => done(wait(demo::run(args, out))),
    }
}

/// Runs what talks over the network.
fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("the runtime does not start")?.block_on(work)
}

fn done(result: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

/// Help and version go to standard output. A wrong argument is one line on standard error, as every other fault.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing is left to do when the reader has gone.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let message = text
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let message: Vec<&str> = message.split_whitespace().collect();
    output::complain(&format!("{} (see --help)", message.join(" ")));
    ExitCode::from(USAGE)
}
