//! What an auditor may look at: the records of one brand and one period, for one case. Each use is written down before
//! anything is handed out, and the brand can read what was.

use placet_schemas::api::{AuditScope, AuditUse};
use placet_schemas::id::Did;

use crate::error::StoreError;
use crate::ledger::Ledger;
use crate::page::{Page, asked, clamp};
use crate::reads::FeedItem;
use crate::store::UseWrite;
use crate::tokens::TokenId;

/// An auditor, as its token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auditor {
    /// The token that is used.
    pub token: TokenId,
    /// The brand that is audited.
    pub controller: Did,
    /// The period, and the case.
    pub scope: AuditScope,
}

/// Records for an auditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// The records, opened.
    pub page: Page<FeedItem>,
    /// The checkpoint that the proofs lead to.
    pub checkpoint: String,
}

impl Ledger {
    /// Records of the audited brand that came in during the period, in log order, after the one at place `after` of its
    /// feed. Whatever is beyond the period, or another brand's, is not there for the auditor.
    ///
    /// # Errors
    /// See [`StoreError`]: also when the use cannot be written down, and then nothing is handed out.
    pub async fn openings(&self, who: &Auditor, after: Option<u64>, limit: usize) -> Result<Openings, StoreError> {
        let node = self.node();
        let feed = node.store.feed(&who.controller).await?;
        let feed = feed.ok_or(StoreError::ControllerUnknown)?;
        let (size, _, checkpoint) = feed.log;
        node.announced(size).await?;
        let (first, end) = node.store.indexes_between(who.scope.from, who.scope.to).await?;
        let seq = after.map_or(0, |seq| seq.saturating_add(1));
        let within = (first, end.min(size));
        let mut rows = node
            .store
            .records_between(feed.controller, within, seq, asked(limit))
            .await?;
        let more = rows.len() > clamp(limit);
        rows.truncate(clamp(limit));
        let next = rows.last().filter(|_| more).map(|row| row.seq);
        let opened: Vec<u64> = rows.iter().map(|row| row.index).collect();
        let items = node.opened_items(rows, size).await?;
        node.store
            .add_audit_use(&UseWrite {
                controller: feed.controller,
                token: who.token.as_str(),
                time: self.now(),
                opened: &opened,
            })
            .await?;
        Ok(Openings {
            page: Page { items, next },
            checkpoint,
        })
    }

    /// What auditors of this brand have looked at, in the order in which they did, after the use with the number `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn audit_uses(
        &self,
        controller: &Did,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Page<AuditUse>, StoreError> {
        let from = after.map_or(0, |id| id.saturating_add(1));
        let uses = self.node().store.audit_uses(controller, from, asked(limit)).await?;
        Ok(Page::cut(uses, limit, |used| used.id))
    }
}
