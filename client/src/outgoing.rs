//! Calls to addresses that somebody else chooses: the web host of a brand's DID, a webhook, a witness.
//!
//! Such an address could point inwards (server-side request forgery): at the service's own administration, at a cloud's
//! metadata service, at a neighbour that trusts this network. So this client resolves the name itself, refuses the whole
//! name when any of its addresses is not public, and connects to an address it has checked: between check and use nothing
//! is resolved again (DNS rebinding). It follows no redirect, uses no proxy, keeps no connection, speaks https only, and
//! caps size and time. [`OutgoingConfig`] opens the doors that a test or a closed network needs.

mod address;
mod exchange;
mod url;

use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderMap;

pub use address::is_public;
pub use url::WebUrl;

/// Most addresses of one name that are tried.
pub const MAX_ADDRESSES: usize = 4;

/// Doors that are closed unless they are opened on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutgoingConfig {
    /// Connect to loopback, private and other non-public addresses too.
    pub allow_private_addresses: bool,
    /// Speak plain http instead of https.
    pub allow_http: bool,
}

/// Why there is no answer. None of the texts says more about the network behind the service than the name itself does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// What is to be called has no address on the web.
    #[error("{0}")]
    NotFetchable(&'static str),
    /// The name has no address.
    #[error("the host has no address")]
    Unresolved,
    /// The name leads where this client does not go.
    #[error("the host has an address that is not public")]
    NotPublic,
    /// No connection, or no TLS under a known authority.
    #[error("the host cannot be reached, or its certificate does not hold")]
    Unreachable,
    /// Something else than 200: also a redirect, which is not followed.
    #[error("the host answered with status {0}, not 200; redirects are not followed")]
    Status(u16),
    /// The answer is too large.
    #[error("the answer is larger than {0} bytes")]
    Oversize(usize),
    /// The answer took too long.
    #[error("the answer took longer than {} seconds", .0.as_secs())]
    Timeout(Duration),
}

/// What is asked, and how much answer is taken.
#[derive(Debug, Clone)]
pub struct OutgoingCall {
    /// The method.
    pub method: Method,
    /// Headers besides Host and Connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Most bytes of the answer's body; `None` where the status says it all, and the body is left unread.
    pub limit: Option<usize>,
    /// How long it may take from the name to the last byte.
    pub timeout: Duration,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type; empty if there is none.
    pub content_type: String,
    /// The seconds of a Retry-After, if there is one and it is in seconds (RFC 9110 section 10.2.3).
    pub retry_after: Option<u64>,
    /// The body; empty where it was not to be read.
    pub body: Vec<u8>,
}

/// Calls others. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    tls: exchange::Tls,
}

impl Outgoing {
    /// A client that trusts the certificate authorities of the web.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new() -> Result<Self, OutgoingError> {
        let tls = exchange::Tls::new().map_err(|_| OutgoingError::Unreachable)?;
        Ok(Self { tls })
    }

    /// Calls. `config` says which doors are open for this address.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub async fn call(&self, config: OutgoingConfig, url: &WebUrl, call: OutgoingCall) -> Result<Reply, OutgoingError> {
        let timeout = call.timeout;
        let exchange = exchange::exchange(config, &self.tls, url, call);
        let done = tokio::time::timeout(timeout, exchange).await;
        done.unwrap_or(Err(OutgoingError::Timeout(timeout)))
    }
}
