//! IETF Token Status List: `lst`, which is base64url of zlib of the bits.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_COMPUTE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER};

use super::bits::Bits;
use super::bitstring::{LEVEL, inflate};
use super::{MAX_ENCODED_CHARACTERS, StatusError};

impl Bits {
    /// Reads the `lst` of a list whose `bits` is 1.
    ///
    /// # Errors
    /// See [`StatusError`].
    pub fn from_token(lst: &str) -> Result<Self, StatusError> {
        if lst.len() > MAX_ENCODED_CHARACTERS {
            return Err(StatusError::Oversize);
        }
        let stream = Base64UrlUnpadded::decode_vec(lst).map_err(|_| StatusError::Encoding)?;
        let (bytes, rest) = inflate(&stream, TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_COMPUTE_ADLER32)?;
        if !rest.is_empty() {
            return Err(StatusError::Compression);
        }
        Ok(Self::from_bytes(bytes.into_iter().map(u8::reverse_bits).collect()))
    }

    /// The `lst`.
    #[must_use]
    pub fn to_token(&self) -> String {
        let bytes: Vec<u8> = self.as_bytes().iter().map(|byte| byte.reverse_bits()).collect();
        Base64UrlUnpadded::encode_string(&compress_to_vec_zlib(&bytes, LEVEL))
    }
}
