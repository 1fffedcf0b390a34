//! What goes over the ledger's HTTP interface besides records: bodies of requests and answers, and [`problem`] details.
//!
//! Bodies are read as strictly as records (see [`crate::json`]): unknown members, duplicates and nulls are refused with
//! a JSON pointer. Answers are written as RFC 8785. With the feature `openapi` every type describes itself.

mod accesses;
mod brands;
mod consents;
mod declines;
mod destructions;
pub mod issuer;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod problem;
mod reports;
mod sessions;
mod verifier;
mod webhooks;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};

pub use accesses::*;
pub use brands::*;
pub use consents::*;
pub use declines::*;
pub use destructions::*;
pub use reports::*;
pub use sessions::*;
pub use verifier::*;
pub use webhooks::*;

use crate::id::{Did, Digest, IdError, Origin};
use crate::statement::{Acknowledgement, Signed};
use crate::version::Version;

/// Most items of one page, and how many there are when the caller does not say.
pub const MAX_PAGE: usize = 256;
/// Most invitations made by one call.
pub const MAX_INVITATIONS: u32 = 1000;
/// Longest life of an invitation, in seconds: 90 days.
pub const MAX_INVITATION_SECONDS: u64 = 90 * 24 * 60 * 60;
/// Longest label of a token, in bytes.
pub const MAX_LABEL_BYTES: usize = 128;

/// Longest life of an auditor's token, in seconds: 90 days.
pub const MAX_AUDIT_SECONDS: u64 = 90 * 24 * 60 * 60;

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
