//! Bodies about the destruction of consents: orders, what has become of them, and what followers say that they did.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest, Origin};
use crate::record::consent::ErasureGround;
use crate::time::Timestamp;

/// The JWS `typ` of an order to destroy a consent.
pub const DESTRUCTION_ORDER_TYP: &str = "placet-destruction-order+jwt";
/// The JWS `typ` of a follower's acknowledgement of a destruction.
pub const DESTRUCTION_DONE_TYP: &str = "placet-destruction-done+jwt";
/// How old an order may be when it is handed in, in seconds: 31 days.
pub const MAX_ORDER_AGE_SECONDS: u64 = 31 * 24 * 60 * 60;

/// The payload of an order, signed by a key of the consent's controller or of a configured authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderClaims {
    /// The log.
    pub origin: Origin,
    /// The consent that is to be destroyed.
    pub consent: Digest,
    /// Why.
    pub ground: ErasureGround,
    /// When it was ordered.
    pub date: Timestamp,
}

/// The payload of a follower's acknowledgement, signed by the key that is registered with its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoneClaims {
    /// The log.
    pub origin: Origin,
    /// Log index of the Destruction.
    pub destruction: u64,
    /// What the follower did.
    pub outcome: DoneOutcome,
    /// When it was done.
    pub date: Timestamp,
}

/// What a follower did about a destruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DoneOutcome {
    /// It held something of the leaves, and holds nothing of them any more.
    Destroyed,
    /// It never held anything of them.
    NothingHeld,
}

/// `POST /v1/destructions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrderDestruction {
    /// A compact JWS of typ [`DESTRUCTION_ORDER_TYP`] over an [`OrderClaims`].
    pub order: String,
}

/// `POST /v1/destructions/{index}/acknowledgements`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeDestruction {
    /// A compact JWS of typ [`DESTRUCTION_DONE_TYP`] over a [`DoneClaims`].
    pub done: String,
}

/// How far a destruction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DestructionProgress {
    /// Somebody still holds something: see `pending`.
    Pending,
    /// Nobody whom the ledger fed holds anything, by their own signed word.
    Destroyed,
}

/// A destruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DestructionSummary {
    /// Log index of the Destruction record; the key of paging.
    pub index: u64,
    /// The brand.
    pub controller: Did,
    /// Log indexes of the leaves that lost their opening.
    pub leaves: Vec<u64>,
    /// Why.
    pub ground: String,
    /// SHA-256 of the order, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_hash: Option<Digest>,
    /// When it was recorded.
    pub time: Timestamp,
    /// How far it is.
    pub state: DestructionProgress,
    /// Who has not finished: the labels of followers' tokens, and `ledger` for the node itself.
    pub pending: Vec<String>,
}

/// Destructions, ordered by index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DestructionPage {
    /// The destructions.
    pub destructions: Vec<DestructionSummary>,
    /// What to give as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}
