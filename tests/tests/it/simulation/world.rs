//! Everything that the simulation has: a ledger, perhaps a copy of it, verifiers, people; and what each operation does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use placet_ledger::{Registration, Role, TokenOrder};
use placet_schemas::authzen::Evaluation;
use placet_schemas::id::{Digest, Origin};
use placet_schemas::record::CanonicalRecord;
use placet_tests::brand::Brand;
use placet_tests::offer::{newsletter, offer, recommendations};
use placet_tests::{bytes_of, p};
use placet_wallet::{Pen, brand as brands};
use tempfile::TempDir;

use super::cell::Cell;
use super::clock::Time;
use super::line::{Fault, Line};
use super::node::Node;
use super::people::Person;
use super::plan::{Op, VERIFIERS};
use super::questions::{self, Asked};
use super::seat::{House, Seat};
use super::watch::Watch;

const ORIGIN: &str = "simulated.example/log";
/// How finely time passes, in seconds: finely enough that a stream of heads does not look silent.
const PASSING: u64 = 5;
/// How long, by the machine's clock, verifiers are given to catch up in a step.
const CATCH_UP: u32 = 60;

/// All of it.
pub(super) struct World {
    pub(super) seats: Vec<Seat>,
    pub(super) node: Node,
    pub(super) copy: Option<Node>,
    pub(super) house: House,
    pub(super) questions: Vec<Asked>,
    pub(super) watch: Watch,
    pub(super) time: Time,
    pub(super) requests: Vec<CanonicalRecord>,
    pub(super) people: Vec<Person>,
    /// Whom the brand has invited.
    pub(super) invited: BTreeMap<Digest, String>,
    /// What was sent, whether it was taken or not, and where it is in the log if it is known.
    pub(super) sent: Vec<(Vec<u8>, Option<u64>)>,
    pub(super) lines: Cell,
    pub(super) dir: TempDir,
    pub(super) acts: u64,
    pub(super) services: u64,
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

    /// Asks a verifier every question, and keeps what it decided to be judged.
    pub(super) fn look(&mut self, verifier: usize) {
        let seat = &mut self.seats[verifier];
        let Some(asked) = seat.verifier().cloned() else { return };
        for question in &self.questions {
            let decision = asked.decide(&question.evaluation).unwrap();
            self.watch.decided(seat, verifier, question, decision);
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
    Some(head.head().size)
}

/// A folder in memory where there is one: what is simulated is not the disk.
fn folder() -> TempDir {
    let memory = PathBuf::from("/dev/shm");
    let made = tempfile::Builder::new().prefix("placet-simulation-").tempdir_in(memory);
    made.or_else(|_| tempfile::tempdir()).unwrap()
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
