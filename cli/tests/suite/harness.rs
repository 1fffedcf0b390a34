//! Runs the program.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// What a command said and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Its standard output, when it succeeded.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// The same as JSON.
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Its complaint, when it failed as every command is to fail: with one line and no panic.
    pub(crate) fn refusal(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        assert!(
            self.err.starts_with("placet: ") && !self.err.contains("panicked"),
            "{self:?}"
        );
        self.err
    }
}

/// Lets the clock of the records go on: it has whole seconds, and a renewal ends later than what it renews.
pub(crate) fn a_second_passes() {
    thread::sleep(Duration::from_secs(1));
}

/// A command without anything from the tester's own environment.
pub(crate) fn command(dir: &Path, line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placet"));
    command.args(line).current_dir(dir).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(dir: &Path, line: &[&str]) -> Said {
    said(command(dir, line).output().unwrap())
}

/// Runs a command with something on its standard input.
pub(crate) fn run_with_input(dir: &Path, line: &[&str], input: &[u8]) -> Said {
    let mut child = command(dir, line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    said(child.wait_with_output().unwrap())
}

pub(crate) fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A node in a process of its own, with a brand's and the operator's files in one folder.
pub(crate) struct Node {
    child: Child,
    pub(crate) url: String,
    pub(crate) home: PathBuf,
    /// What it said before it listened.
    pub(crate) first_words: Vec<String>,
}

impl Node {
    /// Starts a node whose folder is `home/node`.
    pub(crate) fn start(home: &Path, more: &[&str]) -> Self {
        Self::service(
            home,
            &[&["serve", "--dir", "node", "--listen", "127.0.0.1:0"], more].concat(),
        )
    }

    /// Starts any service that says where it listens.
    pub(crate) fn service(home: &Path, line: &[&str]) -> Self {
        let mut child = command(home, line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first_words = Vec::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let Some(line) = lines.next() else {
                panic!(
                    "the service did not start: {:?}",
                    said(child.wait_with_output().unwrap())
                );
            };
            let line = line.unwrap();
            match line.strip_prefix("listening on ") {
                Some(url) => break url.to_owned(),
                None => first_words.push(line),
            }
        };
        Self {
            child,
            url,
            home: home.to_owned(),
            first_words,
        }
    }

    /// Runs a command against this node.
    pub(crate) fn run(&self, line: &[&str]) -> Said {
        said(self.command(line).output().unwrap())
    }

    /// A command against this node, as the operator and the brand `cinema`.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = command(&self.home, line);
        command
            .env("PLACET_URL", &self.url)
            .env("PLACET_OPERATOR_TOKEN_FILE", "node/operator.token")
            .env("PLACET_BRAND_KEY", "cinema.key.json")
            .env("PLACET_BRAND_TOKEN_FILE", "cinema.token")
            .env("PLACET_TRUST", "node/trust.json")
            .env("PLACET_PASSPHRASE", "correct horse battery staple");
        command
    }

    /// Stops it as a service manager does, and waits.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut log = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut log).unwrap();
        (status, log)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A test that failed leaves no process behind; one that stopped its node has nothing to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A call to a service: method, path and content type; gives status and body.
pub(crate) fn http(
    node: &Node,
    (method, path, kind): (&str, &str, &str),
    token: Option<&str>,
    body: &[u8],
) -> (u16, String) {
    let host = node.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let token = token
        .map(|token| format!("Authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {kind}\r\n{token}\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// A folder of its own, with the test's request and notices in it.
pub(crate) fn home() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["request.json", "notice.en.json", "notice.de.json"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        std::fs::copy(from, dir.path().join(name)).unwrap();
    }
    dir
}

/// Registers the brand `cinema`, and gives it a token.
pub(crate) fn register(node: &Node) {
    node.run(&[
        "keygen",
        "brand",
        "--did",
        "did:web:cinema.example",
        "--out",
        "cinema.key.json",
    ])
    .ok();
    node.run(&[
        "brand",
        "add",
        "--legal-name",
        "Example Cinema plc",
        "--document",
        "cinema.did.json",
    ])
    .ok();
    node.run(&[
        "brand",
        "token",
        "--did",
        "did:web:cinema.example",
        "--out",
        "cinema.token",
    ])
    .ok();
}

/// Records the test's request; gives its digest.
pub(crate) fn ask(node: &Node) -> String {
    let line = ["--json", "brand", "request", "--template", "request.json"];
    let notices = ["--notice", "en=notice.en.json", "--notice", "de=notice.de.json"];
    let report = node.run(&[line.as_slice(), &notices].concat()).json();
    report["digest"].as_str().unwrap().to_owned()
}

/// Invites a customer; gives the link.
pub(crate) fn invite(node: &Node, request: &str, customer: &str) -> String {
    let made = node
        .run(&[
            "--json",
            "brand",
            "invite",
            "--request",
            request,
            "--customer",
            customer,
        ])
        .json();
    made[0]["link"].as_str().unwrap().to_owned()
}

/// A person with a wallet answers a link with yes to the first clause; gives the consent.
pub(crate) fn say_yes(node: &Node, link: &str) -> String {
    node.run(&["wallet", "new"]).ok();
    let answer = node.run(&["--json", "wallet", "grant", link, "--yes", "1"]).json();
    answer["consent"].as_str().unwrap().to_owned()
}
