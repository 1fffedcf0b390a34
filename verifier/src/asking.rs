//! The other answer: no. Who said it is not asked again for a while.
//!
//! The node knows which invitations were declined, and the brand's book whose they were. The verifier puts the two together,
//! keeps {request, keyed hash of the reference, time} until the cool-down ends, and then forgets. A no makes no record and is
//! proved by nobody: a node that invents one keeps the brand from asking, and never from what was agreed to.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Method;
use placet_client::{Call, exchange};
use placet_schemas::api::{DeclinePage, DeclineView, DeclinedRequest};
use placet_schemas::authzen::CustomerRef;
use placet_schemas::id::Digest;
use placet_schemas::json;
use placet_schemas::time::Timestamp;
use tokio::sync::{Mutex, Notify};

use crate::customers::BookError;
use crate::error::StoreError;
use crate::store::{Entry, No, Sum};
use crate::verifier::{Inner, Verifier};

/// How long a customer who said no is not asked again for the same, when nobody says: half a year.
pub const DEFAULT_COOL_DOWN: Duration = Duration::from_secs(180 * 24 * 3600);
/// How often the node is asked at least, and at most: a backlog of the feed brings many pages.
const EVERY: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(1);
/// Largest page of declines, in bytes.
const MAX_PAGE_BYTES: usize = 1024 * 1024;
/// Longest chain of requests that replace each other that is followed.
const MAX_REPLACED: usize = 100_000;

/// What is known of who said no.
#[derive(Debug)]
pub(crate) struct Asking {
    /// Over the rows of `declined`. Taken after the reader's lock, where both are.
    pub(crate) sum: Mutex<Sum>,
    place: std::sync::Mutex<Place>,
    pub(crate) news: Notify,
}

/// How far the node's declines were looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The last decline that was looked at, plus one. It begins anew with each start, and when the book has got new rows, which
    /// an earlier decline may be about: what was taken before is no news then.
    next: u64,
    /// How often it has begun anew: a page that was under way meanwhile was looked at with the old book.
    turn: u64,
}

impl Asking {
    pub(crate) fn new(sum: Sum) -> Self {
        Self {
            sum: Mutex::new(sum),
            place: std::sync::Mutex::default(),
            news: Notify::new(),
        }
    }

    /// The book has rows that it did not have.
    pub(crate) fn look_again(&self) {
        let mut place = self.place();
        place.next = 0;
        place.turn = place.turn.wrapping_add(1);
        drop(place);
        self.news.notify_one();
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for declines until told to stop.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let done = tokio::select! {
            () = inner.stopped() => return,
            done = round(&inner) => done,
        };
        if let Err(error) = done {
            tracing::error!(%error, "the replica cannot be read or written");
        }
        tokio::select! {
            () = inner.stopped() => return,
            () = tokio::time::sleep(REST) => {}
        }
        tokio::select! {
            () = inner.stopped() => return,
            () = inner.asking.news.notified() => {}
            () = tokio::time::sleep(EVERY - REST) => {}
        }
    }
}

/// One round: forgets what has had its time, and takes what is new.
async fn round(inner: &Inner) -> Result<(), StoreError> {
    let before = inner
        .clock
        .now()
        .unix()
        .saturating_sub(inner.settings.cool_down.as_secs());
    let left = {
        let mut sum = inner.asking.sum.lock().await;
        inner.store.forget_declined(before, &mut sum).await?
    };
    inner.pulse.cooling(left);
    loop {
        let from = *inner.asking.place();
        let Some(page) = page(inner, from.next).await else {
            return Ok(());
        };
        for decline in &page.declines {
            take(inner, decline).await?;
        }
        let Some(last) = page.declines.last() else {
            return Ok(());
        };
        let next = last.id.saturating_add(1);
        let mut place = inner.asking.place();
        if place.turn != from.turn {
            // The book has got new rows meanwhile: from the beginning.
            continue;
        }
        place.next = next;
        // A node whose numbers do not rise would keep us here for ever.
        if page.next.is_none() || next <= from.next {
            return Ok(());
        }
    }
}

