//! The routes that a person's wallet uses.

use hyper::Method;
use placet_schemas::api::{
    AccessPage, ConsentPage, ConsentSummary, DeclineInvitation, Declined, Invitations, Nothing, OpenSession,
    PublicOpening, ResolveInvitation, ResolvedInvitation, Session, WithdrawByCode, WithdrawalAnswer,
};
use placet_schemas::id::Digest;
use placet_schemas::record::Invitation;
use placet_schemas::time::Timestamp;

use super::routes::cursor;
use super::{Client, ClientError, encode};

impl Client {
    /// `POST /v1/sessions`: a token for the DID that signed.
    pub(crate) async fn open_session(&self, jws: String) -> Result<Session, ClientError> {
        self.post("/v1/sessions", &OpenSession { jws }).await
    }

    /// `POST /v1/invitations/resolve`: what an invitation is for.
    pub(crate) async fn resolve(&self, invitation: &Invitation) -> Result<ResolvedInvitation, ClientError> {
        let body = ResolveInvitation {
            invitation: invitation.clone(),
        };
        self.post("/v1/invitations/resolve", &body).await
    }

    /// `POST /v1/declines`: no.
    pub(crate) async fn decline(&self, invitation: &Invitation) -> Result<Declined, ClientError> {
        let body = DeclineInvitation {
            invitation: invitation.clone(),
        };
        self.post("/v1/declines", &body).await
    }

    /// `POST /v1/requests/{digest}/invitations` without a token: for a request that is open to anyone.
    pub(crate) async fn invite_myself(&self, request: &Digest) -> Result<Invitations, ClientError> {
        self.post(&format!("/v1/requests/{request}/invitations"), &Nothing {})
            .await
    }

    /// `GET /v1/notices/{digest}`: the notice's canonical bytes, which have this digest.
    pub(crate) async fn notice(&self, digest: &Digest) -> Result<Vec<u8>, ClientError> {
        self.named(format!("/v1/notices/{digest}"), digest).await
    }

    /// `GET /v1/requests/{digest}`: the request's canonical bytes, which have this digest.
    pub(crate) async fn request(&self, digest: &Digest) -> Result<Vec<u8>, ClientError> {
        self.named(format!("/v1/requests/{digest}"), digest).await
    }

    /// `POST /v1/withdrawals`: the ledger signs with the code's key.
    pub(crate) async fn withdraw_by_code(&self, code: String) -> Result<WithdrawalAnswer, ClientError> {
        self.post("/v1/withdrawals", &WithdrawByCode { code }).await
    }

    /// `GET /v1/consents`, all pages.
    pub(crate) async fn consents(&self) -> Result<Vec<ConsentSummary>, ClientError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page: ConsentPage = self.get(&format!("/v1/consents{}", cursor(after))).await?;
            all.extend(page.consents);
            match page.next {
                // A cursor that does not move on would keep the caller here for ever.
                Some(next) if after < Some(next) => after = Some(next),
                _ => return Ok(all),
            }
        }
    }

    /// `GET /v1/consents/{id}/evidence`: a bundle.
    pub(crate) async fn evidence(&self, id: &Digest, as_of: Option<Timestamp>) -> Result<Vec<u8>, ClientError> {
        let query = as_of
            .map(|time| format!("?as_of={}", encode(&time.to_string())))
            .unwrap_or_default();
        self.get_bytes(&format!("/v1/consents/{id}/evidence{query}")).await
    }

    /// `GET /v1/consents/{id}/accesses`: one page, after a place.
    pub(crate) async fn accesses(&self, id: &Digest, after: Option<(u64, u64)>) -> Result<AccessPage, ClientError> {
        let query = after
            .map(|(batch, seq)| format!("?after={batch}.{seq}"))
            .unwrap_or_default();
        self.get(&format!("/v1/consents/{id}/accesses{query}")).await
    }

    /// `GET /log/checkpoint`: a signed note.
    pub(crate) async fn checkpoint(&self) -> Result<String, ClientError> {
        self.get_text("/log/checkpoint").await
    }

    /// `GET /log/public/{index}`: the opening of a public record.
    pub(crate) async fn public_opening(&self, index: u64) -> Result<PublicOpening, ClientError> {
        self.get(&format!("/log/public/{index}")).await
    }

    /// A file of the log by its path below `/log/`, such as `tile/0/000`.
    pub(crate) async fn log_file(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        self.call(Method::GET, &format!("/log/{path}"), None).await
    }

    /// Bytes that are asked for by their digest must have it, else the server has put something else in their place.
    async fn named(&self, path: String, digest: &Digest) -> Result<Vec<u8>, ClientError> {
        let bytes = self.get_bytes(&path).await?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes);
        }
        Err(self.nonsense(&path, "its digest is another one"))
    }
}
