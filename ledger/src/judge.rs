//! Puts the records of a batch in their places, one after the other, each judged by all that came before it.
//!
//! Pure: the facts were gathered before, and nothing is written here. A refused record leaves no trace, not even an index.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use placet_kernel::arrival::answers_for;
use placet_kernel::merkle::Frontier;
use placet_schemas::id::{Did, Digest};
use placet_schemas::lifecycle::{self, TransitionError};
use placet_schemas::notice::CanonicalNotice;
use placet_schemas::record::consent::ConsentGrant;
use placet_schemas::record::destruction::Destruction;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Kind};
use placet_schemas::text::Text;
use placet_schemas::time::Timestamp;

use crate::arrive::{Arrival, StoredText};
use crate::crypto::{Blinded, Purpose};
use crate::destroy::look_on;
use crate::error::{Ground, StoreError, SubmitError};
use crate::facts::Facts;
use crate::known::{Brand, Request};
use crate::life::{Life, MAX_EVENTS};
use crate::node::Node;
use crate::store::{RequestFound, SpentWrite};

/// What became of a record.
pub(crate) enum Verdict {
    /// It has the place with this number among [`Judge::placed`].
    Placed(usize),
    /// The same bytes have it.
    Repeated(usize),
    /// It was recorded before; this is the first answer.
    Replayed {
        /// Its index.
        index: u64,
        /// The answer.
        answer: Vec<u8>,
    },
    /// It is not recorded.
    Refused(SubmitError),
}

/// A record in its place.
pub(crate) struct Placed {
    pub(crate) arrival: Arrival,
    pub(crate) index: u64,
    pub(crate) controller: u64,
    pub(crate) seq: u64,
    pub(crate) consent: Option<Digest>,
}

/// A brand's feed as the batch leaves it.
pub(crate) struct Feed {
    pub(crate) did: Did,
    pub(crate) legal_name: Text,
    pub(crate) keys_index: u64,
    pub(crate) frontier: Frontier,
    pub(crate) touched: bool,
}

/// Judges one batch.
pub(crate) struct Judge<'a> {
    node: &'a Node,
    facts: &'a Facts,
    now: Timestamp,
    size: u64,
    by_digest: HashMap<Digest, usize>,
    fresh: HashMap<Blinded, usize>,
    subjects: HashMap<Blinded, u64>,
    /// Grants of the consents that this batch destroys.
    doomed: HashSet<u64>,
    keys: HashMap<Did, Arc<Brand>>,
    pub(crate) placed: Vec<Placed>,
    pub(crate) feeds: HashMap<u64, Feed>,
    pub(crate) lives: HashMap<Digest, Life>,
    pub(crate) spent: HashMap<Digest, SpentWrite>,
    pub(crate) requests: HashMap<Digest, Arc<Request>>,
    pub(crate) brands: Vec<(u64, u64, Did, Arc<Brand>)>,
}

impl<'a> Judge<'a> {
    /// Starts after the first `size` leaves.
    pub(crate) fn new(node: &'a Node, facts: &'a Facts, size: u64, now: Timestamp) -> Self {
        let feed = |found: &crate::store::ControllerFound| Feed {
            did: found.did.clone(),
            legal_name: found.legal_name.clone(),
            keys_index: found.keys_index,
            frontier: found.feed.clone(),
            touched: false,
        };
        Self {
            node,
            facts,
            now,
            size,
            by_digest: HashMap::new(),
            fresh: HashMap::new(),
            subjects: HashMap::new(),
            doomed: HashSet::new(),
            keys: HashMap::new(),
            placed: Vec::new(),
            feeds: facts.controllers.iter().map(|(id, found)| (*id, feed(found))).collect(),
            lives: HashMap::new(),
            spent: HashMap::new(),
            requests: HashMap::new(),
            brands: Vec::new(),
        }
    }

