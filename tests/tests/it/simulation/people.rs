//! What people and the brand do at the ledger. What is refused is refused: what counts is what was acknowledged.

use std::time::Duration;

use placet_kernel::code::WithdrawalCode;
use placet_kernel::jws;
use placet_ledger::SubmitError;
use placet_schemas::api::{DESTRUCTION_ORDER_TYP, OrderClaims};
use placet_schemas::id::{Digest, Origin};
use placet_schemas::json;
use placet_schemas::lifecycle::State;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::CanonicalRecord;
use placet_schemas::record::consent::{ErasureGround, Strength};
use placet_schemas::scope::{Clause, Delivery};
use placet_tests::offer::{newsletter, recommendations};
use placet_tests::{bytes_of, p};
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{self, Built, Erasure, GrantChoice, Showing};
use placet_wallet::sight::Sight;
use placet_wallet::{Pen, brand as brands};

use super::plan::{CUSTOMERS, VERIFIERS};
use super::world::World;

/// How long a consent that is given for a short time holds, in seconds.
const SHORT: u64 = 90;

/// Somebody who said yes, or tried to.
pub(super) struct Person {
    key: SoftwareKey,
    pub(super) code: WithdrawalCode,
    state: Option<State>,
}

impl World {
    pub(super) fn pen<'a>(&mut self, origin: &'a Origin, key: &'a SoftwareKey) -> Pen<'a> {
        self.acts += 1;
        Pen {
            origin,
            key,
            random: bytes_of(&format!("act {}", self.acts)),
            now: self.node.clock.reads(),
        }
    }

    /// Sends a record to the ledger or the copy; gives whether it was taken.
    pub(super) fn send(&mut self, at_copy: bool, bytes: &[u8]) -> bool {
        let node = if at_copy { self.copy.as_ref() } else { Some(&self.node) };
        let answer = node.and_then(|node| node.submit(bytes));
        let index = match answer {
            Some(Ok(recorded)) => Some(recorded.index),
            Some(Err(SubmitError::Refused { .. })) => return false,
            // Nobody knows whether it was recorded.
            _ => None,
        };
        if !at_copy {
            if let Some(index) = index {
                self.watch
                    .acknowledged(index, CanonicalRecord::parse(bytes).unwrap().record.digest());
            }
            self.sent.push((bytes.to_vec(), index));
        }
        index.is_some()
    }

    pub(super) fn grant(&mut self, at_copy: bool, customer: usize, request: usize, clauses: usize, short: bool) {
        let request = self.requests[request % self.requests.len()].clone();
        let digest = request.record.digest();
        let node = if at_copy { self.copy.as_ref() } else { Some(&self.node) };
        let invited = node.and_then(|node| {
            node.ask(move |ledger| async move { ledger.invite(&digest, Duration::from_secs(86_400), 1).await })
        });
        let Some(Ok(mut invited)) = invited else { return };
        let invitation = invited.pop().unwrap().invitation;
        self.invited
            .insert(invitation.digest(), format!("C-{}", customer % CUSTOMERS));
        for seat in self.seats.iter_mut().filter(|seat| seat.verifier().is_some()) {
            assert!(seat.import(&self.invited), "a book takes what does not contradict it");
        }
        let name = format!("person {}", self.people.len());
        let key = SoftwareKey::ed25519_from_seed(&bytes_of(&name));
        let code = WithdrawalCode::from_random(bytes_of(&format!("code of {name}")));
        let all: Vec<Digest> = [newsletter(), recommendations()].iter().map(Clause::digest).collect();
        let selected = [&all[..1], &all[1..], &all[..]][clauses % 3];
        let origin = self.house.origin.clone();
        let pen = self.pen(&origin, &key);
        let mut showing = showing(&request);
        showing.valid_until = short.then(|| pen.now.plus_seconds(SHORT));
        let choice = GrantChoice {
            showing,
            invitation: &invitation,
            selected,
        };
        let built = records::grant(&choice, &code, &pen).unwrap();
        let taken = self.send(at_copy, &built.bytes);
        self.watch.count("grants", usize::from(taken));
        self.people.push(Person {
            key,
            code,
            state: Some(built.state),
        });
    }

