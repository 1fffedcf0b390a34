//! What is known, in memory: decisions are made from here.
//!
//! It holds the state at the newest verified head and nothing beyond: pages of a backlog are collected in a [`Delta`], and
//! taken over when the feed adds up. Else a grant could count while the withdrawal after it is still on its way.

mod book;
mod index;

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::Arc;

use placet_kernel::decision::{Consent, Direct, DisclosedHead, Freshness, Policy, Pool, Register, Requests, State};
use placet_schemas::api::WebhookType;
use placet_schemas::authzen::{CustomerRef, Whom};
use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::time::Timestamp;

use crate::store::Entry;
use crate::webhook::Event;

use book::Book;
use index::Index;

/// The replica.
#[derive(Debug)]
pub(crate) struct Replica {
    origin: Origin,
    controller: Did,
    /// Each where it is, so that the table has room for more without moving them or waiting for as many again.
    consents: HashMap<u64, Box<Consent>>,
    by_id: Index<u64>,
    by_person: Index<u64>,
    by_invitation: Index<u64>,
    /// Who has only a code asks without saying for which consent.
    by_withdrawal_key: Index<u64>,
    book: Book,
    requests: Requests,
    keys: Option<ControllerKeys>,
    policy: Arc<Policy>,
    register: Option<Register>,
    /// What a decision calls the two.
    rules: Digest,
    /// Whether there is to be a register.
    wants_register: bool,
    standing: Option<(Arc<DisclosedHead>, u64)>,
    /// Consents that were ended at the brand itself, known here or not yet: a replica that is read anew still knows of them.
    handed: HashMap<Digest, Direct>,
    /// Whether evidence was refused and nothing has shown since that all is well.
    pub(crate) broken: bool,
    pool: Pool,
}

/// What pages brought that are not yet counted by a verified head.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    /// Consents by the index of their grant; nothing for one that was destroyed.
    pub(crate) consents: BTreeMap<u64, Option<Consent>>,
    pub(crate) requests: Vec<(Digest, ConsentRequest)>,
    pub(crate) keys: Option<ControllerKeys>,
    /// What goes from the brand's book.
    pub(crate) book: Vec<Entry>,
}

/// In numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Consents, whatever their state.
    pub consents: usize,
    /// References in the brand's book.
    pub customers: usize,
    /// Requests.
    pub requests: usize,
}

impl Replica {
    pub(crate) fn new(origin: Origin, controller: Did, pool: Pool) -> Self {
        Self {
            origin,
            controller,
            consents: HashMap::new(),
            by_id: Index::default(),
            by_person: Index::default(),
            by_invitation: Index::default(),
            by_withdrawal_key: Index::default(),
            book: Book::default(),
            requests: Requests::default(),
            keys: None,
            rules: Policy::default().digest(None),
            policy: Arc::default(),
            register: None,
            wants_register: false,
            standing: None,
            handed: HashMap::new(),
            broken: false,
            pool,
        }
    }

    /// Whether there is a verified head that all of this is counted by.
    pub(crate) const fn stands(&self) -> bool {
        self.standing.is_some()
    }

