//! The hash newtype and the three hash functions of RFC 6962 section 2.1.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

/// Length of a hash in bytes.
pub const HASH_BYTES: usize = 32;

/// Length of a hash in standard base64 with padding.
const HASH_BASE64_BYTES: usize = 44;

/// Length of a block of SHA-256 in bytes.
const BLOCK_BYTES: usize = 64;

/// Length of what is hashed for an inner node, in bits.
const NODE_BITS: u64 = 8 * (1 + 2 * HASH_BYTES as u64);

/// The state that SHA-256 starts from (FIPS 180-4 section 5.3.3).
const SHA256_START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Stands in [`DIGITS`] for a character that is no digit.
const NO_DIGIT: u32 = 1 << 31;

/// The value of each base64 digit (RFC 4648 section 4). A bundle has dozens of hashes for each signature; the general
/// decoder, made for secrets and so without tables, took as long over them as a third of the signature.
const DIGITS: [u32; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut value = 0;
    while value < alphabet.len() {
        digits[alphabet[value] as usize] = value as u32;
        value += 1;
    }
    digits
};

/// A SHA-256 tree hash: of a leaf, an inner node or a root.
///
/// `Display` and `Debug` are 64 lowercase hex digits, and so is what [`FromStr`] reads. Notes, checkpoints
/// and proofs write hashes in base64 instead: see [`Hash::to_base64`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// Why a text or byte string is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseHashError {
    /// The byte string is not 32 bytes long.
    #[error("a hash is 32 bytes, not {0}")]
    Length(usize),
    /// The text is not the canonical standard base64, with padding, of 32 bytes.
    #[error("not the canonical base64 of a hash")]
    Base64,
    /// The text is not 64 lowercase hex digits.
    #[error("not the lowercase hex of a hash")]
    Hex,
}

impl ParseHashError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length(_) => "hash_length",
            Self::Base64 => "hash_base64",
            Self::Hex => "hash_hex",
        }
    }
}

/// The hash of a leaf: `SHA-256(0x00 || entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0x00]).chain_update(entry).finalize().into())
}

/// The hash of an inner node: `SHA-256(0x01 || left || right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // Its 65 bytes are always the same two blocks (FIPS 180-4 section 5.1.1), so they are laid out here: hashing dominates
    // every check of a proof, and the general digest spends a third of its time on finding out where a message ends.
    let mut blocks = [[0; BLOCK_BYTES]; 2];
    let [first, last] = &mut blocks;
    first[0] = 0x01;
    first[1..=HASH_BYTES].copy_from_slice(&left.0);
    first[1 + HASH_BYTES..].copy_from_slice(&right.0[..HASH_BYTES - 1]);
    last[..2].copy_from_slice(&[right.0[HASH_BYTES - 1], 0x80]);
    last[BLOCK_BYTES - 8..].copy_from_slice(&NODE_BITS.to_be_bytes());
    let mut state = SHA256_START;
    compress256(&mut state, &blocks);
    let mut hash = [0; HASH_BYTES];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash(hash)
}

/// The root of the empty tree: `SHA-256("")`.
pub fn empty_root() -> Hash {
    Hash([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ])
}

