//! Server-sent events (WHATWG HTML section 9.2), as far as a ledger's feed uses them.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::server::Server;
use crate::transport::{ANSWER_TIME, Call, Silence, connect, request, unsent};

/// Longest event, in bytes: a page of a feed is at most 256 records and their proofs.
pub const MAX_EVENT_BYTES: usize = 32 * 1024 * 1024;
const MEDIA_TYPE: &str = "text/event-stream";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// What to resume after it by.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its data; lines are joined by line feeds.
    pub data: String,
}

/// Why there is no further event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The stream ended or broke.
    #[error("the stream ended: {0}")]
    Ended(String),
    /// Nothing came for so long that the stream must be taken for dead.
    #[error("nothing came for {} s", .0.as_secs())]
    Silent(Duration),
    /// An event is longer than [`MAX_EVENT_BYTES`].
    #[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
    Oversize,
    /// A line is no UTF-8.
    #[error("the stream is no UTF-8")]
    Encoding,
}

/// A stream of events. Dropped, it closes the connection.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    lines: Lines,
    connection: JoinHandle<Result<(), hyper::Error>>,
}

/// Opens a stream of events; `last` is the id of the last event that was seen.
///
/// # Errors
/// When there is no stream: no connection, or another answer, of which the status is in the text.
pub async fn open_events(server: &Server, call: Call<'_>, last: Option<&str>) -> Result<Events, Silence> {
    let mut request = request(server, call, MEDIA_TYPE).map_err(unsent)?;
    if let Some(last) = last {
        let value = HeaderValue::from_str(last).map_err(unsent)?;
        request.headers_mut().insert(LAST_EVENT_ID, value);
    }
    let stream = connect(server).await?;
    let heard = |why: String| Silence { why, sent: true };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unsent)?;
    let connection = tokio::spawn(connection);
    let answer = timeout(ANSWER_TIME, sender.send_request(request)).await;
    let answer = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            connection.abort();
            return Err(heard(error.to_string()));
        }
        Err(_) => {
            connection.abort();
            return Err(heard("the answer takes too long".to_owned()));
        }
    };
    let kind = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if answer.status() != 200 || !kind.starts_with(MEDIA_TYPE) {
        connection.abort();
        return Err(heard(format!(
            "status {} and no stream of events",
            answer.status().as_u16()
        )));
    }
    Ok(Events {
        body: answer.into_body(),
        lines: Lines::default(),
        connection,
    })
}

impl Events {
    /// The next event, if one comes within `patience`.
    ///
    /// # Errors
    /// See [`EventError`]. The stream is of no use afterwards.
    pub async fn next(&mut self, patience: Duration) -> Result<Event, EventError> {
        timeout(patience, self.read())
            .await
            .map_err(|_| EventError::Silent(patience))?
    }

    async fn read(&mut self) -> Result<Event, EventError> {
        loop {
            if let Some(event) = self.lines.next_event()? {
                return Ok(event);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.lines.push(bytes)?;
                    }
                }
                Some(Err(error)) => return Err(EventError::Ended(error.to_string())),
                None => return Err(EventError::Ended("the ledger closed it".to_owned())),
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// What has arrived, cut into lines and events.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// How much of `bytes` has been looked at for an end of line.
    searched: usize,
    event: Event,
    has_data: bool,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Result<(), EventError> {
        if self.bytes.len() + self.event.data.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(EventError::Oversize);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn next_event(&mut self) -> Result<Option<Event>, EventError> {
        let mut from = 0;
        let mut done = None;
        while let Some(end) = self.bytes[self.searched.max(from)..].iter().position(|b| *b == b'\n') {
            let end = self.searched.max(from) + end;
            let line = self.bytes.get(from..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let line = str::from_utf8(line).map_err(|_| EventError::Encoding)?.to_owned();
            from = end + 1;
            if line.is_empty() {
                let event = core::mem::take(&mut self.event);
                if core::mem::take(&mut self.has_data) {
                    done = Some(event);
                    break;
                }
            } else {
                self.take(&line);
            }
        }
        self.bytes.drain(..from);
        self.searched = if done.is_some() { 0 } else { self.bytes.len() };
        Ok(done)
    }

    fn take(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut self.event.id),
            "event" => value.clone_into(&mut self.event.kind),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // Comments begin with a colon; other fields are none of ours.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&[u8]]) -> Result<Vec<Event>, EventError> {
        let mut lines = Lines::default();
        let mut events = Vec::new();
        for part in parts {
            lines.push(part)?;
            while let Some(event) = lines.next_event()? {
                events.push(event);
            }
        }
        Ok(events)
    }

    #[test]
    fn events_are_the_same_however_they_are_cut() {
        let text: &[u8] =
            b": hello\n\nid: 1.2\nevent: feed\ndata: {}\n\nid: 2.3\r\nevent: feed\r\ndata:a\r\ndata: b\r\n\r\n";
        let whole = read(&[text]).unwrap();
        let event = |id: &str, data: &str| Event {
            id: id.into(),
            kind: "feed".into(),
            data: data.into(),
        };
        assert_eq!(whole, [event("1.2", "{}"), event("2.3", "a\nb")]);
        for cut in 0..text.len() {
            assert_eq!(read(&[&text[..cut], &text[cut..]]).unwrap(), whole, "{cut}");
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(read(&single).unwrap(), whole);
    }

    #[test]
    fn what_never_ends_is_cut_off() {
        let mut lines = Lines::default();
        let part = vec![b'x'; MAX_EVENT_BYTES];
        lines.push(&part).unwrap();
        assert_eq!(lines.push(b"x"), Err(EventError::Oversize));
        assert_eq!(read(&[b"data: \xff\n"]), Err(EventError::Encoding));
    }
}
