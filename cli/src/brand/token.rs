//! `placet brand token`: the operator gives a brand its token.

use std::path::PathBuf;

use anyhow::Result;
use placet_schemas::api::{IssueToken, Label, Role};
use placet_schemas::id::Did;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::client::ServerArgs;
use crate::files;
use crate::output::Output;
use crate::token::OperatorToken;

/// Give a brand a token, as the operator
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The brand
    #[arg(long)]
    did: Did,
    /// A name to know the token by
    #[arg(long, default_value = "brand")]
    label: Label,
    /// Seconds until it ends by itself; without it, when it is revoked
    #[arg(long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    /// File to write it to, mode 0600, which must not be there; without it, it is printed this once
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: OperatorToken,
}

#[derive(Serialize)]
struct Report<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    if let Some(path) = args.out.as_deref().filter(|path| path.exists()) {
        // Before the token is made: one that is written nowhere is one more to revoke.
        anyhow::bail!("{} is there already; it is never overwritten", path.display());
    }
    let client = args.server.client()?.with_token(args.token.read()?);
    let order = IssueToken {
        role: Role::Brand,
        controller: Some(args.did),
        audit: None,
        kinds: None,
        label: args.label,
        expires_in_seconds: args.expires_in,
    };
    let issued = client.issue_token(&order).await?;
    let (id, token) = (issued.id, Zeroizing::new(issued.token));
    if let Some(path) = &args.out {
        files::write_new(path, Zeroizing::new(format!("{}\n", *token)).as_bytes(), files::SECRET)?;
    }
    let shown = args.out.is_none().then(|| token.as_str());
    let report = Report {
        id: &id,
        token: shown,
        file: args.out,
    };
    out.result(&report, |report| match (&report.file, report.token) {
        (Some(path), _) => format!("wrote token {} to {}", report.id, path.display()),
        (None, token) => format!("token {} (shown this once): {}", report.id, token.unwrap_or_default()),
    })
}
