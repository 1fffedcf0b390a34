//! One HTTP/1.1 exchange: connect, ask, read the whole answer. No redirect is followed: a ledger that has moved is
//! somebody's decision, and a token must not go with it unasked.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::server::Server;

/// How long a connection may take.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long an answer may take: more than the 30 s that a ledger gives itself.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Longest answer: the longest bundle, the largest body there is.
pub(super) const MAX_ANSWER_BYTES: usize = placet_kernel::bundle::MAX_BUNDLE_BYTES;

const AGENT: &str = concat!("placet/", env!("CARGO_PKG_VERSION"));

/// What is asked.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    /// Path and query, after the server's prefix.
    pub(super) path: &'a str,
    pub(super) token: Option<&'a str>,
    /// A JSON body.
    pub(super) body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether the body is problem details (RFC 9457).
    pub(super) is_problem: bool,
    pub(super) body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug)]
pub(super) struct Silence {
    /// One sentence.
    pub(super) why: String,
    /// Whether the ledger may have heard the question all the same.
    pub(super) sent: bool,
}

/// Does the exchange.
pub(super) async fn exchange(server: &Server, call: Call<'_>) -> Result<Answer, Silence> {
    let request = request(server, call).map_err(unsent)?;
    let connected = timeout(CONNECT_TIME, TcpStream::connect((server.host.as_str(), server.port))).await;
    let stream = connected.map_err(|_| unsent("it does not answer"))?.map_err(unsent)?;
    let answer = match &server.tls {
        None => send(TokioIo::new(stream), request).await,
        Some((config, name)) => {
            let handshake = TlsConnector::from(config.clone()).connect(name.clone(), stream);
            let stream = timeout(CONNECT_TIME, handshake)
                .await
                .map_err(|_| unsent("TLS takes too long"))?;
            send(
                TokioIo::new(stream.map_err(|error| unsent(format!("TLS: {error}")))?),
                request,
            )
            .await
        }
    };
    answer.map_err(|why| Silence { why, sent: true })
}

fn unsent(why: impl ToString) -> Silence {
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

fn request(server: &Server, call: Call<'_>) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::builder()
        .method(call.method)
        .uri(format!("{}{}", server.prefix, call.path))
        .header(HOST, &server.authority)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "*/*");
    if let Some(token) = call.token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token has characters that no token has".to_owned())?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    request
        .body(Full::new(Bytes::from(call.body.unwrap_or_default())))
        .map_err(|error| error.to_string())
}
