//! Misbehaviour files: every kind is proved where it happened; nothing that an honest operator signs ever is.

mod feed;
mod flips;
mod grounds;
mod honest;
mod opened;
mod refused;

use placet_kernel::misbehaviour::{self, Accusation, Claim, Report};
use placet_kernel::trust::Trust;
use placet_schemas::id::{Did, Digest};
use placet_schemas::time::Timestamp;
use placet_tests::history::History;
use placet_tests::p;

/// The log that all files here accuse.
const ORIGIN: &str = "placet.example/log";
/// When everything happens.
const NOW: &str = "2026-11-22T05:00:00Z";

fn now() -> Timestamp {
    p(NOW)
}

fn cinema() -> Did {
    p("did:web:cinema.example")
}

fn gym() -> Did {
    p("did:web:gym.example")
}

/// The digest of a record that nobody needs to see.
fn record(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// An item of the cinema's feed that belongs to no consent.
fn public(name: &str) -> (Did, Option<Digest>, Digest) {
    (cinema(), None, record(name))
}

/// An event of the cinema's consent that starts with `grant`.
fn event(grant: &str, name: &str) -> (Did, Option<Digest>, Digest) {
    (cinema(), Some(record(grant)), record(name))
}

fn judge(history: &History, claim: Claim) -> Report {
    judge_by(&history.trust(), history, claim)
}

fn judge_by(trust: &Trust, history: &History, claim: Claim) -> Report {
    let origin = history.origin.clone();
    let bytes = Accusation { origin, claim }.to_bytes().unwrap();
    misbehaviour::verify(&bytes, Some(trust), now()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The codes of what the judge found.
fn codes(report: &Report) -> Vec<&'static str> {
    report.findings.iter().map(|finding| finding.code).collect()
}
