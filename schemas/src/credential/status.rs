//! Where a credential's status is published: W3C Bitstring Status List v1.0.

use serde::{Deserialize, Serialize};

use super::{Proofs, VerifiableCredential, credential};
use crate::id::{Did, IdError, Iri};
use crate::record::Context;
use crate::time::Timestamp;

/// Largest status list that is read, in bytes: one of a mebibyte that cannot be compressed takes 1.4 MB.
pub const MAX_STATUS_LIST_BYTES: usize = 2 * 1024 * 1024;

/// An entry of a list (section 2.1): a credential whose bit is set does not count any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusEntry {
    /// `BitstringStatusListEntry`.
    pub r#type: EntryType,
    /// `revocation`: what is set is never unset.
    pub status_purpose: StatusPurpose,
    /// The index, in decimal without leading zeroes.
    pub status_list_index: ListIndex,
    /// Where the list is.
    pub status_list_credential: Iri,
}

/// The type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EntryType {
    /// Bitstring Status List v1.0 section 2.1.
    #[default]
    BitstringStatusListEntry,
}

/// What a set bit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StatusPurpose {
    /// The credential is void, for ever.
    #[default]
    Revocation,
}

/// A place in a list; on the wire a string of decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListIndex(pub u64);

impl TryFrom<String> for ListIndex {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        let index = text.parse().ok().filter(|index: &u64| index.to_string() == text);
        index
            .map(Self)
            .ok_or(IdError::new("an index is a string of decimal digits"))
    }
}

impl From<ListIndex> for String {
    fn from(ListIndex(index): ListIndex) -> String {
        index.to_string()
    }
}

/// A `BitstringStatusListCredential` (section 2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusList {
    /// The contexts.
    #[serde(rename = "@context")]
    pub context: Context,
    /// Where it is published: what entries name.
    pub id: Iri,
    /// `VerifiableCredential`, `BitstringStatusListCredential`.
    pub r#type: (VerifiableCredential, StatusListType),
    /// Whoever issued the credentials that it is about.
    pub issuer: Did,
    /// When it was made.
    pub valid_from: Timestamp,
    /// From when on it is too old to go by.
    pub valid_until: Timestamp,
    /// The bits.
    pub credential_subject: StatusListSubject,
    /// The proofs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proofs>,
}

/// The type of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum StatusListType {
    /// Section 2.2.
    #[default]
    BitstringStatusListCredential,
}

/// The bits of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusListSubject {
    /// `BitstringStatusList`.
    pub r#type: SubjectType,
    /// The same as of its entries.
    pub status_purpose: StatusPurpose,
    /// `u` and base64url of gzip of the bits.
    pub encoded_list: String,
}

/// The type of a list's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SubjectType {
    /// Section 2.2.
    #[default]
    BitstringStatusList,
}

credential!(StatusList, MAX_STATUS_LIST_BYTES);
