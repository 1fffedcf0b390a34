//! A brand's key: a file of mode 0600, `{"version": 1, "did": …, "method": …, "secret": …}`.
//!
//! `secret` is a Multikey's `secretKeyMultibase` (W3C Controlled Identifiers section 2.2.2), which says the curve itself.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use placet_kernel::sign::Algorithm;
use placet_schemas::id::{Did, DidUrl};
use placet_schemas::json;
use placet_schemas::record::keys::{DidDocument, Multikey, VerificationMethod};
use placet_schemas::version::Version;
use placet_wallet::brand::Brand;
use placet_wallet::keys::{SEED_BYTES, SoftwareKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{files, system};

/// Multicodec prefix of an Ed25519 private key (0x1300), as an unsigned varint.
const ED25519_PREFIX: [u8; 2] = [0x80, 0x26];
/// Multicodec prefix of a P-256 private key (0x1306), as an unsigned varint.
const P256_PREFIX: [u8; 2] = [0x86, 0x26];
/// Name of the one method of a document made here.
const FRAGMENT: &str = "key-1";
/// Longest key file.
const MAX_KEY_FILE: usize = 4096;

/// A brand's key and what it is called.
#[derive(Debug)]
pub(crate) struct BrandKey {
    /// The brand.
    pub(crate) did: Did,
    /// The method of its DID document that names the key.
    pub(crate) method: DidUrl,
    /// The key.
    pub(crate) key: SoftwareKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: Version<1>,
    did: Did,
    method: DidUrl,
    secret: String,
}

#[derive(Serialize)]
struct WireOut<'a> {
    version: Version<1>,
    did: &'a Did,
    method: &'a DidUrl,
    secret: &'a str,
}

impl BrandKey {
    /// Reads a key file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = Zeroizing::new(files::read_secret(path, MAX_KEY_FILE)?);
        Self::parse(&text).with_context(|| format!("{} is no key file of a brand", path.display()))
    }

    /// Makes a key for a brand, and its key file, which must not be there yet. Without a DID the brand is a did:key.
    pub(crate) fn create(did: Option<Did>, algorithm: Algorithm, path: &Path) -> Result<Self> {
        let bytes = Zeroizing::new(system::random::<SEED_BYTES>()?);
        let key = software_key(algorithm, &bytes)?;
        let did = did.unwrap_or_else(|| key.did());
        let method = match did.key_method() {
            Some(method) if did == key.did() => method,
            Some(_) => bail!("a did:key is the key itself: leave --did out, and one is made"),
            None => format!("{did}#{FRAGMENT}")
                .parse()
                .context("the DID is too long for a method of it")?,
        };
        let prefix = match algorithm {
            Algorithm::Ed25519 => ED25519_PREFIX,
            Algorithm::P256 => P256_PREFIX,
        };
        let secret = Zeroizing::new([prefix.as_slice(), bytes.as_slice()].concat());
        let secret = Zeroizing::new(format!("z{}", bs58::encode(&*secret).into_string()));
        let wire = WireOut {
            version: Version,
            did: &did,
            method: &method,
            secret: &secret,
        };
        let text = Zeroizing::new(serde_json::to_string_pretty(&wire)?);
        files::write_new(path, text.as_bytes(), files::SECRET)?;
        Ok(Self { did, method, key })
    }

    /// The DID document that makes the key known: to be served as did:web says, or handed to the operator.
    pub(crate) fn document(&self) -> Result<DidDocument> {
        let method = VerificationMethod {
            id: self.method.clone(),
            r#type: Multikey::Multikey,
            controller: self.did.clone(),
            public_key_multibase: self.key.public_key().to_multibase(),
        };
        DidDocument::new(self.did.clone(), vec![method]).context("the DID document cannot be made")
    }

    /// Who signs, for the builders of records.
    pub(crate) const fn brand(&self) -> Brand<'_> {
        Brand {
            did: &self.did,
            method: &self.method,
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let document = json::parse(text.as_bytes(), MAX_KEY_FILE)?;
        let wire: Wire = json::decode(document.root())?;
        let Version = wire.version;
        let secret = Zeroizing::new(wire.secret);
        let key = read_secret(&secret).context("/secret is no private Multikey of Ed25519 or P-256")?;
        if wire.method.did_str() != wire.did.as_str() {
            bail!("/method is not of the DID");
        }
        if wire.did.is_key() && key.did() != wire.did {
            bail!("/secret is not the key of the DID");
        }
        Ok(Self {
            did: wire.did,
            method: wire.method,
            key,
        })
    }
}

fn read_secret(text: &str) -> Option<SoftwareKey> {
    let bytes = Zeroizing::new(bs58::decode(text.strip_prefix('z')?).into_vec().ok()?);
    let (prefix, secret) = bytes.split_at_checked(2)?;
    let algorithm = match <[u8; 2]>::try_from(prefix).ok()? {
        ED25519_PREFIX => Algorithm::Ed25519,
        P256_PREFIX => Algorithm::P256,
        _ => return None,
    };
    software_key(algorithm, &Zeroizing::new(secret.try_into().ok()?)).ok()
}

fn software_key(algorithm: Algorithm, secret: &[u8; SEED_BYTES]) -> Result<SoftwareKey> {
    match algorithm {
        Algorithm::Ed25519 => Ok(SoftwareKey::ed25519_from_seed(secret)),
        // One number in 2^32 is no scalar of P-256: the caller is told to try again, which nobody will ever see.
        Algorithm::P256 => SoftwareKey::p256_from_scalar(secret).context("no P-256 key was made; try again"),
    }
}

#[cfg(test)]
mod tests {
    use placet_kernel::sign::Signer as _;

    use super::*;

    #[test]
    fn keys_are_read_back_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        for (name, algorithm) in [("a.key.json", Algorithm::Ed25519), ("b.key.json", Algorithm::P256)] {
            let path = dir.path().join(name);
            let did: Did = "did:web:cinema.example".parse().unwrap();
            let made = BrandKey::create(Some(did.clone()), algorithm, &path).unwrap();
            let read = BrandKey::read(&path).unwrap();
            assert_eq!((read.key.algorithm(), read.key.did()), (algorithm, made.key.did()));
            assert_eq!(read.method.as_str(), "did:web:cinema.example#key-1");
            assert_eq!(
                read.document().unwrap().key(&made.method),
                Some(made.key.public_key().to_multibase().as_str())
            );
            assert!(BrandKey::create(Some(did), algorithm, &path).is_err());
        }
        let own = BrandKey::create(None, Algorithm::Ed25519, &dir.path().join("c.json")).unwrap();
        assert_eq!(own.did, own.key.did());
    }

    #[test]
    fn a_key_file_says_nothing_twice_and_nothing_false() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        let own = BrandKey::create(None, Algorithm::Ed25519, &path).unwrap();
        let text = files::read_text(&path, MAX_KEY_FILE).unwrap();
        let other = BrandKey::create(None, Algorithm::Ed25519, &dir.path().join("b.json")).unwrap();
        assert!(BrandKey::parse(&text.replace(own.did.as_str(), other.did.as_str())).is_err());
        assert!(BrandKey::parse(&text.replace("\"z3", "\"z4")).is_err());
        assert!(BrandKey::parse(&text.replace("\"did\"", "\"DID\"")).is_err());
    }
}
