//! One submission to one witness: `add-checkpoint` of C2SP tlog-witness, from the log's side.

use placet_kernel::checkpoint::{CheckpointKeys, SignedCheckpoint};
use placet_schemas::time::Timestamp;

use super::{Cosignature, WITNESS_TIMEOUT, Witness, Witnesses};
use crate::error::StoreError;
use crate::node::{Node, Stop};
use crate::outgoing::{OutgoingError, Reply};
use crate::step::Step;
use crate::store::CosignatureWrite;
use crate::tree::Head;

/// Longest answer that is read: signature lines, or a reason.
const MAX_REPLY_BYTES: usize = 16 * 1024;
/// Calls of one submission: the one from what is known here, and one from what the witness then says.
const MAX_CALLS: usize = 2;
/// The content type of a 409 (C2SP tlog-witness, "add-checkpoint").
const SIZE: &str = "text/x.tlog.size";
/// How far a witness's clock may be from this one before the operator is told, in seconds.
const MAX_SKEW_SECONDS: u64 = 300;

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// It has cosigned a larger tree of this log than is stored here.
    #[error("it has cosigned {0} records, which is more than there are here")]
    Ahead(u64),
    /// Somebody else has given it a newer checkpoint of this log meanwhile.
    #[error("somebody else has given it a newer checkpoint meanwhile")]
    Overtaken,
    /// It has cosigned another tree of this log.
    #[error("it has cosigned another history of this log")]
    Diverged,
    /// It cannot be reached.
    #[error("it gives no answer: {0}")]
    Silent(#[from] OutgoingError),
    /// It answers, with something else than a cosignature.
    #[error("it answers with status {status}: {reason}")]
    Refused {
        /// The status.
        status: u16,
        /// Its first words.
        reason: String,
    },
    /// What it gave is no cosignature of its key under this checkpoint.
    #[error("what it gave is no cosignature of its key under this checkpoint")]
    Worthless,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Problem {
    /// Whether it shows that what is stored here is not the log's newest.
    pub(crate) const fn is_conflict(&self) -> bool {
        matches!(self, Self::Ahead(_) | Self::Diverged)
    }
}

/// Asks a witness to cosign this head, and keeps what it gives.
pub(super) async fn cosign(node: &Node, witness: &Witness, head: &Head) -> Result<(), Problem> {
    let Witnesses { outgoing, .. } = &node.witnesses;
    let mut old = witness.state().size;
    if old > head.size {
        return Err(beyond(node, old));
    }
    for _ in 0..MAX_CALLS {
        let body = body(node, old, head).await?;
        let url = &witness.settings.url;
        let limits = (MAX_REPLY_BYTES, WITNESS_TIMEOUT);
        let reply = outgoing.post(url.config, &url.url, body, limits).await?;
        match reply.status {
            200 => return keep(node, witness, head, &reply).await,
            409 => {
                let size = true_size(&reply);
                if old == head.size && size.is_none_or(|size| size == old) {
                    // It stands at this size and refuses this very tree: it has signed another one. (Some answer so, and
                    // not with 422, since nothing is wrong with the proof.)
                    return Err(Problem::Diverged);
                }
                let size = size.ok_or_else(|| refused(&reply))?;
                if size > head.size {
                    return Err(beyond(node, size));
                }
                if size == old {
                    return Err(refused(&reply));
                }
                // Normal after a crash on either side: its last cosignature did not arrive, or was not kept.
                old = size;
            }
            // The proof is made of committed rows and starts where the witness says it stands. If it does not hold, what
            // the witness stands on is no beginning of this log.
            422 => return Err(Problem::Diverged),
            _ => return Err(refused(&reply)),
        }
    }
    Err(Problem::Worthless)
}

/// It stands at a larger tree than was submitted. Anyone may submit what is published, so it may have been given a newer
/// checkpoint of ours meanwhile. Only what is larger than all that is committed here was signed elsewhere.
fn beyond(node: &Node, size: u64) -> Problem {
    if size > node.head().size {
        Problem::Ahead(size)
    } else {
        Problem::Overtaken
    }
}

async fn body(node: &Node, old: u64, head: &Head) -> Result<Vec<u8>, Problem> {
    let mut text = format!("old {old}\n");
    if old > 0 && old < head.size {
        let tree = node.store.consistency(&[old], head.size).await?;
        for hash in tree.consistency(old)? {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
    }
    text.push('\n');
    text.push_str(&head.note);
    Ok(text.into_bytes())
}

/// Checks the cosignature and writes it down.
async fn keep(node: &Node, witness: &Witness, head: &Head, reply: &Reply) -> Result<(), Problem> {
    let lines = str::from_utf8(&reply.body).map_err(|_| Problem::Worthless)?;
    let log_keys = node.voice.trusted.log_keys().cloned().collect();
    let keys = CheckpointKeys::new(node.voice.origin.clone(), log_keys, vec![witness.vkey().clone()]);
    let keys = keys.map_err(|_| Problem::Worthless)?;
    // Lines by keys that are not in the settings are skipped: a witness may have several.
    let note = format!("{}{lines}", head.note);
    let signed = SignedCheckpoint::open(note.as_bytes(), &keys).map_err(|_| Problem::Worthless)?;
    let time = signed.cosignatures().first().ok_or(Problem::Worthless)?.time;
    let time = Timestamp::from_unix(time).ok_or(Problem::Worthless)?;
    let line = signed.exact_note().lines().last().ok_or(Problem::Worthless)?;
    let now = node.clock.now();
    if now.unix().abs_diff(time.unix()) > MAX_SKEW_SECONDS {
        tracing::warn!(witness = witness.id(), %time, "the clock of a witness and this one differ");
    }
    let line = format!("{line}\n");
    let write = CosignatureWrite {
        size: head.size,
        witness: witness.id(),
        time,
        line: &line,
    };
    // A crash before it loses a cosignature that the witness will give again; after it, nothing.
    let kept = node.step(Step::Cosigned, node.store.add_cosignature(&write)).await;
    kept.map_err(|stop| match stop {
        Stop::Failed(error) => error,
        Stop::Dead => StoreError::Stopping,
    })?;
    witness.update(|state| {
        state.size = state.size.max(head.size);
        state.last = Some(Cosignature {
            size: head.size,
            line,
            came: now,
            signed: time,
        });
        state.well = true;
    });
    Ok(())
}

/// The size that a 409 names, in the one spelling of the protocol.
fn true_size(reply: &Reply) -> Option<u64> {
    let text = str::from_utf8(&reply.body).ok()?.strip_suffix('\n')?;
    let size: u64 = text.parse().ok()?;
    (reply.content_type == SIZE && size.to_string() == text).then_some(size)
}

fn refused(reply: &Reply) -> Problem {
    const SHOWN: usize = 80;
    let text = String::from_utf8_lossy(&reply.body);
    // What a stranger wrote goes into the log as one line of plain characters.
    let plain = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c });
    Problem::Refused {
        status: reply.status,
        reason: plain.collect(),
    }
}
