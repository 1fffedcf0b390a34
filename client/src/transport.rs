//! One exchange: connect, ask, read the whole answer.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::server::Server;

/// How long a connection may take.
pub const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long an answer may take: more than the 30 s that a ledger gives itself.
pub const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Longest answer: the longest bundle, the largest body there is.
pub const MAX_ANSWER_BYTES: usize = placet_kernel::bundle::MAX_BUNDLE_BYTES;

const JSON: &str = "application/json";
const AGENT: &str = concat!("placet/", env!("CARGO_PKG_VERSION"));

/// What is asked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// Path and query, after the server's prefix.
    pub path: &'a str,
    /// The bearer token.
    pub token: Option<&'a str>,
    /// A JSON body.
    pub body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Whether the body is problem details (RFC 9457).
    pub is_problem: bool,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug)]
pub struct Silence {
    /// One sentence.
    pub why: String,
    /// Whether the ledger may have heard the question all the same.
    pub sent: bool,
}

/// Does the exchange.
///
/// # Errors
/// See [`Silence`].
pub async fn exchange(server: &Server, call: Call<'_>) -> Result<Answer, Silence> {
    exchange_as(server, call, JSON).await
}

/// The same with a body of another media type.
///
/// # Errors
/// See [`Silence`].
pub async fn exchange_as(server: &Server, call: Call<'_>, media_type: &'static str) -> Result<Answer, Silence> {
    let mut request = request(server, call, "*/*").map_err(unsent)?;
    if request.headers().contains_key(CONTENT_TYPE) {
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    let stream = connect(server).await?;
    let answer = send(TokioIo::new(stream), request).await;
    answer.map_err(|why| Silence { why, sent: true })
}

/// Any connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects, encrypted where the address says so.
pub(crate) async fn connect(server: &Server) -> Result<Box<dyn Stream>, Silence> {
    let connected = timeout(CONNECT_TIME, TcpStream::connect((server.host.as_str(), server.port))).await;
    let stream = connected.map_err(|_| unsent("it does not answer"))?.map_err(unsent)?;
    let Some((config, name)) = &server.tls else {
        return Ok(Box::new(stream));
    };
    let handshake = TlsConnector::from(config.clone()).connect(name.clone(), stream);
    let stream = timeout(CONNECT_TIME, handshake).await;
    let stream = stream.map_err(|_| unsent("TLS takes too long"))?;
    Ok(Box::new(stream.map_err(|error| unsent(format!("TLS: {error}")))?))
}

pub(crate) fn unsent(why: impl ToString) -> Silence {
    Silence {
        why: why.to_string(),
        sent: false,
    }
}

async fn send(io: impl Read + Write + Unpin + Send + 'static, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let answer = async {
        let (mut sender, connection) = http1::handshake(io).await.map_err(|error| error.to_string())?;
        // The connection moves the bytes; it ends when the sender below is dropped, and its errors reach the sender too.
        let connection = tokio::spawn(connection);
        let answer = receive(&mut sender, request).await;
        connection.abort();
        answer
    };
    timeout(ANSWER_TIME, answer)
        .await
        .map_err(|_| "the answer takes too long".to_owned())?
}

async fn receive(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let content_type = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_problem = content_type.starts_with(placet_schemas::api::problem::MEDIA_TYPE);
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body
        .map_err(|error| format!("the answer breaks off or is too long: {error}"))?
        .to_bytes()
        .to_vec();
    Ok(Answer {
        status,
        is_problem,
        body,
    })
}

pub(crate) fn request(server: &Server, call: Call<'_>, accept: &'static str) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::builder()
        .method(call.method)
        .uri(format!("{}{}", server.prefix, call.path))
        .header(HOST, &server.authority)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, accept);
    if let Some(token) = call.token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token has characters that no token has".to_owned())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, JSON);
    }
    request
        .body(Full::new(Bytes::from(call.body.unwrap_or_default())))
        .map_err(|error| error.to_string())
}
