//! Sealing and blinding: what keeps the main database unreadable without the keyring, and the keyring without its key.
//!
//! - Each record has a **data key** and a **salt** of its own, both random. The data key seals the record's text, the
//!   answer to it and, for a grant, the state of its consent and the access lines about it (XChaCha20-Poly1305). Destroying the two destroys the record.
//! - The **key-encryption key** never encrypts data itself. HKDF-SHA-256 makes two keys of it: one wraps the data keys and
//!   salts, bound to the record's index; one keys the **blind index** (HMAC-SHA-256), by which personal values are found
//!   without being stored.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use placet_kernel::leaf::{SALT_BYTES, Salt};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::keys::KeyEncryptionKey;
use placet_service::random::{self, RandomError};

/// Length of a data key.
const KEY_BYTES: usize = 32;
/// Length of an XChaCha20 nonce. It is random: 24 bytes are enough for that (the construction's own rationale).
const NONCE_BYTES: usize = 24;
/// Length of a blinded value.
pub(crate) const BLIND_BYTES: usize = 32;

/// A blinded value: where to look for something personal.
pub(crate) type Blinded = [u8; BLIND_BYTES];

/// Why a sealed row does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No random bytes for a nonce.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The bytes are not what was sealed with this key in this place.
    #[error("a sealed value does not open: it was changed, moved, or sealed with another key")]
    Unreadable,
    /// The library refused to seal; it does so only beyond 256 GiB.
    #[error("a value is too long to be sealed")]
    TooLong,
}

/// What a blinded value is. The kind is part of the HMAC's message, so equal values of two kinds do not look equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blind {
    /// The digest of a record.
    Digest = 1,
    /// The signer and the id of a record.
    SignerId = 2,
    /// The withdrawal key of a grant.
    WithdrawalKey = 3,
    /// A consent, to find its events.
    ConsentEvent = 4,
    /// A person's pairwise DID, to find her consents.
    Subject = 5,
    /// A consent and who ends it, to find a withdrawal that waits.
    Received = 6,
}

/// What a data key seals. It is authenticated, so a row's columns cannot be swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The record's canonical bytes.
    Record,
    /// The answer to it.
    Answer,
    /// The state of the consent that a grant started, after the event at this index. Naming the event keeps an old state
    /// from being put back.
    State {
        /// Index of the last event.
        last: u64,
    },
    /// An access line about the consent that a grant started: entry number `seq` of the batch at this index.
    Line {
        /// Index of the batch.
        batch: u64,
        /// The line's place in it.
        seq: u64,
    },
}

/// The keys that are made of the key-encryption key.
pub(crate) struct Vault {
    wrap: XChaCha20Poly1305,
    blind: Hmac<Sha256>,
}

/// The data key and the salt of one record.
pub(crate) struct RecordSecret {
    key: [u8; KEY_BYTES],
    salt: [u8; SALT_BYTES],
}

impl Vault {
    /// Derives the two keys.
    pub(crate) fn new(kek: &KeyEncryptionKey) -> Self {
        let wrap = derive(kek, b"placet keyring wrap v1");
        let blind = derive(kek, b"placet keyring blind v1");
        Self {
            wrap: XChaCha20Poly1305::new(&Key::from(*wrap)),
            blind: hmac(&blind),
        }
    }

    /// Wraps the secret of the record at `index`.
    pub(crate) fn wrap(&self, index: u64, secret: &RecordSecret) -> Result<Vec<u8>, SealError> {
        let mut plain = Zeroizing::new([0; KEY_BYTES + SALT_BYTES]);
        plain[..KEY_BYTES].copy_from_slice(&secret.key);
        plain[KEY_BYTES..].copy_from_slice(&secret.salt);
        seal(&self.wrap, &index.to_be_bytes(), plain.as_slice())
    }

    /// Unwraps the secret of the record at `index`.
    pub(crate) fn unwrap(&self, index: u64, wrapped: &[u8]) -> Result<RecordSecret, SealError> {
        let plain = Zeroizing::new(open(&self.wrap, &index.to_be_bytes(), wrapped)?);
        let (key, salt) = plain.split_first_chunk().ok_or(SealError::Unreadable)?;
        let salt = salt.try_into().map_err(|_| SealError::Unreadable)?;
        Ok(RecordSecret { key: *key, salt })
    }

