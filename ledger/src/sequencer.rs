//! The queue before the writer, and its beat: one tick for records of every kind, so that timing tells nothing about kind.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::arrive::Arrival;
use crate::commit::{Tail, commit, publish, refresh};
use crate::error::SubmitError;
use crate::flight::Flight;
use crate::node::{Node, Stop};
use crate::step::Step;
use crate::tree::Head;

/// Most records of one batch. A batch that is full does not wait for its tick.
pub(crate) const MAX_BATCH: usize = 1024;
/// Most records that wait while a batch is written. Whoever comes later is told to come back.
pub(crate) const MAX_WAITING: usize = 4 * MAX_BATCH;
/// How many of these places only withdrawals may take, so that no flood of other records keeps them out.
pub(crate) const RESERVED_WAITING: usize = MAX_BATCH;
/// How often the checkpoint is signed anew while nothing happens, in seconds: one a minute is kept.
const REFRESH_SECONDS: u64 = 60;
/// How often invitations that nobody can answer any more are forgotten, in seconds.
const FORGET_SECONDS: u64 = 3600;
/// How long after its expiry an invitation still says `expired` rather than `unknown`, in seconds.
const REMEMBERED_SECONDS: u64 = 24 * 3600;

/// How long the writer waits, after a write failed, between two tries of whether the disks take anything again.
const WRITE_RETRY: Duration = Duration::from_secs(1);
/// How long the publisher waits after the files refused.
const PUBLISH_RETRY: Duration = Duration::from_secs(1);

/// A record on its way to the writer.
pub(crate) struct Item {
    pub(crate) arrival: Arrival,
    pub(crate) reply: Reply,
}

/// Who waits for what becomes of it.
pub(crate) struct Reply {
    pub(crate) caller: oneshot::Sender<Result<Outcome, SubmitError>>,
    pub(crate) flight: Flight,
}

impl Reply {
    /// Tells it. A caller that has gone away is no reason to undo anything: it will send the same bytes again.
    pub(crate) fn send(self, outcome: Result<Outcome, SubmitError>) {
        let Self { caller, flight } = self;
        drop(caller.send(outcome));
        drop(flight);
    }
}

/// What the writer says of a recorded record.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) index: u64,
    pub(crate) answer: Vec<u8>,
    pub(crate) replay: bool,
}

/// When the writer last did what it does beside its batches.
#[derive(Debug, Default)]
struct Chores {
    /// By the ledger's clock, in seconds since 1970.
    forgotten: u64,
    /// By one that nobody sets: it is about this process and its disks.
    tried: Option<Instant>,
}

/// Starts the writer on a thread of its own: it signs, and waits for two databases a dozen times per batch, and must not
/// queue for either behind the callers' tasks, of which there may be a thousand. What is given back completes when the
/// thread ends, in whatever way.
pub(crate) fn spawn(
    node: Arc<Node>,
    tail: Tail,
    queue: mpsc::Receiver<Item>,
    tick: Duration,
    stop: watch::Receiver<bool>,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (ended, end) = oneshot::channel();
    let writer = move || {
        runtime.block_on(run(node, tail, queue, tick, stop));
        // Nobody waits for the end of a ledger that was dropped rather than closed.
        let _ = ended.send(());
    };
    thread::Builder::new().name("placet-writer".to_owned()).spawn(writer)?;
    Ok(end)
}

