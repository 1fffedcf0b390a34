//! The records of a bundle, replayed in the log's order.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use placet_schemas::id::{Did, Digest};
use placet_schemas::json::FaultCode;
use placet_schemas::lifecycle::{self, State, TransitionError};
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Kind, Record};
use placet_schemas::time::Timestamp;

use super::checkpoints::Seen;
use super::format::{Opening, Unverified};
use super::place;
use super::verdict::{Findings, Question, Story, StoryEvent};
use crate::arrival::{self, Refusal, Setting, Signatures};
use crate::merkle;
use crate::trust::Log;

/// What the openings tell, as far as they hold.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) records: Vec<Opened>,
    keys: BTreeMap<Did, usize>,
    requests: BTreeMap<Digest, usize>,
    /// The consent's events, in order.
    pub(super) events: Vec<Event>,
}

/// A record that is in the log and is rightly signed.
#[derive(Debug)]
pub(super) struct Opened {
    /// Its place among the bundle's openings.
    pub(super) at: usize,
    pub(super) index: u64,
    pub(super) record: Record,
}

/// An event of the consent.
#[derive(Debug)]
pub(super) struct Event {
    /// Its place among [`Chain::records`].
    position: usize,
    /// The state after it, shared with the event before if nothing changed: a bundle may hold thousands of them.
    state: Rc<State>,
}

impl Chain {
    /// Checks each opening against the head and each record against what comes before it. Nothing is built on what does not
    /// hold: else whoever adds a forgery to a true bundle could make it accuse the operator.
    pub(super) fn replay(bundle: &Unverified<'_>, log: &Log, head: &Seen, findings: &mut Findings) -> Self {
        let opened = open_all(bundle, head, findings);
        let mut signatures = Signatures::default();
        signatures.check_ahead(opened.iter().map(|opened| &opened.record));
        let mut chain = Self::default();
        for opened in opened {
            if chain.check_record(bundle, log, &opened, &mut signatures, findings) {
                chain.admit(bundle, opened, findings);
            }
        }
        if chain.events.is_empty() {
            findings.missing(
                Question::Recorded,
                "grant_missing",
                "/openings",
                "no grant of this consent is in the bundle",
                "ask for a bundle that contains the grant",
            );
        }
        chain.check_nothing_else(findings);
        chain
    }

    /// The state after the events below `size`.
    pub(super) fn state_at(&self, size: u64) -> Option<&State> {
        let below = self.events.iter().take_while(|event| self.of(event).index < size);
        below.last().map(|event| event.state.as_ref())
    }

    /// The keys of a controller that were in force below `size`.
    pub(super) fn keys_below(&self, controller: &Did, size: u64) -> Option<&ControllerKeys> {
        let below = self.records.iter().take_while(|opened| opened.index < size);
        let keys = below.filter_map(|opened| match &opened.record.body {
            Body::ControllerKeys(keys) if keys.document.id() == controller => Some(&**keys),
            _ => None,
        });
        keys.last()
    }

    /// The records of the consent and of its requests below `size`, in order.
    pub(super) fn told_below(&self, size: u64) -> impl Iterator<Item = &Opened> {
        let events: BTreeSet<usize> = self.events.iter().map(|event| event.position).collect();
        let below = self
            .records
            .iter()
            .enumerate()
            .take_while(move |(_, opened)| opened.index < size);
        below
            .filter(move |(at, opened)| events.contains(at) || opened.record.kind() == Kind::ConsentRequest)
            .map(|(_, opened)| opened)
    }

    /// The record of an event.
    pub(super) fn of(&self, event: &Event) -> &Opened {
        &self.records[event.position]
    }

    /// The requests in the bundle.
    pub(super) fn requests(&self) -> impl Iterator<Item = &ConsentRequest> {
        self.requests.values().filter_map(|position| self.request_at(*position))
    }

    /// The story for people; `None` when there is none.
    pub(super) fn into_story(self, seen: &[Seen], at: Option<Timestamp>) -> Option<Story> {
        let state = self.events.last()?.state.as_ref().clone();
        let head = seen.last()?;
        let events = self.events.iter().map(|event| {
            let Opened { index, record, .. } = self.of(event);
            let containing = seen.iter().filter(|s| s.size > *index).filter_map(|s| s.times);
            StoryEvent {
                index: *index,
                kind: record.kind(),
                digest: record.digest(),
                signer: record.issuer.clone(),
                claimed: record.valid_from,
                existed_by: containing.map(|times| times.existed_by).min(),
            }
        });
        Some(Story {
            consent: state.consent,
            subject: state.subject.clone(),
            controller: state.controller.clone(),
            legal_name: self
                .keys_of(&state.controller)
                .map(|k| k.legal_name.to_string())
                .unwrap_or_default(),
            events: events.collect(),
            effective: lifecycle::effective(&state, at.unwrap_or(state.given_at)),
            state,
            size: head.size,
            existed_by: head.times.map(|t| t.existed_by),
            fresh_at: head.times.map(|t| t.fresh_at),
        })
    }

    /// Judges the record by itself, by the keys that were in force at its index.
    fn check_record(
        &self,
        bundle: &Unverified<'_>,
        log: &Log,
        opened: &Opened,
        signatures: &mut Signatures,
        findings: &mut Findings,
    ) -> bool {
        let place = || place("openings", opened.at);
        let operators: Vec<Did> = match opened.record.kind() {
            Kind::ControllerKeys => log
                .operator_keys(opened.index.saturating_add(1))
                .map(|(did, _)| did.clone())
                .collect(),
            _ => Vec::new(),
        };
        let setting = Setting {
            origin: &bundle.origin,
            operators: &operators,
            keys: self.keys_of(arrival::answers_for(&opened.record)),
            now: None,
        };
        match arrival::check_with(&opened.record, &setting, signatures) {
            Ok(noticed) => {
                for finding in noticed {
                    findings.note(finding.code(), place(), "a withdrawal counts all the same");
                }
                return true;
            }
            Err(Refusal::ControllerUnknown(did)) => findings.missing(
                Question::Recorded,
                "controller_keys_missing",
                place(),
                format!("the keys of {did} at that index are not in the bundle"),
                "ask for a bundle with the ControllerKeys record",
            ),
            Err(refusal) => findings.wrong(Question::Recorded, refusal.code(), place(), refusal.to_string()),
        }
        false
    }

