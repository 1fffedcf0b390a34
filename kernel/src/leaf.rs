//! Leaves: hiding commitments of one fixed shape (33 bytes), the same for every kind of record.

use hmac::{Hmac, KeyInit as _, Mac as _};
use placet_schemas::id::Digest;
use sha2::Sha256;

/// Length of a leaf.
pub const LEAF_BYTES: usize = 33;
/// The version byte that every leaf starts with.
pub const LEAF_VERSION: u8 = 1;
/// Length of a salt. Any other is malformed: HMAC pads its key, so a shorter salt would have a longer twin.
pub const SALT_BYTES: usize = 32;

const MESSAGE_PREFIX: &[u8] = b"placet record v1\n";

/// The random number that hides a record in its leaf: 32 bytes, made for this record alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; SALT_BYTES]);

impl Salt {
    /// A salt of 32 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SALT_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SALT_BYTES] {
        &self.0
    }

    /// The leaf of the record with this digest: `0x01 || HMAC-SHA-256(salt, "placet record v1\n" || digest)`.
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "HMAC takes a key of any length (RFC 2104)"
    )]
    pub fn leaf(&self, record: &Digest) -> [u8; LEAF_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(MESSAGE_PREFIX);
        mac.update(record.as_bytes());
        let mut leaf = [LEAF_VERSION; LEAF_BYTES];
        leaf[1..].copy_from_slice(&mac.finalize().into_bytes());
        leaf
    }
}

impl core::fmt::Debug for Salt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Salt(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leaf_is_the_hmac_of_the_digest() {
        // printf 'placet record v1\n' and 32 bytes of 0x02 | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…
        let leaf = Salt::from_bytes([1; 32]).leaf(&Digest::from_bytes([2; 32]));
        assert_eq!(leaf[0], 1);
        let hex = placet_schemas::id::encode_hex(&leaf[1..]);
        assert_eq!(hex, "bec78807bc26c72c39800e4d543e0e9ae2f5aefe5bd70ca7421a3b5417b293fb");
    }
}
