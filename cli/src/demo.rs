//! `placet demo`: the whole story, played by a real node process and the real commands.
//!
//! It does only what any stranger can do with this program and an HTTP client, and knows no type of this project; all but the
//! dishonest operator (`dishonest.rs`), who holds the node's keys and makes with them what no command makes.
//!
//! Each step says what it expects before it looks, and the demo ends with a fault as soon as one is not as written.

mod asking;
mod brand;
mod consents;
mod destruction;
mod dishonest;
mod folder;
mod foreign;
mod gallery;
mod gate;
mod http;
mod leaves;
mod library;
mod node;
mod opening;
mod operator;
mod person;
mod picture;
mod process;
mod proof;
mod receipt;
mod regulator;
mod story;
mod teller;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::output::Output;
use story::Story;
use teller::Teller;

/// Play the story of a yes from the first key to a proof that is checked offline
///
/// It starts a node of its own on a free port of this machine, with two witnesses, two brands, an issuer, verifiers and three people, and ends with
/// attacks that are refused, and lies of the operator that are proved. evidence.json and trust.json are left in the folder. Without --once the node goes on until Ctrl-C.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End when the story is told
    #[arg(long)]
    once: bool,
    /// Folder for all that is made: a new or empty one, or one of an earlier demo, which is made anew
    #[arg(long, value_name = "D", default_value = "placet-demo")]
    dir: PathBuf,
}

#[derive(Serialize)]
struct Summary<'a> {
    dir: String,
    url: &'a str,
    evidence: String,
    trust: String,
    steps: &'a [teller::Step],
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let folder = folder::prepare(&args.dir)?;
    let mut stop = listen()?;
    let mut story = Story::begin(folder.path.clone(), Teller::new(out, stop.clone()))?;
    story.tell()?;
    story.teller.summary()?;
    let summary = Summary {
        dir: story.dir.display().to_string(),
        url: story.node()?.url(),
        evidence: story.dir.join(story::EVIDENCE).display().to_string(),
        trust: story.dir.join(story::TRUST).display().to_string(),
        steps: story.teller.steps(),
    };
    out.result(&summary, closing)?;
    if !args.once {
        story.teller.serving(story.node()?.url())?;
        stop.wait_for(|stop| *stop).await?;
    }
    story.end()
}

/// Listens for Ctrl-C, and for whoever started the demo to end it: from its first moment on, since the node that it starts
/// must not stay behind alone.
fn listen() -> Result<watch::Receiver<bool>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        sender.send_replace(true);
        // The sender lives as long as anybody may ask it.
        sender.closed().await;
    });
    Ok(receiver)
}

fn closing(summary: &Summary<'_>) -> String {
    let Summary { evidence, trust, .. } = summary;
    format!(
        "\nEvery step went as written. Judge for yourself, here or on a machine without a network:\n   \
         $ placet verify {evidence} --trust {trust}\n   $ placet inspect {evidence}"
    )
}
