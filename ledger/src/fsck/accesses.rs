//! Access lines: each opens with its consent's key, is what its batch anchors, and is about that consent.

use std::collections::HashMap;

use placet_schemas::id::Digest;
use placet_schemas::record::Body;
use placet_schemas::record::access::AccessBatch;

use super::{Check, PAGE};
use crate::accesses::{check_line, expires_day, open_line};
use crate::crypto::{Blind, RecordSecret};
use crate::error::StoreError;
use crate::node::{Node, stored_record};
use crate::store::LineRow;

/// A batch, and the id of its brand.
type Batch = (u64, AccessBatch);

impl Check {
    /// Looks at all kept lines.
    pub(super) async fn accesses(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        // Lines come batch by batch, so each batch is as good as read once.
        let mut batch: Option<(u64, Option<Batch>)> = None;
        loop {
            let rows = self.store.lines_from(after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            let grants: Vec<u64> = rows.iter().map(|row| row.grant).collect();
            let secrets = self.keyring.secrets(&grants).await?;
            let consents = self.store.consents_of(&grants).await?;
            let controllers: HashMap<u64, u64> = consents.values().map(|row| (row.grant, row.controller)).collect();
            for row in rows {
                if row.batch >= self.head.size {
                    // A node that runs has gone on since the check began.
                    continue;
                }
                if batch.as_ref().is_none_or(|(index, _)| *index != row.batch) {
                    batch = Some((row.batch, self.batch(row.batch).await?));
                }
                let of = batch.as_ref().and_then(|(_, batch)| batch.as_ref());
                if self.is_of_a_consent(&row, controllers.contains_key(&row.grant)) {
                    let secret = secrets.get(&row.grant);
                    let wrong = self.wrong(&row, secret, of, controllers.get(&row.grant)).await?;
                    if let Some((code, what)) = wrong {
                        self.damaged(code, place(&row), what);
                    }
                }
            }
        }
        let (stray, filled) = self.store.stray_texts().await?;
        if stray > 0 {
            let what = format!("{stray} texts belong to no line, or to one that is gone");
            self.damaged("line_differs", "access_texts", what);
        }
        if filled > 0 {
            let what = format!("{filled} slots of lines that are gone are not empty");
            self.damaged("destroyed_is_there", "access_free", what);
        }
        Ok(())
    }

    /// Whether its consent is there. It goes with it, and if it is still there afterwards, that is told.
    fn is_of_a_consent(&mut self, row: &LineRow, there: bool) -> bool {
        if there {
            return true;
        }
        match self.expected.leaves.get(&row.grant) {
            // What is removed with each step is for the ledger to finish.
            Some(_) if self.expected.unfinished > 0 => {}
            Some(by) => {
                let what = format!("the Destruction at {by} is done, and a line about its consent is there");
                self.damaged("destroyed_is_there", place(row), what);
            }
            None => self.damaged("line_differs", place(row), "it is about no consent"),
        }
        false
    }

    /// What is wrong with a line, if anything.
    async fn wrong(
        &self,
        row: &LineRow,
        secret: Option<&RecordSecret>,
        batch: Option<&Batch>,
        controller: Option<&u64>,
    ) -> Result<Option<(&'static str, &'static str)>, StoreError> {
        // A lost key has been told with its record.
        let Some(secret) = secret else { return Ok(None) };
        let Ok(posted) = open_line(secret, row) else {
            return Ok(Some(("line_unreadable", "it does not open, or is no access line")));
        };
        let Some((brand, batch)) = batch else {
            return Ok(Some((
                "line_differs",
                "there is no AccessBatch at the index that it names",
            )));
        };
        let Ok(line) = check_line(&posted, batch) else {
            return Ok(Some(("line_differs", "it is not what its batch anchors")));
        };
        let consent = line.consent.unwrap_or(Digest::from_bytes([0; 32]));
        let blind = self.keyring.vault().blind(Blind::Digest, consent.as_bytes());
        let about = self.keyring.find_one(&blind).await?;
        let fits = about == Some(row.grant)
            && posted.seq == row.seq
            && controller == Some(brand)
            && row.expires_day == expires_day(line.at);
        Ok((!fits).then_some(("line_differs", "consent, brand, place or day are not those of its row")))
    }

    /// The batch at an index, if it is one.
    async fn batch(&self, index: u64) -> Result<Option<Batch>, StoreError> {
        let Some(row) = self.store.fsck_rows(index, index + 1).await?.pop() else {
            return Ok(None);
        };
        let secrets = self.keyring.secrets(&[index]).await?;
        let rows = self.store.records_of(&[index]).await?;
        let text = rows.first().map(|row| Node::text(row, secrets.get(&index)));
        let record = text.and_then(Result::ok).and_then(|text| stored_record(&text).ok());
        Ok(match record.map(|record| record.body) {
            Some(Body::AccessBatch(batch)) => Some((row.controller, *batch)),
            _ => None,
        })
    }
}

fn place(row: &LineRow) -> String {
    format!("access_lines {}.{}", row.batch, row.seq)
}
