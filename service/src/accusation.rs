//! Proofs that a ledger's operator signed what cannot all be true, kept in a service's folder.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use placet_kernel::bundle::Verdict;
use placet_kernel::misbehaviour::{self, Accusation};
use placet_kernel::trust::Trust;
use placet_schemas::id::Digest;
use placet_schemas::time::Timestamp;

/// How the name of a file of proof begins.
pub const PROOF_PREFIX: &str = "misbehaviour-";
/// How many digits of its digest the name has.
const NAME_DIGITS: usize = 16;

/// Why a proof is not kept.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The file or its folder.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It proves nothing.
    #[error("the proof does not hold: {0}")]
    Nothing(String),
}

/// Puts a proof of misbehaviour into a folder; gives where. Only what the kernel takes for a proof is kept as one.
///
/// # Errors
/// See [`ProofError`].
pub fn write_proof(
    folder: &Path,
    accusation: &Accusation,
    trust: &Trust,
    now: Timestamp,
) -> Result<PathBuf, ProofError> {
    let nothing = |why: &dyn std::fmt::Display| ProofError::Nothing(why.to_string());
    let bytes = accusation.to_bytes().map_err(|error| nothing(&error))?;
    let report = misbehaviour::verify(&bytes, Some(trust), now).map_err(|error| nothing(&error))?;
    if report.proved != Verdict::Holds {
        return Err(nothing(&"the kernel does not take it for one"));
    }
    let name = Digest::of(&bytes).to_string();
    let path = folder.join(format!("{PROOF_PREFIX}{}.json", &name[..NAME_DIGITS]));
    let failed = |error| ProofError::File {
        path: path.clone(),
        error,
    };
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(path)
}

/// Whether the folder has a proof of misbehaviour.
///
/// # Errors
/// When it cannot be read.
pub fn holds_proof(folder: &Path) -> Result<bool, ProofError> {
    let failed = |error| ProofError::File {
        path: folder.to_owned(),
        error,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(PROOF_PREFIX)) {
            return Ok(true);
        }
    }
    Ok(false)
}
