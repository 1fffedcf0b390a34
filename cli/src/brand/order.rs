//! `placet brand order-destruction`: the brand signs that a consent is to be destroyed. The operator carries the order in.

use std::path::PathBuf;

use anyhow::Result;
use placet_kernel::jws;
use placet_schemas::api::{DESTRUCTION_ORDER_TYP, OrderClaims};
use placet_schemas::id::{Digest, Origin};
use placet_schemas::json;
use serde::Serialize;

use crate::ground::Ground;
use crate::keyfile::BrandKey;
use crate::output::Output;
use crate::{files, system};

/// Sign an order to destroy a consent and its proof for good
///
/// Afterwards nobody can prove any more that the consent was given, the brand included. The operator carries the order in:
/// `placet destroy --order FILE`, within 31 days.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The consent
    #[arg(long, value_name = "ID")]
    consent: Digest,
    /// The ground of Article 17(1)
    #[arg(long, value_enum)]
    ground: Ground,
    /// The ledger's name
    #[arg(long)]
    origin: Origin,
    /// The brand's key file, as `placet keygen brand` makes it
    #[arg(long, env = "PLACET_BRAND_KEY", value_name = "FILE")]
    key: PathBuf,
    /// File to write the order to, which must not be there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: &'a std::path::Path,
    order_hash: Digest,
}

pub(crate) fn run(args: &Args, out: &Output) -> Result<()> {
    let key = BrandKey::read(&args.key)?;
    let claims = OrderClaims {
        origin: args.origin.clone(),
        consent: args.consent,
        ground: args.ground.into(),
        date: system::now()?,
    };
    let order = jws::sign(&json::to_jcs(&claims)?, DESTRUCTION_ORDER_TYP, &key.method, &key.key)?;
    // It names the consent, so it is nobody else's to read.
    files::write_new(&args.out, order.as_bytes(), files::SECRET)?;
    let report = Report {
        file: &args.out,
        order_hash: Digest::of(order.as_bytes()),
    };
    out.result(&report, |report| {
        format!(
            "wrote the order to {}; the ledger will keep its hash alone: {}",
            report.file.display(),
            report.order_hash
        )
    })
}
