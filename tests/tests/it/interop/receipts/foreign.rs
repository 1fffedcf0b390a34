//! The foreign programs about receipts, and what they print.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use placet_schemas::id::Did;
use placet_tests::verifier::started;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::interop::javascript::node_js;
use crate::interop::tools;

/// How long anything may take that should take moments.
const SOON: Duration = Duration::from_secs(20);

/// A wallet of somebody else's.
pub(super) struct Wallet {
    pub(super) file: PathBuf,
    pub(super) did: Did,
}

/// What `placet receipt offer` prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Offer {
    pub(super) link: String,
    pub(super) tx_code: String,
}

/// What `claim-receipt.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", untagged)]
pub(super) enum Claim {
    Done {
        version: String,
        metadata_signer: Option<String>,
        receipts: Vec<Receipt>,
    },
    Refused {
        refused: String,
        asked: String,
    },
}

/// One of them, as the wallet got it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    pub(super) configuration: String,
    pub(super) format: String,
    /// How the wallet showed its key.
    pub(super) binding: String,
    pub(super) credential: Value,
    /// The status of the answer to the notification.
    pub(super) notified: u16,
}

/// What `present-receipt.mjs` prints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    /// The paths of what could be withheld.
    pub(super) presentable: Vec<String>,
    pub(super) presentation: String,
}

/// What `verify-sd-jwt.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    pub(super) file: PathBuf,
    pub(super) claims: Option<Value>,
    pub(super) error: Option<String>,
}

/// What `verify-receipt.mjs` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verified {
    pub(super) file: PathBuf,
    pub(super) verified: bool,
    pub(super) error: Option<String>,
}

impl Receipt {
    /// As it is kept in a file.
    pub(super) fn text(&self) -> String {
        match &self.credential {
            Value::String(compact) => compact.clone(),
            document => document.to_string(),
        }
    }
}

/// A foreign program, and what it prints.
pub(super) fn foreign<T: DeserializeOwned>(programs: &Path, program: &str, line: &[&str]) -> T {
    let mut command = node_js(programs, program);
    let printed = tools::run(command.args(line)).unwrap_or_else(|why| panic!("{why}"));
    serde_json::from_slice(&printed).unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&printed)))
}

/// A wallet with a fresh key.
pub(super) fn make_wallet(programs: &Path, home: &Path, name: &str) -> Wallet {
    let file = home.join(format!("{name}.key.json"));
    let made: Value = foreign(programs, "new-wallet.mjs", &[text(&file)]);
    let did = made["did"].as_str().unwrap().parse().unwrap();
    Wallet { file, did }
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Waits for something.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = started();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < SOON, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
