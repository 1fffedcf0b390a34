//! What is known when a decision is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use placet_schemas::id::{Did, Digest, Origin};
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::Kind;
use placet_schemas::record::consent::Strength;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::scope::Scope;
use placet_schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::disclosed::DisclosedHead;
use super::policy::Policy;
use super::register::Register;

/// How far the operator's clock may be ahead of ours, in seconds. Beyond, the age of what is known cannot be told: a head
/// from the future would stay young for as long as it is ahead.
pub const MAX_AHEAD_SECONDS: u64 = 10;

/// Everything that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// The log.
    pub origin: &'a Origin,
    /// The brand whose feed is known here.
    pub controller: &'a Did,
    /// Whether that brand's keys are in the feed: whether it is registered at all.
    pub registered: bool,
    /// The requests of the feed.
    pub requests: &'a Requests,
    /// The newest verified head, if there is one.
    pub freshness: Option<Freshness<'a>>,
    /// Whether evidence was refused, or what is kept here was found altered, and nothing has shown since that all is well.
    pub broken: bool,
    /// What is known of the person whom the question names; `None` when she is not known at all.
    pub consents: Option<&'a [&'a Consent]>,
    /// The brand's signed register of its processing, if it keeps one here.
    pub register: Option<&'a Register>,
    /// [`Policy::digest`](super::Policy::digest) of the policy that decides, with this register: of a policy with many purposes
    /// it is no work for every decision.
    pub rules: Digest,
}

/// How old what is known is.
#[derive(Debug, Clone, Copy)]
pub struct Freshness<'a> {
    /// The newest verified head.
    pub head: &'a DisclosedHead,
    /// Seconds since it arrived, by a clock that is never set.
    pub silent_for: u64,
}

/// What a replica keeps of one consent. In memory what is granted is shared; written down, it is named by its digest (`G`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent<G = Arc<Granted>> {
    /// Its id.
    pub id: Digest,
    /// The person's pairwise DID.
    pub subject: Did,
    /// The key that can end it when her own is lost.
    pub withdrawal_key: Did,
    /// SHA-256 of the invitation that the grant answered: by it a brand knows its customer.
    pub invitation: Digest,
    /// The request that is answered now.
    pub request: Digest,
    /// When it expires.
    pub valid_until: Timestamp,
    /// Whether it has ended, and how.
    pub phase: Phase,
    /// What gave, changed or ended it, in log order; the first is the grant.
    pub events: Vec<Event<G>>,
    /// An ending that the person handed to the brand itself, and that the log does not have yet.
    pub direct: Option<Direct>,
    /// Whether the log has a record of it that should not be there: what is in force then cannot be told.
    pub faulty: bool,
}

/// A withdrawal that was given to the brand directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direct {
    /// Digest of the Withdrawal; absent when she gave a code, from which the ledger makes the record.
    pub record: Option<Digest>,
}

/// One event of a consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event<G = Arc<Granted>> {
    /// Its place in the log.
    pub index: u64,
    /// The record.
    pub digest: Digest,
    /// Its kind.
    pub kind: Kind,
    /// How the last yes was authorised, as of this event.
    pub strength: Strength,
    /// What is granted after it; after an ending, what it ended. Most consents grant the same, so it is shared.
    pub granted: G,
}

/// Clauses, and which of them the person agreed to by an express statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    /// The clauses.
    pub scope: Scope,
    /// One for each clause.
    pub explicit: Vec<bool>,
}

/// What a decision needs of a request.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// All that it names, the registered one first.
    pub controllers: Vec<Did>,
    /// What it offers.
    pub clauses: Scope,
    /// The request that replaced it materially, directly or over others.
    pub superseded: Option<Digest>,
    /// Whether any later request has replaced it.
    pub replaced: bool,
    replaces: Option<Digest>,
}

/// The requests of a feed.
#[derive(Debug, Clone, Default)]
pub struct Requests(BTreeMap<Digest, RequestFacts>);

impl Requests {
    /// Adds a request; requests come in log order.
    pub fn add(&mut self, digest: Digest, request: &ConsentRequest) {
        let replaces = request.supersedes.as_ref().map(|supersedes| supersedes.request);
        let material = request
            .supersedes
            .as_ref()
            .is_some_and(|supersedes| supersedes.material);
        let facts = RequestFacts {
            controllers: request
                .controllers
                .all()
                .iter()
                .map(|controller| controller.id.clone())
                .collect(),
            clauses: request.clauses.clone(),
            superseded: None,
            replaced: false,
            replaces,
        };
        // Whoever agreed to an earlier one of the chain has not seen the change either.
        let mut earlier = replaces;
        while let Some(facts) = earlier.and_then(|digest| self.0.get_mut(&digest)) {
            facts.replaced = true;
            if material && facts.superseded.is_none() {
                facts.superseded = Some(digest);
            }
            // A request names one that was there before it by its digest, so there is no circle.
            earlier = facts.replaces;
        }
        self.0.entry(digest).or_insert(facts);
    }

    /// The facts of one.
    #[must_use]
    pub fn get(&self, digest: &Digest) -> Option<&RequestFacts> {
        self.0.get(digest)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&Digest, &RequestFacts)> {
        self.0.iter()
    }
}

impl State<'_> {
    /// Whether nothing that is known here can be relied on because of its age.
    #[must_use]
    pub fn is_stale(&self, policy: &Policy, now: Timestamp) -> bool {
        self.freshness
            .is_none_or(|fresh| fresh.age(now).is_none_or(|age| age >= policy.max_staleness))
    }

    /// Whether this one is the brand, or named beside it in one of its requests.
    pub(super) fn has_controller(&self, asking: &Did) -> bool {
        let named = || {
            self.requests
                .iter()
                .any(|(_, request)| request.controllers.contains(asking))
        };
        self.registered && (asking == self.controller || named())
    }
}

impl Freshness<'_> {
    /// Seconds since the operator signed the head; `None` when its clock is so far ahead of ours that this cannot be told.
    /// Both clocks count whole seconds, so the true age is less than one more.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<u64> {
        let signed = self.head.head().time;
        if signed.unix() > now.unix().saturating_add(MAX_AHEAD_SECONDS) {
            return None;
        }
        // A clock that was set back makes a head look young; how long it has been here does not change by that.
        Some(now.unix().saturating_sub(signed.unix()).max(self.silent_for))
    }
}

impl<G> Consent<G> {
    /// The same with what is granted told otherwise; `None` if that fails for one event.
    pub fn map<H>(&self, mut tell: impl FnMut(&G) -> Option<H>) -> Option<Consent<H>> {
        let event = |event: &Event<G>| {
            Some(Event {
                index: event.index,
                digest: event.digest,
                kind: event.kind,
                strength: event.strength,
                granted: tell(&event.granted)?,
            })
        };
        Some(Consent {
            id: self.id,
            subject: self.subject.clone(),
            withdrawal_key: self.withdrawal_key.clone(),
            invitation: self.invitation,
            request: self.request,
            valid_until: self.valid_until,
            phase: self.phase,
            events: self.events.iter().map(event).collect::<Option<_>>()?,
            direct: self.direct,
            faulty: self.faulty,
        })
    }

    /// Whether it has ended: by the log, or by a withdrawal that the log does not have yet.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.phase != Phase::Given || self.direct.is_some()
    }
}
