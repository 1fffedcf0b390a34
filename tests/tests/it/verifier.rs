//! The verifier as it is run: processes of their own, over HTTP alone.

mod everyday;
pub(crate) mod house;
mod reports;
