//! `placet brand end`: the brand itself ends a consent.

use anyhow::Result;
use placet_schemas::id::Digest;
use placet_schemas::text::Text;
use placet_wallet::brand;

use super::session::{Session, SessionArgs, built};
use crate::output::Output;

/// End a consent, as the brand
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The consent
    #[arg(long, value_name = "ID")]
    consent: Digest,
    /// Why, such as "the newsletter was discontinued"; nothing about the person
    #[arg(long)]
    reason: Text,
    #[command(flatten)]
    session: SessionArgs,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let session = Session::open(&args.session).await?;
    let record = built(brand::end(
        args.consent,
        args.reason,
        session.key.brand(),
        &session.pen()?,
    ))?;
    session.record_ending(&record, out).await
}
