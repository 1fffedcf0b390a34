//! The part of a signed decision that stands beside the signature, and is bound by its digest (RFC 9901).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::{Deserialize, Serialize};

use crate::id::{Digest, IdError, string_id};

/// SHA-256 over the text of a disclosure (RFC 9901 section 4.2.3), in base64url without padding: 43 characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisclosureDigest(String);
string_id!(DisclosureDigest);

impl DisclosureDigest {
    /// Of a disclosure, as it is encoded.
    #[must_use]
    pub fn of(disclosure: &str) -> Self {
        Self(Base64UrlUnpadded::encode_string(
            Digest::of(disclosure.as_bytes()).as_bytes(),
        ))
    }

    fn check(text: &str) -> Result<(), IdError> {
        let mut bytes = [0; 32];
        match Base64UrlUnpadded::decode(text, &mut bytes) {
            Ok(bytes) if bytes.len() == 32 => Ok(()),
            _ => Err(IdError::new(
                "the digest of a disclosure is 43 characters of base64url (32 bytes)",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disclosure_has_the_digest_of_the_specification() {
        // The example of RFC 9901 section 4.2.3.
        let disclosure = "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        let digest = DisclosureDigest::of(disclosure);
        assert_eq!(digest.as_str(), "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY");
        assert_eq!(digest.as_str().parse(), Ok(digest.clone()));
        assert!(
            "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYZ"
                .parse::<DisclosureDigest>()
                .is_err()
        );
        assert!("".parse::<DisclosureDigest>().is_err());
    }
}
