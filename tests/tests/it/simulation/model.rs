//! What the log says, and what may be done by it: a second, small answer to the question that the kernel's decision answers.
//!
//! It is written from the rule alone, over single uses (purpose, category, processing, delivery): walk the events of a
//! customer's consents in log order; a yes to the use allows it by that consent; a yes that speaks of the same purpose and
//! category and leaves the use out, taking it back anywhere, and the end of any consent that has the purpose and category
//! allow it no more.

use std::collections::{BTreeMap, BTreeSet};

use placet_kernel::merkle::Hash;
use placet_ledger::{FeedItem, FeedPage};
use placet_schemas::id::Digest;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::scope::Scope;
use placet_schemas::time::Timestamp;
use placet_tests::tree::Tree;

/// One use of data.
pub(super) type Use = (String, String, String, String);

/// An event of the log.
#[derive(Debug, Clone)]
enum Event {
    Yes {
        consent: Digest,
        invitation: Digest,
        uses: BTreeSet<Use>,
        until: Timestamp,
    },
    Renewal {
        consent: Digest,
        uses: BTreeSet<Use>,
        until: Timestamp,
    },
    Less {
        consent: Digest,
        removed: Vec<Pattern>,
    },
    End {
        consent: Digest,
    },
    Destroyed {
        leaves: Vec<u64>,
    },
    Batch {
        root: Digest,
        entries: u64,
        signed: Timestamp,
    },
    Other,
}

/// A batch of accesses.
pub(super) struct Batch {
    /// Its place in the log.
    pub(super) index: usize,
    pub(super) root: Digest,
    pub(super) entries: u64,
    /// When its verifier signed it.
    pub(super) signed: Timestamp,
}

/// What a customer's consents allow: each use by which consent, until when.
pub(super) type Allowed = BTreeMap<Use, (Digest, Timestamp)>;

/// A consent on the walk.
struct Walked {
    uses: BTreeSet<Use>,
    until: Timestamp,
    ended: bool,
}

/// The log, as it was committed.
pub(super) struct Truth {
    events: Vec<Event>,
    digests: Vec<Option<Digest>>,
    leaves: Vec<Hash>,
    tree: Tree,
}

impl Truth {
    pub(super) fn new() -> Self {
        Self {
            events: Vec::new(),
            digests: Vec::new(),
            leaves: Vec::new(),
            tree: Tree::new(0),
        }
    }

    /// The same log, which may go on otherwise.
    pub(super) fn copy(&self) -> Self {
        let mut copy = Self::new();
        for ((event, digest), leaf) in self.events.iter().zip(&self.digests).zip(&self.leaves) {
            copy.push(event.clone(), *digest, *leaf);
        }
        copy
    }

    /// How many records there are.
    pub(super) fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root of the first `size` records, if there are as many.
    pub(super) fn root(&self, size: u64) -> Option<Digest> {
        (size <= self.size()).then(|| Digest::from_bytes(*self.tree.root(size).as_bytes()))
    }

    /// Takes what a page of the feed adds. The log has one brand, so its feed is the whole log.
    pub(super) fn take(&mut self, page: &FeedPage) {
        for item in &page.items {
            assert_eq!(item.index, self.size(), "the feed of the only brand has every record");
            let record = item
                .opening()
                .map(|(_, bytes)| CanonicalRecord::parse(bytes).unwrap().record);
            let event = record.as_ref().map_or(Event::Other, event);
            let digest = record.map(|record| record.digest());
            self.push(event, digest, leaf(item));
        }
    }

    fn push(&mut self, event: Event, digest: Option<Digest>, leaf: Hash) {
        self.events.push(event);
        self.digests.push(digest);
        self.leaves.push(leaf);
        self.tree.push(leaf);
    }

    /// The digest of the record at an index, unless it was destroyed before it was seen; nothing beyond the end.
    pub(super) fn record_at(&self, index: u64) -> Option<Option<Digest>> {
        self.digests.get(usize::try_from(index).unwrap()).copied()
    }

    /// Whether a consent has ended, or is not there any more.
    pub(super) fn is_over(&self, consent: &Digest) -> bool {
        self.is_over_at(self.size(), consent)
    }

