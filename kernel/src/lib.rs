//! See docs/ARCHITECTURE.md.

pub mod merkle;
