//! Asks a brand's verifier before data is touched: a small blocking client, for services without an asynchronous runtime.
//!
//! **Every failure is a deny.** [`Client::decide`] and [`Client::permits`] have no third outcome: a verifier that cannot be
//! reached, is slow, refuses, or says something that does not hold together denies, with the reason.
//!
//! What counts is not the answer's plain members but what the verifier signed: the signature, that it is about this very
//! question (the SHA-256 of the request, and a fresh random nonce against replays), and that the plain members say the same.
//! With the verifier's did:key pinned ([`Client::pinned`]), nobody between can turn a deny into a permit. `placet verifier`
//! prints that key when it starts.
//!
//! There is no TLS in here: the verifier is a sidecar on this machine, or the network between is trusted as much
//! ([`Client::across`]). Why: `docs/adr/0016-a-client-that-blocks.md`.
//!
//! ```no_run
//! use placet_ask::{Asked, Client, Decision, Question, Whom};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://127.0.0.1:8439")?
//!     .pinned("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".parse()?);
//! let question = Question {
//!     controller: "did:web:cinema.example".parse()?,
//!     whom: Whom::Customer("C-10042".parse()?),
//!     asked: Asked {
//!         purpose: "https://cinema.example/purposes/newsletter".parse()?,
//!         categories: vec!["pd:EmailAddress".parse()?].try_into()?,
//!         processing: "dpv:Use".parse()?,
//!         delivery: placet_ask::Delivery::Copy,
//!         third_party: None,
//!         transfer: None,
//!     },
//! };
//! match client.decide(&question) {
//!     Decision::Permit(permit) => { /* use the data now; then report it by */ let _ = permit.evaluation_id(); }
//!     Decision::Deny(denial) => eprintln!("{}: {}", denial.code(), denial),
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod body;
mod client;
mod error;

pub use answer::{Decision, Denial, Permit};
pub use client::{
    Client, DECISION_TIMEOUT, MAX_ANSWER_BYTES, MAX_ANSWERS_BYTES, MAX_IDLE, MAX_IDLE_CONNECTIONS, REPORT_TIMEOUT,
};
pub use error::AskError;
pub use placet_schemas::api::{MAX_REPORTED, Reported, ReportedAccess};
pub use placet_schemas::authzen::{Asked, EvaluationAnswer, MAX_EVALUATIONS, Question, ReasonCode, Semantic, Whom};
pub use placet_schemas::scope::Delivery;
