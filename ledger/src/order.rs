//! Orders to destroy a consent, what has become of them, and the signed word of those who followed.

use placet_kernel::arrival::TIME_TOLERANCE_SECONDS;
use placet_kernel::jws;
use placet_kernel::keys::PublicKey;
use placet_schemas::api::{
    DESTRUCTION_DONE_TYP, DESTRUCTION_ORDER_TYP, DoneClaims, MAX_ORDER_AGE_SECONDS, OrderClaims,
};
use placet_schemas::id::{Did, DidUrl, Digest, Origin};
use placet_schemas::json;
use placet_schemas::record::destruction::DestructionGround;
use placet_schemas::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::destroy::is_cleared;
use crate::error::{Ground, StoreError, SubmitError};
use crate::ledger::Ledger;
use crate::node::Node;
use crate::page::{Page, asked};
use crate::reads::Party;
use crate::store::DestructionFound;

/// Largest payload of an order or an acknowledgement, in bytes.
const MAX_CLAIMS_BYTES: usize = 2048;
/// What the node itself is called among those who have not finished.
const ITSELF: &str = "ledger";

/// A destruction as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestructionRow {
    /// Log index of the Destruction record; the key of paging.
    pub index: u64,
    /// The brand.
    pub controller: Did,
    /// Log indexes of the leaves that lost their opening.
    pub leaves: Vec<u64>,
    /// Why.
    pub ground: String,
    /// SHA-256 of the order, where there was one.
    pub order: Option<Digest>,
    /// When it was committed.
    pub time: Timestamp,
    /// Who has not finished: `ledger`, and the labels of followers. When nobody is left it is destroyed.
    pub pending: Vec<String>,
}

/// Who signed an order.
enum Ordering {
    /// A registered brand, for its own consents.
    Brand(Did),
    /// A configured authority, for any.
    Authority,
}

impl Ledger {
    /// Destroys a consent by an order: a compact JWS over an [`OrderClaims`]. `None` if there is no such consent, or it is
    /// none of the signer's. The same order again gets the destruction that it led to.
    ///
    /// # Errors
    /// `bad_order`; otherwise as [`Ledger::submit`].
    pub async fn order_destruction(&self, order: &str) -> Result<Option<DestructionRow>, SubmitError> {
        let hash = Digest::of(order.as_bytes());
        if let Some(found) = self.node().store.destruction_by_order(&hash).await? {
            return Ok(Some(found.into()));
        }
        let (by, claims) = self.read_order(order).await?;
        let theirs = match &by {
            Ordering::Brand(did) => {
                let party = Party::Controller(did.clone());
                self.find_consent(&party, &claims.consent).await?.is_some()
            }
            Ordering::Authority => true,
        };
        let ground = DestructionGround::Ordered(claims.ground);
        if !theirs
            || self
                .commit_destruction(&claims.consent, ground, Some(hash))
                .await?
                .is_none()
        {
            // Perhaps the same order, sent twice at once: the other one was faster.
            let found = self.node().store.destruction_by_order(&hash).await?;
            return Ok(found.map(DestructionRow::from));
        }
        let found = self.node().store.destruction_by_order(&hash).await?;
        Ok(Some(found.ok_or(StoreError::Corrupt("destruction"))?.into()))
    }

    /// Keeps a follower's signed word that it holds nothing any more: a compact JWS over a [`DoneClaims`]. `None` if there is
    /// no such destruction.
    ///
    /// # Errors
    /// `bad_acknowledgement`.
    pub async fn acknowledge_destruction(&self, index: u64, done: &str) -> Result<Option<DestructionRow>, SubmitError> {
        let store = &self.node().store;
        if self.destruction(index).await?.is_none() {
            return Ok(None);
        }
        let known = store.follower_keys(index).await?;
        let (did, date) = read_done(done, &self.node().voice.origin, index, &known).map_err(Ground::Done)?;
        if date > self.now().plus_seconds(TIME_TOLERANCE_SECONDS) {
            return Err(Ground::Done("it is dated in the future".to_owned()).into());
        }
        store.acknowledge_destruction(index, &did, done).await?;
        Ok(self.destruction(index).await?)
    }

