//! The log's files over HTTP.

use std::cell::RefCell;
use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

/// Largest file of a log: an entry bundle of 256 entries of at most 65,535 bytes.
const MAX_FILE: u64 = 256 * (2 + 65_535);

/// A log at its URL prefix. Remembers which files were read.
#[derive(Debug)]
pub(crate) struct Log {
    prefix: String,
    read: RefCell<BTreeSet<String>>,
}

impl Log {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.trim_end_matches('/').to_owned(),
            read: RefCell::default(),
        }
    }

    /// The octets under a path of the log.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}/{path}", self.prefix);
        let mut response = ureq::get(&url).call().with_context(|| url.clone())?;
        let octets = response
            .body_mut()
            .with_config()
            .limit(MAX_FILE)
            .read_to_vec()
            .with_context(|| url.clone())?;
        self.read.borrow_mut().insert(path.to_owned());
        Ok(octets)
    }

    /// The paths read since this was last asked.
    pub(crate) fn take_read(&self) -> BTreeSet<String> {
        self.read.take()
    }
}
