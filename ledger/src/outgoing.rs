//! The one way out: fetching a brand's DID document, at an address that whoever registers chooses; and asking witnesses, at
//! addresses that the operator chose.
//!
//! Such an address could point inwards (server-side request forgery): at the node's own administration, at a cloud's
//! metadata service, at a neighbour that trusts this network. So this client resolves the name itself, refuses the whole
//! name when any of its addresses is not public, and connects to an address it has checked: between check and use nothing
//! is resolved again (DNS rebinding). It follows no redirect, uses no proxy, keeps no connection, speaks https only, and
//! caps size and time. [`OutgoingConfig`] opens the doors that a test or a closed network needs.
//!
//! In scope: `did:web` ([`did_web_url`]), and what of a DID document may sign here ([`document`]).

mod address;
mod client;
pub mod document;
mod url;

use std::time::Duration;

pub use address::is_public;
use hyper::Method;
pub use url::{WebUrl, did_web_url};

/// Largest DID document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 48 * 1024;
/// What a DID document may be.
const DOCUMENT_TYPES: &str = "application/did+json, application/did+ld+json, application/json";
/// How long one fetch may take from the name to the last byte.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// Most addresses of one name that are tried.
pub const MAX_ADDRESSES: usize = 4;

/// Doors that are closed unless they are opened on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutgoingConfig {
    /// Connect to loopback, private and other non-public addresses too.
    pub allow_private_addresses: bool,
    /// Fetch over plain http instead of https.
    pub allow_http: bool,
}

/// Why nothing was fetched. None of the texts says more about the network behind the node than the name itself does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The DID is no did:web, or one whose host is no name.
    #[error("{0}")]
    NotFetchable(&'static str),
    /// The name has no address.
    #[error("the host has no address")]
    Unresolved,
    /// The name leads where this node does not go.
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

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The content type; empty if there is none.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Fetches small public files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    config: OutgoingConfig,
    tls: client::Tls,
}

impl Outgoing {
    /// A client that trusts the certificate authorities of the web.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(config: OutgoingConfig) -> Result<Self, OutgoingError> {
        let tls = client::Tls::new().map_err(|_| OutgoingError::Unreachable)?;
        Ok(Self { config, tls })
    }

    /// The document of a did:web, as bytes.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub async fn did_web(&self, did: &placet_schemas::id::Did) -> Result<Vec<u8>, OutgoingError> {
        self.fetch(&did_web_url(did)?).await
    }

    /// The body of a 200 answer to GET.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub async fn fetch(&self, url: &WebUrl) -> Result<Vec<u8>, OutgoingError> {
        let call = client::Call {
            method: Method::GET,
            accept: DOCUMENT_TYPES,
            body: Vec::new(),
            limit: MAX_DOCUMENT_BYTES,
        };
        let reply = self.exchange(self.config, url, call, FETCH_TIMEOUT).await?;
        match reply.status {
            200 => Ok(reply.body),
            other => Err(OutgoingError::Status(other)),
        }
    }

    /// What is answered to a POST, within `limit` bytes and `timeout`. `config` says which doors are open for this address.
    ///
    /// # Errors
    /// See [`OutgoingError`].
    pub(crate) async fn post(
        &self,
        config: OutgoingConfig,
        url: &WebUrl,
        body: Vec<u8>,
        (limit, timeout): (usize, Duration),
    ) -> Result<Reply, OutgoingError> {
        let call = client::Call {
            method: Method::POST,
            accept: "*/*",
            body,
            limit,
        };
        self.exchange(config, url, call, timeout).await
    }

    async fn exchange(
        &self,
        config: OutgoingConfig,
        url: &WebUrl,
        call: client::Call,
        timeout: Duration,
    ) -> Result<Reply, OutgoingError> {
        let exchange = client::exchange(config, &self.tls, url, call);
        let done = tokio::time::timeout(timeout, exchange).await;
        done.unwrap_or(Err(OutgoingError::Timeout(timeout)))
    }
}
