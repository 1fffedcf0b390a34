//! `placet receipt`: receipts of consents, as credentials that any wallet can hold.

mod authorize;
mod dcql;
mod held;
mod present;
mod wire;

use anyhow::{Context as _, Result, bail};
use placet_kernel::bundle::{Verdict, Weight};
use placet_schemas::api::issuer::OfferAnswer;
use placet_schemas::credential::Suite;
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;
use placet_verifier::qr::QrCode;
use serde::Serialize;
use serde_json::value::RawValue;

use super::FileArgs;
use super::book::KeptReceipt;
use super::meet::TransportArgs;
use super::report::short;
use super::store::Wallet;
use crate::output::{self, Output};
use held::{Judged, is_sd_jwt, judge};
use wire::{IssuerClient, Wanted};

/// Receipts of your consents: offer one to another wallet, hold and look at your own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Offer(OfferArgs),
    Accept(AcceptArgs),
    Authorize(authorize::Args),
    Present(present::Args),
    Claim(ClaimArgs),
    List(ListArgs),
    Show(ShowArgs),
}

/// Get an offer of a receipt: a link, also as a QR code, that any wallet opens, and the code that you type into it
#[derive(Debug, clap::Args)]
struct OfferArgs {
    /// The consent, or the first characters of its id
    consent: String,
    /// The issuer's address
    #[arg(long, value_name = "URL")]
    issuer: String,
    #[command(flatten)]
    wanted: WantedArgs,
    /// Show the link as a QR code
    #[arg(long)]
    qr: bool,
    #[command(flatten)]
    transport: TransportArgs,
}

/// Accept an offer with the key of the consent, and keep the receipt
#[derive(Debug, clap::Args)]
struct AcceptArgs {
    /// The link of the offer
    link: String,
    /// The code that was shown with it
    #[arg(long, value_name = "DIGITS")]
    tx_code: Option<String>,
    /// The consent that the offer is for, or the first characters of its id; needed when the wallet has several
    #[arg(long, value_name = "ID")]
    consent: Option<String>,
    #[command(flatten)]
    wanted: WantedArgs,
    #[command(flatten)]
    transport: TransportArgs,
}

/// Get the receipt of a consent and keep it: an offer, and its acceptance
#[derive(Debug, clap::Args)]
struct ClaimArgs {
    /// The consent, or the first characters of its id
    consent: String,
    /// The issuer's address
    #[arg(long, value_name = "URL")]
    issuer: String,
    #[command(flatten)]
    wanted: WantedArgs,
    #[command(flatten)]
    transport: TransportArgs,
}

/// Which of the receipts that are offered.
#[derive(Debug, Clone, Copy, clap::Args)]
struct WantedArgs {
    /// In which format: dc+sd-jwt can be presented in part (`placet receipt present`) [default: an offer names both, and this
    /// wallet takes ldp_vc]
    #[arg(long)]
    format: Option<FormatChoice>,
    /// By which suites an ldp_vc is to be signed: some verifiers know only one [default: eddsa-jcs-2022]
    #[arg(long)]
    suite: Option<SuiteChoice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatChoice {
    #[value(name = "ldp_vc")]
    LdpVc,
    #[value(name = "dc+sd-jwt")]
    SdJwt,
}

impl WantedArgs {
    fn wanted(self) -> Result<Wanted> {
        match (self.format, self.suite) {
            (None, None) => Ok(Wanted::Any),
            (_, Some(suite)) if self.format != Some(FormatChoice::SdJwt) => Ok(Wanted::LdpVc(suite.suites())),
            (Some(FormatChoice::LdpVc), _) => Ok(Wanted::LdpVc(SuiteChoice::EddsaJcs2022.suites())),
            (_, None) => Ok(Wanted::SdJwt),
            (_, Some(_)) => bail!("--suite is for the format ldp_vc: a dc+sd-jwt has one signature"),
        }
    }
}

/// The suites of a receipt's proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SuiteChoice {
    #[value(name = "eddsa-jcs-2022")]
    EddsaJcs2022,
    #[value(name = "eddsa-rdfc-2022")]
    EddsaRdfc2022,
    Both,
}

