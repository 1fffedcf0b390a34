//! The logs that a witness watches, and the keys it trusts for each.

use std::collections::BTreeMap;

use placet_kernel::checkpoint::CheckpointKeys;
use placet_kernel::note::VerifierKey;
use placet_schemas::id::Origin;

use crate::error::LogsError;

/// The most logs of one witness.
pub const MAX_LOGS: usize = 4096;

/// The logs of a witness, at least one, each with at least one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs(BTreeMap<String, CheckpointKeys>);

impl Logs {
    /// Logs and their keys. A log that is named more than once has the keys of all its entries.
    ///
    /// # Errors
    /// [`LogsError::None`], [`LogsError::TooMany`]; [`LogsError::Keys`] if a log has no key, one of another name or type, or
    /// one twice.
    pub fn new(keys: impl IntoIterator<Item = (Origin, Vec<VerifierKey>)>) -> Result<Self, LogsError> {
        let mut all: BTreeMap<String, (Origin, Vec<VerifierKey>)> = BTreeMap::new();
        for (origin, keys) in keys {
            let entry = all.entry(origin.as_str().to_owned());
            entry.or_insert_with(|| (origin, Vec::new())).1.extend(keys);
        }
        if all.is_empty() {
            return Err(LogsError::None);
        }
        if all.len() > MAX_LOGS {
            return Err(LogsError::TooMany);
        }
        let checked = all.into_iter().map(|(name, (origin, keys))| {
            let checked = CheckpointKeys::new(origin.clone(), keys, Vec::new());
            Ok((name, checked.map_err(|error| LogsError::Keys { origin, error })?))
        });
        Ok(Self(checked.collect::<Result<_, _>>()?))
    }

    /// The origins, sorted.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.0.values().map(CheckpointKeys::origin)
    }

    /// The keys of the log that calls itself so.
    pub(crate) fn keys(&self, origin: &str) -> Option<&CheckpointKeys> {
        self.0.get(origin)
    }
}
