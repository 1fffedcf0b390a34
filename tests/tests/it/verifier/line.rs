//! A line between a verifier and its ledger that does what a test tells it to.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use placet_schemas::api::FeedAnswer;

/// How long a line waits for bytes before it looks whether it is to do something else.
const LOOK: Duration = Duration::from_millis(50);

/// What it does to the pages that pass.
pub(super) type Change = Arc<dyn Fn(&mut FeedAnswer) + Send + Sync>;

/// What a line does.
#[derive(Clone)]
pub(super) enum Mode {
    /// Passes everything on.
    Pass,
    /// Takes no call.
    Down,
    /// Takes calls, and never answers.
    Mute,
    /// Answers late.
    Slow(Duration),
    /// Knows no stream of the feed.
    NoStream,
    /// Cuts every stream of the feed after so many bytes.
    Cut(usize),
    /// Opens streams and holds their events back.
    HeldBack,
    /// Knows no stream, and changes the pages.
    Change(Change),
}

/// The line.
pub(super) struct Line {
    /// Its address.
    pub(super) url: String,
    state: Arc<State>,
}

struct State {
    node: Mutex<String>,
    mode: Mutex<Mode>,
    /// What was begun under another number is given up.
    turn: AtomicU64,
    reads_only: AtomicBool,
}

impl Line {
    /// Starts it in front of a node.
    pub(super) fn start(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            node: Mutex::new(node.to_owned()),
            mode: Mutex::new(Mode::Pass),
            turn: AtomicU64::new(0),
            reads_only: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                // A broken connection is what this is for.
                thread::spawn(move || drop(pass(stream, &state)));
            }
        });
        Self { url, state }
    }

    /// Does something else from now on, also with connections that are open.
    pub(super) fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
        self.state.turn.fetch_add(1, Ordering::SeqCst);
    }

    /// Changes pages from now on.
    pub(super) fn change(&self, change: impl Fn(&mut FeedAnswer) + Send + Sync + 'static) {
        self.set(Mode::Change(Arc::new(change)));
    }

    /// Takes nothing but questions, whatever it does with those.
    pub(super) fn refuse_posts(&self) {
        self.state.reads_only.store(true, Ordering::SeqCst);
    }

    /// Leads to another address from now on.
    pub(super) fn lead_to(&self, node: &str) {
        node.clone_into(&mut self.state.node.lock().unwrap());
    }
}

fn pass(mut client: TcpStream, state: &State) -> std::io::Result<()> {
    let turn = state.turn.load(Ordering::SeqCst);
    let mode = state.mode.lock().unwrap().clone();
    if matches!(mode, Mode::Down) {
        return client.shutdown(Shutdown::Both);
    }
    let call = call(&mut client)?;
    let is_stream = call.starts_with(b"GET /v1/feed/events");
    if state.reads_only.load(Ordering::SeqCst) && !call.starts_with(b"GET ") {
        return client.shutdown(Shutdown::Both);
    }
    let over = || state.turn.load(Ordering::SeqCst) != turn;
    match &mode {
        Mode::Mute => {
            while !over() {
                thread::sleep(LOOK);
            }
            return Ok(());
        }
        Mode::Slow(time) => thread::sleep(*time),
        Mode::NoStream | Mode::Change(_) if is_stream => {
            return client.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        _ => {}
    }
    let mut server = TcpStream::connect(&*state.node.lock().unwrap())?;
    server.write_all(&call)?;
    server.set_read_timeout(Some(LOOK))?;
    if let (Mode::Change(change), true) = (&mode, call.starts_with(b"GET /v1/feed?")) {
        let mut answer = Vec::new();
        while let Some(bytes) = read(&mut server, &over)? {
            answer.extend_from_slice(&bytes);
        }
        return client.write_all(&changed(&answer, change));
    }
    let mut passed = 0;
    while let Some(bytes) = read(&mut server, &over)? {
        let bytes = match mode {
            Mode::Cut(after) if is_stream => &bytes[..bytes.len().min(after - passed)],
            // The head of the answer comes alone, and by itself.
            Mode::HeldBack if is_stream => {
                let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
                end.map_or(&[][..], |end| &bytes[..end + 4])
            }
            _ => &bytes[..],
        };
        client.write_all(bytes)?;
        passed += bytes.len();
        if matches!(mode, Mode::Cut(after) if is_stream && passed == after) {
            return client.shutdown(Shutdown::Both);
        }
    }
    Ok(())
}

/// Some bytes; nothing at the end, or when they are wanted no more.
fn read(server: &mut TcpStream, over: &impl Fn() -> bool) -> std::io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match server.read(&mut buffer) {
            // What came after the line was told otherwise is not passed on as before, however late this thread has its turn.
            _ if over() => return Ok(None),
            Ok(0) => return Ok(None),
            Ok(read) => {
                buffer.truncate(read);
                return Ok(Some(buffer));
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

fn changed(answer: &[u8], change: &Change) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let mut page: FeedAnswer = serde_json::from_slice(&answer[end..]).unwrap();
    change(&mut page);
    let body = serde_json::to_vec(&page).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// Reads a call, whole, and asks for a connection of its own for it.
fn call(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let read = client.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..read]);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else {
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        if bytes.len() >= end + 4 + length || read == 0 {
            let first = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
            let rest = bytes.split_off(first);
            return Ok([&bytes[..], b"\r\nConnection: close", &rest].concat());
        }
    }
}
