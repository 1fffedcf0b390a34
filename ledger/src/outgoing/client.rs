//! One GET over a connection to an address that has been checked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::{MAX_ADDRESSES, MAX_DOCUMENT_BYTES, OutgoingConfig, OutgoingError, WebUrl, is_public};

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

pub(super) async fn fetch(config: OutgoingConfig, tls: &Tls, url: &WebUrl) -> Result<Vec<u8>, OutgoingError> {
    let port = url.port.unwrap_or(if config.allow_http { 80 } else { 443 });
    let addresses = resolve(config, &url.host, port).await?;
    let stream = connect(&addresses).await?;
    if config.allow_http {
        return get(stream, url).await;
    }
    let name = ServerName::try_from(url.host.clone()).map_err(|_| OutgoingError::Unreachable)?;
    let stream = tls
        .0
        .connect(name, stream)
        .await
        .map_err(|_| OutgoingError::Unreachable)?;
    get(stream, url).await
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

async fn get<S>(stream: S, url: &WebUrl) -> Result<Vec<u8>, OutgoingError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unreachable = |_| OutgoingError::Unreachable;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let authority = url
        .port
        .map_or_else(|| url.host.clone(), |port| format!("{}:{port}", url.host));
    let request = Request::get(&url.path)
        .header(HOST, authority)
        .header(
            ACCEPT,
            "application/did+json, application/did+ld+json, application/json",
        )
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| OutgoingError::NotFetchable("the did:web gives no URL"))?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(OutgoingError::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), MAX_DOCUMENT_BYTES).collect().await;
        body.map(|body| body.to_bytes().to_vec())
            .map_err(|error| match error.is::<LengthLimitError>() {
                true => OutgoingError::Oversize,
                false => OutgoingError::Unreachable,
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
