//! The operator's signed statements: acknowledgements, attestations, feed heads, withdrawals that wait.
//!
//! Each is an Ed25519 signature by the operator key over the RFC 8785 bytes of the statement. The member `type` keeps a
//! signature of one kind from ever being taken for another kind.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest, IdError, Origin};
use crate::record::ProofValue;
use crate::time::Timestamp;
use crate::version::Version;

/// A statement, who signed it, and the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signed<T> {
    /// What is said.
    pub statement: T,
    /// The operator key, a did:key.
    pub signed_by: Did,
    /// Over the canonical bytes of `statement`; multibase base58-btc.
    pub signature: ProofValue,
}

/// "This record is in the log, at this index, and no later event of its consent is in the first `size` leaves."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", try_from = "AcknowledgementWire")]
pub struct Acknowledgement {
    /// Format version.
    pub version: Version<1>,
    /// `Acknowledgement`
    pub r#type: AcknowledgementType,
    /// The log.
    pub origin: Origin,
    /// The record's place in the log.
    pub index: u64,
    /// RFC 6962 hash of the record's leaf.
    pub leaf_hash: Digest,
    /// The controller in whose feed the record is.
    pub controller: Did,
    /// Its place there, from 0.
    pub seq: u64,
    /// Tree size of the checkpoint that rides beside.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// The consent that the record belongs to; it and the next two stand together or not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Digest>,
    /// Index of the last event of the consent below `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_index: Option<u64>,
    /// Digest of that event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_digest: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AcknowledgementWire {
    version: Version<1>,
    r#type: AcknowledgementType,
    origin: Origin,
    index: u64,
    leaf_hash: Digest,
    controller: Did,
    seq: u64,
    size: u64,
    root: Digest,
    consent: Option<Digest>,
    last_index: Option<u64>,
    last_digest: Option<Digest>,
}

impl TryFrom<AcknowledgementWire> for Acknowledgement {
    type Error = IdError;
    fn try_from(wire: AcknowledgementWire) -> Result<Self, IdError> {
        let AcknowledgementWire {
            version,
            r#type,
            origin,
            index,
            leaf_hash,
            controller,
            seq,
            size,
            root,
            ..
        } = wire;
        let (consent, last_index, last_digest) = (wire.consent, wire.last_index, wire.last_digest);
        // A consent without its last event would acknowledge a record and leave open whether a later one undid it.
        if consent.is_some() != last_index.is_some() || consent.is_some() != last_digest.is_some() {
            return Err(IdError::new(
                "consent, lastIndex and lastDigest stand together or not at all",
            ));
        }
        let known = Self {
            version,
            r#type,
            origin,
            index,
            leaf_hash,
            controller,
            seq,
            size,
            root,
            consent,
            last_index,
            last_digest,
        };
        Ok(known)
    }
}

/// "These are all the events of this consent in the first `size` leaves: so many, and this is the last."
///
/// The number is what keeps an event from being left out before the last one: an erasure request may follow a withdrawal, and
/// names nothing before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StateAttestation {
    /// Format version.
    pub version: Version<1>,
    /// `StateAttestation`
    pub r#type: StateAttestationType,
    /// The log.
    pub origin: Origin,
    /// Tree size.
    pub size: u64,
    /// Tree root.
    pub root: Digest,
    /// The consent.
    pub consent: Digest,
    /// How many events it has below `size`, its grant among them.
    pub events: u64,
    /// Index of its last event below `size`.
    pub last_index: u64,
    /// Digest of that event.
    pub last_digest: Digest,
}

/// "The feed of this controller has these items, in this order, and the log stood here."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedHead {
    /// Format version.
    pub version: Version<1>,
    /// `FeedHead`
    pub r#type: FeedHeadType,
    /// The log.
    pub origin: Origin,
    /// Whose feed.
    pub controller: Did,
    /// How many items it has.
    pub feed_size: u64,
    /// RFC 6962 root over the leaf hashes of its items, each taken as a leaf hash as it is.
    pub feed_root: Digest,
    /// Tree size of the log.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// When the head was made, by the operator's clock.
    pub time: Timestamp,
}

/// "This withdrawal came at this time. The log cannot record it yet; it will, without being asked again."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawalReceived {
    /// Format version.
    pub version: Version<1>,
    /// `WithdrawalReceived`
    pub r#type: WithdrawalReceivedType,
    /// The log.
    pub origin: Origin,
    /// The consent that it ends.
    pub consent: Digest,
    /// Digest of the Withdrawal: of the first, where the same signer sent several.
    pub withdrawal: Digest,
    /// When it came, by the operator's clock.
    pub received_at: Timestamp,
}

macro_rules! statement_type {
    ($name:ident, $variant:ident) => {
        /// The value of `type`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum $name {
            /// The only value.
            #[default]
            $variant,
        }
    };
}
statement_type!(AcknowledgementType, Acknowledgement);
statement_type!(StateAttestationType, StateAttestation);
statement_type!(FeedHeadType, FeedHead);
statement_type!(WithdrawalReceivedType, WithdrawalReceived);
