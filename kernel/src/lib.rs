//! See docs/ARCHITECTURE.md.

pub mod arrival;
pub mod code;
pub mod jws;
pub mod keys;
pub mod leaf;
pub mod merkle;
pub mod sign;
pub mod tile;
