//! The witness's own key: a file of mode 0600, made once, never logged.
//!
//! The file is 64 lowercase hex digits, an Ed25519 seed (RFC 8032), and a line feed. A key in a file that others may read
//! is not a key any more, so such a file is refused.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::{decode_hex, encode_hex};
use zeroize::Zeroizing;

/// Longest key file that is read: the digits and a line feed, or two of it.
const MAX_FILE_BYTES: u64 = 66;
/// Ending of the file while it is written.
const TEMPORARY: &str = "key.new";

/// An Ed25519 key in memory.
pub(crate) struct WitnessKey(SigningKey);

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The operating system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Group or others may read the file.
    #[error("{}: others may read it (mode {mode:o}); a key file has mode 600", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not 64 lowercase hex digits.
    #[error("{} is no key file", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl WitnessKey {
    /// Makes a key, in memory.
    pub(crate) fn generate() -> Result<Self, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where the witness draws randomness"
        )]
        getrandom::fill(&mut *seed).map_err(KeyFileError::Random)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Writes the key file, which must not be there yet.
    pub(crate) fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        let seed = Zeroizing::new(self.0.to_bytes());
        write_new(path, &seed).map_err(|error| failed(path, error))
    }

    /// Reads the file that [`WitnessKey::save`] wrote.
    pub(crate) fn load(path: &Path) -> Result<Self, KeyFileError> {
        let file = File::open(path).map_err(|error| failed(path, error))?;
        let metadata = file.metadata().map_err(|error| failed(path, error))?;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Mode {
                path: path.to_owned(),
                mode,
            });
        }
        let mut text = Zeroizing::new(String::new());
        let read = file.take(MAX_FILE_BYTES).read_to_string(&mut text);
        read.map_err(|error| failed(path, error))?;
        let seed = decode_hex(text.trim_end()).map(Zeroizing::new);
        let seed = seed.ok_or_else(|| KeyFileError::Format { path: path.to_owned() })?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }
}

impl Signer for WitnessKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.0.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WitnessKey(…)")
    }
}

/// Makes the file whole or not at all: the key has its name only after its bytes are durable, so that no crash leaves half
/// of it there, and a link never replaces what has the name already.
fn write_new(path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(encode_hex(seed))));
    let temporary = path.with_extension(TEMPORARY);
    // What a crash left there goes first: a mode is given to a new file only.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    linked?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn failed(path: &Path, error: io::Error) -> KeyFileError {
    KeyFileError::Io {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_witness_key_is_written_once_read_back_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("witness.key");
        let made = WitnessKey::generate().unwrap();
        made.save(&path).unwrap();
        let read = WitnessKey::load(&path).unwrap();
        assert_eq!(made.public_key_bytes(), read.public_key_bytes());
        assert!(matches!(made.save(&path), Err(KeyFileError::Io { .. })));
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "nothing else is left there"
        );
        assert_eq!(format!("{made:?}"), "WitnessKey(…)");

        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            WitnessKey::load(&path),
            Err(KeyFileError::Mode { mode: 0o640, .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "00").unwrap();
        assert!(matches!(WitnessKey::load(&path), Err(KeyFileError::Format { .. })));
    }
}
