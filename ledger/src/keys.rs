//! The node's own keys: files of mode 0600 in one folder, made once, never logged.
//!
//! Each file is 64 lowercase hex digits and a line feed. A key in a file that others may read is not a key any more, so
//! such a file is refused.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::{decode_hex, encode_hex};
use zeroize::{Zeroize as _, Zeroizing};

use crate::random::{self, RandomError};

const CHECKPOINT_FILE: &str = "checkpoint.key";
const COSIGNER_FILE: &str = "cosigner.key";
const OPERATOR_FILE: &str = "operator.key";
const KEK_FILE: &str = "kek.key";
/// Longest key file that is read: the digits and a line feed, or two of it.
const MAX_FILE_BYTES: u64 = 66;

/// All keys of a ledger.
#[derive(Debug)]
pub struct Keys {
    /// Signs checkpoints, in the log's name.
    pub checkpoint: SoftwareSigner,
    /// The node's own cosigner: a second opinion of nobody else, kept for clients that want a time on a checkpoint.
    pub cosigner: SoftwareSigner,
    /// Signs the operator's records and statements.
    pub operator: SoftwareSigner,
    /// Wraps the keyring.
    pub kek: KeyEncryptionKey,
}

/// An Ed25519 key in memory.
pub struct SoftwareSigner(SigningKey);

/// The key that the keyring is encrypted with.
pub struct KeyEncryptionKey([u8; 32]);

/// Why key files cannot be used.
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
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no key.
    #[error("{}: a key file holds 64 lowercase hex digits", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Keys {
    /// Makes new keys and writes them into `dir`, which is made with mode 0700 if it is not there.
    ///
    /// # Errors
    /// Also when one of the files is already there: a key is never overwritten.
    pub fn generate(dir: &Path) -> Result<Self, KeyFileError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|error| KeyFileError::Io {
            path: dir.to_owned(),
            error,
        })?;
        for name in [CHECKPOINT_FILE, COSIGNER_FILE, OPERATOR_FILE, KEK_FILE] {
            write_new(&dir.join(name), &Zeroizing::new(random::bytes()?))?;
        }
        Self::load(dir)
    }

    /// Reads the keys that [`Keys::generate`] wrote.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load(dir: &Path) -> Result<Self, KeyFileError> {
        Ok(Self {
            checkpoint: SoftwareSigner::from_seed(&*read(&dir.join(CHECKPOINT_FILE))?),
            cosigner: SoftwareSigner::from_seed(&*read(&dir.join(COSIGNER_FILE))?),
            operator: SoftwareSigner::from_seed(&*read(&dir.join(OPERATOR_FILE))?),
            kek: KeyEncryptionKey(*read(&dir.join(KEK_FILE))?),
        })
    }
}

impl SoftwareSigner {
    /// The key of an RFC 8032 seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }
}

impl Signer for SoftwareSigner {
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

impl fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareSigner(…)")
    }
}

impl KeyEncryptionKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(…)")
    }
}

impl Drop for KeyEncryptionKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn write_new(path: &Path, key: &[u8; 32]) -> Result<(), KeyFileError> {
    let failed = |error| KeyFileError::Io {
        path: path.to_owned(),
        error,
    };
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(encode_hex(key))));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let failed = |error| KeyFileError::Io {
        path: path.to_owned(),
        error,
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Mode {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    let key = decode_hex(text.trim_end()).map(Zeroizing::new);
    key.ok_or_else(|| KeyFileError::Format { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_once_read_back_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let made = Keys::generate(dir.path()).unwrap();
        let read = Keys::load(dir.path()).unwrap();
        assert_eq!(made.operator.public_key_bytes(), read.operator.public_key_bytes());
        assert_ne!(made.operator.public_key_bytes(), made.checkpoint.public_key_bytes());
        assert_eq!(made.kek.as_bytes(), read.kek.as_bytes());
        assert!(matches!(Keys::generate(dir.path()), Err(KeyFileError::Io { .. })));

        let path = dir.path().join(KEK_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(
            Keys::load(dir.path()),
            Err(KeyFileError::Mode { mode: 0o640, .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "00").unwrap();
        assert!(matches!(Keys::load(dir.path()), Err(KeyFileError::Format { .. })));
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = Keys {
            checkpoint: SoftwareSigner::from_seed(&[1; 32]),
            cosigner: SoftwareSigner::from_seed(&[2; 32]),
            operator: SoftwareSigner::from_seed(&[3; 32]),
            kek: KeyEncryptionKey([4; 32]),
        };
        let shown = format!("{keys:?}");
        assert!(!shown.contains('4') && !shown.contains("01"), "{shown}");
    }
}
