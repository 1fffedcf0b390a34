//! `placet verifier`: a brand's verifier, in a process of its own beside the brand's services.

mod config;
pub(crate) mod webhook;

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use placet_verifier::http::{self, HttpConfig};
use placet_verifier::{Settings, Verifier};
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
    verifier: &'a str,
    controller: &'a str,
    consents: usize,
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
    // Before anything is made on disk: a second verifier on one port should leave no trace.
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the socket has no address")?;
    if !address.ip().is_loopback() && config.access_token.is_none() {
        bail!(
            "{address} can be reached from other machines: give --access-token-file, a token that the brand's services show; \
             without one a verifier listens on this machine alone"
        );
    }
    // From here on: a signal that comes while the replica opens is not lost.
    let signal = shutdown::signal()?;
    let verifier = Verifier::open(Settings {
        dir: config.dir.clone(),
        origin,
        controller: config.did.clone(),
        ledger: config.ledger,
        token: config.token,
        trust,
        authorization: config.authorization,
        policy: config.policy,
        register: config.register,
        cool_down: config.cool_down,
        webhook: config.webhook,
    });
    let verifier = verifier
        .await
        .with_context(|| format!("the verifier in {} does not open", config.dir.display()))?;
    verifier.start();
    let local = format!("http://{address}");
    let listening = Listening {
        listening: &local,
        verifier: verifier.did().as_str(),
        controller: config.did.as_str(),
        consents: verifier.counts().consents,
    };
    out.result(&listening, |listening| {
        format!("verifier {}\nlistening on {}", listening.verifier, listening.listening)
    })?;
    tracing::info!(address = local, verifier = %verifier.did(), "the verifier is up");
    let http = HttpConfig {
        public_url: config.public_url.unwrap_or_else(|| url_of(address)),
        token: config.access_token,
        presentations: config.presentations,
    };
    let served = http::serve(listener, verifier.clone(), &http, signal).await;
    verifier.close().await;
    served.context("the HTTP service failed")?;
    tracing::info!("the verifier is down");
    Ok(())
}

fn url_of(address: SocketAddr) -> String {
    format!("http://{address}")
}
