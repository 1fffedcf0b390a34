//! `placet wallet erase`: ask the brand and its recipients to erase data (Article 17).

use anyhow::{Context as _, Result, anyhow};
use placet_schemas::record::Kind;
use placet_schemas::text::{Set, SomeOf};
use placet_schemas::vocab::CategoryTerm;
use placet_wallet::Pen;
use placet_wallet::records::{self, Erasure};

use super::meet::{NodeArgs, meet_again};
use super::{FileArgs, report, send, watch};
use crate::ground::Ground;
use crate::output::Output;
use crate::system;

/// Ask for erasure of the data that came under a consent; the proof that consent was given stays
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The consent, or the first characters of its id
    consent: String,
    /// The ground of Article 17(1)
    #[arg(long, value_enum)]
    ground: Option<Ground>,
    /// Only this category, such as pd:Purchase; repeat it for several
    #[arg(long, value_name = "TERM")]
    category: Vec<CategoryTerm>,
    #[command(flatten)]
    node: NodeArgs,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let mut wallet = file.open()?;
    let consent = wallet.book.find(&args.consent)?.clone();
    let client = args.node.client(Some(&wallet.book.log(&consent.origin)?.node))?;
    meet_again(&client, &mut wallet, &consent, out).await?;
    if let Some(pending) = wallet.book.pending_of(&consent.state.consent, Kind::ErasureRequest)? {
        let sent = send::again(&mut wallet, &client, pending).await?;
        return report::recorded(out, "Erasure requested", sent);
    }
    watch::look(&client, &mut wallet, &consent.origin).await?;
    let categories = match args.category.len() {
        0 => None,
        _ => Some(SomeOf::new(Set::from_members(args.category)).context("no category")?),
    };
    let erasure = Erasure {
        ground: args.ground.map(Into::into),
        categories,
    };
    let anchor = wallet.book.log(&consent.origin)?.sight()?.anchor();
    let key = consent.key(&wallet.book.seed()?);
    let pen = Pen {
        origin: &consent.origin,
        key: &key,
        random: system::random()?,
        now: system::now()?,
    };
    let built = records::erase(&consent.state, erasure, anchor, &pen);
    let built = built.map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let sent = send::first(&mut wallet, &client, built, consent.clone()).await?;
    report::recorded(out, "Erasure requested", sent)
}
