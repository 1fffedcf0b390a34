//! `placet wallet decline`: no, said to the node. It needs no key and makes no record.

use anyhow::{Result, bail};
use placet_schemas::id::Digest;
use placet_schemas::record::Invitation;
use serde::Serialize;

use super::meet::NodeArgs;
use super::target::{Asked, Target};
use crate::client::Client;
use crate::output::Output;

/// Say no to a request, so that you are not asked again for a while
///
/// It needs no wallet, and nothing is signed. The brand is told that this invitation was declined, and nothing else.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The link from the brand, or the invitation in it
    #[arg(value_name = "LINK", allow_hyphen_values = true)]
    link: String,
    #[command(flatten)]
    node: NodeArgs,
}

#[derive(Serialize)]
struct Report {
    declined: Digest,
}

pub(super) async fn run(args: Args, out: &Output) -> Result<()> {
    let target = Target::parse(&args.link)?;
    let Asked::Invitation(invitation) = &target.asked else {
        bail!("nobody was invited by this: a request that is open to anyone is declined by leaving it alone");
    };
    let client = args.node.client(target.node.as_deref())?;
    // The invitation is told to the brand's node alone.
    target.check_operator(&client.log().await?.operator_key)?;
    tell(&client, invitation, out).await
}

/// Tells the node, and says so.
pub(super) async fn tell(client: &Client, invitation: &Invitation, out: &Output) -> Result<()> {
    let declined = client.decline(invitation).await?;
    let report = Report {
        declined: declined.request,
    };
    out.result(&report, |_| {
        format!(
            "You said no, on {}. Nothing was signed; the brand learns that the answer to this invitation is no.",
            declined.declined_at
        )
    })
}
