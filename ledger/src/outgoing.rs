//! The one way out: fetching a brand's DID document, at an address that whoever registers chooses; and asking witnesses, at
//! addresses that the operator chose.
//!
//! How such an address is called without being led inwards is [`placet_client::outgoing`]'s work.
//!
//! In scope: `did:web` ([`did_web_url`]), and what of a DID document may sign here ([`document`]).

pub mod document;
mod url;

use std::time::Duration;

use hyper::Method;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use placet_client::outgoing::OutgoingCall;
pub use placet_client::outgoing::{OutgoingConfig, OutgoingError, Reply, WebUrl};
pub use url::did_web_url;

/// Largest DID document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 48 * 1024;
/// What a DID document may be.
const DOCUMENT_TYPES: &str = "application/did+json, application/did+ld+json, application/json";
/// How long one fetch may take from the name to the last byte.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// Fetches small public files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Outgoing {
    config: OutgoingConfig,
    client: placet_client::outgoing::Outgoing,
}

impl Outgoing {
    /// A client that trusts the certificate authorities of the web.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new(config: OutgoingConfig) -> Result<Self, OutgoingError> {
        let client = placet_client::outgoing::Outgoing::new()?;
        Ok(Self { config, client })
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
        let call = OutgoingCall {
            method: Method::GET,
            headers: accepting(DOCUMENT_TYPES),
            body: Vec::new(),
            limit: Some(MAX_DOCUMENT_BYTES),
            timeout: FETCH_TIMEOUT,
        };
        let reply = self.client.call(self.config, url, call).await?;
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
        let call = OutgoingCall {
            method: Method::POST,
            headers: accepting("*/*"),
            body,
            limit: Some(limit),
            timeout,
        };
        self.client.call(config, url, call).await
    }
}

fn accepting(types: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(types))])
}