    /// Whether a consent was destroyed.
    pub(super) fn is_destroyed(&self, consent: &Digest) -> bool {
        let grant = self.grant_of(consent);
        grant.is_some_and(|grant| self.destroyed_by(self.size()).contains(&grant))
    }

    fn is_over_at(&self, size: u64, consent: &Digest) -> bool {
        let mut first = self.events.iter().take(usize::try_from(size).unwrap());
        let ended = |event: &Event| matches!(event, Event::End { consent: ended } if ended == consent);
        let grant = self.grant_of(consent);
        grant.is_some_and(|grant| self.destroyed_by(size).contains(&grant)) || first.any(ended)
    }

    /// The consents that were given and not destroyed.
    pub(super) fn consents(&self) -> Vec<Digest> {
        let gone = self.destroyed_by(self.size());
        let yes = |(index, event): (usize, &Event)| match event {
            Event::Yes { consent, .. } if !gone.contains(&(index as u64)) => Some(*consent),
            _ => None,
        };
        self.events.iter().enumerate().filter_map(yes).collect()
    }

    /// The batches of accesses.
    pub(super) fn batches(&self) -> Vec<Batch> {
        let batch = |(index, event): (usize, &Event)| match event {
            Event::Batch { root, entries, signed } => Some(Batch {
                index,
                root: *root,
                entries: *entries,
                signed: *signed,
            }),
            _ => None,
        };
        self.events.iter().enumerate().filter_map(batch).collect()
    }

    /// What the first `size` records allow one who answered these invitations.
    pub(super) fn allows(&self, size: u64, invitations: &[Digest]) -> Allowed {
        let gone = self.destroyed_by(size);
        let mut theirs: BTreeMap<Digest, Walked> = BTreeMap::new();
        let mut allowed: BTreeMap<Use, Digest> = BTreeMap::new();
        for (index, event) in self.events.iter().enumerate().take(usize::try_from(size).unwrap()) {
            match event {
                Event::Yes {
                    consent,
                    invitation,
                    uses,
                    until,
                } => {
                    if invitations.contains(invitation) && !gone.contains(&(index as u64)) {
                        let walked = Walked {
                            uses: uses.clone(),
                            until: *until,
                            ended: false,
                        };
                        say_yes(&mut allowed, *consent, uses, &BTreeSet::new());
                        theirs.insert(*consent, walked);
                    }
                }
                Event::Renewal { consent, uses, until } => {
                    if let Some(walked) = theirs.get_mut(consent) {
                        say_yes(&mut allowed, *consent, uses, &walked.uses);
                        (walked.uses, walked.until) = (uses.clone(), *until);
                    }
                }
                Event::Less { consent, removed } => {
                    if let Some(walked) = theirs.get_mut(consent) {
                        let left = without(&walked.uses, removed);
                        allowed.retain(|one, _| left.contains(one) || !walked.uses.contains(one));
                        walked.uses = left;
                    }
                }
                Event::End { consent } => {
                    if let Some(walked) = theirs.get_mut(consent) {
                        walked.ended = true;
                        end(&mut allowed, &walked.uses);
                    }
                }
                Event::Destroyed { .. } | Event::Batch { .. } | Event::Other => {}
            }
        }
        let living = allowed.into_iter().filter(|(_, consent)| !theirs[consent].ended);
        living
            .map(|(one, consent)| (one, (consent, theirs[&consent].until)))
            .collect()
    }

    /// What is allowed no more because these consents were ended at the brand itself, as long as the first `size` records do
    /// not say so.
    pub(super) fn end_handed(
        &self,
        allowed: &mut Allowed,
        size: u64,
        invitations: &[Digest],
        handed: &BTreeSet<Digest>,
    ) {
        for consent in handed.iter().filter(|consent| !self.is_over_at(size, consent)) {
            let uses = self.allows_alone(size, invitations, consent);
            allowed.retain(|one, _| !uses.iter().any(|other| same_pair(one, other)));
        }
    }

