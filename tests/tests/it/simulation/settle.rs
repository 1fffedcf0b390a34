//! The end of a run: nothing goes wrong any more, and everything that was promised is looked for.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use placet_kernel::access::{BatchTree, entry_hash, verify_access};
use placet_kernel::bundle::Verdict;
use placet_kernel::merkle::Hash;
use placet_kernel::misbehaviour;
use placet_ledger::Party;
use placet_schemas::access::AccessLine;
use placet_schemas::id::{RecordId, decode_hex};
use placet_verifier::JOURNAL_DIR;

use super::line::Fault;
use super::model::Batch;
use super::node::Node;
use super::seat::Seat;
use super::world::{World, head_size};

/// More than any clock was ahead, and than a batch is sent again that the ledger refuses.
const BEYOND_SKEW: u64 = 2_600;
/// How often it is looked whether all is settled; between two looks a second or more passes.
const ROUNDS: u32 = 600;
/// After so many looks they come four times as slowly, and again after as many.
const PATIENT_AFTER: u32 = 120;
/// Most lines of a page.
const PAGE: usize = 100;

/// The lines of the log that somebody may read: by their ids, how often.
type Kept = HashMap<RecordId, usize>;

/// Ends all faults, waits, and checks what was promised.
pub(super) fn settle(world: &mut World) {
    world.node.unplan();
    world.node.clock.skew(0);
    for verifier in 0..world.seats.len() {
        world.seats[verifier].line.set(Fault::None);
        world.seats[verifier].clock.skew(0);
        world.start(verifier);
    }
    world.lead_home();
    world.jump(BEYOND_SKEW);
    let mut left = ROUNDS;
    while let Some(why) = unsettled(world).or_else(|| the_answers_are_the_logs(world)) {
        left -= 1;
        assert!(left > 0, "it never settles: {why}; {}", answers(world));
        std::thread::sleep(breath(ROUNDS - left));
        world.jump(if left.is_multiple_of(16) { 6 } else { 1 });
        world.check();
    }
    let kept = lines_at(world, &world.node);
    let mut proofs = 0;
    for seat in &world.seats {
        nothing_reported_is_lost(world, seat, &kept);
        proofs += the_proofs_hold(world, seat);
    }
    world.watch.count("lines read", kept.len());
    world.watch.count("proofs", proofs);
}

/// How long, by the machine's clock, everybody is given before the next look: on a machine that is busy with other things a call
/// would else have no time to be answered before its own time is over.
fn breath(round: u32) -> Duration {
    Duration::from_millis(4_u64.pow(round / PATIENT_AFTER))
}

/// What the ledger says to the batches that are not anchored.
fn answers(world: &World) -> String {
    let mut said = String::new();
    for seat in &world.seats {
        for file in fs::read_dir(seat.folder.join(JOURNAL_DIR)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "batch") {
                let answer = world.node.submit(&fs::read(&path).unwrap());
                let answer = answer.map(|answer| answer.map(|recorded| recorded.index));
                let _always_fits = write!(said, "{}: {answer:?}; ", path.display());
            }
        }
    }
    said
}

/// What is still to come.
fn unsettled(world: &World) -> Option<String> {
    let size = world.node.ask(|ledger| async move { ledger.size() });
    for (number, seat) in world.seats.iter().enumerate() {
        let verifier = seat.verifier()?;
        if !seat.misled {
            if let Err(code) = verifier.ready() {
                return Some(format!("verifier {number} is not ready: {code}"));
            }
            if head_size(verifier, &world.questions[0].evaluation) != size {
                return Some(format!("verifier {number} lags"));
            }
            if let Some(consent) = seat.handed.iter().find(|consent| !world.node.truth.is_over(consent)) {
                return Some(format!(
                    "the withdrawal of {consent} is not forwarded by verifier {number}"
                ));
            }
        }
        let minutes = fs::read_dir(seat.folder.join(JOURNAL_DIR))
            .unwrap()
            .map(|file| file.unwrap().path());
        let mut journals = minutes.filter(|path| path.extension().is_some_and(|ending| ending == "journal"));
        if let Some(minute) = journals.find(|path| !path.with_extension("anchored").exists()) {
            return Some(format!("{} is not anchored", minute.display()));
        }
    }
    None
}

/// That every verifier whom nobody misled answers every question as the whole log does; or that the log went on meanwhile, as it
/// does when one that was misled hands over what it was given.
fn the_answers_are_the_logs(world: &mut World) -> Option<String> {
    world.node.learn(&world.house.brand.did);
    let truth = &world.node.truth;
    for (number, seat) in world.seats.iter().enumerate().filter(|(_, seat)| !seat.misled) {
        for question in &world.questions {
            let decided = seat.verifier().unwrap().decide(&question.evaluation).unwrap();
            let statement = decided.statement;
            if decided.head.is_some_and(|head| head.head().size != truth.size()) {
                return Some(format!("the log went on from what verifier {number} knows"));
            }
            let allowed = truth.allows(truth.size(), &seat.invitations(&question.customer));
            let living = |one| {
                allowed
                    .get(one)
                    .is_some_and(|(_, until)| statement.evaluated_at < *until)
            };
            let expected = question.uses().iter().all(living);
            assert_eq!(
                statement.decision, expected,
                "verifier {number}, settled: {statement:?}"
            );
        }
    }
    None
}

