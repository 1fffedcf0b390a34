//! The ledger through its facade, as a caller in the same process sees it, with a real database in a temporary folder.
//!
//! `world` sets the stage: a brand, its request, people who answer it, a clock that a test moves, and a watcher that makes a
//! step of a commit fail or the process die. `naive` computes the whole log again, in the plainest way there is, from what
//! is published.

#![expect(clippy::unwrap_used, reason = "whatever fails in a fixture must fail the test")]

mod accesses;
mod backups;
mod batches;
mod clock_jumps;
mod crashes;
mod declines;
mod destructions;
mod fault_table;
mod files;
mod guarded;
mod lost;
mod naive;
mod offers;
mod reading;
mod recording;
mod refusals;
mod reports;
mod secrecy;
mod tokens;
mod world;
