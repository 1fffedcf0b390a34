//! A simulation of a brand's verifiers and their ledger, while everything goes wrong that may.
//!
//! A seed is a list of operations ([`plan`]), drawn before the first is done: people say yes, take back, withdraw, and hand
//! their withdrawals to a verifier; the brand ends, destroys, imports, merges and splits; services ask and report; lines break,
//! are slow, lose, cut, repeat, alter and hold back; clocks are wrong both ways; time passes; verifiers and the ledger are killed
//! and started again; the operator leads a verifier to a copy of the ledger that goes on otherwise. The ledger and the
//! verifiers are the real ones, on real folders, over real HTTP. Their timers and clocks are the simulation's, so that an hour
//! costs no time.
//!
//! The same seed gives the same operations. Threads and sockets are the machine's, so which of two things that happen at once
//! comes first may differ from run to run; a failure names its seed, and most seeds fail again.
//!
//! # What counts as failure
//!
//! After every step every living verifier is asked every question. Every decision is judged by what the log says at the head
//! that the decision itself names, by a second small answer to the same question ([`model`]):
//!
//! 1. a permit that the records below that head do not allow, by that consent, at that time;
//! 2. a permit by a head that is older than `max_staleness`, by the verifier's wall clock or by how long it has been seen
//!    there; or by one from the future; or by none;
//! 3. a permit by a consent whose withdrawal the verifier has acknowledged, from that answer on, whatever was killed since;
//! 4. a head that no ledger signed, or permits by two heads that contradict each other;
//! 5. a record that the ledger acknowledged and that is not where it said, or is given two places when it is sent again;
//! 6. a record in the log that its own lifecycle forbids, or that anybody panics.
//!
//! At the end all faults stop. When three quarters of an hour have passed, after which the verifiers sign again what the ledger
//! refused, it is a failure when within ten minutes of the simulation's time
//!
//! 7. a verifier whom no copy misled does not answer every question as the whole log does;
//! 8. a withdrawal that a verifier acknowledged has not ended its consent in the log;
//! 9. a line or a decision that a verifier acknowledged is not in exactly one anchored batch, or a line of a living consent is
//!    not exactly once with the ledger, readable and verified as a wallet does;
//! 10. a verifier accuses an honest ledger, or keeps a proof that the kernel does not take for one.
//!
//! Denials that need not have been are no failure while anything is wrong.
//!
//! `cargo xtask simulate --seeds 10000` runs many seeds in release; `PLACET_SIMULATION_SEEDS=7..8` names some.

mod cell;
mod clock;
mod harm;
mod line;
mod model;
mod node;
mod people;
mod plan;
mod questions;
mod seat;
mod services;
mod settle;
mod watch;
mod world;

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use line::Fault;
use plan::{Op, plan};
use world::World;

/// Which seeds to run instead of those of every run, such as `0..10000`.
const SEEDS: &str = "PLACET_SIMULATION_SEEDS";
const SEEDS_OF_EVERY_RUN: u64 = 25;

/// Whether every operation is told before it is done.
const LOUD: &str = "PLACET_SIMULATION_LOUD";

type Counts = BTreeMap<&'static str, usize>;

/// Runs operations, with all checks; gives what happened how often.
fn run(ops: &[Op]) -> Counts {
    let mut world = World::make();
    world.check();
    for op in ops {
        if loud() {
            println!("{op:?}");
        }
        world.perform(*op);
        world.check();
    }
    settle::settle(&mut world);
    world.watch.counts().clone()
}

fn loud() -> bool {
    std::env::var_os(LOUD).is_some()
}

fn run_seeds(seeds: Range<u64>) -> Counts {
    let mut all = Counts::new();
    for seed in seeds {
        let counts = catch_unwind(AssertUnwindSafe(|| run(&plan(seed)))).unwrap_or_else(|panic| {
            eprintln!(
                "seed {seed} failed; again: {SEEDS}={seed}..{} or cargo xtask simulate --from {seed} --seeds 1",
                seed + 1
            );
            resume_unwind(panic)
        });
        for (what, times) in counts {
            *all.entry(what).or_default() += times;
        }
    }
    all
}

