//! The records of a bundle, replayed in the log's order.

use std::collections::{BTreeMap, BTreeSet};

use placet_schemas::id::{Did, Digest};
use placet_schemas::json::{self, FaultCode};
use placet_schemas::lifecycle::{self, State, TransitionError};
use placet_schemas::notice::{MAX_NOTICE_BYTES, Notice};
use placet_schemas::record::consent::Shown;
use placet_schemas::record::keys::ControllerKeys;
use placet_schemas::record::{Body, Kind, Record};
use placet_schemas::statement::{Signed, StateAttestation};
use placet_schemas::time::Timestamp;

use super::checkpoints::Seen;
use super::format::{Opening, Unverified};
use super::place;
use super::verdict::{Findings, Question, Story, StoryEvent};
use crate::arrival::{self, Refusal, Setting};
use crate::keys;
use crate::merkle::{self, Hash};
use crate::trust::Log;

/// What the openings tell.
#[derive(Debug, Default)]
pub(super) struct Chain {
    records: Vec<(u64, Record)>,
    keys: BTreeMap<Did, usize>,
    requests: BTreeMap<Digest, usize>,
    /// Positions in `records` of the consent's events, each with the state after it.
    pub(super) events: Vec<(usize, State)>,
}

impl Chain {
    /// Checks each opening against the head and each record against what comes before it.
    pub(super) fn replay(bundle: &Unverified<'_>, log: &Log, head: &Seen, findings: &mut Findings) -> Self {
        let mut chain = Self::default();
        let mut previous = None;
        for (at, opening) in bundle.openings.iter().enumerate() {
            if previous >= Some(opening.index) {
                findings.wrong(
                    Question::Recorded,
                    "openings_unordered",
                    place("openings", at),
                    "openings stand in ascending order of index",
                );
            }
            previous = Some(opening.index);
            match Record::from_canonical(bundle.document.bytes(), opening.record) {
                Ok(record) => {
                    check_inclusion(&record, opening, head, at, findings);
                    chain.admit(bundle, log, record, opening.index, at, findings);
                }
                Err(fault) if fault.code == FaultCode::UnsupportedVersion => findings.missing(
                    Question::Recorded,
                    "unsupported_version",
                    format!("/openings/{at}/record{}", fault.pointer),
                    fault.message,
                    "use a newer program",
                ),
                Err(fault) => {
                    let place = format!("/openings/{at}/record{}", fault.pointer);
                    findings.wrong(Question::Recorded, "record_malformed", place, fault.message);
                }
            }
        }
        if chain.events.is_empty() {
            let help = "ask for a bundle that contains the grant";
            findings.missing(
                Question::Recorded,
                "grant_missing",
                "/openings",
                "no grant of this consent is in the bundle",
                help,
            );
        }
        chain.check_nothing_else(findings);
        chain
    }

    /// The notices that were shown are there, are those that the requests name, and agree with them.
    pub(super) fn check_notices(&self, bundle: &Unverified<'_>, findings: &mut Findings) {
        let mut found = BTreeSet::new();
        for (at, node) in bundle.notices.iter().enumerate() {
            let bytes = bundle.document.bytes().get(node.span.clone()).unwrap_or_default();
            let digest = Digest::of(bytes);
            let named = self.requests.values().find_map(|position| {
                let Body::ConsentRequest(request) = &self.records[*position].1.body else {
                    return None;
                };
                request
                    .notices
                    .iter()
                    .find(|(_, named)| *named == digest)
                    .map(|(language, _)| (request, language))
            });
            let problem = match named {
                None => Some("no request in the bundle names this notice".to_owned()),
                Some(_) if bytes.len() > MAX_NOTICE_BYTES => Some("the notice is too large".to_owned()),
                Some((request, language)) => match json::decode::<Notice>(node) {
                    Err(fault) => Some(fault.to_string()),
                    Ok(notice) => notice.agrees_with(request, language).err().map(|e| e.to_string()),
                },
            };
            if let Some(why) = problem {
                findings.wrong(Question::Recorded, "notice_invalid", place("notices", at), why);
            }
            if !found.insert(digest) {
                findings.wrong(
                    Question::Recorded,
                    "notice_repeated",
                    place("notices", at),
                    "the notice is there twice",
                );
            }
        }
        for (position, _) in &self.events {
            let shown = shown(&self.records[*position].1);
            if let Some(shown) = shown.filter(|shown| !found.contains(&shown.notice)) {
                let why = format!("the notice {} that was shown is not in the bundle", shown.notice);
                findings.missing(
                    Question::Recorded,
                    "notice_missing",
                    "/notices",
                    why,
                    "ask for the notice; it is public",
                );
            }
        }
    }

