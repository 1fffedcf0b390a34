//! Software that others wrote against a running node: see docs/INTEROP.md.

mod clients;
mod javascript;
mod linked_data;
mod receipts;
mod running;
mod schemathesis;
mod tiles;
pub(crate) mod tools;