impl SuiteChoice {
    const fn suites(self) -> &'static [Suite] {
        match self {
            Self::EddsaJcs2022 => &[Suite::EddsaJcs2022],
            Self::EddsaRdfc2022 => &[Suite::EddsaRdfc2022],
            Self::Both => &[Suite::EddsaJcs2022, Suite::EddsaRdfc2022],
        }
    }
}

/// List the receipts, each judged by its status list as it is now
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Do not ask the issuers: then nobody knows whether they are in force
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    transport: TransportArgs,
}

/// Print the receipt of a consent, as it was given
#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The consent, or the first characters of its id
    consent: String,
    /// In which format, where the wallet has both [default: the one that came last]
    #[arg(long)]
    format: Option<FormatChoice>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfferReport<'a> {
    link: &'a str,
    tx_code: &'a str,
    expires_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    consent: Digest,
    issuer: String,
    legal_name: String,
    valid_until: Timestamp,
    issued: Verdict,
    recorded: Verdict,
    in_force: Verdict,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let Args { file, command } = args;
    let wallet = file.open()?;
    match command {
        Command::Offer(args) => offer(&args, &wallet, out).await,
        Command::Accept(args) => accept(&args, wallet, out).await,
        Command::Authorize(args) => authorize::run(args, wallet, out).await,
        Command::Present(args) => present::run(&args, wallet, out).await,
        Command::Claim(args) => claim(&args, wallet, out).await,
        Command::List(args) => list(&args, &wallet, out).await,
        Command::Show(args) => show(&args, &wallet, out),
    }
}

async fn offer(args: &OfferArgs, wallet: &Wallet, out: &Output) -> Result<()> {
    let issuer = args.transport.issuer(&args.issuer)?;
    let offer = ask(&issuer, wallet, &args.consent, args.wanted.wanted()?).await?;
    let report = OfferReport {
        link: &offer.link,
        tx_code: &offer.tx_code,
        expires_at: offer.expires_at,
    };
    out.result(&report, |report| {
        format!(
            "{}\ncode {} (type it into the wallet that opens the link; both are good until {})",
            report.link, report.tx_code, report.expires_at
        )
    })?;
    if args.qr {
        let code = QrCode::of(&offer.link)?.terminal(output::colours());
        out.styled(code.trim_end_matches('\n'))?;
    }
    Ok(())
}

async fn claim(args: &ClaimArgs, wallet: Wallet, out: &Output) -> Result<()> {
    let issuer = args.transport.issuer(&args.issuer)?;
    let offer = ask(&issuer, &wallet, &args.consent, args.wanted.wanted()?).await?;
    let accepted = AcceptArgs {
        link: offer.link,
        tx_code: Some(offer.tx_code),
        consent: Some(args.consent.clone()),
        wanted: args.wanted,
        transport: args.transport.clone(),
    };
    accept(&accepted, wallet, out).await
}

async fn ask(issuer: &IssuerClient, wallet: &Wallet, consent: &str, wanted: Wanted) -> Result<OfferAnswer> {
    let known = wallet.book.find(consent)?;
    let key = known.key(&wallet.book.seed()?);
    issuer.offer(&known.state.consent, wanted, &key).await
}

async fn accept(args: &AcceptArgs, mut wallet: Wallet, out: &Output) -> Result<()> {
    let offer = wire::read_link(&args.link)?;
    let known = match &args.consent {
        Some(consent) => wallet.book.find(consent)?,
        None => match wallet.book.consents.as_slice() {
            [only] => only,
            _ => bail!("which consent is the offer for? Say --consent ID"),
        },
    };
    let (consent, key) = (known.state.consent, known.key(&wallet.book.seed()?));
    let issuer = args.transport.issuer(&offer.credential_issuer)?;
    let wanted = args.wanted.wanted()?;
    let credential = issuer.claim(&offer, wanted, args.tx_code.as_deref(), &key).await?;
    let kept = KeptReceipt {
        consent,
        issuer: issuer.url().to_owned(),
        credential,
    };
    held::pin(&mut wallet, &issuer, &kept).await?;
    let judged = judge(&wallet, &kept, Some(&issuer)).await?;
    check(&judged, &consent)?;
    wallet
        .book
        .receipts
        .retain(|known| known.consent != consent || known.issuer != kept.issuer || !same_format(known, &kept));
    wallet.book.receipts.push(kept);
    wallet.save()?;
    let line = line(judged);
    out.result(&line, |line| {
        format!(
            "Kept the receipt of {}: {} until {}, issued by {}",
            short(&line.consent),
            line.legal_name,
            line.valid_until,
            line.issuer
        )
    })
}