impl Hash {
    /// Wraps 32 bytes.
    pub const fn new(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// The 44 characters of standard base64 (RFC 4648 section 4) with padding.
    pub fn to_base64(&self) -> String {
        Base64::encode_string(&self.0)
    }

    /// Reads canonical standard base64 with padding.
    ///
    /// # Errors
    /// [`ParseHashError::Base64`], also when unused trailing bits are set: two texts for one hash would let
    /// a changed document pass.
    pub fn from_base64(text: &str) -> Result<Self, ParseHashError> {
        let (quads, []) = text.as_bytes().as_chunks::<4>() else {
            return Err(ParseHashError::Base64);
        };
        let Some((&[a, b, c, b'='], full)) = quads.split_last() else {
            return Err(ParseHashError::Base64);
        };
        if text.len() != HASH_BASE64_BYTES {
            return Err(ParseHashError::Base64);
        }
        let mut bytes = [0; HASH_BYTES];
        let (triples, rest) = bytes.as_chunks_mut::<3>();
        // Each digit that is none sets a bit that no digit has.
        let mut seen = 0;
        for (triple, quad) in triples.iter_mut().zip(full) {
            let bits = quad
                .iter()
                .fold(0, |bits, digit| bits << 6 | DIGITS[usize::from(*digit)]);
            seen |= quad.iter().fold(0, |seen, digit| seen | DIGITS[usize::from(*digit)]);
            let [_, first, second, third] = bits.to_be_bytes();
            *triple = [first, second, third];
        }
        let last = [a, b, c].map(|digit| DIGITS[usize::from(digit)]);
        seen |= last[0] | last[1] | last[2];
        let bits = last[0] << 12 | last[1] << 6 | last[2];
        // 18 bits for 16: the two that are left over must be zero.
        if seen >= NO_DIGIT || bits & 0b11 != 0 {
            return Err(ParseHashError::Base64);
        }
        let [_, _, first, second] = (bits >> 2).to_be_bytes();
        rest.copy_from_slice(&[first, second]);
        Ok(Self(bytes))
    }
}

impl From<[u8; HASH_BYTES]> for Hash {
    fn from(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }
}

impl From<Hash> for [u8; HASH_BYTES] {
    fn from(hash: Hash) -> Self {
        hash.0
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = ParseHashError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| ParseHashError::Length(bytes.len()))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; HASH_BYTES];
        if text.len() != 2 * HASH_BYTES {
            return Err(ParseHashError::Hex);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn hex_digit(digit: u8) -> Result<u8, ParseHashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(ParseHashError::Hex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_functions_match_published_values() {
        // The leaves "" and "L123456" of the tests of certificate-transparency's reference implementation.
        assert_eq!(
            Sha256::digest(b"").as_slice(),
            empty_root().as_bytes(),
            "the constant is SHA-256 of nothing"
        );
        assert_eq!(
            leaf_hash(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            leaf_hash(b"L123456").to_string(),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        );
    }

    #[test]
    fn nodes_are_hashed_as_sha_256_hashes_any_message() {
        let mut hash = empty_root();
        for _ in 0..100 {
            let other = leaf_hash(hash.as_ref());
            let message = [&[0x01], hash.as_ref(), other.as_ref()].concat();
            let expected = Hash(Sha256::digest(message).into());
            hash = node_hash(&hash, &other);
            assert_eq!(hash, expected);
        }
    }

    #[test]
    fn each_digit_of_base64_is_read_as_the_general_decoder_reads_it() {
        let hash = leaf_hash(b"entry").to_base64();
        for at in 0..hash.len() {
            for byte in 0..=u8::MAX {
                let mut text = hash.clone().into_bytes();
                text[at] = byte;
                let Ok(text) = String::from_utf8(text) else { continue };
                let general = Base64::decode_vec(&text).ok().filter(|bytes| bytes.len() == HASH_BYTES);
                let read = Hash::from_base64(&text).ok().map(|hash| hash.0.to_vec());
                assert_eq!(read, general, "{text}");
            }
        }
        let any_bytes = (0..100u8).map(|n| leaf_hash(&[n]));
        assert!(
            any_bytes
                .into_iter()
                .all(|hash| Hash::from_base64(&hash.to_base64()) == Ok(hash))
        );
    }

    #[test]
    fn text_forms_round_trip() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
    }

    #[test]
    fn other_spellings_of_a_hash_are_refused() {
        let hash = leaf_hash(b"entry");
        let upper = hash.to_string().to_uppercase();
        assert_eq!(upper.parse::<Hash>(), Err(ParseHashError::Hex));
        assert_eq!("é".repeat(32).parse::<Hash>(), Err(ParseHashError::Hex));

        let padded = hash.to_base64();
        let bare = padded.trim_end_matches('=');
        assert_eq!(Hash::from_base64(bare), Err(ParseHashError::Base64));
        let zero = Hash::new([0; 32]).to_base64();
        let trailing_bit = zero.replace("A=", "B=");
        assert_ne!(zero, trailing_bit);
        assert_eq!(Hash::from_base64(&trailing_bit), Err(ParseHashError::Base64));
        assert_eq!(
            Hash::from_base64(&"A".repeat(44)),
            Err(ParseHashError::Base64),
            "33 bytes"
        );
        assert_eq!(Hash::try_from(&[0u8; 31][..]), Err(ParseHashError::Length(31)));
    }
}
