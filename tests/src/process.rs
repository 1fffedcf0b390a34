//! `placet serve` as a process of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use placet_kernel::trust::{Trust, TrustFile};
use placet_schemas::id::{Did, Origin};
use placet_schemas::time::Timestamp;
use placet_wallet::acknowledgement::LogTrust;
use serde_json::Value;

use crate::caller::Caller;

/// A running node. It is killed when this is dropped; its folder stays.
#[derive(Debug)]
pub struct NodeProcess {
    process: Child,
    // Kept open: a node whose reader has gone would not be run as it is in life.
    _stdout: BufReader<ChildStdout>,
    folder: PathBuf,
    address: String,
}

impl NodeProcess {
    /// Starts `binary` as the node in `folder`, with more arguments to `placet serve`, and waits until it listens on a port
    /// of its own choice.
    ///
    /// # Panics
    /// When it ends before it listens.
    #[must_use]
    pub fn start(binary: &Path, origin: &Origin, folder: &Path, more: &[&str]) -> Self {
        let mut process = Command::new(binary)
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--log", "warn"])
            .args(["--origin", origin.as_str(), "--dir"])
            .arg(folder)
            .args(more)
            .env_remove("PLACET_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let address = listening(&mut stdout);
        Self {
            process,
            _stdout: stdout,
            folder: folder.to_owned(),
            address,
        }
    }

    /// Starts `binary` as the node in `folder`, by the settings that it finds there; what it says on standard error goes to
    /// the file `said`.
    ///
    /// # Errors
    /// When it ends before it listens: what it said.
    ///
    /// # Panics
    /// When the binary or the file cannot be used.
    pub fn try_start(binary: &Path, folder: &Path, more: &[&str], said: &Path) -> Result<Self, String> {
        let mut process = Command::new(binary)
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--log", "off", "--dir"])
            .arg(folder)
            .args(more)
            .env_remove("PLACET_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(said).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let Some(address) = listens(&mut stdout) else {
            assert!(!process.wait().unwrap().success());
            return Err(fs::read_to_string(said).unwrap());
        };
        Ok(Self {
            process,
            _stdout: stdout,
            folder: folder.to_owned(),
            address,
        })
    }

    /// Where it listens, such as `127.0.0.1:41234`.
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

    /// The operator, ready to call.
    ///
    /// # Panics
    /// When the token file cannot be read.
    #[must_use]
    pub fn operator(&self) -> Caller {
        let token = fs::read_to_string(self.folder.join("operator.token")).unwrap();
        Caller::with_token(&self.address, token.trim())
    }

    /// What the operator gives to whoever is to judge the log.
    ///
    /// # Panics
    /// When the file is missing or makes no sense.
    #[must_use]
    pub fn trust_file(&self) -> TrustFile {
        serde_json::from_slice(&fs::read(self.folder.join("trust.json")).unwrap()).unwrap()
    }

    /// The same, checked.
    ///
    /// # Panics
    /// Likewise.
    #[must_use]
    pub fn trust(&self) -> Trust {
        Trust::parse(&fs::read(self.folder.join("trust.json")).unwrap()).unwrap()
    }

    /// The same, as a wallet pins it.
    ///
    /// # Panics
    /// Likewise, or when it names more than one log.
    #[must_use]
    pub fn log_trust(&self) -> LogTrust {
        let file = self.trust_file();
        let [log] = file.logs.as_slice() else { panic!("one log") };
        let vkeys: Vec<&str> = log.checkpoint_keys.iter().map(|key| key.vkey.as_str()).collect();
        let operators: Vec<Did> = log.operator_keys.iter().map(|key| key.key.clone()).collect();
        LogTrust::new(log.origin.clone(), &vkeys, &operators).unwrap()
    }

    /// Ends it in the middle of whatever it does, as `kill -9` does.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ends it as `kill -9` does, and starts it again on another port after something happened `between`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self, binary: &Path, origin: &Origin, between: impl FnOnce()) {
        self.end();
        between();
        let folder = self.folder.clone();
        *self = Self::start(binary, origin, &folder, &[]);
    }

    /// Ends it as an operator does, and waits until everything is closed.
    ///
    /// # Panics
    /// When it does not end well.
    pub fn stop(mut self) {
        let told = Command::new("kill").arg(self.id().to_string()).status();
        assert!(told.unwrap().success() && self.process.wait().unwrap().success());
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // Killing what has ended already is no error.
        self.end();
    }
}

/// The `placet` binary of this workspace, which `cargo xtask test` builds before any test runs.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn built() -> PathBuf {
    // A test is <target>/<profile>/deps/<test>.
    let test = std::env::current_exe().unwrap();
    let binary = test
        .ancestors()
        .nth(2)
        .unwrap()
        .join(format!("placet{}", std::env::consts::EXE_SUFFIX));
    assert!(
        binary.exists(),
        "{} is not there: cargo build --package placet",
        binary.display()
    );
    binary
}

/// The time of the records that are signed for a process: it refuses claims that are far from its own clock.
///
/// # Panics
/// When the machine's clock is set before 1970.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the node is a process of its own, on the machine's clock"
)]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs()).unwrap()
}

/// Reads what the node prints until it has said where it listens.
fn listening(stdout: &mut impl BufRead) -> String {
    listens(stdout).unwrap_or_else(|| panic!("the node ended"))
}

fn listens(stdout: &mut impl BufRead) -> Option<String> {
    let url = said(stdout)?["listening"].as_str().unwrap().to_owned();
    Some(url.trim_start_matches("http://").to_owned())
}

/// The first JSON that a process says; nothing when it ends before.
pub(crate) fn said(stdout: &mut impl BufRead) -> Option<Value> {
    let mut said = String::new();
    while stdout.read_line(&mut said).unwrap() > 0 {
        if let Ok(value) = serde_json::from_str(&said) {
            return Some(value);
        }
    }
    None
}
