//! The third pass: what is counted, and what stands alone.

use std::collections::BTreeSet;

use placet_schemas::id::Digest;
use placet_schemas::notice::CanonicalNotice;

use super::{Check, record_place};
use crate::error::StoreError;

/// Most rows of one table that one record has.
const ROWS_OF_RECORD: u64 = 3;

impl Check {
    /// Compares the rest.
    pub(super) async fn tables(&mut self) -> Result<(), StoreError> {
        self.counts().await?;
        self.destructions().await?;
        self.notices().await?;
        self.invitations().await?;
        let waiting = self.store.received_count().await?;
        if waiting > 0 {
            self.pending(
                "withdrawals_waiting",
                "received",
                format!("{waiting} withdrawals wait to be recorded"),
            );
        }
        Ok(())
    }

    /// A row too many is as wrong as one too few: it leads somewhere.
    async fn counts(&mut self) -> Result<(), StoreError> {
        let size = self.head.size;
        let keyring = self.keyring.counts(size).await?;
        let main = self.store.fsck_counts(size).await?;
        let expected = [
            ("record_keys", keyring.keys, self.expected.keys),
            ("lookups", keyring.lookups, self.expected.lookups),
            ("members", keyring.members, self.expected.members),
            ("public_records", main.public, self.expected.public),
            ("requests", main.requests, self.expected.requests),
            ("controller_keys", main.controller_keys, self.expected.controller_keys),
            ("controllers", main.controllers, self.brands.len() as u64),
        ];
        for (table, stored, wanted) in expected {
            // Of a record that is being removed there may still be rows.
            let left = self.expected.unfinished.saturating_mul(ROWS_OF_RECORD);
            if stored > wanted.saturating_add(left) {
                self.damaged(
                    "rows_too_many",
                    table,
                    format!("there are {stored} rows, and the records account for {wanted}"),
                );
            } else if stored < wanted {
                self.damaged(
                    "rows_missing",
                    table,
                    format!("there are {stored} rows, and the records demand {wanted}"),
                );
            }
        }
        if keyring.beyond > 0 {
            let what = format!(
                "{} rows of records that were never committed: the next start sweeps them",
                keyring.beyond
            );
            self.pending("keyring_beyond_head", "record_keys", what);
        }
        Ok(())
    }

    /// What is marked as destroyed is what Destruction records name.
    async fn destructions(&mut self) -> Result<(), StoreError> {
        let stored = self.store.destroyed_leaves(self.head.size).await?;
        for (leaf, by) in &stored {
            if self.expected.leaves.get(leaf) != Some(by) {
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

    async fn notices(&mut self) -> Result<(), StoreError> {
        let mut after = Vec::new();
        while let Some((digest, body)) = self.store.notice_after(&after).await? {
            let right = CanonicalNotice::parse(&body).is_ok_and(|notice| notice.bytes == body)
                && Digest::of(&body).as_bytes().as_slice() == digest;
            if !right {
                self.damaged(
                    "notice_differs",
                    "notices",
                    "a notice does not have the digest it is stored under",
                );
            }
            after = digest;
        }
        let mut missing = 0;
        for request in self.requests.values() {
            let named: Vec<Digest> = request.notices.iter().map(|(_, digest)| digest).collect();
            missing += named.len() - self.store.notices_of(&named).await?.len();
        }
        if missing > 0 {
            self.damaged(
                "notice_missing",
                "notices",
                format!("{missing} notices that requests name are not there"),
            );
        }
        Ok(())
    }

    /// Whatever is spent was spent by a grant that is there.
    async fn invitations(&mut self) -> Result<(), StoreError> {
        let wrong = self.store.wrongly_spent(self.head.size).await?;
        if wrong > 0 {
            self.damaged(
                "invitation_differs",
                "invitations",
                format!("{wrong} were spent by what is no grant of their request"),
            );
        }
        Ok(())
    }
}
