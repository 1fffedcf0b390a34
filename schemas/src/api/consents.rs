//! Bodies about consents and feeds.

use std::fmt;
use std::str::FromStr;

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
    /// The consistency proof (RFC 6962) from the log of the size that the caller named with `since` to the head's `size`.
    /// Absent unless `since` is above 0 and below that size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Vec<Digest>>,
}

/// How far somebody has read a feed: the id of an event of its stream, and what `Last-Event-ID` brings back. As text the two
/// numbers with a dot between, such as `7.12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedCursor {
    /// How many items of the feed it has: the `seq` that it wants next.
    pub from: u64,
    /// The size of the log that it has seen last; 0 for none.
    pub since: u64,
}

/// A text is no [`FeedCursor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is two decimals with a dot between, without leading zeroes")]
pub struct FeedCursorError;

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.from, self.since)
    }
}

impl FromStr for FeedCursor {
    type Err = FeedCursorError;

    fn from_str(text: &str) -> Result<Self, FeedCursorError> {
        let (from, since) = text.split_once('.').ok_or(FeedCursorError)?;
        let number = |text: &str| text.parse().map_err(|_| FeedCursorError);
        let cursor = Self {
            from: number(from)?,
            since: number(since)?,
        };
        // One cursor has one text.
        if cursor.to_string() == text {
            Ok(cursor)
        } else {
            Err(FeedCursorError)
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_text() {
        for text in ["0.0", "7.12", "18446744073709551615.1"] {
            assert_eq!(text.parse::<FeedCursor>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "7",
            "7.",
            ".7",
            "7.12.1",
            "07.1",
            "+7.1",
            "7.-1",
            " 7.1",
            "18446744073709551616.0",
        ] {
            assert_eq!(text.parse::<FeedCursor>(), Err(FeedCursorError), "{text}");
        }
    }
}
