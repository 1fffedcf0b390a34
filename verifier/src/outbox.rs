//! Bringing messages to the brand's webhook: in order for each consent, again and again until the brand has them or the last
//! try is over, and across restarts. How one looks is in [`crate::webhook`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::Method;
use placet_client::outgoing::{Outgoing, OutgoingCall};
use placet_service::random;
use tokio::task::JoinSet;

use crate::error::StoreError;
use crate::store::MessageRow;
use crate::verifier::Inner;
use crate::webhook::Webhook;

/// Seconds from one try to the next (the schedule that the Standard Webhooks specification gives as an example). After the last
/// the message is given up.
pub const WEBHOOK_RETRIES: [u64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
];
/// What a pause is made longer by at most, so that not all that failed together is tried together: a tenth.
const JITTER: u64 = 10;
/// The longest pause that a receiver can ask for by Retry-After.
const MAX_PAUSE: u64 = 24 * 3600;
/// How long an answer may take (the specification recommends 15 to 30 s).
pub const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(20);
/// Most messages on their way at once.
const MAX_AT_ONCE: usize = 8;
/// How often it is looked at least whether something is due.
const EVERY: Duration = Duration::from_secs(5);
/// How often while the feed does not add up: what it brought is not told before.
const HELD_BACK: Duration = Duration::from_millis(200);
/// How long messages are kept for a receiver that wants none, until a restart tries again: as long as tries would go on.
const KEPT_SECONDS: u64 = 4 * 24 * 3600;

/// What the outbox knows besides the messages.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) news: tokio::sync::Notify,
    /// The receiver has said that it wants no more messages (410 Gone).
    gone: AtomicBool,
}

impl Outbox {
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }
}

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Taken,
    Gone,
    /// Not now; perhaps with the pause that the receiver asks for, in seconds.
    Failed(Option<u64>),
}

