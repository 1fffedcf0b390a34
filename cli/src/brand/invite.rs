//! `placet brand invite`: single-use invitations to answer a request.

use anyhow::{Context as _, Result, bail};
use placet_schemas::api::{FreshInvitation, Invite};
use placet_schemas::id::Digest;

use super::customers::{self, CustomersArgs, Invited};
use crate::client::ServerArgs;
use crate::output::Output;
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
    out.result(&made, |made| made.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn line(fresh: &FreshInvitation) -> String {
    format!("{}  (until {})", fresh.link, fresh.expires_at)
}
