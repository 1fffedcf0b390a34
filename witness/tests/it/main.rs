//! The witness over real HTTP, with a real database.

#![expect(clippy::unwrap_used, reason = "whatever fails in a fixture must fail the test")]

mod bodies;
mod faults;
mod harness;
mod races;
mod reads;
mod restarts;
mod statuses;
