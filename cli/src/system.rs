//! The one place where the command line reads the clock and draws randomness.

use anyhow::{Result, anyhow};
use placet_schemas::time::Timestamp;

/// Now, in whole seconds of UTC.
pub(crate) fn now() -> Result<Timestamp> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the command line reads the clock"
    )]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since
        .map_err(|_| anyhow!("the system's clock is before 1970"))?
        .as_secs();
    Timestamp::from_unix(seconds).ok_or_else(|| anyhow!("the system's clock is after the year 9999"))
}

/// A moment to measure durations from.
pub(crate) fn instant() -> std::time::Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the command line reads the clock"
    )]
    std::time::Instant::now()
}

/// `N` random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the command line draws randomness"
    )]
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("the operating system gives no random bytes: {error}"))?;
    Ok(bytes)
}
