//! See docs/ARCHITECTURE.md.

pub mod arrival;
pub mod bundle;
pub mod checkpoint;
pub mod code;
pub mod jws;
pub mod keys;
pub mod leaf;
pub mod merkle;
pub mod note;
pub mod sign;
pub mod tile;
pub mod tlog_proof;
pub mod trust;

mod text;
