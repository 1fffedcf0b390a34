//! What Placet's services have in common besides the kernel: connections that are limited and let go in good order ([`serve`]),
//! key files ([`keys`]), answers that are encrypted to one key ([`jwe`]), the system's randomness ([`random`]) and clocks ([`Clock`]), JSON and problems over HTTP
//! ([`Json`], [`ApiError`]), tokens and limits around a call ([`bearer`], [`limited`]), secrets of a short life ([`Expiring`]), and proofs of misbehaviour that are kept.
//!
//! Out of scope: TLS towards callers (a reverse proxy's work), HTTP/2, routes, storage.

mod accusation;
mod answer;
mod body;
mod call;
mod clock;
mod expiring;
pub mod jwe;
pub mod keys;
mod patient;
pub mod random;
mod server;

pub use accusation::{PROOF_PREFIX, ProofError, holds_proof, write_proof};
pub use answer::{ApiError, json};
pub use body::{BODY_TIMEOUT, Json, MAX_BODY_BYTES, Raw, is_of_type, read_body};
pub use call::{bearer, limited, panicked};
pub use clock::{Clock, SystemClock};
pub use expiring::Expiring;
pub use patient::WRITE_TIMEOUT;
pub use server::{DRAIN_TIMEOUT, HEADER_TIMEOUT, serve};
