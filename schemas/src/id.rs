//! Identifiers, each a type of its own, so that one can never stand for another.
//!
//! All of them parse strictly and print back exactly what they parsed.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::parsed::deserialize_parsed;

/// Longest DID that is accepted, in bytes. A `did:key` has at most 60; `did:web` follows DNS (253) and a path.
pub const MAX_DID_BYTES: usize = 512;
/// Longest IRI that is accepted, in bytes.
pub const MAX_IRI_BYTES: usize = 1024;
/// Longest log origin, in bytes. It becomes a note's key name (C2SP signed-note).
pub const MAX_ORIGIN_BYTES: usize = 255;
/// Longest language tag, in bytes (RFC 5646 section 4.4.1 says that 35 is enough).
pub const MAX_LANGUAGE_BYTES: usize = 35;

/// Why a text is not the identifier that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct IdError {
    what: &'static str,
}

impl IdError {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what }
    }
}

/// Makes the serde, `Display` and `AsRef` faces of a checked string.
macro_rules! string_id {
    ($name:ident) => {
        impl $name {
            /// The text, as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::id::IdError;
            fn try_from(text: String) -> Result<Self, $crate::id::IdError> {
                Self::check(&text)?;
                Ok(Self(text))
            }
        }
        impl core::str::FromStr for $name {
            type Err = $crate::id::IdError;
            fn from_str(text: &str) -> Result<Self, $crate::id::IdError> {
                Self::check(text)?;
                Ok(Self(text.to_owned()))
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use string_id;

/// A SHA-256 digest: 64 lowercase hex digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest that is already known.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        decode_hex(text)
            .map(Self)
            .ok_or(IdError::new("a digest is 64 lowercase hex digits"))
    }
}

deserialize_parsed!(Digest);

impl TryFrom<String> for Digest {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

/// A decentralized identifier: `did:key` (W3C CCG did:key, base58-btc multikey) or `did:web`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Did(String);
string_id!(Did);

impl Did {
    /// Whether the identifier is its own key (`did:key`).
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.0.starts_with("did:key:")
    }

    /// The multibase key of a `did:key`.
    #[must_use]
    pub fn key_multibase(&self) -> Option<&str> {
        self.0.strip_prefix("did:key:")
    }

    /// The one verification method of a `did:key`: `did:key:z…#z…`.
    #[must_use]
    pub fn key_method(&self) -> Option<DidUrl> {
        let multibase = self.key_multibase()?;
        Some(DidUrl(format!("{}#{multibase}", self.0)))
    }

    fn check(text: &str) -> Result<(), IdError> {
        if text.len() > MAX_DID_BYTES {
            return Err(IdError::new("the DID is longer than 512 bytes"));
        }
        if let Some(key) = text.strip_prefix("did:key:") {
            let base58 = key
                .strip_prefix('z')
                .ok_or(IdError::new("a did:key starts with did:key:z"))?;
            if base58.is_empty() || !base58.bytes().all(is_base58) {
                return Err(IdError::new("a did:key is base58-btc after the z"));
            }
            return Ok(());
        }
        let web = text
            .strip_prefix("did:web:")
            .ok_or(IdError::new("the DID is neither did:key nor did:web"))?;
        let legal = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'%'))
        };
        if web.split(':').all(legal) {
            Ok(())
        } else {
            Err(IdError::new(
                "a did:web is a host and path parts of letters, digits, '.', '-', '_', '%', joined by ':'",
            ))
        }
    }
}

/// A verification method: a [`Did`] and a fragment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DidUrl(String);
string_id!(DidUrl);

impl DidUrl {
    /// The DID before the `#`, as text.
    #[must_use]
    pub fn did_str(&self) -> &str {
        self.0.split_once('#').map_or("", |(did, _)| did)
    }

    /// The fragment after the `#`.
    #[must_use]
    pub fn fragment(&self) -> &str {
        self.0.split_once('#').map_or("", |(_, fragment)| fragment)
    }

    fn check(text: &str) -> Result<(), IdError> {
        let (did, fragment) = text
            .split_once('#')
            .ok_or(IdError::new("a verification method is a DID, '#' and a fragment"))?;
        Did::check(did)?;
        if fragment.is_empty()
            || fragment.len() > MAX_DID_BYTES
            || !fragment
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        {
            return Err(IdError::new("the fragment is 1 to 512 letters, digits, '-', '_', '.'"));
        }
        if did.strip_prefix("did:key:").is_some_and(|key| key != fragment) {
            // A did:key has exactly one method, named by its own key: anything else could confuse two keys.
            return Err(IdError::new("the fragment of a did:key method repeats the key"));
        }
        Ok(())
    }
}

/// A record's own name: `urn:uuid:` and a lowercase UUID (RFC 9562), random, made by the signer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RecordId(String);
string_id!(RecordId);