/// That the simulation did what it is for.
fn assert_lively(counts: &Counts) {
    let summary = settle::summary(counts);
    for what in [
        "permits",
        "denials",
        "signed",
        "grants",
        "narrowings",
        "renewals",
        "withdrawals",
        "handed",
        "kills",
        "starts",
        "restarts",
        "deaths",
        "faults",
        "lines read",
        "replays",
        "destructions",
        "merges",
        "splits",
    ] {
        assert!(counts.get(what).is_some_and(|times| *times > 0), "no {what}: {summary}");
    }
}

#[test]
fn the_seeds_hold() {
    let Ok(seeds) = std::env::var(SEEDS) else {
        return assert_lively(&run_seeds(0..SEEDS_OF_EVERY_RUN));
    };
    let (from, to) = seeds.split_once("..").unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    for seed in from..to {
        let counts = run_seeds(seed..seed + 1);
        // The libtest harness may have begun a line. `cargo xtask simulate` reads this one.
        println!("\nheld: seed {seed}: {}", settle::summary(&counts));
    }
}

/// Seeds that failed once, for reasons of their own: a minute that was closed, and signed after the clock had been set back; and a
/// withdrawal that was taken for the one before it, of which the ledger had just answered.
#[test]
fn the_seeds_that_failed_once_hold() {
    for seed in [4950, 9256] {
        run_seeds(seed..seed + 1);
    }
}

const GRANT: Op = Op::Grant {
    customer: 0,
    request: 0,
    clauses: 2,
    short: false,
};

#[test]
fn a_permit_is_given_and_a_withdrawal_ends_it() {
    let hand = Op::Hand {
        verifier: 0,
        person: 0,
        by_code: true,
    };
    let counts = run(&[GRANT, Op::Follow, hand, Op::Follow]);
    assert!(
        counts["permits"] > 0 && counts["handed"] == 1,
        "{}",
        settle::summary(&counts)
    );
}

#[test]
fn a_verifier_that_saw_both_ledgers_has_the_proof() {
    let at_copy = Op::GrantAtCopy {
        customer: 1,
        request: 0,
    };
    let counts = run(&[
        GRANT,
        Op::Follow,
        Op::Fork { verifier: 0 },
        at_copy,
        Op::Pass { seconds: 6 },
        GRANT,
        Op::Home,
        Op::Pass { seconds: 12 },
    ]);
    assert!(
        counts["forks"] == 1 && counts["proofs"] > 0,
        "{}",
        settle::summary(&counts)
    );
}

#[test]
fn a_withdrawal_survives_the_verifiers_death_while_the_ledger_is_gone() {
    let down = |verifier| Op::Line {
        verifier,
        fault: Fault::Down,
    };
    let hand = Op::Hand {
        verifier: 0,
        person: 0,
        by_code: false,
    };
    let ops = [
        GRANT,
        Op::Follow,
        down(0),
        down(1),
        hand,
        Op::Kill { verifier: 0 },
        Op::Start { verifier: 0 },
    ];
    let counts = run(&ops);
    assert!(
        counts["handed"] == 1 && counts["kills"] == 1,
        "{}",
        settle::summary(&counts)
    );
}

/// What is signed never changes: a report that comes under a clock that was set back goes into a later minute.
#[test]
fn a_minute_that_is_signed_is_not_written_again_by_a_clock_set_back() {
    let report = Op::Report {
        verifier: 0,
        question: 0,
        permitted: false,
    };
    let back = Op::Skew {
        machine: 1,
        seconds: -70,
    };
    let counts = run(&[
        GRANT,
        Op::Follow,
        report,
        Op::Pass { seconds: 70 },
        Op::Follow,
        back,
        report,
    ]);
    assert!(counts["lines"] == 2, "{}", settle::summary(&counts));
}

/// A head that comes again and again is no younger for a clock that was set back.
#[test]
fn an_old_head_told_again_under_a_clock_set_back_permits_nothing() {
    let old = Op::Line {
        verifier: 0,
        fault: Fault::Old(0),
    };
    let back = Op::Skew {
        machine: 1,
        seconds: -70,
    };
    let counts = run(&[
        GRANT,
        Op::Follow,
        old,
        back,
        Op::Pass { seconds: 58 },
        Op::Pass { seconds: 10 },
    ]);
    assert!(
        counts["permits"] > 0 && counts["faults"] == 1,
        "{}",
        settle::summary(&counts)
    );
}

