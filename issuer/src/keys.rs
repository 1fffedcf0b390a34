//! The issuer's keys, each in a file of its own: Ed25519 for Data Integrity, P-256 for SD-JWT VC and its lists.

use std::fmt;
use std::path::Path;

use placet_kernel::keys::PublicKey;
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::{Did, DidUrl};
use placet_service::keys::{self, SoftwareSigner};
use zeroize::Zeroizing;

use crate::error::KeyError;

/// The file of the Ed25519 key, in the issuer's folder.
pub const ED25519_KEY_FILE: &str = "issuer.key";
/// The file of the P-256 key.
pub const P256_KEY_FILE: &str = "issuer-p256.key";

/// A key and the method by which proofs name it.
pub struct IssuerKey {
    signer: SoftwareSigner,
    public: PublicKey,
    method: DidUrl,
}

/// Both keys, and who the issuer is.
#[derive(Debug)]
pub struct IssuerKeys {
    did: Did,
    /// The key's own name: by it the ledger knows who has destroyed what it held.
    own: Did,
    /// For Data Integrity.
    pub(crate) ed25519: IssuerKey,
    /// For JOSE.
    pub(crate) p256: IssuerKey,
}

impl IssuerKeys {
    /// Reads the keys in a folder, or makes them there. `did` is who the issuer is; left out, it is its Ed25519 key.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn load_or_make(dir: &Path, did: Option<Did>) -> Result<Self, KeyError> {
        let seed = keys::load_or_make(&dir.join(ED25519_KEY_FILE))?;
        let ed25519 = SoftwareSigner::from_seed(&seed);
        let p256 = p256_signer(&keys::load_or_make(&dir.join(P256_KEY_FILE))?)?;
        let own = public_key(&ed25519)?.to_did();
        let did = did.unwrap_or_else(|| own.clone());
        Ok(Self {
            ed25519: IssuerKey::new(ed25519, &did)?,
            p256: IssuerKey::new(p256, &did)?,
            did,
            own,
        })
    }

    /// Who the issuer is.
    #[must_use]
    pub const fn did(&self) -> &Did {
        &self.did
    }

    /// The did:key of its Ed25519 key: what the operator registers with the issuer's token.
    #[must_use]
    pub const fn own(&self) -> &Did {
        &self.own
    }

    /// The key of SD-JWT VCs and of what else is a JWT.
    #[must_use]
    pub const fn p256(&self) -> &IssuerKey {
        &self.p256
    }

    /// The methods and their keys.
    pub fn methods(&self) -> impl Iterator<Item = (&DidUrl, &PublicKey)> {
        [&self.ed25519, &self.p256]
            .into_iter()
            .map(|key| (&key.method, &key.public))
    }
}

impl IssuerKey {
    /// The Ed25519 key in a file, which is made if it is not there, and the did:key that it is.
    pub(crate) fn alone(path: &Path) -> Result<(Did, Self), KeyError> {
        let seed = keys::load_or_make(path)?;
        let signer = SoftwareSigner::from_seed(&seed);
        let did = public_key(&signer)?.to_did();
        Ok((did.clone(), Self::new(signer, &did)?))
    }

    fn new(signer: SoftwareSigner, did: &Did) -> Result<Self, KeyError> {
        let public = public_key(&signer)?;
        // Named by the key itself: a rotated key never takes over the name of the one before.
        let method = format!("{did}#{}", public.to_multibase());
        let method = match did.key_method() {
            // A did:key has one method. Its P-256 companion is named as the did:key that it is.
            Some(own) if did.key_multibase() == Some(public.to_multibase().as_str()) => own,
            Some(_) => public.to_did().key_method().ok_or(KeyError::Malformed)?,
            None => method.parse().map_err(|_| KeyError::Malformed)?,
        };
        Ok(Self { signer, public, method })
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &DidUrl {
        &self.method
    }
}

impl Signer for IssuerKey {
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

impl fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuerKey({})", self.method)
    }
}

fn public_key(signer: &SoftwareSigner) -> Result<PublicKey, KeyError> {
    PublicKey::from_raw(signer.algorithm(), &signer.public_key_bytes()).map_err(|_| KeyError::Malformed)
}

fn p256_signer(scalar: &Zeroizing<[u8; 32]>) -> Result<SoftwareSigner, KeyError> {
    SoftwareSigner::from_p256_scalar(scalar).ok_or(KeyError::Malformed)
}
