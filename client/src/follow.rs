//! Living on a ledger's feed: by its stream of events while that works, by asking again and again while it does not.
//!
//! Whatever comes is somebody else's to judge ([`Taker`]); this brings it.

use core::future::Future;
use core::time::Duration;

use hyper::Method;
use placet_schemas::api::{FeedAnswer, FeedCursor};
use placet_schemas::id::Did;
use placet_schemas::json::{self, Fault};

use crate::events::{Events, MAX_EVENT_BYTES, open_events};
use crate::server::Server;
use crate::transport::{Call, exchange};

/// A ledger signs a fresh head at least every five seconds. One that has been silent for more than twice that is gone.
const PATIENCE: Duration = Duration::from_secs(12);
/// Pauses before the ledger is asked again: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Where a feed comes from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The ledger.
    pub ledger: &'a Server,
    /// The token for the feed.
    pub token: &'a str,
    /// Whose feed, where the token does not say it.
    pub controller: Option<&'a Did>,
}

/// Whoever lives on the feed.
pub trait Taker: Sync {
    /// What is wanted next.
    fn cursor(&self) -> impl Future<Output = FeedCursor> + Send;

    /// Takes a page as it came; gives how many items it had, or nothing when this connection is of no use any more.
    fn take(&self, page: &[u8]) -> impl Future<Output = Option<usize>> + Send;

    /// A stream was opened.
    fn connected(&self) {}
}

/// Reads a page.
///
/// # Errors
/// What is wrong with it, and where.
pub fn parse_page(bytes: &[u8]) -> Result<FeedAnswer, Fault> {
    json::parse(bytes, MAX_EVENT_BYTES).and_then(|page| json::decode(page.root()))
}

/// Follows until dropped.
pub async fn follow(source: Source<'_>, taker: &impl Taker) {
    let mut pause = PAUSES.0;
    loop {
        // A connection that brought something was a good one.
        pause = if connected(source, taker).await {
            PAUSES.0
        } else {
            (pause * 2).min(PAUSES.1)
        };
        tokio::time::sleep(pause).await;
    }
}

/// One connection: the stream, or where there is none, one question. Gives whether it brought a page that was taken.
async fn connected(source: Source<'_>, taker: &impl Taker) -> bool {
    let mut events = match open(source, taker).await {
        Ok(events) => events,
        Err(why) => {
            tracing::info!(why, "there is no stream of the feed; asking for it instead");
            return ask(source, taker).await;
        }
    };
    taker.connected();
    let mut brought = false;
    loop {
        match events.next(PATIENCE).await {
            Ok(event) if event.kind == "feed" => {
                if taker.take(event.data.as_bytes()).await.is_none() {
                    return brought;
                }
                brought = true;
            }
            // What a later ledger may send besides is not for us.
            Ok(_) => {}
            Err(error) => {
                tracing::info!(%error, "the stream of the feed is over");
                // Somebody on the way may hold events back, and yet let answers through.
                return brought || ask(source, taker).await;
            }
        }
    }
}

async fn open(source: Source<'_>, taker: &impl Taker) -> Result<Events, String> {
    let path = source.path("/v1/feed/events", taker.cursor().await);
    let events = open_events(source.ledger, source.call(&path), None).await;
    events.map_err(|silence| silence.why)
}

/// Asks for pages until there is nothing new; gives whether one was taken.
async fn ask(source: Source<'_>, taker: &impl Taker) -> bool {
    let mut brought = false;
    loop {
        let path = source.path("/v1/feed", taker.cursor().await);
        match exchange(source.ledger, source.call(&path)).await {
            Ok(answer) if answer.status == 200 => match taker.take(&answer.body).await {
                None => return brought,
                Some(0) => return true,
                Some(_) => brought = true,
            },
            Ok(answer) => {
                tracing::warn!(status = answer.status, "the ledger does not give the feed");
                return brought;
            }
            Err(silence) => {
                tracing::warn!(why = silence.why, "the ledger does not answer");
                return brought;
            }
        }
    }
}

impl<'a> Source<'a> {
    fn path(&self, route: &str, cursor: FeedCursor) -> String {
        let whose = self
            .controller
            .map(|did| format!("&controller={}", in_query(did.as_str())));
        let whose = whose.unwrap_or_default();
        format!("{route}?from={}&since={}{whose}", cursor.from, cursor.since)
    }

    const fn call<'c>(&self, path: &'c str) -> Call<'c>
    where
        'a: 'c,
    {
        Call {
            method: Method::GET,
            path,
            token: Some(self.token),
            body: None,
        }
    }
}

/// A DID in a query. The one byte of its syntax that a query would change is `%`: the port of a did:web.
fn in_query(did: &str) -> String {
    did.replace('%', "%25")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_did_is_the_same_after_the_query() {
        let server = Server::new("http://127.0.0.1:1", false, None).unwrap();
        let did: Did = "did:web:127.0.0.1%3A8443".parse().unwrap();
        let source = Source {
            ledger: &server,
            token: "t",
            controller: Some(&did),
        };
        let cursor = FeedCursor { from: 3, since: 5 };
        assert_eq!(
            source.path("/v1/feed", cursor),
            "/v1/feed?from=3&since=5&controller=did:web:127.0.0.1%253A8443"
        );
    }
}
