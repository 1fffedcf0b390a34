//! `placet wallet narrow`: take a part back.

use anyhow::{Result, anyhow};
use placet_schemas::narrowing::Pattern;
use placet_schemas::record::{Body, Kind};
use placet_wallet::Pen;
use placet_wallet::records;

use super::book::Pending;
use super::meet::{NodeArgs, meet_again};
use super::{FileArgs, pattern, report, send, watch};
use crate::output::Output;
use crate::system;

/// Take a part of a consent back
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The consent, or the first characters of its id
    consent: String,
    /// What goes: `clause N`, or `PURPOSE / DIMENSION / VALUE` such as `* / category / pd:Purchase`; repeat it for several
    #[arg(long, required = true, value_name = "PATTERN")]
    remove: Vec<String>,
    #[command(flatten)]
    node: NodeArgs,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let mut wallet = file.open()?;
    let consent = wallet.book.find(&args.consent)?.clone();
    let client = args.node.client(Some(&wallet.book.log(&consent.origin)?.node))?;
    meet_again(&client, &mut wallet, &consent, out).await?;
    let removed = parse(&args.remove, &consent.state.scope)?;
    if let Some(pending) = wallet.book.pending_of(&consent.state.consent, Kind::Narrowing)? {
        let same = is_same(&pending, &removed)?;
        let sent = send::again(&mut wallet, &client, pending).await?;
        report::recorded(out, "Narrowed", sent)?;
        if same {
            return Ok(());
        }
    }
    watch::look(&client, &mut wallet, &consent.origin).await?;
    let consent = wallet.book.find(&args.consent)?.clone();
    let removed = parse(&args.remove, &consent.state.scope)?;
    let anchor = wallet.book.log(&consent.origin)?.sight()?.anchor();
    let key = consent.key(&wallet.book.seed()?);
    let pen = Pen {
        origin: &consent.origin,
        key: &key,
        random: system::random()?,
        now: system::now()?,
    };
    let built = records::narrow(&consent.state, removed, anchor, &pen);
    let built = built.map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let sent = send::first(&mut wallet, &client, built, consent.clone()).await?;
    report::recorded(out, "Narrowed", sent)
}

fn parse(texts: &[String], scope: &placet_schemas::scope::Scope) -> Result<Vec<Pattern>> {
    texts.iter().map(|text| pattern::parse(text, scope)).collect()
}

/// Whether the unanswered narrowing takes back exactly what is asked for now.
fn is_same(pending: &Pending, removed: &[Pattern]) -> Result<bool> {
    Ok(matches!(pending.parsed()?.body, Body::Narrowing(narrowing) if narrowing.removed.as_slice() == removed))
}
