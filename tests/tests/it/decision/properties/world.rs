//! Lives of consents, as far as decisions look at them, and questions about them.

use std::sync::{Arc, LazyLock};

use placet_kernel::decision::{
    self, Consent, Direct, Event, Freshness, Granted, Policy, PurposePolicy, Requests, State,
};
use placet_schemas::authzen;
use placet_schemas::id::{Did, Digest, RecordId};
use placet_schemas::lifecycle::Phase;
use placet_schemas::record::Kind;
use placet_schemas::record::consent::Strength;
use placet_schemas::scope::{Clause, Delivery, Scope, ThirdParty, Transfer};
use placet_schemas::text::{Set, SomeOf};
use placet_schemas::time::Timestamp;
use placet_tests::brand::Brand;
use placet_tests::desk::{disclosed, head};
use placet_tests::log::TestLog;
use placet_tests::offer::{clause, newsletter, offer};
use placet_tests::p;
use placet_tests::scene::{BEGINNING, ORIGIN};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) const PURPOSES: [&str; 2] = ["letters", "tips"];
pub(super) const CATEGORIES: [&str; 3] = ["pd:EmailAddress", "pd:Interest", "pd:Purchase"];
const PROCESSING: [&str; 3] = ["dpv:Analyse", "dpv:Store", "dpv:Use"];
const RECIPIENT: &str = "https://mailer.example/";
const COUNTRY: &str = "US";

/// The brand and its one request.
static AROUND: LazyLock<(Brand, Requests)> = LazyLock::new(|| {
    let brand = Brand::cinema();
    let mut requests = Requests::default();
    requests.add(Digest::of(b"request"), &offer(&[&brand], vec![newsletter()], 0).request);
    (brand, requests)
});

/// What an act is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Grant,
    Narrow,
    Renew,
    End(Phase),
}

/// One event of one consent; its place in [`World::deeds`] is its place in the log.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    pub(super) consent: usize,
    pub(super) act: Act,
    pub(super) granted: Granted,
    pub(super) strength: Strength,
    pub(super) valid_until: Timestamp,
}

/// All that is known of one person.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) deeds: Vec<Deed>,
    pub(super) direct: Vec<usize>,
    pub(super) now: Timestamp,
    pub(super) head_time: Timestamp,
    pub(super) silent_for: u64,
}

/// One question.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) purpose: &'static str,
    pub(super) categories: Vec<&'static str>,
    pub(super) processing: &'static str,
    pub(super) delivery: Delivery,
    pub(super) recipient: bool,
    pub(super) transfer: bool,
}

impl World {
    pub(super) fn consents(&self) -> usize {
        self.deeds.iter().map(|deed| deed.consent + 1).max().unwrap_or(1)
    }

    pub(super) fn last(&self, consent: usize) -> Option<&Deed> {
        self.deeds.iter().rev().find(|deed| deed.consent == consent)
    }

    pub(super) fn end(&mut self, consent: usize, phase: Phase) {
        if let Some(last) = self.last(consent).cloned() {
            let act = Act::End(phase);
            self.deeds.push(Deed { act, ..last });
        }
    }

    pub(super) fn narrow(&mut self, consent: usize, less: impl FnOnce(&Deed) -> Option<Deed>) {
        let going_on = self.last(consent).filter(|last| !matches!(last.act, Act::End(_)));
        if let Some(less) = going_on.and_then(less) {
            self.deeds.push(Deed {
                act: Act::Narrow,
                ..less
            });
        }
    }

    pub(super) fn permits(&self, asked: &Asked, rule: PurposePolicy) -> bool {
        self.decide(asked, rule).0
    }

    /// The decision, and the consents that it rests on.
    pub(super) fn decide(&self, asked: &Asked, rule: PurposePolicy) -> (bool, Vec<usize>) {
        let (brand, requests) = &*AROUND;
        let log = TestLog::new(ORIGIN);
        let head = disclosed(head(&log, &brand.did, 0, self.head_time, &log.operator));
        let consents: Vec<Consent> = (0..self.consents()).filter_map(|at| self.consent(at)).collect();
        let consents: Vec<&Consent> = consents.iter().collect();
        let mut policy = Policy::default();
        policy.purposes.insert(p(&iri(asked.purpose)), rule);
        let state = State {
            origin: &log.origin,
            controller: &brand.did,
            registered: true,
            requests,
            freshness: Some(Freshness {
                head: &head,
                silent_for: self.silent_for,
            }),
            broken: false,
            consents: Some(&consents),
            register: None,
            rules: policy.digest(None),
        };
        let evaluation = authzen::evaluation(asked.body().to_string().as_bytes()).unwrap();
        let said = decision::decide(&evaluation, &state, &policy, self.now, RecordId::from_random([0; 16]));
        let by = said.reasons.iter().filter_map(|reason| reason.consent);
        (
            said.decision,
            by.filter_map(|id| (0..self.consents()).find(|at| id_of(*at) == id))
                .collect(),
        )
    }

