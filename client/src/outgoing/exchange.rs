//! One exchange over a connection to an address that has been checked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::{MAX_ADDRESSES, OutgoingCall, OutgoingConfig, OutgoingError, Reply, WebUrl, is_public};

/// How long one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The authorities and versions of TLS that count.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        // Named here, since a process-wide default would depend on what else is linked in.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

/// Calls, and gives whatever the answer is.
pub(super) async fn exchange(
    config: OutgoingConfig,
    tls: &Tls,
    url: &WebUrl,
    call: OutgoingCall,
) -> Result<Reply, OutgoingError> {
    let port = url.port.unwrap_or(if config.allow_http { 80 } else { 443 });
    let addresses = resolve(config, &url.host, port).await?;
    let stream = connect(&addresses).await?;
    if config.allow_http {
        return send(stream, url, call).await;
    }
    let name = ServerName::try_from(url.host.clone()).map_err(|_| OutgoingError::Unreachable)?;
    let stream = tls
        .0
        .connect(name, stream)
        .await
        .map_err(|_| OutgoingError::Unreachable)?;
    send(stream, url, call).await
}

/// The addresses of a name, each of them checked.
async fn resolve(config: OutgoingConfig, host: &str, port: u16) -> Result<Vec<SocketAddr>, OutgoingError> {
    // Nobody's certificate on the web is for an address. Old notations of IPv4 (`127.1`, `0x7f000001`) resolve like names, and
    // their addresses are checked like those of names.
    if host.parse::<IpAddr>().is_ok() && !config.allow_private_addresses {
        return Err(OutgoingError::NotFetchable("the host is no DNS name"));
    }
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|_| OutgoingError::Unresolved)?;
    checked(config, found.collect())
}

/// Lets addresses of a name pass, or none of them. One that is not public refuses the name: whoever mixes public and private
/// addresses is playing for the one that slips through.
fn checked(config: OutgoingConfig, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, OutgoingError> {
    if addresses.is_empty() {
        return Err(OutgoingError::Unresolved);
    }
    if !config.allow_private_addresses && !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(OutgoingError::NotPublic);
    }
    Ok(addresses)
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, OutgoingError> {
    for address in addresses.iter().take(MAX_ADDRESSES) {
        // One address that answers nothing, often that of the wrong family, must not use up the time of the others.
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(OutgoingError::Unreachable)
}

async fn send<S>(stream: S, url: &WebUrl, call: OutgoingCall) -> Result<Reply, OutgoingError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unreachable = |_| OutgoingError::Unreachable;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let limit = call.limit;
    let authority = HeaderValue::from_str(&url.authority());
    let authority = authority.map_err(|_| OutgoingError::NotFetchable("the host is no DNS name"))?;
    let mut request = Request::builder()
        .method(call.method)
        .uri(&url.path)
        .body(Full::new(Bytes::from(call.body)))
        .map_err(|_| OutgoingError::NotFetchable("the address gives no URL"))?;
    *request.headers_mut() = call.headers;
    request.headers_mut().insert(HOST, authority);
    request
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let body = match limit {
            None => Vec::new(),
            Some(limit) => {
                let body = Limited::new(answer.into_body(), limit).collect().await;
                let body = body.map_err(|error| match error.is::<LengthLimitError>() {
                    true => OutgoingError::Oversize(limit),
                    false => OutgoingError::Unreachable,
                })?;
                body.to_bytes().to_vec()
            }
        };
        Ok(Reply {
            status,
            content_type,
            retry_after,
            body,
        })
    };
    // The connection is driven here and not in a task of its own, so that nothing of it outlives the time limit.
    tokio::pin!(exchange, connection);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: OutgoingConfig = OutgoingConfig {
        allow_private_addresses: false,
        allow_http: false,
    };
    const OPEN: OutgoingConfig = OutgoingConfig {
        allow_private_addresses: true,
        allow_http: true,
    };

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 443))
            .collect()
    }

    /// What a name server may answer with, on purpose.
    #[test]
    fn a_name_with_any_inward_address_is_refused_whole() {
        for inward in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
        ] {
            for list in [vec![inward], vec!["1.1.1.1", inward], vec![inward, "2606:4700::1111"]] {
                assert_eq!(
                    checked(CLOSED, addresses(&list)),
                    Err(OutgoingError::NotPublic),
                    "{list:?}"
                );
                assert_eq!(checked(OPEN, addresses(&list)), Ok(addresses(&list)));
            }
        }
        let public = addresses(&["1.1.1.1", "2606:4700::1111"]);
        assert_eq!(checked(CLOSED, public.clone()), Ok(public));
        assert_eq!(checked(OPEN, Vec::new()), Err(OutgoingError::Unresolved));
    }

    /// A real name of this machine, an address as it stands, and old ways to write one.
    #[tokio::test]
    async fn names_and_notations_that_lead_inwards_are_refused() {
        assert_eq!(resolve(CLOSED, "localhost", 80).await, Err(OutgoingError::NotPublic));
        for literal in ["127.0.0.1", "169.254.169.254", "::1", "1.1.1.1"] {
            let refused = resolve(CLOSED, literal, 80).await;
            assert!(matches!(refused, Err(OutgoingError::NotFetchable(_))), "{literal}");
        }
        for old in ["127.1", "0x7f000001", "2130706433"] {
            let refused = resolve(CLOSED, old, 80).await;
            let refused = refused.unwrap_err();
            assert!(
                matches!(refused, OutgoingError::NotPublic | OutgoingError::Unresolved),
                "{old}"
            );
        }
        assert!(resolve(OPEN, "127.0.0.1", 80).await.is_ok());
    }
}