    /// Every anchor is a state of this log: its signer saw no other log.
    pub(super) fn check_anchors(&self, bundle: &Unverified<'_>, head: &Seen, findings: &mut Findings) {
        let mut proven = BTreeSet::from([(0, digest(&merkle::empty_root())), (head.size, digest(&head.root))]);
        let mut unused = BTreeSet::new();
        for (at, anchor) in bundle.anchors.iter().enumerate() {
            let root = Hash::from(*anchor.root.as_bytes());
            let sound = merkle::verify_append(anchor.size, &root, head.size, &head.root, &anchor.consistency);
            match sound {
                Ok(()) if proven.insert((anchor.size, anchor.root)) => {
                    unused.insert((anchor.size, anchor.root));
                }
                Ok(()) => findings.wrong(
                    Question::Recorded,
                    "anchor_repeated",
                    place("anchors", at),
                    "this anchor needs no proof of its own",
                ),
                Err(error) => findings.wrong(
                    Question::Recorded,
                    "anchor_invalid",
                    place("anchors", at),
                    error.to_string(),
                ),
            }
        }
        for (index, record) in &self.records {
            let Some(anchor) = record.body.anchor() else { continue };
            unused.remove(&(anchor.size, anchor.root));
            let lenient = record.kind() == Kind::Withdrawal;
            // A record cannot have been signed after a checkpoint that already contains it.
            let possible = anchor.size <= *index;
            if possible && proven.contains(&(anchor.size, anchor.root)) {
                continue;
            }
            let place = format!("index {index}");
            let why = format!(
                "the {} says that its signer had seen tree size {}, which is not shown to be of this log",
                record.kind(),
                anchor.size
            );
            if lenient {
                findings.note("anchor_unknown", place, why);
            } else if possible {
                findings.missing(
                    Question::Recorded,
                    "anchor_unproven",
                    place,
                    why,
                    "ask for a bundle with the consistency proof from that size",
                );
            } else {
                findings.wrong(Question::Recorded, "anchor_impossible", place, why);
            }
        }
        if !unused.is_empty() {
            findings.wrong(
                Question::Recorded,
                "anchor_unused",
                "/anchors",
                "an anchor belongs to no record of the bundle",
            );
        }
    }

    /// Which checkpoints (by position) have an attestation that holds and fits the events.
    pub(super) fn check_attestations(
        &self,
        bundle: &Unverified<'_>,
        log: &Log,
        seen: &[Seen],
        findings: &mut Findings,
    ) -> BTreeSet<usize> {
        let mut attested = BTreeSet::new();
        for (at, signed) in bundle.attestations.iter().enumerate() {
            let place = place("attestations", at);
            let statement = &signed.statement;
            let of_this = statement.origin == bundle.origin && statement.consent == bundle.consent;
            if !of_this || !signed_by_operator(signed, log) {
                findings.wrong(
                    Question::Recorded,
                    "attestation_invalid",
                    place,
                    "not a statement of this log's operator about this consent",
                );
                continue;
            }
            let root = Hash::from(*statement.root.as_bytes());
            let positions: Vec<usize> = (0..seen.len())
                .filter(|n| seen[*n].size == statement.size && seen[*n].root == root)
                .collect();
            if positions.is_empty() {
                findings.wrong(
                    Question::Recorded,
                    "attestation_invalid",
                    place,
                    "no checkpoint of the bundle is the one it speaks of",
                );
                continue;
            }
            match self.compare(statement) {
                Agreement::Same => attested.extend(positions),
                Agreement::NewerInBundle(index) => findings.wrong(
                    Question::Recorded,
                    "attestation_contradicted",
                    place,
                    format!("the operator denies the event at index {index}, which the log contains: this is proof of misbehaviour"),
                ),
                Agreement::OlderInBundle => findings.missing(
                    Question::InForce,
                    "events_omitted",
                    place,
                    format!("the last event is at index {}, and the bundle does not contain it", statement.last_index),
                    "ask for a bundle that contains every event",
                ),
            }
        }
        attested
    }

