//! The one place where the ledger reads the system's clock.

use std::fmt::Debug;

use placet_schemas::time::Timestamp;

/// Where the ledger's "now" comes from. Tests bring their own.
pub trait Clock: Send + Sync + Debug {
    /// Now, in whole seconds of UTC.
    fn now(&self) -> Timestamp;
}

const EPOCH: Timestamp = match Timestamp::from_unix(0) {
    Some(epoch) => epoch,
    None => panic!("1970 is before the year 9999"),
};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where the ledger reads the clock"
        )]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is 1970: every record is then refused as implausible, which is what such a clock deserves.
        let seconds = since.map_or(0, |elapsed| elapsed.as_secs());
        EPOCH.plus_seconds(seconds)
    }
}
