//! `placet brand invite`: single-use invitations to answer a request.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use placet_schemas::api::{FreshInvitation, Invite};
use placet_schemas::id::Digest;
use placet_verifier::qr::QrCode;

use super::customers::{self, CustomersArgs, Invited};
use crate::client::ServerArgs;
use crate::files;
use crate::output::{self, Output};
use crate::token::BrandToken;

/// Make invitations to answer a request
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The request
    #[arg(long, value_name = "DIGEST")]
    request: Digest,
    /// The brand's own reference of the person who is invited; it stays in the brand's file
    #[arg(long, value_name = "REF")]
    customer: Option<String>,
    /// How many
    #[arg(long, default_value_t = 1, conflicts_with = "customer")]
    count: u32,
    /// How long they live, in seconds
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u64>,
    /// Show each link as a QR code too; nothing with --json
    #[arg(long)]
    qr: bool,
    /// Write each link's QR code to a new PNG; with --count, FILE-1.png and so on
    #[arg(long, value_name = "FILE")]
    qr_png: Option<PathBuf>,
    #[command(flatten)]
    customers: CustomersArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: BrandToken,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    if args.customer.is_some() {
        // A list that cannot be read is found out before an invitation is made, not after.
        customers::read(&args.customers.customers)?;
    }
    let pictures = match &args.qr_png {
        Some(file) => pictures(file, args.count)?,
        None => Vec::new(),
    };
    let client = args.server.client()?.with_token(args.token.read()?);
    let order = Invite {
        count: Some(args.count),
        ttl_seconds: args.ttl,
    };
    let made = client.invite(&args.request, &order).await?.invitations;
    if made.len() != usize::try_from(args.count)? {
        bail!("the ledger made {} invitations in place of {}", made.len(), args.count);
    }
    if let Some(customer) = args.customer {
        let fresh = made.first().context("the ledger made no invitation")?;
        let row = Invited {
            invitation: fresh.invitation.digest(),
            request: args.request,
            customer,
            expires_at: fresh.expires_at,
            grant: None,
        };
        // Before it is shown: an invitation in the world without its row could be answered by nobody knows whom.
        customers::add(&args.customers.customers, row)?;
    }
    // Whatever becomes of the pictures, the links are told: they are in the world, and cannot be had again.
    let drawn = draw(&pictures, &made);
    out.result(&made, |made| made.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    drawn?;
    for picture in &pictures {
        out.line(format_args!(
            "wrote {}, which is as secret as the link",
            picture.display()
        ))?;
    }
    if args.qr {
        show(&made, out)?;
    }
    Ok(())
}

fn line(fresh: &FreshInvitation) -> String {
    format!("{}  (until {})", fresh.link, fresh.expires_at)
}

/// The files of so many pictures, none of which is there yet.
fn pictures(file: &Path, count: u32) -> Result<Vec<PathBuf>> {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.with_context(|| format!("{} is no name of a file", file.display()))?;
    let numbered = |at: u32| match file.extension() {
        Some(extension) => file.with_file_name(format!("{stem}-{at}.{}", extension.to_string_lossy())),
        None => file.with_file_name(format!("{stem}-{at}")),
    };
    let files: Vec<PathBuf> = match count {
        1 => vec![file.to_owned()],
        _ => (1..=count).map(numbered).collect(),
    };
    match files.iter().find(|file| file.exists()) {
        Some(file) => bail!("{} is there already; it is never overwritten", file.display()),
        None => Ok(files),
    }
}

fn draw(files: &[PathBuf], made: &[FreshInvitation]) -> Result<()> {
    for (file, fresh) in files.iter().zip(made) {
        files::write_new(file, &QrCode::of(&fresh.link)?.png(), files::SECRET)?;
    }
    Ok(())
}

fn show(made: &[FreshInvitation], out: &Output) -> Result<()> {
    let colours = output::colours();
    for fresh in made {
        out.styled("")?;
        if made.len() > 1 {
            out.line(&fresh.link)?;
        }
        out.styled(QrCode::of(&fresh.link)?.terminal(colours).trim_end_matches('\n'))?;
    }
    Ok(())
}
