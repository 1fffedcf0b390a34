//! What is public and asked for with every record, kept in memory: the keys of brands, requests, and the roots that records
//! name as their anchors.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use placet_kernel::merkle::Hash as Root;
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, CanonicalRecord};

use crate::error::StoreError;
use crate::store::{RequestFound, Store};

/// Most brands, most requests and most roots that are kept. When there are more, all are dropped and read again as needed.
const MAX_KNOWN: usize = 256;

/// A registered brand and its keys.
#[derive(Debug)]
pub(crate) struct Brand {
    /// Index of the ControllerKeys record that is in force.
    pub(crate) keys_index: u64,
    /// Its claims.
    pub(crate) keys: ControllerKeys,
}

/// A request that is in the log.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) found: RequestFound,
    pub(crate) body: ConsentRequest,
}

/// The three caches.
#[derive(Debug, Default)]
pub(crate) struct Known {
    brands: Mutex<HashMap<Did, Arc<Brand>>>,
    requests: Mutex<HashMap<Digest, Arc<Request>>>,
    roots: Mutex<HashMap<u64, Arc<Root>>>,
}

impl Known {
    /// The brand with this DID, if it has registered.
    pub(crate) async fn brand(&self, store: &Store, did: &Did) -> Result<Option<Arc<Brand>>, StoreError> {
        if let Some(brand) = get(&self.brands, did) {
            return Ok(Some(brand));
        }
        let found = store.controllers_of(&[], &[did]).await?.pop();
        let Some(found) = found else { return Ok(None) };
        let (record, _) = store
            .public_record(found.keys_index)
            .await?
            .ok_or(StoreError::Corrupt("ControllerKeys"))?;
        let brand = Arc::new(Brand {
            keys_index: found.keys_index,
            keys: keys_of(&record)?,
        });
        self.learn_brand(did, &brand);
        Ok(Some(brand))
    }

    /// Requests by digest; those that are not in the log are not in the answer.
    pub(crate) async fn requests(
        &self,
        store: &Store,
        digests: &[Digest],
    ) -> Result<HashMap<Digest, Arc<Request>>, StoreError> {
        let mut known = HashMap::with_capacity(digests.len());
        let mut missing = Vec::new();
        for digest in digests {
            match get(&self.requests, digest) {
                Some(request) => drop(known.insert(*digest, request)),
                None => missing.push(*digest),
            }
        }
        missing.sort();
        missing.dedup();
        for found in store.requests_of(&missing).await? {
            let request = Arc::new(Request {
                body: request_body(&found.record)?,
                found,
            });
            self.learn_request(&request);
            known.insert(request.found.digest, request);
        }
        Ok(known)
    }

    /// The root of the first `size` leaves, of which the log has at least as many: it never changes. Most records name one
    /// of the last few checkpoints.
    pub(crate) async fn root(&self, store: &Store, size: u64) -> Result<Root, StoreError> {
        if let Some(root) = get(&self.roots, &size) {
            return Ok(*root);
        }
        let root = match store.checkpoint_root(size).await? {
            Some(root) => root,
            None => store.root(size).await?,
        };
        put(&self.roots, size, &Arc::new(root), |_| false);
        Ok(root)
    }

    /// Forgets everything: something was committed of which nobody knows what it was.
    pub(crate) fn forget(&self) {
        self.brands.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A brand is committed, or was read. Whoever read an older snapshot meanwhile does not put it back.
    pub(crate) fn learn_brand(&self, did: &Did, brand: &Arc<Brand>) {
        put(&self.brands, did.clone(), brand, |old| {
            old.keys_index < brand.keys_index
        });
    }

    /// A request is committed, or was read. It never changes.
    pub(crate) fn learn_request(&self, request: &Arc<Request>) {
        put(&self.requests, request.found.digest, request, |_| false);
    }
}

/// The claims of a stored ControllerKeys record.
pub(crate) fn keys_of(record: &[u8]) -> Result<ControllerKeys, StoreError> {
    let canonical = CanonicalRecord::parse(record).map_err(|_| StoreError::Corrupt("ControllerKeys"))?;
    match canonical.record.body {
        Body::ControllerKeys(keys) => Ok(*keys),
        _ => Err(StoreError::Corrupt("ControllerKeys")),
    }
}

fn request_body(record: &[u8]) -> Result<ConsentRequest, StoreError> {
    let canonical = CanonicalRecord::parse(record).map_err(|_| StoreError::Corrupt("request"))?;
    match canonical.record.body {
        Body::ConsentRequest(body) => Ok(*body),
        _ => Err(StoreError::Corrupt("request")),
    }
}

fn get<K: Hash + Eq, V>(map: &Mutex<HashMap<K, Arc<V>>>, key: &K) -> Option<Arc<V>> {
    map.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

fn put<K: Hash + Eq, V>(map: &Mutex<HashMap<K, Arc<V>>>, key: K, value: &Arc<V>, replaces: impl FnOnce(&V) -> bool) {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= MAX_KNOWN {
        map.clear();
    }
    if map.get(&key).is_none_or(|old| replaces(old)) {
        map.insert(key, Arc::clone(value));
    }
}
