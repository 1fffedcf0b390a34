//! The one place where services that follow a ledger read clocks.

use std::fmt::Debug;
use std::time::Instant;

use placet_schemas::time::Timestamp;

/// Where "now" comes from. Tests bring their own.
pub trait Clock: Send + Sync + Debug {
    /// Now, by the wall clock, which somebody may set.
    fn now(&self) -> Timestamp;

    /// Whole seconds since some moment, by a clock that nobody sets and that goes on while the machine sleeps, where there is
    /// one.
    fn steady(&self) -> u64;
}

/// The system's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where services read clocks"
        )]
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where services read clocks"
        )]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970, or after year 9999, is wrong; 1970 makes every head one of the future, and so everything stale.
        since
            .ok()
            .and_then(|elapsed| Timestamp::from_unix(elapsed.as_secs()))
            .unwrap_or_else(epoch)
    }

    fn steady(&self) -> u64 {
        self.0.elapsed().as_secs()
    }
}

fn epoch() -> Timestamp {
    "1970-01-01T00:00:00Z"
        .parse()
        .unwrap_or_else(|_| unreachable!("this is a time"))
}
