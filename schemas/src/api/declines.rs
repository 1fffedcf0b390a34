//! Bodies about the other answer to an invitation: no.

use serde::{Deserialize, Serialize};

use crate::id::Digest;
use crate::record::Invitation;
use crate::time::Timestamp;

/// `POST /v1/declines`: whoever holds an invitation says no. It needs no key and makes no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclineInvitation {
    /// The secret.
    pub invitation: Invitation,
}

/// The no is kept; the same again gets the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Declined {
    /// Digest of the request that was declined.
    pub request: Digest,
    /// When the node took the no.
    pub declined_at: Timestamp,
}

/// `GET /v1/declines`: a brand's declined invitations, in the order in which they were declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclinePage {
    /// The declines.
    pub declines: Vec<DeclineView>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// A declined invitation. It names nobody: who got the invitation, the brand alone knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclineView {
    /// Its place among the node's declines: a cursor.
    pub id: u64,
    /// SHA-256 of the invitation.
    pub invitation: Digest,
    /// Digest of the request.
    pub request: Digest,
    /// When the node took the no.
    pub declined_at: Timestamp,
}