fn same_format(one: &KeptReceipt, other: &KeptReceipt) -> bool {
    is_sd_jwt(&one.credential) == is_sd_jwt(&other.credential)
}

/// A receipt that does not hold, or is another's, is not kept.
fn check(judged: &Judged, consent: &Digest) -> Result<()> {
    if judged.consent != *consent {
        bail!("the issuer gave a receipt of another consent; it is not kept");
    }
    let holds = [judged.issued, judged.recorded, judged.in_force]
        .iter()
        .all(|verdict| *verdict == Verdict::Holds);
    if !holds {
        let first = judged.findings.iter().find(|found| found.weight != Weight::Note);
        let why = first.map_or_else(String::new, |found| format!(": {}: {}", found.code, found.why));
        bail!("the issuer's receipt does not hold, and is not kept{why}");
    }
    Ok(())
}

async fn list(args: &ListArgs, wallet: &Wallet, out: &Output) -> Result<()> {
    let mut lines = Vec::new();
    for kept in &wallet.book.receipts {
        let issuer = match args.offline {
            true => None,
            false => Some(args.transport.issuer(&kept.issuer)?),
        };
        lines.push(line(judge(wallet, kept, issuer.as_ref()).await?));
    }
    out.result(&lines, |lines| {
        if lines.is_empty() {
            return "The wallet has no receipts yet.".to_owned();
        }
        let row = |line: &Line| {
            let holds = |verdict: Verdict| match verdict {
                Verdict::Holds => "yes",
                Verdict::Fails => "no",
                Verdict::CannotTell => "cannot tell",
            };
            [
                short(&line.consent),
                line.legal_name.clone(),
                line.valid_until.to_string(),
                holds(line.issued.max(line.recorded)).to_owned(),
                holds(line.in_force).to_owned(),
            ]
        };
        let rows: Vec<_> = lines.iter().map(row).collect();
        output::table(["CONSENT", "BRAND", "UNTIL", "GENUINE", "IN FORCE"], &rows)
    })
}

fn show(args: &ShowArgs, wallet: &Wallet, out: &Output) -> Result<()> {
    let consent = wallet.book.find(&args.consent)?.state.consent;
    let kept = wallet.book.receipts.iter().rfind(|kept| {
        let is_it = |format| is_sd_jwt(&kept.credential) == (format == FormatChoice::SdJwt);
        kept.consent == consent && args.format.is_none_or(is_it)
    });
    let kept = kept.with_context(|| {
        format!(
            "the wallet has no receipt of {}: get one with `placet receipt claim`",
            short(&consent)
        )
    })?;
    let credential: Box<RawValue> = match is_sd_jwt(&kept.credential) {
        true => serde_json::value::to_raw_value(&kept.credential),
        false => serde_json::from_str(&kept.credential),
    }
    .context("the receipt is no JSON")?;
    out.result(&credential, |_| kept.credential.clone())
}

fn line(judged: Judged) -> Line {
    Line {
        consent: judged.consent,
        issuer: judged.issuer,
        legal_name: judged.legal_name,
        valid_until: judged.valid_until,
        issued: judged.issued,
        recorded: judged.recorded,
        in_force: judged.in_force,
    }
}

impl TransportArgs {
    fn issuer(&self, url: &str) -> Result<IssuerClient> {
        IssuerClient::new(url, self)
    }
}
