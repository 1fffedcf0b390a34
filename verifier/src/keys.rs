//! The verifier's two secrets, each a key file: the key by which it signs decisions, and the one by which it knows its own
//! rows again.

use std::fmt;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use placet_kernel::decision;
use placet_kernel::jws::Protected;
use placet_kernel::sign::{self, Algorithm, SignError, Signer};
use placet_schemas::id::{Did, DidUrl};
use placet_service::keys::{self, SoftwareSigner};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::KeyError;

/// The file of the key that signs decisions, in the verifier's folder.
pub const DECISION_KEY_FILE: &str = "decision.key";
/// The file of the key that authenticates the replica.
pub const REPLICA_KEY_FILE: &str = "replica.key";

/// The key that signs decisions.
pub struct DecisionKey {
    signer: SoftwareSigner,
    did: Did,
    method: DidUrl,
    header: Protected,
}

/// The key that authenticates rows.
pub(crate) struct ReplicaKey(Zeroizing<[u8; 32]>);

impl DecisionKey {
    /// Reads the key in a folder, or makes it there.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn load_or_make(dir: &Path) -> Result<Self, KeyError> {
        let signer = SoftwareSigner::from_seed(&*keys::load_or_make(&dir.join(DECISION_KEY_FILE))?);
        let did = sign::did_key(&signer)?;
        let method = did.key_method().ok_or(SignError::PublicKey)?;
        let header = decision::header(&method)?;
        Ok(Self {
            signer,
            did,
            method,
            header,
        })
    }

    /// The did:key: who the verifier is.
    #[must_use]
    pub const fn did(&self) -> &Did {
        &self.did
    }

    /// Its only method.
    #[must_use]
    pub const fn method(&self) -> &DidUrl {
        &self.method
    }

    /// The header of the decisions that it signs.
    pub(crate) const fn header(&self) -> &Protected {
        &self.header
    }
}

impl Signer for DecisionKey {
    fn algorithm(&self) -> Algorithm {
        self.signer.algorithm()
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.signer.public_key_bytes()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        self.signer.sign(message)
    }
}

impl fmt::Debug for DecisionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecisionKey({})", self.did)
    }
}

impl ReplicaKey {
    pub(crate) fn load_or_make(dir: &Path) -> Result<Self, KeyError> {
        Ok(Self(keys::load_or_make(&dir.join(REPLICA_KEY_FILE))?))
    }

    /// HMAC-SHA-256 over the parts, each with its length before it, under a name of what they are.
    pub(crate) fn mac(&self, what: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).unwrap_or_else(|_| unreachable!("any length will do"));
        for part in [what.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for ReplicaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplicaKey(…)")
    }
}
