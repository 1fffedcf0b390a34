//! `placet brand customers import`: a verifier takes over whom the brand invited, so that decisions know customers by the brand's
//! own references.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use placet_schemas::api::{ImportCustomers, Imported, InvitedCustomer, MAX_IMPORT};
use serde::Serialize;

use super::customers::{self, CustomersArgs};
use super::verifier::VerifierArgs;
use crate::client::{Client, ClientError};
use crate::output::Output;
use crate::progress::Progress;

/// Rows sent at once: with the longest references, each character of them escaped, still less than a verifier's longest body.
const ROWS: usize = 1024;
const _: () = assert!(ROWS <= MAX_IMPORT);
/// The verifier's code for a row that contradicts its book.
const TAKEN: &str = "invitation_taken";

/// Tell a verifier whom the brand invited
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Import(ImportArgs),
}

/// Hand the list of `placet brand invite --customer` to a verifier
///
/// It can be run again at any time: rows that the verifier has already are counted as known. A row that gives somebody's invitation to
/// somebody else is refused by name; the rows before it are in the verifier's book then.
#[derive(Debug, clap::Args)]
struct ImportArgs {
    #[command(flatten)]
    customers: CustomersArgs,
    #[command(flatten)]
    verifier: VerifierArgs,
}

#[derive(Serialize)]
struct Report {
    rows: usize,
    added: usize,
    known: usize,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let Command::Import(args) = args.command;
    let rows = read(&args.customers.customers)?;
    let client = args.verifier.client()?;
    let mut report = Report {
        rows: rows.len(),
        added: 0,
        known: 0,
    };
    let progress = Progress::new("customers", u64::try_from(rows.len())?, "rows");
    for some in rows.chunks(ROWS) {
        let Imported { added, known } = match send(&client, some).await {
            Err(error) if error.code() == Some(TAKEN) => return Err(contradiction(&client, some).await?),
            sent => sent?,
        };
        report.added += added;
        report.known += known;
        progress.add(u64::try_from(some.len())?);
    }
    drop(progress);
    out.result(&report, |report| {
        format!(
            "{} invitations: {} added, {} known already",
            report.rows, report.added, report.known
        )
    })
}

/// The rows of the file; nothing is sent of a file that contradicts itself.
fn read(path: &Path) -> Result<Vec<InvitedCustomer>> {
    let mut rows = Vec::new();
    let mut seen = BTreeMap::new();
    for (at, row) in customers::rows(path)?.into_iter().enumerate() {
        let place = || format!("{}: /invitations/{at}/customer", path.display());
        let row = InvitedCustomer {
            invitation: row.invitation,
            customer: row.customer.parse().with_context(place)?,
        };
        if let Some(other) = seen.insert(row.invitation, row.customer.clone())
            && other != row.customer
        {
            bail!(
                "{}: the invitation {} is given to {other} and to {}; one of the rows is wrong",
                path.display(),
                row.invitation,
                row.customer
            );
        }
        rows.push(row);
    }
    Ok(rows)
}

async fn send(client: &Client, rows: &[InvitedCustomer]) -> Result<Imported, ClientError> {
    let rows = ImportCustomers {
        invitations: rows.to_vec(),
    };
    client.import_customers(&rows).await
}

/// Which of these rows contradicts. A verifier takes all rows of a call or none and does not say which it was, so halves are sent
/// until one row is left.
async fn contradiction(client: &Client, rows: &[InvitedCustomer]) -> Result<anyhow::Error> {
    let mut rest = rows;
    while rest.len() > 1 {
        let (first, second) = rest.split_at(rest.len() / 2);
        rest = match send(client, first).await {
            Ok(_) => second,
            Err(error) if error.code() == Some(TAKEN) => first,
            Err(error) => return Err(error.into()),
        };
    }
    let row = rest.first().context("no row was sent")?;
    Ok(anyhow::anyhow!(
        "{TAKEN}: the invitation {} is {}'s in the file, and another customer's at the verifier; rows before it were imported. If \
         the two are one person, merge them there (/v1/customers/merge); if the verifier is wrong, split \
         (/v1/customers/split); then import again",
        row.invitation,
        row.customer
    ))
}
