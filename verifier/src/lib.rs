//! The verifier: a brand checks consent before it touches data.
//!
//! It follows the feed of one brand, checks every proof with the kernel, and keeps what it has checked on disk and in memory.
//! [`Verifier::evaluate`] answers a question from memory, by the kernel's [`placet_kernel::decision::decide`], and signs the
//! answer. It denies what it cannot prove: when its state is too old, when the ledger's evidence does not hold, when it was
//! never told.
//!
//! In scope: the replica ([`Verifier`]), decisions and their evidence, the brand's book of customers, withdrawals that are
//! handed to the brand, reports of accesses, who said no, the brand's webhook, and all of that over HTTP ([`http`]). Out of
//! scope: TLS towards callers (a reverse proxy's work), the brand's data itself.

mod asking;
mod batches;
mod customers;
mod direct;
mod errands;
mod error;
mod evidence;
mod follow;
pub mod http;
mod journal;
mod keys;
mod outbox;
mod presenting;
mod pulse;
pub mod qr;
mod reading;
mod replica;
mod reports;
mod rules;
mod store;
mod verifier;
mod webhook;

pub use asking::DEFAULT_COOL_DOWN;
pub use customers::BookError;
pub use direct::DirectError;
pub use error::{KeyError, OpenError, StoreError};
pub use evidence::EvidenceError;
pub use journal::{BATCH_SECONDS, JOURNAL_DIR};
pub use keys::{DECISION_KEY_FILE, DecisionKey, REPLICA_KEY_FILE};
pub use outbox::{WEBHOOK_RETRIES, WEBHOOK_TIMEOUT};
pub use placet_service::{Clock, SystemClock};
pub use presenting::{MAX_PRESENTATION_TRIES, PRESENTATION_SECONDS, PresentationError, Presentations};
pub use pulse::Pulse;
pub use replica::Counts;
pub use reports::{REPORT_SECONDS, ReportError};
pub use verifier::{Age, Decided, Decision, Settings, Verifier};
pub use webhook::{MAX_SECRET_FILE_BYTES, MAX_SECRETS, SECRET_BYTES, WEBHOOK_SECRET_FILE, Webhook, WebhookError};
