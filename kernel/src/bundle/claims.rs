//! What the records refer to, and the operator says of them: notices, anchors, attestations.

use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use placet_schemas::id::{Digest, Language};
use placet_schemas::json::{self, Node};
use placet_schemas::notice::{MAX_NOTICE_BYTES, Notice};
use placet_schemas::record::consent::{Anchor, Shown};
use placet_schemas::record::request::ConsentRequest;
use placet_schemas::record::{Body, Kind, Record};
use placet_schemas::statement::{Signed, StateAttestation};
use placet_schemas::time::Timestamp;

use super::chain::{Chain, Opened};
use super::checkpoints::Seen;
use super::format::Unverified;
use super::place;
use super::verdict::{Findings, Question, Verdict};
use crate::arrival::TIME_TOLERANCE_SECONDS;
use crate::merkle::{self, Hash};
use crate::pinned;
use crate::trust::Log;

impl Chain {
    /// The notices that were shown are there, are those that the requests name, and agree with them.
    pub(super) fn check_notices(&self, bundle: &Unverified<'_>, findings: &mut Findings) {
        // Where a record is missing or does not hold, what only it names is not out of place.
        let complete = findings.verdict(Question::Recorded) == Verdict::Holds;
        let mut found = BTreeSet::new();
        for (at, node) in bundle.notices.iter().enumerate() {
            let bytes = bundle.document.bytes().get(node.span()).unwrap_or_default();
            let digest = Digest::of(bytes);
            let problem = match self.naming(digest) {
                Some((request, language)) => check_notice(node, bytes, request, language).err(),
                None if complete => Some("no request in the bundle names this notice".to_owned()),
                None => None,
            };
            if let Some(why) = problem {
                findings.wrong(Question::Recorded, "notice_invalid", place("notices", at), why);
            }
            if !found.insert(digest) {
                let why = "the notice is there twice";
                findings.wrong(Question::Recorded, "notice_repeated", place("notices", at), why);
            }
        }
        let mut lacking = BTreeSet::new();
        for event in &self.events {
            let shown = shown(&self.of(event).record).map(|shown| shown.notice);
            let Some(notice) = shown.filter(|notice| !found.contains(notice) && lacking.insert(*notice)) else {
                continue;
            };
            findings.missing(
                Question::Recorded,
                "notice_missing",
                "/notices",
                format!("the notice {notice} that was shown is not in the bundle"),
                "ask for the notice; it is public",
            );
        }
    }

    /// The request that names the notice, and as which language's.
    fn naming(&self, digest: Digest) -> Option<(&ConsentRequest, &Language)> {
        self.requests().find_map(|request| {
            let mut notices = request.notices.iter();
            let (language, _) = notices.find(|(_, named)| *named == digest)?;
            Some((request, language))
        })
    }

    /// Every anchor is a state of this log: its signer saw no other log.
    pub(super) fn check_anchors(&self, bundle: &Unverified<'_>, seen: &[Seen], head: &Seen, findings: &mut Findings) {
        let complete = findings.verdict(Question::Recorded) == Verdict::Holds;
        let mut proven = BTreeMap::from([(0, merkle::empty_root()), (head.size, head.root)]);
        let mut unused = BTreeSet::new();
        for (at, anchor) in bundle.anchors.iter().enumerate() {
            let root = hash(&anchor.root);
            let sound = merkle::verify_append(anchor.size, &root, head.size, &head.root, &anchor.consistency);
            let (code, why) = match sound {
                Err(error) => ("anchor_invalid", error.to_string()),
                // A size has one root in a tree, so the same size is the same anchor.
                Ok(()) if proven.contains_key(&anchor.size) => {
                    ("anchor_repeated", "this anchor needs no proof of its own".to_owned())
                }
                Ok(()) => {
                    proven.insert(anchor.size, root);
                    unused.insert(anchor.size);
                    continue;
                }
            };
            findings.wrong(Question::Recorded, code, place("anchors", at), why);
        }
        proven.extend(seen.iter().map(|checkpoint| (checkpoint.size, checkpoint.root)));
        for opened in &self.records {
            if let Some(anchor) = opened.record.body.anchor() {
                unused.remove(&anchor.size);
                check_anchor(opened, anchor, &proven, findings);
            }
        }
        if !unused.is_empty() && complete {
            let why = "an anchor belongs to no record of the bundle";
            findings.wrong(Question::Recorded, "anchor_unused", "/anchors", why);
        }
    }

