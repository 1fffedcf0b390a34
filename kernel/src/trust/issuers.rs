//! Keys of those who issue receipts: pinned beside a log, for its sizes.

use placet_schemas::id::{DidUrl, Origin};
use serde::{Deserialize, Serialize};

use super::{MAX_TRUSTED, Ranged, Sizes, TrustError, valid};
use crate::keys::PublicKey;

/// A key of an issuer in a trust file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IssuerKey {
    /// The log for whose consents it issues.
    pub log: Origin,
    /// The verification method, as proofs name it.
    pub method: DidUrl,
    /// Its key, a Multikey: a did:web is not asked again when a receipt is judged.
    pub public_key_multibase: String,
    /// The sizes of the log at which a receipt may have been issued.
    pub sizes: Sizes,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Issuers(Vec<Ranged<(Origin, DidUrl, PublicKey)>>);

impl Issuers {
    pub(super) fn key(&self, log: &Origin, method: &DidUrl, size: u64) -> Option<&PublicKey> {
        let mut keys = valid(&self.0, size);
        keys.find_map(|(of, known, key)| (of == log && known == method).then_some(key))
    }

    pub(super) fn add(&mut self, named: &IssuerKey) -> Result<(), TrustError> {
        let wrong = |why: String| TrustError::Key {
            place: named.method.to_string(),
            why,
        };
        let key = PublicKey::from_multibase(&named.public_key_multibase).map_err(|e| wrong(e.to_string()))?;
        // The method of a did:key says its key itself.
        let own = named.method.did_str().strip_prefix("did:key:");
        if own.is_some_and(|own| own != named.public_key_multibase) {
            return Err(wrong("a did:key has no other key than its own".to_owned()));
        }
        if self.0.len() >= MAX_TRUSTED {
            return Err(TrustError::Count("there are more than 64 keys of issuers"));
        }
        // Of two keys by one name it could not be said which is meant.
        let same = |ranged: &Ranged<(Origin, DidUrl, PublicKey)>| {
            (&ranged.key.0, &ranged.key.1) == (&named.log, &named.method)
        };
        if self.0.iter().any(same) {
            return Err(TrustError::Duplicate(format!("the method {}", named.method)));
        }
        self.0.push(Ranged {
            key: (named.log.clone(), named.method.clone(), key),
            sizes: named.sizes,
        });
        Ok(())
    }
}