/// The ledger has something when the operator says so, and not whoever stands between. What counts in the end is checked when
/// all faults have stopped: the withdrawal is in the log, and the line and the decision in one batch each.
#[test]
fn nobody_on_the_way_says_for_the_ledger_that_it_has_something() {
    let lies = Op::Line {
        verifier: 0,
        fault: Fault::SaysYes,
    };
    let hand = Op::Hand {
        verifier: 0,
        person: 0,
        by_code: false,
    };
    let report = Op::Report {
        verifier: 0,
        question: 0,
        permitted: true,
    };
    let pass = Op::Pass { seconds: 70 };
    for (reported, lines) in [(None, 0), (Some(report), 1)] {
        let before = [GRANT, Op::Follow, ASK].into_iter().chain(reported);
        let ops: Vec<Op> = before.chain([lies, hand, pass, pass]).collect();
        let counts = run(&ops);
        assert!(
            counts["handed"] == 1 && counts.get("lines").map_or(0, |found| *found) == lines && counts["signed"] == 1,
            "{}",
            settle::summary(&counts)
        );
    }
}

const ASK: Op = Op::Ask {
    verifier: 0,
    question: 0,
};

fn world_after(ops: &[Op]) -> World {
    let mut world = World::make();
    for op in ops {
        world.perform(*op);
        world.check();
    }
    world
}

/// How many permits the first verifier counts that nobody reported.
fn unreported(ops: &[Op]) -> u64 {
    let late = Op::Pass {
        seconds: placet_verifier::REPORT_SECONDS + 70,
    };
    let world = world_after(&[&[GRANT, Op::Follow], ops, &[late]].concat());
    world.seats[0].verifier().unwrap().pulse().permits_unreported()
}

#[test]
fn a_permit_that_nobody_reports_is_counted_also_after_a_crash() {
    let report = Op::Report {
        verifier: 0,
        question: 0,
        permitted: true,
    };
    let (kill, start) = (Op::Kill { verifier: 0 }, Op::Start { verifier: 0 });
    assert_eq!(unreported(&[ASK]), 1);
    assert_eq!(unreported(&[ASK, report]), 0);
    assert_eq!(unreported(&[ASK, kill, start]), 1);
}

/// Decisions and lines go a year after their minute, and not before the ledger has them, whatever the clock says.
#[test]
fn the_journal_is_kept_for_a_year_and_until_it_is_anchored() {
    let year = i64::try_from(placet_schemas::api::ACCESS_LINE_RETENTION).unwrap();
    let later = |machine, seconds| Op::Skew { machine, seconds };
    let ask = |verifier| Op::Ask { verifier, question: 0 };
    let down = Op::Line {
        verifier: 1,
        fault: Fault::Down,
    };
    let mut world = world_after(&[
        GRANT,
        Op::Follow,
        ask(0),
        down,
        ask(1),
        Op::Pass { seconds: 130 },
        Op::Follow,
    ]);
    let minutes = |world: &World, seat: usize, ending: &str| {
        let files = std::fs::read_dir(world.seats[seat].folder.join(placet_verifier::JOURNAL_DIR)).unwrap();
        let of_it = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|is| is == ending));
        of_it.count()
    };
    assert_eq!((minutes(&world, 0, "journal"), minutes(&world, 0, "anchored")), (1, 1));
    assert_eq!((minutes(&world, 1, "journal"), minutes(&world, 1, "anchored")), (1, 0));
    for (machine, seconds) in [(1, year - 3600), (2, year - 3600)] {
        world.perform(later(machine, seconds));
    }
    world.perform(Op::Pass { seconds: 30 });
    assert_eq!((minutes(&world, 0, "journal"), minutes(&world, 1, "journal")), (1, 1));
    for machine in [1, 2] {
        world.perform(later(machine, year + 3600));
    }
    // On a machine that is busy with other things thirty seconds of the simulation may be too few moments for an errand.
    for _ in 0..100 {
        world.perform(Op::Pass { seconds: 30 });
        if minutes(&world, 0, "journal") == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!((minutes(&world, 0, "journal"), minutes(&world, 0, "anchored")), (0, 0));
    assert_eq!(minutes(&world, 1, "journal"), 1, "the ledger does not have it");
}
