//! HTTP/1.1 exchanges with a ledger: one call and its whole answer ([`exchange`]), a stream of events ([`open_events`]), or a
//! feed that is followed for years ([`follow`]).
//!
//! Calls to addresses that others choose go through [`outgoing`].
//!
//! It believes nothing: what an answer says is for the kernel to judge. No redirect is followed: a ledger that has moved is
//! somebody's decision, and a token must not go with it unasked. Out of scope: HTTP/2, proxies, connection pools.

mod events;
mod follow;
pub mod outgoing;
mod server;
mod transport;

pub use events::{Event, EventError, Events, MAX_EVENT_BYTES, open_events};
pub use follow::{Source, Taker, follow, parse_page};
pub use server::{Server, ServerError};
pub use transport::{ANSWER_TIME, Answer, CONNECT_TIME, Call, MAX_ANSWER_BYTES, Silence, exchange, exchange_as};
