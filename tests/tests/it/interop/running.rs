//! A node as a process of its own, in a folder that vanishes with it, and a shop on it.

use placet_schemas::id::Origin;
use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use placet_tests::caller::Caller;
use placet_tests::offer::{newsletter, recommendations, seats};
use placet_tests::p;
use placet_tests::process::NodeProcess;
use placet_tests::shop::Shop;
use placet_wallet::acknowledgement::LogTrust;
use tempfile::TempDir;

use super::tools;

/// Milliseconds between two commits: a whole log is grown record by record here.
const TICK: &str = "20";

/// A node, and a brand that asks for three things.
pub(super) struct Running {
    // Dropped first: the node ends before its folder goes.
    pub(super) node: NodeProcess,
    /// The log.
    pub(super) origin: Origin,
    /// The brand.
    pub(super) shop: Shop,
    /// Its request.
    pub(super) request: CanonicalRecord,
    _folder: TempDir,
}

impl Running {
    /// Starts a node of its own; the brand registers and asks.
    pub(super) fn start(origin: &str, brand: Brand) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = p(origin);
        let node = NodeProcess::start(&tools::placet(), &origin, folder.path(), &["--tick-ms", TICK]);
        let shop = Shop::open(&node, &origin, brand);
        let request = shop.ask(&node, "interop", vec![newsletter(), recommendations(), seats()]);
        Self {
            node,
            origin,
            shop,
            request,
            _folder: folder,
        }
    }

    /// Somebody whom the node does not know.
    pub(super) fn caller(&self) -> Caller {
        Caller::new(self.node.address())
    }

    /// Its base URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.node.address())
    }

    /// The operator's trust file, as a wallet pins it.
    pub(super) fn log_trust(&self) -> LogTrust {
        let file = self.node.trust_file();
        let [log] = file.logs.as_slice() else {
            panic!("one log: {file:?}")
        };
        let vkeys: Vec<&str> = log.checkpoint_keys.iter().map(|key| key.vkey.as_str()).collect();
        let operators: Vec<_> = log.operator_keys.iter().map(|key| key.key.clone()).collect();
        LogTrust::new(self.origin.clone(), &vkeys, &operators).unwrap()
    }
}
