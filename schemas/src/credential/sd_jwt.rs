//! A receipt as IETF SD-JWT VC: its claims once they are disclosed.

use serde::{Deserialize, Serialize};

use super::receipt::EvidenceType;
use crate::api::SaltText;
use crate::id::{Did, Digest, Iri, Language};
use crate::record::request::Controllers;
use crate::scope::Clause;
use crate::version::Version;

/// The JWS `typ` of an SD-JWT VC.
pub const SD_JWT_VC_TYP: &str = "dc+sd-jwt";
/// The JWS `typ` of a Token Status List (draft-ietf-oauth-status-list section 5.1).
pub const TOKEN_STATUS_LIST_TYP: &str = "statuslist+jwt";
/// The type of a receipt (`vct`).
pub const RECEIPT_VCT: &str = "https://w3id.org/placet/credentials/consent-receipt/v1";

/// What a receipt claims. What its holder withholds is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SdReceipt {
    /// Where the issuer is.
    pub iss: Iri,
    /// Unix seconds when it was issued.
    pub iat: u64,
    /// Unix seconds when the consent expires.
    pub exp: u64,
    /// [`RECEIPT_VCT`].
    pub vct: String,
    /// The person, by the DID that this brand alone knows; the holder may withhold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<Did>,
    /// Whose key it is bound to (RFC 7800).
    pub cnf: Confirmation,
    /// Where it is said that the consent is over.
    pub status: TokenStatus,
    /// Format version.
    pub version: Version<1>,
    /// The consent: the digest of its grant.
    pub consent: Digest,
    /// The record that made the consent what is said here.
    pub record: Digest,
    /// The request that is answered.
    pub request: Digest,
    /// Who may act on it.
    pub controllers: Controllers,
    /// The notice that was shown last.
    pub notice: Digest,
    /// In which language.
    pub language: Language,
    /// What is consented to, as far as it is shown; in no order.
    pub scope: Vec<Clause>,
    /// That the record is in the log.
    pub evidence: SdEvidence,
}

/// The holder's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// A public JWK.
    pub jwk: serde_json::Value,
}

/// The member `status` of a token (Token Status List section 6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenStatus {
    /// The list, and the place in it.
    pub status_list: TokenStatusEntry,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenStatusEntry {
    /// The index.
    pub idx: u64,
    /// Where the list is.
    pub uri: Iri,
}

/// A Token Status List (section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenStatusList {
    /// Where it is published: what tokens name.
    pub sub: Iri,
    /// Unix seconds when it was made.
    pub iat: u64,
    /// Unix seconds from when on it is too old to go by.
    pub exp: u64,
    /// For how many seconds it may be kept without asking anew.
    pub ttl: u64,
    /// The bits.
    pub status_list: TokenBits,
}

/// The bits of a Token Status List.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenBits {
    /// Bits of one entry: 1.
    pub bits: u8,
    /// base64url of zlib of the bits.
    pub lst: String,
}

/// The evidence, whose salt the holder may withhold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SdEvidence {
    /// `TransparencyLogEvidence`.
    pub r#type: EvidenceType,
    /// The record's salt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<SaltText>,
    /// A C2SP tlog-proof of the leaf.
    pub tlog_proof: String,
    /// The size of the log that the issuer had read when it issued.
    pub log_size: u64,
}