    /// Has somebody build a record by what she knows of her consent, and sends it.
    pub(super) fn act(&mut self, person: usize, build: impl FnOnce(&State, &Pen<'_>) -> Option<Built>) -> bool {
        if self.people.is_empty() {
            return false;
        }
        let person = person % self.people.len();
        let (key, origin) = (self.people[person].key.clone(), self.house.origin.clone());
        let pen = self.pen(&origin, &key);
        let Some(state) = self.people[person].state.clone() else {
            return false;
        };
        let Some(built) = build(&state, &pen) else {
            return false;
        };
        let taken = self.send(false, &built.bytes);
        if taken {
            self.people[person].state = Some(built.state);
        }
        taken
    }

    pub(super) fn narrow(&mut self, person: usize, part: usize) {
        let everywhere = |value| Pattern::Value { purpose: None, value };
        let removed = match part % 4 {
            0 => everywhere(Value::Category(p("pd:Purchase"))),
            1 => everywhere(Value::Processing(p("dpv:Store"))),
            2 => everywhere(Value::Delivery(Delivery::InVault)),
            _ => Pattern::Clause(Box::new(newsletter())),
        };
        let anchor = Sight::default().anchor();
        let taken = self.act(person, |state, pen| {
            records::narrow(state, vec![removed], anchor, pen).ok()
        });
        self.watch.count("narrowings", usize::from(taken));
    }

    pub(super) fn renew(&mut self, person: usize, request: usize) {
        let request = self.requests[request % self.requests.len()].clone();
        let taken = self.act(person, |state, pen| {
            records::renew(state, None, &showing(&request), pen).ok()
        });
        self.watch.count("renewals", usize::from(taken));
    }

    pub(super) fn withdraw(&mut self, at_copy: bool, person: usize, by_code: bool) {
        if let Some(bytes) = self.withdrawal(person, by_code) {
            let taken = self.send(at_copy, &bytes);
            self.watch.count("withdrawals", usize::from(taken));
        }
    }

    /// Somebody's withdrawal, signed by her key, or by that of her code.
    pub(super) fn withdrawal(&mut self, person: usize, by_code: bool) -> Option<Vec<u8>> {
        let (consent, person) = self.consent_of(person)?;
        let origin = self.house.origin.clone();
        let of_code = SoftwareKey::withdrawal(&self.people[person].code);
        let key = if by_code {
            of_code
        } else {
            self.people[person].key.clone()
        };
        let pen = self.pen(&origin, &key);
        Some(records::withdraw_unseen(consent, &pen).unwrap().bytes)
    }

    pub(super) fn consent_of(&self, person: usize) -> Option<(Digest, usize)> {
        let person = person % self.people.len().max(1);
        let state = self.people.get(person)?.state.as_ref()?;
        Some((state.consent, person))
    }

    pub(super) fn withdraw_while_asked(&mut self, verifier: usize, person: usize) {
        let Some(bytes) = self.withdrawal(person, false) else {
            return;
        };
        let Some(answer) = self.node.begin(&bytes) else { return };
        let mut rounds = 0;
        while answer.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) && rounds < 2000 {
            self.look(verifier % VERIFIERS);
            rounds += 1;
        }
        // The same bytes once more, for an answer that is kept.
        self.send(false, &bytes);
        self.watch.count("withdrawals raced", 1);
    }

    pub(super) fn end(&mut self, person: usize) {
        let Some((consent, _)) = self.consent_of(person) else {
            return;
        };
        let (origin, brand) = (self.house.origin.clone(), self.house.brand.clone());
        let pen = self.pen(&origin, &brand.key);
        let record = brands::end(consent, p("the service ends"), brand.signer(), &pen).unwrap();
        let taken = self.send(false, &record.bytes);
        self.watch.count("endings", usize::from(taken));
    }

    pub(super) fn erase(&mut self, person: usize) {
        let erasure = Erasure {
            ground: None,
            categories: None,
        };
        let anchor = Sight::default().anchor();
        self.act(person, |state, pen| records::erase(state, erasure, anchor, pen).ok());
    }

    pub(super) fn destroy(&mut self, person: usize) {
        let Some((consent, person)) = self.consent_of(person) else {
            return;
        };
        let claims = OrderClaims {
            origin: self.house.origin.clone(),
            consent,
            ground: ErasureGround::NoLongerNecessary,
            date: self.node.clock.reads(),
        };
        let claims = json::to_jcs(&claims).unwrap();
        let brand = &self.house.brand;
        let order = jws::sign(&claims, DESTRUCTION_ORDER_TYP, &brand.method, &brand.key).unwrap();
        let row = self
            .node
            .ask(|ledger| async move { ledger.order_destruction(&order).await });
        if let Some(Ok(Some(_))) = row {
            self.people[person].state = None;
            self.watch.count("destructions", 1);
        }
    }

    pub(super) fn again(&mut self, which: usize) {
        if self.sent.is_empty() {
            return;
        }
        let (bytes, before) = self.sent[which % self.sent.len()].clone();
        if let (Some(Ok(again)), Some(index)) = (self.node.submit(&bytes), before) {
            assert_eq!(again.index, index, "the same record again is the first one");
            self.watch.count("replays", 1);
        }
    }
}

fn showing(request: &CanonicalRecord) -> Showing<'_> {
    static WORDS: std::sync::LazyLock<(placet_schemas::id::Language, placet_schemas::text::Text)> =
        std::sync::LazyLock::new(|| (p("en"), p("page 1")));
    Showing {
        request: &request.record,
        language: &WORDS.0,
        explicit: &[],
        valid_until: None,
        strength: Strength::SubjectKey,
        anchor: Sight::default().anchor(),
        page: &WORDS.1,
    }
}
