//! Reaching a node, and holding it to the keys of its log.

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use placet_client::Server;
use placet_schemas::id::{Did, Origin};

use super::book::{KnownConsent, Meeting};
use super::store::Wallet;
use crate::client::Client;
use crate::output::Output;

/// How to reach a node.
#[derive(Debug, clap::Args)]
pub(super) struct NodeArgs {
    /// Address of the node, when it is not the one in the link or in the wallet
    #[arg(long, alias = "url", value_name = "URL")]
    node: Option<String>,
    #[command(flatten)]
    transport: TransportArgs,
}

/// What a connection may be like.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TransportArgs {
    /// Allow http to other machines: invitations then travel in clear
    #[arg(long, env = "PLACET_ALLOW_HTTP")]
    allow_http: bool,
    /// Certificate authorities to trust besides the public ones (PEM)
    #[arg(long, env = "PLACET_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl NodeArgs {
    /// A client of the node that was named on the command line, else of `known`.
    pub(super) fn client(&self, known: Option<&str>) -> Result<Client> {
        let url = self.node.as_deref().or(known);
        let url = url.ok_or_else(|| anyhow!("which node? Give the whole link, or --node URL"))?;
        self.transport.client(url)
    }
}

impl TransportArgs {
    /// The server at `url`.
    pub(super) fn server(&self, url: &str) -> Result<Server> {
        Ok(Server::new(url, self.allow_http, self.ca_file.as_deref())?)
    }

    /// The server of an address, and the path there.
    pub(super) fn place(&self, url: &str) -> Result<(Server, String)> {
        let rest = url.find("://").map_or(0, |at| at + 3);
        let at = url[rest..].find('/').map_or(url.len(), |at| rest + at);
        let (server, path) = url.split_at(at);
        let path = if path.is_empty() { "/" } else { path };
        Ok((self.server(server)?, path.to_owned()))
    }

    /// A client of the node at `url`.
    pub(super) fn client(&self, url: &str) -> Result<Client> {
        Client::at(url, self.allow_http, self.ca_file.as_deref())
    }
}

/// Asks the node for its log's keys: pins them at the log's first use, and refuses any others later. `vouched` judges the
/// operator's key by what the person was handed.
pub(super) async fn meet(
    client: &Client,
    wallet: &mut Wallet,
    vouched: impl Fn(&Did) -> Result<()>,
    out: &Output,
) -> Result<Origin> {
    let info = client.log().await?;
    vouched(&info.operator_key)?;
    if wallet.book.meet(client.url(), &info)? == Meeting::First {
        wallet.save()?;
        out.line(format!(
            "First use of the log {}. These keys count for it from now on:",
            info.origin
        ))?;
        for line in wallet.book.log(&info.origin)?.fingerprints() {
            out.line(format!("  {line}"))?;
        }
    }
    Ok(info.origin)
}

/// The same, for the log of a consent.
pub(super) async fn meet_again(
    client: &Client,
    wallet: &mut Wallet,
    consent: &KnownConsent,
    out: &Output,
) -> Result<()> {
    let origin = meet(client, wallet, |_| Ok(()), out).await?;
    if origin == consent.origin {
        return Ok(());
    }
    bail!(
        "{} serves the log {origin}, this consent is in {}",
        client.url(),
        consent.origin
    )
}
