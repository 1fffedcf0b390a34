//! The last pass: what is counted, and what stands alone.

use placet_schemas::id::Digest;
use placet_schemas::notice::CanonicalNotice;

use super::{Check, PAGE};
use crate::error::StoreError;
use crate::node::stored_record;

/// Most rows of one table that one record has.
const ROWS_OF_RECORD: u64 = 3;

impl Check {
    /// Compares the rest.
    pub(super) async fn tables(&mut self) -> Result<(), StoreError> {
        self.counts().await?;
        self.notices().await?;
        self.invitations().await?;
        self.waiting().await
    }

    /// Whoever sent a withdrawal that waits has the operator's word that it is not lost.
    async fn waiting(&mut self) -> Result<(), StoreError> {
        let (mut waiting, mut after) = (0, None);
        loop {
            let rows = self.keyring.received(after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.time, last.blind));
            waiting += rows.len();
            for row in rows {
                let opened = self.keyring.vault().open_received(&row.blind, &row.record).ok();
                if opened.is_none_or(|bytes| stored_record(&bytes).is_err()) {
                    let place = format!("received {}", row.grant);
                    self.damaged("withdrawal_unreadable", place, "a withdrawal that waits does not open");
                }
            }
        }
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

    /// Whatever is spent was spent by a grant that is there, and not declined as well.
    async fn invitations(&mut self) -> Result<(), StoreError> {
        let wrong = self.store.wrongly_spent(self.head.size).await?;
        if wrong > 0 {
            self.damaged(
                "invitation_differs",
                "invitations",
                format!("{wrong} were spent by what is no grant of their request"),
            );
        }
        let both = self.store.declined_and_spent().await?;
        if both > 0 {
            let what = format!("{both} were answered by yes, and declined");
            self.damaged("invitation_differs", "invitations", what);
        }
        Ok(())
    }
}
