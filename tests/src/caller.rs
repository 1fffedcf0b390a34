//! A blocking HTTP client of a few lines: one connection, kept open, calls one after the other.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How long any one answer may take before the node counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// A caller with at most one open connection.
#[derive(Debug)]
pub struct Caller {
    address: String,
    token: Option<String>,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type; empty when there is none.
    pub content_type: String,
    /// All headers; names are in lowercase.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Caller {
    /// A caller of the node at this address, such as `127.0.0.1:8437`.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            token: None,
            stream: None,
        }
    }

    /// The same, proving itself by a bearer token.
    #[must_use]
    pub fn with_token(address: &str, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..Self::new(address)
        }
    }

    /// The octets under a path, which must be there.
    ///
    /// # Panics
    /// When they are not.
    pub fn get(&mut self, path: &str) -> Vec<u8> {
        self.call("GET", path, &[]).unwrap().expect(200, path)
    }

    /// Posts octets; the answer must be 201 Created.
    ///
    /// # Panics
    /// When it is not.
    pub fn post(&mut self, path: &str, body: &[u8]) -> Vec<u8> {
        self.call("POST", path, body).unwrap().expect(201, path)
    }

    /// Posts a value, and reads one.
    ///
    /// # Panics
    /// When the answer is not 201 Created with such a value.
    pub fn post_json<T: DeserializeOwned>(&mut self, path: &str, body: &impl Serialize) -> T {
        let answer = self.post(path, &serde_json::to_vec(body).unwrap());
        serde_json::from_slice(&answer).unwrap()
    }

    /// Any call; an error when the node went away before the whole answer was there.
    ///
    /// # Errors
    /// Those of the connection, which is given up then.
    pub fn call(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
        self.call_with(method, path, &[("content-type", "application/json")], body)
    }

    /// The same with these headers.
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub fn call_with(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(&self.address)?),
        };
        let headers: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let token = self
            .token
            .as_deref()
            .map(|token| format!("authorization: Bearer {token}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{}content-length: {}\r\n{}\r\n",
            self.address,
            headers.concat(),
            body.len(),
            token.unwrap_or_default(),
        );
        stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        let answer = read_answer(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

/// The same is answered, whatever headers each call has of its own: its id, its date.
impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        (self.status, &self.content_type, &self.body) == (other.status, &other.content_type, &other.body)
    }
}

impl Eq for Answer {}

impl Answer {
    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body, if the status is this one.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn expect(self, status: u16, what: &str) -> Vec<u8> {
        assert_eq!(self.status, status, "{what}: {}", String::from_utf8_lossy(&self.body));
        self.body
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<Answer> {
    let status = line(stream)?;
    let status = status
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| torn("no status line"))?;
    // A 204 has neither content nor its length (RFC 9110, 8.6).
    let mut length = (status == 204 || status == 304).then_some(0);
    let mut headers = Vec::new();
    let mut content_type = String::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-type") => {
                value.trim().clone_into(&mut content_type)
            }
            _ => {}
        }
    }
    // The node knows the length of everything it sends; nothing here is chunked.
    let mut body = vec![0; length.ok_or_else(|| torn("no content-length"))?];
    stream.read_exact(&mut body)?;
    Ok(Answer {
        status,
        content_type,
        headers,
        body,
    })
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(torn("the connection ended in the middle of a line")),
    }
}

fn torn(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, why)
}
