//! See docs/ARCHITECTURE.md.

pub mod json;
pub mod vocab;
