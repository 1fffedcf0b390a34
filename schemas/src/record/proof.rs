//! The Data Integrity proof of a record, and the small types in it.

use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::{PLACET_CONTEXT, VC_CONTEXT};
use crate::id::{DidUrl, Digest, IdError, Origin, is_base58, string_id};
use crate::parsed::Parsed;
use crate::time::Timestamp;

/// The Data Integrity cryptosuites in which records are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cryptosuite {
    /// Ed25519 over JCS (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3).
    #[serde(rename = "eddsa-jcs-2022")]
    EddsaJcs2022,
    /// ECDSA P-256 with SHA-256 over JCS (W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.3).
    #[serde(rename = "ecdsa-jcs-2019")]
    EcdsaJcs2019,
}

/// The `proof` of a record. It covers every other member, itself less `proofValue` included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The document's own `@context`, repeated, as the JCS suites' "Create Proof" does; may be absent.
    #[serde(rename = "@context", skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// `DataIntegrityProof`
    pub r#type: ProofType,
    /// The suite.
    pub cryptosuite: Cryptosuite,
    /// When it was made, by the signer's claim.
    pub created: Timestamp,
    /// The key.
    pub verification_method: DidUrl,
    /// `assertionMethod`
    pub proof_purpose: ProofPurpose,
    /// The log in which the record counts.
    pub domain: Origin,
    /// The invitation that a grant answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Invitation>,
    /// The signature; absent only while it is being made.
    pub proof_value: ProofValue,
}

/// The only type of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProofType {
    /// `DataIntegrityProof`
    DataIntegrityProof,
}

/// The only purpose of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProofPurpose {
    /// `assertionMethod`
    AssertionMethod,
}

/// Exactly the two contexts of a record, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(into = "(String, String)")]
pub struct Context;

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Pair = (Parsed<ContextName>, Parsed<ContextName>);
        match Pair::deserialize(deserializer)? {
            (Parsed(ContextName::Credentials), Parsed(ContextName::Placet)) => Ok(Self),
            _ => Err(serde::de::Error::custom(
                "the context is https://www.w3.org/ns/credentials/v2 and https://w3id.org/placet/v1",
            )),
        }
    }
}

/// Which context a text names.
enum ContextName {
    Credentials,
    Placet,
    Other,
}

impl FromStr for ContextName {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            VC_CONTEXT => Self::Credentials,
            PLACET_CONTEXT => Self::Placet,
            _ => Self::Other,
        })
    }
}

impl From<Context> for (String, String) {
    fn from(_: Context) -> Self {
        (VC_CONTEXT.to_owned(), PLACET_CONTEXT.to_owned())
    }
}

/// A signature of 64 bytes in multibase base58-btc: `z` and 64 to 88 characters, as each leading zero byte is one
/// character.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProofValue(String);
string_id!(ProofValue);

impl ProofValue {
    fn check(text: &str) -> Result<(), IdError> {
        let base58 = |b: &str| (64..=88).contains(&b.len()) && b.bytes().all(is_base58);
        let legal = text.strip_prefix('z').is_some_and(base58);
        if legal {
            Ok(())
        } else {
            Err(IdError::new("a proofValue is z and the base58-btc of 64 bytes"))
        }
    }
}

/// An invitation: 128 random bits in base64url without padding, 22 characters. Whoever knows it may answer once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Invitation(String);
string_id!(Invitation);

impl Invitation {
    /// The invitation of 16 random bytes.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        use base64ct::Encoding as _;
        Self(base64ct::Base64UrlUnpadded::encode_string(&random))
    }

    /// What the ledger keeps of it: its SHA-256.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    fn check(text: &str) -> Result<(), IdError> {
        use base64ct::Encoding as _;
        let mut bytes = [0; 16];
        match base64ct::Base64UrlUnpadded::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == 16 => Ok(()),
            _ => Err(IdError::new("an invitation is 22 characters of base64url (16 bytes)")),
        }
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invitation(…)")
    }
}