    fn consent(&self, at: usize) -> Option<Consent> {
        let deeds = || (0_u64..).zip(&self.deeds).filter(|(_, deed)| deed.consent == at);
        let (_, last) = deeds().last()?;
        let person: Did = Brand::gym().did;
        Some(Consent {
            id: id_of(at),
            subject: person.clone(),
            withdrawal_key: person,
            invitation: Digest::of(&at.to_be_bytes()),
            request: Digest::of(b"request"),
            valid_until: last.valid_until,
            phase: match last.act {
                Act::End(phase) => phase,
                _ => Phase::Given,
            },
            events: deeds()
                .map(|(index, deed)| Event {
                    index,
                    digest: Digest::of(&index.to_be_bytes()),
                    kind: match deed.act {
                        Act::Grant => Kind::ConsentGrant,
                        Act::Narrow => Kind::Narrowing,
                        Act::Renew => Kind::Renewal,
                        Act::End(Phase::EndedByController) => Kind::EndedByController,
                        Act::End(_) => Kind::Withdrawal,
                    },
                    strength: deed.strength,
                    granted: Arc::new(deed.granted.clone()),
                })
                .collect(),
            direct: self.direct.contains(&at).then_some(Direct { record: None }),
            faulty: false,
        })
    }
}

impl Asked {
    fn body(&self) -> Value {
        let mut properties = json!({"delivery": self.delivery});
        if self.recipient {
            properties["thirdParty"] = json!(RECIPIENT);
        }
        if self.transfer {
            properties["transfer"] = json!(COUNTRY);
        }
        json!({
            "subject": {"type": "controller", "id": Brand::cinema().did},
            "action": {"name": self.processing, "properties": properties},
            "resource": {"type": "customer", "id": "C-1", "properties": {"categories": self.categories}},
            "context": {"purpose": iri(self.purpose)},
        })
    }
}

fn id_of(consent: usize) -> Digest {
    Digest::of(format!("consent {consent}").as_bytes())
}

pub(super) fn iri(purpose: &str) -> String {
    format!("https://brand.example/purposes#{purpose}")
}

pub(super) fn rules() -> impl Strategy<Value = PurposePolicy> {
    let strengths =
        prop_oneof![4 => Just(None), 1 => Just(Some(Strength::PageKey)), 1 => Just(Some(Strength::SubjectKey))];
    (strengths, prop::bool::weighted(0.2)).prop_map(|(min_strength, explicit)| PurposePolicy { min_strength, explicit })
}

pub(super) fn questions() -> impl Strategy<Value = Asked> {
    let categories = proptest::sample::subsequence(CATEGORIES.to_vec(), 1..=2);
    let what = (
        proptest::sample::select(&PURPOSES[..]),
        categories,
        proptest::sample::select(&PROCESSING[..]),
    );
    (what, deliveries(), prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |((purpose, categories, processing), delivery, recipient, transfer)| Asked {
            purpose,
            categories,
            processing,
            delivery,
            recipient,
            transfer,
        },
    )
}

