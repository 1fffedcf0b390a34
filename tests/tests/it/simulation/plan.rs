//! What a seed means: the operations, drawn before the first of them is done.
//!
//! An operation names its objects by numbers of any size; they are taken modulo what there is by then.

use super::line::Fault;

/// How many verifiers the brand has.
pub(super) const VERIFIERS: usize = 2;
/// How many customers; few, so that several consents meet in one.
pub(super) const CUSTOMERS: usize = 4;

/// SplitMix64: small, and the same on every machine.
pub(super) struct Dice(u64);

/// What happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    /// A customer is invited and says yes: to which request, to which of its clauses, for a short time or a long one.
    Grant {
        customer: usize,
        request: usize,
        clauses: usize,
        short: bool,
    },
    /// Somebody takes a part back.
    Narrow { person: usize, part: usize },
    /// Somebody says yes for longer.
    Renew { person: usize, request: usize },
    /// Somebody withdraws at the ledger, by her key or by her code.
    Withdraw { person: usize, by_code: bool },
    /// The same, while a verifier is asked all the time.
    WithdrawWhileAsked { verifier: usize, person: usize },
    /// The brand ends a consent.
    End { person: usize },
    /// Somebody wants her data erased.
    Erase { person: usize },
    /// A consent is destroyed.
    Destroy { person: usize },
    /// Somebody sends again what she or another sent before.
    Again { which: usize },
    /// Somebody hands a withdrawal to a verifier.
    Hand {
        verifier: usize,
        person: usize,
        by_code: bool,
    },
    /// The same, while it is asked all the time.
    HandWhileAsked { verifier: usize, person: usize },
    /// The same, and it is killed meanwhile.
    HandAndKill { verifier: usize, person: usize },
    /// Two customers become one in a verifier's book.
    Merge { verifier: usize, from: usize, into: usize },
    /// One of a customer's invitations becomes another's.
    Split {
        verifier: usize,
        from: usize,
        which: usize,
        into: usize,
    },
    /// The whole book is imported once more.
    ImportAgain { verifier: usize },
    /// A question is asked, answered and written down.
    Ask { verifier: usize, question: usize },
    /// An access is reported: about which question, by the last permit or by none.
    Report {
        verifier: usize,
        question: usize,
        permitted: bool,
    },
    /// Something goes wrong on a verifier's line, or goes well again.
    Line { verifier: usize, fault: Fault },
    /// A machine's clock is set: the ledger's, or that of the verifier before it.
    Skew { machine: usize, seconds: i64 },
    /// Time passes.
    Pass { seconds: u64 },
    /// Verifiers that can hear the ledger catch up.
    Follow,
    /// A verifier is killed.
    Kill { verifier: usize },
    /// A verifier is started if it is not there.
    Start { verifier: usize },
    /// The ledger is stopped in good order, or killed, and started again after so many seconds.
    Restart { kill: bool, after: u64 },
    /// The ledger dies at a step of the next commit, and is started again.
    Die { step: usize, after: bool },
    /// The operator copies the ledger, and leads a verifier to the copy.
    Fork { verifier: usize },
    /// Somebody says yes at the copy.
    GrantAtCopy { customer: usize, request: usize },
    /// Somebody withdraws at the copy.
    WithdrawAtCopy { person: usize },
    /// All lines lead to the ledger again.
    Home,
}

impl Dice {
    pub(super) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn any(&mut self) -> usize {
        self.below(1 << 20)
    }
}

/// The operations of a seed.
pub(super) fn plan(seed: u64) -> Vec<Op> {
    let mut dice = Dice::of(seed);
    // Somebody has said yes before anything can go wrong; else little would.
    let mut ops = vec![grant(&mut dice), grant(&mut dice), Op::Follow];
    let more = 25 + dice.below(25);
    let forks = dice.one_in(6);
    while ops.len() < more {
        let op = draw(&mut dice, forks);
        ops.push(op);
        if dice.one_in(3) {
            ops.push(Op::Follow);
        }
    }
    ops
}

fn grant(dice: &mut Dice) -> Op {
    Op::Grant {
        customer: dice.any(),
        request: dice.any(),
        clauses: dice.any(),
        short: dice.one_in(5),
    }
}

fn draw(dice: &mut Dice, forks: bool) -> Op {
    let (verifier, person) = (dice.any(), dice.any());
    match dice.below(if forks { 108 } else { 100 }) {
        0..10 => grant(dice),
        10..15 => Op::Narrow {
            person,
            part: dice.any(),
        },
        15..19 => Op::Renew {
            person,
            request: dice.any(),
        },
        19..23 => Op::Withdraw {
            person,
            by_code: dice.one_in(2),
        },
        23..26 => Op::WithdrawWhileAsked { verifier, person },
        26..28 => Op::End { person },
        28..29 => Op::Erase { person },
        29..31 => Op::Destroy { person },
        31..34 => Op::Again { which: dice.any() },
        34..39 => Op::Hand {
            verifier,
            person,
            by_code: dice.one_in(2),
        },
        39..42 => Op::HandWhileAsked { verifier, person },
        42..44 => Op::HandAndKill { verifier, person },
        44..46 => Op::Merge {
            verifier,
            from: dice.any(),
            into: dice.any(),
        },
        46..48 => Op::Split {
            verifier,
            from: dice.any(),
            which: dice.any(),
            into: dice.any(),
        },
        48..49 => Op::ImportAgain { verifier },
        49..54 => Op::Ask {
            verifier,
            question: dice.any(),
        },
        54..62 => Op::Report {
            verifier,
            question: dice.any(),
            permitted: !dice.one_in(3),
        },
        62..74 => Op::Line {
            verifier,
            fault: fault(dice),
        },
        74..79 => Op::Skew {
            machine: dice.any(),
            seconds: skew(dice),
        },
        79..88 => Op::Pass {
            seconds: [1, 2, 5, 10, 30, 58, 61, 62, 130][dice.below(9)],
        },
        88..91 => Op::Kill { verifier },
        91..94 => Op::Start { verifier },
        94..97 => Op::Restart {
            kill: dice.one_in(2),
            after: [0, 1, 20, 70][dice.below(4)],
        },
        97..100 => Op::Die {
            step: dice.any(),
            after: dice.one_in(2),
        },
        100..102 => Op::Fork { verifier },
        102..104 => Op::GrantAtCopy {
            customer: dice.any(),
            request: dice.any(),
        },
        104..106 => Op::WithdrawAtCopy { person },
        _ => Op::Home,
    }
}

fn fault(dice: &mut Dice) -> Fault {
    match dice.below(14) {
        0..5 => Fault::None,
        5 => Fault::Down,
        6 => Fault::Mute,
        7 => Fault::Late,
        8 => Fault::Lost,
        9 => Fault::Twice,
        10 => Fault::Cut(dice.below(6000)),
        11 => Fault::Flip(dice.below(8000)),
        12 => Fault::Old(dice.any()),
        _ => Fault::NoStream,
    }
}

fn skew(dice: &mut Dice) -> i64 {
    [0, 0, 3, -3, 30, -30, 70, -70, 600, -600][dice.below(10)]
}
