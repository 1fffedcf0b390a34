//! The keys of the log, as they were pinned before anything was believed.

use placet_kernel::checkpoint::{CheckpointKeys, CheckpointKeysError};
use placet_kernel::feed::FeedKeys;
use placet_kernel::keys::PublicKey;
use placet_kernel::trust::Trust;
use placet_schemas::id::{Did, Origin};

/// The keys of the log, as they were pinned.
#[derive(Debug)]
pub(crate) struct LogTrust {
    pub(crate) trust: Trust,
    checkpoint: CheckpointKeys,
    operators: Vec<(Did, PublicKey)>,
}

impl LogTrust {
    pub(crate) fn new(trust: Trust, origin: &Origin) -> Result<Option<Self>, CheckpointKeysError> {
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

    pub(crate) fn feed_keys(&self) -> FeedKeys<'_> {
        FeedKeys {
            checkpoint: &self.checkpoint,
            operators: &self.operators,
        }
    }

    /// The operator keys that were valid when the record at `index` was signed.
    pub(crate) fn operators_at(&self, index: u64) -> Vec<Did> {
        let log = self.trust.log(self.checkpoint.origin());
        let keys = log
            .into_iter()
            .flat_map(|log| log.operator_keys(index.saturating_add(1)));
        keys.map(|(did, _)| did.clone()).collect()
    }
}
