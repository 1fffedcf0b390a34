//! Public keys as text: Multikeys (W3C Controlled Identifiers section 2.2.2) of the two algorithms that records are signed with.
//! Whether a text decodes to a point of its curve is for the kernel to say.

use crate::id::is_base58;

/// Whether the text has the shape of an Ed25519 (`z6Mk…`) or P-256 (`zDn…`) Multikey: the multicodec prefix and the length of the
/// key fix the first letters and the number of them.
#[must_use]
pub fn is_signing_key(multibase: &str) -> bool {
    let rest = match (multibase.strip_prefix("z6Mk"), multibase.strip_prefix("zDn")) {
        (Some(ed25519), _) => Some((ed25519, 44)),
        (None, Some(p256)) => Some((p256, 46)),
        (None, None) => None,
    };
    rest.is_some_and(|(rest, length)| rest.len() == length && rest.bytes().all(is_base58))
}
