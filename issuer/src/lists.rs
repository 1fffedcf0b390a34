//! What is published: each list in both formats, signed anew on a tick when it says more, and when it grows old.
//!
//! A list speaks of the moment of the operator's newest head that was read, not of now: an issuer that is cut off from the
//! ledger knows of no withdrawal, so its lists run out instead of vouching on. What publishing costs hangs on how many lists
//! changed, not on how many receipts there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::body::Bytes;
use placet_kernel::jws;
use placet_kernel::status::Bits;
use placet_schemas::credential::VerifiableCredential;
use placet_schemas::credential::sd_jwt::{TOKEN_STATUS_LIST_TYP, TokenBits, TokenStatusList};
use placet_schemas::credential::status::{StatusList, StatusListSubject, StatusListType, StatusPurpose, SubjectType};
use placet_schemas::id::{Digest, Iri};
use placet_schemas::json;
use placet_schemas::record::Context;
use placet_schemas::time::Timestamp;

use crate::error::StoreError;
use crate::keys::IssuerKeys;
use crate::receipts::{self, Securing};

/// How long a list is good for, in seconds.
pub const LIST_SECONDS: u64 = 120;
/// When a list that has not changed is signed anew, in seconds after the moment that it speaks of.
pub const RENEW_SECONDS: u64 = 45;

/// A list of a brand: the feed's number here, and the list's.
pub(crate) type Which = (i64, u64);

/// A list as it is published.
#[derive(Debug, Clone)]
pub struct Published {
    /// The Bitstring Status List credential.
    pub bitstring: Entity,
    /// The Token Status List.
    pub token: Entity,
    as_of: AsOf,
}

/// Of when a list speaks: the operator's head that was read, and how many items before it. Nothing in a list changes without
/// an item.
pub(crate) type AsOf = (Timestamp, u64);

/// Bytes and their entity tag (RFC 9110 section 8.8.3).
#[derive(Debug, Clone)]
pub struct Entity {
    /// The bytes.
    pub bytes: Bytes,
    /// The tag, with its quotes.
    pub tag: String,
}

/// All lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    names: RwLock<BTreeMap<String, Which>>,
    published: RwLock<BTreeMap<Which, Arc<Published>>>,
    dirty: Mutex<BTreeSet<Which>>,
}

impl Lists {
    /// A list is there, under this name.
    pub(crate) fn name(&self, name: String, which: Which) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if names.insert(name, which).is_none() {
            drop(names);
            self.changed([which]);
        }
    }

    /// The list of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Which> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.get(name).copied()
    }

    /// These say more now.
    pub(crate) fn changed(&self, lists: impl IntoIterator<Item = Which>) {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner).extend(lists);
    }

    /// Takes what is to be published.
    pub(crate) fn take_dirty(&self) -> BTreeSet<Which> {
        core::mem::take(&mut *self.dirty.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The list as it was published last, if it need not be signed anew by now.
    pub(crate) fn fresh(&self, which: Which, now: Timestamp) -> Option<Arc<Published>> {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let known = published.get(&which)?;
        (now < known.as_of.0.plus_seconds(RENEW_SECONDS)).then(|| Arc::clone(known))
    }

    /// The list as it was published last, if that is all that can be said by now: while no newer head comes, whoever asks
    /// would else have the same list signed each time.
    pub(crate) fn said(&self, which: Which, as_of: AsOf) -> Option<Arc<Published>> {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        published
            .get(&which)
            .filter(|known| known.as_of == as_of)
            .map(Arc::clone)
    }

    /// Publishes. One that speaks of an earlier moment than what is published changes nothing.
    pub(crate) fn publish(&self, which: Which, list: Published) -> Arc<Published> {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = published.get(&which)
            && known.as_of > list.as_of
        {
            return Arc::clone(known);
        }
        let list = Arc::new(list);
        published.insert(which, Arc::clone(&list));
        list
    }
}

/// Signs a list in both formats.
pub(crate) fn sign(
    keys: &IssuerKeys,
    urls: (&Iri, &Iri),
    bits: &Bits,
    as_of: AsOf,
    now: Timestamp,
) -> Result<Published, StoreError> {
    let (since, _) = as_of;
    let until = since.plus_seconds(LIST_SECONDS);
    let list = StatusList {
        context: Context,
        id: urls.0.clone(),
        r#type: (VerifiableCredential::default(), StatusListType::default()),
        issuer: keys.did().clone(),
        valid_from: since,
        valid_until: until,
        credential_subject: StatusListSubject {
            r#type: SubjectType::default(),
            status_purpose: StatusPurpose::default(),
            encoded_list: bits.to_bitstring(),
        },
        proof: None,
    };
    let bitstring = receipts::secure(list, Securing::ProofSet.suites(), now, keys)?;
    let claims = TokenStatusList {
        sub: urls.1.clone(),
        iat: since.unix(),
        exp: until.unix(),
        ttl: RENEW_SECONDS,
        status_list: TokenBits {
            bits: 1,
            lst: bits.to_token(),
        },
    };
    let token = jws::sign(
        &json::to_jcs(&claims)?,
        TOKEN_STATUS_LIST_TYP,
        keys.p256.method(),
        &keys.p256,
    )?;
    Ok(Published {
        bitstring: Entity::of(bitstring),
        token: Entity::of(token.into_bytes()),
        as_of,
    })
}

impl Entity {
    fn of(bytes: Vec<u8>) -> Self {
        Self {
            tag: format!("\"{}\"", &Digest::of(&bytes).to_string()[..32]),
            bytes: bytes.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Which = (1, 0);

    fn signed(keys: &IssuerKeys, as_of: AsOf) -> Published {
        let url = |format: &str| {
            format!("https://issuer.example/status/{format}/00")
                .parse::<Iri>()
                .unwrap()
        };
        let urls = (&url("bitstring"), &url("token"));
        sign(keys, urls, &Bits::none_set(), as_of, as_of.0).unwrap()
    }

    #[test]
    fn a_list_is_signed_anew_only_when_there_is_more_to_say() {
        let folder = tempfile::tempdir().unwrap();
        let keys = IssuerKeys::load_or_make(folder.path(), None).unwrap();
        let lists = Lists::default();
        let head: Timestamp = "2026-11-22T05:00:00Z".parse().unwrap();
        let first = lists.publish(LIST, signed(&keys, (head, 7)));
        assert!(lists.fresh(LIST, head.plus_seconds(RENEW_SECONDS - 1)).is_some());
        assert!(lists.fresh(LIST, head.plus_seconds(RENEW_SECONDS)).is_none());
        // It grows old and nothing newer is known: the same again, however many ask.
        assert!(
            lists
                .said(LIST, (head, 7))
                .is_some_and(|said| Arc::ptr_eq(&said, &first))
        );
        // An item within the same second, a later head, another list.
        assert!(lists.said(LIST, (head, 8)).is_none());
        assert!(lists.said(LIST, (head.plus_seconds(1), 7)).is_none());
        assert!(lists.said((1, 1), (head, 7)).is_none());
        let newer = lists.publish(LIST, signed(&keys, (head, 8)));
        assert!(Arc::ptr_eq(&lists.publish(LIST, signed(&keys, (head, 7))), &newer));
    }
}