/// Brings messages until told to stop.
pub(crate) async fn run(inner: Arc<Inner>, webhook: Webhook) {
    let outgoing = match Outgoing::new() {
        Ok(outgoing) => outgoing,
        Err(error) => return tracing::error!(%error, "there is no client for the webhook"),
    };
    loop {
        let pause = tokio::select! {
            // What is on its way is dropped, and told again after the next start.
            () = inner.stopped() => return,
            done = round(&inner, &webhook, &outgoing) => done.unwrap_or_else(|error| {
                tracing::error!(%error, "the replica cannot be read or written");
                EVERY
            }),
        };
        tokio::select! {
            () = inner.stopped() => return,
            () = inner.outbox.news.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One round; gives how long to wait for the next.
async fn round(inner: &Inner, webhook: &Webhook, outgoing: &Outgoing) -> Result<Duration, StoreError> {
    let (waiting, _) = inner.store.messages().await?;
    inner.pulse.messages_wait(waiting);
    if inner.outbox.is_gone() {
        let before = inner.clock.now().unix().saturating_sub(KEPT_SECONDS);
        let gone = inner.store.drop_messages(Some(before)).await?;
        inner.pulse.messages_given_up(gone);
        return Ok(EVERY);
    }
    // A page that no verified head counts yet may not be the truth.
    if waiting > 0 && !inner.reading.lock().await.is_whole() {
        return Ok(HELD_BACK);
    }
    let due = inner.store.due(inner.clock.now(), MAX_AT_ONCE).await?;
    let mut tries = JoinSet::new();
    for row in due {
        let (webhook, outgoing, now) = (webhook.clone(), outgoing.clone(), inner.clock.now());
        tries.spawn(async move {
            let outcome = attempt(&webhook, &outgoing, &row, now).await;
            (row, outcome)
        });
    }
    let mut progress = false;
    while let Some(done) = tries.join_next().await {
        // A try that panicked has said so, and the message is still there.
        let Ok((row, outcome)) = done else { continue };
        progress |= outcome == Outcome::Taken;
        settle(inner, &row, outcome).await?;
    }
    let (waiting, next) = inner.store.messages().await?;
    inner.pulse.messages_wait(waiting);
    // Where nothing comes through, many that wait are no reason to hurry.
    if progress && waiting > 0 {
        return Ok(Duration::ZERO);
    }
    let now = inner.clock.now().unix();
    let until = next.map_or(EVERY.as_secs(), |next| next.saturating_sub(now));
    Ok(Duration::from_secs(until.max(1)).min(EVERY))
}

async fn attempt(
    webhook: &Webhook,
    outgoing: &Outgoing,
    row: &MessageRow,
    now: placet_schemas::time::Timestamp,
) -> Outcome {
    let Some(headers) = webhook.headers(&row.name, now, &row.body) else {
        return Outcome::Failed(None);
    };
    let call = OutgoingCall {
        method: Method::POST,
        headers,
        body: row.body.clone(),
        // The status says it all.
        limit: None,
        timeout: WEBHOOK_TIMEOUT,
    };
    match outgoing.call(webhook.config, &webhook.url, call).await {
        Ok(reply) if (200..300).contains(&reply.status) => Outcome::Taken,
        Ok(reply) if reply.status == 410 => Outcome::Gone,
        Ok(reply) => {
            tracing::warn!(
                status = reply.status,
                attempt = row.attempts + 1,
                "the webhook does not take a message"
            );
            Outcome::Failed(reply.retry_after)
        }
        Err(error) => {
            tracing::warn!(%error, attempt = row.attempts + 1, "the webhook does not answer");
            Outcome::Failed(None)
        }
    }
}

async fn settle(inner: &Inner, row: &MessageRow, outcome: Outcome) -> Result<(), StoreError> {
    match outcome {
        Outcome::Taken => {
            inner.store.drop_message(&row.name).await?;
            inner.pulse.message_taken();
        }
        Outcome::Gone => {
            inner.pulse.message_failed();
            inner.outbox.gone.store(true, Ordering::Relaxed);
            tracing::error!(
                "the webhook wants no more messages (410): none is sent until the verifier is started again"
            );
        }
        Outcome::Failed(wish) => {
            inner.pulse.message_failed();
            let tried = usize::try_from(row.attempts).unwrap_or(usize::MAX);
            match WEBHOOK_RETRIES.get(tried) {
                Some(pause) => {
                    let pause = pause_of(*pause, wish, random::bytes()?);
                    let due = inner.clock.now().unix().saturating_add(pause);
                    inner.store.put_off(&row.name, row.attempts + 1, due).await?;
                }
                None => {
                    tracing::error!("the webhook has not taken a message for days: it is given up");
                    inner.store.drop_message(&row.name).await?;
                    inner.pulse.messages_given_up(1);
                }
            }
        }
    }
    Ok(())
}

/// The pause before the next try: at least that of the schedule, and what the receiver asks for.
fn pause_of(pause: u64, wish: Option<u64>, [chance]: [u8; 1]) -> u64 {
    let pause = pause.max(wish.unwrap_or_default().min(MAX_PAUSE));
    pause + pause * u64::from(chance) / (JITTER * u64::from(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_those_of_the_specification_and_a_little_more() {
        let since: Vec<u64> = WEBHOOK_RETRIES
            .iter()
            .scan(0, |sum, pause| {
                *sum += pause;
                Some(*sum)
            })
            .collect();
        // The column "Time since start" of the specification.
        let hms = |h: u64, m: u64, s: u64| h * 3600 + m * 60 + s;
        assert_eq!(
            since,
            [
                hms(0, 0, 5),
                hms(0, 5, 5),
                hms(0, 35, 5),
                hms(2, 35, 5),
                hms(7, 35, 5),
                hms(17, 35, 5),
                hms(31, 35, 5),
                hms(51, 35, 5),
                hms(75, 35, 5)
            ]
        );
        assert_eq!((pause_of(100, None, [0]), pause_of(100, None, [255])), (100, 110));
        assert_eq!(pause_of(5, Some(60), [0]), 60);
        assert_eq!(pause_of(5, Some(u64::MAX), [0]), MAX_PAUSE);
        assert!(
            since[8] + since[8] / JITTER < KEPT_SECONDS,
            "who is gone keeps no more than who fails"
        );
    }
}
