//! What the fuzzer calls: a function per parser and per HTTP body, each of which asserts more than that nothing panics.
//!
//! | what | is asserted |
//! |---|---|
//! | whatever is read | written again it is the same bytes, and read again the same value |
//! | whatever is refused | the fault has a place that is a JSON pointer, and one line of text |
//! | whatever holds | is what the sample's keys signed, and nothing else: nobody can sign here by chance |
//!
//! The programs in `tests/fuzz/targets` are one call each; the test `it::fuzz` replays the seeds and the kept corpus
//! through the same functions, without a fuzzer. Each function says whether the input was accepted, so that a seed which a
//! later version refuses is noticed: its target would go on with nothing but refusals.

mod decision;
mod documents;
mod foreign;
mod log;
mod receipts;
mod sample;
mod tokens;

pub use decision::{authzen_evaluation, authzen_evaluations, decision, register};
pub use documents::*;
pub use foreign::{credential, linked_data, possession, presented};
pub use log::*;
pub use receipts::{receipt, status_bitstring, status_token};
pub use tokens::*;

use std::collections::BTreeSet;

use placet_schemas::json::Fault;

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its program and of its corpus.
    pub name: &'static str,
    /// Reads one input; whether it was accepted.
    pub run: fn(&[u8]) -> bool,
    /// Inputs that are accepted, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident: $seeds:expr;)*) => {
        /// Every target, by name.
        pub const TARGETS: &[Target] = &[$(Target {
            name: stringify!($name),
            run: $name,
            seeds: || $seeds,
        }),*];
    };
}

targets! {
    add_checkpoint: sample::add_checkpoints();
    answer_accesses: sample::access_pages();
    answer_feed: vec![sample::example("feed.json")];
    answer_problem: vec![sample::example("problem.json")];
    answer_public_opening: vec![sample::example("public-opening.json")];
    answer_record: vec![sample::example("record-answer.json")];
    authzen_evaluation: decision::questions();
    authzen_evaluations: decision::several_questions();
    body_access_lines: sample::access_lines();
    body_invite: sample::texts(&["{}", r#"{"count":3,"ttlSeconds":86400}"#]);
    body_issue_token: sample::issue_tokens();
    body_nothing: sample::texts(&["{}"]);
    body_open_session: sample::open_sessions();
    body_register_controller: sample::registrations();
    body_resolve_invitation: sample::texts(&[r#"{"invitation":"AAECAwQFBgcICQoLDA0ODw"}"#]);
    body_withdraw_by_code: sample::withdrawals_by_code();
    bundle: sample::bundles();
    checkpoint: sample::checkpoint_texts();
    credential: foreign::credentials();
    decision: decision::decisions();
    did_document: sample::did_documents();
    entry_bundle: sample::entry_bundles();
    json: sample::json_texts();
    linked_data: foreign::documents();
    misbehaviour: sample::accusations();
    note: sample::notes();
    notice: sample::notices();
    possession: foreign::proofs();
    presented: foreign::presentations();
    receipt: receipts::receipts();
    record: sample::records();
    register: decision::registers();
    session_token: sample::session_tokens();
    status_bitstring: receipts::lists(placet_kernel::status::Bits::to_bitstring);
    status_token: receipts::lists(placet_kernel::status::Bits::to_token);
    tile_data: sample::tile_data();
    tile_path: sample::texts(&["tile/0/000", "tile/1/x001/067.p/8", "tile/entries/x001/x234/067.p/255"]);
    tlog_proof: sample::tlog_proofs();
    trust: sample::trust_files();
    verifier_authorization: sample::verifier_authorizations();
    vkey: sample::vkeys();
    withdrawal_code: sample::withdrawal_codes();
}

/// What a fuzzer should know of a format: the quoted words of the seeds, as lines of libFuzzer's dictionaries.
#[must_use]
pub fn dictionary(target: &Target) -> String {
    let mut words = BTreeSet::new();
    for seed in (target.seeds)() {
        let text = String::from_utf8_lossy(&seed).into_owned();
        words.extend(
            text.split('"')
                .skip(1)
                .step_by(2)
                .filter(|word| is_word(word))
                .map(str::to_owned),
        );
    }
    words.iter().map(|word| format!("\"\\\"{word}\\\"\"\n")).collect()
}

/// Short, and without what a dictionary would need to escape.
fn is_word(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// A fault has a place and one line of text.
fn assert_told(fault: &Fault) {
    let pointer = &fault.pointer;
    assert!(
        pointer.is_empty() || pointer.starts_with('/'),
        "{pointer:?} is no JSON pointer"
    );
    let escapes = pointer.split('~').skip(1);
    for escape in escapes {
        assert!(escape.starts_with(['0', '1']), "{pointer:?} is no JSON pointer");
    }
    let line = fault.to_string();
    assert!(!line.is_empty() && !line.contains(char::is_control), "{line:?}");
}

/// An error has a code that programs can read.
fn assert_code(code: &str) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(!code.is_empty() && code.bytes().all(plain), "{code:?}");
}
