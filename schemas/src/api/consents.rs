//! Bodies about consents and feeds.

use serde::{Deserialize, Serialize};

use super::{AuditScope, SaltText};
use crate::id::{Did, Digest};
use crate::lifecycle::{Effective, State};
use crate::record::Kind;
use crate::statement::{FeedHead, Signed};
use crate::time::Timestamp;

/// A consent in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentSummary {
    /// Its id: the grant's digest.
    pub consent: Digest,
    /// Log index of the grant; the key of paging.
    pub index: u64,
    /// The request that is answered now.
    pub request: Digest,
    /// The person's pairwise DID.
    pub subject: Did,
    /// The controller.
    pub controller: Did,
    /// When it was given, by the grant's claim.
    pub given_at: Timestamp,
    /// When it expires.
    pub valid_until: Timestamp,
    /// What it is now, by the ledger's clock.
    pub effective: Effective,
}

/// Consents, ordered by the index of the grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentPage {
    /// The consents.
    pub consents: Vec<ConsentSummary>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One consent, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsentView {
    /// What the next event is judged by.
    pub state: State,
    /// What it is now, by the ledger's clock.
    pub effective: Effective,
    /// Log index of the grant.
    pub index: u64,
    /// Its events in log order, the grant first.
    pub events: Vec<EventView>,
}

/// One event of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventView {
    /// Its place in the log.
    pub index: u64,
    /// Its kind.
    pub kind: Kind,
    /// Its digest.
    pub digest: Digest,
    /// Its claimed time.
    pub valid_from: Timestamp,
    /// Codes of what is wrong with it but did not keep it out.
    pub findings: Vec<String>,
}

/// A part of a brand's feed, in feed order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedAnswer {
    /// The brand.
    pub controller: Did,
    /// The items after the cursor.
    pub items: Vec<FeedItem>,
    /// The operator's word for the whole feed.
    pub head: Signed<FeedHead>,
    /// The checkpoint (C2SP tlog-checkpoint) that the proofs lead to.
    pub checkpoint: String,
}

/// One item of a feed: a record of the brand or of one of its consumers. It is opened for the brand and for an auditor; for
/// a service, if it is public, a Destruction, or of a kind that its token is for. What was destroyed is opened for nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedItem {
    /// Its place in the feed, from 0.
    pub seq: u64,
    /// Its place in the log.
    pub index: u64,
    /// RFC 6962 hash of its leaf.
    pub leaf_hash: Digest,
    /// What opens the leaf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<SaltText>,
    /// The record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub record: Option<serde_json::Value>,
    /// Log index of the Destruction by which the opening was lost for good; absent while it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destroyed: Option<u64>,
    /// The inclusion proof under the answer's checkpoint: hashes from the leaf's sibling upwards (RFC 6962).
    pub proof: Vec<Digest>,
}

/// `GET /v1/audit/openings`: records of one brand, in log order, as far as the auditor's token goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpeningsAnswer {
    /// The brand.
    pub controller: Did,
    /// What the token is for.
    pub audit: AuditScope,
    /// The records, opened.
    pub items: Vec<FeedItem>,
    /// The checkpoint (C2SP tlog-checkpoint) that the proofs lead to.
    pub checkpoint: String,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// `GET /v1/audits`: what auditors have looked at, for the brand whose records they were, in the order in which they did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditPage {
    /// The uses.
    pub uses: Vec<AuditUse>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One use of an auditor's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditUse {
    /// Its number.
    pub id: u64,
    /// The token's public name.
    pub token: String,
    /// What the operator calls the token.
    pub label: String,
    /// What the token is for.
    pub audit: AuditScope,
    /// When it was used.
    pub time: Timestamp,
    /// Log index of the first record that was opened; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Log index of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
    /// How many records were opened.
    pub count: u64,
}
