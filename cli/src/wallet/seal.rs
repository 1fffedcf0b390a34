//! The form of a wallet's file: what is inside is sealed under a passphrase.
//!
//! One JSON object, version 1. The key is Argon2id (RFC 9106) of the passphrase, its parameters written beside it, so that
//! they can be raised later; the rest is XChaCha20-Poly1305, which also authenticates those parameters: nobody can weaken
//! a file and hand it back.

use anyhow::{Result, anyhow, bail};
use argon2::{Algorithm, Argon2, Params};
use base64ct::{Base64, Encoding as _};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use placet_schemas::json;
use placet_schemas::version::Version;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Largest wallet file that is read, in bytes.
pub(super) const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;
/// Length of the salt of the passphrase: what RFC 9106 section 3.1 recommends.
pub(super) const SALT_BYTES: usize = 16;
/// Length of an XChaCha20 nonce; long enough to be random.
pub(super) const NONCE_BYTES: usize = 24;

/// The second recommended choice of RFC 9106 section 4, for machines that cannot spare 2 GiB.
const KDF: Kdf = Kdf {
    name: KdfName::Argon2id,
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 4,
};
/// Most memory that a file may ask for: a hostile file must not take the machine down before its tag is checked.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
/// Most passes and lanes that a file may ask for.
const MAX_PASSES: u32 = 16;
const KEY_BYTES: usize = 32;

/// A passphrase made into a key, with what is needed to make it again. Kept while a command runs, so that saving twice
/// costs one derivation.
pub(super) struct FileKey {
    header: Header,
    key: Zeroizing<[u8; KEY_BYTES]>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Kdf {
    name: KdfName,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KdfName {
    Argon2id,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Cipher {
    #[serde(rename = "XChaCha20-Poly1305")]
    XChaCha20Poly1305,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum FileType {
    PlacetWallet,
}

/// What stands in clear, and is authenticated.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    r#type: FileType,
    version: Version<1>,
    cipher: Cipher,
    kdf: Kdf,
    salt: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    header: Header,
    nonce: String,
    sealed: String,
}

impl FileKey {
    /// Makes a new file's key; `salt` is random.
    pub(super) fn fresh(passphrase: &str, salt: [u8; SALT_BYTES]) -> Result<Self> {
        let header = Header {
            r#type: FileType::PlacetWallet,
            version: Version,
            cipher: Cipher::XChaCha20Poly1305,
            kdf: KDF,
            salt: Base64::encode_string(&salt),
        };
        Self::derive(header, passphrase)
    }

    /// The file's bytes. `nonce` is random and never used twice.
    pub(super) fn seal(&self, plain: &[u8], nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>> {
        let aad = json::to_jcs(&self.header)?;
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| anyhow!("the wallet is too large to be sealed"))?;
        let mut bytes = json::to_jcs(&Sealed {
            header: self.header.clone(),
            nonce: Base64::encode_string(&nonce),
            sealed: Base64::encode_string(&sealed),
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn derive(header: Header, passphrase: &str) -> Result<Self> {
        let Kdf {
            memory_kib,
            passes,
            lanes,
            ..
        } = header.kdf;
        if memory_kib > MAX_MEMORY_KIB || passes > MAX_PASSES || lanes > MAX_PASSES {
            bail!("the wallet file asks for more than {MAX_MEMORY_KIB} KiB, {MAX_PASSES} passes or {MAX_PASSES} lanes");
        }
        let impossible = |error: argon2::Error| anyhow!("the wallet file's Argon2 parameters: {error}");
        let params = Params::new(memory_kib, passes, lanes, Some(KEY_BYTES)).map_err(impossible)?;
        let salt = decode::<SALT_BYTES>(&header.salt, "salt")?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, argon2::Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &salt, key.as_mut_slice())
            .map_err(impossible)?;
        Ok(Self { header, key })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key))
    }
}

/// Opens a file's bytes.
///
/// # Errors
/// When the passphrase is wrong or the file is no wallet, or not the one that was sealed: the cipher cannot tell a wrong
/// key from changed bytes.
pub(super) fn open(bytes: &[u8], passphrase: &str) -> Result<(FileKey, Zeroizing<Vec<u8>>)> {
    let document = json::parse(bytes, MAX_FILE_BYTES).map_err(|fault| anyhow!("this is no wallet file: {fault}"))?;
    let file: Sealed = json::decode(document.root()).map_err(|fault| anyhow!("this is no wallet file: {fault}"))?;
    let nonce = decode::<NONCE_BYTES>(&file.nonce, "nonce")?;
    let sealed = Base64::decode_vec(&file.sealed).map_err(|_| anyhow!("the wallet file's content is not base64"))?;
    let key = FileKey::derive(file.header, passphrase)?;
    let aad = json::to_jcs(&key.header)?;
    let plain = key
        .cipher()
        .decrypt(
            &XNonce::from(nonce),
            Payload {
                msg: &sealed,
                aad: &aad,
            },
        )
        .map_err(|_| anyhow!("the passphrase is wrong, or the wallet file was changed"))?;
    Ok((key, Zeroizing::new(plain)))
}

fn decode<const N: usize>(text: &str, what: &str) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match Base64::decode(text, &mut bytes) {
        Ok(decoded) if decoded.len() == N => Ok(bytes),
        _ => bail!("the wallet file's {what} is not the base64 of {N} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Vec<u8> {
        let key = FileKey::fresh("correct horse", [1; SALT_BYTES]).unwrap();
        key.seal(b"secret", [2; NONCE_BYTES]).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_only() {
        let bytes = sealed();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
        assert_eq!(open(&bytes, "correct horse").unwrap().1.as_slice(), b"secret");
        let error = open(&bytes, "wrong horse").err().unwrap().to_string();
        assert_eq!(error, "the passphrase is wrong, or the wallet file was changed");
    }

    #[test]
    fn a_weakened_file_does_not_open() {
        let text = String::from_utf8(sealed()).unwrap();
        for (from, to) in [
            ("\"passes\":3", "\"passes\":1"),
            ("\"memoryKib\":65536", "\"memoryKib\":64"),
        ] {
            assert!(text.contains(from));
            assert!(open(text.replace(from, to).as_bytes(), "correct horse").is_err());
        }
    }

    #[test]
    fn a_greedy_file_is_refused_before_any_memory_is_taken() {
        let text = String::from_utf8(sealed()).unwrap();
        let greedy = text.replace("\"memoryKib\":65536", "\"memoryKib\":4294967295");
        let error = open(greedy.as_bytes(), "correct horse").err().unwrap().to_string();
        assert!(error.contains("asks for more than"), "{error}");
    }
}
