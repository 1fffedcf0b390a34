//! When witnesses are asked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ask::{Problem, cosign};
use super::{Guard, Witness};
use crate::error::OpenError;
use crate::node::Node;
use crate::tree::Head;

/// Shortest time between two calls to one witness.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest time between two calls while nothing happens: a checkpoint that nobody cosigns again looks old.
const IDLE: Duration = Duration::from_secs(15);
/// The same after a call that came to nothing: until it answers, perhaps nothing can be recorded.
const RETRY: Duration = Duration::from_secs(1);

/// At the start: asks every witness, once and all at the same time, whether what is stored is the newest that it knows.
/// None that answers is no error: the guard waits, and [`run`] goes on asking.
///
/// # Errors
/// [`OpenError::RolledBack`] when one of them has signed more, or other, than is stored here.
pub(crate) async fn confirm(node: &Arc<Node>, head: &Arc<Head>) -> Result<(), OpenError> {
    let mut asking = JoinSet::new();
    for witness in node.witnesses.iter() {
        let (node, witness, head) = (Arc::clone(node), Arc::clone(witness), Arc::clone(head));
        asking.spawn(async move {
            let asked = ask(&node, &witness, &head).await;
            (witness, asked)
        });
    }
    while let Some(asked) = asking.join_next().await {
        let Ok((witness, asked)) = asked else { continue };
        let seen = match asked {
            Err(Problem::Ahead(size)) => size,
            Err(Problem::Diverged) => head.size,
            _ => continue,
        };
        return Err(OpenError::RolledBack {
            database: head.size,
            seen,
            witness: format!("the witness {}", witness.vkey().name().as_str()),
        });
    }
    if node.witnesses.guard() == Guard::Waiting {
        tracing::error!("no witness answers: nothing but withdrawals is taken, and they are kept until one does");
    }
    Ok(())
}

/// Asks one witness again and again until it is told to stop.
pub(crate) async fn run(node: Arc<Node>, witness: Arc<Witness>, mut stop: watch::Receiver<bool>) {
    let mut published = node.publication.published.subscribe();
    let mut wanted = node.witnesses.wanted.subscribe();
    loop {
        let asked = Instant::now();
        let head = Arc::clone(&published.borrow_and_update());
        wanted.mark_unchanged();
        let earliest = asked + PAUSE;
        let next = async {
            // An error has been logged and counted; the next call is the remedy.
            let pause = match ask(&node, &witness, &head).await {
                Ok(()) => IDLE,
                Err(_) => RETRY,
            };
            tokio::time::sleep_until(earliest).await;
            let news = async {
                tokio::select! {
                    _ = published.changed() => {}
                    _ = wanted.changed() => {}
                }
            };
            let _idle = tokio::time::timeout(pause, news).await;
        };
        // A call that is broken off may have been answered: the next one is then told the true size.
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = next => {}
        }
    }
}

/// Asks, and draws the conclusions.
async fn ask(node: &Node, witness: &Witness, head: &Head) -> Result<(), Problem> {
    let asked = cosign(node, witness, head).await;
    let name = witness.id();
    match &asked {
        Ok(()) => {
            if node.witnesses.guard() == Guard::Waiting {
                tracing::info!(witness = name, "a witness confirms the log: records are taken");
            }
            node.witnesses.open();
        }
        Err(problem) => {
            // Told once per failure, not once per second.
            if witness.state().well || witness.failures.load(Ordering::Relaxed) == 0 {
                tracing::warn!(witness = name, %problem, "no cosignature");
            }
            witness.failures.fetch_add(1, Ordering::Relaxed);
            witness.update(|state| state.well = false);
            if problem.is_conflict() {
                tracing::error!(witness = name, %problem, "nothing is signed any more");
                node.witnesses.shut();
            }
        }
    }
    // Also after a failure: whoever waits for fresh cosignatures looks again, and does not wait for this one.
    node.witnesses.given.send_modify(|count| *count += 1);
    asked
}
