//! `placet brand audits`: what auditors have looked at.

use anyhow::Result;

use crate::client::ServerArgs;
use crate::output::{Output, table};
use crate::token::BrandToken;

/// List what auditors have looked at
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: BrandToken,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let client = args.server.client()?.with_token(args.token.read()?);
    let uses = client.audits().await?;
    out.result(&uses, |uses| {
        let rows: Vec<_> = uses
            .iter()
            .map(|used| {
                let records = match (used.first, used.last) {
                    (Some(first), Some(last)) => format!("{} of #{first} to #{last}", used.count),
                    _ => "none".to_owned(),
                };
                [
                    used.time.to_string(),
                    used.audit.case.to_string(),
                    format!("{} ({})", used.label, used.token),
                    format!("{} to {}", used.audit.from, used.audit.to),
                    records,
                ]
            })
            .collect();
        table(["TIME", "CASE", "TOKEN", "PERIOD", "RECORDS"], &rows)
    })
}
