//! What the node tells the operator, on standard error.

use std::io;

use anyhow::{Context as _, Result};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::config::{Config, LogFormat};

/// Starts logging.
pub(super) fn start(config: &Config) -> Result<()> {
    let wanted = config.log.parse::<Targets>();
    let wanted =
        wanted.with_context(|| format!("log = {:?} is no filter such as info,placet_ledger=debug", config.log))?;
    let layer = match config.log_format {
        LogFormat::Text => tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(io::stderr)
            .boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(wanted))
        .try_init()
        .context("logging does not start")
}
