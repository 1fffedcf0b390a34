//! `placet serve` as a process of its own, spoken to over HTTP alone.

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use placet_kernel::trust::{Trust, TrustFile};
use placet_schemas::id::Origin;
use placet_schemas::time::Timestamp;
use placet_tests::p;
use placet_wallet::acknowledgement::LogTrust;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use super::tools;

/// How long any one answer may take before the node counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node in a folder that vanishes with it.
pub(super) struct Node {
    process: Child,
    // Kept open: a node whose reader has gone would not be run as it is in life.
    _stdout: BufReader<ChildStdout>,
    folder: TempDir,
    address: String,
    /// The log.
    pub(super) origin: Origin,
    /// The operator's token.
    pub(super) operator: String,
}

/// An answer.
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Node {
    /// Starts a node of its own and waits until it listens.
    pub(super) fn start(origin: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(tools::placet())
            .args([
                "--json",
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--tick-ms",
                "20",
                "--log",
                "warn",
            ])
            .args(["--origin", origin, "--dir"])
            .arg(folder.path())
            .env_remove("PLACET_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let address = listening(&mut stdout);
        let operator = fs::read_to_string(folder.path().join("operator.token")).unwrap();
        Self {
            process,
            _stdout: stdout,
            folder,
            address,
            origin: p(origin),
            operator: operator.trim().to_owned(),
        }
    }

    /// Its base URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the operator gives to whoever is to judge the log.
    pub(super) fn trust_file(&self) -> TrustFile {
        serde_json::from_slice(&self.trust_bytes()).unwrap()
    }

    /// The same, checked.
    pub(super) fn trust(&self) -> Trust {
        Trust::parse(&self.trust_bytes()).unwrap()
    }

    /// The same, as a wallet pins it.
    pub(super) fn log_trust(&self) -> LogTrust {
        let file = self.trust_file();
        let [log] = file.logs.as_slice() else { panic!("one log") };
        let vkeys: Vec<&str> = log.checkpoint_keys.iter().map(|key| key.vkey.as_str()).collect();
        let operators: Vec<_> = log.operator_keys.iter().map(|key| key.key.clone()).collect();
        LogTrust::new(self.origin.clone(), &vkeys, &operators).unwrap()
    }

    /// The octets under a path, which must be there.
    pub(super) fn get(&self, path: &str, token: Option<&str>) -> Vec<u8> {
        self.ask("GET", path, token, &[]).expect(200, path)
    }

    /// Posts a value; the answer must have this status.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
        status: u16,
    ) -> T {
        let body = serde_json::to_vec(body).unwrap();
        let answer = self.ask("POST", path, token, &body).expect(status, path);
        serde_json::from_slice(&answer).unwrap()
    }

    /// Posts octets, and gives whatever the node answers.
    pub(super) fn post_bytes(&self, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
        self.ask("POST", path, token, body)
    }

    fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let authorization = token
            .map(|token| format!("authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{authorization}\r\n",
            self.address,
            body.len(),
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::parse(&answer)
    }

    fn trust_bytes(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("trust.json")).unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The folder goes too: there is nothing that an orderly end would save.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Answer {
    /// The body, if the status is this one.
    pub(super) fn expect(self, status: u16, what: &str) -> Vec<u8> {
        assert_eq!(self.status, status, "{what}: {}", String::from_utf8_lossy(&self.body));
        self.body
    }

    fn parse(octets: &[u8]) -> Self {
        let end = octets.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = str::from_utf8(&octets[..end]).unwrap().to_ascii_lowercase();
        assert!(
            !head.contains("transfer-encoding"),
            "this client reads whole bodies only: {head}"
        );
        let status = head.split_ascii_whitespace().nth(1).unwrap().parse().unwrap();
        Self {
            status,
            body: octets[end + 4..].to_vec(),
        }
    }
}

/// The time of the records that this test signs: the node refuses claims that are far from its own clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the node is a process of its own, on the machine's clock"
)]
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs()).unwrap()
}

/// Reads what the node prints until it has said where it listens.
fn listening(stdout: &mut impl BufRead) -> String {
    let mut said = String::new();
    loop {
        let read = stdout.read_line(&mut said).unwrap();
        assert!(read > 0, "the node ended: {said}");
        if let Ok(value) = serde_json::from_str::<Value>(&said) {
            let url = value["listening"].as_str().unwrap();
            return url.strip_prefix("http://").unwrap().to_owned();
        }
    }
}
