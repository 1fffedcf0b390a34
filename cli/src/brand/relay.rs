//! `placet brand relay-withdrawal`: a person told the brand that she withdraws, and the brand passes it on.

use anyhow::Result;
use placet_schemas::id::Digest;
use placet_schemas::text::Text;
use placet_schemas::time::Timestamp;
use placet_wallet::brand;

use super::session::{Session, SessionArgs, built};
use crate::output::Output;

/// Pass on a withdrawal that reached the brand itself
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The consent
    #[arg(long, value_name = "ID")]
    consent: Digest,
    /// How it reached the brand: a word or two, such as phone; nothing about the person
    #[arg(long)]
    channel: Text,
    /// When it reached the brand; now without it
    #[arg(long, value_name = "TIME")]
    received_at: Option<Timestamp>,
    #[command(flatten)]
    session: SessionArgs,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let session = Session::open(&args.session).await?;
    let pen = session.pen()?;
    let received_at = args.received_at.unwrap_or(pen.now);
    let record = built(brand::relay_withdrawal(
        args.consent,
        args.channel,
        received_at,
        session.key.brand(),
        &pen,
    ))?;
    session.record_ending(&record, out).await
}
