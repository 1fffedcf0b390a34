//! `placet token`: the operator's bearer tokens, for brands, services and auditors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use placet_schemas::api::{AuditScope, IssueToken, Label, Role, TokenSummary};
use placet_schemas::id::Did;
use placet_schemas::record::Kind;
use placet_schemas::time::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::client::{Client, ServerArgs};
use crate::files;
use crate::output::{Output, table};
use crate::token::OperatorToken;

/// Say who may call, as the operator
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Service(ServiceArgs),
    Auditor(AuditorArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Make a token for a service, which follows the feeds of all brands
#[derive(Debug, clap::Args)]
struct ServiceArgs {
    /// Kinds of record that it opens besides public ones, such as ConsentGrant,Withdrawal
    #[arg(long, value_name = "KINDS", required_unless_present = "all_kinds", conflicts_with = "all_kinds", value_delimiter = ',', value_parser = kind)]
    kinds: Vec<Kind>,
    /// Every kind: what an issuer needs, which follows whole feeds
    #[arg(long)]
    all_kinds: bool,
    /// Its did:key, by which it will sign that it has destroyed what it held; without it, every destruction waits for this
    /// token
    #[arg(long, value_name = "DID")]
    key: Option<Did>,
    #[command(flatten)]
    issue: IssueArgs,
}

/// Make a token for an auditor: one brand, one period, one case
///
/// The brand sees each use of it (`placet brand audits`).
#[derive(Debug, clap::Args)]
struct AuditorArgs {
    /// The brand
    #[arg(long)]
    did: Did,
    /// The first moment of the period, such as 2026-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Timestamp,
    /// The last moment of the period
    #[arg(long, value_name = "TIME")]
    to: Timestamp,
    /// What it is for: a file number, no person's name
    #[arg(long)]
    case: Label,
    #[command(flatten)]
    issue: IssueArgs,
}

/// What all tokens have.
#[derive(Debug, clap::Args)]
pub(crate) struct IssueArgs {
    /// A name to know the token by
    #[arg(long)]
    label: Option<Label>,
    /// Seconds until it ends by itself; without it, when it is revoked (an auditor's: after 30 days)
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

/// List the tokens, without their secrets
#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: OperatorToken,
}

/// End a token at once
#[derive(Debug, clap::Args)]
struct RevokeArgs {
    /// Its name: the 16 digits that `placet token list` shows
    id: String,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: OperatorToken,
}

/// Life of an auditor's token, in seconds, if none is given: 30 days.
const AUDIT_SECONDS: u64 = 30 * 24 * 60 * 60;

#[derive(Serialize)]
struct Report<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    match args.command {
        Command::Service(args) => {
            let kinds: BTreeSet<Kind> = match args.all_kinds {
                true => placet_issuer::kinds().into_iter().collect(),
                false => args.kinds.into_iter().collect(),
            };
            let order = |label, expires_in_seconds| IssueToken {
                role: Role::Service,
                controller: None,
                audit: None,
                kinds: Some(kinds),
                key: args.key,
                label,
                expires_in_seconds,
            };
            issue(args.issue, "service", None, order, out).await
        }
        Command::Auditor(args) => {
            let AuditorArgs {
                did,
                from,
                to,
                case,
                issue: how,
            } = args;
            let order = |label, expires_in_seconds| IssueToken {
                role: Role::Auditor,
                controller: Some(did),
                audit: Some(AuditScope { from, to, case }),
                kinds: None,
                key: None,
                label,
                expires_in_seconds,
            };
            issue(how, "auditor", Some(AUDIT_SECONDS), order, out).await
        }
        Command::List(args) => list(args, out).await,
        Command::Revoke(args) => {
            let client = args.server.client()?.with_token(args.token.read()?);
            client.revoke_token(&args.id).await?;
            out.result(&serde_json::json!({ "revoked": args.id }), |_| {
                format!("token {} has ended", args.id)
            })
        }
    }
}

/// Makes a token, and writes it to its file or shows it.
pub(crate) async fn issue(
    args: IssueArgs,
    label: &str,
    life: Option<u64>,
    order: impl FnOnce(Label, Option<u64>) -> IssueToken,
    out: &Output,
) -> Result<()> {
    if let Some(path) = args.out.as_deref().filter(|path| path.exists()) {
        // Before the token is made: one that is written nowhere is one more to revoke.
        bail!("{} is there already; it is never overwritten", path.display());
    }
    let client = args.server.client()?.with_token(args.token.read()?);
    let label = args.label.map_or_else(|| label.to_owned().try_into(), Ok)?;
    let issued = client.issue_token(&order(label, args.expires_in.or(life))).await?;
    let (id, token) = (issued.id, Zeroizing::new(issued.token));
    if let Some(path) = &args.out {
        files::write_new(path, Zeroizing::new(format!("{}\n", *token)).as_bytes(), files::SECRET)?;
    }
    let report = Report {
        id: &id,
        token: args.out.is_none().then(|| token.as_str()),
        file: args.out.as_deref(),
    };
    out.result(&report, |report| match (report.file, report.token) {
        (Some(path), _) => format!("wrote token {} to {}", report.id, path.display()),
        (None, token) => format!("token {} (shown this once): {}", report.id, token.unwrap_or_default()),
    })
}

async fn list(args: ListArgs, out: &Output) -> Result<()> {
    let client: Client = args.server.client()?.with_token(args.token.read()?);
    let tokens = client.tokens().await?;
    out.result(&tokens, |tokens| {
        let rows: Vec<_> = tokens.iter().map(row).collect();
        table(["TOKEN", "ROLE", "LABEL", "FOR", "MADE", "ENDS", "REVOKED"], &rows)
    })
}

fn row(token: &TokenSummary) -> [String; 7] {
    let brand = token.controller.as_ref().map(ToString::to_string);
    let audit = token
        .audit
        .as_ref()
        .map(|audit| format!("{} to {}, case {}", audit.from, audit.to, audit.case));
    let kinds = token.kinds.as_ref().map(|kinds| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        names.join(",")
    });
    let of: Vec<String> = [brand, audit, kinds].into_iter().flatten().collect();
    let time = |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    [
        token.id.clone(),
        format!("{:?}", token.role).to_lowercase(),
        token.label.clone(),
        of.join(" "),
        token.created.to_string(),
        time(token.expires),
        time(token.revoked),
    ]
}

fn kind(name: &str) -> Result<Kind, String> {
    let known = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
    known.ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("no kind of record is called so; the kinds are {}", names.join(", "))
    })
}