    pub(crate) const fn keys(&self) -> Option<&ControllerKeys> {
        self.keys.as_ref()
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            consents: self.consents.len(),
            customers: self.book.customers(),
            requests: self.requests.iter().count(),
        }
    }

    /// Takes over what a verified head counts.
    pub(crate) fn take(&mut self, delta: Delta) {
        for (digest, request) in &delta.requests {
            self.requests.add(*digest, request);
        }
        if let Some(keys) = delta.keys {
            self.keys = Some(keys);
        }
        for (index, consent) in delta.consents {
            match consent {
                Some(consent) => self.put(index, consent),
                None => self.remove(index),
            }
        }
        self.write_book(&delta.book);
        self.pool.tidy();
    }

    /// A verified head, come at `steady`.
    pub(crate) fn stand(&mut self, head: DisclosedHead, steady: u64) {
        // The same head again is no fresh one, however often somebody on the way sends it.
        if self.standing.as_ref().is_none_or(|(held, _)| **held != head) {
            self.standing = Some((Arc::new(head), steady));
        }
    }

    /// Forgets what came from the feed, to read it anew. The brand's book stays, and what was handed to the brand.
    pub(crate) fn begin_anew(&mut self, misbehaved: bool) {
        let fresh = Self::new(self.origin.clone(), self.controller.clone(), Pool::default());
        let old = core::mem::replace(self, fresh);
        (self.book, self.handed) = (old.book, old.handed);
        (self.policy, self.register, self.wants_register) = (old.policy, old.register, old.wants_register);
        self.rules = old.rules;
        self.broken = misbehaved;
    }

    pub(crate) fn put(&mut self, index: u64, mut consent: Consent) {
        self.pool.share(&mut consent);
        self.place(index, Box::new(consent));
    }

    /// Puts a consent there whose grants are of the pool already.
    pub(crate) fn place(&mut self, index: u64, mut consent: Box<Consent>) {
        if consent.phase == Phase::Given {
            // The log has no word yet of what was handed to the brand itself.
            consent.direct = consent.direct.or_else(|| self.handed.get(&consent.id).copied());
        } else {
            self.handed.remove(&consent.id);
        }
        if self.consents.insert(index, consent).is_none() {
            let consents = &self.consents;
            self.by_id.insert(index, |hasher, at| hasher.hash_one(&consents[at].id));
            self.by_person
                .insert(index, |hasher, at| hasher.hash_one(&consents[at].subject));
            self.by_invitation
                .insert(index, |hasher, at| hasher.hash_one(&consents[at].invitation));
            self.by_withdrawal_key
                .insert(index, |hasher, at| hasher.hash_one(&consents[at].withdrawal_key));
        }
    }

    fn remove(&mut self, index: u64) {
        let Some(consent) = self.consents.remove(&index) else {
            return;
        };
        self.handed.remove(&consent.id);
        self.by_id.remove(&consent.id, &index);
        self.by_person.remove(&consent.subject, &index);
        self.by_invitation.remove(&consent.invitation, &index);
        self.by_withdrawal_key.remove(&consent.withdrawal_key, &index);
    }

    /// The ids of all consents.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Digest> {
        self.consents.values().map(|consent| &consent.id)
    }

    /// The consent of this id, with the log index of its grant.
    pub(crate) fn find(&self, id: &Digest) -> Option<(u64, &Consent)> {
        self.newest(self.by_id.find(id), |consent| consent.id == *id)
    }

    /// Whether a person ended this consent at the brand itself, and the log does not have that yet.
    pub(crate) fn was_handed(&self, id: &Digest) -> bool {
        self.handed.contains_key(id)
    }

    /// The consent that this key can end.
    pub(crate) fn by_withdrawal_key(&self, key: &Did) -> Option<Digest> {
        let may = self.by_withdrawal_key.find(key);
        let (_, consent) = self.newest(may, |consent| consent.withdrawal_key == *key)?;
        Some(consent.id)
    }

    /// The consent that answers this invitation.
    pub(crate) fn answering(&self, invitation: &Digest) -> Option<&Consent> {
        let may = self.by_invitation.find(invitation);
        let (_, consent) = self.newest(may, |consent| consent.invitation == *invitation)?;
        Some(consent)
    }

    /// The newest of these that is one that is looked for.
    fn newest<'a>(&self, may: impl Iterator<Item = &'a u64>, is: impl Fn(&Consent) -> bool) -> Option<(u64, &Consent)> {
        may.filter_map(|index| Some((*index, self.at(*index)?)))
            .filter(|(_, consent)| is(consent))
            .max_by_key(|(index, _)| *index)
    }

    /// The consent whose grant is at this index.
    pub(crate) fn at(&self, index: u64) -> Option<&Consent> {
        self.consents.get(&index).map(Box::as_ref)
    }

    /// Notes that a person ended a consent at the brand itself, also one that the feed has yet to bring.
    pub(crate) fn end_directly(&mut self, id: &Digest, direct: Direct) {
        let index = self.find(id).map(|(index, _)| index);
        match index.and_then(|index| self.consents.get_mut(&index)) {
            Some(consent) if consent.has_ended() => return,
            Some(consent) => consent.direct = Some(direct),
            None => {}
        }
        self.handed.insert(*id, direct);
    }

    /// What the brand is told when a customer hands her withdrawal over.
    pub(crate) fn withdrawn(&self, id: &Digest, at: Timestamp) -> Option<Event> {
        let (_, consent) = self.find(id)?;
        let customer = self.customer_of(&consent.invitation)?.clone();
        let ids = (consent.request, consent.invitation, consent.id);
        Some(Event::of_consent(WebhookType::Withdrawn, customer, at, ids, None))
    }

    pub(crate) fn customer_of(&self, invitation: &Digest) -> Option<&CustomerRef> {
        self.book.customer_of(invitation)
    }

    /// The invitations of a customer, if there is one.
    pub(crate) fn invitations_of(&self, customer: &CustomerRef) -> Option<Vec<Digest>> {
        let mut theirs: Vec<Digest> = self.book.invitations_of(customer).copied().collect();
        theirs.sort_unstable();
        Some(theirs).filter(|theirs| !theirs.is_empty())
    }

    /// Changes the book.
    pub(crate) fn write_book(&mut self, entries: &[Entry]) {
        for Entry { invitation, after } in entries {
            self.book.strike(invitation);
            if let Some(after) = after {
                self.book.enter(*invitation, after.clone());
            }
        }
    }

    /// The policy in force.
    pub(crate) const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Takes over a policy.
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        self.policy = Arc::new(policy);
        self.rules = self.policy.digest(self.register.as_ref());
    }

    /// Takes over a register.
    pub(crate) fn set_register(&mut self, register: Register) {
        self.rules = self.policy.digest(Some(&register));
        self.register = Some(register);
    }

    /// Says whether there is to be a register.
    pub(crate) fn lacks_register(&mut self, wanted: bool) {
        self.wants_register = wanted;
    }

    /// Begins with the brand's book.
    pub(crate) fn open_book(&mut self, book: Vec<(Digest, CustomerRef)>) {
        for (invitation, customer) in book {
            self.book.enter(invitation, customer);
        }
    }

    /// What is known of whom a question names, in log order; `None` when nobody is meant.
    pub(crate) fn known(&self, whom: &Whom) -> Option<Vec<&Consent>> {
        let mut theirs: Vec<&Consent> = match whom {
            Whom::Customer(customer) => {
                let mut invitations = self.book.invitations_of(customer).peekable();
                invitations.peek()?;
                invitations
                    .filter_map(|invitation| self.answering(invitation))
                    .collect()
            }
            Whom::Person(did) => {
                let theirs: Vec<&Consent> = self.of_person(did).collect();
                theirs.first()?;
                theirs
            }
        };
        theirs.sort_unstable_by_key(|consent| consent.events.first().map(|grant| grant.index));
        Some(theirs)
    }

    fn of_person(&self, did: &Did) -> impl Iterator<Item = &Consent> {
        let may = self.by_person.find(did).filter_map(|index| self.at(*index));
        may.filter(move |consent| consent.subject == *did)
    }

    /// Whether this DID is a person's who gave a consent here.
    pub(crate) fn is_person(&self, did: &Did) -> bool {
        self.of_person(did).next().is_some()
    }

    /// The verified head, as decisions disclose it.
    pub(crate) fn head(&self) -> Option<&Arc<DisclosedHead>> {
        self.standing.as_ref().map(|(head, _)| head)
    }

    /// What a decision rests on. `steady` is now, by the clock that nobody sets.
    pub(crate) fn state<'a>(&'a self, consents: Option<&'a [&'a Consent]>, steady: u64) -> State<'a> {
        State {
            origin: &self.origin,
            controller: &self.controller,
            registered: self.keys.is_some(),
            requests: &self.requests,
            freshness: self.standing.as_ref().map(|(head, came)| Freshness {
                head,
                silent_for: steady.saturating_sub(*came),
            }),
            broken: self.broken || (self.wants_register && self.register.is_none()),
            consents,
            register: self.register.as_ref(),
            rules: self.rules,
        }
    }

    /// The digests of what is granted.
    pub(crate) fn granted(&self) -> Vec<Digest> {
        self.pool.digests()
    }
}