/// Up to so many consents in up to so many acts.
pub(super) fn worlds(consents: usize, acts: usize) -> impl Strategy<Value = World> {
    let deed = (
        0..consents,
        0..10_u8,
        scopes(),
        any::<u32>(),
        prop::bool::weighted(0.7),
        0..3_000_u64,
    );
    let now = p::<Timestamp>(BEGINNING).plus_seconds(1_000);
    proptest::collection::vec(deed, 1..=acts).prop_map(move |drafts| {
        let mut world = World {
            deeds: Vec::new(),
            direct: Vec::new(),
            now,
            head_time: now,
            silent_for: 0,
        };
        for (consent, kind, scope, bits, own_key, lasts) in drafts {
            // Consents are numbered as they come.
            let consent = consent.min(world.deeds.iter().map(|deed| deed.consent + 1).max().unwrap_or(0));
            let last = world.last(consent).cloned();
            let strength = if own_key {
                Strength::SubjectKey
            } else {
                Strength::PageKey
            };
            let valid_until = now.plus_seconds(lasts).minus_seconds(500);
            match last {
                None => {
                    let explicit = (0..scope.clauses().len())
                        .map(|at| bits >> (at % 32) & 1 == 1)
                        .collect();
                    let granted = Granted { scope, explicit };
                    world.deeds.push(Deed {
                        consent,
                        act: Act::Grant,
                        granted,
                        strength,
                        valid_until,
                    });
                }
                Some(Deed { act: Act::End(_), .. }) => {}
                Some(last) => match kind {
                    0 => world.end(consent, Phase::Withdrawn),
                    1 => world.end(consent, Phase::EndedByController),
                    2..6 => world.deeds.extend(part(&last, bits).map(|granted| Deed {
                        act: Act::Narrow,
                        granted,
                        ..last
                    })),
                    _ => {
                        let granted = if kind == 6 {
                            part(&last, bits)
                        } else {
                            Some(last.granted)
                        };
                        world.deeds.extend(granted.map(|mut granted| {
                            for (at, explicit) in granted.explicit.iter_mut().enumerate() {
                                *explicit = bits >> ((at + 7) % 32) & 1 == 1;
                            }
                            let valid_until = valid_until.max(last.valid_until);
                            Deed {
                                consent,
                                act: Act::Renew,
                                granted,
                                strength,
                                valid_until,
                            }
                        }));
                    }
                },
            }
        }
        world
    })
}

/// A part of what was granted, chosen by bits: one value of one clause less, or one clause.
fn part(last: &Deed, bits: u32) -> Option<Granted> {
    let mut all: Vec<(Clause, bool)> = last
        .granted
        .scope
        .clauses()
        .iter()
        .cloned()
        .zip(last.granted.explicit.iter().copied())
        .collect();
    let at = bits as usize % all.len();
    let (mut one, explicit) = all.remove(at);
    let pick = |len: usize| (bits >> 8) as usize % len;
    let left = match bits >> 16 & 3 {
        0 => one
            .categories
            .without(&one.categories[pick(one.categories.len())])
            .map(|left| one.categories = left),
        1 => one
            .processing
            .without(&one.processing[pick(one.processing.len())])
            .map(|left| one.processing = left),
        2 => one
            .delivery
            .without(&one.delivery[pick(one.delivery.len())])
            .map(|left| one.delivery = left),
        _ => None,
    };
    if left.is_some() {
        all.push((one, explicit));
    }
    let scope = Scope::new(all.iter().map(|(clause, _)| clause.clone()).collect()).ok()?;
    let flag = |clause: &Clause| all.iter().any(|(one, explicit)| *explicit && one == clause);
    Some(Granted {
        explicit: scope.clauses().iter().map(flag).collect(),
        scope,
    })
}

fn deliveries() -> impl Strategy<Value = Delivery> {
    prop_oneof![3 => Just(Delivery::Copy), 1 => Just(Delivery::InVault)]
}

/// One to four clauses that do not overlap.
fn scopes() -> impl Strategy<Value = Scope> {
    let clause = (
        proptest::sample::select(&PURPOSES[..]),
        proptest::sample::subsequence(CATEGORIES.to_vec(), 1..=3),
        proptest::sample::subsequence(PROCESSING.to_vec(), 1..=3),
        proptest::sample::subsequence(vec![Delivery::Copy, Delivery::InVault], 1..=2),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    let clause = clause.prop_map(|(purpose, categories, processing, delivery, recipient, transfer)| {
        let mut made = clause_of(purpose, &categories, &processing);
        made.delivery = SomeOf::new(Set::from_members(delivery)).unwrap();
        made.third_party = recipient.then(|| ThirdParty {
            id: p(RECIPIENT),
            legal_name: p("Mailer Ltd"),
        });
        made.transfer = transfer.then(|| Transfer { country: p(COUNTRY) });
        made
    });
    proptest::collection::vec(clause, 1..=4).prop_map(|drafts| {
        let mut kept: Vec<Clause> = Vec::new();
        for draft in drafts {
            kept.push(draft);
            if Scope::new(kept.clone()).is_err() {
                kept.pop();
            }
        }
        Scope::new(kept).unwrap()
    })
}

fn clause_of(purpose: &str, categories: &[&str], processing: &[&str]) -> Clause {
    clause(purpose, "dpv:DirectMarketing", categories, processing)
}
