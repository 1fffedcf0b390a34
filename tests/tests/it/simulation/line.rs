//! The line between a verifier and a ledger, and what goes wrong on it.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::cell::Cell;

/// How many answers are remembered, to be told again.
const REMEMBERED: usize = 24;
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

const ALL_IS_WELL: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// What the line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Passes everything on.
    None,
    /// Takes no call.
    Down,
    /// Takes calls, and never answers.
    Mute,
    /// Hands calls on, and answers when it is told to do something else: late.
    Late,
    /// Hands calls on; the answers are lost.
    Lost,
    /// Hands every call on twice.
    Twice,
    /// Cuts every answer after so many bytes.
    Cut(usize),
    /// Alters one bit of every answer: the place, in bytes after its head.
    Flip(usize),
    /// Knows no stream, and tells an old page of the feed again: which one.
    Old(usize),
    /// Knows no stream.
    NoStream,
    /// Swallows what is handed in, and says that all is well. No seed draws it: at a ledger that a person hands her own withdrawal
    /// to, it would be she who is lied to.
    SaysYes,
}

/// The line.
pub(super) struct Line {
    /// Its address.
    pub(super) url: String,
    state: Arc<State>,
}

struct State {
    to: Mutex<Option<SocketAddr>>,
    fault: Mutex<Fault>,
    turn: watch::Sender<u64>,
    told: Mutex<VecDeque<Vec<u8>>>,
}

impl Line {
    /// Starts one.
    pub(super) fn start(cell: &Cell) -> Self {
        let state = Arc::new(State {
            to: Mutex::default(),
            fault: Mutex::new(Fault::None),
            turn: watch::Sender::new(0),
            told: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let address = cell.run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    let state = Arc::clone(&shared);
                    // Whatever happens to a connection is what the line is for.
                    tokio::spawn(async move { drop(pass(client, &state).await) });
                }
            });
            address
        });
        Self {
            url: format!("http://{address}"),
            state,
        }
    }

    /// Does something else from now on; what is on its way is lost, except what comes late.
    pub(super) fn set(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = fault;
        self.state.turn.send_modify(|turn| *turn += 1);
    }

    /// What it does now.
    pub(super) fn fault(&self) -> Fault {
        *self.state.fault.lock().unwrap()
    }

    /// Leads to this ledger from now on, or to none.
    pub(super) fn lead_to(&self, ledger: Option<SocketAddr>) {
        *self.state.to.lock().unwrap() = ledger;
        self.state.turn.send_modify(|turn| *turn += 1);
    }
}

impl State {
    fn remember(&self, page: Vec<u8>) {
        let mut told = self.told.lock().unwrap();
        if told.len() == REMEMBERED {
            told.pop_front();
        }
        told.push_back(page);
    }

    fn again(&self, which: usize) -> Option<Vec<u8>> {
        let told = self.told.lock().unwrap();
        let page = told.get(which % told.len().max(1))?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            page.len()
        );
        Some([head.as_bytes(), page].concat())
    }
}

async fn pass(mut client: TcpStream, state: &State) -> io::Result<()> {
    let mut turn = state.turn.subscribe();
    let (fault, to) = (*state.fault.lock().unwrap(), *state.to.lock().unwrap());
    let Some(to) = to.filter(|_| fault != Fault::Down) else {
        return Ok(());
    };
    let call = call(&mut client).await?;
    let streams = call.starts_with(b"GET /v1/feed/events");
    match fault {
        Fault::Mute => {
            // The sender lives as long as this does.
            let _turned = turn.changed().await;
            return Ok(());
        }
        Fault::NoStream | Fault::Old(_) | Fault::Late if streams => return client.write_all(NOT_FOUND).await,
        Fault::Old(which) if call.starts_with(b"GET /v1/feed?") => {
            if let Some(page) = state.again(which) {
                return client.write_all(&page).await;
            }
        }
        Fault::Twice if !streams => drop(answer(to, &call).await),
        Fault::SaysYes if call.starts_with(b"POST ") => return client.write_all(ALL_IS_WELL).await,
        _ => {}
    }
    if streams {
        return tokio::select! {
            done = stream(&mut client, to, &call, fault, state) => done,
            _ = turn.changed() => Ok(()),
        };
    }
    let answer = answer(to, &call).await?;
    if call.starts_with(b"GET /v1/feed?") && answer.starts_with(b"HTTP/1.1 200") {
        state.remember(answer[body_of(&answer)..].to_vec());
    }
    match fault {
        Fault::Lost => Ok(()),
        Fault::Late => {
            let _turned = turn.changed().await;
            client.write_all(&answer).await
        }
        Fault::Cut(after) => client.write_all(&answer[..answer.len().min(after)]).await,
        Fault::Flip(at) => {
            let body = body_of(&answer);
            client.write_all(&flipped(answer, body, at)).await
        }
        _ => client.write_all(&answer).await,
    }
}

/// The whole answer to a call that asks for a connection of its own.
async fn answer(to: SocketAddr, call: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(to).await?;
    server.write_all(call).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn stream(client: &mut TcpStream, to: SocketAddr, call: &[u8], fault: Fault, state: &State) -> io::Result<()> {
    let mut server = TcpStream::connect(to).await?;
    server.write_all(call).await?;
    let (mut passed, mut line) = (0, Vec::new());
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = server.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        let mut part = bytes[..read].to_vec();
        for byte in &part {
            if *byte == b'\n' {
                if let Some(page) = line.strip_prefix(b"data: ").or_else(|| line.strip_prefix(b"data:")) {
                    state.remember(page.to_vec());
                }
                line.clear();
            } else {
                line.push(*byte);
            }
        }
        match fault {
            Fault::Lost => continue,
            Fault::Cut(after) => part.truncate(after.saturating_sub(passed)),
            // The head of the answer comes first, and is some 200 bytes.
            Fault::Flip(at) if (passed..passed + read).contains(&(at + 200)) => {
                part = flipped(part, 0, at + 200 - passed);
            }
            _ => {}
        }
        if part.is_empty() {
            return Ok(());
        }
        passed += read;
        client.write_all(&part).await?;
    }
}

fn flipped(mut answer: Vec<u8>, from: usize, at: usize) -> Vec<u8> {
    let length = answer.len() - from;
    if length > 0 {
        answer[from + at % length] ^= 1 << (at % 7);
    }
    answer
}

fn body_of(answer: &[u8]) -> usize {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(answer.len(), |end| end + 4)
}

/// Reads a call, whole, and asks for a connection of its own for it.
async fn call(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let body = body_of(&bytes);
        if !bytes[..body].ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8_lossy(&bytes[..body]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        if bytes.len() >= body + length {
            let first = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
            let rest = bytes.split_off(first);
            return Ok([&bytes[..], b"\r\nConnection: close", &rest].concat());
        }
    }
}
