//! The keys by which a feed is followed, as they were pinned before anything was believed.

use placet_schemas::id::{Did, Origin};

use super::FeedKeys;
use crate::checkpoint::{CheckpointKeys, CheckpointKeysError};
use crate::keys::PublicKey;
use crate::trust::Trust;

/// Why the keys of a trust file are no keys of one log.
pub type LogTrustError = CheckpointKeysError;

/// The keys of the log, as they were pinned.
#[derive(Debug, Clone)]
pub struct LogTrust {
    trust: Trust,
    checkpoint: CheckpointKeys,
    operators: Vec<(Did, PublicKey)>,
}

impl LogTrust {
    /// Those that a trust file has for this log; nothing when it does not name the log.
    ///
    /// # Errors
    /// When they are no keys of one log.
    pub fn new(trust: Trust, origin: &Origin) -> Result<Option<Self>, LogTrustError> {
        let Some(log) = trust.log(origin) else { return Ok(None) };
        // Keys that were retired sign no head of today.
        let newest = u64::MAX;
        let checkpoint = CheckpointKeys::new(
            origin.clone(),
            log.checkpoint_keys(newest).cloned().collect(),
            log.cosigner_keys(newest).cloned().collect(),
        )?;
        let operators = log.operator_keys(newest).cloned().collect();
        Ok(Some(Self {
            trust,
            checkpoint,
            operators,
        }))
    }

    /// The trust file that they are from.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Those that sign heads and checkpoints of today.
    #[must_use]
    pub fn feed_keys(&self) -> FeedKeys<'_> {
        FeedKeys {
            checkpoint: &self.checkpoint,
            operators: &self.operators,
        }
    }

    /// The operator keys that were valid when the record at `index` was signed.
    #[must_use]
    pub fn operators_at(&self, index: u64) -> Vec<Did> {
        let log = self.trust.log(self.checkpoint.origin());
        let keys = log
            .into_iter()
            .flat_map(|log| log.operator_keys(index.saturating_add(1)));
        keys.map(|(did, _)| did.clone()).collect()
    }
}
