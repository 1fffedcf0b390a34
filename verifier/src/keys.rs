//! The verifier's two secrets, each a file of mode 0600 with 64 hex digits: the key by which it signs decisions, and the one
//! by which it knows its own rows again.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use placet_kernel::sign::{self, Algorithm, SignError, Signer};
use placet_schemas::id::{Did, DidUrl, decode_hex, encode_hex};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The file of the key that signs decisions, in the verifier's folder.
pub const DECISION_KEY_FILE: &str = "decision.key";
/// The file of the key that authenticates the replica.
pub const REPLICA_KEY_FILE: &str = "replica.key";
/// Longest key file that is read: the digits and a line feed, or two of it.
const MAX_FILE_BYTES: u64 = 66;

/// The key that signs decisions.
pub struct DecisionKey {
    key: SigningKey,
    did: Did,
    method: DidUrl,
}

/// The key that authenticates rows.
pub(crate) struct ReplicaKey(Zeroizing<[u8; 32]>);

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
    /// The key has no did:key.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl DecisionKey {
    /// Reads the key in a folder, or makes it there.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load_or_make(dir: &Path) -> Result<Self, KeyFileError> {
        let seed = load_or_make(&dir.join(DECISION_KEY_FILE))?;
        Self::of(&seed)
    }

    fn of(seed: &[u8; 32]) -> Result<Self, KeyFileError> {
        let key = SigningKey::from_bytes(seed);
        let did = sign::did_key(&Bare(&key))?;
        let method = did.key_method().ok_or(SignError::PublicKey)?;
        Ok(Self { key, did, method })
    }

    /// The did:key: who the verifier is.
    #[must_use]
    pub const fn did(&self) -> &Did {
        &self.did
    }

    /// Its only method.
    #[must_use]
    pub const fn method(&self) -> &DidUrl {
        &self.method
    }
}

impl Signer for DecisionKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn public_key_bytes(&self) -> Vec<u8> {
        self.key.verifying_key().to_bytes().to_vec()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.key.sign(message).to_bytes())
    }
}

impl fmt::Debug for DecisionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecisionKey({})", self.did)
    }
}

struct Bare<'a>(&'a SigningKey);

impl Signer for Bare<'_> {
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

impl ReplicaKey {
    pub(crate) fn load_or_make(dir: &Path) -> Result<Self, KeyFileError> {
        load_or_make(&dir.join(REPLICA_KEY_FILE)).map(Self)
    }

    /// HMAC-SHA-256 over the parts, each with its length before it, under a name of what they are.
    pub(crate) fn mac(&self, what: &'static str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).unwrap_or_else(|_| unreachable!("any length will do"));
        for part in [what.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The did:key of the Ed25519 key with this seed.
pub(crate) fn did_of_seed(seed: &[u8; 32]) -> Result<Did, SignError> {
    sign::did_key(&Bare(&SigningKey::from_bytes(seed)))
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyFileError> {
    let mut bytes = [0; N];
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the verifier draws randomness"
    )]
    getrandom::fill(&mut bytes).map_err(KeyFileError::Random)?;
    Ok(bytes)
}

fn load_or_make(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let failed = |error| KeyFileError::Io {
        path: path.to_owned(),
        error,
    };
    if !path.try_exists().map_err(failed)? {
        let seed = Zeroizing::new(random::<32>()?);
        write_new(path, &seed).map_err(failed)?;
        return Ok(seed);
    }
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
    let seed = decode_hex(text.trim_end()).map(Zeroizing::new);
    seed.ok_or_else(|| KeyFileError::Format { path: path.to_owned() })
}

/// Makes the file whole or not at all: it has its name only after its bytes are durable.
fn write_new(path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(encode_hex(seed))));
    let temporary = path.with_extension("key.new");
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
