//! The commit point.
//!
//! [`commit`] is the one function that makes records part of the log. Read it from top to bottom: each step says what a
//! crash there means. [`Tail::mend`] is what happens after a step that failed, [`publish`] what happens after the answers;
//! recovery at start runs the same code.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use placet_schemas::time::Timestamp;

use crate::arrive::Arrival;
use crate::error::{StoreError, SubmitError};
use crate::facts::Facts;
use crate::judge::Verdict;
use crate::node::{Node, Stop};
use crate::plan::{self, Plan};
use crate::sequencer::{Item, Outcome, Reply};
use crate::step::Step;
use crate::tree::{Edge, Head};

/// The end of the log, as the writer holds it.
#[derive(Debug)]
pub(crate) struct Tail {
    head: Arc<Head>,
    edge: Edge,
    /// After a failed step: the head that it would have led to. Until it is known whether it did, nothing is written.
    unsettled: Option<Arc<Head>>,
    /// Whether the head file has the head. Until it does, nobody is answered.
    noted: bool,
    /// Whether keyring rows beyond the head are gone since the start.
    swept: bool,
}

/// What became of a batch whose commit reported an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Committed,
    Lost,
}

type Replies = Vec<Reply>;

/// Makes a batch of records part of the log and answers their callers. Takes the items out of `batch`.
///
/// # Errors
/// [`Stop::Failed`] after a failed step: the callers know, and the next batch begins by finding out what became of this one.
/// [`Stop::Dead`] if nothing may be done any more.
pub(crate) async fn commit(node: &Arc<Node>, tail: &mut Tail, batch: &mut Vec<Item>) -> Result<(), Stop> {
    let (arrivals, replies): (Vec<_>, Replies) = batch.drain(..).map(|item| (item.arrival, item.reply)).unzip();

    let alone = node.answers.lock().await;
    // 0. JUDGE AND SIGN, in memory. A crash here leaves no trace: nobody was answered and nothing was written. The signed
    //    checkpoint has not left this process, so signing another one for the same size later is no fork.
    let mut plan = match plan_batch(node, tail, arrivals).await {
        Ok(plan) => plan,
        Err(stop) => return give_up(node, stop, replies),
    };
    if plan.answers.is_empty() {
        // Replays and refusals only: there is nothing to commit.
        answer(replies, plan.verdicts, &plan.answers);
        return Ok(());
    }
    let next = Arc::new(plan.main.head.clone());
    tail.unsettled = Some(Arc::clone(&next));

    // 1. KEYRING, durable. A crash between here and the next step leaves keys of records that do not exist. They open
    //    nothing, no look-up by them is believed beyond the head, and the next start sweeps them. It must be this order: a
    //    record whose key was lost could never be shown to anyone again.
    if let Err(stop) = node.step(Step::Keyring, node.keyring.add(&plan.keyring)).await {
        return give_up(node, stop, replies);
    }

    // 2. THE COMMIT POINT. One transaction in the main database: the head by compare-and-swap, the signed checkpoint, the
    //    tiles, the records with their answers. The next line is the one after which every record of the batch is
    //    irrevocably recorded. A crash before it loses the whole batch, and no caller was told otherwise. A crash after it
    //    loses nothing: the same bytes sent again get the answer that is stored with the record.
    let committed = node.step(Step::Main, node.store.write(&plan.main)).await;
    match committed {
        Ok(()) => tail.advance(Arc::clone(&next), std::mem::take(&mut plan.edge)),
        // An error does not say on which side of the line it happened; the head in the database does.
        Err(stop) => {
            if !tail
                .settle(node, &stop)
                .await
                .is_ok_and(|settled| settled == Settled::Committed)
            {
                return give_up(node, stop, replies);
            }
        }
    }
    drop(alone);
    learn(node, &mut plan);

    // 3. HEAD FILE, durable. It makes a rollback of the database visible, so nobody is told anything before it. If it cannot
    //    be written the records stay recorded, and their callers, who are told to come back, get the stored answers then.
    if let Err(stop) = tail.note_head(node).await {
        return give_up(node, stop, replies);
    }
    // Arrivals are checked against the new head from here on, before anyone hears of it: a client may name it as its anchor
    // in its very next record.
    node.announce(&next);
    node.feeds.changed(plan.main.controllers.iter().map(|feed| &feed.did));

    // 4. ANSWER. A crash here, or between two answers, leaves callers without one; see 2.
    let (verdicts, answers) = (plan.verdicts, plan.answers);
    let answering = async {
        answer(replies, verdicts, &answers);
        Ok(())
    };
    node.step(Step::Answer, answering).await?;

    // 5. RENDER AND PUBLISH, in a task of their own, so that slow files do not hold up the next batch: see `publish`.
    node.publication.due(next, node.clock.now());
    Ok(())
}