async fn page(inner: &Inner, from: u64) -> Option<DeclinePage> {
    let path = match from.checked_sub(1) {
        None => "/v1/declines".to_owned(),
        Some(last) => format!("/v1/declines?after={last}"),
    };
    let call = Call {
        method: Method::GET,
        path: &path,
        token: Some(&inner.settings.token),
        body: None,
    };
    match exchange(&inner.settings.ledger, call).await {
        Ok(answer) if answer.status == 200 => {
            let page = json::parse(&answer.body, MAX_PAGE_BYTES).and_then(|page| json::decode(page.root()));
            page.inspect_err(|fault| tracing::warn!(%fault, "the ledger's declines make no sense"))
                .ok()
        }
        Ok(answer) => {
            tracing::debug!(status = answer.status, "the ledger does not give the declines");
            None
        }
        Err(silence) => {
            tracing::debug!(why = silence.why, "the ledger does not answer");
            None
        }
    }
}

/// Takes one decline, if it is a customer's.
async fn take(inner: &Inner, decline: &DeclineView) -> Result<(), StoreError> {
    let mut reading = inner.reading.lock().await;
    let (customer, answered) = inner.read(|replica| {
        let customer = replica.customer_of(&decline.invitation).cloned();
        (customer, replica.answering(&decline.invitation).is_some())
    });
    let answered = answered || reading.answers(&decline.invitation);
    let Some(customer) = customer else { return Ok(()) };
    if answered {
        // Whoever could take a row away by saying so could make the brand forget whose a consent is.
        tracing::error!("the ledger says of an invitation that it was declined, which a consent of the log answers");
        return Ok(());
    }
    let now = inner.clock.now();
    let no = No {
        invitation: decline.invitation,
        customer,
        request: decline.request,
        at: decline.declined_at.min(now),
    };
    let mut sum = inner.asking.sum.lock().await;
    // Disk first, memory afterwards; a crash in between reads the book without the row.
    inner.store.decline(&no, &mut reading.sums_mut().book, &mut sum).await?;
    drop(sum);
    let gone = Entry {
        invitation: no.invitation,
        after: None,
    };
    inner.write(|replica| replica.write_book(&[gone]));
    drop(reading);
    inner.pulse.declined();
    inner.outbox.news.notify_one();
    Ok(())
}

impl Verifier {
    /// Until when a customer is not to be asked this, if she has said no to it, or to a request from which it differs in nothing
    /// that is marked as material.
    ///
    /// # Errors
    /// [`BookError::RequestUnknown`] when she has said no to something, and the feed has not brought this request yet: nobody
    /// knows then whether it asks the same.
    pub async fn cooling_down(&self, customer: &CustomerRef, request: &Digest) -> Result<Option<Timestamp>, BookError> {
        let declined = self.declined(customer).await?;
        if declined.is_empty() {
            return Ok(None);
        }
        let reading = self.inner.reading.lock().await;
        if !reading.knows(request) {
            return Err(BookError::RequestUnknown);
        }
        let question = |request: &Digest| first_of(*request, |request| reading.supersedes(request));
        let asked = question(request);
        let same = declined.iter().filter(|declined| question(&declined.request) == asked);
        Ok(same.map(|declined| declined.until).max())
    }

    /// What a customer has said no to, as long as its cool-down has not ended.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn declined(&self, customer: &CustomerRef) -> Result<Vec<DeclinedRequest>, StoreError> {
        let (now, cool_down) = (self.inner.clock.now(), self.inner.settings.cool_down.as_secs());
        let declined = self.inner.store.declined_by(customer).await?.into_iter();
        let declined = declined.map(|(request, at)| DeclinedRequest {
            request,
            until: at.plus_seconds(cool_down),
        });
        Ok(declined.filter(|declined| declined.until > now).collect())
    }
}

/// The first of the requests that ask the same: back over all that were superseded without a material change.
fn first_of(mut request: Digest, supersedes: impl Fn(&Digest) -> Option<(Digest, bool)>) -> Digest {
    for _ in 0..MAX_REPLACED {
        match supersedes(&request) {
            Some((earlier, false)) => request = earlier,
            _ => break,
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_the_same_as_those_it_supersedes_without_a_material_change() {
        let id = |name: &str| Digest::of(name.as_bytes());
        let supersedes = |request: &Digest| match request {
            request if *request == id("b") => Some((id("a"), false)),
            request if *request == id("c") => Some((id("b"), false)),
            request if *request == id("d") => Some((id("c"), true)),
            request if *request == id("e") => Some((id("d"), false)),
            // Which no honest log has.
            request if *request == id("x") => Some((id("x"), false)),
            _ => None,
        };
        let first = |name: &str| first_of(id(name), supersedes);
        assert_eq!([first("a"), first("b"), first("c")], [id("a"); 3]);
        assert_eq!([first("d"), first("e")], [id("d"); 2]);
        assert_eq!(first("unknown"), id("unknown"));
        assert_eq!(first("x"), id("x"));
    }
}
