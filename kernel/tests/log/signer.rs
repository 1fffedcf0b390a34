//! Keys with known seeds.

use ed25519_dalek::{Signer as _, SigningKey};
use placet_kernel::note::{SignatureType, VerifierKey};
use placet_kernel::sign::{Algorithm, SignError, Signer};

pub(crate) struct TestSigner(SigningKey);

impl TestSigner {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    pub(crate) fn log_key(&self, name: &str) -> VerifierKey {
        VerifierKey::of_signer(name.parse().unwrap(), SignatureType::Ed25519, self).unwrap()
    }

    pub(crate) fn cosigner_key(&self, name: &str) -> VerifierKey {
        VerifierKey::of_signer(name.parse().unwrap(), SignatureType::CosignatureV1, self).unwrap()
    }
}

impl Signer for TestSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).to_bytes())
    }
}
