//! `placet openapi`: the description of a service's interface, to make clients from.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::output::Output;

/// Print the OpenAPI document of a service, as it serves it at /openapi.json
///
/// Clients in any language can be made from it. Those in TypeScript and Python are in the folder clients.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose document
    service: Service,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Service {
    /// The brand's verifier
    Verifier,
    /// The ledger
    Ledger,
    /// The issuer
    Issuer,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<()> {
    let document = match args.service {
        Service::Verifier => placet_verifier::http::description(),
        Service::Issuer => placet_issuer::http::description(),
        Service::Ledger => placet_ledger::http::description(),
    };
    let document: Value = serde_json::from_str(&document).context("the description is no JSON")?;
    out.result(&document, |document| format!("{document:#}"))
}
