//! The operator's head beside a signed decision: a disclosure of RFC 9901.
//!
//! Every decision rests on a head, and most of those of the same second on the same one. By its digest alone it takes a
//! tenth of the bytes that are signed; whoever judges the decision later needs all of it, so that it always goes with it.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use placet_schemas::authzen::DisclosureDigest;
use placet_schemas::id::Digest;
use placet_schemas::json::{self, Fault, FaultCode, JcsError};
use placet_schemas::statement::{FeedHead, Signed};
use serde::{Deserialize, Serialize};

/// Longest disclosure of a head, once decoded, in bytes.
const MAX_DISCLOSURE_BYTES: usize = 4 * 1024;
/// Bytes of the salt.
const SALT_BYTES: usize = 16;

/// A head as decisions disclose it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedHead {
    signed: Signed<FeedHead>,
    text: String,
    digest: DisclosureDigest,
}

/// The name of the claim.
#[derive(Serialize, Deserialize)]
enum Claim {
    #[serde(rename = "head")]
    Head,
}

impl DisclosedHead {
    /// The disclosure of a head.
    ///
    /// The salt is made from the head itself: it is here because RFC 9901 has one, and hides nothing, since no decision is
    /// given without its head.
    ///
    /// # Errors
    /// When the head has no canonical form.
    pub fn new(signed: Signed<FeedHead>) -> Result<Self, JcsError> {
        let digest = Digest::of(&json::to_jcs(&signed)?);
        let salt = Base64UrlUnpadded::encode_string(&digest.as_bytes()[..SALT_BYTES]);
        let text = Base64UrlUnpadded::encode_string(&json::to_jcs(&(salt, Claim::Head, &signed))?);
        let digest = DisclosureDigest::of(&text);
        Ok(Self { signed, text, digest })
    }

    /// Reads a disclosure. Whether the head is the operator's, it does not say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let bytes = Base64UrlUnpadded::decode_vec(text)
            .map_err(|_| Fault::new("", FaultCode::Syntax, "the disclosure is not canonical base64url"))?;
        let document = json::parse_canonical(&bytes, MAX_DISCLOSURE_BYTES)?;
        let (_, _, signed): (String, Claim, Signed<FeedHead>) = json::decode(document.root())?;
        let read = Self::new(signed).map_err(|error| Fault::new("/2", FaultCode::InvalidValue, error.to_string()))?;
        // One head has one disclosure, so that one decision has one text.
        if read.text != text {
            return Err(Fault::new(
                "/0",
                FaultCode::InvalidValue,
                "the salt is not that of this head",
            ));
        }
        Ok(read)
    }

    /// The head, with the operator's signature.
    #[must_use]
    pub const fn signed(&self) -> &Signed<FeedHead> {
        &self.signed
    }

    /// What it says.
    #[must_use]
    pub const fn head(&self) -> &FeedHead {
        &self.signed.statement
    }

    /// The disclosure, encoded.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// By which a decision names it.
    #[must_use]
    pub const fn digest(&self) -> &DisclosureDigest {
        &self.digest
    }
}
