//! `placet verifier` as a process of its own, and a brand's service that asks it.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use placet_schemas::id::{Did, Digest};
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::process::{NodeProcess, said};
use crate::shop::Shop;

/// A running verifier. It is killed when this is dropped; its folder stays.
#[derive(Debug)]
pub struct VerifierProcess {
    process: Child,
    // Kept open: a verifier whose reader has gone would not be run as it is in life.
    _stdout: BufReader<ChildStdout>,
    folder: PathBuf,
    address: String,
    /// Its did:key.
    pub did: Did,
    controller: Did,
}

/// How a verifier is started.
#[derive(Debug, Clone)]
pub struct VerifierOrder<'a> {
    /// The program.
    pub binary: &'a Path,
    /// Its folder.
    pub folder: &'a Path,
    /// The ledger's address, such as `http://127.0.0.1:8437`: the node's own, or that of somebody in between.
    pub ledger: String,
    /// The pinned trust file.
    pub trust: PathBuf,
    /// More arguments.
    pub more: &'a [&'a str],
}

impl<'a> VerifierOrder<'a> {
    /// For a verifier of a node.
    #[must_use]
    pub fn of(binary: &'a Path, node: &NodeProcess, folder: &'a Path) -> Self {
        Self {
            binary,
            folder,
            ledger: format!("http://{}", node.address()),
            trust: node.folder().join("trust.json"),
            more: &[],
        }
    }
}

impl VerifierProcess {
    /// Starts a shop's verifier and waits until it listens on a port of its own choice.
    ///
    /// # Panics
    /// When it ends before it listens.
    #[must_use]
    pub fn start(order: &VerifierOrder<'_>, shop: &Shop) -> Self {
        let mut process = Command::new(order.binary)
            .args(["--json", "verifier", "--listen", "127.0.0.1:0", "--log-filter", "warn"])
            .args(["--did", shop.brand.did.as_str(), "--url", &order.ledger, "--dir"])
            .arg(order.folder)
            .arg("--trust")
            .arg(&order.trust)
            .args(order.more)
            .env("PLACET_BRAND_TOKEN", &shop.token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let Some(said) = said(&mut stdout) else {
            panic!("the verifier ended: {}", process.wait().unwrap());
        };
        let url = said["listening"].as_str().unwrap();
        Self {
            process,
            _stdout: stdout,
            folder: order.folder.to_owned(),
            address: url.trim_start_matches("http://").to_owned(),
            did: said["verifier"].as_str().unwrap().parse().unwrap(),
            controller: shop.brand.did.clone(),
        }
    }

    /// The same with all that it can log, written to the file `said`.
    ///
    /// # Errors
    /// When it ends before it listens: what it said.
    ///
    /// # Panics
    /// When the binary or the file cannot be used.
    pub fn try_start(order: &VerifierOrder<'_>, shop: &Shop, said: &Path) -> Result<Self, String> {
        let log = fs::OpenOptions::new().create(true).append(true).open(said).unwrap();
        let mut process = Command::new(order.binary)
            .args(["--json", "verifier", "--listen", "127.0.0.1:0", "--log-filter", "debug"])
            .args(["--did", shop.brand.did.as_str(), "--url", &order.ledger, "--dir"])
            .arg(order.folder)
            .arg("--trust")
            .arg(&order.trust)
            .args(order.more)
            .env("PLACET_BRAND_TOKEN", &shop.token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let Some(told) = self::said(&mut stdout) else {
            assert!(!process.wait().unwrap().success());
            return Err(fs::read_to_string(said).unwrap());
        };
        let url = told["listening"].as_str().unwrap();
        Ok(Self {
            process,
            _stdout: stdout,
            folder: order.folder.to_owned(),
            address: url.trim_start_matches("http://").to_owned(),
            did: told["verifier"].as_str().unwrap().parse().unwrap(),
            controller: shop.brand.did.clone(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// A service of the brand, ready to call.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::new(&self.address)
    }

    /// Asks one question.
    ///
    /// # Panics
    /// When it is not answered 200.
    #[must_use]
    pub fn ask(&self, question: &Value) -> Value {
        let body = serde_json::to_vec(question).unwrap();
        let answer = self.caller().call("POST", "/access/v1/evaluation", &body).unwrap();
        serde_json::from_slice(&answer.expect(200, "evaluation")).unwrap()
    }

    /// The question whether a customer's data of a category may be used for a purpose.
    #[must_use]
    pub fn question(&self, customer: &str, purpose: &str, category: &str) -> Value {
        json!({
            "subject": {"type": "controller", "id": self.controller},
            "action": {"name": "dpv:Use", "properties": {"delivery": "copy"}},
            "resource": {"type": "customer", "id": customer, "properties": {"categories": [category]}},
            "context": {"purpose": purpose},
        })
    }

    /// Asks until the decision is this one, and gives the answer and how long that took.
    ///
    /// # Panics
    /// When it is not within `patience`.
    #[must_use]
    pub fn await_decision(&self, question: &Value, decision: bool, patience: Duration) -> (Value, Duration) {
        let began = started();
        loop {
            let answer = self.ask(question);
            if answer["decision"] == decision {
                return (answer, began.elapsed());
            }
            assert!(began.elapsed() < patience, "not within {patience:?}: {answer}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it says that decisions can be permits, with what it says besides.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn ready(&self) -> (bool, Value) {
        let Answer { status, body, .. } = self.caller().call("GET", "/readyz", &[]).unwrap();
        (status == 200, serde_json::from_slice(&body).unwrap())
    }

    /// Waits until it is ready, or until it is not.
    ///
    /// # Panics
    /// When that takes longer than `patience`.
    pub fn await_ready(&self, ready: bool, patience: Duration) {
        let began = started();
        while self.ready().0 != ready {
            assert!(began.elapsed() < patience, "{:?}", self.ready());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Puts a customer into the brand's book.
    ///
    /// # Panics
    /// When it is refused.
    pub fn knows(&self, customer: &str, invitation: &Digest) {
        let body = json!({"invitations": [{"customer": customer, "invitation": invitation}]});
        let body = serde_json::to_vec(&body).unwrap();
        let answer = self.caller().call("POST", "/v1/customers/import", &body).unwrap();
        let _ = answer.expect(200, "import");
    }

    /// What a counter or gauge says; the sum of its rows.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        self.metric_of(name, "")
    }

    /// The same of the rows with this label, such as `code="withdrawn"`.
    ///
    /// # Panics
    /// When there is none of that name and label.
    #[must_use]
    pub fn metric_of(&self, name: &str, label: &str) -> f64 {
        let text = String::from_utf8(self.caller().get("/metrics")).unwrap();
        let name = format!("placet_verifier_{name}");
        let rows = text.lines().filter(|line| {
            line.strip_prefix(&name)
                .is_some_and(|rest| (rest.starts_with(' ') || rest.starts_with('{')) && rest.contains(label))
        });
        let values: Vec<f64> = rows
            .map(|row| row.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(!values.is_empty(), "{name} {label} is not in\n{text}");
        values.iter().sum()
    }

    /// Files of proof against the ledger in its folder.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    pub fn proofs(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("misbehaviour-"))
            .collect()
    }

    /// Ends it in the middle of whatever it does, as `kill -9` does.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ends it as an operator does, and waits until everything is closed.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        let told = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(told.unwrap().success() && self.process.wait().unwrap().success());
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for VerifierProcess {
    fn drop(&mut self) {
        // Killing what has ended already is no error.
        self.end();
    }
}

/// The moment at which a wait for a process begins.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a test waits for a process on the machine's own clock"
)]
pub fn started() -> Instant {
    Instant::now()
}