    /// Seals a withdrawal that has no index yet, and so no data key.
    pub(crate) fn seal_received(&self, blind: &Blinded, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.wrap, &received_label(blind), plain)
    }

    /// Opens it.
    pub(crate) fn open_received(&self, blind: &Blinded, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        open(&self.wrap, &received_label(blind), sealed)
    }

    /// Blinds a value.
    pub(crate) fn blind(&self, kind: Blind, value: &[u8]) -> Blinded {
        let mut mac = self.blind.clone();
        mac.update(&[kind as u8]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }
}

impl RecordSecret {
    /// A secret for a new record.
    pub(crate) fn random() -> Result<Self, RandomError> {
        Ok(Self {
            key: random::bytes()?,
            salt: random::bytes()?,
        })
    }

    /// The data key, for whoever looks whether it is anywhere.
    pub(crate) const fn key(&self) -> &[u8; KEY_BYTES] {
        &self.key
    }

    /// The salt of the leaf.
    pub(crate) fn salt(&self) -> Salt {
        Salt::from_bytes(self.salt)
    }

    /// Seals a value of this record.
    pub(crate) fn seal(&self, purpose: Purpose, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.cipher(), &purpose.label(), plain)
    }

    /// Opens a value of this record.
    pub(crate) fn open(&self, purpose: Purpose, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        open(&self.cipher(), &purpose.label(), sealed)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.key))
    }
}

impl Drop for RecordSecret {
    fn drop(&mut self) {
        self.key.zeroize();
        self.salt.zeroize();
    }
}

impl Purpose {
    fn label(self) -> Vec<u8> {
        match self {
            Self::Record => b"placet record v1".to_vec(),
            Self::Answer => b"placet answer v1".to_vec(),
            Self::State { last } => [b"placet state v1".as_slice(), &last.to_be_bytes()].concat(),
            Self::Line { batch, seq } => [
                b"placet access line v1".as_slice(),
                &batch.to_be_bytes(),
                &seq.to_be_bytes(),
            ]
            .concat(),
        }
    }
}

/// Longer than an index, so that nothing that is wrapped opens as a withdrawal, nor the other way round.
fn received_label(blind: &Blinded) -> Vec<u8> {
    [b"placet received v1".as_slice(), blind].concat()
}

#[expect(
    clippy::expect_used,
    reason = "HKDF-SHA-256 gives up to 8,160 bytes, and HMAC takes a key of any length"
)]
fn derive(kek: &KeyEncryptionKey, info: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    Hkdf::<Sha256>::new(None, kek.as_bytes())
        .expand(info, key.as_mut_slice())
        .expect("32 bytes are not too many");
    key
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
fn hmac(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// Nonce and ciphertext.
fn seal(cipher: &XChaCha20Poly1305, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_BYTES] = random::bytes()?;
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| SealError::TooLong)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &XChaCha20Poly1305, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Unreadable)?;
    cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad })
        .map_err(|_| SealError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&KeyEncryptionKey::from_bytes([byte; 32]))
    }

    #[test]
    fn a_secret_opens_only_at_its_index_and_under_its_key() {
        let secret = RecordSecret::random().unwrap();
        let wrapped = vault(1).wrap(7, &secret).unwrap();
        assert_eq!(vault(1).unwrap(7, &wrapped).unwrap().salt(), secret.salt());
        assert_eq!(vault(1).unwrap(8, &wrapped).err(), Some(SealError::Unreadable));
        assert_eq!(vault(2).unwrap(7, &wrapped).err(), Some(SealError::Unreadable));
    }

    #[test]
    fn a_sealed_value_opens_only_for_its_purpose_and_unchanged() {
        let secret = RecordSecret::random().unwrap();
        let sealed = secret.seal(Purpose::State { last: 3 }, b"state").unwrap();
        assert_eq!(secret.open(Purpose::State { last: 3 }, &sealed).unwrap(), b"state");
        let line = Purpose::Line { batch: 3, seq: 0 };
        for other in [Purpose::State { last: 2 }, Purpose::Record, Purpose::Answer, line] {
            assert_eq!(secret.open(other, &sealed), Err(SealError::Unreadable), "{other:?}");
        }
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(
                secret.open(Purpose::State { last: 3 }, &bent),
                Err(SealError::Unreadable),
                "byte {at}"
            );
        }
        assert_eq!(secret.open(Purpose::Record, &[0; 10]), Err(SealError::Unreadable));
    }

    #[test]
    fn blinded_values_differ_by_kind_and_key() {
        let blinded = vault(1).blind(Blind::Digest, b"x");
        assert_eq!(vault(1).blind(Blind::Digest, b"x"), blinded);
        assert_ne!(vault(1).blind(Blind::Subject, b"x"), blinded);
        assert_ne!(vault(2).blind(Blind::Digest, b"x"), blinded);
    }
}
