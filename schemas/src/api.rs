//! What goes over the ledger's HTTP interface besides records: bodies of requests and answers, and [`problem`] details.
//!
//! Bodies are read as strictly as records (see [`crate::json`]): unknown members, duplicates and nulls are refused with
//! a JSON pointer. Answers are written as RFC 8785. With the feature `openapi` every type describes itself.

mod consents;
#[cfg(feature = "openapi")]
mod openapi;
pub mod problem;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};

pub use consents::*;

use crate::id::{Did, Digest, IdError, Origin, string_id};
use crate::record::keys::KeySource;
use crate::record::Invitation;
use crate::statement::{Acknowledgement, Signed};
use crate::text::Text;
use crate::time::Timestamp;
use crate::version::Version;

/// Most items of one page, and how many there are when the caller does not say.
pub const MAX_PAGE: usize = 256;
/// Most invitations made by one call.
pub const MAX_INVITATIONS: u32 = 1000;
/// Longest life of an invitation, in seconds: 90 days.
pub const MAX_INVITATION_SECONDS: u64 = 90 * 24 * 60 * 60;
/// Longest label of a token, in bytes.
pub const MAX_LABEL_BYTES: usize = 128;
/// Longest compact JWS, in bytes.
pub const MAX_JWS_BYTES: usize = 8 * 1024;
/// Longest withdrawal code as typed by a person, in bytes: 30 characters, and room for the separators they add.
pub const MAX_CODE_BYTES: usize = 128;

/// An empty object, for calls that take nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// 32 bytes in standard base64 with padding: the salt that opens a leaf.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SaltText([u8; 32]);

impl SaltText {
    /// The salt of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for SaltText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SaltText(…)")
    }
}

impl TryFrom<String> for SaltText {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        let mut bytes = [0; 32];
        match Base64::decode(&text, &mut bytes) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self(bytes)),
            _ => Err(IdError::new("a salt is the base64 of 32 bytes")),
        }
    }
}

impl From<SaltText> for String {
    fn from(salt: SaltText) -> Self {
        Base64::encode_string(&salt.0)
    }
}

/// The answer to a record, 201: it is in the log, under this checkpoint. A replay gets the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordAnswer {
    /// The operator's word for it.
    pub acknowledgement: Signed<Acknowledgement>,
    /// The checkpoint (C2SP tlog-checkpoint), a signed note.
    pub checkpoint: String,
    /// Codes of what is wrong with the record but does not keep it out.
    pub findings: Vec<String>,
    /// The inclusion proof (C2SP tlog-proof) under that checkpoint.
    pub proof: String,
    /// What opens the leaf.
    pub salt: SaltText,
}

/// The answer to a withdrawal by code: the record that the ledger built and signed with the code's key, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawalAnswer {
    /// The operator's word for it.
    pub acknowledgement: Signed<Acknowledgement>,
    /// The checkpoint (C2SP tlog-checkpoint), a signed note.
    pub checkpoint: String,
    /// Codes of what is wrong with the record but does not keep it out.
    pub findings: Vec<String>,
    /// The inclusion proof (C2SP tlog-proof) under that checkpoint.
    pub proof: String,
    /// The Withdrawal.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
    /// What opens the leaf.
    pub salt: SaltText,
}

/// `GET /v1/log`: what a client must know to trust this log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogInfo {
    /// Format version.
    pub version: Version<1>,
    /// The log's name.
    pub origin: Origin,
    /// The checkpoint key, as a C2SP vkey.
    pub checkpoint_key: String,
    /// The node's own cosigner key, as a C2SP vkey. It vouches for no time.
    pub cosigner_key: String,
    /// The operator key.
    pub operator_key: Did,
    /// The vocabulary that requests must name.
    pub vocabulary: VocabularyInfo,
    /// The limits.
    pub limits: Limits,
}

/// The vocabulary in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VocabularyInfo {
    /// Its version.
    pub version: String,
    /// SHA-256 of its table.
    pub hash: Digest,
}

/// Limits that a client must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a record.
    pub record_bytes: u64,
    /// Bytes of a notice.
    pub notice_bytes: u64,
    /// Depth of any JSON.
    pub depth: u64,
    /// Seconds between a claimed time and the ledger's clock, either way.
    pub time_tolerance_seconds: u64,
    /// Seconds that an invitation lives at most.
    pub invitation_seconds: u64,
    /// Items of a page.
    pub page: u64,
}

/// `GET /log/public/<index>`: the opening of a public record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicOpening {
    /// Its place in the log.
    pub index: u64,
    /// The record.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
    /// What opens the leaf.
    pub salt: SaltText,
}

/// A challenge, to be signed within its life and once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenge {
    /// Goes into the JWS payload.
    pub nonce: String,
    /// When it is void.
    pub expires_at: Timestamp,
}

/// `POST /v1/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenSession {
    /// A compact JWS of typ [`SESSION_TYP`] over a [`SessionClaims`].
    pub jws: String,
}

/// The JWS `typ` of a session challenge.
pub const SESSION_TYP: &str = "placet-session+jwt";
/// The JWS `typ` of a registration challenge.
pub const REGISTRATION_TYP: &str = "placet-registration+jwt";

/// The payload of the JWS of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionClaims {
    /// The log's origin: the signature is of no use at another log.
    pub aud: Origin,
    /// Unix seconds when it was made.
    pub iat: u64,
    /// The nonce of the challenge.
    pub nonce: String,
}

/// The payload of the JWS of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationClaims {
    /// The log's origin.
    pub aud: Origin,
    /// Unix seconds when it was made.
    pub iat: u64,
    /// The nonce of the challenge.
    pub nonce: String,
    /// The DID that registers.
    pub sub: Did,
}

/// A session: five minutes for one DID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    /// Goes into `Authorization: Bearer`.
    pub token: String,
    /// Whose session it is.
    pub did: Did,
    /// When it ends.
    pub expires_at: Timestamp,
}

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
    /// A compact JWS of typ [`REGISTRATION_TYP`] over a [`RegistrationClaims`], by one of the document's assertion keys.
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
    /// A follower of the ledger: every feed.
    Service,
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
    /// Whose token it is: needed for a brand, refused for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Did>,
    /// A name to know it by.
    pub label: Label,
    /// Its life; without it, the token lives until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u64>,
}

/// A name to know a token by: 1 to 128 printable bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);
string_id!(Label);

impl Label {
    fn check(text: &str) -> Result<(), IdError> {
        let legal = (1..=MAX_LABEL_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
        if legal { Ok(()) } else { Err(IdError::new("a label is 1 to 128 bytes without control characters")) }
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
        f.debug_struct("IssuedToken").field("id", &self.id).finish_non_exhaustive()
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
    /// How many, 1 by default, at most [`MAX_INVITATIONS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// How long they live, at most [`MAX_INVITATION_SECONDS`].
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

/// `POST /v1/withdrawals`: for people who have only paper.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawByCode {
    /// The withdrawal code, in any case, with or without hyphens and spaces.
    pub code: String,
}

impl core::fmt::Debug for WithdrawByCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WithdrawByCode(…)")
    }
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