    /// The state after the events below `size`.
    pub(super) fn state_at(&self, size: u64) -> Option<&State> {
        let below = self
            .events
            .iter()
            .take_while(|(position, _)| self.records[*position].0 < size);
        below.last().map(|(_, state)| state)
    }

    /// The story for people; `None` when there is none.
    pub(super) fn into_story(self, seen: &[Seen], at: Option<Timestamp>) -> Option<Story> {
        let (_, state) = self.events.last()?.clone();
        let head = seen.last()?;
        let events = self.events.iter().map(|(position, _)| {
            let (index, record) = &self.records[*position];
            let first = seen
                .iter()
                .filter(|s| s.size > *index)
                .filter_map(|s| s.times)
                .map(|t| t.existed_by)
                .min();
            StoryEvent {
                index: *index,
                kind: record.kind(),
                digest: record.digest(),
                signer: record.issuer.clone(),
                claimed: record.valid_from,
                existed_by: first,
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

    fn admit(
        &mut self,
        bundle: &Unverified<'_>,
        log: &Log,
        record: Record,
        index: u64,
        at: usize,
        findings: &mut Findings,
    ) {
        let operators: Vec<Did> = log
            .operator_keys(index.saturating_add(1))
            .map(|(did, _)| did.clone())
            .collect();
        let setting = Setting {
            origin: &bundle.origin,
            operators: &operators,
            keys: self.keys_of(&record.issuer),
            now: None,
        };
        match arrival::check(&record, &setting) {
            Ok(noticed) => {
                for finding in noticed {
                    findings.note(
                        finding.code(),
                        place("openings", at),
                        "a withdrawal counts all the same",
                    );
                }
            }
            Err(Refusal::ControllerUnknown(did)) => {
                let why = format!("the keys of {did} at that index are not in the bundle");
                let help = "ask for a bundle with the ControllerKeys record";
                return findings.missing(
                    Question::Recorded,
                    "controller_keys_missing",
                    place("openings", at),
                    why,
                    help,
                );
            }
            Err(refusal) => {
                return findings.wrong(
                    Question::Recorded,
                    refusal.code(),
                    place("openings", at),
                    refusal.to_string(),
                );
            }
        }
        let position = self.records.len();
        match &record.body {
            Body::ControllerKeys(keys) => {
                self.keys.insert(keys.document.id().clone(), position);
            }
            Body::ConsentRequest(_) => {
                if self.requests.insert(record.digest(), position).is_some() {
                    findings.wrong(
                        Question::Recorded,
                        "request_repeated",
                        place("openings", at),
                        "the request is there twice",
                    );
                }
            }
            _ => match self.follow(bundle.consent, &record) {
                Ok(state) => self.events.push((position, state)),
                Err(error @ (TransitionError::RequestUnknown | TransitionError::ConsentUnknown)) => {
                    let help = "ask for a bundle that contains what this record refers to";
                    findings.missing(
                        Question::Recorded,
                        error.code(),
                        place("openings", at),
                        error.to_string(),
                        help,
                    );
                }
                Err(error) => findings.wrong(
                    Question::Recorded,
                    error.code(),
                    place("openings", at),
                    error.to_string(),
                ),
            },
        }
        self.records.push((index, record));
    }

    fn follow(&self, consent: Digest, record: &Record) -> Result<State, TransitionError> {
        if record.consent() != Some(consent) {
            return Err(TransitionError::Illegal(record.kind()));
        }
        let named = match &record.body {
            Body::ConsentGrant(grant) => Some(grant.request),
            Body::Renewal(renewal) => Some(renewal.request),
            _ => None,
        };
        let request =
            named
                .and_then(|digest| self.requests.get(&digest))
                .and_then(|p| match &self.records[*p].1.body {
                    Body::ConsentRequest(request) => Some(request.as_ref()),
                    _ => None,
                });
        lifecycle::apply(self.events.last().map(|(_, state)| state), record, request)
    }

    fn keys_of(&self, did: &Did) -> Option<&ControllerKeys> {
        match &self.records[*self.keys.get(did)?].1.body {
            Body::ControllerKeys(keys) => Some(keys),
            _ => None,
        }
    }

    /// A bundle proves one thing: what belongs to another could mislead, or carry somebody else's data.
    fn check_nothing_else(&self, findings: &mut Findings) {
        let Some((_, state)) = self.events.last() else { return };
        let named: BTreeSet<Digest> = self
            .events
            .iter()
            .filter_map(|(p, _)| match &self.records[*p].1.body {
                Body::ConsentGrant(grant) => Some(grant.request),
                Body::Renewal(renewal) => Some(renewal.request),
                _ => None,
            })
            .collect();
        for (index, record) in &self.records {
            let belongs = match &record.body {
                Body::ControllerKeys(keys) => *keys.document.id() == state.controller,
                Body::ConsentRequest(_) => named.contains(&record.digest()),
                _ => true,
            };
            if !belongs {
                let why = "the record does not belong to this consent";
                findings.wrong(Question::Recorded, "unexpected_opening", format!("index {index}"), why);
            }
        }
    }

    fn compare(&self, statement: &StateAttestation) -> Agreement {
        let below = self.events.iter().map(|(position, _)| &self.records[*position]);
        let last = below.take_while(|(index, _)| *index < statement.size).last();
        match last {
            Some((index, record)) if *index == statement.last_index && record.digest() == statement.last_digest => {
                Agreement::Same
            }
            Some((index, _)) if *index >= statement.last_index => Agreement::NewerInBundle(*index),
            _ => Agreement::OlderInBundle,
        }
    }
}

/// How an attestation and the events of the bundle fit together.
enum Agreement {
    Same,
    /// The bundle has an event, at this index, that the attestation denies.
    NewerInBundle(u64),
    /// The attestation names an event that the bundle does not have.
    OlderInBundle,
}

fn check_inclusion(record: &Record, opening: &Opening<'_>, head: &Seen, at: usize, findings: &mut Findings) {
    let leaf = merkle::leaf_hash(&opening.salt.leaf(&record.digest()));
    if let Err(error) = merkle::verify_inclusion(&leaf, opening.index, head.size, &opening.proof, &head.root) {
        findings.wrong(
            Question::Recorded,
            "not_included",
            place("openings", at),
            error.to_string(),
        );
    }
}

fn signed_by_operator(signed: &Signed<StateAttestation>, log: &Log) -> bool {
    let mut keys = log.operator_keys(signed.statement.size);
    keys.any(|(did, key)| *did == signed.signed_by && keys::verify_statement(signed, key).is_ok())
}

fn shown(record: &Record) -> Option<&Shown> {
    match &record.body {
        Body::ConsentGrant(grant) => Some(&grant.shown),
        Body::Renewal(renewal) => Some(&renewal.shown),
        _ => None,
    }
}

fn digest(hash: &Hash) -> Digest {
    Digest::from_bytes(*hash.as_bytes())
}
