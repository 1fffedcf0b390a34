//! The webhook's secret: a file of its own, shared with the brand's service that receives the messages.

use std::path::Path;

use anyhow::{Context as _, Result};
use placet_verifier::{MAX_SECRET_FILE_BYTES, Webhook};
use zeroize::Zeroizing;

use crate::files;

/// Reads the secrets of a file that is there.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>> {
    Ok(Zeroizing::new(files::read_secret(path, MAX_SECRET_FILE_BYTES)?))
}

/// The same of a file in the verifier's folder, which is made if it is not there.
pub(crate) fn read_or_make(path: &Path) -> Result<Zeroizing<String>> {
    if path.exists() {
        return read(path);
    }
    let secret = Webhook::fresh_secret().context("no secret was made")?;
    files::write_new(path, secret.as_bytes(), files::SECRET)?;
    Ok(secret)
}
