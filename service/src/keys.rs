//! Key files: 64 lowercase hex digits, an Ed25519 seed (RFC 8032), a P-256 scalar or another 32-byte secret, and a line feed; mode 0600, made
//! once, never logged. A key in a file that others may read is not a key any more, so such a file is refused.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use placet_kernel::sign::{Algorithm, SignError, Signer};
use placet_schemas::id::{decode_hex, encode_hex};
use zeroize::Zeroizing;

use crate::random::{self, RandomError};

/// Longest key file that is read: the digits and a line feed, or two of it.
const MAX_FILE_BYTES: u64 = 66;
/// What the name of a file ends in while it is written.
const TEMPORARY: &str = "key.new";

/// A key in memory.
pub struct SoftwareSigner(Secret);

// Both wipe themselves when they are dropped (their crates' `zeroize` features).
enum Secret {
    Ed25519(Box<SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
}

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

impl SoftwareSigner {
    /// The key of an RFC 8032 seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Secret::Ed25519(Box::new(SigningKey::from_bytes(seed))))
    }

    /// The P-256 key with this scalar, big-endian; nothing when it is 0, or not below the order of the group.
    #[must_use]
    pub fn from_p256_scalar(scalar: &[u8; 32]) -> Option<Self> {
        let key = p256::ecdsa::SigningKey::from_slice(scalar).ok()?;
        Some(Self(Secret::P256(Box::new(key))))
    }
}

impl Signer for SoftwareSigner {
    fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Secret::Ed25519(_) => Algorithm::Ed25519,
            Secret::P256(_) => Algorithm::P256,
        }
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Secret::P256(key) => key.verifying_key().to_sec1_point(true).as_bytes().to_vec(),
        }
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        match &self.0 {
            Secret::Ed25519(key) => Ok(key.sign(message).to_bytes()),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                Ok(signature.to_bytes().into())
            }
        }
    }
}

impl fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareSigner(…)")
    }
}

/// Reads a key file, or makes it where there is none.
///
/// # Errors
/// See [`KeyFileError`].
pub fn load_or_make(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    // What can be read is there; whatever else keeps it from being read keeps it from being made too.
    if path.exists() {
        return read(path);
    }
    let seed = Zeroizing::new(random::bytes()?);
    write_new(path, &seed)?;
    Ok(seed)
}

/// Reads a key file.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let failed = |error| failed(path, error);
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

/// Writes a key file, which must not be there yet.
///
/// # Errors
/// [`KeyFileError::Io`], also when it is there: a key is never overwritten.
pub fn write_new(path: &Path, key: &[u8; 32]) -> Result<(), KeyFileError> {
    write_whole(path, key).map_err(|error| failed(path, error))
}

/// Makes the file whole or not at all: the key has its name only after its bytes are durable, so that no crash leaves half
/// of it there, and a link never replaces what has the name already.
fn write_whole(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(encode_hex(key))));
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
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
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
    fn a_key_file_is_written_once_read_back_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.key");
        write_new(&path, &[7; 32]).unwrap();
        assert_eq!(*read(&path).unwrap(), [7; 32]);
        assert!(matches!(write_new(&path, &[8; 32]), Err(KeyFileError::Io { .. })));
        assert_eq!(*read(&path).unwrap(), [7; 32]);
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 1, "nothing else is left there");

        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Mode { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "00").unwrap();
        assert!(matches!(read(&path), Err(KeyFileError::Format { .. })));
    }

    #[test]
    fn a_half_written_file_of_a_crash_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.key");
        fs::write(path.with_extension(TEMPORARY), "0").unwrap();
        write_new(&path, &[7; 32]).unwrap();
        assert_eq!(*read(&path).unwrap(), [7; 32]);
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(
            format!("{:?}", SoftwareSigner::from_seed(&[1; 32])),
            "SoftwareSigner(…)"
        );
    }
}
