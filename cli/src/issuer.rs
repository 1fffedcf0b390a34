//! `placet issuer`: consent receipts and their status lists, in a process of its own.

mod config;

use anyhow::{Context as _, Result};
use placet_issuer::vc_api::VcApi;
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
    #[serde(rename = "vcApi", skip_serializing_if = "Option::is_none")]
    vc_api: Option<&'a str>,
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
    if let Some(access) = &config.vc_api {
        access.check(&address)?;
    }
    let local = format!("http://{address}");
    let public_url = placet_issuer::PublicUrl::parse(config.public_url.as_deref().unwrap_or(&local))?;
    // From here on: a signal that comes while the database opens is not lost.
    let signal = shutdown::signal()?;
    let place = public_url.clone();
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
    let vc_api = match config.vc_api {
        Some(access) => {
            let opened = VcApi::open(&config.dir, &place, access).await;
            Some(opened.with_context(|| format!("the VC-API in {} does not open", config.dir.display()))?)
        }
        None => None,
    };
    issuer.start();
    let listening = Listening {
        listening: &local,
        issuer: issuer.keys().did().as_str(),
        consents: issuer.consents().await?,
        vc_api: vc_api.as_ref().map(|api| api.did().as_str()),
    };
    out.result(&listening, |listening| {
        let vc_api = listening
            .vc_api
            .map_or_else(String::new, |did| format!("\nVC-API {did}"));
        format!(
            "issuer {}{vc_api}\nlistening on {}",
            listening.issuer, listening.listening
        )
    })?;
    tracing::info!(address = local, issuer = %issuer.keys().did(), "the issuer is up");
    let served = http::serve(listener, issuer.clone(), config.display, vc_api, signal).await;
    issuer.close().await;
    served.context("the HTTP service failed")?;
    tracing::info!("the issuer is down");
    Ok(())
}
