//! HTTP by hand: calls with any header at all, and a shop that remembers what it was asked.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back, or came in.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// The status line, or the request line.
    pub(super) first: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Message {
    /// The status of an answer.
    pub(super) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The value of a header that is there once, or not at all.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        let (first, more) = (found.next(), found.next());
        assert!(more.is_none(), "{name} is there twice: {self:?}");
        first.map(|(_, value)| value.as_str())
    }

    fn read(stream: &TcpStream, bodiless: bool) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = || {
            let mut text = String::new();
            (reader.read_line(&mut text).ok()? > 0).then(|| text.trim_end().to_owned())
        };
        let first = line()?;
        let mut headers = Vec::new();
        while let Some(line) = line().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.map_or(0, |(_, length)| length.parse().unwrap());
        let mut body = vec![0; if bodiless { 0 } else { length }];
        reader.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).unwrap();
        Some(Self { first, headers, body })
    }
}

/// Makes one call, on a connection of its own.
pub(super) fn call(address: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> Message {
    let mut head = format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str("host: shop.example\r\n");
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    Message::read(&stream, method == "HEAD").unwrap_or_else(|| panic!("no answer to {head}"))
}

/// A shop of a few lines. It lives as long as the test's process.
pub(super) struct SampleShop {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<Message>>>,
}

impl SampleShop {
    /// Opens on a port of its own.
    pub(super) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::<Mutex<Vec<Message>>>::default();
        let book = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(message) = Message::read(&stream, false) else {
                    continue;
                };
                book.lock().unwrap().push(message);
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 14\r\nconnection: close\r\n\r\nthe newsletter";
                // A gateway that has gone away is no fault of the shop.
                let _gone = (&stream).write_all(answer.as_bytes());
            }
        });
        Self { address, asked }
    }

    /// Everything that reached it.
    pub(super) fn asked(&self) -> MutexGuard<'_, Vec<Message>> {
        self.asked.lock().unwrap()
    }
}
