//! What a service tells its operator, on standard error.

use std::io;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged when nothing else is asked for.
pub(crate) const DEFAULT_LOG: &str = "info";

/// How to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<()> {
    let wanted = filter.parse::<Targets>();
    let wanted = wanted.with_context(|| format!("log = {filter:?} is no filter such as info,placet_ledger=debug"))?;
    let layer = match format {
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
