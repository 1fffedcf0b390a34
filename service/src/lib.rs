//! What Placet's services have in common besides the kernel: connections that are limited and let go in good order ([`serve`]),
//! key files ([`keys`]), and the system's randomness ([`random`]).
//!
//! Out of scope: TLS towards callers (a reverse proxy's work), HTTP/2, routes, storage.

pub mod keys;
mod patient;
pub mod random;
mod server;

pub use patient::WRITE_TIMEOUT;
pub use server::{DRAIN_TIMEOUT, HEADER_TIMEOUT, serve};