/// The lines that a ledger gives, each verified as a wallet does.
fn lines_at(world: &World, node: &Node) -> Kept {
    let mut kept = Kept::new();
    let trust = &world.house.trust;
    for consent in node.truth.consents() {
        let mut after = None;
        loop {
            let who = Party::Controller(world.house.brand.did.clone());
            let page = node.ask(move |ledger| async move { ledger.accesses(&who, &consent, after, PAGE).await });
            let Some(page) = page.unwrap().unwrap() else { break };
            for view in &page.accesses {
                verify_access(view, &page.keys, &consent, &world.house.origin, trust).unwrap();
                assert_eq!(view.line.consent, Some(consent));
                *kept.entry(view.line.id.clone()).or_default() += 1;
            }
            after = page.next.map(|next| {
                let (index, seq) = next.split_once('.').unwrap();
                (index.parse().unwrap(), seq.parse().unwrap())
            });
            if after.is_none() {
                break;
            }
        }
    }
    kept
}

/// That every line and decision of a verifier is in one batch of the log, and every line with whom it is about.
fn nothing_reported_is_lost(world: &World, seat: &Seat, kept: &Kept) {
    let (batches, others) = (
        world.node.truth.batches(),
        world.copy.as_ref().map(|copy| copy.truth.batches()),
    );
    let mut services: BTreeMap<String, usize> = BTreeMap::new();
    let mut told: HashMap<String, usize> = HashMap::new();
    let mut gone = 0;
    for file in fs::read_dir(seat.folder.join(JOURNAL_DIR)).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "journal") {
            continue;
        }
        let entries = entries(&path);
        let tree = BatchTree::new(entries.iter().map(hash).collect()).unwrap();
        let of_it = |batch: &&Batch| (batch.root, batch.entries) == (tree.root(), tree.entries());
        let here: Vec<&Batch> = batches.iter().filter(of_it).collect();
        let there: Vec<&Batch> = others.iter().flatten().filter(of_it).collect();
        // A verifier that was led to a copy of the ledger has its word that it is there.
        let once = here.len() == 1 || seat.misled && here.is_empty() && there.len() == 1;
        let signed = |batches: &[&Batch]| {
            let each = batches
                .iter()
                .map(|batch| format!("{} of {}", batch.index, batch.signed));
            each.collect::<Vec<_>>().join(", ")
        };
        let (these, those) = (signed(&here), signed(&there));
        assert!(once, "{}: batches [{these}], at the copy [{those}]", path.display());
        for (mark, entry) in &entries {
            match mark {
                b'l' => {
                    let line = AccessLine::parse(entry).unwrap();
                    let service = serde_json::to_value(&line.service).unwrap();
                    *services.entry(service.as_str().unwrap().to_owned()).or_default() += 1;
                    arrived(world, seat, &line, kept);
                }
                b'd' => *told.entry(String::from_utf8(entry.clone()).unwrap()).or_default() += 1,
                _ => gone += 1,
            }
        }
    }
    let mut missing = 0;
    for (service, lines) in &seat.reported {
        let found = services.get(service).copied().unwrap_or_default();
        assert!(found <= *lines, "{service} has more lines than it reported");
        missing += lines - found;
    }
    for decision in &seat.told {
        let found = told.get(decision).copied().unwrap_or_default();
        assert!(found <= 1, "a decision is written down twice");
        missing += 1 - found;
    }
    // What named a consent that was destroyed is gone with it, and its hash stays.
    assert_eq!(
        missing, gone,
        "reports or decisions are lost, or gone without a destruction"
    );
}

/// That a line is with the ledger, once, unless nobody is there to read it.
fn arrived(world: &World, seat: &Seat, line: &AccessLine, kept: &Kept) {
    let Some(consent) = line.consent else { return };
    let there = kept.get(&line.id).copied().unwrap_or_default();
    let gone = world.node.truth.is_destroyed(&consent);
    // A copy of the ledger may have refused what only the other knows.
    assert!(
        there == 1 || gone || seat.misled,
        "a line is {there} times with the ledger: {line:?}"
    );
}

/// That proofs against the ledger hold, and are only there when it did wrong.
fn the_proofs_hold(world: &World, seat: &Seat) -> usize {
    let proofs = seat.proofs();
    assert!(
        proofs.is_empty() || seat.misled,
        "an honest ledger is accused: {proofs:?}"
    );
    for path in &proofs {
        let report = misbehaviour::verify(&fs::read(path).unwrap(), Some(&world.house.trust), seat.now()).unwrap();
        assert_eq!(report.proved, Verdict::Holds, "{}", path.display());
    }
    proofs.len()
}

fn entries(path: &Path) -> Vec<(u8, Vec<u8>)> {
    let bytes = fs::read(path).unwrap();
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty() && !line.ends_with(b"\0"));
    lines.map(|line| (line[0], line[1..].to_vec())).collect()
}

fn hash((mark, entry): &(u8, Vec<u8>)) -> Hash {
    match mark {
        b'x' => Hash::new(decode_hex(str::from_utf8(entry).unwrap()).unwrap()),
        _ => entry_hash(entry),
    }
}

/// Which of its promises a run is about, in one line.
pub(super) fn summary(counts: &BTreeMap<&'static str, usize>) -> String {
    let each = counts.iter().map(|(what, times)| format!("{what} {times}"));
    each.collect::<Vec<_>>().join(", ")
}
