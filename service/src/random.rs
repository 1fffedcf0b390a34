//! The one place where services draw randomness: the operating system's generator.

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct RandomError(getrandom::Error);

/// `N` random bytes.
///
/// # Errors
/// [`RandomError`].
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills a buffer with random bytes.
///
/// # Errors
/// [`RandomError`].
pub fn fill(bytes: &mut [u8]) -> Result<(), RandomError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where services draw randomness"
    )]
    getrandom::fill(bytes).map_err(RandomError)
}
