//! The callers: as little work as possible, since they share the machine with what is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::clock::time;

/// Room for the head and the body of an answer.
pub(crate) const BUFFER: usize = 64 * 1024;

/// What is to be posted, and how far the callers are.
struct Work {
    calls: Vec<Vec<u8>>,
    next: AtomicUsize,
    expected: String,
}

/// Posts each body once, all of them from `callers` kept connections, each of which waits for its answer; gives answers per
/// second. Every answer must have this status.
pub(crate) fn post(address: &str, path: &str, callers: usize, bodies: &[Vec<u8>], status: u16) -> f64 {
    let work = Arc::new(Work {
        calls: bodies.iter().map(|body| call(address, path, body)).collect(),
        next: AtomicUsize::new(0),
        expected: format!("HTTP/1.1 {status} "),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let mut streams = runtime.block_on(connect(address, callers));
    let (took, ()) = time(|| {
        runtime.block_on(async {
            let mut callers: JoinSet<()> = streams
                .drain(..)
                .map(|stream| work_off(stream, Arc::clone(&work)))
                .collect();
            while let Some(ended) = callers.join_next().await {
                ended.unwrap();
            }
        });
    });
    bodies.len() as f64 / took.as_secs_f64()
}

async fn connect(address: &str, callers: usize) -> Vec<TcpStream> {
    let mut streams = Vec::with_capacity(callers);
    for _ in 0..callers {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    streams
}

pub(crate) fn call(address: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn work_off(mut stream: TcpStream, work: Arc<Work>) {
    let mut buffer = vec![0; BUFFER];
    while let Some(call) = work.calls.get(work.next.fetch_add(1, Ordering::Relaxed)) {
        stream.write_all(call).await.unwrap();
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server closed a connection");
            filled += read;
            if is_whole(&buffer[..filled]) {
                break;
            }
        }
        let answer = &buffer[..filled];
        assert!(
            answer.starts_with(work.expected.as_bytes()),
            "{}",
            String::from_utf8_lossy(answer)
        );
    }
}

/// Whether the head and as many octets as it announces are there. Both servers write `content-length` in lower case.
pub(crate) fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"\r\ncontent-length: ";
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let at = answer[..end]
        .windows(LENGTH.len())
        .position(|window| window == LENGTH)
        .unwrap()
        + LENGTH.len();
    let digits = answer[at..].iter().take_while(|octet| octet.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    answer.len() >= end + 4 + length
}
