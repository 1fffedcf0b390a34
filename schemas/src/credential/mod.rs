//! Credentials that Placet issues, as opposed to the records that people sign: a receipt for a consent ([`receipt`]), and the
//! list of which receipts still count ([`status`]).
//!
//! Each is a VCDM 2.0 credential, secured by one Data Integrity proof or by a set of them. A [`Secured`] credential has been
//! parsed; whether a proof holds, and whether its key is the issuer's, is for the kernel to judge.

mod proof;
pub mod receipt;
pub mod sd_jwt;
pub mod status;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use proof::{CredentialProof, MAX_PROOFS, Proofs, Suite};

use crate::id::Did;
use crate::json::{self, Fault, FaultCode, JcsError, Node};

/// What every credential has.
pub trait Credential: Serialize + DeserializeOwned {
    /// Largest one that is read, in bytes as it arrives.
    const MAX_BYTES: usize;

    /// Who says it.
    fn issuer(&self) -> &Did;

    /// Its proofs, before which it is a draft.
    fn proofs(&self) -> Option<&Proofs>;

    /// Where they go.
    fn proofs_mut(&mut self) -> &mut Option<Proofs>;
}

/// Makes a type with the members `issuer` and `proof` a [`Credential`] of at most so many bytes.
macro_rules! credential {
    ($name:ident, $max:expr) => {
        impl $crate::credential::Credential for $name {
            const MAX_BYTES: usize = $max;

            fn issuer(&self) -> &$crate::id::Did {
                &self.issuer
            }

            fn proofs(&self) -> Option<&$crate::credential::Proofs> {
                self.proof.as_ref()
            }

            fn proofs_mut(&mut self) -> &mut Option<$crate::credential::Proofs> {
                &mut self.proof
            }
        }
    };
}
use credential;

/// A credential and what its proofs are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured<T> {
    /// What it says.
    pub credential: T,
    /// Each proof, with `SHA-256(proof configuration) || SHA-256(unsecured document)`, both in RFC 8785 form (Data Integrity
    /// EdDSA section 3.3.4). It is what a proof of `eddsa-jcs-2022` is over; what another is over, is made of another form.
    pub proofs: Vec<(CredentialProof, [u8; 64])>,
    /// The RFC 8785 bytes of the whole.
    pub bytes: Vec<u8>,
}

/// The first member of `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum VerifiableCredential {
    /// VCDM 2.0 section 4.5.
    #[default]
    VerifiableCredential,
}

impl<T: Credential> Secured<T> {
    /// Parses a secured credential in any JSON spelling.
    ///
    /// # Errors
    /// The first fault, with its JSON pointer.
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let bytes = json::parse(bytes, T::MAX_BYTES)?.root().to_jcs();
        let document = json::parse_canonical(&bytes, T::MAX_BYTES)?;
        let root = document.root();
        let credential: T = json::decode(root)?;
        let missing = || Fault::new("/proof", FaultCode::MissingMember, "a credential has a proof");
        let proofs = credential.proofs().ok_or_else(missing)?;
        let node = root.get("proof").ok_or_else(missing)?;
        let nodes = node.as_array().map_or_else(|| vec![node], |all| all.iter().collect());
        let document = Sha256::new();
        let unsecured = json::without(&bytes, root, "proof").ok_or_else(missing)?;
        let document = unsecured.iter().fold(document, |hash, part| hash.chain_update(part));
        let document = document.finalize();
        let input = |node: &Node<'_>| {
            let config = json::without(&bytes, node, "proofValue")?;
            let config = config.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
            Some(joined(&config.finalize(), &document))
        };
        let inputs = proofs.as_slice().iter().zip(nodes);
        let proofs = inputs.map(|(proof, node)| input(node).map(|input| (proof.clone(), input)));
        let proofs = proofs.collect::<Option<Vec<_>>>().ok_or_else(missing)?;
        Ok(Self {
            credential,
            proofs,
            bytes,
        })
    }

    /// The RFC 8785 bytes of the document without its proofs: what another canonical form is made of.
    ///
    /// # Errors
    /// Never, for what [`Self::parse`] gave.
    pub fn unsecured(&self) -> Result<Vec<u8>, Fault> {
        let document = json::parse_canonical(&self.bytes, T::MAX_BYTES)?;
        let missing = || Fault::new("/proof", FaultCode::MissingMember, "a credential has a proof");
        Ok(json::without(&self.bytes, document.root(), "proof")
            .ok_or_else(missing)?
            .concat())
    }
}

/// What a proof with this configuration signs of a credential, by RFC 8785: see [`Secured::proofs`]. Proofs that the
/// credential has already are no part of it.
///
/// # Errors
/// When the credential has no canonical form.
pub fn signing_input<T: Credential + Clone>(credential: &T, config: &CredentialProof) -> Result<[u8; 64], JcsError> {
    let hash = |bytes: Vec<u8>| Sha256::digest(bytes);
    let (config, unsecured) = (json::to_jcs(&config.configuration())?, unsecured(credential)?);
    Ok(joined(&hash(config), &hash(unsecured)))
}

/// The RFC 8785 bytes of a credential without its proofs.
///
/// # Errors
/// When it has no canonical form.
pub fn unsecured<T: Credential + Clone>(credential: &T) -> Result<Vec<u8>, JcsError> {
    if credential.proofs().is_none() {
        return json::to_jcs(credential);
    }
    let mut draft = credential.clone();
    *draft.proofs_mut() = None;
    json::to_jcs(&draft)
}

fn joined(config: &[u8], document: &[u8]) -> [u8; 64] {
    let mut input = [0; 64];
    input[..32].copy_from_slice(config);
    input[32..].copy_from_slice(document);
    input
}
