//! A small HTTP client, and what it gets.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use placet_schemas::api::FeedAnswer;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A call that is being put together.
#[derive(Debug, Clone)]
pub(super) struct Call {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// An answer whose body has not been read.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    body: Incoming,
    /// What came and is no whole event yet.
    read: String,
    driver: Driver,
}

/// A server-sent event of a feed.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) page: FeedAnswer,
}

/// The connection, which ends with whoever has it.
#[derive(Debug)]
struct Driver(JoinHandle<hyper::Result<()>>);

impl Call {
    pub(super) fn new(address: SocketAddr, method: Method, path: &str) -> Self {
        Self {
            address,
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn token(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(super) fn json(self, value: &Value) -> Self {
        self.bytes(value.to_string().as_bytes())
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.body = bytes.to_vec();
        self.header(CONTENT_TYPE.as_str(), "application/json")
    }

    pub(super) fn untyped(mut self, bytes: &[u8]) -> Self {
        self.body = bytes.to_vec();
        self
    }

    /// One connection, one call.
    pub(super) async fn send(self) -> Answer {
        let Open {
            status,
            headers,
            body,
            driver,
            ..
        } = self.open().await;
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        drop(driver);
        Answer { status, headers, body }
    }

    /// The same for an answer that does not end, or that nobody reads.
    pub(super) async fn open(self) -> Open {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driver = Driver(tokio::spawn(connection));
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header(HOST, "placet.test");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(self.body))).unwrap();
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        Open {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            driver,
            read: String::new(),
        }
    }
}

impl Open {
    /// The next server-sent event; `None` when the stream is over.
    pub(super) async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let event = Event::parse(event);
                self.read = rest.to_owned();
                return Some(event);
            }
            let Some(frame) = self.body.frame().await else {
                assert_eq!(self.read, "", "it ends with an event that is whole");
                return None;
            };
            let bytes = frame.unwrap().into_data().unwrap();
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// The opened answer, if it has this status.
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status);
        self
    }
}

impl Event {
    fn parse(text: &str) -> Self {
        let mut lines = text.split('\n');
        let mut field = |name: &str| {
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
            value.unwrap_or_else(|| panic!("no {name} in {line:?}")).to_owned()
        };
        let (id, name, data) = (field("id"), field("event"), field("data"));
        assert_eq!((name.as_str(), lines.next()), ("feed", None));
        Self {
            id,
            page: serde_json::from_str(&data).unwrap(),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, if it has this status.
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Checks that this is a problem with this code, as RFC 9457 and our own list want it; gives its pointer.
    pub(super) fn refused(&self, code: &str) -> Option<String> {
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        let kind = placet_schemas::api::problem::ProblemType::of(code);
        assert_eq!(kind.code, code, "{code} is not in the list");
        assert_eq!(problem["status"], self.status);
        assert_eq!(
            (problem["title"].as_str(), self.status),
            (Some(kind.title), kind.status)
        );
        assert_eq!(problem["type"], format!("https://w3id.org/placet/problems/{code}"));
        assert!(
            problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
            "{problem}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert!(!self.header("x-request-id").is_empty());
        problem["pointer"].as_str().map(str::to_owned)
    }
}
