//! The issuer as a process beside a node: receipts, their status, and whoever tries to have what is not theirs.

mod asked;
mod claims;
mod deferred;
mod encrypted;
mod faults;
mod house;
mod offers;
mod presented;
mod refusals;
mod status;
