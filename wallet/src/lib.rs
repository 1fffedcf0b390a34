//! The consumer side of Placet, and the little that a brand signs: keys, records, and the checking of what a log answers.
//!
//! In scope: deriving keys from one seed ([`keys`]), building and signing records that a log will accept ([`records`],
//! [`brand`]), judging a request before it is shown ([`offer`]), and judging what a log answers ([`acknowledgement`],
//! [`sight`]). Out of scope: input, output, clocks and randomness, which are arguments; and any rule about consents: those
//! are `placet-schemas`' and `placet-kernel`'s, and a wallet asks them before it signs.

pub mod acknowledgement;
pub mod brand;
mod build;
pub mod keys;
pub mod offer;
pub mod records;
pub mod sight;

pub use build::{BuildError, Pen};