/// Signs the same tree again at a later time, so that a log in which nothing happens is still seen to be alive. A crash
/// before or after its one transaction leaves the older or the newer checkpoint of one and the same tree.
pub(crate) async fn refresh(node: &Node, tail: &mut Tail, now: Timestamp) -> Result<(), Stop> {
    tail.mend(node).await?;
    let next = Arc::new(node.voice.head(tail.head.frontier.clone(), now)?);
    tail.unsettled = Some(Arc::clone(&next));
    node.step(Step::Main, node.store.refresh(&next)).await?;
    let edge = std::mem::take(&mut tail.edge);
    tail.advance(Arc::clone(&next), edge);
    tail.note_head(node).await?;
    node.announce(&next);
    node.publication.due(next, node.clock.now());
    Ok(())
}

/// Renders what a committed tree has beyond the published one, and publishes its checkpoint.
///
/// Whatever happens here, the records are recorded and answered for; only the public view of them is late. The next call,
/// or the next start, goes on from the published checkpoint with the same rows and therefore the same bytes.
pub(crate) async fn publish(node: &Node, published: u64, head: &Arc<Head>) -> Result<(), Stop> {
    // Tiles first, durable, each under its own name. A crash in between leaves tiles that no checkpoint needs yet.
    node.step(Step::Tiles, node.files.render(&node.store, published, head.size))
        .await?;
    // Then the checkpoint, by renaming. Whoever reads it finds every tile that it needs.
    node.step(Step::Publish, node.files.publish(head.note.clone())).await?;
    node.publication.done(head, node.clock.now());
    Ok(())
}

impl Tail {
    /// The end of a log whose head, edge and head file have been checked.
    pub(crate) fn new(head: Arc<Head>, edge: Edge, swept: bool) -> Self {
        Self {
            head,
            edge,
            unsettled: None,
            noted: true,
            swept,
        }
    }

    /// The last head that is known to be committed.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Makes up for what the last batch left open, if it left anything.
    pub(crate) async fn mend(&mut self, node: &Node) -> Result<(), Stop> {
        if self.unsettled.is_some() {
            self.settle(node, &Stop::Failed(StoreError::Unfinished)).await?;
        }
        if !self.noted {
            self.note_head(node).await?;
            node.announce(&self.head);
            // Whose feeds the unfinished batch changed is not known any more.
            node.feeds.all_changed();
            node.publication.due(Arc::clone(&self.head), node.clock.now());
        }
        Ok(())
    }

    /// Finds out whether the unsettled batch was committed, after a step that ended with `stop`, and if it was not removes
    /// its keyring rows.
    async fn settle(&mut self, node: &Node, stop: &Stop) -> Result<Settled, Stop> {
        let Stop::Failed(cause) = stop else {
            return Err(Stop::Dead);
        };
        tracing::warn!(code = cause.code(), error = %cause, "a commit did not end well; reading the head again");
        let stored = node.store.head().await?.ok_or(StoreError::Corrupt("head"))?;
        let ours = self.unsettled.clone().filter(|unsettled| **unsettled == stored);
        if ours.is_none() && *self.head != stored {
            // Neither the old head nor ours: whatever is signed from here on could be a second history.
            tracing::error!(
                size = stored.size,
                expected = self.head.size,
                "the head in the database is not ours"
            );
            return Err(Stop::Dead);
        }
        node.step(Step::Sweep, node.keyring.sweep(stored.size)).await?;
        let Some(ours) = ours else {
            self.unsettled = None;
            return Ok(Settled::Lost);
        };
        let edge = node.store.edge(&ours.frontier).await?;
        node.known.forget();
        self.advance(ours, edge);
        Ok(Settled::Committed)
    }

