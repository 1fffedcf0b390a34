//! The routes that operators and brands use, and the public ones.

use hyper::Method;
use placet_schemas::api::{
    AuditPage, AuditUse, Challenge, ControllerPage, ControllerSummary, DestructionPage, DestructionSummary,
    EvidenceOrder, FeedAnswer, ImportCustomers, Imported, Invitations, Invite, IssueToken, IssuedToken, LogInfo,
    Nothing, NoticeAnswer, OpeningsAnswer, OrderDestruction, PublicOpening, RecordAnswer, RegisterController,
    TokenPage, TokenSummary,
};
use placet_schemas::id::{Did, Digest};

use super::{Client, ClientError, encode};

/// Which part of a feed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FeedQuery<'a> {
    /// How many items the caller has already.
    pub(crate) from: u64,
    /// Seconds to wait for a new item, at most 5.
    pub(crate) wait: u64,
    /// Whose feed; a brand's own without.
    pub(crate) controller: Option<&'a Did>,
}

impl Client {
    /// `GET /v1/log`: what the ledger says of itself.
    pub(crate) async fn log(&self) -> Result<LogInfo, ClientError> {
        self.get("/v1/log").await
    }

    /// `POST /v1/challenges`: a nonce to sign.
    pub(crate) async fn challenge(&self) -> Result<Challenge, ClientError> {
        self.post("/v1/challenges", &Nothing {}).await
    }

    /// `POST /v1/controllers`: registers a brand.
    pub(crate) async fn register(&self, order: &RegisterController) -> Result<RecordAnswer, ClientError> {
        self.post("/v1/controllers", order).await
    }

    /// `GET /log/public/{index}`: a public record, opened.
    pub(crate) async fn public_record(&self, index: u64) -> Result<PublicOpening, ClientError> {
        self.get(&format!("/log/public/{index}")).await
    }

    /// `POST /v1/customers/import` of a verifier.
    pub(crate) async fn import_customers(&self, rows: &ImportCustomers) -> Result<Imported, ClientError> {
        self.post("/v1/customers/import", rows).await
    }

    /// `POST /access/v1/evidence` of a verifier: a bundle.
    pub(crate) async fn evidence_of_decision(&self, order: &EvidenceOrder) -> Result<Vec<u8>, ClientError> {
        self.post_for_bytes("/access/v1/evidence", order).await
    }

    /// `GET /v1/controllers`, all pages.
    pub(crate) async fn controllers(&self) -> Result<Vec<ControllerSummary>, ClientError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page: ControllerPage = self.get(&format!("/v1/controllers{}", cursor(after))).await?;
            all.extend(page.controllers);
            match page.next {
                // A cursor that does not move on would keep the caller here for ever.
                Some(next) if after < Some(next) => after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// `POST /v1/tokens`.
    pub(crate) async fn issue_token(&self, order: &IssueToken) -> Result<IssuedToken, ClientError> {
        self.post("/v1/tokens", order).await
    }

    /// `GET /v1/tokens`, all pages.
    pub(crate) async fn tokens(&self) -> Result<Vec<TokenSummary>, ClientError> {
        let mut all: Vec<TokenSummary> = Vec::new();
        let mut query = String::new();
        loop {
            let page: TokenPage = self.get(&format!("/v1/tokens{query}")).await?;
            all.extend(page.tokens);
            match (page.next, all.last()) {
                // The names ascend, so a cursor that moves on is the last of them.
                (Some(next), Some(last)) if next == last.id && !query.ends_with(&next) => {
                    query = format!("?after={}", encode(&next));
                }
                _ => return Ok(all),
            }
        }
    }

    /// `DELETE /v1/tokens/{id}`.
    pub(crate) async fn revoke_token(&self, id: &str) -> Result<(), ClientError> {
        let path = format!("/v1/tokens/{}", encode(id));
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// `GET /v1/audits`, all pages.
    pub(crate) async fn audits(&self) -> Result<Vec<AuditUse>, ClientError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page: AuditPage = self.get(&format!("/v1/audits{}", cursor(after))).await?;
            all.extend(page.uses);
            match page.next {
                // As for the brands.
                Some(next) if after < Some(next) => after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// `GET /v1/audit/openings`: one page.
    pub(crate) async fn openings(&self, after: Option<u64>) -> Result<OpeningsAnswer, ClientError> {
        self.get(&format!("/v1/audit/openings{}", cursor(after))).await
    }

    /// `POST /v1/destructions`: carries an order in.
    pub(crate) async fn order_destruction(&self, order: &OrderDestruction) -> Result<DestructionSummary, ClientError> {
        self.post("/v1/destructions", order).await
    }

    /// `GET /v1/destructions`, all pages.
    pub(crate) async fn destructions(&self) -> Result<Vec<DestructionSummary>, ClientError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page: DestructionPage = self.get(&format!("/v1/destructions{}", cursor(after))).await?;
            all.extend(page.destructions);
            match page.next {
                // As for the brands.
                Some(next) if after < Some(next) => after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// `POST /v1/notices`: gives the digest.
    pub(crate) async fn add_notice(&self, notice: &[u8]) -> Result<Digest, ClientError> {
        let answer: NoticeAnswer = self.post_bytes("/v1/notices", notice.to_vec()).await?;
        Ok(answer.digest)
    }

    /// `POST /v1/requests`.
    pub(crate) async fn add_request(&self, record: &[u8]) -> Result<RecordAnswer, ClientError> {
        self.post_record("/v1/requests", record).await
    }

    /// `POST /v1/requests/{digest}/invitations`.
    pub(crate) async fn invite(&self, request: &Digest, order: &Invite) -> Result<Invitations, ClientError> {
        self.post(&format!("/v1/requests/{request}/invitations"), order).await
    }

    /// `POST /v1/records`.
    pub(crate) async fn submit(&self, record: &[u8]) -> Result<RecordAnswer, ClientError> {
        self.post_record("/v1/records", record).await
    }

    /// `GET /v1/feed`: one page.
    pub(crate) async fn feed(&self, query: FeedQuery<'_>) -> Result<FeedAnswer, ClientError> {
        let mut path = format!("/v1/feed?from={}", query.from);
        if query.wait > 0 {
            path.push_str(&format!("&wait={}", query.wait));
        }
        if let Some(controller) = query.controller {
            path.push_str(&format!("&controller={}", encode(controller.as_str())));
        }
        self.get(&path).await
    }
}

/// The query that asks for the page after a cursor.
pub(super) fn cursor(after: Option<u64>) -> String {
    after.map(|after| format!("?after={after}")).unwrap_or_default()
}
