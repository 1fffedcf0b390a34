//! The brand's own service that a verifier tells what people answered; and what its library of Standard Webhooks would check,
//! computed anew here.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
    pub(super) status: u16,
}

/// The service.
pub(super) struct Receiver {
    pub(super) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    /// Listens; answers with these statuses one after the other, and then with 200.
    pub(super) fn start(answers: &[u16]) -> Self {
        Self::at(0, answers)
    }

    /// The same on a port.
    pub(super) fn at(port: u16, answers: &[u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            heard: Arc::default(),
            answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
        };
        let (heard, answers) = (Arc::clone(&receiver.heard), Arc::clone(&receiver.answers));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (heard, answers) = (Arc::clone(&heard), Arc::clone(&answers));
                thread::spawn(move || {
                    // Whoever hangs up says nothing.
                    let _ = answer(stream.unwrap(), &heard, &answers);
                });
            }
        });
        receiver
    }

    /// A port on which nobody listens.
    pub(super) fn nobody() -> u16 {
        TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?of=shop", self.port)
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// What was said to be taken.
    pub(super) fn taken(&self) -> Vec<Heard> {
        self.heard().into_iter().filter(|heard| heard.status == 200).collect()
    }
}

impl Heard {
    pub(super) fn name(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether one of its signatures is by this secret, `whsec_…`.
    pub(super) fn is_signed_by(&self, secret: &str) -> bool {
        let key = decode_base64(secret.trim().strip_prefix("whsec_").unwrap());
        let signed = format!("{}.{}.", self.name(), self.headers["webhook-timestamp"]);
        let mac = hmac_sha256(&key, &[signed.as_bytes(), &self.body].concat());
        let signatures = self.headers["webhook-signature"].split(' ');
        signatures
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .any(|signature| decode_base64(signature) == mac)
    }
}

fn answer(stream: TcpStream, heard: &Mutex<Vec<Heard>>, answers: &Mutex<VecDeque<u16>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let target = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let status = answers.lock().unwrap().pop_front().unwrap_or(200);
    let call = Heard {
        target,
        headers,
        body,
        status,
    };
    heard.lock().unwrap().push(call);
    // A redirect would lead to this very service.
    let text = format!("HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.get_mut().write_all(text.as_bytes())
}

/// RFC 2104, written down once more.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |with: u8| -> Vec<u8> {
        let mut block = key.to_vec();
        block.resize(64, 0);
        block.iter().map(|byte| byte ^ with).collect()
    };
    let inner = Sha256::digest([pad(0x36).as_slice(), message].concat());
    Sha256::digest([pad(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
}

/// RFC 4648 section 4, written down once more.
fn decode_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').bytes();
    let values = digits.map(|digit| DIGITS.iter().position(|known| *known == digit).unwrap());
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_usize, 0);
    for value in values {
        (bits, count) = (bits << 6 | value, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}
