//! `ConsentReceiptCredential`: what a person holds of her consent, after ISO/IEC TS 27560 in the terms of DPV.

use serde::{Deserialize, Serialize};

use super::status::StatusEntry;
use super::{Proofs, VerifiableCredential, credential};
use crate::api::SaltText;
use crate::id::{Did, Digest, Language, RecordId};
use crate::record::Context;
use crate::record::request::Controllers;
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::version::Version;

/// Largest receipt that is read, in bytes.
pub const MAX_RECEIPT_BYTES: usize = 512 * 1024;

/// The receipt for a consent as one of its records left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// The contexts.
    #[serde(rename = "@context")]
    pub context: Context,
    /// Its own name, random.
    pub id: RecordId,
    /// `VerifiableCredential`, `ConsentReceiptCredential`.
    pub r#type: (VerifiableCredential, ReceiptType),
    /// The issuer.
    pub issuer: Did,
    /// When it was issued.
    pub valid_from: Timestamp,
    /// When the consent expires.
    pub valid_until: Timestamp,
    /// The consent.
    pub credential_subject: ReceiptSubject,
    /// Where it is said that the consent is over.
    pub credential_status: StatusEntry,
    /// That the record is in the log.
    pub evidence: LogEvidence,
    /// The proofs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proofs>,
}

/// The type of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ReceiptType {
    /// The only one.
    #[default]
    ConsentReceiptCredential,
}

/// What was consented to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiptSubject {
    /// Format version.
    pub version: Version<1>,
    /// The person, by the DID that this brand alone knows.
    pub id: Did,
    /// The key that holds this receipt, where it is not the person's own: one that she authorised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder_key: Option<Did>,
    /// The consent: the digest of its grant.
    pub consent: Digest,
    /// The record that made the consent what is said here: its grant, or the last narrowing or renewal.
    pub record: Digest,
    /// The request that is answered.
    pub request: Digest,
    /// Who may act on it.
    pub controllers: Controllers,
    /// The notice that was shown with the grant or the last renewal.
    pub notice: Digest,
    /// In which language.
    pub language: Language,
    /// What is consented to.
    pub scope: Scope,
}

/// That the record is in the log, without the record: salt and digest make the leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogEvidence {
    /// `TransparencyLogEvidence`.
    pub r#type: EvidenceType,
    /// The record's salt. Whoever has it can link the leaf to the digest.
    pub salt: SaltText,
    /// A C2SP tlog-proof of the leaf.
    pub tlog_proof: String,
    /// The size of the log that the issuer had read when it issued: no earlier record there ended the consent.
    pub log_size: u64,
}

/// The type of the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EvidenceType {
    /// The only one.
    #[default]
    TransparencyLogEvidence,
}

credential!(Receipt, MAX_RECEIPT_BYTES);
