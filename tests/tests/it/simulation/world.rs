//! Everything that the simulation has: a ledger, perhaps a copy of it, verifiers, people; and what each operation does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use placet_kernel::code::WithdrawalCode;
use placet_kernel::jws;
use placet_ledger::{Registration, Role, Step, SubmitError, TokenOrder, When};
use placet_schemas::api::{DESTRUCTION_ORDER_TYP, OrderClaims};
use placet_schemas::authzen::Evaluation;
use placet_schemas::id::{Digest, Origin};
use placet_schemas::json;
use placet_schemas::lifecycle::State;
use placet_schemas::narrowing::{Pattern, Value};
use placet_schemas::record::CanonicalRecord;
use placet_schemas::record::consent::{ErasureGround, Strength};
use placet_schemas::scope::{Clause, Delivery};
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, offer, recommendations};
use placet_tests::{bytes_of, p};
use placet_wallet::keys::SoftwareKey;
use placet_wallet::records::{self, Built, Erasure, GrantChoice, Showing};
use placet_wallet::sight::Sight;
use placet_wallet::{Pen, brand as brands};
use tempfile::TempDir;

use super::cell::Cell;
use super::clock::Time;
use super::line::{Fault, Line};
use super::node::Node;
use super::plan::{CUSTOMERS, Op, VERIFIERS};
use super::questions::{self, Asked};
use super::seat::{House, Seat};
use super::watch::Watch;

const ORIGIN: &str = "simulated.example/log";
/// How long a consent that is given for a short time holds, in seconds.
const SHORT: u64 = 90;
/// Steps of a commit at which the ledger may die.
const STEPS: [Step; 6] = [
    Step::Keyring,
    Step::Main,
    Step::HeadFile,
    Step::Answer,
    Step::Tiles,
    Step::Publish,
];
/// How finely time passes, in seconds: finely enough that a stream of heads does not look silent.
const PASSING: u64 = 5;
/// How long, by the machine's clock, verifiers are given to catch up in a step.
const CATCH_UP: u32 = 60;

/// Somebody who said yes, or tried to.
pub(super) struct Person {
    key: SoftwareKey,
    code: WithdrawalCode,
    state: Option<State>,
}

/// All of it.
pub(super) struct World {
    pub(super) seats: Vec<Seat>,
    pub(super) node: Node,
    pub(super) copy: Option<Node>,
    pub(super) house: House,
    pub(super) questions: Vec<Asked>,
    pub(super) watch: Watch,
    pub(super) time: Time,
    requests: Vec<CanonicalRecord>,
    people: Vec<Person>,
    /// Whom the brand has invited.
    invited: BTreeMap<Digest, String>,
    /// What was sent, whether it was taken or not, and where it is in the log if it is known.
    sent: Vec<(Vec<u8>, Option<u64>)>,
    lines: Cell,
    dir: TempDir,
    acts: u64,
    services: u64,
}

impl World {
    /// A ledger with a brand and two requests of its, and its verifiers, started.
    pub(super) fn make() -> Self {
        let dir = folder();
        let origin: Origin = p(ORIGIN);
        let time = Time::default();
        let node = Node::make(&origin, dir.path().join("ledger"), &time);
        let brand = Brand::cinema();
        let (token, requests) = open_shop(&node, &origin, &brand);
        let house = House {
            origin,
            brand,
            token,
            trust: node.trust(),
        };
        let lines = Cell::start("lines");
        let seat = |number: usize| {
            let line = Line::start(&lines);
            line.lead_to(node.address());
            let mut seat = Seat::make(&house, dir.path().join(format!("verifier-{number}")), line, &time);
            seat.start();
            seat
        };
        let seats = (0..VERIFIERS).map(seat).collect();
        Self {
            seats,
            node,
            copy: None,
            questions: questions::all(&house.brand.did),
            house,
            watch: Watch::default(),
            time,
            requests,
            people: Vec::new(),
            invited: BTreeMap::new(),
            sent: Vec::new(),
            lines,
            dir,
            acts: 0,
            services: 0,
        }
    }

