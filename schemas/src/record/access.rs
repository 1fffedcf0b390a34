//! `AccessBatch`: a verifier's commitment to what a brand's services asked and did within a short time.

use serde::{Deserialize, Serialize};

use crate::id::{Did, Digest, IdError, string_id};
use crate::time::Timestamp;
use crate::version::Version;

/// Most entries of one batch.
pub const MAX_BATCH_ENTRIES: u64 = 1 << 20;
/// Longest time between the two ends of a batch, in seconds. A verifier makes one a minute; after an outage one catches up
/// with more, but what is anchored an hour late proves little.
pub const MAX_BATCH_SECONDS: u64 = 60 * 60;
/// Longest compact JWS in a record, in bytes.
pub const MAX_JWS_BYTES: usize = 8 * 1024;

/// A compact JSON Web Signature (RFC 7515 section 7.1): three parts of base64url. Who signed it is for the kernel to judge.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CompactJws(String);
string_id!(CompactJws);

impl CompactJws {
    fn check(text: &str) -> Result<(), IdError> {
        let base64url = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let legal = text.len() <= MAX_JWS_BYTES && text.split('.').count() == 3 && text.split('.').all(base64url);
        if legal {
            Ok(())
        } else {
            Err(IdError::new(
                "a compact JWS is three parts of base64url, joined by dots, of at most 8192 bytes",
            ))
        }
    }
}

/// The claims of an `AccessBatch`, signed by a brand's verifier. It names no consent and no person: its entries are
/// hashed, and each of them holds a random id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "AccessBatchWire")]
pub struct AccessBatch {
    /// Format version.
    pub version: Version<1>,
    /// The brand in whose name the verifier decides.
    pub controller: Did,
    /// The brand's word that the signer is its verifier.
    pub authorization: CompactJws,
    /// When the batch began.
    pub from: Timestamp,
    /// When it ended: later, by at most [`MAX_BATCH_SECONDS`].
    pub until: Timestamp,
    /// How many entries it has: 1 to [`MAX_BATCH_ENTRIES`].
    pub entries: u64,
    /// RFC 6962 root over them in order. A leaf is the exact bytes of an entry: of a signed decision its text with
    /// the head beside it, of an access line its RFC 8785 bytes.
    pub root: Digest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessBatchWire {
    version: Version<1>,
    controller: Did,
    authorization: CompactJws,
    from: Timestamp,
    until: Timestamp,
    entries: u64,
    root: Digest,
}

impl TryFrom<AccessBatchWire> for AccessBatch {
    type Error = IdError;
    fn try_from(wire: AccessBatchWire) -> Result<Self, IdError> {
        let AccessBatchWire {
            version,
            controller,
            authorization,
            from,
            until,
            entries,
            root,
        } = wire;
        if !(1..=MAX_BATCH_ENTRIES).contains(&entries) {
            return Err(IdError::new("a batch has 1 to 1048576 entries"));
        }
        if until <= from || until.unix() - from.unix() > MAX_BATCH_SECONDS {
            return Err(IdError::new("a batch ends after it began, by at most an hour"));
        }
        Ok(Self {
            version,
            controller,
            authorization,
            from,
            until,
            entries,
            root,
        })
    }
}
