//! The node's own keys: files of mode 0600 in one folder, made once, never logged.

use std::fmt;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

pub use placet_service::keys::{KeyFileError, SoftwareSigner};
use placet_service::keys::{read, write_new};
use placet_service::random;
use zeroize::{Zeroize as _, Zeroizing};

const CHECKPOINT_FILE: &str = "checkpoint.key";
const COSIGNER_FILE: &str = "cosigner.key";
const OPERATOR_FILE: &str = "operator.key";
const KEK_FILE: &str = "kek.key";

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

/// The key that the keyring is encrypted with.
pub struct KeyEncryptionKey([u8; 32]);

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

#[cfg(test)]
mod tests {
    use placet_kernel::sign::Signer as _;

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
