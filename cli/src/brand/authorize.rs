//! `placet brand authorize-verifier`: the brand signs once whose key decides and reports in its name.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use placet_kernel::arrival::TIME_TOLERANCE_SECONDS;
use placet_kernel::authorization::VerifierAuthorization;
use placet_schemas::id::{Did, Origin};
use placet_schemas::time::{Period, Timestamp};
use serde::Serialize;

use crate::keyfile::BrandKey;
use crate::output::Output;
use crate::{files, system};

/// Sign that a verifier's key decides and reports accesses in the brand's name
///
/// The verifier puts this into every batch that it has recorded. It is good from ten minutes ago, so that clocks may differ,
/// and does not outlive the brand's key: after a change of keys, sign anew.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The verifier's key, a did:key
    #[arg(long, value_name = "DID")]
    verifier: Did,
    /// How long it is good, such as P90D, P1Y or P2Y, the longest
    #[arg(long, value_name = "DURATION", default_value = "P1Y")]
    until: Period,
    /// The ledger's name
    #[arg(long)]
    origin: Origin,
    /// The brand's key file, as `placet keygen brand` makes it
    #[arg(long, env = "PLACET_BRAND_KEY", value_name = "FILE")]
    key: PathBuf,
    /// File to write it to, which must not be there; without it, it is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    authorization: String,
    verifier: Did,
    from: Timestamp,
    until: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

pub(crate) fn run(args: Args, out: &Output) -> Result<()> {
    let key = BrandKey::read(&args.key)?;
    let from = system::now()?.minus_seconds(TIME_TOLERANCE_SECONDS);
    let word = VerifierAuthorization::new(args.origin, key.did, args.verifier, from, from.plus(args.until));
    let word = word.map_err(|error| anyhow!("{}: {error}", error.code()))?;
    let authorization = word.sign(&key.method, &key.key)?;
    if let Some(path) = &args.out {
        // It is in every batch that the brand's customers read: nothing about it is secret.
        files::write_new(path, authorization.as_bytes(), files::PUBLIC)?;
    }
    let report = Report {
        authorization,
        verifier: word.verifier().clone(),
        from: word.from(),
        until: word.until(),
        file: args.out,
    };
    out.result(&report, |report| match &report.file {
        Some(file) => format!(
            "wrote the authorization of {} to {}; it is good until {}",
            report.verifier,
            file.display(),
            report.until
        ),
        None => report.authorization.clone(),
    })
}
