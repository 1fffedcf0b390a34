//! `placet destroy` and `placet destructions`: the operator carries an order in, and sees who has not finished.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_kernel::jws::MAX_JWS_BYTES;
use placet_ledger::{Traces, TracesFound};
use placet_schemas::api::{DestructionProgress, DestructionSummary, OrderClaims, OrderDestruction};
use placet_schemas::id::Digest;
use placet_schemas::json;
use serde::Serialize;

use crate::client::{Client, ServerArgs};
use crate::output::{Output, table};
use crate::token::OperatorToken;
use crate::{files, node, system};

/// How the node calls itself among those who have not finished.
const LEDGER: &str = "ledger";
/// How long the node may take for its own part before nobody waits for it any more. It writes its whole keyring anew, which
/// for a large one takes minutes, and does so only now and then; a backup that is being made holds it up too.
const CLEARED_WITHIN: Duration = Duration::from_secs(3 * 60 * 60);
/// How long to wait before it is asked again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Most files that are named in a line for people.
const NAMED: usize = 6;

/// Destroy a consent by a signed order, as the operator
///
/// Its records can be opened by nobody afterwards, and nothing brings them back. Consents whose `proofRetention` has elapsed
/// are destroyed by the node itself. With --look-through, on the node's machine, every file of the node is searched for
/// pieces of the consent before and after: it fails if one is left.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The order, as `placet brand order-destruction` or an authority signed it
    #[arg(long, value_name = "FILE")]
    order: PathBuf,
    /// The node's folder: search its raw files for the consent, wait until the node has removed it, and search again
    #[arg(long, value_name = "DIR")]
    look_through: Option<PathBuf>,
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

#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    destruction: DestructionSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    looked: Option<Looked>,
}

/// What the raw files had, and have.
#[derive(Serialize)]
struct Looked {
    before: Seen,
    after: Seen,
}

#[derive(Serialize)]
struct Seen {
    files: usize,
    pieces: usize,
    places: Vec<Place>,
}

#[derive(Serialize)]
struct Place {
    file: String,
    pieces: usize,
}

pub(crate) async fn run(args: Args, out: &Output) -> Result<()> {
    let order = String::from_utf8(files::read(&args.order, MAX_JWS_BYTES)?).context("the order is no text")?;
    let order = order.trim_end().to_owned();
    let client = args.server.client()?.with_token(args.token.read()?);
    // Before anything is sent: afterwards nobody knows any more what to look for.
    let look = match &args.look_through {
        Some(dir) => Some(Look::before(dir, &consent_of(&order)?).await?),
        None => None,
    };
    let mut destruction = client.order_destruction(&OrderDestruction { order }).await?;
    let looked = match look {
        Some(look) => {
            out.line(format_args!(
                "recorded at log index {}; waiting until the node has nothing left of it",
                destruction.index
            ))?;
            destruction = cleared(&client, destruction.index).await?;
            Some(look.after(&destruction)?)
        }
        None => None,
    };
    out.result(&Done { destruction, looked }, text)
}

/// A look through a node's files that is half done.
struct Look<'a> {
    dir: &'a Path,
    traces: Traces,
    before: Seen,
}

impl<'a> Look<'a> {
    async fn before(dir: &'a Path, consent: &Digest) -> Result<Self> {
        let unreadable = || format!("nothing was ordered: {} cannot be looked through", dir.display());
        let keys = node::load(dir).with_context(unreadable)?;
        let traces = Traces::read(dir, &keys, consent).await.with_context(unreadable)?;
        let Some(traces) = traces else {
            bail!(
                "nothing was ordered: {} has nothing of this consent; was it destroyed already, or is this another node's folder?",
                dir.display()
            );
        };
        let before = Seen::from(traces.search(dir).with_context(unreadable)?);
        ensure!(
            before.pieces > 0,
            "nothing was ordered: no file in {} has a piece of this consent, so finding none afterwards would say nothing",
            dir.display()
        );
        Ok(Self { dir, traces, before })
    }

    fn after(self, destruction: &DestructionSummary) -> Result<Looked> {
        let after = self.traces.search(self.dir);
        let after = after.with_context(|| format!("{} cannot be looked through again", self.dir.display()))?;
        let (before, after) = (self.before, Seen::from(after));
        ensure!(
            after.pieces == 0,
            "the node says that it has nothing left, and in {} there are: {after}. Delete what is a copy; what is in \
             main.db alone has no key any more, and goes when the file is written anew (see OPERATIONS)",
            self.dir.display()
        );
        ensure!(
            destruction.leaves == self.traces.leaves(),
            "recorded at log index {}, but the consent got another event after the first look: what was read then is gone \
             from {} files, and nobody looked for the rest",
            destruction.index,
            after.files
        );
        Ok(Looked { before, after })
    }
}

/// The consent that an order names. Whether it is signed, and by whom, is the node's to judge.
fn consent_of(order: &str) -> Result<Digest> {
    let payload = order.split('.').nth(1).context("the order is no compact JWS")?;
    let payload = Base64UrlUnpadded::decode_vec(payload)
        .ok()
        .context("the order is no compact JWS")?;
    let claims = json::parse(&payload, MAX_JWS_BYTES)?;
    let claims: OrderClaims = json::decode(claims.root()).context("the JWS is no order of a destruction")?;
    Ok(claims.consent)
}

/// Waits until the node itself has nothing left.
async fn cleared(client: &Client, index: u64) -> Result<DestructionSummary> {
    let (start, mut pause) = (system::instant(), FIRST_PAUSE);
    loop {
        let mut all = client.destructions().await?.into_iter();
        let found = all.find(|destruction| destruction.index == index);
        let found = found.context("the node does not list the destruction that it recorded")?;
        if !found.pending.iter().any(|name| name == LEDGER) {
            return Ok(found);
        }
        ensure!(
            start.elapsed() < CLEARED_WITHIN,
            "recorded at log index {index}, but the node has not finished its own part in {} hours: see its log, and \
             `placet destructions`",
            CLEARED_WITHIN.as_secs() / 3600
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn text(done: &Done) -> String {
    let Done { destruction, looked } = done;
    let mut text = format!(
        "recorded at log index {}: {} leaves lose their opening; pending: {}",
        destruction.index,
        destruction.leaves.len(),
        pending(destruction)
    );
    if let Some(Looked { before, after }) = looked {
        text.push_str(&format!("\nbefore: {before}\nafter:  none in {} files", after.files));
    }
    text
}

impl From<TracesFound> for Seen {
    fn from(found: TracesFound) -> Self {
        let place = |(file, pieces): (PathBuf, usize)| Place {
            file: file.display().to_string(),
            pieces,
        };
        Self {
            files: found.files,
            pieces: found.pieces,
            places: found.places.into_iter().map(place).collect(),
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named: Vec<&str> = self
            .places
            .iter()
            .take(NAMED)
            .map(|place| place.file.as_str())
            .collect();
        write!(f, "{} pieces in {}", self.pieces, named.join(", "))?;
        match self.places.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more files"),
        }
    }
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