    /// Does an operation. What is refused is refused: what counts is what was acknowledged.
    pub(super) fn perform(&mut self, op: Op) {
        match op {
            Op::Grant {
                customer,
                request,
                clauses,
                short,
            } => self.grant(false, customer, request, clauses, short),
            Op::Narrow { person, part } => self.narrow(person, part),
            Op::Renew { person, request } => self.renew(person, request),
            Op::Withdraw { person, by_code } => self.withdraw(false, person, by_code),
            Op::WithdrawWhileAsked { verifier, person } => self.withdraw_while_asked(verifier, person),
            Op::End { person } => self.end(person),
            Op::Erase { person } => self.erase(person),
            Op::Destroy { person } => self.destroy(person),
            Op::Again { which } => self.again(which),
            Op::Hand {
                verifier,
                person,
                by_code,
            } => self.hand(verifier, person, by_code),
            Op::HandWhileAsked { verifier, person } => self.hand_while_asked(verifier, person),
            Op::HandAndKill { verifier, person } => self.hand_and_kill(verifier, person),
            Op::Merge { verifier, from, into } => self.merge(verifier, from, into),
            Op::Split {
                verifier,
                from,
                which,
                into,
            } => self.split(verifier, from, which, into),
            Op::ImportAgain { verifier } => {
                self.watch.count(
                    "imports",
                    usize::from(self.seats[verifier % VERIFIERS].import(&self.invited)),
                );
            }
            Op::Ask { verifier, question } => self.ask(verifier, question),
            Op::Report {
                verifier,
                question,
                permitted,
            } => self.report(verifier, question, permitted),
            Op::Line { verifier, fault } => {
                self.watch.count("faults", usize::from(fault != Fault::None));
                self.seats[verifier % VERIFIERS].line.set(fault);
            }
            Op::Skew { machine, seconds } => match machine % (VERIFIERS + 1) {
                0 => self.node.clock.skew(seconds),
                verifier => self.seats[verifier - 1].clock.skew(seconds),
            },
            Op::Pass { seconds } => self.pass(seconds),
            Op::Follow => self.follow(),
            Op::Kill { verifier } => {
                self.seats[verifier % VERIFIERS].kill();
                self.watch.count("kills", 1);
            }
            Op::Start { verifier } => self.start(verifier % VERIFIERS),
            Op::Restart { kill, after } => self.restart(kill, after),
            Op::Die { step, after } => self.die(step, after),
            Op::Fork { verifier } => self.fork(verifier % VERIFIERS),
            Op::GrantAtCopy { customer, request } => self.grant(true, customer, request, 2, false),
            Op::WithdrawAtCopy { person } => self.withdraw(true, person, false),
            Op::Home => self.lead_home(),
        }
    }

    /// Lets time pass, everywhere.
    pub(super) fn pass(&mut self, seconds: u64) {
        let mut left = seconds;
        while left > 0 {
            let now = left.min(PASSING);
            self.jump(now);
            left -= now;
        }
    }

    /// Lets time pass at once.
    pub(super) fn jump(&mut self, seconds: u64) {
        self.time.fetch_add(seconds, Ordering::SeqCst);
        let time = Duration::from_secs(seconds);
        self.lines.advance(time);
        self.node.advance(time);
        self.copy.iter().for_each(|copy| copy.advance(time));
        self.seats.iter().for_each(|seat| seat.advance(time));
    }

    /// Gives verifiers that can hear the ledger time to hear what it has.
    fn follow(&mut self) {
        for round in 0..CATCH_UP {
            let behind = self.seats.iter().any(|seat| {
                let hears = matches!(seat.line.fault(), Fault::None | Fault::Twice | Fault::NoStream);
                let size = self.node.ask(|ledger| async move { ledger.size() });
                let knows = seat
                    .verifier()
                    .and_then(|verifier| head_size(verifier, &self.questions[0].evaluation));
                hears && seat.verifier().is_some() && size.is_some() && knows < size && !seat.misled
            });
            if !behind {
                return;
            }
            std::thread::sleep(Duration::from_micros(300));
            if round % 20 == 19 {
                // Who was cut off asks again after a pause.
                self.jump(1);
            }
        }
    }

    /// Starts a verifier, and tells it whom the brand has invited meanwhile.
    pub(super) fn start(&mut self, verifier: usize) {
        if self.seats[verifier].start() {
            let taken = self.seats[verifier].import(&self.invited);
            assert!(taken, "a book takes what does not contradict it");
            self.watch.count("starts", 1);
        }
    }

