//! The verifier as it is run: processes of their own, over HTTP alone.

mod asking;
mod book;
mod clients;
mod destroyed;
mod direct;
mod disk;
mod everyday;
mod faults;
pub(crate) mod house;
mod inviting;
mod line;
mod lying;
mod receiver;
mod reports;
mod rules;
mod shapes;
mod unlawful;
