//! A brand's register of its processing (Article 30), as far as decisions need it: which purpose rests on which basis.
//!
//! A brand cannot swap from consent to another basis afterwards (Guidelines 05/2020 on consent, paragraphs 117 to 123), so
//! the register is signed by the brand's registered key, and each decision names the register it was made by.

use std::collections::BTreeMap;

use placet_schemas::id::{Did, DidUrl, Digest, Iri};
use placet_schemas::json::{self, Fault};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::text::SomeOf;
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_schemas::vocab::CategoryTerm;
use serde::{Deserialize, Serialize};

use crate::jws::{self, JwsError};
use crate::keys::PublicKey;

/// `typ` of a signed register.
pub const REGISTER_TYP: &str = "placet-register+jwt";
/// Longest signed register, in bytes.
pub const MAX_REGISTER_BYTES: usize = 1024 * 1024;
/// Most entries.
const MAX_ENTRIES: usize = 4096;

/// The payload of a signed register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterStatement {
    /// Format version.
    pub version: Version<1>,
    /// The brand.
    pub controller: Did,
    /// When it was signed, by the brand's word.
    pub issued_at: Timestamp,
    /// What rests on what.
    pub entries: Vec<RegisterEntry>,
}

/// One line of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterEntry {
    /// The brand's own purpose.
    pub purpose: Iri,
    /// Only these categories; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<SomeOf<CategoryTerm>>,
    /// The lawful basis.
    pub basis: Basis,
}

/// The lawful bases of Article 6(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// (a) consent.
    #[serde(rename = "eu-gdpr:A6-1-a")]
    Consent,
    /// (b) a contract.
    #[serde(rename = "eu-gdpr:A6-1-b")]
    Contract,
    /// (c) a legal obligation.
    #[serde(rename = "eu-gdpr:A6-1-c")]
    LegalObligation,
    /// (d) vital interests.
    #[serde(rename = "eu-gdpr:A6-1-d")]
    VitalInterest,
    /// (e) a public task.
    #[serde(rename = "eu-gdpr:A6-1-e")]
    PublicTask,
    /// (f) legitimate interests.
    #[serde(rename = "eu-gdpr:A6-1-f")]
    LegitimateInterest,
}

/// A register whose signature holds.
#[derive(Debug, Clone)]
pub struct Register {
    /// The entries that name another basis than consent, by purpose.
    others: BTreeMap<Iri, Vec<Option<SomeOf<CategoryTerm>>>>,
    issued_at: Timestamp,
    digest: Digest,
}

/// Why a register does not count. [`RegisterError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The token does not hold.
    #[error("the register does not hold: {0}")]
    Token(#[from] JwsError),
    /// The payload is none.
    #[error("the register's payload: {0}")]
    Payload(#[from] Fault),
    /// It is another brand's.
    #[error("the register is that of {0}")]
    OtherController(Did),
    /// Too long.
    #[error("a register has at most {MAX_ENTRIES} entries")]
    TooMany,
}

impl RegisterError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Payload(_) => "register_malformed",
            Self::OtherController(_) => "register_other_controller",
            Self::TooMany => "register_too_long",
        }
    }
}

impl Register {
    /// Checks a signed register by the brand's keys.
    ///
    /// # Errors
    /// See [`RegisterError`].
    pub fn open(compact: &str, controller: &Did, keys: &ControllerKeys) -> Result<Self, RegisterError> {
        let find = |method: &DidUrl| key_of(controller, keys, method);
        let (_, payload) = jws::verify_within(compact, REGISTER_TYP, MAX_REGISTER_BYTES, find)?;
        let document = json::parse(&payload, MAX_REGISTER_BYTES)?;
        let statement: RegisterStatement = json::decode(document.root())?;
        if statement.controller != *controller {
            return Err(RegisterError::OtherController(statement.controller));
        }
        if statement.entries.len() > MAX_ENTRIES {
            return Err(RegisterError::TooMany);
        }
        let mut others: BTreeMap<Iri, Vec<_>> = BTreeMap::new();
        for entry in statement.entries {
            if entry.basis != Basis::Consent {
                others.entry(entry.purpose).or_default().push(entry.categories);
            }
        }
        Ok(Self {
            others,
            issued_at: statement.issued_at,
            digest: Digest::of(compact.as_bytes()),
        })
    }

    /// Whether the register names another basis than consent for this.
    #[must_use]
    pub fn names_other(&self, purpose: &Iri, category: CategoryTerm) -> bool {
        let entries = self.others.get(purpose).map(Vec::as_slice).unwrap_or_default();
        entries
            .iter()
            .any(|some| some.as_ref().is_none_or(|some| some.has(&category)))
    }

    /// When it was signed, by the brand's word.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// SHA-256 of the signed register.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

/// A brand's key: a did:key says itself what it is, whatever an operator recorded of it; any other DID's is in the snapshot.
fn key_of(controller: &Did, keys: &ControllerKeys, method: &DidUrl) -> Option<PublicKey> {
    if method.did_str() != controller.as_str() || keys.document.id() != controller {
        return None;
    }
    let multibase = controller.key_multibase().or_else(|| keys.document.key(method));
    PublicKey::from_multibase(multibase?).ok()
}
