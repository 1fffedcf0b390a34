//! `placet witness` as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use placet_kernel::note::VerifierKey;
use placet_kernel::trust::{Group, Trust, TrustFile, Witness};
use serde_json::Value;

/// A running witness. It is killed when this is dropped; its folder stays.
#[derive(Debug)]
pub struct WitnessProcess {
    process: Child,
    _stdout: BufReader<ChildStdout>,
    address: String,
    /// Its key.
    pub vkey: VerifierKey,
}

impl WitnessProcess {
    /// Starts `binary` as the witness `name` of the log of this trust file, at `listen`.
    ///
    /// # Panics
    /// When it ends before it listens.
    #[must_use]
    pub fn start(binary: &Path, name: &str, log: &TrustFile, folder: &Path, listen: &str) -> Self {
        let [log] = log.logs.as_slice() else { panic!("one log") };
        let mut process = Command::new(binary)
            .args([
                "--json",
                "witness",
                "--log-filter",
                "warn",
                "--listen",
                listen,
                "--name",
                name,
            ])
            .arg("--log")
            .arg(format!("{}={}", log.origin, log.checkpoint_keys[0].vkey))
            .arg("--dir")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        let up: Value = loop {
            assert!(stdout.read_line(&mut said).unwrap() > 0, "the witness ended: {said}");
            // Notes for people come before the one JSON value.
            if let Some(value) = said.find('{').and_then(|at| serde_json::from_str(&said[at..]).ok()) {
                break value;
            }
        };
        Self {
            process,
            _stdout: stdout,
            address: up["listening"]
                .as_str()
                .unwrap()
                .trim_start_matches("http://")
                .to_owned(),
            vkey: up["vkey"].as_str().unwrap().parse().unwrap(),
        }
    }

    /// Where it listens, such as `127.0.0.1:41234`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The setting by which a node asks it.
    #[must_use]
    pub fn setting(&self) -> String {
        format!("{} http://{}", self.vkey, self.address)
    }

    /// Ends it in the middle of whatever it does, as `kill -9` does.
    pub fn kill(self) {}
}

impl Drop for WitnessProcess {
    fn drop(&mut self) {
        // Killing what has ended already is no error.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A trust file that asks for cosignatures by so many of these witnesses.
///
/// # Panics
/// When that makes no sense.
#[must_use]
pub fn quorum(log: &TrustFile, witnesses: &[&VerifierKey], threshold: usize) -> Trust {
    let named = |key: &&VerifierKey| Witness {
        name: key.name().as_str().to_owned(),
        vkey: key.to_string(),
    };
    let file = TrustFile {
        issuers: Vec::new(),
        witnesses: witnesses.iter().map(named).collect(),
        groups: vec![Group {
            name: "some".to_owned(),
            threshold,
            members: witnesses.iter().map(|key| key.name().as_str().to_owned()).collect(),
        }],
        quorum: "some".to_owned(),
        ..log.clone()
    };
    Trust::parse(&serde_json::to_vec(&file).unwrap()).unwrap()
}
