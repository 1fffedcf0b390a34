//! Bodies about brands: registration, tokens, notices, requests, invitations.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::MAX_LABEL_BYTES;
use crate::id::{Did, Digest, IdError, string_id};
use crate::record::keys::KeySource;
use crate::record::{Invitation, Kind};
use crate::text::Text;
use crate::time::Timestamp;

/// `POST /v1/controllers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterController {
    /// The brand's DID.
    pub did: Did,
    /// Its name in law.
    pub legal_name: Text,
    /// The whole DID document; left out, the node fetches it. A did:key needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub document: Option<serde_json::Value>,
    /// A compact JWS of typ `REGISTRATION_TYP` over a [`RegistrationClaims`](super::RegistrationClaims), by one of the document's assertion keys.
    pub challenge: String,
}

/// A registered brand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControllerSummary {
    /// Its DID.
    pub did: Did,
    /// Its name in law.
    pub legal_name: Text,
    /// Log index of the ControllerKeys record in force.
    pub keys_index: u64,
    /// How the operator came by its DID document.
    pub source: KeySource,
}

/// Registered brands, in the order in which they registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControllerPage {
    /// The brands.
    pub controllers: Vec<ControllerSummary>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// Who a bearer token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// A brand: its own requests, invitations, consents and feed.
    Brand,
    /// A follower of the ledger: every feed, opened for the record kinds of its token.
    Service,
    /// An auditor: the records of one brand and one period, for one case. Each use is logged, and the brand sees it.
    Auditor,
    /// The operator: brands and tokens.
    Operator,
}

/// `POST /v1/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssueToken {
    /// Its role.
    pub role: Role,
    /// Whose token it is: needed for a brand and for an auditor, who audits that brand; refused for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Did>,
    /// What an auditor may look at: needed for an auditor, refused for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditScope>,
    /// Which records a service may open, besides public ones: needed for a service, refused for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<BTreeSet<Kind>>,
    /// The did:key by which a service, or a brand's verifier, will sign that it has destroyed what it held; refused for others.
    /// A destruction waits for every service, also for one that has no key and so cannot say it, and for every token of its
    /// brand that has a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Did>,
    /// A name to know it by.
    pub label: Label,
    /// Its life; without it, the token lives until it is revoked. An auditor's has one, at most `MAX_AUDIT_SECONDS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u64>,
}

/// What an auditor may look at: the records that came into the log from the first moment to the last, both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditScope {
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
    /// What it is for: a file number, no person's name.
    pub case: Label,
}

/// A name to know a token by: 1 to 128 printable bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);
string_id!(Label);

impl Label {
    fn check(text: &str) -> Result<(), IdError> {
        let legal = (1..=MAX_LABEL_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        if legal {
            Ok(())
        } else {
            Err(IdError::new("a label is 1 to 128 bytes without control characters"))
        }
    }
}

/// A new token, shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuedToken {
    /// Its public name, to revoke it by.
    pub id: String,
    /// The secret.
    pub token: String,
}

impl core::fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IssuedToken")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the operator sees of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenSummary {
    /// Its public name.
    pub id: String,
    /// Its role.
    pub role: Role,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Did>,
    /// What an auditor's is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditScope>,
    /// Which records a service's opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<BTreeSet<Kind>>,
    /// By which key a service acknowledges destructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Did>,
    /// Its label.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

/// Tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenPage {
    /// The tokens.
    pub tokens: Vec<TokenSummary>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `POST /v1/notices`, answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticeAnswer {
    /// SHA-256 of its canonical bytes.
    pub digest: Digest,
}

/// `POST /v1/requests/{digest}/invitations`. Without a token: one, with the ledger's own life.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invite {
    /// How many, 1 by default, at most `MAX_INVITATIONS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// How long they live, at most `MAX_INVITATION_SECONDS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
}

/// Fresh invitations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invitations {
    /// The invitations.
    pub invitations: Vec<FreshInvitation>,
}

/// One invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreshInvitation {
    /// The secret, which goes into `proof.challenge`.
    pub invitation: Invitation,
    /// A link for the person: `<public url>/i#<invitation>.<operator key id>`.
    pub link: String,
    /// When it is void.
    pub expires_at: Timestamp,
}

/// `POST /v1/invitations/resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolveInvitation {
    /// The secret.
    pub invitation: Invitation,
}

/// What an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResolvedInvitation {
    /// Digest of the request.
    pub request: Digest,
    /// The request.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
    /// When the invitation is void.
    pub expires_at: Timestamp,
}

/// A request in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestSummary {
    /// Its digest.
    pub digest: Digest,
    /// Its place in the log.
    pub index: u64,
    /// Whether anyone may have an invitation.
    pub open: bool,
    /// The request.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
}

/// A brand's requests, ordered by index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestPage {
    /// The requests.
    pub requests: Vec<RequestSummary>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}
