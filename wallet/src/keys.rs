//! Keys held in memory, and how a wallet derives one per brand from its seed.
//!
//! A person has another DID at every brand and log, so that nothing in two brands' records is equal; one seed of 32 bytes
//! brings all of them back.

use core::fmt;

use ed25519_dalek::Signer as _;
use hkdf::Hkdf;
use p256::elliptic_curve::bigint::{NonZero, U256, U384};
use placet_kernel::code::WithdrawalCode;
use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::{Did, Origin};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Length of a seed, of an Ed25519 private key and of a P-256 scalar, in bytes.
pub const SEED_BYTES: usize = 32;
/// Random bytes that a P-256 key is made from: 128 bits more than the scalar has, so that reducing them leaves no bias.
pub const P256_UNIFORM_BYTES: usize = 48;

const PAIRWISE_LABEL: &[u8] = b"placet pairwise v1";
/// The order n of the group of P-256 less one (SP 800-186 section 3.2.1.3).
const P256_ORDER_MINUS_ONE: U256 =
    U256::from_be_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");

/// The secret that a wallet derives all its keys from. Whoever has it is the person, at every brand.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Seed([u8; SEED_BYTES]);

impl Seed {
    /// The seed of 32 random bytes, fresh or from a backup.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SEED_BYTES]) -> Self {
        Self(bytes)
    }

    /// The secret itself, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SEED_BYTES] {
        &self.0
    }

    /// The key for a brand at a log. `generation` counts from 0; the next one is for a fresh start with the same brand.
    ///
    /// HKDF-SHA-256 (RFC 5869) of the seed, without salt; info is `placet pairwise v1`, then origin, controller, curve
    /// (`ed25519` or `p256`) and generation in decimal, each with its length before it as a big-endian 16-bit integer.
    /// Ed25519 takes 32 bytes; P-256 takes 48: see [`SoftwareKey::p256_from_uniform`].
    #[must_use]
    pub fn pairwise(&self, origin: &Origin, controller: &Did, curve: Algorithm, generation: u32) -> SoftwareKey {
        let curve_name = match curve {
            Algorithm::Ed25519 => "ed25519",
            Algorithm::P256 => "p256",
        };
        let mut info = PAIRWISE_LABEL.to_vec();
        // With the lengths, no two lists of parts have the same bytes: "ab" and "c" differ from "a" and "bc".
        for part in [
            origin.as_str(),
            controller.as_str(),
            curve_name,
            &generation.to_string(),
        ] {
            // The longest part is a DID, of at most 512 bytes.
            info.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
            info.extend_from_slice(part.as_bytes());
        }
        match curve {
            Algorithm::Ed25519 => SoftwareKey::ed25519_from_seed(&self.expand(&info)),
            Algorithm::P256 => SoftwareKey::p256_from_uniform(&self.expand(&info)),
        }
    }

    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 gives up to 8160 bytes (RFC 5869)")]
    fn expand<const N: usize>(&self, info: &[u8]) -> Zeroizing<[u8; N]> {
        let mut out = Zeroizing::new([0; N]);
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(info, out.as_mut())
            .expect("the length is within HKDF's limit");
        out
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// A private key in memory. It is wiped when it is dropped; `Debug` shows the public key only.
#[derive(Clone)]
pub struct SoftwareKey(Secret);

/// Bytes that are no private key: a P-256 scalar is above 0 and below the group's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a P-256 private key is above 0 and below the order of the group")]
pub struct NotAScalar;

// Both variants wipe themselves when they are dropped (their crates' `zeroize` features).
#[derive(Clone)]
enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
}

impl SoftwareKey {
    /// The Ed25519 key with this private key (RFC 8032 section 5.1.5).
    #[must_use]
    pub fn ed25519_from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        Self(Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed))))
    }

    /// The P-256 key with this scalar, big-endian.
    ///
    /// # Errors
    /// [`NotAScalar`].
    pub fn p256_from_scalar(scalar: &[u8; SEED_BYTES]) -> Result<Self, NotAScalar> {
        let key = p256::ecdsa::SigningKey::from_slice(scalar).map_err(|_| NotAScalar)?;
        Ok(Self(Secret::P256(Box::new(key))))
    }

    /// The P-256 key of 48 uniformly random bytes, as in FIPS 186-5 section A.2.1 (extra random bits): with c the bytes
    /// as a big-endian integer and n the order of the group, the scalar is (c mod (n - 1)) + 1.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "the scalar is in 1..n by construction"
    )]
    pub fn p256_from_uniform(uniform: &[u8; P256_UNIFORM_BYTES]) -> Self {
        let modulus = NonZero::new(P256_ORDER_MINUS_ONE).expect("n - 1 is not 0");
        let wide = Zeroizing::new(U384::from_be_slice(uniform));
        let scalar = Zeroizing::new(wide.rem(&modulus).wrapping_add(&U256::ONE));
        let bytes = Zeroizing::new(<[u8; SEED_BYTES]>::from(scalar.to_be_bytes()));
        Self::p256_from_scalar(&bytes).expect("above 0 and below n")
    }

    /// The key that a withdrawal code stands for.
    #[must_use]
    pub fn withdrawal(code: &WithdrawalCode) -> Self {
        Self::ed25519_from_seed(&Zeroizing::new(code.seed()))
    }

    /// The public key.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "a private key has a valid public key"
    )]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_raw(self.algorithm(), &self.public_key_bytes()).expect("a private key has a valid public key")
    }

    /// The key's DID: `did:key`.
    #[must_use]
    pub fn did(&self) -> Did {
        self.public_key().to_did()
    }
}

impl Signer for SoftwareKey {
    fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Secret::Ed25519(_) => Algorithm::Ed25519,
            Secret::P256(_) => Algorithm::P256,
        }
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Secret::P256(key) => key.verifying_key().to_sec1_point(true).as_bytes().to_vec(),
        }
    }

    /// Both algorithms are deterministic here (RFC 8032; RFC 6979): no randomness is needed, none can be bad.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        match &self.0 {
            Secret::Ed25519(key) => Ok(key.sign(message).to_bytes()),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                Ok(signature.to_bytes().into())
            }
        }
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SoftwareKey").field(&self.public_key()).finish()
    }
}
