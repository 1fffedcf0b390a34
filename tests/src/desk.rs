//! A brand's verifier in memory: what it would know of a test's log, and what it answers.

use std::collections::BTreeMap;

use placet_kernel::access::{BatchTree, entry_hash};
use placet_kernel::authorization::VerifierAuthorization;
use placet_kernel::decision::{
    self, Consent, Direct, DisclosedHead, Freshness, History, Policy, Register, Requests, State,
};
use placet_kernel::merkle::leaf_hash;
use placet_kernel::receipt::PresentedReport;
use placet_kernel::sign::sign_statement;
use placet_schemas::authzen::{self, Asked, DecisionStatement, Evaluation, Whom};
use placet_schemas::id::{Did, Digest, Origin, RecordId};
use placet_schemas::record::access::AccessBatch;
use placet_schemas::record::{Body, CanonicalRecord};
use placet_schemas::statement::{FeedHead, FeedHeadType, Signed};
use placet_schemas::time::Timestamp;
use placet_schemas::version::Version;
use placet_wallet::keys::SoftwareKey;
use serde_json::{Value, json};

use crate::brand::Brand;
use crate::log::TestLog;
use crate::scene::Scene;
use crate::tree::Tree;
use crate::{Claim, bytes_of, p};

/// The brand's own reference of the person of a scene.
pub const CUSTOMER: &str = "C-10042";

/// What a verifier knows. A test changes it before it asks.
#[derive(Debug)]
pub struct Desk {
    /// The log.
    pub origin: Origin,
    /// The brand.
    pub brand: Brand,
    /// Whether the brand's keys are in the feed.
    pub registered: bool,
    /// The brand's requests.
    pub requests: Requests,
    /// The consents, in the order of their grants.
    pub histories: Vec<History>,
    /// Whom the brand calls how.
    pub customers: BTreeMap<String, Vec<Did>>,
    /// The newest head.
    pub head: Option<Signed<FeedHead>>,
    /// Seconds since it arrived.
    pub silent_for: u64,
    /// Whether evidence was refused.
    pub broken: bool,
    /// The brand's policy.
    pub policy: Policy,
    /// The brand's register.
    pub register: Option<Register>,
    /// The verifier's clock.
    pub now: Timestamp,
    /// The verifier's key.
    pub key: SoftwareKey,
}

impl Desk {
    /// All that the scene's log has by now, as of a head that was signed this second.
    #[must_use]
    pub fn open(scene: &Scene) -> Self {
        Self::at(scene, scene.log.size())
    }

    /// The same as of the first `size` leaves.
    ///
    /// # Panics
    /// When a record cannot follow those before it.
    #[must_use]
    pub fn at(scene: &Scene, size: u64) -> Self {
        let mut desk = Self {
            origin: scene.log.origin.clone(),
            brand: scene.brand.clone(),
            registered: false,
            requests: Requests::default(),
            histories: Vec::new(),
            customers: BTreeMap::from([(CUSTOMER.to_owned(), vec![person(scene)])]),
            head: Some(head(
                &scene.log,
                &scene.brand.did,
                size,
                scene.clock,
                &scene.log.operator,
            )),
            silent_for: 0,
            broken: false,
            policy: Policy::default(),
            register: None,
            now: scene.clock,
            key: SoftwareKey::ed25519_from_seed(&bytes_of("a verifier")),
        };
        let below = |entry: &&crate::log::Entry| entry.index < size;
        let bodies = scene
            .log
            .entries
            .iter()
            .map(|entry| (entry.record.digest(), &entry.record.body));
        let known: BTreeMap<Digest, _> = bodies
            .filter_map(|(digest, body)| match body {
                Body::ConsentRequest(request) => Some((digest, &**request)),
                _ => None,
            })
            .collect();
        for entry in scene.log.entries.iter().filter(below) {
            let record = &entry.record;
            match &record.body {
                Body::ControllerKeys(_) => desk.registered = true,
                Body::ConsentRequest(request) => desk.requests.add(record.digest(), request),
                Body::ConsentGrant(grant) => {
                    let request = known.get(&grant.request).copied();
                    desk.histories
                        .push(History::start(entry.index, record, request).unwrap());
                }
                body => {
                    let request = match body {
                        Body::Renewal(renewal) => known.get(&renewal.request).copied(),
                        _ => None,
                    };
                    let mut histories = desk.histories.iter_mut();
                    let about = histories.find(|history| Some(history.consent.id) == record.consent());
                    about.unwrap().follow(entry.index, record, request).unwrap();
                }
            }
        }
        desk
    }

    /// Decides about a body of `POST /access/v1/evaluation`.
    ///
    /// # Panics
    /// When it is no AuthZEN request.
    #[must_use]
    pub fn answer(&self, body: &Value) -> DecisionStatement {
        let evaluation = authzen::evaluation(body.to_string().as_bytes()).unwrap_or_else(|fault| panic!("{fault}"));
        self.decide(&evaluation)
    }

    /// Decides.
    #[must_use]
    pub fn decide(&self, evaluation: &Evaluation) -> DecisionStatement {
        let people = evaluation
            .question
            .as_ref()
            .ok()
            .and_then(|question| match &question.whom {
                Whom::Customer(reference) => self.customers.get(reference.as_str()).cloned(),
                Whom::Person(did) => Some(vec![did.clone()]),
            });
        let consents: Option<Vec<&Consent>> = people.map(|people| {
            let all = self.histories.iter().map(|history| &history.consent);
            all.filter(|consent| people.contains(&consent.subject)).collect()
        });
        let head = self.head.clone().map(disclosed);
        let state = self.state(head.as_ref(), consents.as_deref());
        let id = RecordId::from_random(bytes_of(&format!("{} at {}", evaluation.digest, self.now)));
        decision::decide(evaluation, &state, &self.policy, self.now, id)
    }