    /// Judges the next record, and places it if it is accepted.
    pub(crate) fn next(&mut self, arrival: Arrival) -> Verdict {
        if let Some(position) = self.by_digest.get(&arrival.record.digest()) {
            return Verdict::Repeated(*position);
        }
        let known = self.facts.lookups.get(&arrival.blinds.digest).copied();
        if let Some(index) = known.filter(|index| !self.facts.destroyed.contains(index)) {
            return self
                .replay(index)
                .unwrap_or_else(|error| Verdict::Refused(error.into()));
        }
        match self.admit(&arrival) {
            Ok(controller) => Verdict::Placed(self.place(arrival, controller)),
            Err(refusal) => Verdict::Refused(refusal),
        }
    }

    fn replay(&self, index: u64) -> Result<Verdict, StoreError> {
        let secret = self.facts.secrets.get(&index).ok_or(StoreError::KeyLost(index))?;
        let sealed = self.facts.answers.get(&index).ok_or(StoreError::Corrupt("answer"))?;
        Ok(Verdict::Replayed {
            index,
            answer: secret.open(Purpose::Answer, sealed)?,
        })
    }

    /// Whether the record may come now, and into whose feed.
    fn admit(&mut self, arrival: &Arrival) -> Result<u64, SubmitError> {
        // Two records under one name would let a signer show either. But nothing stands between a person and her
        // withdrawal, so for that the first one's name is simply taken.
        if self.is_used(&arrival.blinds.signer_id) && arrival.record.kind() != Kind::Withdrawal {
            return Err(Ground::IdConflict.into());
        }
        self.recheck(arrival)?;
        match &arrival.record.body {
            Body::ConsentRequest(request) => self.request(arrival, request),
            Body::ConsentGrant(grant) => self.grant(arrival, grant),
            Body::ControllerKeys(keys) => Ok(self.brand(keys)),
            Body::Destruction(destruction) => self.destroy(destruction),
            Body::AccessBatch(batch) => self.feed_of(&batch.controller),
            _ => self.event(arrival),
        }
    }

