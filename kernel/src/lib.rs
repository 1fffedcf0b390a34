//! See docs/ARCHITECTURE.md.

pub mod arrival;
pub mod keys;
pub mod leaf;
pub mod merkle;
pub mod sign;
pub mod tile;