    /// Destructions in log order, after the one at index `after`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn destructions(&self, after: Option<u64>, limit: usize) -> Result<Page<DestructionRow>, StoreError> {
        let from = after.map_or(0, |index| index.saturating_add(1));
        let found = self.node().store.destructions_from(from, asked(limit)).await?;
        let rows = found.into_iter().map(DestructionRow::from).collect();
        Ok(Page::cut(rows, limit, |row: &DestructionRow| row.index))
    }

    /// The destruction whose record is at this index.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn destruction(&self, index: u64) -> Result<Option<DestructionRow>, StoreError> {
        let found = self.node().store.destructions_from(index, 1).await?.pop();
        Ok(found.filter(|found| found.index == index).map(DestructionRow::from))
    }

    /// Whether the leaf at this index lost its opening.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn is_destroyed(&self, leaf: u64) -> Result<bool, StoreError> {
        Ok(!self.node().store.destroyed_of(&[leaf]).await?.is_empty())
    }

    /// Checks an order by itself: who signed it, for which log, and when.
    async fn read_order(&self, order: &str) -> Result<(Ordering, OrderClaims), SubmitError> {
        let node = self.node();
        let wrong = |what: &dyn core::fmt::Display| SubmitError::from(Ground::Order(what.to_string()));
        let method = jws::claimed_signer(order, DESTRUCTION_ORDER_TYP).map_err(|error| wrong(&error))?;
        let (by, key) = node.orderer(&method).await?;
        let (_, payload) = jws::verify(order, DESTRUCTION_ORDER_TYP, |_| key.clone()).map_err(|error| wrong(&error))?;
        let by = by.ok_or_else(|| wrong(&"the signer is neither a brand nor an authority"))?;
        let claims: OrderClaims = claims(&payload).map_err(|fault| wrong(&fault))?;
        if claims.origin != node.voice.origin {
            return Err(wrong(&"it is for another log"));
        }
        let now = self.now();
        if claims.date > now.plus_seconds(TIME_TOLERANCE_SECONDS) {
            return Err(wrong(&"it is dated in the future"));
        }
        if claims.date.plus_seconds(MAX_ORDER_AGE_SECONDS) < now {
            return Err(wrong(&"it is older than 31 days"));
        }
        Ok((by, claims))
    }
}

/// Checks a follower's word about the Destruction at `index`: by which of the `known` keys, and when, it was given.
pub(crate) fn read_done(done: &str, origin: &Origin, index: u64, known: &[Did]) -> Result<(Did, Timestamp), String> {
    let key = |method: &DidUrl| {
        let did = method.did_str().parse().ok().filter(|did| known.contains(did))?;
        PublicKey::from_did(&did).ok()
    };
    let (method, payload) = jws::verify(done, DESTRUCTION_DONE_TYP, key).map_err(|error| error.to_string())?;
    let claims: DoneClaims = claims(&payload).map_err(|fault| fault.to_string())?;
    if claims.origin != *origin || claims.destruction != index {
        return Err("it is about another destruction".to_owned());
    }
    let did = method.did_str().parse();
    Ok((
        did.map_err(|_| "the kid is no method of a DID".to_owned())?,
        claims.date,
    ))
}

impl Node {
    /// Who may order by this method, and with which key: a registered brand by a key that is in force, or an authority.
    async fn orderer(&self, method: &DidUrl) -> Result<(Option<Ordering>, Option<PublicKey>), StoreError> {
        let Ok(did) = method.did_str().parse::<Did>() else {
            return Ok((None, None));
        };
        if self.authorities.contains(&did) {
            return Ok((Some(Ordering::Authority), PublicKey::from_did(&did).ok()));
        }
        let Some(brand) = self.known.brand(&self.store, &did).await? else {
            return Ok((None, None));
        };
        let key = brand.keys.document.key(method);
        let key = key.and_then(|key| PublicKey::from_multibase(key).ok());
        Ok((Some(Ordering::Brand(did)), key))
    }
}

fn claims<C: DeserializeOwned>(payload: &[u8]) -> Result<C, json::Fault> {
    json::parse(payload, MAX_CLAIMS_BYTES).and_then(|document| json::decode(document.root()))
}

impl From<DestructionFound> for DestructionRow {
    fn from(found: DestructionFound) -> Self {
        let itself = (!is_cleared(found.step)).then(|| ITSELF.to_owned());
        Self {
            index: found.index,
            controller: found.controller,
            leaves: found.leaves,
            ground: found.ground,
            order: found.order,
            time: found.time,
            pending: itself.into_iter().chain(found.waiting).collect(),
        }
    }
}
