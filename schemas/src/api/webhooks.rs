//! What a verifier tells a brand's own service, unasked: the payloads of its webhook (Standard Webhooks).

use serde::{Deserialize, Serialize};

use crate::authzen::CustomerRef;
use crate::id::Digest;
use crate::time::Timestamp;
use crate::version::Version;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookMessage {
    /// What happened.
    pub r#type: WebhookType,
    /// When: as the record claims it, or as the node or verifier took it.
    pub timestamp: Timestamp,
    /// To whom.
    pub data: WebhookData,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WebhookType {
    /// A customer answered her invitation by yes to some or all of it.
    #[serde(rename = "consent.given")]
    Given,
    /// A customer answered her invitation by no.
    #[serde(rename = "consent.declined")]
    Declined,
    /// A customer, or the brand in her name, withdrew her consent.
    #[serde(rename = "consent.withdrawn")]
    Withdrawn,
    /// The brand ended the consent.
    #[serde(rename = "consent.ended")]
    Ended,
}

/// Whose answer it is, and to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookData {
    /// Format version.
    pub version: Version<1>,
    /// The brand's own reference, as it was then.
    pub customer: CustomerRef,
    /// Digest of the request.
    pub request: Digest,
    /// SHA-256 of the invitation.
    pub invitation: Digest,
    /// The consent; absent from a no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// When the consent expires by itself, in `consent.given`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

impl WebhookType {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "consent.given",
            Self::Declined => "consent.declined",
            Self::Withdrawn => "consent.withdrawn",
            Self::Ended => "consent.ended",
        }
    }
}