    /// Checks the signature again where the brand's keys have changed since the record arrived: it counts by the snapshot
    /// in force at its index.
    fn recheck(&self, arrival: &Arrival) -> Result<(), SubmitError> {
        let did = answers_for(&arrival.record);
        let brand = self.keys.get(did).or_else(|| self.facts.brands.get(did));
        match (brand, arrival.keys_index) {
            (Some(brand), Some(checked)) if brand.keys_index != checked => {
                self.node.check(&arrival.record, Some(brand)).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn request(&mut self, arrival: &Arrival, request: &ConsentRequest) -> Result<u64, SubmitError> {
        for (language, digest) in request.notices.iter() {
            let body = self.facts.notices.get(&digest).ok_or(Ground::NoticeUnknown(digest))?;
            let notice = CanonicalNotice::parse(body).map_err(|_| StoreError::Corrupt("notice"))?;
            let agrees = notice.notice.agrees_with(request, language);
            agrees.map_err(|disagreement| Ground::NoticeDisagrees(disagreement.to_string()))?;
        }
        let did = &arrival.record.issuer;
        let controller = self.feed_of(did)?;
        if let Some(earlier) = &request.supersedes
            && self
                .find_request(&earlier.request)
                .is_none_or(|found| found.found.controller != *did)
        {
            return Err(Ground::RequestUnknown(earlier.request).into());
        }
        let StoredText::Public(record) = &arrival.text else {
            return Err(StoreError::Corrupt("request").into());
        };
        let found = RequestFound {
            digest: arrival.record.digest(),
            index: self.next_index(),
            controller_id: controller,
            controller: did.clone(),
            open: request.open,
            record: record.clone(),
        };
        self.requests.insert(
            found.digest,
            Arc::new(Request {
                found,
                body: request.clone(),
            }),
        );
        Ok(controller)
    }

    fn grant(&mut self, arrival: &Arrival, grant: &ConsentGrant) -> Result<u64, SubmitError> {
        let request = self.find_request(&grant.request);
        let state = lifecycle::apply(None, &arrival.record, request.as_deref().map(|request| &request.body));
        let state = state.map_err(refused)?;
        let request = request.ok_or_else(|| refused(TransitionError::RequestUnknown))?;
        let controller = request.found.controller_id;
        let spent = self.invitation(arrival, &grant.request)?;
        let (subject, key) = (arrival.blinds.subject, arrival.blinds.withdrawal_key);
        let (Some(subject), Some(key)) = (subject, key) else {
            return Err(StoreError::Corrupt("grant").into());
        };
        // One DID under two brands would let them find out together whom they both know. A withdrawal key under two
        // consents would end only one of them.
        let used = self
            .subjects
            .get(&subject)
            .or_else(|| self.facts.subjects.get(&subject));
        if used.is_some_and(|used| *used != controller) || self.is_used(&key) {
            return Err(Ground::DidReused.into());
        }
        let index = self.next_index();
        self.spent.insert(spent.hash, SpentWrite { by: index, ..spent });
        self.subjects.insert(subject, controller);
        let (secret, last) = (Arc::clone(&arrival.secret), (index, arrival.record.digest()));
        let life = Life {
            grant: index,
            controller,
            due: look_on(state.valid_until, request.body.proof_retention),
            state,
            last,
            events: 1,
            secret,
            touched: true,
        };
        self.lives.insert(arrival.record.digest(), life);
        Ok(controller)
    }

    fn invitation(&self, arrival: &Arrival, request: &Digest) -> Result<SpentWrite, SubmitError> {
        let challenge = arrival
            .record
            .proof
            .challenge
            .as_ref()
            .ok_or(Ground::InvitationUnknown)?;
        let hash = challenge.digest();
        let found = self
            .facts
            .invitations
            .get(&hash)
            .filter(|found| found.request == *request);
        let found = found.ok_or(Ground::InvitationUnknown)?;
        if found.spent.is_some() || self.spent.contains_key(&hash) {
            return Err(Ground::InvitationSpent.into());
        }
        if found.declined.is_some() {
            return Err(Ground::InvitationDeclined.into());
        }
        if found.expires <= self.now.unix() {
            return Err(Ground::InvitationExpired.into());
        }
        Ok(SpentWrite {
            hash,
            request: *request,
            expires: found.expires,
            by: 0,
        })
    }

    /// A brand's keys: they found its feed, or are in force from here on.
    fn brand(&mut self, keys: &ControllerKeys) -> u64 {
        let index = self.next_index();
        let did = keys.document.id();
        let known = self.feeds.iter().find(|(_, feed)| feed.did == *did).map(|(id, _)| *id);
        let id = known.unwrap_or(index);
        let feed = self.feeds.entry(id).or_insert_with(|| Feed {
            did: did.clone(),
            legal_name: keys.legal_name.clone(),
            keys_index: index,
            frontier: Frontier::new(),
            touched: true,
        });
        feed.legal_name = keys.legal_name.clone();
        feed.keys_index = index;
        let brand = Arc::new(Brand {
            keys_index: index,
            keys: keys.clone(),
        });
        self.keys.insert(did.clone(), Arc::clone(&brand));
        self.brands.push((index, id, did.clone(), brand));
        id
    }

    /// A consent's end for good. The operator listed its leaves before this batch: if another event came in between, that one
    /// would stay behind, opened for ever, so the list is made anew.
    fn destroy(&mut self, destruction: &Destruction) -> Result<u64, SubmitError> {
        let (leaves, grant) = (destruction.leaves.as_slice(), destruction.leaves.first());
        let controller = self.feed_of(&destruction.controller)?;
        let row = self
            .facts
            .consents
            .get(&grant)
            .filter(|row| row.controller == controller);
        let life = self.lives.values().find(|life| life.grant == grant);
        let now = life.map_or_else(
            || row.map(|row| (row.last, row.events)),
            |life| Some((life.last.0, life.events)),
        );
        if now != Some((destruction.leaves.last(), leaves.len() as u64)) || !self.doomed.insert(grant) {
            return Err(Ground::Overtaken.into());
        }
        self.lives.retain(|_, life| life.grant != grant);
        Ok(controller)
    }

    fn event(&mut self, arrival: &Arrival) -> Result<u64, SubmitError> {
        let record = &arrival.record;
        let consent = record
            .body
            .consent()
            .ok_or_else(|| refused(TransitionError::Illegal(record.kind())))?;
        let request = match &record.body {
            Body::Renewal(renewal) => self.find_request(&renewal.request),
            _ => None,
        };
        let last = (self.next_index(), record.digest());
        if !self.lives.contains_key(&consent) {
            let life = self
                .load(arrival)?
                .ok_or_else(|| refused(TransitionError::ConsentUnknown))?;
            self.lives.insert(consent, life);
        }
        let life = self
            .lives
            .get_mut(&consent)
            .ok_or_else(|| refused(TransitionError::ConsentUnknown))?;
        let ends = matches!(record.kind(), Kind::Withdrawal | Kind::EndedByController);
        if life.events >= MAX_EVENTS as u64 && !ends {
            return Err(Ground::TooManyEvents.into());
        }
        let state = lifecycle::apply(
            Some(&life.state),
            record,
            request.as_deref().map(|request| &request.body),
        );
        life.state = state.map_err(refused)?;
        (life.last, life.events, life.touched) = (last, life.events + 1, true);
        if let Some(request) = request {
            life.due = look_on(life.state.valid_until, request.body.proof_retention);
        } else if ends {
            // When exactly, `destroy.rs` finds out: it has the request at hand.
            life.due = 0;
        }
        Ok(life.controller)
    }

    /// The consent that the record names, from the facts.
    fn load(&self, arrival: &Arrival) -> Result<Option<Life>, StoreError> {
        let index = arrival.blinds.grant.and_then(|blind| self.facts.lookups.get(&blind));
        let row = index.and_then(|index| self.facts.consents.get(index));
        let Some(row) = row.filter(|row| !self.doomed.contains(&row.grant)) else {
            return Ok(None);
        };
        let secret = self
            .facts
            .secrets
            .get(&row.grant)
            .ok_or(StoreError::KeyLost(row.grant))?;
        Life::open(row, secret).map(Some)
    }

    fn place(&mut self, arrival: Arrival, controller: u64) -> usize {
        let (position, index) = (self.placed.len(), self.next_index());
        self.by_digest.insert(arrival.record.digest(), position);
        for blind in [Some(arrival.blinds.signer_id), arrival.blinds.withdrawal_key]
            .into_iter()
            .flatten()
        {
            self.fresh.insert(blind, position);
        }
        let mut seq = 0;
        if let Some(feed) = self.feeds.get_mut(&controller) {
            seq = feed.frontier.size();
            feed.frontier.push(arrival.leaf_hash);
            feed.touched = true;
        }
        let consent = arrival.record.consent();
        self.placed.push(Placed {
            arrival,
            index,
            controller,
            seq,
            consent,
        });
        position
    }

    /// The feed of a brand that has been found to be registered.
    fn feed_of(&self, did: &Did) -> Result<u64, SubmitError> {
        let found = self.feeds.iter().find(|(_, feed)| feed.did == *did);
        Ok(found.map(|(id, _)| *id).ok_or(StoreError::Corrupt("controller"))?)
    }

    fn next_index(&self) -> u64 {
        self.size + self.placed.len() as u64
    }

    fn is_used(&self, blind: &Blinded) -> bool {
        self.facts.lookups.contains_key(blind) || self.fresh.contains_key(blind)
    }

    fn find_request(&self, digest: &Digest) -> Option<Arc<Request>> {
        self.requests
            .get(digest)
            .or_else(|| self.facts.requests.get(digest))
            .cloned()
    }
}

pub(crate) fn refused(error: TransitionError) -> SubmitError {
    // Not even the words may tell whoever tries withdrawal keys that there is such a consent. (Other events name a consent by
    // its digest, which only its parties know, and get `wrong_signer`.)
    let error = match error {
        TransitionError::NotTheirs(_) => TransitionError::ConsentUnknown,
        other => other,
    };
    placet_kernel::arrival::Refusal::from(error).into()
}
