//! `placet brand`: what a brand and its operator do at a ledger.

mod add;
mod audits;
mod authorize;
mod check;
mod consents;
mod customers;
mod end;
mod evidence;
mod feed;
mod import;
mod invite;
mod items;
mod list;
mod memory;
mod order;
mod papers;
mod relay;
mod request;
mod session;
mod starter;
mod template;
mod token;
mod verifier;

use std::process::ExitCode;

use anyhow::Result;

use crate::output::Output;

/// Ask for consent, and see what was answered
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(add::Args),
    List(list::Args),
    Token(token::Args),
    Template(starter::Args),
    Check(check::Args),
    Request(request::Args),
    Invite(invite::Args),
    Customers(import::Args),
    Evidence(evidence::Args),
    Consents(consents::Args),
    RelayWithdrawal(relay::Args),
    End(end::Args),
    OrderDestruction(order::Args),
    AuthorizeVerifier(authorize::Args),
    Audits(audits::Args),
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<ExitCode> {
    match args.command {
        Command::Add(args) => add::run(args, out).await?,
        Command::List(args) => list::run(args, out).await?,
        Command::Token(args) => token::run(args, out).await?,
        Command::Template(args) => starter::run(&args, out)?,
        Command::Check(args) => return check::run(&args, out),
        Command::Request(args) => request::run(args, out).await?,
        Command::Invite(args) => invite::run(args, out).await?,
        Command::Customers(args) => import::run(args, out).await?,
        Command::Evidence(args) => evidence::run(args, out).await?,
        Command::Consents(args) => return consents::run(args, out).await,
        Command::RelayWithdrawal(args) => relay::run(args, out).await?,
        Command::End(args) => end::run(args, out).await?,
        Command::OrderDestruction(args) => order::run(&args, out)?,
        Command::AuthorizeVerifier(args) => authorize::run(args, out)?,
        Command::Audits(args) => audits::run(args, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}
