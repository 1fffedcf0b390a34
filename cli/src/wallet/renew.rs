//! `placet wallet renew`: the same or less, for longer.

use anyhow::{Context as _, Result, anyhow, bail};
use placet_schemas::id::{Digest, Language};
use placet_schemas::record::Kind;
use placet_schemas::record::consent::Strength;
use placet_schemas::rules::{Demand, demand};
use placet_schemas::scope::{Clause, Scope};
use placet_schemas::time::Timestamp;
use placet_wallet::Pen;
use placet_wallet::offer::Offer;
use placet_wallet::records::{self, Showing};

use super::ask::confirm;
use super::book::KnownConsent;
use super::grant::{fetch_notice, fetch_offer, page_name};
use super::meet::{NodeArgs, meet_again};
use super::{FileArgs, page, report, send, watch};
use crate::output::Output;
use crate::system;

/// Let a consent last longer, without granting more
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The consent, or the first characters of its id
    consent: String,
    /// Digest of a newer request of the same brand; without it, the one that was answered
    #[arg(long, value_name = "DIGEST")]
    request: Option<Digest>,
    /// When it is to expire; without it, the longest that the request allows
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Say yes without being asked
    #[arg(long)]
    yes: bool,
    /// Make the express statement again for the clause of this number, as `placet wallet show` numbers them
    #[arg(long, value_name = "N", value_delimiter = ',')]
    explicit: Vec<usize>,
    /// Language of the notice, such as en
    #[arg(long)]
    language: Option<Language>,
    #[command(flatten)]
    node: NodeArgs,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let mut wallet = file.open()?;
    let consent = wallet.book.find(&args.consent)?.clone();
    let client = args.node.client(Some(&wallet.book.log(&consent.origin)?.node))?;
    meet_again(&client, &mut wallet, &consent, out).await?;
    if let Some(pending) = wallet.book.pending_of(&consent.state.consent, Kind::Renewal)? {
        let sent = send::again(&mut wallet, &client, pending).await?;
        return report::recorded(out, "Renewed", sent);
    }
    watch::look(&client, &mut wallet, &consent.origin).await?;
    let wanted = args.request.unwrap_or(consent.state.request);
    let bytes = client.request(&wanted).await?;
    let offer = fetch_offer(&client, &wallet, &consent.origin, wanted, &bytes).await?;
    let (language, notice) = fetch_notice(&client, &offer, args.language.as_ref()).await?;
    let scope = kept_scope(&consent, &offer)?;
    out.line(page::offer(&offer, &notice.notice, &language))?;
    out.line("\nWHAT WOULD GO ON\n")?;
    out.line(page::clauses(scope.clauses(), language.as_str()))?;
    if !args.yes && !confirm("Is all of this to go on?")? {
        bail!("you did not say yes, so nothing was signed");
    }
    let explicit = statements(scope.clauses(), &args.explicit)?;
    let showing = Showing {
        request: offer.record(),
        language: &language,
        explicit: &explicit,
        valid_until: args.until,
        strength: Strength::SubjectKey,
        anchor: wallet.book.log(&consent.origin)?.sight()?.anchor(),
        page: &page_name()?,
    };
    let key = consent.key(&wallet.book.seed()?);
    let pen = Pen {
        origin: &consent.origin,
        key: &key,
        random: system::random()?,
        now: system::now()?,
    };
    let built = records::renew(&consent.state, Some(scope), &showing, &pen);
    let built = built.map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let sent = send::first(&mut wallet, &client, built, consent.clone()).await?;
    report::recorded(out, "Renewed", sent)
}

/// What can go on: of the clauses in force, those that the request still offers. A newer request may ask for less.
fn kept_scope(consent: &KnownConsent, offer: &Offer) -> Result<Scope> {
    let offered = &offer.request().clauses;
    let still = |clause: &&Clause| offered.clauses().iter().any(|wider| clause.is_within(wider));
    let kept: Vec<Clause> = consent.state.scope.clauses().iter().filter(still).cloned().collect();
    Scope::new(kept).context("the request offers nothing of what the consent grants: it would need a new consent")
}

/// The clauses about which the express statement is made anew. Each one that needs it must be named.
fn statements(clauses: &[Clause], numbers: &[usize]) -> Result<Vec<Digest>> {
    let mut statements = Vec::new();
    for (at, clause) in clauses.iter().enumerate() {
        let number = at + 1;
        match (demand(clause) == Demand::Explicit, numbers.contains(&number)) {
            (_, true) => statements.push(clause.digest()),
            (true, false) => bail!("clause {number} needs an express statement again: say --explicit {number}"),
            (false, false) => {}
        }
    }
    match numbers.iter().find(|n| **n == 0 || **n > clauses.len()) {
        Some(n) => bail!("there is no clause {n}; they are numbered 1 to {}", clauses.len()),
        None => Ok(statements),
    }
}
