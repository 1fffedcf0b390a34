//! Which ledger a command talks to.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::builder::BoolishValueParser;
use placet_client::Server;

use super::Client;

/// The ledger that a command talks to.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerArgs {
    /// Address of the ledger
    #[arg(
        long,
        env = "PLACET_URL",
        default_value = "http://127.0.0.1:8437",
        value_name = "URL"
    )]
    url: String,
    /// Allow http to other machines: tokens and invitations then travel in clear
    #[arg(long, env = "PLACET_ALLOW_HTTP", value_parser = BoolishValueParser::new())]
    allow_http: bool,
    /// Certificate authorities to trust besides the public ones (PEM)
    #[arg(long, env = "PLACET_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl ServerArgs {
    /// The address, checked.
    pub(crate) fn server(&self) -> Result<Server> {
        Ok(Server::new(&self.url, self.allow_http, self.ca_file.as_deref())?)
    }

    /// A client without a token.
    pub(crate) fn client(&self) -> Result<Client> {
        Ok(Client::new(self.server()?))
    }
}

impl Client {
    /// A client, without a token, of the ledger at an address that a link or a wallet names.
    pub(crate) fn at(url: &str, allow_http: bool, ca_file: Option<&Path>) -> Result<Self> {
        Ok(Self::new(Server::new(url, allow_http, ca_file)?))
    }
}
