//! `placet issuer`: consent receipts and their status lists, in a process of its own.

mod config;

use anyhow::{Context as _, Result};
use placet_issuer::{Issuer, Settings, http};
use serde::Serialize;
use tokio::net::TcpListener;

use config::Config;
pub(crate) use config::{Args, DEFAULT_DIR};

use crate::node;
use crate::output::Output;
use crate::serve::{logging, shutdown};

#[derive(Serialize)]
struct Listening<'a> {
    listening: &'a str,
    issuer: &'a str,
    consents: u64,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let config = Config::resolve(args)?;
    logging::start(&config.log, config.log_format)?;
    let trust = node::read_trust(&config.trust)?;
    let origin = match config.origin {
        Some(origin) => origin,
        None => node::only_log(&trust)
            .with_context(|| format!("{} names several logs: say which with --origin", config.trust.display()))?,
    };
    // Before anything is made on disk: a second issuer on one port should leave no trace.
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the socket has no address")?;
    let local = format!("http://{address}");
    let public_url = placet_issuer::PublicUrl::parse(config.public_url.as_deref().unwrap_or(&local))?;
    // From here on: a signal that comes while the database opens is not lost.
    let signal = shutdown::signal()?;
    let issuer = Issuer::open(Settings {
        dir: config.dir.clone(),
        origin,
        ledger: config.ledger,
        token: config.token,
        trust,
        public_url,
        by_key: config.by_key,
    });
    let issuer = issuer
        .await
        .with_context(|| format!("the issuer in {} does not open", config.dir.display()))?;
    issuer.start();
    let listening = Listening {
        listening: &local,
        issuer: issuer.keys().did().as_str(),
        consents: issuer.consents().await?,
    };
    out.result(&listening, |listening| {
        format!("issuer {}\nlistening on {}", listening.issuer, listening.listening)
    })?;
    tracing::info!(address = local, issuer = %issuer.keys().did(), "the issuer is up");
    let served = http::serve(listener, issuer.clone(), config.display, signal).await;
    issuer.close().await;
    served.context("the HTTP service failed")?;
    tracing::info!("the issuer is down");
    Ok(())
}
