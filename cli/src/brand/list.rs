//! `placet brand list`: the registered brands.

use anyhow::Result;
use placet_schemas::record::keys::KeySource;

use crate::client::ServerArgs;
use crate::output::{Output, table};

/// List the registered brands
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let brands = args.server.client()?.controllers().await?;
    out.result(&brands, |brands| {
        let rows: Vec<_> = brands
            .iter()
            .map(|brand| {
                let source = match brand.source {
                    KeySource::Fetched => "fetched",
                    KeySource::Supplied => "supplied",
                };
                [
                    brand.legal_name.to_string(),
                    brand.did.to_string(),
                    brand.keys_index.to_string(),
                    source.to_owned(),
                ]
            })
            .collect();
        table(["NAME", "DID", "KEYS AT", "DOCUMENT"], &rows)
    })
}
