//! W3C Bitstring Status List v1.0: `encodedList`, which is `u`, then base64url of gzip of the bits.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::bits::Bits;
use super::{MAX_ENCODED_CHARACTERS, MAX_LIST_BYTES, MIN_LIST_ENTRIES, StatusError};

/// The prefix of base64url without padding (Multibase).
const MULTIBASE: char = 'u';
/// The first bytes of a gzip member of deflated data (RFC 1952 section 2.3.1).
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// The header without its optional parts, as it is written: no time, no extra flags, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// CRC-32 and length.
const TRAILER_BYTES: usize = 8;
/// The flags of the header (RFC 1952 section 2.3.1) for parts that others may write.
const HEADER_CRC: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const RESERVED: u8 = 0xe0;
/// How hard is compressed: 1 to 10. A list is written several times a second, and more is hardly smaller.
pub(super) const LEVEL: u8 = 6;

impl Bits {
    /// Reads an `encodedList`.
    ///
    /// # Errors
    /// See [`StatusError`].
    pub fn from_bitstring(encoded: &str) -> Result<Self, StatusError> {
        if encoded.len() > MAX_ENCODED_CHARACTERS {
            return Err(StatusError::Oversize);
        }
        let text = encoded.strip_prefix(MULTIBASE).ok_or(StatusError::Encoding)?;
        let member = Base64UrlUnpadded::decode_vec(text).map_err(|_| StatusError::Encoding)?;
        let bits = Self::from_bytes(gunzip(&member)?);
        if bits.entries() < MIN_LIST_ENTRIES {
            return Err(StatusError::Short(bits.entries()));
        }
        Ok(bits)
    }

    /// The `encodedList`.
    #[must_use]
    pub fn to_bitstring(&self) -> String {
        let bytes = self.as_bytes();
        let mut member = HEADER.to_vec();
        member.extend(compress_to_vec(bytes, LEVEL));
        member.extend(crc32fast::hash(bytes).to_le_bytes());
        member.extend(length(bytes).to_le_bytes());
        format!("{MULTIBASE}{}", Base64UrlUnpadded::encode_string(&member))
    }
}

fn gunzip(member: &[u8]) -> Result<Vec<u8>, StatusError> {
    let body = after_header(member).ok_or(StatusError::Compression)?;
    let (bytes, trailer) = inflate(body, 0)?;
    let expected = [crc32fast::hash(&bytes).to_le_bytes(), length(&bytes).to_le_bytes()].concat();
    // One member and nothing after it.
    if trailer.len() == TRAILER_BYTES && trailer == expected {
        Ok(bytes)
    } else {
        Err(StatusError::Compression)
    }
}

/// Inflates within the budget; gives what comes after the stream as well.
pub(super) fn inflate(stream: &[u8], flags: u32) -> Result<(Vec<u8>, &[u8]), StatusError> {
    let flags = flags | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut out = vec![0; MAX_LIST_BYTES];
    let (status, read, written) = decompress(&mut DecompressorOxide::new(), stream, &mut out, 0, flags);
    match status {
        TINFLStatus::Done => {
            out.truncate(written);
            Ok((out, stream.get(read..).unwrap_or_default()))
        }
        TINFLStatus::HasMoreOutput => Err(StatusError::Oversize),
        _ => Err(StatusError::Compression),
    }
}

fn after_header(member: &[u8]) -> Option<&[u8]> {
    let flags = *member.get(3)?;
    if !member.starts_with(&MAGIC) || flags & RESERVED != 0 {
        return None;
    }
    let mut rest = member.get(HEADER.len()..)?;
    if flags & EXTRA != 0 {
        let length = u16::from_le_bytes([*rest.first()?, *rest.get(1)?]);
        rest = rest.get(2 + usize::from(length)..)?;
    }
    for part in [NAME, COMMENT] {
        if flags & part != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// The length as the format has it: modulo 2^32.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or_default()
}
