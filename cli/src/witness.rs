//! `placet witness`: a C2SP tlog-witness, in a process of its own.

mod config;

use anyhow::{Context as _, Result};
use placet_witness::{KEY_FILE, Settings, Witness, http};
use serde::Serialize;
use tokio::net::TcpListener;

pub(crate) use config::Args;
use config::Config;

use crate::files;
use crate::output::Output;
use crate::serve::{logging, shutdown};

#[derive(Serialize)]
struct Listening<'a> {
    listening: &'a str,
    vkey: String,
    logs: Vec<&'a str>,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let config = Config::resolve(args)?;
    logging::start(&config.log, config.log_format)?;
    // Before anything is made on disk: a second witness on one port should leave no trace.
    let listener = TcpListener::bind(&config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    let address = listener.local_addr().context("the socket has no address")?;
    // From here on: a signal that comes while the witness opens is not lost.
    let signal = shutdown::signal()?;

    files::make_folder(&config.dir)?;
    let key = config.dir.join(KEY_FILE);
    let first = !key.exists();
    let mut settings = Settings::new(config.dir.clone(), config.name.clone(), config.logs.clone());
    settings.forget_times = config.forget_times;
    let witness = Witness::open(settings).await;
    let witness = witness.with_context(|| format!("the witness in {} does not open", config.dir.display()))?;
    if first {
        out.line(format_args!(
            "made the key {}: keep it with its state, and never restore either",
            key.display()
        ))?;
    }
    let forks = witness.forks().await.context("the state cannot be read")?;
    if !forks.is_empty() {
        tracing::warn!(forks = forks.len(), "evidence of forked logs is kept");
    }
    let local = format!("http://{address}{}", config.prefix);
    let listening = Listening {
        listening: &local,
        vkey: witness.vkey().to_string(),
        logs: config.logs.origins().map(|origin| origin.as_str()).collect(),
    };
    out.result(&listening, |listening| {
        format!("vkey {}\nlistening on {}", listening.vkey, listening.listening)
    })?;
    tracing::info!(address = local, vkey = %witness.vkey(), logs = listening.logs.len(), "the witness is up");
    let served = http::serve(listener, witness.clone(), &config.prefix, signal).await;
    witness.close().await;
    served.context("the HTTP service failed")?;
    tracing::info!("the witness is down");
    Ok(())
}