impl RecordId {
    /// A version 4 UUID from 16 random bytes.
    #[must_use]
    pub fn from_random(mut random: [u8; 16]) -> Self {
        random[6] = (random[6] & 0x0f) | 0x40;
        random[8] = (random[8] & 0x3f) | 0x80;
        let hex = encode_hex(&random);
        Self(format!(
            "urn:uuid:{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        ))
    }

    fn check(text: &str) -> Result<(), IdError> {
        const WHAT: IdError = IdError::new("a record id is urn:uuid: and a lowercase UUID");
        let uuid = text.strip_prefix("urn:uuid:").ok_or(WHAT)?;
        let legal = uuid.len() == 36
            && uuid.bytes().enumerate().all(|(at, b)| match at {
                8 | 13 | 18 | 23 => b == b'-',
                _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
            });
        if legal { Ok(()) } else { Err(WHAT) }
    }
}

/// An absolute IRI, limited to the ASCII characters of RFC 3986: a brand's name for its purpose, a third party.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iri(String);
string_id!(Iri);

impl Iri {
    fn check(text: &str) -> Result<(), IdError> {
        if text.len() > MAX_IRI_BYTES {
            return Err(IdError::new("the IRI is longer than 1024 bytes"));
        }
        let (scheme, rest) = text
            .split_once(':')
            .ok_or(IdError::new("an IRI is absolute: scheme:rest"))?;
        let scheme_legal = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let rest_legal = !rest.is_empty()
            && rest.bytes().all(|b| {
                b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
            });
        if scheme_legal && rest_legal {
            Ok(())
        } else {
            Err(IdError::new("the IRI has a character outside RFC 3986"))
        }
    }
}

/// A log's origin (C2SP tlog-checkpoint): schema-less and URL-like, such as `placet.example/log`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);
string_id!(Origin);

impl Origin {
    fn check(text: &str) -> Result<(), IdError> {
        // It is also a note key name: no space and no plus sign there (C2SP signed-note).
        let legal = (1..=MAX_ORIGIN_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b':' | b'~'));
        if legal {
            Ok(())
        } else {
            Err(IdError::new(
                "an origin is 1 to 255 letters, digits, '.', '-', '_', '/', ':', '~'",
            ))
        }
    }
}

/// A language tag of the shape of RFC 5646: a language of two or three letters, then subtags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);
string_id!(Language);

impl Language {
    fn check(text: &str) -> Result<(), IdError> {
        let mut parts = text.split('-');
        let primary = parts.next().unwrap_or_default();
        let legal = text.len() <= MAX_LANGUAGE_BYTES
            && (2..=3).contains(&primary.len())
            && primary.bytes().all(|b| b.is_ascii_lowercase())
            && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
        if legal {
            Ok(())
        } else {
            Err(IdError::new("a language tag is like en or de-AT"))
        }
    }
}

/// A country by its ISO 3166-1 alpha-2 code, such as `US`; `EU` is exceptionally reserved there and accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);
string_id!(Country);

impl Country {
    fn check(text: &str) -> Result<(), IdError> {
        if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(())
        } else {
            Err(IdError::new("a country is two capital letters (ISO 3166-1 alpha-2)"))
        }
    }
}

/// Lowercase hex of any bytes.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char])
        .collect()
}

/// The 32 bytes of 64 lowercase hex digits; `None` for anything else.
#[must_use]
pub fn decode_hex(text: &str) -> Option<[u8; 32]> {
    let nibble = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut out = [0; 32];
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(out)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&encode_hex(bytes))
}

pub(crate) fn is_base58(b: u8) -> bool {
    b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_lowercase_hex_only() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!("00".parse::<Digest>().is_err());
        assert!(format!("{digest}0").parse::<Digest>().is_err());
    }

    #[test]
    fn dids_of_two_methods_only() {
        assert!(
            "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
                .parse::<Did>()
                .is_ok()
        );
        assert!("did:web:cinema.example".parse::<Did>().is_ok());
        assert!("did:web:cinema.example%3A8443:brands:a".parse::<Did>().is_ok());
        for bad in [
            "did:key:6Mk",
            "did:key:z",
            "did:key:z0",
            "did:web:",
            "did:web:a/b",
            "did:web:a::b",
            "did:ion:a",
            "",
            "x",
        ] {
            assert!(bad.parse::<Did>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_did_key_method_names_its_own_key() {
        let did: Did = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
            .parse()
            .unwrap();
        let method = did.key_method().unwrap();
        assert_eq!(method.as_str().parse(), Ok(method.clone()));
        assert_eq!(method.did_str(), did.as_str());
        assert!(format!("{did}#z6MkOther").parse::<DidUrl>().is_err());
        assert!("did:web:a.example#".parse::<DidUrl>().is_err());
        assert!("did:web:a.example".parse::<DidUrl>().is_err());
    }

    #[test]
    fn record_ids_are_lowercase_uuids() {
        let id = RecordId::from_random([0xff; 16]);
        assert_eq!(id.as_str(), "urn:uuid:ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(id.as_str().parse::<RecordId>().is_ok());
        assert!(id.as_str().to_uppercase().parse::<RecordId>().is_err());
        assert!(
            "urn:uuid:ffffffff-ffff-4fff-bfff-fffffffffff"
                .parse::<RecordId>()
                .is_err()
        );
    }

    #[test]
    fn other_ids_refuse_what_could_break_a_line_or_a_note() {
        for bad in ["", "a b", "a+b", "a\nb", "ü"] {
            assert!(bad.parse::<Origin>().is_err(), "{bad:?}");
        }
        for bad in ["nocolon", "http:", "http://a b", "ht tp://a", "http://a\n"] {
            assert!(bad.parse::<Iri>().is_err(), "{bad:?}");
        }
        for bad in ["", "e", "EN", "en_US", "en-", "english"] {
            assert!(bad.parse::<Language>().is_err(), "{bad:?}");
        }
        assert!("de-AT".parse::<Language>().is_ok());
        assert!("usa".parse::<Country>().is_err());
    }
}
