//! `placet receipt authorize`: which other keys may hold receipts of a consent.

use anyhow::{Context as _, Result, anyhow};
use placet_schemas::id::Did;
use placet_schemas::record::Kind;
use placet_schemas::record::holders::Holders;
use placet_wallet::Pen;
use placet_wallet::records;

use crate::output::Output;
use crate::system;
use crate::wallet::meet::{NodeArgs, meet_again};
use crate::wallet::store::Wallet;
use crate::wallet::{report, send, watch};

/// Say which keys besides the consent's own may hold its receipts: those of other wallets
///
/// It says all of them anew. Receipts of a key that is left out are void.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The consent, or the first characters of its id
    consent: String,
    /// The did:key of another wallet; again for each further one, at most 7
    #[arg(long = "key", value_name = "DID", required_unless_present = "none")]
    keys: Vec<Did>,
    /// None but the consent's own
    #[arg(long, conflicts_with = "keys")]
    none: bool,
    #[command(flatten)]
    node: NodeArgs,
}

pub(super) async fn run(args: Args, mut wallet: Wallet, out: &Output) -> Result<()> {
    const DONE: &str = "Said who may hold receipts";
    let consent = wallet.book.find(&args.consent)?.clone();
    let client = args.node.client(Some(&wallet.book.log(&consent.origin)?.node))?;
    meet_again(&client, &mut wallet, &consent, out).await?;
    if let Some(pending) = wallet
        .book
        .pending_of(&consent.state.consent, Kind::HolderKeyAuthorization)?
    {
        let sent = send::again(&mut wallet, &client, pending).await?;
        return report::recorded(out, DONE, sent);
    }
    watch::look(&client, &mut wallet, &consent.origin).await?;
    let holders = Holders::from_members(args.keys).context("these are no keys of wallets")?;
    let key = consent.key(&wallet.book.seed()?);
    let pen = Pen {
        origin: &consent.origin,
        key: &key,
        random: system::random()?,
        now: system::now()?,
    };
    let built = records::authorize_holders(&consent.state, holders, &pen);
    let built = built.map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let sent = send::first(&mut wallet, &client, built, consent.clone()).await?;
    report::recorded(out, DONE, sent)
}
