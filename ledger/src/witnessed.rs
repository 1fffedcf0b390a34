//! Checkpoints as witnesses have signed them: what proofs and bundles are built on.

use placet_schemas::time::Timestamp;

use crate::error::StoreError;
use crate::node::Node;
use crate::store::{Cosigned, Seen};
use crate::tree::Head;
use crate::witnesses::Fresh;

impl Node {
    /// The size and the note of the checkpoint for the proof of the record at `index`: the newest that as many witnesses as
    /// possible have cosigned, or the head if none has cosigned one with this record.
    pub(crate) async fn witnessed(&self, index: u64, head: &Head) -> Result<(u64, String), StoreError> {
        // An acknowledgement was given a moment ago: its witnesses are on their way.
        self.witnesses.refresh(index + 1, Fresh::default()).await;
        let size = self.store.cosigned_last(index + 1).await?.pop();
        let Some(seen) = self.kept(size, Cosigned::Last).await? else {
            return Ok((head.size, head.note.clone()));
        };
        Ok((seen.size, seen.note))
    }

    /// The checkpoints that show how early the record at `index` was there: the first with it, by the log's own word and by
    /// the witnesses'.
    pub(crate) async fn first_checkpoints(&self, index: u64) -> Result<Vec<Seen>, StoreError> {
        let mut found: Vec<Seen> = self.store.checkpoint_from(index + 1).await?.into_iter().collect();
        for size in self.store.cosigned_from(index + 1).await? {
            found.extend(self.kept(Some(size), Cosigned::First).await?);
        }
        Ok(found)
    }

    /// The checkpoints around a moment: the last by then and the first since, by the log's own word and by the witnesses'.
    pub(crate) async fn checkpoints_around(&self, moment: Timestamp) -> Result<Vec<Seen>, StoreError> {
        let mut found: Vec<Seen> = self.store.checkpoint_at(moment).await?.into_iter().collect();
        found.extend(self.store.checkpoint_after(moment).await?);
        for size in self.store.cosigned_by(moment).await? {
            found.extend(self.kept(Some(size), Cosigned::By(moment)).await?);
        }
        for size in self.store.cosigned_since(moment).await? {
            found.extend(self.kept(Some(size), Cosigned::Since(moment)).await?);
        }
        Ok(found)
    }

    /// The newest checkpoints that one witness, and as many as possible, have cosigned.
    pub(crate) async fn last_cosigned(&self, index: u64) -> Result<Vec<Seen>, StoreError> {
        let mut found = Vec::new();
        for size in self.store.cosigned_last(index + 1).await? {
            found.extend(self.kept(Some(size), Cosigned::Last).await?);
        }
        Ok(found)
    }

    /// The kept checkpoint of exactly this size, with cosignatures.
    async fn kept(&self, size: Option<u64>, which: Cosigned) -> Result<Option<Seen>, StoreError> {
        let Some(size) = size else { return Ok(None) };
        let seen = self.store.checkpoint_from(size).await?;
        let mut seen = seen
            .filter(|seen| seen.size == size)
            .ok_or(StoreError::Corrupt("checkpoint"))?;
        seen.note.push_str(&self.store.cosignature_lines(size, which).await?);
        Ok(Some(seen))
    }
}