/// Runs the writer until it is told to stop. What waits then is still committed.
async fn run(
    node: Arc<Node>,
    mut tail: Tail,
    mut queue: mpsc::Receiver<Item>,
    tick: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    let mut chores = Chores::default();
    loop {
        let room = MAX_BATCH - waiting.len();
        let stopping = tokio::select! {
            // In this order, so that records that keep coming cannot hold back the tick.
            biased;
            _ = stop.wait_for(|stop| *stop) => true,
            _ = ticks.tick() => false,
            taken = queue.recv_many(&mut waiting, room) => {
                if taken > 0 && waiting.len() < MAX_BATCH {
                    continue;
                }
                taken == 0
            }
        };
        if stopping {
            queue.close();
        }
        take_waiting(&mut queue, &mut waiting);
        let quiet = waiting.is_empty();
        let done = if quiet {
            idle(&node, &mut tail, &mut chores).await
        } else {
            commit(&node, &mut tail, &mut waiting).await
        };
        if done.is_err() {
            node.publication.commit_failed();
            node.failing.store(true, Ordering::Relaxed);
        }
        if let Err(Stop::Dead) = done {
            return node.broken.store(true, Ordering::Relaxed);
        }
        node.broken.store(done.is_err(), Ordering::Relaxed);
        if stopping && quiet {
            return;
        }
    }
}

/// Runs the publisher until it is told to stop; it publishes what is answered by then.
pub(crate) async fn run_publisher(node: Arc<Node>, mut published: Arc<Head>, mut stop: watch::Receiver<bool>) {
    let mut heads = node.publication.answered.subscribe();
    let mut cosignatures = node.witnesses.cosigning();
    let mut shown = published.note.clone();
    loop {
        // Told before the last look, so that nothing which was answered before the stop is missed.
        let stopping = *stop.borrow() || stop.has_changed().is_err();
        let head = Arc::clone(&heads.borrow_and_update());
        cosignatures.mark_unchanged();
        let done = if head.note != published.note {
            publish(&node, published.size, &head).await.map(|()| {
                shown.clone_from(&head.note);
                published = head;
            })
        } else {
            Ok(())
        };
        // The same checkpoint again when somebody has cosigned it meanwhile.
        let cosigned = node.cosigned(&published);
        let done = match done {
            Ok(()) if cosigned != shown => {
                let showing = node.files.publish(cosigned.clone());
                node.step(Step::Publish, showing).await.map(|()| shown = cosigned)
            }
            done => done,
        };
        if let Err(stop) = done {
            match stop {
                Stop::Dead => return node.broken.store(true, Ordering::Relaxed),
                Stop::Failed(error) => {
                    node.publication.publish_failed();
                    tracing::error!(code = error.code(), %error, "the log was not published; trying again");
                    if !stopping {
                        tokio::time::sleep(PUBLISH_RETRY).await;
                        continue;
                    }
                }
            }
        }
        if stopping {
            return;
        }
        tokio::select! {
            _ = heads.changed() => {}
            _ = cosignatures.changed() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}

fn take_waiting(queue: &mut mpsc::Receiver<Item>, waiting: &mut Vec<Item>) {
    while waiting.len() < MAX_BATCH {
        match queue.try_recv() {
            Ok(item) => waiting.push(item),
            Err(_) => return,
        }
    }
}

async fn idle(node: &Node, tail: &mut Tail, chores: &mut Chores) -> Result<(), Stop> {
    let now = node.clock.now();
    let rested = chores.tried.is_none_or(|tried| tried.elapsed() >= WRITE_RETRY);
    if node.failing.load(Ordering::Relaxed) && node.may_sign() && rested {
        // A disk that was full looks well as long as nobody writes. The smallest commit there is says how it is, and says it
        // before the next caller has to find out.
        chores.tried = Some(Instant::now());
        return refresh(node, tail, now.max(tail.head().time)).await;
    }
    if now.unix().saturating_sub(chores.forgotten) >= FORGET_SECONDS {
        chores.forgotten = now.unix();
        let gone = node
            .store
            .forget_invitations(now.unix().saturating_sub(REMEMBERED_SECONDS))
            .await?;
        tracing::debug!(gone, "invitations forgotten");
    }
    if now.unix().saturating_sub(tail.head().time.unix()) < REFRESH_SECONDS || !node.may_sign() {
        return tail.mend(node).await;
    }
    refresh(node, tail, now).await
}
