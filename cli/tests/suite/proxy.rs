//! A line between a wallet and its node that breaks at the worst moment: the node has the record, the wallet no answer.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

/// What starts a call that posts a record.
const POST: &[u8] = b"POST /v1/records ";

/// The line. It passes everything on, but never gives back the answer to a record.
pub(crate) struct Proxy {
    /// Its address.
    pub(crate) url: String,
    posted: Receiver<Vec<u8>>,
}

impl Proxy {
    /// Starts it in front of a node.
    pub(crate) fn start(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let node = node.strip_prefix("http://").unwrap().to_owned();
        let (sender, posted) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (node, sender) = (node.clone(), sender.clone());
                thread::spawn(move || pass(stream, &node, &sender));
            }
        });
        Self { url, posted }
    }

    /// The next record that was posted, once the node has answered it.
    pub(crate) fn next_record(&self) -> String {
        String::from_utf8(self.posted.recv_timeout(Duration::from_secs(30)).unwrap()).unwrap()
    }
}

/// Starts a line that changes one text in all that a node answers into another of the same length. Gives its address.
pub(crate) fn lying(node: &str, from: &'static str, to: &'static str) -> String {
    assert_eq!(from.len(), to.len(), "the answer says how long it is");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let node = node.strip_prefix("http://").unwrap().to_owned();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let (head, body) = call(&mut client);
            let mut server = TcpStream::connect(&node).unwrap();
            // So that the end of the answer is the end of the connection.
            let head = String::from_utf8(head)
                .unwrap()
                .replacen("\r\n", "\r\nConnection: close\r\n", 1);
            server.write_all(&[head.as_bytes(), &body].concat()).unwrap();
            let mut answer = String::new();
            server.read_to_string(&mut answer).unwrap();
            drop(client.write_all(answer.replace(from, to).as_bytes()));
        }
    });
    url
}

/// One connection, with one call: this program's client makes a new one for each.
fn pass(mut client: TcpStream, node: &str, posted: &Sender<Vec<u8>>) {
    let (head, body) = call(&mut client);
    let mut server = TcpStream::connect(node).unwrap();
    server.write_all(&[head.as_slice(), &body].concat()).unwrap();
    let mut buffer = [0; 8192];
    loop {
        let Ok(read @ 1..) = server.read(&mut buffer) else {
            return;
        };
        if head.starts_with(POST) {
            // The node has begun to answer: the record is in the log. The client waits on.
            posted.send(body).unwrap();
            thread::sleep(Duration::from_secs(60));
            return;
        }
        if client.write_all(&buffer[..read]).is_err() {
            return;
        }
    }
}

/// Reads a call: its head, and as much of a body as it announces.
fn call(client: &mut TcpStream) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let read = client.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
        if bytes.len() >= end + 4 + length || read == 0 {
            let body = bytes.split_off(end + 4);
            return (bytes, body);
        }
    }
}
