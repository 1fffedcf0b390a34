//! Bodies about access lines: what a verifier hands in, and what the person reads.

use serde::{Deserialize, Serialize};

use super::SaltText;
use crate::access::AccessLine;
use crate::id::Digest;

/// Most lines that are handed in at once.
pub const MAX_LINES: usize = 256;
/// Most lines of one page that a person reads: each comes with its batch.
pub const MAX_ACCESS_PAGE: usize = 64;
/// Most hashes of a line's proof: a batch has at most 2^20 entries.
pub const MAX_LINE_PROOF: usize = 20;
/// How long a node keeps a line, in seconds from the access: 365 days.
pub const ACCESS_LINE_RETENTION: u64 = 365 * 24 * 60 * 60;

/// `POST /v1/access-lines`: lines of one batch, which is in the log already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostAccessLines {
    /// Digest of the AccessBatch record.
    pub batch: Digest,
    /// The lines, at most 256.
    pub lines: Vec<PostedLine>,
}

/// A line and its place in the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostedLine {
    /// Its place among the batch's entries, from 0.
    pub seq: u64,
    /// The line.
    pub line: AccessLine,
    /// The inclusion proof: hashes from the entry's sibling upwards (RFC 6962), at most 20.
    pub proof: Vec<Digest>,
}

/// Most decisions in a [`PostEvidence`].
pub const MAX_POSTED_DECISIONS: usize = 8;

/// `POST /v1/consents/{id}/evidence`: the evidence bundle, with what the brand's verifiers decided about the consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostEvidence {
    /// The decisions, at most 8.
    pub decisions: Vec<PostedDecision>,
}

/// A decision, and where it is anchored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostedDecision {
    /// The brand's word for the verifier: a compact JWS.
    pub authorization: String,
    /// The decision: an SD-JWT.
    pub decision: String,
    /// Its place in an AccessBatch of the log, once it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<PostedPlace>,
}

/// A place in an AccessBatch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostedPlace {
    /// Digest of the AccessBatch record.
    pub record: Digest,
    /// The place among its entries, from 0.
    pub seq: u64,
    /// The inclusion proof: hashes from the entry's sibling upwards (RFC 6962), at most 20.
    pub proof: Vec<Digest>,
}

/// What became of the lines. One that is refused will be refused again: the others are kept all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessLinesAnswer {
    /// How many are kept: those that were kept before, too.
    pub kept: u64,
    /// The others.
    pub refused: Vec<RefusedLine>,
}

/// A line that is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusedLine {
    /// Its place in the batch.
    pub seq: u64,
    /// Why, for machines.
    pub code: String,
}

/// `GET /v1/consents/{id}/accesses`: lines of one consent, in the order of their batches in the log, with what proves each
/// of them offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessPage {
    /// The lines.
    pub accesses: Vec<AccessView>,
    /// The ControllerKeys records in force at the batches of the page, by which their authorizations are judged.
    pub keys: Vec<ProvenRecord>,
    /// What to give as `after` for the next page, `<index of the batch>.<seq>`; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessView {
    /// What the brand says that it did.
    pub line: AccessLine,
    /// Its place among the batch's entries, from 0.
    pub seq: u64,
    /// The inclusion proof in the batch: hashes from the entry's sibling upwards (RFC 6962).
    pub proof: Vec<Digest>,
    /// The batch.
    pub batch: ProvenRecord,
}

/// A record that is in the log, opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvenRecord {
    /// Its place in the log.
    pub index: u64,
    /// What opens the leaf.
    pub salt: SaltText,
    /// The record.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: serde_json::Value,
    /// The inclusion proof and the checkpoint (C2SP tlog-proof).
    pub proof: String,
}
