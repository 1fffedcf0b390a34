//! Names, ids and public keys of those who sign notes.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use placet_schemas::id::Origin;
use sha2::{Digest as _, Sha256};

use super::MAX_KEY_NAME_BYTES;
use crate::keys::{PublicKey, SignatureError};
use crate::sign::{Algorithm, Signer};

/// Bytes of an Ed25519 public key.
const KEY_BYTES: usize = 32;

/// The longest text that is decoded as the key of a vkey: more than the ML-DSA-44 keys of 1,312 bytes need, so
/// that such a vkey is refused for its type.
const MAX_KEY_BASE64_BYTES: usize = 4096;

/// The name of a signer: not empty, at most 255 bytes, no Unicode space, no control character, no plus sign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The first four bytes of `SHA-256(name || 0x0A || type || public key)`. `Display` is 8 lowercase hex digits.
///
/// It tells keys apart and proves nothing: anyone can make a key with a given id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

/// What a key signs, as the type byte of its id and vkey says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the note text.
    Ed25519,
    /// 0x04: Ed25519 over a time and a checkpoint (`cosignature/v1`).
    CosignatureV1,
}

/// A name, a type and an Ed25519 public key. `Display` and [`str::parse`] are the vkey,
/// `<name>+<hex id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    signature_type: SignatureType,
    key: PublicKey,
    bytes: [u8; KEY_BYTES],
}

/// Why a name or a vkey is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// Not a key name.
    #[error("not the name of a note key")]
    Name,
    /// Not `<name>+<8 lowercase hex digits>+<canonical base64>`.
    #[error("not a note verifier key")]
    Format,
    /// A signature type that is not known here.
    #[error("note signature type {0:#04x} is not supported")]
    UnsupportedType(u8),
    /// Not a valid Ed25519 public key, or a weak one.
    #[error("the Ed25519 public key is invalid or weak")]
    Key,
    /// The id is not that of the name, type and key.
    #[error("the key id does not match the key")]
    IdMismatch,
}

impl VkeyError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name => "vkey_name",
            Self::Format => "vkey_format",
            Self::UnsupportedType(_) => "vkey_unsupported_type",
            Self::Key => "vkey_key",
            Self::IdMismatch => "vkey_id_mismatch",
        }
    }
}

impl KeyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyId {
    /// Wraps the four bytes.
    pub const fn new(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes, as they stand before the signature.
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    fn of(name: &KeyName, signature_type: SignatureType, key: &[u8; KEY_BYTES]) -> Self {
        let digest = Sha256::new()
            .chain_update(name.as_str())
            .chain_update([b'\n', signature_type.byte()])
            .chain_update(key)
            .finalize();
        Self([digest[0], digest[1], digest[2], digest[3]])
    }
}

impl SignatureType {
    /// The assigned type byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::CosignatureV1]
            .into_iter()
            .find(|known| known.byte() == byte)
    }
}

impl VerifierKey {
    /// The key with this name, type and 32-byte Ed25519 public key (RFC 8032).
    ///
    /// # Errors
    /// [`VkeyError::Key`], also for keys of small order and for non-canonical encodings.
    pub fn new(name: KeyName, signature_type: SignatureType, key: &[u8; KEY_BYTES]) -> Result<Self, VkeyError> {
        Ok(Self {
            id: KeyId::of(&name, signature_type, key),
            key: PublicKey::from_raw(Algorithm::Ed25519, key).map_err(|_| VkeyError::Key)?,
            name,
            signature_type,
            bytes: *key,
        })
    }

    /// The verifier key of a signer.
    ///
    /// # Errors
    /// [`VkeyError::Key`] if the signer's key is not an Ed25519 key.
    pub fn of_signer(name: KeyName, signature_type: SignatureType, signer: &dyn Signer) -> Result<Self, VkeyError> {
        if signer.algorithm() != Algorithm::Ed25519 {
            return Err(VkeyError::Key);
        }
        let bytes = signer.public_key_bytes().try_into().map_err(|_| VkeyError::Key)?;
        Self::new(name, signature_type, &bytes)
    }

    /// The name of the signer.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id, which follows from the name, the type and the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What the key signs.
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The 32 bytes of the public key.
    pub fn key_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// Checks a bare signature over exactly these bytes, strictly.
    pub(crate) fn verify_raw(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
        self.key.verify(message, signature)
    }
}

impl FromStr for KeyName {
    type Err = VkeyError;

    fn from_str(name: &str) -> Result<Self, VkeyError> {
        let valid = (1..=MAX_KEY_NAME_BYTES).contains(&name.len())
            && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
        if valid {
            Ok(Self(name.to_owned()))
        } else {
            Err(VkeyError::Name)
        }
    }
}

impl From<&Origin> for KeyName {
    /// An origin is always a legal key name: its characters are fewer.
    fn from(origin: &Origin) -> Self {
        Self(origin.as_str().to_owned())
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![self.signature_type.byte()];
        material.extend_from_slice(&self.bytes);
        write!(f, "{}+{}+{}", self.name, self.id, Base64::encode_string(&material))
    }
}

impl FromStr for VerifierKey {
    type Err = VkeyError;

    fn from_str(vkey: &str) -> Result<Self, VkeyError> {
        // The base64 may contain plus signs, the name may not.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VkeyError::Format);
        };
        if material.len() > MAX_KEY_BASE64_BYTES {
            return Err(VkeyError::Format);
        }
        let material = Base64::decode_vec(material).map_err(|_| VkeyError::Format)?;
        let (byte, key) = material.split_first().ok_or(VkeyError::Format)?;
        let signature_type = SignatureType::from_byte(*byte).ok_or(VkeyError::UnsupportedType(*byte))?;
        let key = key.try_into().map_err(|_| VkeyError::Key)?;
        let parsed = Self::new(name.parse()?, signature_type, key)?;
        if parsed.id.to_string() == id {
            Ok(parsed)
        } else if id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Err(VkeyError::IdMismatch)
        } else {
            Err(VkeyError::Format)
        }
    }
}