    fn allows_alone(&self, size: u64, invitations: &[Digest], consent: &Digest) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for event in self.events.iter().take(usize::try_from(size).unwrap()) {
            match event {
                Event::Yes {
                    consent: given,
                    invitation,
                    uses: all,
                    ..
                } if given == consent && invitations.contains(invitation) => {
                    uses = all.clone();
                }
                Event::Renewal {
                    consent: renewed,
                    uses: all,
                    ..
                } if renewed == consent && !uses.is_empty() => {
                    uses = all.clone();
                }
                Event::Less { consent: less, removed } if less == consent => uses = without(&uses, removed),
                _ => {}
            }
        }
        uses
    }

    fn grant_of(&self, consent: &Digest) -> Option<u64> {
        let is = |event: &Event| matches!(event, Event::Yes { consent: given, .. } if given == consent);
        self.events.iter().position(is).map(|at| at as u64)
    }

    fn destroyed_by(&self, size: u64) -> BTreeSet<u64> {
        let first = self.events.iter().take(usize::try_from(size).unwrap());
        let leaves = first.filter_map(|event| match event {
            Event::Destroyed { leaves } => Some(leaves),
            _ => None,
        });
        leaves.flatten().copied().collect()
    }
}

fn say_yes(allowed: &mut BTreeMap<Use, Digest>, consent: Digest, uses: &BTreeSet<Use>, before: &BTreeSet<Use>) {
    // It speaks of these purposes and categories, and of what it had before.
    allowed.retain(|one, _| !uses.iter().any(|other| same_pair(one, other)) && !before.contains(one));
    allowed.extend(uses.iter().map(|one| (one.clone(), consent)));
}

fn end(allowed: &mut BTreeMap<Use, Digest>, uses: &BTreeSet<Use>) {
    allowed.retain(|one, _| !uses.iter().any(|other| same_pair(one, other)));
}

fn same_pair(one: &Use, other: &Use) -> bool {
    (&one.0, &one.1) == (&other.0, &other.1)
}

fn without(uses: &BTreeSet<Use>, removed: &[Pattern]) -> BTreeSet<Use> {
    let stays = |one: &&Use| {
        !removed.iter().any(|pattern| match pattern {
            Pattern::Clause(clause) => clause.purpose.id.as_str() == one.0,
            Pattern::Value { purpose, value } => {
                let here = purpose.as_ref().is_none_or(|purpose| purpose.as_str() == one.0);
                here && match value {
                    Value::Category(category) => text(category) == one.1,
                    Value::Processing(processing) => text(processing) == one.2,
                    Value::Delivery(delivery) => text(delivery) == one.3,
                    Value::ThirdParty(_) | Value::Transfer(_) => false,
                }
            }
        })
    };
    uses.iter().filter(stays).cloned().collect()
}

fn event(record: &placet_schemas::record::Record) -> Event {
    let until = record.valid_until;
    match &record.body {
        Body::ConsentGrant(grant) => Event::Yes {
            consent: record.digest(),
            invitation: record.proof.challenge.as_ref().unwrap().digest(),
            uses: uses(&grant.scope),
            until: until.unwrap(),
        },
        Body::Renewal(renewal) => Event::Renewal {
            consent: renewal.consent,
            uses: uses(&renewal.scope),
            until: until.unwrap(),
        },
        Body::Narrowing(narrowing) => Event::Less {
            consent: narrowing.consent,
            removed: narrowing.removed.as_slice().to_vec(),
        },
        Body::Withdrawal(withdrawal) => Event::End {
            consent: withdrawal.consent,
        },
        Body::EndedByController(ended) => Event::End { consent: ended.consent },
        Body::Destruction(destruction) => Event::Destroyed {
            leaves: destruction.leaves.as_slice().to_vec(),
        },
        Body::AccessBatch(batch) => Event::Batch {
            root: batch.root,
            entries: batch.entries,
            signed: record.valid_from,
        },
        _ => Event::Other,
    }
}

fn uses(scope: &Scope) -> BTreeSet<Use> {
    let mut uses = BTreeSet::new();
    for clause in scope.clauses() {
        for category in clause.categories.iter() {
            for processing in clause.processing.iter() {
                for delivery in clause.delivery.iter() {
                    let purpose = clause.purpose.id.as_str().to_owned();
                    uses.insert((purpose, text(category), text(processing), text(delivery)));
                }
            }
        }
    }
    uses
}

fn text(term: &impl serde::Serialize) -> String {
    serde_json::to_value(term).unwrap().as_str().unwrap().to_owned()
}

fn leaf(item: &FeedItem) -> Hash {
    Hash::new(*item.leaf_hash.as_bytes())
}
