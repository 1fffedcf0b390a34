//! `placet brand token`: the operator gives a brand its token.

use anyhow::Result;
use placet_schemas::api::{IssueToken, Role};
use placet_schemas::id::Did;

use crate::output::Output;
use crate::tokens::{self, IssueArgs};

/// Give a brand a token, as the operator
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The brand
    #[arg(long)]
    did: Did,
    /// The did:key of the brand's verifier that will use it, as `placet verifier` prints it: destructions wait for its signed
    /// word that nothing is left
    #[arg(long, value_name = "DID")]
    verifier: Option<Did>,
    #[command(flatten)]
    issue: IssueArgs,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let order = |label, expires_in_seconds| IssueToken {
        role: Role::Brand,
        controller: Some(args.did),
        audit: None,
        kinds: None,
        key: args.verifier,
        label,
        expires_in_seconds,
    };
    tokens::issue(args.issue, "brand", None, order, out).await
}
