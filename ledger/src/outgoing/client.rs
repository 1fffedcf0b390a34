//! One exchange over a connection to an address that has been checked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::{MAX_ADDRESSES, OutgoingConfig, OutgoingError, Reply, WebUrl, is_public};

/// What is asked.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) accept: &'static str,
    pub(super) body: Vec<u8>,
    /// Most bytes of the answer's body.
    pub(super) limit: usize,
}

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
    call: Call,
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

/// The addresses of a name, each of them checked. One that is not public refuses the name: whoever mixes public and
/// private addresses is playing for the one that slips through.
async fn resolve(config: OutgoingConfig, host: &str, port: u16) -> Result<Vec<SocketAddr>, OutgoingError> {
    // did:web has no place for IP addresses. Old notations of IPv4 (`127.1`, `0x7f000001`) resolve like names, and their
    // addresses are checked like those of names.
    if host.parse::<IpAddr>().is_ok() && !config.allow_private_addresses {
        return Err(OutgoingError::NotFetchable("the host of the did:web is no DNS name"));
    }
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|_| OutgoingError::Unresolved)?;
    let addresses: Vec<SocketAddr> = found.collect();
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
        if let Ok(stream) = TcpStream::connect(address).await {
            return Ok(stream);
        }
    }
    Err(OutgoingError::Unreachable)
}

async fn send<S>(stream: S, url: &WebUrl, call: Call) -> Result<Reply, OutgoingError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unreachable = |_| OutgoingError::Unreachable;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let authority = url
        .port
        .map_or_else(|| url.host.clone(), |port| format!("{}:{port}", url.host));
    let limit = call.limit;
    let request = Request::builder()
        .method(call.method)
        .uri(&url.path)
        .header(HOST, authority)
        .header(ACCEPT, call.accept)
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(call.body)))
        .map_err(|_| OutgoingError::NotFetchable("the address gives no URL"))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let body = Limited::new(answer.into_body(), limit).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => OutgoingError::Oversize(limit),
            false => OutgoingError::Unreachable,
        })?;
        Ok(Reply {
            status,
            content_type,
            body: body.to_bytes().to_vec(),
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
