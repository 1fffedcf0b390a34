//! What may be said in Placet, and its exact bytes.
//!
//! Every type here can hold only what is legal to say; every parser refuses what it does not know, with the JSON pointer
//! of the fault; every value has one canonical spelling (RFC 8785). Nothing here reads a clock, draws randomness or does
//! input or output: whoever judges (see `placet-kernel`) and whoever speaks uses the same definitions.
//!
//! Start at [`record`] for what is signed, [`scope`] for what a yes covers, [`lifecycle`] for what may follow what.

pub mod access;
pub mod api;
pub mod authzen;
pub mod credential;
pub mod id;
pub mod json;
pub mod lifecycle;
pub mod multikey;
pub mod narrowing;
pub mod notice;
pub mod record;
pub mod rules;
pub mod scope;
pub mod statement;
pub mod text;
pub mod time;
pub mod version;
pub mod vocab;

mod parsed;
