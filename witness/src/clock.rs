//! The one place where the witness reads the system's clock.

use std::fmt::Debug;

/// Where the witness's "now" comes from. Tests bring their own.
pub trait Clock: Send + Sync + Debug {
    /// Now, in whole seconds since 1970.
    fn now(&self) -> u64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where the witness reads the clock"
        )]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is 1970, which is no time to sign at: see `Trouble::Clock`.
        since.map_or(0, |elapsed| elapsed.as_secs())
    }
}
