//! `placet keygen issuer`: who an issuer will be, before it runs.

use std::path::PathBuf;

use anyhow::Result;
use placet_issuer::slots::StatusKey;
use placet_issuer::{IssuerKeys, PublicUrl};
use serde::Serialize;

use crate::files;
use crate::issuer::DEFAULT_DIR;
use crate::output::Output;

/// Make the keys of an issuer, or show which it has
///
/// The operator's token for it (`placet token service --all-kinds --key`) names its own key. Trust files name the methods and
/// their keys (issuers).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the issuer
    #[arg(long, env = "PLACET_ISSUER_DIR", default_value = DEFAULT_DIR)]
    dir: PathBuf,
    /// Where it will be reached, if it is to issue under a did:web
    #[arg(long, env = "PLACET_ISSUER_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

#[derive(Serialize)]
struct Report {
    issuer: String,
    key: String,
    methods: Vec<Method>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Method {
    method: String,
    public_key_multibase: String,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<()> {
    files::make_folder(&args.dir)?;
    let url = args.public_url.as_deref().map(PublicUrl::parse).transpose()?;
    let keys = IssuerKeys::load_or_make(&args.dir, url.and_then(|url| url.did_web()))?;
    // Without it no receipt can be voided, so it is there before the first.
    let _secret = StatusKey::load_or_make(&args.dir)?;
    let method = |(method, key): (&placet_schemas::id::DidUrl, &placet_kernel::keys::PublicKey)| Method {
        method: method.to_string(),
        public_key_multibase: key.to_multibase(),
    };
    let report = Report {
        issuer: keys.did().to_string(),
        key: keys.own().to_string(),
        methods: keys.methods().map(method).collect(),
    };
    out.result(&report, |report| {
        let methods = report.methods.iter().map(|one| format!("\nmethod {}", one.method));
        format!(
            "issuer {}\nkey {}{}",
            report.issuer,
            report.key,
            methods.collect::<String>()
        )
    })
}
