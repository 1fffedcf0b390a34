//! `placet destroy` and `placet destructions`: the operator carries an order in, and sees who has not finished.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use placet_kernel::jws::MAX_JWS_BYTES;
use placet_schemas::api::{DestructionProgress, DestructionSummary, OrderDestruction};

use crate::client::ServerArgs;
use crate::files;
use crate::output::{Output, table};
use crate::token::OperatorToken;

/// Destroy a consent by a signed order, as the operator
///
/// Its records can be opened by nobody afterwards, and nothing brings them back. Consents whose `proofRetention` has elapsed
/// are destroyed by the node itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The order, as `placet brand order-destruction` or an authority signed it
    #[arg(long, value_name = "FILE")]
    order: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: OperatorToken,
}

/// List the destructions, and who has not finished
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    token: OperatorToken,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let order = String::from_utf8(files::read(&args.order, MAX_JWS_BYTES)?).context("the order is no text")?;
    let order = OrderDestruction {
        order: order.trim_end().to_owned(),
    };
    let client = args.server.client()?.with_token(args.token.read()?);
    let done = client.order_destruction(&order).await?;
    out.result(&done, |done| {
        format!(
            "recorded at log index {}: {} leaves lose their opening; pending: {}",
            done.index,
            done.leaves.len(),
            pending(done)
        )
    })
}

pub(crate) async fn list(args: ListArgs, out: &Output) -> Result<()> {
    let client = args.server.client()?.with_token(args.token.read()?);
    let destructions = client.destructions().await?;
    out.result(&destructions, |destructions| {
        let rows: Vec<_> = destructions.iter().map(row).collect();
        table(["INDEX", "RECORDED", "LEAVES", "GROUND", "BRAND", "STATE"], &rows)
    })
}

fn row(destruction: &DestructionSummary) -> [String; 6] {
    [
        destruction.index.to_string(),
        destruction.time.to_string(),
        destruction.leaves.len().to_string(),
        destruction.ground.clone(),
        destruction.controller.to_string(),
        match destruction.state {
            DestructionProgress::Destroyed => "destroyed".to_owned(),
            DestructionProgress::Pending => format!("pending: {}", pending(destruction)),
        },
    ]
}

fn pending(destruction: &DestructionSummary) -> String {
    match destruction.pending.as_slice() {
        [] => "nobody".to_owned(),
        names => names.join(", "),
    }
}
