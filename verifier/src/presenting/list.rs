//! The status list of a receipt, from where the receipt says that it is.

use std::time::Duration;

use hyper::{HeaderMap, Method};
use placet_client::outgoing::{Outgoing, OutgoingCall, OutgoingConfig, OutgoingError, WebUrl};
use placet_kernel::receipt::MAX_TOKEN_LIST_BYTES;

/// How long a list may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);

/// The list, if it can be had now.
pub(super) async fn fetch(private: bool, url: &str) -> Option<String> {
    match list(private, url).await {
        Ok(list) => Some(list),
        Err(error) => {
            tracing::warn!(%error, "a status list cannot be had");
            None
        }
    }
}

async fn list(private: bool, url: &str) -> Result<String, OutgoingError> {
    let (url, http) = WebUrl::parse(url)?;
    if http && !private {
        return Err(OutgoingError::NotFetchable("a status list is at https"));
    }
    let config = OutgoingConfig {
        allow_private_addresses: private,
        allow_http: http,
    };
    let call = OutgoingCall {
        method: Method::GET,
        headers: HeaderMap::new(),
        body: Vec::new(),
        limit: Some(MAX_TOKEN_LIST_BYTES),
        timeout: LIST_TIMEOUT,
    };
    let reply = Outgoing::new()?.call(config, &url, call).await?;
    if reply.status != 200 {
        return Err(OutgoingError::Status(reply.status));
    }
    String::from_utf8(reply.body).map_err(|_| OutgoingError::NotFetchable("the status list is no text"))
}