    /// Compares the time that each event's signer claims with what witnesses say of when the log came to have it. Nothing rests
    /// on the claim alone, so this is a note: an old date on a new record makes no consent older.
    pub(super) fn check_times(&self, seen: &[Seen], findings: &mut Findings) {
        for Opened { at, index, record } in self.events.iter().map(|event| self.of(event)) {
            let times = |holds: bool| {
                let these = seen
                    .iter()
                    .filter(move |checkpoint| (checkpoint.size > *index) == holds);
                these.filter_map(|checkpoint| checkpoint.times)
            };
            let existed_by = times(true).map(|times| times.existed_by).min();
            let absent_at = times(false).map(|times| times.fresh_at).max();
            let (claimed, kind) = (record.valid_from, record.kind());
            let late =
                |time: Timestamp, than: Timestamp| time.unix() > than.unix().saturating_add(TIME_TOLERANCE_SECONDS);
            let why = match (existed_by, absent_at) {
                (Some(existed), _) if late(claimed, existed) => {
                    format!("the {kind} says that it was signed at {claimed}, and was in the log by {existed}")
                }
                (_, Some(absent)) if late(absent, claimed) => {
                    format!("the {kind} says that it was signed at {claimed}, and was not in the log at {absent}")
                }
                _ => continue,
            };
            findings.note("time_contradicted", place("openings", *at), why);
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
            let of_this = statement.origin == bundle.origin
                && statement.consent == bundle.consent
                && statement.last_index < statement.size;
            if !of_this || !signed_by_operator(signed, log) {
                let why = "not a statement of this log's operator about this consent";
                findings.wrong(Question::Recorded, "attestation_invalid", place, why);
                continue;
            }
            let root = hash(&statement.root);
            let positions: Vec<usize> = (0..seen.len())
                .filter(|n| seen[*n].size == statement.size && seen[*n].root == root)
                .collect();
            if positions.is_empty() {
                let why = "no checkpoint of the bundle is the one it speaks of";
                findings.wrong(Question::Recorded, "attestation_invalid", place, why);
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
                Agreement::MoreInBundle(shown) => findings.wrong(
                    Question::Recorded,
                    "attestation_contradicted",
                    place,
                    format!(
                        "the operator says that there are {} events, and the log contains {shown}: this is proof of misbehaviour",
                        statement.events
                    ),
                ),
                Agreement::LastNotInBundle => findings.missing(
                    Question::InForce,
                    "events_omitted",
                    place,
                    format!("the last event is at index {}, and the bundle does not contain it", statement.last_index),
                    "ask for a bundle that contains every event",
                ),
                Agreement::FewerInBundle(shown) => findings.missing(
                    Question::InForce,
                    "events_omitted",
                    place,
                    format!(
                        "there are {} events, and the bundle contains {shown} of them: a withdrawal could be left out",
                        statement.events
                    ),
                    "ask for a bundle that contains every event",
                ),
            }
        }
        attested
    }

    fn compare(&self, statement: &StateAttestation) -> Agreement {
        let events = self.events.iter().map(|event| self.of(event));
        let below = events.take_while(|opened| opened.index < statement.size);
        let (last, shown) = (below.clone().last(), below.count() as u64);
        match last {
            Some(last) if last.index == statement.last_index && last.record.digest() == statement.last_digest => {
                match shown.cmp(&statement.events) {
                    Ordering::Less => Agreement::FewerInBundle(shown),
                    Ordering::Equal => Agreement::Same,
                    Ordering::Greater => Agreement::MoreInBundle(shown),
                }
            }
            Some(last) if last.index >= statement.last_index => Agreement::NewerInBundle(last.index),
            _ => Agreement::LastNotInBundle,
        }
    }
}

/// How an attestation and the events of the bundle fit together.
enum Agreement {
    Same,
    /// The bundle has an event, at this index, that the attestation denies.
    NewerInBundle(u64),
    /// The bundle has so many events, more than the attestation counts.
    MoreInBundle(u64),
    /// The attestation names an event that the bundle does not have.
    LastNotInBundle,
    /// The bundle has the last event and so many in all, fewer than the attestation counts.
    FewerInBundle(u64),
}

fn check_notice(node: &Node<'_>, bytes: &[u8], request: &ConsentRequest, language: &Language) -> Result<(), String> {
    if bytes.len() > MAX_NOTICE_BYTES {
        return Err("the notice is too large".to_owned());
    }
    let notice: Notice = json::decode(node).map_err(|fault| fault.to_string())?;
    notice.agrees_with(request, language).map_err(|error| error.to_string())
}

fn check_anchor(opened: &Opened, anchor: Anchor, proven: &BTreeMap<u64, Hash>, findings: &mut Findings) {
    let Opened { at, index, record } = opened;
    let known = proven.get(&anchor.size);
    // A record cannot have been signed after a checkpoint that already contains it, and a size has one root.
    let possible = anchor.size <= *index && known.is_none_or(|root| *root == hash(&anchor.root));
    if possible && known.is_some() {
        return;
    }
    let place = place("openings", *at);
    let (kind, size) = (record.kind(), anchor.size);
    let why =
        format!("the {kind} says that its signer had seen tree size {size}, which is not shown to be of this log");
    if kind == Kind::Withdrawal {
        findings.note("anchor_unknown", place, why);
    } else if possible {
        let help = "ask for a bundle with the consistency proof from that size";
        findings.missing(Question::Recorded, "anchor_unproven", place, why, help);
    } else {
        findings.wrong(Question::Recorded, "anchor_impossible", place, why);
    }
}

fn signed_by_operator(signed: &Signed<StateAttestation>, log: &Log) -> bool {
    matches!(
        pinned::check_statement(signed, signed.statement.size, log),
        Some(Ok(()))
    )
}

fn shown(record: &Record) -> Option<&Shown> {
    match &record.body {
        Body::ConsentGrant(grant) => Some(&grant.shown),
        Body::Renewal(renewal) => Some(&renewal.shown),
        _ => None,
    }
}

fn hash(digest: &Digest) -> Hash {
    Hash::new(*digest.as_bytes())
}
