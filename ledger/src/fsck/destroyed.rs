//! Destructions: what is marked is what records name, and every word of a follower is its own.

use std::collections::BTreeSet;

use placet_schemas::id::{Did, Digest};
use placet_schemas::record::destruction::Destruction;

use super::{Check, PAGE, record_place};
use crate::error::StoreError;
use crate::order::read_done;
use crate::store::DestructionFound;

/// What a Destruction record says, but for its leaves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    controller: Did,
    ground: String,
    order: Option<Digest>,
}

impl Check {
    /// Compares everything about destructions.
    pub(super) async fn destructions(&mut self) -> Result<(), StoreError> {
        self.leaves().await?;
        let mut from = 0;
        loop {
            let found = self.store.destructions_from(from, PAGE as usize).await?;
            let Some(last) = found.last() else { break };
            from = last.index + 1;
            for row in found {
                // A node that runs may have committed it since the check began.
                if row.index < self.head.size {
                    self.destruction(&row).await?;
                }
            }
        }
        for index in std::mem::take(&mut self.expected.destructions).into_keys() {
            let place = format!("destructions {index}");
            self.damaged("destruction_differs", place, "the row of this Destruction is not there");
        }
        Ok(())
    }

    async fn destruction(&mut self, row: &DestructionFound) -> Result<(), StoreError> {
        let place = format!("destructions {}", row.index);
        let stored = Named {
            controller: row.controller.clone(),
            ground: row.ground.clone(),
            order: row.order,
        };
        // With its key lost nobody can say what it was; that has been told with its record.
        match self.expected.destructions.remove(&row.index) {
            Some(named) if named != stored => {
                let what = "brand, ground or order are not those of its record";
                self.damaged("destruction_differs", place.clone(), what);
            }
            None if !self.is_lost(row.index).await? => {
                self.damaged(
                    "destruction_differs",
                    place.clone(),
                    "there is no Destruction at this index",
                );
            }
            _ => {}
        }
        let words = self.store.follower_words(row.index).await?;
        for (key, word) in words {
            let known: Vec<Did> = key.and_then(|key| key.try_into().ok()).into_iter().collect();
            if let Err(why) = read_done(&word, &self.voice.origin, row.index, &known) {
                let what = format!("the word that a follower holds nothing any more is not its own: {why}");
                self.damaged("acknowledgement_differs", place.clone(), what);
            }
        }
        if !row.waiting.is_empty() {
            let what = format!("it waits for the word of {}", row.waiting.join(", "));
            self.pending("followers_waiting", place, what);
        }
        Ok(())
    }

    /// Whether nobody can say what a record was, which has been told with it.
    async fn is_lost(&self, index: u64) -> Result<bool, StoreError> {
        Ok(self.keyring.secrets(&[index]).await?.is_empty())
    }

    /// What is marked as destroyed is what Destruction records name.
    async fn leaves(&mut self) -> Result<(), StoreError> {
        let stored = self.store.destroyed_leaves(self.head.size).await?;
        for (leaf, by) in &stored {
            if self.expected.leaves.get(leaf) != Some(by) && !self.is_lost(*by).await? {
                self.damaged(
                    "destroyed_without_record",
                    record_place(*leaf),
                    format!("no Destruction at {by} names it"),
                );
            }
        }
        let known: BTreeSet<u64> = stored.into_iter().map(|(leaf, _)| leaf).collect();
        let unmarked: Vec<u64> = self
            .expected
            .leaves
            .keys()
            .filter(|leaf| !known.contains(leaf))
            .copied()
            .collect();
        for leaf in unmarked {
            self.damaged(
                "destroyed_not_marked",
                record_place(leaf),
                "a Destruction names it, and the row does not say so",
            );
        }
        Ok(())
    }
}

impl From<&Destruction> for Named {
    fn from(destruction: &Destruction) -> Self {
        Self {
            controller: destruction.controller.clone(),
            ground: destruction.ground.as_str().to_owned(),
            order: destruction.order_hash,
        }
    }
}
