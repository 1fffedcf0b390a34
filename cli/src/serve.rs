//! `placet serve`: the node.

mod config;
pub(crate) mod logging;
pub(crate) mod shutdown;

use std::path::Path;

use anyhow::{Context as _, Result};
use placet_ledger::http::{self, HttpConfig, HttpState};
use placet_ledger::{Ledger, Role, Settings, TokenOrder};
use serde::Serialize;
use tokio::net::TcpListener;

pub(crate) use config::Args;
use config::Config;

use crate::output::Output;
use crate::{files, node};

/// Label of the token that the first start makes.
const FIRST_TOKEN: &str = "made by placet serve";

#[derive(Serialize)]
struct Listening<'a> {
    listening: &'a str,
    origin: &'a str,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let config = Config::resolve(args)?;
    logging::start(&config.log, config.log_format)?;
    // Before anything is made on disk: a second node on one port should leave no trace.
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let local = format!("http://{}", listener.local_addr().context("the socket has no address")?);
    // From here on: a signal that comes while the ledger opens is not lost.
    let signal = shutdown::signal()?;

    if !node::has_keys(&config.dir) {
        let made = node::create(&config.dir, &config.origin, config.public_url.as_deref())?;
        out.line(format_args!("made keys in {}: back them up", made.keys.display()))?;
        out.line(format_args!(
            "wrote {} for whoever is to judge this log",
            made.trust.display()
        ))?;
    }
    let keys = node::load(&config.dir)?;
    let mut settings = Settings::new(config.origin.clone(), config.dir.clone());
    settings.tick = config.tick;
    settings.head_file.clone_from(&config.head_file);
    settings.witnesses.clone_from(&config.witnesses);
    settings.without_witnesses = config.without_witnesses;
    settings.without_keyring = config.without_keyring;
    settings.authorities.clone_from(&config.authorities);
    let ledger = Ledger::open(settings, keys).await;
    let ledger = ledger.with_context(|| format!("the ledger in {} does not open", config.dir.display()))?;
    let served = serve(&ledger, listener, &local, &config, signal, out).await;
    // Also after a failure: the batch is finished, so that whoever waits for an answer had it or can ask again.
    ledger.close().await;
    served
}

async fn serve(
    ledger: &Ledger,
    listener: TcpListener,
    local: &str,
    config: &Config,
    signal: impl Future<Output = ()> + Send + 'static,
    out: &Output,
) -> Result<()> {
    operator_token(ledger, &config.dir, out).await?;
    let mut http_config = HttpConfig::new(config.public_url.as_deref().unwrap_or(local));
    http_config.outgoing.allow_private_addresses = config.outgoing_allow_private;
    http_config.outgoing.allow_http = config.outgoing_allow_http;
    let state = HttpState::new(ledger.clone(), http_config).context("the HTTP service does not start")?;
    let listening = Listening {
        listening: local,
        origin: config.origin.as_str(),
    };
    out.result(&listening, |listening| format!("listening on {}", listening.listening))?;
    tracing::info!(address = local, origin = %config.origin, records = ledger.size(), "the node is up");
    http::serve(listener, state, signal)
        .await
        .context("the HTTP service failed")?;
    tracing::info!(records = ledger.size(), "the node is down");
    Ok(())
}

/// Without a token nobody could ever register a brand. A crash between the two steps costs a token that nobody knows; the
/// next start makes another.
async fn operator_token(ledger: &Ledger, dir: &Path, out: &Output) -> Result<()> {
    let path = dir.join(node::OPERATOR_TOKEN_FILE);
    if path.exists() {
        return Ok(());
    }
    let order = TokenOrder {
        role: Role::Operator,
        controller: None,
        audit: None,
        kinds: None,
        key: None,
        label: FIRST_TOKEN.to_owned(),
        expires: None,
    };
    let (_, token) = ledger.issue_token(order).await.context("no operator token was made")?;
    files::write_new(&path, format!("{}\n", token.expose()).as_bytes(), files::SECRET)?;
    out.line(format_args!("wrote the operator's token to {}", path.display()))
}
