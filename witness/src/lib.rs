//! A witness: C2SP tlog-witness with Ed25519 cosignatures (`cosignature/v1` of C2SP tlog-cosignature).
//!
//! A log submits each checkpoint with a proof that it continues the last one. The witness signs only what continues what it
//! signed before, so whoever asks for its cosignature cannot be shown another history of the log than the others.
//!
//! In scope: `add-checkpoint` ([`Witness::add_checkpoint`]) for several logs, the read interface, forks kept as evidence, one
//! key and one name, state in SQLite, HTTP ([`http`]). Out of scope: subtree cosignatures and ML-DSA-44; checkpoints with
//! extension lines, which no monitor can audit; TLS, which is a reverse proxy's work; any opinion on what a log contains.
//! Signatures, proofs and cosignatures are checked and made by [`placet_kernel`].
//!
//! # What a crash means
//!
//! | after | a crash leaves | the caller |
//! |---|---|---|
//! | judging, signing | nothing: the signature was in memory only | asks again |
//! | the commit of the head | the new head, unanswered | is told the true size by a 409, or submits the same tree again |
//! | the answer | the new head | has its cosignature |
//!
//! # What must not be restored
//!
//! The folder has no backup: an old state with the present key would cosign a fork of everything that was signed since. A
//! witness that has lost its state begins anew, with another key.

mod clock;
mod error;
pub mod http;
mod judge;
mod logs;
mod request;
mod step;
mod store;
mod witness;

pub use clock::{Clock, SystemClock};
pub use error::{AddError, LogsError, OpenError, Refusal, StoreError, Trouble};
pub use logs::{Logs, MAX_LOGS};
pub use placet_service::keys::KeyFileError;
pub use request::{AddCheckpoint, MAX_BODY_BYTES, MAX_PROOF_LINES, RequestError};
pub use step::{Fate, Step, Unwatched, Watcher, When};
pub use store::{Fork, MAX_FORKS};
pub use witness::{KEY_FILE, MAX_STEP_BACK, STATE_FILE, Settings, Witness};
