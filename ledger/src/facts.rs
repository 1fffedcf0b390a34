//! Everything that a batch is judged by, read before it: a fixed number of queries, however many records there are.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use placet_kernel::arrival::answers_for;
use placet_schemas::id::{Did, Digest};
use placet_schemas::record::{Body, Kind};

use crate::arrive::Arrival;
use crate::crypto::{Blinded, RecordSecret};
use crate::error::StoreError;
use crate::known::{Brand, Request};
use crate::node::Node;
use crate::store::{ConsentRow, ControllerFound, InvitationRow};

/// What the databases know that may matter for these records.
pub(crate) struct Facts {
    /// Records by blinded digest, (signer, id) or withdrawal key.
    pub(crate) lookups: HashMap<Blinded, u64>,
    /// The brand under which a person's DID is in use.
    pub(crate) subjects: HashMap<Blinded, u64>,
    /// Consents by the index of their grant.
    pub(crate) consents: HashMap<u64, ConsentRow>,
    /// Sealed answers to records that are there already.
    pub(crate) answers: HashMap<u64, Vec<u8>>,
    /// Which of those lost their opening: they are as good as unknown.
    pub(crate) destroyed: HashSet<u64>,
    /// Secrets of those records and of the grants.
    pub(crate) secrets: HashMap<u64, Arc<RecordSecret>>,
    pub(crate) requests: HashMap<Digest, Arc<Request>>,
    pub(crate) invitations: HashMap<Digest, InvitationRow>,
    pub(crate) notices: HashMap<Digest, Vec<u8>>,
    pub(crate) controllers: HashMap<u64, ControllerFound>,
    /// The keys in force of every brand that answers for one of these records.
    pub(crate) brands: HashMap<Did, Arc<Brand>>,
}

impl Facts {
    /// Reads them. `size` is that of the head: whatever lies beyond it in the keyring is of records that were never
    /// committed.
    pub(crate) async fn gather(node: &Node, arrivals: &[&Arrival], size: u64) -> Result<Self, StoreError> {
        let (keyring, store) = (&node.keyring, &node.store);
        let blinds = arrivals.iter().map(|a| &a.blinds);
        let asked = blinds
            .clone()
            .flat_map(|b| [Some(b.digest), Some(b.signer_id), b.grant, b.withdrawal_key]);
        let mut lookups = keyring.find(&unique(asked.flatten())).await?;
        lookups.retain(|_, index| *index < size);
        let mut subjects = keyring
            .first_members(&unique(blinds.clone().filter_map(|b| b.subject)))
            .await?;
        subjects.retain(|_, index| *index < size);

        let grants = blinds.clone().filter_map(|b| lookups.get(&b.grant?).copied());
        let doomed = arrivals.iter().filter_map(|a| doomed(a));
        let grants = unique(grants.chain(subjects.values().copied()).chain(doomed));
        let consents = store.consents_of(&grants).await?;
        let replayed = unique(blinds.filter_map(|b| lookups.get(&b.digest).copied()));
        let secrets = keyring
            .secrets(&unique(grants.into_iter().chain(replayed.iter().copied())))
            .await?;

        let requests = node
            .known
            .requests(store, &unique(arrivals.iter().filter_map(|a| named_request(a))))
            .await?;
        let hashes = arrivals
            .iter()
            .filter_map(|a| Some(a.record.proof.challenge.as_ref()?.digest()));
        let notices = arrivals.iter().flat_map(|a| named_notices(a));
        let controller_ids = requests
            .values()
            .map(|r| r.found.controller_id)
            .chain(consents.values().map(|c| c.controller));
        let controller_ids = unique(controller_ids);
        let dids = unique(arrivals.iter().filter_map(|a| brand_of(a)));
        let controllers = store.controllers_of(&controller_ids, &dids).await?;
        Ok(Self {
            subjects: subjects
                .into_iter()
                .filter_map(|(b, grant)| Some((b, consents.get(&grant)?.controller)))
                .collect(),
            answers: store.answers(&replayed).await?,
            destroyed: store.destroyed_of(&replayed).await?.into_keys().collect(),
            secrets: secrets
                .into_iter()
                .map(|(index, secret)| (index, Arc::new(secret)))
                .collect(),
            invitations: store.invitations_of(&unique(hashes)).await?,
            notices: store.notices_of(&unique(notices)).await?,
            controllers: controllers.into_iter().map(|found| (found.id, found)).collect(),
            brands: brands(node, arrivals).await?,
            lookups,
            consents,
            requests,
        })
    }
}

/// The request whose claims are needed to judge the record.
fn named_request(arrival: &Arrival) -> Option<Digest> {
    match &arrival.record.body {
        Body::ConsentGrant(grant) => Some(grant.request),
        Body::Renewal(renewal) => Some(renewal.request),
        Body::ConsentRequest(request) => request.supersedes.as_ref().map(|earlier| earlier.request),
        _ => None,
    }
}

fn named_notices(arrival: &Arrival) -> Vec<Digest> {
    match &arrival.record.body {
        Body::ConsentRequest(request) => request.notices.iter().map(|(_, digest)| digest).collect(),
        _ => Vec::new(),
    }
}

/// The brand that a public record, a destruction or a verifier's batch is about.
fn brand_of(arrival: &Arrival) -> Option<&Did> {
    match &arrival.record.body {
        Body::ConsentRequest(_) => Some(&arrival.record.issuer),
        Body::ControllerKeys(keys) => Some(keys.document.id()),
        Body::Destruction(destruction) => Some(&destruction.controller),
        Body::AccessBatch(batch) => Some(&batch.controller),
        _ => None,
    }
}

/// The grant of the consent that is to be destroyed.
fn doomed(arrival: &Arrival) -> Option<u64> {
    match &arrival.record.body {
        Body::Destruction(destruction) => Some(destruction.leaves.first()),
        _ => None,
    }
}

async fn brands(node: &Node, arrivals: &[&Arrival]) -> Result<HashMap<Did, Arc<Brand>>, StoreError> {
    let mut brands = HashMap::new();
    for arrival in arrivals
        .iter()
        .filter(|a| a.keys_index.is_some() && a.record.kind() != Kind::ControllerKeys)
    {
        let did = answers_for(&arrival.record);
        // Kept in memory: see `Known`.
        if !brands.contains_key(did)
            && let Some(brand) = node.known.brand(&node.store, did).await?
        {
            brands.insert(did.clone(), brand);
        }
    }
    Ok(brands)
}

fn unique<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}