    async fn note_head(&mut self, node: &Node) -> Result<(), Stop> {
        if let Some(file) = &node.head_file {
            node.step(Step::HeadFile, file.write(self.head.note.clone())).await?;
        }
        self.noted = true;
        // The last thing that a commit writes: the disks take what they are given.
        node.failing.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn advance(&mut self, head: Arc<Head>, edge: Edge) {
        *self = Self {
            head,
            edge,
            unsettled: None,
            noted: false,
            swept: self.swept,
        };
    }
}

async fn plan_batch(node: &Arc<Node>, tail: &mut Tail, arrivals: Vec<Arrival>) -> Result<Plan, Stop> {
    tail.mend(node).await?;
    if !node.may_sign() {
        // A witness has shown, since these records came in, that somebody else signs in this log's name.
        return Err(StoreError::Unconfirmed.into());
    }
    if !tail.swept {
        node.step(Step::Sweep, node.keyring.sweep(tail.head.size)).await?;
        tail.swept = true;
    }
    let facts = Facts::gather(node, &arrivals.iter().collect::<Vec<_>>(), tail.head.size).await?;
    // Signing takes its time, on the writer's own thread: see `sequencer::spawn`.
    Ok(plan::make(
        node,
        &facts,
        arrivals,
        &tail.head,
        &tail.edge,
        node.clock.now(),
    )?)
}

/// What is public and was just committed is known without being read again.
fn learn(node: &Node, plan: &mut Plan) {
    for request in plan.requests.drain(..) {
        node.known.learn_request(&request);
    }
    for (did, brand) in plan.brands.drain(..) {
        node.known.learn_brand(&did, &brand);
    }
}

/// Answers each caller.
fn answer(replies: Replies, verdicts: Vec<Verdict>, answers: &[(u64, Vec<u8>)]) {
    let placed = |position: usize, replay: bool| {
        let (index, answer) = answers.get(position).cloned().ok_or(StoreError::Corrupt("answer"))?;
        Ok(Outcome { index, answer, replay })
    };
    for (reply, verdict) in replies.into_iter().zip(verdicts) {
        let outcome = match verdict {
            Verdict::Placed(position) => placed(position, false),
            Verdict::Repeated(position) => placed(position, true),
            Verdict::Replayed { index, answer } => Ok(Outcome {
                index,
                answer,
                replay: true,
            }),
            // The others may be judged otherwise, after what they hang on: the last one hears it.
            Verdict::Refused(SubmitError::Refused { .. }) if reply.flight.has_company() => {
                Err(SubmitError::Unavailable {
                    detail: "the same record is being worked on".to_owned(),
                })
            }
            Verdict::Refused(error) => Err(error),
        };
        reply.send(outcome);
    }
}

/// Tells the callers that they have to come back. The dead say nothing.
fn give_up(node: &Node, stop: Stop, replies: Replies) -> Result<(), Stop> {
    // Before anybody hears of it and sends the same bytes again: whether they are recorded, nobody knows now.
    node.broken.store(true, Ordering::Relaxed);
    if let Stop::Failed(error) = &stop {
        tracing::error!(code = error.code(), %error, "a batch was not answered");
        let detail = format!("the ledger cannot write now ({})", error.code());
        for reply in replies {
            reply.send(Err(SubmitError::Unavailable { detail: detail.clone() }));
        }
    }
    Err(stop)
}
