//! The verifier that a command speaks to.

use std::path::PathBuf;

use anyhow::Result;
use clap::builder::BoolishValueParser;

use crate::client::Client;
use crate::token::VerifierToken;

/// Which verifier.
#[derive(Debug, clap::Args)]
pub(super) struct VerifierArgs {
    /// Address of the verifier
    #[arg(
        long,
        env = "PLACET_VERIFIER_URL",
        default_value = "http://127.0.0.1:8439",
        value_name = "URL"
    )]
    verifier: String,
    /// Allow http to other machines: the token and the references of customers then travel in clear
    #[arg(long, env = "PLACET_ALLOW_HTTP", value_parser = BoolishValueParser::new())]
    allow_http: bool,
    /// Certificate authorities to trust besides the public ones (PEM)
    #[arg(long, env = "PLACET_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    token: VerifierToken,
}

impl VerifierArgs {
    /// A client of it, with its token where there is one.
    pub(super) fn client(&self) -> Result<Client> {
        let client = Client::at(&self.verifier, self.allow_http, self.ca_file.as_deref())?;
        Ok(match self.token.read()? {
            Some(token) => client.with_token(token),
            None => client,
        })
    }
}
