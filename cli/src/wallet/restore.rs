//! `placet wallet restore`: the seed from paper, and the consents from the logs.
//!
//! The wallet does not remember which brands it met, so it derives a DID per registered brand, per curve and generation, and
//! asks the log for each whether it has consents. The log learns no more than that somebody holds these DIDs.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use placet_kernel::bundle::Story;
use placet_schemas::api::ControllerSummary;
use placet_schemas::id::{Digest, Origin};
use placet_wallet::keys::Seed;
use serde::Serialize;
use zeroize::Zeroizing;

use super::book::{Book, Curve, KnownConsent};
use super::meet::{TransportArgs, meet};
use super::store::Wallet;
use super::{FileArgs, evidence, passphrase, session, store, watch, words};
use crate::client::Client;
use crate::files;
use crate::output::{self, Output};

/// Longest text of words that is read, in bytes.
const MAX_WORDS_BYTES: usize = 4096;

/// Make a wallet from its words or from a copy, and find its consents
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file with the 24 words; `-` is standard input. Without it and --from, you are asked
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    words: Option<PathBuf>,
    /// A copy that `placet wallet backup --out` wrote
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A file with the copy's passphrase, where it is another than the new wallet's
    #[arg(long, value_name = "FILE", requires = "from")]
    old_passphrase_file: Option<PathBuf>,
    /// Address of a node whose log may have consents of yours; repeat it for several
    #[arg(long, alias = "url", value_name = "URL")]
    node: Vec<String>,
    /// How many unused keys of a brand are tried before the search for it ends
    #[arg(long, default_value_t = 2, value_name = "N")]
    gap: u32,
    #[command(flatten)]
    transport: TransportArgs,
}

#[derive(Serialize)]
struct Report {
    wallet: String,
    found: Vec<Found>,
    known: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    consent: Digest,
    legal_name: String,
    origin: Origin,
    curve: Curve,
    generation: u32,
}

pub(super) async fn run(args: Args, file: &FileArgs, out: &Output) -> Result<()> {
    let book = match &args.from {
        Some(copy) => {
            let old = args.old_passphrase_file.as_deref().or(file.passphrase_file.as_deref());
            store::read(copy, &passphrase::ask(old)?)?.1
        }
        None => Book::new(&typed(args.words.as_ref())?),
    };
    let passphrase = passphrase::choose(file.passphrase_file.as_deref())?;
    let mut wallet = Wallet::create(&file.wallet, &passphrase, book)?;
    let known = wallet.book.consents.len();
    let mut found = Vec::new();
    for url in &args.node {
        let client = args.transport.client(url)?;
        found.extend(search(&client, &mut wallet, args.gap, out).await?);
        wallet.save()?;
    }
    let report = Report {
        wallet: file.wallet.display().to_string(),
        found,
        known,
    };
    out.result(&report, human)
}

/// Searches one log.
async fn search(client: &Client, wallet: &mut Wallet, gap: u32, out: &Output) -> Result<Vec<Found>> {
    let origin = meet(client, wallet, |_| Ok(()), out).await?;
    watch::look(client, wallet, &origin).await?;
    let mut found = Vec::new();
    for brand in client.controllers().await? {
        for curve in [Curve::Ed25519, Curve::P256] {
            found.extend(search_keys(client, wallet, &origin, &brand, curve, gap).await?);
        }
    }
    Ok(found)
}

/// Searches one brand's keys of one curve, until so many in a row have no consent.
async fn search_keys(
    client: &Client,
    wallet: &mut Wallet,
    origin: &Origin,
    brand: &ControllerSummary,
    curve: Curve,
    gap: u32,
) -> Result<Vec<Found>> {
    let seed = wallet.book.seed()?;
    let (mut found, mut generation, mut unused) = (Vec::new(), 0, 0);
    while unused < gap.max(1) {
        let key = seed.pairwise(origin, &brand.did, curve.algorithm(), generation);
        let reader = session::open(client, origin, &key).await?;
        let consents = reader.consents().await?;
        unused = if consents.is_empty() { unused + 1 } else { 0 };
        for summary in consents {
            if wallet.book.consent_mut(&summary.consent).is_some() {
                continue;
            }
            let evidence = evidence::fetch(&reader, wallet, origin, &key.did(), &summary.consent).await?;
            let known = bring_back(origin, curve, generation, evidence.story)?;
            found.push(Found {
                consent: summary.consent,
                legal_name: known.legal_name.to_string(),
                origin: origin.clone(),
                curve,
                generation,
            });
            wallet.book.consents.push(known);
        }
        generation += 1;
    }
    Ok(found)
}

/// A consent as the log's evidence tells it. The log's lists are not believed: they only say where to look.
fn bring_back(origin: &Origin, curve: Curve, generation: u32, story: Story) -> Result<KnownConsent> {
    Ok(KnownConsent {
        origin: origin.clone(),
        curve,
        generation,
        legal_name: story.legal_name.parse().context("the brand's name is no text")?,
        state: story.state,
        code: None,
        kept: Vec::new(),
    })
}

fn typed(path: Option<&PathBuf>) -> Result<Seed> {
    let text = match path {
        Some(path) => files::read_text(path, MAX_WORDS_BYTES)?,
        None if io::stdin().is_terminal() => {
            rpassword::prompt_password("The 24 words: ").context("cannot read them")?
        }
        None => bail!("there is no terminal to ask for the words at: give --words FILE, or --from FILE"),
    };
    words::to_seed(&Zeroizing::new(text))
}

fn human(report: &Report) -> String {
    let mut text = format!("The wallet is {}.\n", report.wallet);
    if report.known > 0 {
        text.push_str(&format!("{} consent(s) came with the copy.\n", report.known));
    }
    let rows: Vec<_> = report
        .found
        .iter()
        .map(|found| {
            [
                super::report::short(&found.consent),
                found.legal_name.clone(),
                found.origin.to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        text.push_str("No further consent was found in the logs that were asked; name others with --node.");
    } else {
        text.push_str(&output::table(["FOUND", "BRAND", "LOG"], &rows));
    }
    text
}