    /// Decides by a receipt that was presented.
    ///
    /// # Panics
    /// Never: what is asked has a canonical form.
    #[must_use]
    pub fn decide_presented(&self, asked: &Asked, shown: &PresentedReport) -> DecisionStatement {
        self.decide_presented_of(None, asked, shown)
    }

    /// The same where it has to be this person's.
    ///
    /// # Panics
    /// Never: what is asked has a canonical form.
    #[must_use]
    pub fn decide_presented_of(
        &self,
        subject: Option<&Did>,
        asked: &Asked,
        shown: &PresentedReport,
    ) -> DecisionStatement {
        let head = self.head.clone().map(disclosed);
        let state = self.state(head.as_ref(), None);
        let id = RecordId::from_random(bytes_of("by a receipt"));
        decision::decide_presented((asked, subject), shown, &state, &self.policy, self.now, id).unwrap()
    }

    fn state<'a>(&'a self, head: Option<&'a DisclosedHead>, consents: Option<&'a [&'a Consent]>) -> State<'a> {
        State {
            origin: &self.origin,
            controller: &self.brand.did,
            registered: self.registered,
            requests: &self.requests,
            freshness: head.map(|head| Freshness {
                head,
                silent_for: self.silent_for,
            }),
            broken: self.broken,
            consents,
            register: self.register.as_ref(),
            rules: self.policy.digest(self.register.as_ref()),
        }
    }

    /// Signs what it answered, with its head beside it if one is named.
    #[must_use]
    pub fn sign(&self, statement: &DecisionStatement) -> String {
        let header = decision::header(&self.key.did().key_method().unwrap()).unwrap();
        let head = self.head.clone().filter(|_| statement.head.is_some()).map(disclosed);
        decision::sign(statement, head.as_ref(), &header, &self.key).unwrap()
    }

    /// Lets a decision rest on another head, which is this desk's from now on.
    pub fn rest_on(&mut self, statement: &mut DecisionStatement, head: Signed<FeedHead>) {
        statement.head = Some([disclosed(head.clone()).digest().clone()]);
        self.head = Some(head);
    }

    /// The brand's word for this verifier, from a day before its clock for a month.
    #[must_use]
    pub fn authorization(&self) -> String {
        let (from, until) = (self.now.minus_seconds(86_400), self.now.plus(p("P1M")));
        let (origin, controller) = (self.origin.clone(), self.brand.did.clone());
        let said = VerifierAuthorization::new(origin, controller, self.key.did(), from, until).unwrap();
        said.sign(&self.brand.method, &self.brand.key).unwrap()
    }

    /// The batch that anchors these decisions, signed at `at`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn batch(&self, decisions: &[String], at: Timestamp) -> (CanonicalRecord, BatchTree) {
        let entries = decisions.iter().map(|decision| entry_hash(decision.as_bytes()));
        let tree = BatchTree::new(entries.collect()).unwrap();
        let claim = Claim {
            issuer: self.key.did(),
            method: None,
            domain: self.origin.clone(),
            from: at,
            until: None,
            challenge: None,
            body: Body::AccessBatch(Box::new(AccessBatch {
                version: Version,
                controller: self.brand.did.clone(),
                authorization: p(&self.authorization()),
                from: at.minus_seconds(60),
                until: at,
                entries: tree.entries(),
                root: tree.root(),
            })),
        };
        (claim.sign(&self.key), tree)
    }

    /// Has the person hand a withdrawal of a consent to the brand itself.
    pub fn withdraw_directly(&mut self, consent: Digest) {
        let mut histories = self.histories.iter_mut();
        let history = histories.find(|history| history.consent.id == consent).unwrap();
        history.consent.direct = Some(Direct { record: None });
    }
}

/// What a brand asks about the scene's person: `processing` on `categories` for the purpose of this name, as a copy.
#[must_use]
pub fn question(purpose: &str, categories: &[&str], processing: &str) -> Value {
    json!({
        "subject": {"type": "controller", "id": "did:web:cinema.example"},
        "action": {"name": processing, "properties": {"delivery": "copy"}},
        "resource": {"type": "customer", "id": CUSTOMER, "properties": {"categories": categories}},
        "context": {"purpose": format!("https://brand.example/purposes#{purpose}")},
    })
}

/// A question that [`Scene::grant`] covers.
#[must_use]
pub fn covered() -> Value {
    question("newsletter", &["pd:EmailAddress"], "dpv:Use")
}

/// A head as decisions disclose it.
///
/// # Panics
/// When its numbers are too large for JSON.
#[must_use]
pub fn disclosed(head: Signed<FeedHead>) -> DisclosedHead {
    DisclosedHead::new(head).unwrap()
}

/// A head of the brand's feed in the log of `size`, signed by any key.
#[must_use]
pub fn head(log: &TestLog, controller: &Did, size: u64, time: Timestamp, key: &SoftwareKey) -> Signed<FeedHead> {
    let mut feed = Tree::new(0);
    for entry in log.entries.iter().filter(|entry| entry.index < size) {
        feed.push(leaf_hash(&entry.salt.leaf(&entry.record.digest())));
    }
    let statement = FeedHead {
        version: Version,
        r#type: FeedHeadType::FeedHead,
        origin: log.origin.clone(),
        controller: controller.clone(),
        feed_size: feed.size(),
        feed_root: crate::history::digest(&feed.root(feed.size())),
        size,
        root: log.anchor(size).root,
        time,
    };
    sign_statement(statement, key).unwrap()
}

fn person(scene: &Scene) -> Did {
    scene.person.did()
}