    fn admit(&mut self, bundle: &Unverified<'_>, opened: Opened, findings: &mut Findings) {
        let position = self.records.len();
        let place = || place("openings", opened.at);
        match &opened.record.body {
            Body::ControllerKeys(keys) => {
                self.keys.insert(keys.document.id().clone(), position);
            }
            Body::ConsentRequest(_) => {
                if self.requests.insert(opened.record.digest(), position).is_some() {
                    let why = "the request is there twice";
                    findings.wrong(Question::Recorded, "request_repeated", place(), why);
                }
            }
            _ => match self.follow(bundle.consent, &opened.record) {
                Ok(state) => self.events.push(Event { position, state }),
                Err(error @ (TransitionError::RequestUnknown | TransitionError::ConsentUnknown)) => findings.missing(
                    Question::Recorded,
                    error.code(),
                    place(),
                    error.to_string(),
                    "ask for a bundle that contains what this record refers to",
                ),
                Err(error) => findings.wrong(Question::Recorded, error.code(), place(), error.to_string()),
            },
        }
        self.records.push(opened);
    }

    fn follow(&self, consent: Digest, record: &Record) -> Result<Rc<State>, TransitionError> {
        if record.consent() != Some(consent) {
            return Err(TransitionError::Illegal(record.kind()));
        }
        let request = named_request(record).and_then(|digest| self.request_at(*self.requests.get(&digest)?));
        let before = self.events.last().map(|event| &event.state);
        let after = lifecycle::apply(before.map(Rc::as_ref), record, request)?;
        Ok(match before {
            Some(before) if **before == after => Rc::clone(before),
            _ => Rc::new(after),
        })
    }

    fn request_at(&self, position: usize) -> Option<&ConsentRequest> {
        match &self.records[position].record.body {
            Body::ConsentRequest(request) => Some(request),
            _ => None,
        }
    }

    fn keys_of(&self, did: &Did) -> Option<&ControllerKeys> {
        match &self.records[*self.keys.get(did)?].record.body {
            Body::ControllerKeys(keys) => Some(keys),
            _ => None,
        }
    }

    /// A bundle proves one thing: what belongs to another could mislead, or carry somebody else's data.
    fn check_nothing_else(&self, findings: &mut Findings) {
        let Some(last) = self.events.last() else { return };
        let events = self.events.iter().map(|event| &self.of(event).record);
        let named: BTreeSet<Digest> = events.filter_map(named_request).collect();
        for Opened { at, record, .. } in &self.records {
            let belongs = match &record.body {
                Body::ControllerKeys(keys) => *keys.document.id() == last.state.controller,
                Body::ConsentRequest(_) => named.contains(&record.digest()),
                _ => true,
            };
            if !belongs {
                let why = "the record does not belong to this consent";
                findings.wrong(Question::Recorded, "unexpected_opening", place("openings", *at), why);
            }
        }
    }
}

/// The openings that are in the log, in its order.
fn open_all(bundle: &Unverified<'_>, head: &Seen, findings: &mut Findings) -> Vec<Opened> {
    let mut all = Vec::with_capacity(bundle.openings.len());
    let mut previous = None;
    for (at, opening) in bundle.openings.iter().enumerate() {
        if previous >= Some(opening.index) {
            let why = "openings stand in ascending order of index";
            findings.wrong(Question::Recorded, "openings_unordered", place("openings", at), why);
            continue;
        }
        previous = Some(opening.index);
        let record = read(bundle, opening, at, findings);
        if let Some(record) = record.filter(|record| is_included(record, opening, head, at, findings)) {
            let index = opening.index;
            all.push(Opened { at, index, record });
        }
    }
    all
}

fn read(bundle: &Unverified<'_>, opening: &Opening<'_>, at: usize, findings: &mut Findings) -> Option<Record> {
    let fault = match Record::from_canonical(bundle.document.bytes(), opening.record) {
        Ok(record) => return Some(record),
        Err(fault) => fault,
    };
    let place = format!("/openings/{at}/record{}", fault.pointer);
    if fault.code == FaultCode::UnsupportedVersion {
        let help = "use a newer program";
        findings.missing(Question::Recorded, "unsupported_version", place, fault.message, help);
    } else {
        findings.wrong(Question::Recorded, "record_malformed", place, fault.message);
    }
    None
}

fn is_included(record: &Record, opening: &Opening<'_>, head: &Seen, at: usize, findings: &mut Findings) -> bool {
    let leaf = merkle::leaf_hash(&opening.salt.leaf(&record.digest()));
    match merkle::verify_inclusion(&leaf, opening.index, head.size, &opening.proof, &head.root) {
        Ok(()) => true,
        Err(error) => {
            let place = place("openings", at);
            findings.wrong(Question::Recorded, "not_included", place, error.to_string());
            false
        }
    }
}

fn named_request(record: &Record) -> Option<Digest> {
    match &record.body {
        Body::ConsentGrant(grant) => Some(grant.request),
        Body::Renewal(renewal) => Some(renewal.request),
        _ => None,
    }
}