    /// Leads all lines to the ledger, where it is now.
    pub(super) fn lead_home(&mut self) {
        let address = self.node.address();
        self.seats.iter().for_each(|seat| seat.line.lead_to(address));
    }

    fn pen<'a>(&mut self, origin: &'a Origin, key: &'a SoftwareKey) -> Pen<'a> {
        self.acts += 1;
        Pen {
            origin,
            key,
            random: bytes_of(&format!("act {}", self.acts)),
            now: self.node.clock.reads(),
        }
    }

    /// Sends a record to the ledger or the copy; gives whether it was taken.
    fn send(&mut self, at_copy: bool, bytes: &[u8]) -> bool {
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

    fn grant(&mut self, at_copy: bool, customer: usize, request: usize, clauses: usize, short: bool) {
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
    fn act(&mut self, person: usize, build: impl FnOnce(&State, &Pen<'_>) -> Option<Built>) -> bool {
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

    fn narrow(&mut self, person: usize, part: usize) {
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

    fn renew(&mut self, person: usize, request: usize) {
        let request = self.requests[request % self.requests.len()].clone();
        let taken = self.act(person, |state, pen| {
            records::renew(state, None, &showing(&request), pen).ok()
        });
        self.watch.count("renewals", usize::from(taken));
    }

    fn withdraw(&mut self, at_copy: bool, person: usize, by_code: bool) {
        if let Some(bytes) = self.withdrawal(person, by_code) {
            let taken = self.send(at_copy, &bytes);
            self.watch.count("withdrawals", usize::from(taken));
        }
    }

    /// Somebody's withdrawal, signed by her key, or by that of her code.
    fn withdrawal(&mut self, person: usize, by_code: bool) -> Option<Vec<u8>> {
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

    fn consent_of(&self, person: usize) -> Option<(Digest, usize)> {
        let person = person % self.people.len().max(1);
        let state = self.people.get(person)?.state.as_ref()?;
        Some((state.consent, person))
    }

    fn withdraw_while_asked(&mut self, verifier: usize, person: usize) {
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

    fn end(&mut self, person: usize) {
        let Some((consent, _)) = self.consent_of(person) else {
            return;
        };
        let (origin, brand) = (self.house.origin.clone(), self.house.brand.clone());
        let pen = self.pen(&origin, &brand.key);
        let record = brands::end(consent, p("the service ends"), brand.signer(), &pen).unwrap();
        let taken = self.send(false, &record.bytes);
        self.watch.count("endings", usize::from(taken));
    }

    fn erase(&mut self, person: usize) {
        let erasure = Erasure {
            ground: None,
            categories: None,
        };
        let anchor = Sight::default().anchor();
        self.act(person, |state, pen| records::erase(state, erasure, anchor, pen).ok());
    }

    fn destroy(&mut self, person: usize) {
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

    fn again(&mut self, which: usize) {
        if self.sent.is_empty() {
            return;
        }
        let (bytes, before) = self.sent[which % self.sent.len()].clone();
        if let (Some(Ok(again)), Some(index)) = (self.node.submit(&bytes), before) {
            assert_eq!(again.index, index, "the same record again is the first one");
            self.watch.count("replays", 1);
        }
    }

    fn hand(&mut self, verifier: usize, person: usize, by_code: bool) {
        let Some((consent, body)) = self.to_hand(person, by_code) else {
            return;
        };
        let seat = &mut self.seats[verifier % VERIFIERS];
        let answer = seat.ask(|verifier| async move { verifier.withdraw(&body).await.map(|answer| answer.consent) });
        if let Some(Ok(taken)) = answer {
            assert_eq!(taken, consent);
            seat.handed.insert(consent);
            self.watch.count("handed", 1);
        }
    }

    fn to_hand(&mut self, person: usize, by_code: bool) -> Option<(Digest, Vec<u8>)> {
        let (consent, person) = self.consent_of(person)?;
        let code = format!("{{\"code\":\"{}\"}}", self.people[person].code);
        let body = if by_code {
            code.into_bytes()
        } else {
            self.withdrawal(person, false)?
        };
        Some((consent, body))
    }

    fn hand_while_asked(&mut self, verifier: usize, person: usize) {
        let verifier = verifier % VERIFIERS;
        let Some((consent, body)) = self.to_hand(person, false) else {
            return;
        };
        let begun = self.seats[verifier].begin(|verifier| async move { verifier.withdraw(&body).await.is_ok() });
        let Some(answer) = begun else { return };
        loop {
            let done = answer.try_recv();
            if done == Ok(true) {
                // From here on, whatever is asked.
                self.seats[verifier].handed.insert(consent);
                self.watch.count("handed while asked", 1);
            }
            self.look(verifier);
            if done != Err(std::sync::mpsc::TryRecvError::Empty) {
                return;
            }
        }
    }

    fn hand_and_kill(&mut self, verifier: usize, person: usize) {
        let verifier = verifier % VERIFIERS;
        let Some((consent, body)) = self.to_hand(person, false) else {
            return;
        };
        let begun = self.seats[verifier].begin(|verifier| async move { verifier.withdraw(&body).await.is_ok() });
        let Some(answer) = begun else { return };
        std::thread::sleep(Duration::from_micros(100 * (self.acts % 8)));
        self.seats[verifier].kill();
        // An answer that came before the end is one, and none is none.
        if answer.try_recv() == Ok(true) {
            self.seats[verifier].handed.insert(consent);
            self.watch.count("handed and killed", 1);
        }
        self.watch.count("kills", 1);
        self.start(verifier);
    }

    fn merge(&mut self, verifier: usize, from: usize, into: usize) {
        let (from, into) = (format!("C-{}", from % CUSTOMERS), format!("C-{}", into % CUSTOMERS));
        let seat = &mut self.seats[verifier % VERIFIERS];
        let (old, new) = (p(&from), p(&into));
        if let Some(Ok(_)) = seat.ask(|verifier| async move { verifier.merge(&old, &new).await }) {
            for name in seat.book.values_mut().filter(|name| **name == from) {
                name.clone_from(&into);
            }
            self.watch.count("merges", 1);
        }
    }

    fn split(&mut self, verifier: usize, from: usize, which: usize, into: usize) {
        let (from, into) = (format!("C-{}", from % CUSTOMERS), format!("C-{}", into % CUSTOMERS));
        let seat = &mut self.seats[verifier % VERIFIERS];
        let theirs = seat.invitations(&from);
        let Some(invitation) = theirs.get(which % theirs.len().max(1)).copied() else {
            return;
        };
        let (old, new) = (p(&from), p(&into));
        if let Some(Ok(_)) = seat.ask(|verifier| async move { verifier.split(&old, &[invitation], &new).await }) {
            seat.book.insert(invitation, into);
            self.watch.count("splits", 1);
        }
    }

    fn ask(&mut self, verifier: usize, question: usize) {
        let verifier = verifier % VERIFIERS;
        let question = question % self.questions.len();
        let evaluation = self.questions[question].evaluation.clone();
        let Some(asked) = self.seats[verifier].verifier().cloned() else {
            return;
        };
        let decided = asked.ask(&evaluation).unwrap();
        let seat = &mut self.seats[verifier];
        if decided.statement.decision {
            seat.permits.insert(question, decided.statement.evaluation_id.clone());
        }
        seat.told.push(decided.signed.clone());
        self.watch.signed(&decided, asked.did(), &evaluation);
        self.watch
            .decided(seat, verifier, &self.questions[question], decided.statement);
    }

    fn report(&mut self, verifier: usize, question: usize, permitted: bool) {
        let question = question % self.questions.len();
        let seat = &mut self.seats[verifier % VERIFIERS];
        self.services += 1;
        let service = format!("service {}", self.services);
        let evaluation = seat.permits.get(&question).filter(|_| permitted).cloned();
        let access = self.questions[question].access(&service, evaluation);
        let answer = seat.ask(|verifier| async move { verifier.report(&[access]).await });
        if let Some(Ok(reported)) = answer {
            seat.reported.insert(service, reported.lines);
            self.watch.count("lines", reported.lines);
        }
    }

    fn restart(&mut self, kill: bool, after: u64) {
        self.node.stop(kill);
        self.lead_lost();
        self.pass(after);
        self.revive();
        self.watch.count("restarts", 1);
    }

    /// The ledger is gone; who was led to it is led to nobody.
    fn lead_lost(&self) {
        let away = self.copy.as_ref().and_then(Node::address);
        for seat in self.seats.iter().filter(|seat| !(seat.misled && away.is_some())) {
            seat.line.lead_to(None);
        }
    }

    fn revive(&mut self) {
        self.node.start();
        let address = self.node.address();
        for seat in self.seats.iter().filter(|seat| !seat.misled) {
            seat.line.lead_to(address);
        }
    }

    fn die(&mut self, step: usize, after: bool) {
        let when = if after { When::After } else { When::Before };
        self.node.plan_death(STEPS[step % STEPS.len()], when);
        self.grant(false, step, step, 2, false);
        // A step after the answer may still be on its way.
        std::thread::sleep(Duration::from_millis(2));
        self.node.stop(true);
        self.node.unplan();
        self.revive();
        // Who got no answer sends the same bytes again.
        let Some((bytes, index)) = self.sent.last().cloned() else {
            return;
        };
        if let (Some(Ok(again)), Some(index)) = (self.node.submit(&bytes), index) {
            assert_eq!(again.index, index, "what was acknowledged is there after a crash");
        }
        self.watch.count("deaths", 1);
    }

    fn fork(&mut self, verifier: usize) {
        if self.copy.is_some() || self.seats[verifier].verifier().is_none() {
            return;
        }
        self.node.learn(&self.house.brand.did);
        self.node.stop(false);
        let copy = self.node.copy(self.dir.path().join("copy"), &self.time);
        self.revive();
        self.seats[verifier].misled = true;
        self.seats[verifier].line.lead_to(copy.address());
        self.copy = Some(copy);
        self.watch.count("forks", 1);
    }

    /// Asks a verifier every question, and keeps what it decided to be judged.
    pub(super) fn look(&mut self, verifier: usize) {
        let seat = &mut self.seats[verifier];
        let Some(asked) = seat.verifier().cloned() else { return };
        for question in &self.questions {
            let statement = asked.decide(&question.evaluation).unwrap();
            self.watch.decided(seat, verifier, question, statement);
        }
    }

    /// What must hold after every step.
    pub(super) fn check(&mut self) {
        for verifier in 0..VERIFIERS {
            self.look(verifier);
        }
        self.node.learn(&self.house.brand.did);
        if let Some(copy) = &mut self.copy {
            copy.learn(&self.house.brand.did);
        }
        let copy = self.copy.as_ref().map(|copy| &copy.truth);
        self.watch
            .judge(&mut self.seats, &self.node.truth, copy, self.node.address().is_some());
    }
}

/// The size of the log at the head that a verifier decides by.
pub(super) fn head_size(verifier: &placet_verifier::Verifier, evaluation: &Evaluation) -> Option<u64> {
    let head = verifier.decide(evaluation).unwrap().head?;
    Some(head.statement.size)
}

/// A folder in memory where there is one: what is simulated is not the disk.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    let made = tempfile::Builder::new().prefix("placet-simulation-").tempdir_in(memory);
    made.or_else(|_| tempfile::tempdir()).unwrap()
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

/// Registers the brand, gets it a token, and records two requests.
fn open_shop(node: &Node, origin: &Origin, brand: &Brand) -> (String, Vec<CanonicalRecord>) {
    let keys = brand.keys();
    let registration = Registration {
        did: brand.did.clone(),
        legal_name: keys.legal_name,
        source: keys.source,
        document: keys.document,
        document_digest: keys.document_digest,
    };
    let order = TokenOrder {
        role: Role::Brand,
        controller: Some(brand.did.clone()),
        audit: None,
        kinds: None,
        key: None,
        label: "verifiers".to_owned(),
        expires: None,
    };
    let asked = offer(&[brand], vec![newsletter(), recommendations()], 0);
    let requests: Vec<CanonicalRecord> = (0..2)
        .map(|number| {
            let pen = Pen {
                origin,
                key: &brand.key,
                random: bytes_of(&format!("request {number}")),
                now: node.clock.reads(),
            };
            brands::request(asked.request.clone(), &asked.notices, brand.signer(), &pen).unwrap()
        })
        .collect();
    let to_send = (Arc::new(asked.notices), requests.clone());
    let token = node.ask(|ledger| async move {
        ledger.register_controller(registration).await.unwrap();
        let (_, token) = ledger.issue_token(order).await.unwrap();
        for notice in to_send.0.iter() {
            ledger.add_notice(&notice.bytes).await.unwrap();
        }
        for request in &to_send.1 {
            ledger.submit(&request.bytes).await.unwrap();
        }
        token.expose().to_owned()
    });
    (token.unwrap(), requests)
}
